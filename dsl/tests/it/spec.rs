//! Runs the specification: every block of every page under `dsl/spec` is compiled, and has exactly the faults
//! that its `//~` markers say, on their lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dsl::Library;

/// A fenced block of a page.
struct Block {
    /// The line of the page that its first line is on.
    line: usize,
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (n, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                open = Some(Block { line: n + 2, info: info.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => writeln!(block.text, "{line}").unwrap(),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn marked(text: &str) -> BTreeMap<usize, Vec<String>> {
    let mut marked: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        if let Some((_, codes)) = line.split_once("//~") {
            marked.insert(n + 1, codes.split_whitespace().map(str::to_owned).collect());
        }
    }
    marked
}

/// What blocks of `tasks` and of `test` stand in, as `spec/README.md` shows it: the systems and the head of a blueprint, and a
/// library with the head of a test.
struct Setup {
    systems: String,
    head: String,
    story: String,
}

fn check(page: &str, block: &Block, setup: &Setup) -> Result<(), String> {
    let (before, text) = match block.info.as_str() {
        "blueprint" => (0, block.text.clone()),
        "blueprint test" => (setup.story.lines().count(), format!("{}{}}}\n", setup.story, block.text)),
        "blueprint tasks" => (setup.head.lines().count(), format!("{}{}}}\n", setup.head, block.text)),
        _ => return Ok(()),
    };
    let mut sources = vec![("page".to_owned(), text)];
    if block.info == "blueprint tasks" {
        sources.push(("setup".to_owned(), setup.systems.clone()));
    }
    let compiled = Library::compile(&sources);
    let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for diagnostic in &compiled.diagnostics {
        let span = diagnostic.span();
        let file = compiled.sources.file(span.file).unwrap();
        // What a block does not use of the setup is not its fault.
        if file.name == "page" {
            let line = compiled.sources.line(span) as usize;
            found.entry(line.saturating_sub(before)).or_default().push(diagnostic.code.to_string());
        }
    }
    let mut expected = marked(&block.text);
    found.values_mut().chain(expected.values_mut()).for_each(|codes| codes.sort());
    if found == expected {
        return Ok(());
    }
    let rendered = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    Err(format!("{page}:{}: expected {expected:?}, found {found:?}\n{rendered}", block.line))
}

#[test]
fn the_pages_say_what_the_compiler_does() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/spec"));
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let readme = blocks(&read("README.md"));
    let of = |info: &str| readme.iter().find(|block| block.info == info).unwrap().text.clone();
    let setup =
        Setup { systems: of("blueprint setup"), head: of("blueprint head"), story: of("blueprint story") };

    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    pages.sort();
    let mut wrong = Vec::new();
    let mut codes = std::collections::BTreeSet::new();
    for page in &pages {
        for block in blocks(&read(page)) {
            codes.extend(marked(&block.text).into_values().flatten());
            wrong.extend(check(page, &block, &setup).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Limits are tested where input can be made by a program, and deployments and files of orders where there are any.
    let elsewhere = ["BP0001", "BP0002", "BP0003", "BP0004", "BP0505", "BP0602"];
    let unshown: Vec<_> = dsl::Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !codes.contains(*code) && !elsewhere.contains(code))
        .collect();
    assert!(unshown.is_empty(), "no page shows {unshown:?}");
}

/// Every example of the reference is sound and formatted. It can use what the first one declares, and the setup of the
/// reference in `spec/README.md`, which also has the head that `blueprint members` and `blueprint tasks` stand in.
#[test]
fn the_examples_of_the_reference_are_sound() {
    let read =
        |path: &str| std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let readme = blocks(&read("spec/README.md"));
    let of = |info: &str| readme.iter().find(|block| block.info == info).unwrap().text.clone();
    let examples: Vec<_> = blocks(&read("../docs/language.md"))
        .into_iter()
        .filter(|b| b.info.starts_with("blueprint"))
        .collect();
    let first = &examples[0];
    let mut wrong = Vec::new();
    for block in &examples {
        let (members, tasks) = (of("blueprint reference members"), of("blueprint reference tasks"));
        let text = match block.info.as_str() {
            "blueprint" => block.text.clone(),
            "blueprint members" => format!("{members}{}}}", block.text),
            "blueprint tasks" => format!("{members}{tasks}{}}}}}", block.text),
            info => panic!("docs/language.md:{}: what is a block of `{info}`?", block.line),
        };
        let mut sources = vec![("the page".to_owned(), text)];
        if block.line != first.line {
            sources.push(("the first example".to_owned(), first.text.clone()));
            sources.push(("the setup".to_owned(), of("blueprint reference")));
        }
        let compiled = Library::compile(&sources);
        let unused = |d: &dsl::Diagnostic| compiled.sources.file(d.span().file).unwrap().name != "the page";
        let of_page: Vec<_> = compiled.diagnostics.iter().filter(|d| !unused(d)).cloned().collect();
        if compiled.library.is_none() || !of_page.is_empty() {
            let rendered = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
            wrong.push(format!("docs/language.md:{}:\n{rendered}", block.line));
        }
        if block.info == "blueprint" {
            assert_eq!(dsl::format(&block.text).as_ref(), Ok(&block.text), "docs/language.md:{}", block.line);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(examples.len() >= 6, "the examples are gone");
}

/// The example of a diagnostic as data is one.
#[test]
fn the_reference_shows_diagnostics_as_programs_get_them() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md");
    let blocks = blocks(&std::fs::read_to_string(reference).unwrap());
    let shown = &blocks.iter().find(|block| block.info == "json").unwrap().text;
    let compiled = Library::compile(&[("site.blueprint".to_owned(), "type Site = { name: txt }".to_owned())]);
    let document = dsl::DiagnosticsDocument::new(&compiled.diagnostics, &compiled.sources);
    assert_eq!(serde_json::from_str::<dsl::DiagnosticsDocument>(shown).unwrap(), document);
}
