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

/// The systems and the head of a blueprint that blocks of `tasks` stand in, as `spec/README.md` shows them.
struct Setup {
    systems: String,
    head: String,
}

fn check(page: &str, block: &Block, setup: &Setup) -> Result<(), String> {
    let (before, text) = match block.info.as_str() {
        "blueprint" => (0, block.text.clone()),
        "blueprint tasks" => (setup.head.lines().count(), format!("{}{}}}\n", setup.head, block.text)),
        _ => return Ok(()),
    };
    let mut sources = vec![("page".to_owned(), text)];
    if before > 0 {
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
    let setup = Setup { systems: of("blueprint setup"), head: of("blueprint head") };

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

    // Limits are tested where input can be made by a program, and deployments where there is one. What the engine does not
    // carry out is no fault of a file.
    let elsewhere = ["BP0001", "BP0002", "BP0003", "BP0004", "BP0505", "BP0506"];
    let unshown: Vec<_> = dsl::Code::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| !codes.contains(*code) && !elsewhere.contains(code))
        .collect();
    assert!(unshown.is_empty(), "no page shows {unshown:?}");
}

#[test]
fn the_reference_lists_every_code() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md");
    let reference = std::fs::read_to_string(reference).unwrap();
    let listed: Vec<&str> = reference.lines().filter(|line| line.starts_with("| `BP")).collect();
    let codes: Vec<_> = dsl::Code::ALL
        .iter()
        .map(|code| format!("| `{code}` | {} | {} |", code.name(), code.explanation()))
        .collect();
    assert_eq!(listed, codes);
}

/// The example of the reference compiles as it stands.
#[test]
fn the_reference_starts_with_a_sound_example() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md");
    let example = blocks(&std::fs::read_to_string(reference).unwrap()).remove(0).text;
    let compiled = Library::compile(&[("example".to_owned(), example)]);
    assert_eq!(dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false), "");
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
