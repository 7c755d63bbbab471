//! Slips that are the same wherever they are made: a sign where none is needed, a name that can't be one, a character
//! that nobody can see.
//!
//! What a form expected in the place of one says less than the slip by itself, so these are looked for first.

use super::Reader;
use super::trouble::Context;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};

impl Reader<'_> {
    /// What is wrong with a token that can't stand anywhere.
    pub(super) fn stray_sign(&self, at: Span, context: Context) -> Option<Diagnostic> {
        let rest = self.text.get(at.start..)?;
        if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| rest.starts_with(mark)) {
            let at = Span { end: at.start + 7, ..at };
            return Some(
                Diagnostic::new(Code::UnexpectedText, at, "this was left behind by a merge")
                    .help("choose between what stands above and below `=======`, and delete all three marks"),
            );
        }
        let sign = self.slice(at);
        let head = matches!(context, Context::BlueprintHead | Context::EachHead | Context::TaskHead);
        if sign == ":" && head {
            let title = "a block begins with `{` alone";
            return Some(Diagnostic::new(Code::OtherLanguage, at, title).help("leave `:` out").fix(""));
        }
        let begins_line = self.text.get(..at.start)?.lines().next_back().is_some_and(|l| l.trim().is_empty());
        if (sign == ";" || sign == ",") && !head && !begins_line {
            return Some(nothing_ends(at, sign));
        }
        let line = self.text.get(..at.start)?.rsplit('\n').next()?.trim_start();
        if sign == "{" && line.starts_with("milestone ") {
            let title = "a milestone has no block: it does nothing";
            return Some(
                Diagnostic::new(Code::UnexpectedText, at, title)
                    .help("write `milestone NAME after TASK status \"what the customer sees\"`"),
            );
        }
        self.no_name(at).or_else(|| self.unseen(at))
    }

    /// What is wrong at a token where something of `expected` should stand, `first` being the first word of the form.
    pub(super) fn slip(&self, first: Span, at: Span, expected: &[&str]) -> Option<Diagnostic> {
        let sign = self.slice(at);
        if sign == ";" {
            return Some(nothing_ends(at, sign));
        }
        let between = self.text.get(first.end..at.start)?;
        let on_line = self.text.get(at.end..)?.lines().next()?;
        if (sign == ":" || sign == "=") && between.trim().is_empty() && !on_line.trim().is_empty() {
            let title = format!("no `{sign}` stands after `{}`", self.slice(first));
            return Some(Diagnostic::new(Code::OtherLanguage, at, title).help("leave it out").fix(""));
        }
        let name = expected.contains(&"a name");
        let value = expected.contains(&"a value");
        let before = self.text.get(..at.start)?.chars().next_back();
        let is_text = sign.len() > 1 && sign.starts_with('"') && sign.ends_with('"');
        if is_text && name && !value {
            let ours = as_name(sign);
            let title = "a name stands without quotes";
            return Some(
                Diagnostic::new(Code::OtherLanguage, at, title).help(format!("write `{ours}`")).fix(ours),
            );
        }
        if is_text && let Some(prefix) = before.filter(char::is_ascii_alphanumeric) {
            let title = format!("nothing stands before the quotes of a text, found `{prefix}`");
            return Some(
                Diagnostic::new(Code::OtherLanguage, at, title)
                    .help("leave it out: `{…}` puts a value into any text"),
            );
        }
        if sign == "." && value && on_line.starts_with(|c: char| c.is_ascii_digit()) {
            let digits: String = on_line.chars().take_while(char::is_ascii_digit).collect();
            let title = "a number begins with a digit";
            let at = Span { end: at.end + digits.len(), ..at };
            let ours = format!("0.{digits}");
            return Some(
                Diagnostic::new(Code::InvalidLiteral, at, title).help(format!("write `{ours}`")).fix(ours),
            );
        }
        let starts_with_digit = sign.starts_with(|c: char| c.is_ascii_digit());
        if starts_with_digit
            && name
            && !value
            && sign.contains(|c: char| c.is_ascii_alphabetic())
            && sign.contains('_')
        {
            let title = format!("`{sign}` can't be a name");
            return Some(
                Diagnostic::new(Code::InvalidName, at, title).help("a name begins with a letter or `_`"),
            );
        }
        self.no_name(at).or_else(|| self.unseen(at)).or_else(|| self.open_value(at, expected))
    }

    /// The next `name:` where a comma is missing before it.
    pub(super) fn no_comma(&self, at: Span, expected: &[&str]) -> Option<Diagnostic> {
        let next = self.token_at(at.end);
        let goes_on = expected.contains(&"`,`") && self.slice(next) == ":";
        if !goes_on || !self.slice(at).starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let end = self.end_before(at.start)?;
        let last = self.text.get(..end)?.char_indices().next_back()?;
        let before = Span { file: at.file, start: last.0, end };
        let title = format!("expected `,` before `{}`", self.slice(at));
        Some(
            Diagnostic::new(Code::UnexpectedText, before, title)
                .here("a comma is missing behind this")
                .help("commas stand between values, at the ends of lines too")
                .fix(format!("{},", last.1)),
        )
    }

    /// Where the last token before a place ends, comments left out.
    fn end_before(&self, place: usize) -> Option<usize> {
        let mut before = self.text.get(..place)?.trim_end();
        while let Some(comment) = comment_of(before.rsplit('\n').next()?) {
            let line = before.rfind('\n').map_or(0, |newline| newline + 1);
            before = before.get(..line + comment)?.trim_end();
        }
        Some(before.len())
    }

    /// What begins with a word of ours and goes on as nothing does, though it is clear what is meant.
    pub(super) fn put_otherwise(&self, first: Span, context: Context) -> Option<Diagnostic> {
        let next = self.token_at(first.end);
        let after = self.token_at(next.end);
        let both = Span { end: next.end, ..first };
        match (context, self.slice(first), self.slice(next)) {
            (Context::Task, "wait", "until") => {
                let title = "a `wait` is for a signal; time passes by `sleep`";
                Some(
                    Diagnostic::new(Code::OtherLanguage, both, title)
                        .help("write `sleep until TIME`")
                        .fix("sleep until"),
                )
            }
            (Context::Task, "no", found @ ("cancel" | "cancellation" | "cancelling" | "rollback")) => {
                let title = format!("expected `undo` or `retry`, found `{found}`");
                Some(Diagnostic::new(Code::UnexpectedText, next, title).help(
                    "write `point of no return`: once the task has begun, the order is neither cancelled nor rolled back",
                ))
            }
            (Context::Test, system, ".") => {
                let does = self.token_at(after.end);
                let found = self.slice(does);
                let called = format!("{system}.{}", self.slice(after));
                ["does", "doesn", "never", "hangs", "not"].contains(&found).then(|| {
                    let title = format!(
                        "expected `returns`, `fails`, `refuses`, `times out` or `takes`, found `{found}`"
                    );
                    Diagnostic::new(Code::UnexpectedText, does, title)
                        .help(format!("that no answer comes is written `{called} times out`"))
                })
            }
            _ => None,
        }
    }

    /// A name that goes on with something that no name has.
    fn no_name(&self, at: Span) -> Option<Diagnostic> {
        let found = self.slice(at).chars().next()?;
        let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let before = self.text.get(..at.start)?;
        let start = before.len()
            - before.chars().rev().take_while(|c| in_name(*c)).map(char::len_utf8).sum::<usize>();
        let rest = self.text.get(start..)?;
        let whole = rest.split(|c: char| !in_name(c)).next()?;
        let joins = found == '-' && start < at.start && !whole.ends_with('-');
        let foreign_letter = found.is_alphanumeric() && !found.is_ascii();
        if !joins && !foreign_letter || !whole.starts_with(|c: char| c.is_alphabetic()) {
            return None;
        }
        let at = Span { file: at.file, start, end: start + whole.len() };
        let diagnostic = Diagnostic::new(Code::InvalidName, at, format!("`{whole}` can't be a name"));
        let ours = whole.replace('-', "_");
        Some(if ours.is_ascii() {
            diagnostic.help(format!("write `{ours}`")).fix(ours)
        } else {
            diagnostic.help("a name has letters from `a` to `z`, digits and `_`")
        })
    }

    /// A character that nobody can see.
    fn unseen(&self, at: Span) -> Option<Diagnostic> {
        let found = self.slice(at).chars().next()?;
        is_unseen(found).then(|| {
            let title = format!("an invisible character stands here (U+{:04X})", u32::from(found));
            Diagnostic::new(Code::UnexpectedText, at, title).help("delete it, or write a space").fix(" ")
        })
    }

    /// A value in a text that does not end, or has two pairs of braces.
    fn open_value(&self, at: Span, expected: &[&str]) -> Option<Diagnostic> {
        let open = self.open_brace_in_text(at.start)?;
        if self.text.get(open.start..)?.starts_with("{{") {
            let at = Span { end: open.start + 2, ..open };
            let title = "a value stands in one pair of braces";
            return Some(
                Diagnostic::new(Code::OtherLanguage, at, title)
                    .help("write `{…}` for it, and `\\{` for a brace in a text"),
            );
        }
        if self.slice(at).starts_with('"') && expected.contains(&"`}`") {
            let title = "the value in this text is not closed";
            return Some(
                Diagnostic::new(Code::UnexpectedText, open, title)
                    .help("end it with `}`; a brace that is part of the text is `\\{`"),
            );
        }
        None
    }

    /// The brace that opened the value in a text that a place is in, if it is in one.
    fn open_brace_in_text(&self, place: usize) -> Option<Span> {
        let before = self.text.get(..place)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let mut open: Vec<usize> = Vec::new();
        let mut in_text = false;
        let mut chars = before.get(line_start..)?.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' if in_text => drop(chars.next()),
                '"' => in_text = !in_text,
                '{' if in_text || !open.is_empty() => {
                    open.push(line_start + at);
                    in_text = false;
                }
                '}' if !in_text && open.pop().is_some() => in_text = open.is_empty(),
                _ => {}
            }
        }
        let first = *open.first()?;
        (!in_text).then_some(Span { file: self.file, start: first, end: first + 1 })
    }
}

/// `;` and `,` where things follow each other without.
fn nothing_ends(at: Span, sign: &str) -> Diagnostic {
    Diagnostic::new(Code::OtherLanguage, at, format!("nothing is ended by `{sign}` in a blueprint"))
        .help("leave it out")
        .fix("")
}

/// Where a comment begins on a line, if there is one.
fn comment_of(line: &str) -> Option<usize> {
    let mut in_text = false;
    let mut chars = line.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' if in_text => drop(chars.next()),
            '"' => in_text = !in_text,
            '/' if !in_text && line.get(at + 1..)?.starts_with('/') => return Some(at),
            _ => {}
        }
    }
    None
}

/// A name made of a text.
fn as_name(text: &str) -> String {
    let text = text.trim_matches('"').trim();
    let name: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("a_{name}") }
}

/// Characters that take space or none, and are no white space of the language.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{A0}' | '\u{AD}' | '\u{1680}' | '\u{2000}'..='\u{200F}' | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{2064}' | '\u{3000}'
    )
}
