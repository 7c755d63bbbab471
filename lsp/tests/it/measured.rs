//! How long a keystroke takes. Not part of the suite, because it says nothing about a build without optimisation:
//! `cargo test -p lsp --release --test it -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::editor::{Editor, uri};

/// What an editor's user does not notice.
const BUDGET: Duration = Duration::from_millis(30);

const FILES: usize = 50;
const TASKS: usize = 30;

/// A file of about 200 lines that uses what the others declare.
fn file(n: usize) -> String {
    let mut text = format!(
        "/// Resources.\nsystem s{n} {{\n  operation reserve(kind: text, site: text) -> {{ id: text, unit: text }}\n  \
         operation release(id: text)\n}}\ntype Address{n} = {{ street: text, city: text, site: text }}\n\
         retry patient{n} = 5 times every 2s doubling up to 1m\nblueprint b{n} version 1 {{\n  \
         accepts order where order.category == \"c{n}\"\n  order {{\n    address: Address{n}\n    contact: text?\n  }}\n  \
         item line where item.offering == \"L{n}\" {{ speed: int }}\n  each line where item.action == add {{\n"
    );
    for task in 0..TASKS {
        let after = if task == 0 { String::new() } else { format!(" after t{}", task - 1) };
        let system = (n + task) % FILES;
        writeln!(
            text,
            "    task t{task}{after} {{\n      call s{system}.reserve(kind: \"k{{item.speed}}\", site: order.address.site)\n      \
             retry patient{n}\n      ensure result.unit != \"\" and item.speed > {task} else hold \"no unit: {{result.id}}\"\n      \
             undo s{system}.release(id: result.id)\n    }}"
        )
        .unwrap();
    }
    text.push_str("  }\n}\n");
    text
}

#[test]
#[ignore = "measures, and means something with optimisation only"]
fn a_keystroke_in_ten_thousand_lines_is_not_noticed() {
    let files: Vec<(String, String)> = (0..FILES).map(|n| (format!("f{n}.blueprint"), file(n))).collect();
    let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
    assert!(lines >= 9_000, "{lines} lines");
    let borrowed: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let started = Instant::now();
    let mut editor = Editor::new(&borrowed);
    println!("{lines} lines in {FILES} files are open after {:?}", started.elapsed());
    assert_eq!(editor.published.len(), 0, "{:?}", editor.published.keys());

    editor.open("f7.blueprint", &files[7].1);
    let mut keystrokes = Vec::new();
    for (n, letter) in "// what is typed at the end of a file".chars().enumerate() {
        let end = json!({ "line": 9_999, "character": 0 });
        let change = json!({ "range": { "start": end, "end": end }, "text": letter.to_string() });
        let started = Instant::now();
        editor.tell(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri("f7.blueprint"), "version": n + 2 }, "contentChanges": [change] }),
        );
        keystrokes.push(started.elapsed());
    }
    let text = files[7].1.replacen("order.address.site", "order.^", 1);
    let mut slow = Vec::new();
    for method in [
        "completion",
        "hover",
        "definition",
        "documentHighlight",
        "signatureHelp",
        "documentSymbol",
        "foldingRange",
    ] {
        // Each is asked right after a keystroke, when nothing is known yet but what is wrong.
        let at = editor.open_at("f7.blueprint", &text);
        let started = Instant::now();
        editor.ask(&format!("textDocument/{method}"), at.clone()).unwrap();
        let took = started.elapsed();
        println!("{method}: {took:?}");
        slow.extend((took >= BUDGET).then_some((method, took)));
    }
    for (method, more) in
        [("references", json!({ "context": { "includeDeclaration": true } })), ("prepareRename", json!({}))]
    {
        let mut at = editor.open_at("f7.blueprint", &files[7].1.replacen("system s7", "system ^s7", 1));
        at.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let started = Instant::now();
        editor.ask(&format!("textDocument/{method}"), at).unwrap();
        println!("{method}, of the whole library: {:?}", started.elapsed());
    }
    keystrokes.sort();
    let (median, slowest) = (keystrokes[keystrokes.len() / 2], keystrokes[keystrokes.len() - 1]);
    println!("a keystroke: {median:?} half of the time, {slowest:?} at most");
    assert!(median < BUDGET, "a keystroke takes {median:?}");
    assert_eq!(slow, []);
}
