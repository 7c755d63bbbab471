//! The words and signs of a text, without any idea of what they mean together.
//!
//! What is being typed can seldom be parsed. This is enough to tell in what kind of place it is.

/// A word or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind,
    pub(super) text: &'t str,
    pub(super) start: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// A number, or a length of time.
    Number,
    /// A text, up to its end or to the first value in it.
    Text,
    /// A bracket that opens, or the `{` of a value in a text.
    Open,
    /// A bracket that closes.
    Close,
    Sign,
}

/// The words and signs up to a place.
pub(super) struct Tokens<'t> {
    pub(super) tokens: Vec<Token<'t>>,
    /// The place is in a comment, or in a text and not in a value in it: nothing is completed there.
    pub(super) in_prose: bool,
}

/// Signs of more than one character, the longest first.
const SIGNS: [&str; 9] = ["==", "!=", "<=", ">=", "??", "?.", "->", "&&", "||"];

/// Reads the words and signs of a text that ends where something is asked about.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    let mut reader = Reader { text, at: 0, tokens: Vec::new(), open: Vec::new(), in_prose: false };
    while reader.at < text.len() {
        reader.next();
    }
    Tokens { tokens: reader.tokens, in_prose: reader.in_prose }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token<'t>>,
    /// For each bracket that is open: whether a text goes on behind it.
    open: Vec<bool>,
    in_prose: bool,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes as many bytes as one token.
    fn take(&mut self, bytes: usize, kind: TokenKind) {
        let text = self.rest().get(..bytes).unwrap_or_default();
        self.tokens.push(Token { kind, text, start: self.at });
        self.at += bytes;
    }

    fn next(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if first.is_whitespace() || first == '\u{FEFF}' {
            self.at += first.len_utf8();
        } else if rest.starts_with("//") {
            let end = rest.find('\n');
            self.in_prose = end.is_none();
            self.at += end.unwrap_or(rest.len());
        } else if first == '"' {
            self.prose(1);
        } else if first.is_ascii_digit() {
            // `0.21` is one number.
            let fraction = rest.get(word..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
            let digits = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            self.take(if digits > 0 { word + 1 + digits } else { word }, TokenKind::Number);
        } else if word > 0 {
            self.take(word, TokenKind::Word);
        } else if "([{".contains(first) {
            self.open.push(false);
            self.take(1, TokenKind::Open);
        } else if ")]}".contains(first) {
            let in_text = self.open.pop().unwrap_or(false);
            self.take(1, TokenKind::Close);
            if in_text {
                self.prose(0);
            }
        } else {
            let long = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            self.take(long.map_or(first.len_utf8(), |sign| sign.len()), TokenKind::Sign);
        }
    }

    /// The rest of a text, from some bytes on: up to its end, the end of its line, or a value in it.
    fn prose(&mut self, from: usize) {
        let rest = self.rest();
        let mut chars = rest.char_indices().skip_while(|(at, _)| *at < from);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                }
                '"' | '\n' => return self.take(at + usize::from(c == '"'), TokenKind::Text),
                '{' => {
                    self.take(at, TokenKind::Text);
                    self.open.push(true);
                    return self.take(1, TokenKind::Open);
                }
                _ => {}
            }
        }
        self.in_prose = true;
        self.take(rest.len(), TokenKind::Text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let read = tokens(text);
        let words: Vec<_> = read.tokens.iter().map(|token| token.text).collect();
        format!("{}{}", words.join("|"), if read.in_prose { "…" } else { "" })
    }

    #[test]
    fn words_signs_and_values_in_texts_are_told_apart() {
        assert_eq!(words("a.b?.c ?? 0.21 == 1h30m"), "a|.|b|?.|c|??|0.21|==|1h30m");
        assert_eq!(words(r#"f("x {a.b} y", 1)"#), r#"f|(|"x |{|a|.|b|}| y"|,|1|)"#);
        assert_eq!(words(r#""a \" \{ b" c"#), r#""a \" \{ b"|c"#);
        assert_eq!(words("a // b {\nc"), "a|c");
    }

    #[test]
    fn an_open_text_or_comment_is_prose_and_a_value_in_it_is_not() {
        assert_eq!(words("a \"b"), "a|\"b…");
        assert_eq!(words("a // b"), "a…");
        assert_eq!(words("\"b {c"), "\"b |{|c");
        assert_eq!(words("\"b\nc"), "\"b|c");
        assert_eq!(words("\"é { \"ü"), "\"é |{|\"ü…");
    }
}
