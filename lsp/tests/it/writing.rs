//! What helps with writing: completion, renaming, formatting, mending.

use expect_test::expect;
use serde_json::{Value, json};

use crate::editor::{Editor, range, uri};

const TEXT: &str =
    "system net { operation reserve(kind: text, site: text?) -> { id: text }  operation free(id: text) }
blueprint fibre version 1 {
  item line where item.offering == \"LINE\" { speed: int }
  each line where item.action == add {
    task port {
      call net.reserve(kind: \"a\")
      undo net.free(id: result.id)
    }
  }
}
";

#[test]
fn completions_replace_the_word_and_fill_in_what_is_needed() {
    let mut editor = Editor::new(&[]);
    let at = editor.open_at("a.blueprint", &TEXT.replacen("undo net.free(id: result.id)", "undo net.fr^", 1));
    let items = editor.ask("textDocument/completion", at).unwrap();
    let shown: Vec<String> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let edit = &item["textEdit"];
            let (label, text) = (item["label"].as_str().unwrap(), edit["newText"].as_str().unwrap());
            format!("{label}: {} {text} {}", range(&edit["range"]), item["insertTextFormat"])
        })
        .collect();
    expect![[r#"
        free: 6:15-6:17 free(id: $1)$0 2
        reserve: 6:15-6:17 reserve(kind: $1)$0 2"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn an_editor_without_snippets_gets_plain_text() {
    let mut editor = Editor::with(&[], json!({ "capabilities": {} }));
    let at = editor.open_at("a.blueprint", "^");
    let items = editor.ask("textDocument/completion", at).unwrap();
    for item in items.as_array().unwrap() {
        assert_eq!((&item["textEdit"]["newText"], &item["insertTextFormat"]), (&item["label"], &json!(1)));
    }
    assert_eq!(items.as_array().unwrap().len(), 5);
}

#[test]
fn a_renamed_operation_is_renamed_in_every_file_with_its_version() {
    let mut editor = Editor::new(&[("b.blueprint", "retry r = 3 times\n")]);
    let mut at = editor.open_at("a.blueprint", &TEXT.replacen("operation fre", "operation fre^", 1));
    let prepared = editor.ask("textDocument/prepareRename", at.clone()).unwrap();
    assert_eq!(
        (prepared["placeholder"].as_str(), range(&prepared["range"])),
        (Some("free"), "0:83-0:87".to_owned())
    );
    at["newName"] = json!("release");
    let changes = editor.ask("textDocument/rename", at.clone()).unwrap();
    let document = &changes["documentChanges"][0];
    assert_eq!(document["textDocument"], json!({ "uri": uri("a.blueprint"), "version": 1 }));
    let edits: Vec<_> = document["edits"].as_array().unwrap().iter().map(|e| range(&e["range"])).collect();
    assert_eq!(edits, ["0:83-0:87", "6:15-6:19"]);
    for (name, message) in [
        ("reserve", "then something would be wrong: the operation `reserve` is declared twice"),
        ("1st", "`1st` is not a name: a name is letters, digits and `_`, and no word of expressions"),
    ] {
        at["newName"] = json!(name);
        let refused = editor.ask("textDocument/rename", at.clone()).unwrap_err();
        assert_eq!((refused["code"].as_i64(), refused["message"].as_str()), (Some(-32803), Some(message)));
    }
    let nothing = editor.open_at("a.blueprint", &TEXT.replacen("blueprint", "blue^print", 1));
    let refused = editor.ask("textDocument/prepareRename", nothing).unwrap_err();
    assert_eq!(refused["message"], "there is no name here that the library declares");
}

#[test]
fn an_editor_that_takes_no_versions_gets_plain_changes() {
    let mut editor = Editor::with(&[], json!({ "capabilities": {}, "rootPath": "/w" }));
    let mut at = editor.open_at("a.blueprint", &TEXT.replacen("task por", "task por^", 1));
    at["newName"] = json!("socket");
    let changes = editor.ask("textDocument/rename", at).unwrap();
    assert_eq!(changes["changes"][uri("a.blueprint")][0]["newText"], "socket");
}

/// Makes the changes that formatting comes to.
fn formatted(text: &str) -> Option<String> {
    let mut editor = Editor::new(&[]);
    editor.open("a.blueprint", text);
    let params = json!({ "textDocument": { "uri": uri("a.blueprint") }, "options": { "tabSize": 2, "insertSpaces": true } });
    let edits = editor.ask("textDocument/formatting", params).unwrap();
    let edits = edits.as_array()?;
    assert!(edits.len() <= 1);
    let Some(edit) = edits.first() else { return Some(text.to_owned()) };
    let byte = |at: &Value| {
        let line = usize::try_from(at["line"].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        // In these texts, changes begin and end where lines do, or at the end.
        if at["character"] == 0 { start } else { text.len() }
    };
    let (start, end) = (byte(&edit["range"]["start"]), byte(&edit["range"]["end"]));
    Some(format!("{}{}{}", &text[..start], edit["newText"].as_str().unwrap(), &text[end..]))
}

#[test]
fn formatting_replaces_the_lines_that_change() {
    let style = dsl::format(TEXT).unwrap();
    let cases = [
        TEXT.to_owned(),
        style.clone(),
        style.replacen("    task", "  task", 1),
        style.replacen('\n', "\r\n", 1),
        style.replacen('\n', "\n\n\n\n", 1),
        format!("{style}\n\n"),
        format!("\n\n{style}"),
        style.trim_end().to_owned(),
        format!("// é😀\n{}", style.replace("    ", "\t")),
        String::new(),
    ];
    for text in cases {
        assert_eq!(formatted(&text), Some(dsl::format(&text).unwrap()), "{text}");
    }
    assert_eq!(formatted("type A = {"), None);
}

#[test]
fn a_fault_that_has_a_remedy_is_mended() {
    let mut editor = Editor::new(&[]);
    editor.open("a.blueprint", "type A = { b: txt, c: int }\n");
    let mut ask = |line: u32| {
        let place = json!({ "line": line, "character": 16 });
        let params = json!({
            "textDocument": { "uri": uri("a.blueprint") },
            "range": { "start": place, "end": place },
            "context": { "diagnostics": [] },
        });
        editor.ask("textDocument/codeAction", params).unwrap()
    };
    let action = &ask(0)[0];
    assert_eq!((&action["title"], &action["kind"]), (&json!("Replace `txt` by `text`"), &json!("quickfix")));
    assert_eq!(action["diagnostics"][0]["code"], "BP0201");
    let edit = &action["edit"]["documentChanges"][0]["edits"][0];
    assert_eq!((range(&edit["range"]).as_str(), &edit["newText"]), ("0:14-0:17", &json!("text")));
    assert_eq!(ask(1), json!([]));
}
