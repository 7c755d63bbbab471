//! How wide a text is, and how it is cut to fit.
//!
//! Fonts differ, so widths are estimates that err on the side of too wide: names and code are set in a fixed-width font, whose
//! characters are at most 0.62 of their size wide (Menlo, Consolas, DejaVu Sans Mono and Courier are between 0.55 and 0.61),
//! those of East Asian scripts and pictures twice that.

use std::fmt::Write as _;

/// A size of letters, in pixels.
pub(super) type Size = i32;

/// The width of a text in pixels, at the most.
pub(super) fn width(text: &str, size: Size) -> i32 {
    let units: i32 = text.chars().map(units).sum();
    // 0.62 of the size for each unit, rounded up.
    (units * size * 62 + 99) / 100
}

/// How many columns of a fixed-width font a character takes.
const fn units(c: char) -> i32 {
    // Hangul, CJK, full-width forms and pictures. Narrow characters beyond U+1100 that are taken for wide ones only leave room.
    if (c as u32) < 0x1100 || matches!(c, '\u{2000}'..='\u{2bff}') { 1 } else { 2 }
}

/// A text of at most so many columns; what is cut is marked.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let columns = i32::try_from(columns).unwrap_or(i32::MAX);
    if text.chars().map(units).sum::<i32>() <= columns {
        return text.to_owned();
    }
    let (mut kept, mut left) = (String::new(), columns - 1);
    for c in text.chars() {
        left -= units(c);
        if left < 0 {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// A text in lines of at most so many columns, broken between words; what is more than so many lines is cut, and marked.
pub(super) fn wrapped(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match wrapped.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => wrapped.push(word.to_owned()),
        }
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            last.push_str(" …");
        }
    }
    wrapped.into_iter().map(|line| cut(&line, columns)).collect()
}

/// A text as XML has it, without the characters that XML can't have.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => {
                // Writing to a text can't fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_marked_and_fits() {
        assert_eq!(cut("reserve_port", 12), "reserve_port");
        assert_eq!(cut("reserve_port", 8), "reserve…");
        assert_eq!(cut("電話番号", 8), "電話番号");
        assert_eq!(cut("電話番号", 7), "電話番…");
        assert!(width(&cut("電話番号電話番号", 9), 10) <= width("123456789", 10));
    }

    #[test]
    fn lines_break_between_words_and_end_with_what_is_left_out() {
        assert_eq!(
            wrapped("when not item.own_cpe and item.speed > 500", 20, 3),
            ["when not", "item.own_cpe and", "item.speed > 500"]
        );
        assert_eq!(wrapped("a b c d e f", 3, 2), ["a b", "c…"]);
        assert_eq!(wrapped("", 10, 2), Vec::<String>::new());
        assert_eq!(wrapped("unbreakable_word", 8, 1), ["unbreak…"]);
    }

    #[test]
    fn nothing_that_is_written_ends_the_markup() {
        assert_eq!(
            escaped("</text><script>\"'&\u{0}"),
            "&#60;/text&#62;&#60;script&#62;&#34;&#39;&#38;\u{fffd}"
        );
    }
}
