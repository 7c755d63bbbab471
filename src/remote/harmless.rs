//! Takes out of texts what would steer the terminal that shows them: anybody who sends an order or a note writes them.

use serde_json::Value;

/// What stands for a character that is not shown.
const INSTEAD: &str = "\u{FFFD}";

/// A document, with no text in it that moves the cursor, colours what follows, or turns its direction.
pub(super) fn harmless(document: Value) -> Value {
    match document {
        Value::String(text) => Value::String(text.replace(steers, INSTEAD)),
        Value::Array(elements) => elements.into_iter().map(harmless).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name.replace(steers, INSTEAD), harmless(value))).collect()
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// Control characters but for line breaks and tabs, and those that set the direction of writing (Unicode TR 9).
fn steers(character: char) -> bool {
    let sets_direction = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    sets_direction || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_does_not_colour_what_follows_it() {
        let sent = json!({"note": "a\u{1b}[31mred\u{202E}txt\r\n\tb", "x\u{7}": [1, null, "\u{9b}2J"]});
        let shown =
            json!({"note": "a\u{FFFD}[31mred\u{FFFD}txt\u{FFFD}\n\tb", "x\u{FFFD}": [1, null, "\u{FFFD}2J"]});
        assert_eq!(harmless(sent), shown);
        let names = json!({"name": "Zoë 王 עברית", "n": 18446744073709551616_u128});
        assert_eq!(harmless(names.clone()), names);
    }
}
