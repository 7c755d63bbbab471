//! The pages of `docs/rules`: every code has one, and its examples are what it says.
//!
//! Every section `Wrong` has exactly the fault that the page is about, and every section `Right` has none, as `orderwright
//! check` says. A section is one library. Its blocks are files, whose names stand in the fence after the language:
//! ```` ```blueprint access.blueprint ````; a single one needs no name. A block ```` ```toml systems.toml ```` is the deployment
//! to check against. A line `// … and so on, up to 60` stands for the line above it 59 times more, with 2, 3 and so on to 60 in
//! place of its `1`.

use std::fmt::Write as _;
use std::fs;

use dsl::Code;
use expect_test::expect_file;

use crate::support::{Said, project, run};

const SECTIONS: [&str; 4] = ["Why", "Wrong", "Right", "How to mend it"];

/// What can't be shown: no file that is small enough to be read breaks it.
const WITHOUT_EXAMPLES: [Code; 1] = [Code::TooComplex];

/// A code that stands for others, which come with it.
const ACCOMPANIED: [Code; 1] = [Code::TooManyFaults];

/// The text below each heading of a page.
fn sections(page: &str) -> Vec<(&str, &str)> {
    page.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap()).collect()
}

/// The files of a section, each with its name and text.
fn files(section: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let name = match info.split_once(' ').unwrap_or((info, "")) {
            ("blueprint", "") => "example.blueprint",
            ("blueprint", name) if name.ends_with(".blueprint") => name,
            ("toml", "systems.toml") => "systems.toml",
            _ => panic!("what does the fence `{info}` mean?"),
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        files.push((name.to_owned(), written_out(&block)));
    }
    files
}

fn written_out(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut above = "";
    for line in lines {
        match line.trim_start().strip_prefix("// … and so on, up to ") {
            None => writeln!(text, "{line}").unwrap(),
            Some(last) => {
                for n in 2..=last.parse::<u32>().unwrap() {
                    writeln!(text, "{}", above.replace('1', &n.to_string())).unwrap();
                }
            }
        }
        above = line;
    }
    text
}

fn check(section: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let files = files(section);
    for (name, text) in &files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let folder_name = folder.path().to_str().unwrap();
    let systems = format!("--systems={folder_name}/systems.toml");
    let deployed = files.iter().any(|(name, _)| name == "systems.toml");
    let arguments = ["check", folder_name, "--format=json", &systems];
    run(if deployed { &arguments } else { &arguments[..3] })
}

fn codes(said: &Said) -> Vec<String> {
    let found = said.json()["diagnostics"].as_array().unwrap().clone();
    let mut codes: Vec<_> = found.iter().map(|d| d["code"].as_str().unwrap().to_owned()).collect();
    codes.dedup();
    codes
}

#[test]
fn every_example_is_what_its_page_says() {
    let mut slips = Vec::new();
    for code in Code::ALL.iter().filter(|code| !WITHOUT_EXAMPLES.contains(code)) {
        let mut expect = |section: &str, text: &str, as_it_should: &dyn Fn(&[String]) -> bool| {
            let said = check(text);
            if !as_it_should(&codes(&said)) {
                slips.push(format!("{code}, {section}: {}{}", said.out, said.err));
            }
        };
        for (section, text) in sections(code.page()) {
            let this = code.to_string();
            match section {
                "Wrong" if ACCOMPANIED.contains(code) => {
                    expect(section, text, &|codes| codes.contains(&this))
                }
                "Wrong" => expect(section, text, &|codes| codes == [this.as_str()]),
                "Right" => expect(section, text, &<[String]>::is_empty),
                _ => assert!(files(text).is_empty(), "{code} has an example in `{section}`"),
            }
        }
    }
    assert!(slips.is_empty(), "{}", slips.join("\n"));
}

#[test]
fn every_page_has_the_same_sections() {
    for code in Code::ALL {
        let found: Vec<_> = sections(code.page()).iter().map(|(heading, _)| *heading).collect();
        let examples = !WITHOUT_EXAMPLES.contains(code);
        let expected = SECTIONS.into_iter().filter(|s| examples || !matches!(*s, "Wrong" | "Right"));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{code}");
    }
}

/// That every code has a page, the compiler sees to.
#[test]
fn every_page_is_about_a_code() {
    let pages = fs::read_dir(project().join("docs/rules")).unwrap();
    let mut pages: Vec<_> = pages.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    let codes = Code::ALL.iter().map(|code| format!("{code}.md"));
    assert_eq!(pages, codes.chain(["README.md".to_owned()]).collect::<Vec<_>>());
}

/// `UPDATE_EXPECT=1` writes the index anew.
#[test]
fn the_index_lists_every_page() {
    let mut index = "\
# Rules

Whatever the compiler finds has a code, and every code a page: what it means, why it is a rule, an example that breaks it, one
that does not, and how to mend it. `orderwright explain BP0402` prints the page. Those that begin with `BP09` are warnings, all
others are errors. No code ever changes its meaning.
"
    .to_owned();
    let mut subject = "";
    for code in Code::ALL {
        if code.subject() != subject {
            subject = code.subject();
            let (first, rest) = subject.split_at(1);
            writeln!(index, "\n## {}{rest}\n\n| code | name | |\n|---|---|---|", first.to_uppercase())
                .unwrap();
        }
        writeln!(index, "| [{code}]({code}.md) | `{}` | {} |", code.name(), code.title()).unwrap();
    }
    expect_file![project().join("docs/rules/README.md")].assert_eq(&index);
}

#[test]
fn a_page_is_printed_for_a_terminal() {
    let explained = run(&["explain", "BP0505"]);
    assert_eq!((explained.code, explained.err.as_str()), (0, ""));
    insta::assert_snapshot!(explained.out);
    for written in ["bp505", "not-served"] {
        assert_eq!(run(&["explain", written]).out, explained.out, "{written}");
    }
}

#[test]
fn without_a_code_all_are_listed() {
    let listed = run(&["explain"]).out;
    for code in Code::ALL {
        assert_eq!(listed.matches(&format!("  {code}  {}\n", code.title())).count(), 1, "{code}");
    }
    assert!(listed.starts_with("files\n  BP0001  a file or a library is too large\n"), "{listed}");
}

#[test]
fn a_code_that_there_is_not_is_misuse() {
    let refused = run(&["explain", "unknwon-type"]);
    let told = "error: there is no code `unknwon-type`\n  \
                help: did you mean `BP0201`, there is no such type? `orderwright explain` lists all codes\n";
    assert_eq!((refused.code, refused.err.as_str(), refused.out.as_str()), (2, told, ""));
    assert!(!run(&["explain", "of everything"]).err.contains("did you mean"));
}

#[test]
fn a_check_says_where_its_codes_are_explained() {
    let wrong = sections(Code::UnknownType.page())[1].1;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.blueprint"), &files(wrong)[0].1).unwrap();
    let checked = run(&["check", folder.path().to_str().unwrap()]);
    let end = "1 error\n`orderwright explain BP0201` says what that means and how to mend it\n";
    assert!(checked.out.ends_with(end), "{checked:?}");
}

#[test]
fn faults_are_shown_beside_the_lines_of_a_change() {
    insta::assert_snapshot!(run(&["check", "tests/it/fixtures/ten_errors", "--format", "github"]).whole());
    let sound = run(&["check", "blueprints", "--format", "github"]);
    assert_eq!(sound.whole(), run(&["check", "blueprints"]).whole());
}
