//! What editors are set up with (`editors/`): it knows the words of the language, and can be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dsl::index::{WORDS, WordPlace};
use serde_json::Value;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn json(path: &str) -> Value {
    let text = fs::read_to_string(project(path)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|wrong| panic!("{path}: {wrong}"))
}

/// The words of a text.
fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words that the grammar's rules for keywords and reactions name.
fn keywords() -> BTreeSet<String> {
    let grammar = fs::read_to_string(project("dsl/src/grammar.pest")).unwrap();
    let rules = grammar.lines().filter(|line| line.starts_with("kw_") || line.starts_with("reaction_word"));
    let quoted = rules.flat_map(|rule| rule.split('"').skip(1).step_by(2));
    let keywords: BTreeSet<String> = quoted.flat_map(words).collect();
    assert!(
        keywords.len() > 60 && keywords.contains("milestone") && keywords.contains("rollback"),
        "{keywords:?}"
    );
    keywords
}

/// The words in the patterns of a TextMate grammar, without what they match around them.
fn highlighted(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| highlighted(value, found)),
        Value::Object(entries) => {
            for (name, value) in entries {
                match value {
                    Value::String(pattern) if ["match", "begin", "end"].contains(&name.as_str()) => {
                        found.extend(words(
                            &pattern.replace("\\b", " ").replace("\\s", " ").replace("\\w", " "),
                        ));
                    }
                    _ => highlighted(value, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_keyword_of_the_grammar_is_highlighted() {
    let mut found = BTreeSet::new();
    highlighted(&json("editors/vscode/syntaxes/blueprint.tmLanguage.json"), &mut found);
    let missing: Vec<_> = keywords().difference(&found).cloned().collect();
    assert_eq!(missing, [] as [&str; 0], "not in blueprint.tmLanguage.json");
    let known = WORDS.iter().filter(|word| matches!(word.place, WordPlace::Type | WordPlace::Function));
    for word in known.flat_map(|word| word.word.split(' ')) {
        assert!(found.contains(word), "`{word}` is not in blueprint.tmLanguage.json");
    }
}

#[test]
fn the_files_that_the_extension_names_are_there_and_can_be_read() {
    let package = json("editors/vscode/package.json");
    let contributes = &package["contributes"];
    let mut files = vec![package["main"].clone(), contributes["languages"][0]["configuration"].clone()];
    files.extend(contributes["grammars"].as_array().unwrap().iter().map(|grammar| grammar["path"].clone()));
    assert_eq!(files.len(), 4);
    for file in files {
        let path = format!("editors/vscode/{}", file.as_str().unwrap().trim_start_matches("./"));
        assert!(project(&path).is_file(), "{path}");
        if path.ends_with(".json") {
            json(&path);
        }
    }
    let grammar = json("editors/vscode/syntaxes/blueprint.tmLanguage.json");
    assert_eq!(grammar["scopeName"], contributes["grammars"][0]["scopeName"]);
    for name in ["README.md", "LICENSE"] {
        assert!(project("editors/vscode").join(name).is_file(), "{name}");
    }
}

#[test]
fn what_the_grammar_includes_exists() {
    fn includes(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| includes(value, found)),
            Value::Object(entries) => {
                found.extend(entries.get("include").and_then(Value::as_str).map(str::to_owned));
                entries.values().for_each(|value| includes(value, found));
            }
            _ => {}
        }
    }
    let grammar = json("editors/vscode/syntaxes/blueprint.tmLanguage.json");
    let mut found = BTreeSet::new();
    includes(&grammar, &mut found);
    assert!(found.len() > 8, "{found:?}");
    for include in found {
        let name = include.strip_prefix('#').unwrap_or_else(|| panic!("`{include}` is of another grammar"));
        assert!(grammar["repository"].get(name).is_some(), "there is no `{include}`");
    }
}
