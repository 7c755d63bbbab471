//! The corpus of wrong blueprints, `tests/corpus`: what is said of each mistake, for people to read and review.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use dsl::{Code, Compiled, Library, Severity, render_terminal};
use expect_test::{expect, expect_file};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");

/// What no file of a corpus can show: it takes a file that is too large, or a deployment, or somebody who publishes, or a file that is
/// not there.
const ELSEWHERE: [Code; 5] =
    [Code::FileTooLarge, Code::TooComplex, Code::TooManyFaults, Code::NotServed, Code::UnreadableOrder];

/// Fewest sections of all pages.
const SECTIONS: usize = 150;

fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(HERE).unwrap().map(|entry| entry.unwrap().path());
    let is_page =
        |path: &PathBuf| path.extension().is_some_and(|e| e == "md") && !path.ends_with("README.md");
    let mut pages: Vec<_> = entries.filter(is_page).collect();
    pages.sort();
    pages
}

/// A page, with what is said of each section.
struct Page {
    text: String,
    sections: usize,
    codes: BTreeSet<Code>,
    /// Titles of sections of which nothing is said.
    silent: Vec<String>,
}

/// The page with what the compiler says now in the place of what it said.
fn said_anew(page: &str) -> Page {
    let mut parts = page.split("\n## ");
    let mut made = Page {
        text: parts.next().unwrap().to_owned(),
        sections: 0,
        codes: BTreeSet::new(),
        silent: Vec::new(),
    };
    for section in parts {
        let written = section.split("\n```text\n").next().unwrap().trim_end();
        let (title, _) = written.split_once('\n').expect("a section has a block");
        let compiled = compile(written);
        let told: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|d| !compiled.sources.file(d.span().file).unwrap().name.starts_with("setting/"))
            .cloned()
            .collect();
        if told.is_empty() {
            made.silent.push(title.to_owned());
        }
        made.codes.extend(told.iter().map(|d| d.code));
        made.sections += 1;
        let shown = render_terminal(&told, &compiled.sources, false);
        made.text.push_str(&format!("\n## {written}\n\n```text\n{shown}```\n"));
    }
    made
}

fn compile(section: &str) -> Compiled {
    let setting = |name: &str| fs::read_to_string(format!("{HERE}/setting/{name}")).unwrap();
    let systems = || ("setting/systems.blueprint".to_owned(), setting("systems.blueprint"));
    let mut sources = Vec::new();
    for block in section.split("\n```blueprint").skip(1) {
        let (info, rest) = block.split_once('\n').unwrap();
        let text = rest.split_inclusive('\n').take_while(|line| line.trim_end() != "```").collect::<String>();
        match info.trim() {
            "tasks" => {
                let text = format!("{}{text}}}\n", setting("head.blueprint"));
                sources.extend([("test.blueprint".to_owned(), text), systems()]);
            }
            "with systems" => sources.extend([("test.blueprint".to_owned(), text), systems()]),
            "" => sources.push(("test.blueprint".to_owned(), text)),
            name => sources.push((name.to_owned(), text)),
        }
    }
    Library::compile(&sources)
}

#[test]
fn every_mistake_is_told_as_reviewed() {
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        expect_file![path].assert_eq(&said_anew(&page).text);
    }
}

#[test]
fn every_rule_is_broken_somewhere() {
    let pages: Vec<Page> = pages().iter().map(|path| said_anew(&fs::read_to_string(path).unwrap())).collect();
    let silent: Vec<&String> = pages.iter().flat_map(|page| &page.silent).collect();
    assert!(silent.is_empty(), "nothing is said of {silent:#?}");
    let broken: BTreeSet<Code> = pages.iter().flat_map(|page| page.codes.iter().copied()).collect();
    let missing: Vec<_> =
        Code::ALL.iter().filter(|code| !broken.contains(code) && !ELSEWHERE.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?} are not shown");
    let sections: usize = pages.iter().map(|page| page.sections).sum();
    assert!(sections >= SECTIONS, "there are {sections}");
}

/// How many texts have how many diagnostics, a line for each number.
fn counted(texts: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for text in texts {
        let compiled = super::compile(&text);
        let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
        // Whatever can be read and means something is a library.
        assert!(errors > 0 || compiled.library.is_some(), "{text}");
        for label in compiled.diagnostics.iter().flat_map(|d| &d.labels) {
            assert!(text.get(label.span.start..label.span.end).is_some(), "{label:?} of {text}");
        }
        *counts.entry(errors).or_default() += 1;
    }
    counts.iter().map(|(errors, texts)| format!("{errors} errors: {texts}\n")).collect()
}

/// A whole library in one file, without anything wrong.
fn whole() -> String {
    fs::read_to_string(format!("{HERE}/setting/whole.blueprint")).unwrap()
}

/// The tokens of a text, roughly, as their places.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let mut in_text = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let joins = in_text || is_word(c) && text[..at].ends_with(is_word);
        match tokens.last_mut() {
            Some(last) if joins && last.end == at => last.end = end,
            _ if c.is_whitespace() && !in_text => {}
            _ => tokens.push(at..end),
        }
        in_text ^= c == '"';
    }
    tokens
}

/// Nobody who has typed half a file wants to read twenty faults.
#[test]
fn a_file_that_breaks_off_has_few_faults_wherever_it_does() {
    let text = whole();
    let cuts = text.char_indices().map(|(at, _)| text[..at].to_owned());
    expect![[r#"
        0 errors: 44
        1 errors: 936
        2 errors: 3615
        3 errors: 56
    "#]]
    .assert_eq(&counted(cuts));
}

#[test]
fn a_token_too_few_is_few_faults() {
    let text = whole();
    let without =
        tokens(&text).into_iter().map(|token| format!("{}{}", &text[..token.start], &text[token.end..]));
    expect![[r#"
        0 errors: 25
        1 errors: 669
        2 errors: 111
        3 errors: 46
        4 errors: 28
        5 errors: 3
        6 errors: 4
        7 errors: 2
        8 errors: 1
    "#]]
    .assert_eq(&counted(without));
}

#[test]
fn a_token_twice_is_few_faults() {
    let text = whole();
    let doubled = tokens(&text)
        .into_iter()
        .map(|token| format!("{} {}{}", &text[..token.end], &text[token.clone()], &text[token.end..]));
    expect![[r#"
        0 errors: 1
        1 errors: 752
        2 errors: 97
        3 errors: 28
        4 errors: 6
        5 errors: 4
        7 errors: 1
    "#]]
    .assert_eq(&counted(doubled));
}

#[test]
fn tokens_in_the_wrong_order_are_few_faults() {
    let text = whole();
    let tokens = tokens(&text);
    let swapped = tokens.windows(2).map(|pair| {
        let (a, b) = (&pair[0], &pair[1]);
        let (first, second) = (&text[a.clone()], &text[b.clone()]);
        format!("{}{second}{} {first}{}", &text[..a.start], &text[a.end..b.start], &text[b.end..])
    });
    expect![[r#"
        0 errors: 4
        1 errors: 590
        2 errors: 197
        3 errors: 61
        4 errors: 24
        5 errors: 7
        6 errors: 2
        7 errors: 2
        8 errors: 1
    "#]]
    .assert_eq(&counted(swapped));
}
