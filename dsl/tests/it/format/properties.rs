//! Whatever the white space and the comments: the same is said, every comment is there, and once is enough.

use proptest::prelude::*;
use proptest::sample::Index;

use super::formatted;
use crate::{compile, example_sources};

/// What stands between two tokens, where a space would do.
fn trivia() -> impl Strategy<Value = String> {
    let one = prop::sample::select(vec![
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\n\n\n\n",
        "\u{FEFF} ",
        " // said\n",
        "\n// said\n",
        "\n\n  // said, and more  \n",
        "\n/// told\n",
        "\n/// told\n\n",
        " /// told\n",
        "//\n",
        "\n//\r\n",
        "\n// {\n",
        " // \"\n",
    ]);
    prop::collection::vec(one, 1..3).prop_map(|pieces| pieces.concat())
}

/// The examples, and what the tests of layouts are about.
fn corpus() -> Vec<String> {
    let layouts = ["comments", "long_lines", "one_line", "tests", "values", "white_space"];
    let read = |name: &str| std::fs::read_to_string(format!("{}/{name}.before", super::HERE)).unwrap();
    example_sources().into_iter().map(|(_, text)| text).chain(layouts.into_iter().map(read)).collect()
}

/// The tokens of a text, comments among them, and the space after each.
fn tokens(text: &str) -> Vec<(&str, &str)> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            text_length(rest)
        } else if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if ["->", "==", "!=", "<=", ">=", "??", "?."].iter().any(|sign| rest.starts_with(sign)) {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        // A number may have a point.
        let (token, after) = match after.strip_prefix('.') {
            Some(digits) if first.is_ascii_digit() => {
                let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
                rest.split_at(token.len() + 1 + end)
            }
            _ => (token, after),
        };
        rest = after.trim_start();
        tokens.push((token.trim_end(), after.split_at(after.len() - rest.len()).0));
    }
    tokens
}

/// The bytes of the text that begins here, with the values in it and the texts in those.
fn text_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut in_text = false;
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' if in_text && depth == 0 => return at + 1,
            '"' => in_text = !in_text,
            '{' => (depth, in_text) = (depth + 1, false),
            '}' if depth > 0 => (depth, in_text) = (depth - 1, depth == 1),
            _ => {}
        }
    }
    rest.len()
}

fn comments(text: &str) -> Vec<&str> {
    tokens(text).into_iter().map(|(token, _)| token).filter(|token| token.starts_with("//")).collect()
}

/// The text with other things between some tokens.
fn disturbed(text: &str, changes: &[(Index, String)]) -> String {
    let tokens = tokens(text);
    let mut between: Vec<&str> = tokens.iter().map(|(_, space)| *space).collect();
    for (place, trivia) in changes {
        let place = place.index(tokens.len());
        if !tokens[place].0.starts_with("//") {
            between[place] = trivia;
        }
    }
    tokens.iter().zip(between).flat_map(|((token, _), after)| [*token, after]).collect()
}

/// What a library is, as far as anybody can tell.
fn meaning(text: &str) -> (Vec<String>, Vec<dsl::SystemDeclaration>, Vec<String>) {
    let compiled = compile(text);
    let faults = compiled.diagnostics.iter().map(|d| format!("{} {}", d.code, d.title)).collect();
    let Some(library) = compiled.library else { return (faults, Vec::new(), Vec::new()) };
    let blueprint = |b: &dsl::Blueprint| format!("{} {} {}", b.reference(), b.hash(), b.docs());
    (faults, library.systems().to_vec(), library.blueprints().iter().map(blueprint).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn only_the_layout_changes(
        which in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), trivia()), 0..40),
    ) {
        let corpus = corpus();
        let text = disturbed(&corpus[which.index(corpus.len())], &changes);
        let formatted = formatted(&text);
        prop_assert_eq!(comments(&formatted), comments(&text));
        prop_assert_eq!(meaning(&formatted), meaning(&text));
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    /// All of it at once, with the systems that are called: so that it means something.
    #[test]
    fn a_library_means_the_same(changes in prop::collection::vec((any::<Index>(), trivia()), 0..200)) {
        let library: String = example_sources().into_iter().map(|(_, text)| text).collect();
        let text = disturbed(&library, &changes);
        let (faults, systems, blueprints) = meaning(&text);
        prop_assert_eq!((faults, systems.len(), blueprints.len()), (vec![], 16, 13));
        prop_assert_eq!(meaning(&formatted(&text)), meaning(&text));
    }
}

/// Everything on one line, as far as comments allow, and every token on a line of its own.
#[test]
fn it_does_not_matter_where_lines_end() {
    for text in corpus() {
        for between in [" ", "\n"] {
            let line = |(token, _): (&str, _)| {
                [token, if token.starts_with("//") { "\n" } else { between }].concat()
            };
            let text: String = tokens(&text).into_iter().map(line).collect();
            let formatted = formatted(&text);
            assert_eq!(comments(&formatted), comments(&text));
            assert_eq!(meaning(&formatted), meaning(&text));
        }
    }
}
