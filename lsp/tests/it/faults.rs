//! What is wrong, while it is being typed.

use serde_json::json;

use crate::editor::{Editor, range, uri};

#[test]
fn faults_of_every_file_are_shown_as_soon_as_the_folder_is_open() {
    let editor = Editor::new(&[("a.blueprint", "type A = { b: txt }"), ("sub/c.blueprint", "type A = text")]);
    assert_eq!(
        editor.faults("a.blueprint"),
        ["BP0201 0:14-0:17 there is no type `txt` | help: did you mean `text`?"]
    );
    assert_eq!(
        editor.faults("sub/c.blueprint"),
        ["BP0210 0:5-0:6 the type `A` is declared twice: declared again here"]
    );
    let twice = &editor.published[&uri("sub/c.blueprint")]["diagnostics"][0];
    let related = &twice["relatedInformation"][0];
    assert_eq!(related["message"], "declared first here");
    assert_eq!(
        (&related["location"]["uri"], range(&related["location"]["range"])),
        (&json!(uri("a.blueprint")), "0:5-0:6".to_owned())
    );
    assert_eq!((&twice["severity"], &twice["source"]), (&json!(1), &json!("orderwright")));
}

#[test]
fn faults_follow_what_is_typed_and_go_when_they_are_mended() {
    let mut editor = Editor::new(&[("a.blueprint", "type A = text\n")]);
    editor.open("a.blueprint", "type A = text\n");
    editor.open("b.blueprint", "system s { query q(a: A) }\n");
    assert_eq!(editor.faults("b.blueprint"), [] as [&str; 0]);
    editor.change("a.blueprint", 2, "type B = text\n");
    assert_eq!(editor.faults("b.blueprint"), ["BP0201 0:22-0:23 there is no type `A`"]);
    assert_eq!(editor.published[&uri("a.blueprint")]["version"], 2);
    editor.change("a.blueprint", 3, "type A = text\n");
    assert_eq!(editor.faults("b.blueprint"), [] as [&str; 0]);
}

#[test]
fn a_change_of_a_part_is_made_in_utf_16_units_and_keeps_line_ends() {
    let mut editor = Editor::new(&[]);
    editor.open("a.blueprint", "// 😀 é\r\ntype A = { s: text }\r\n/* 😀 */ type B = txt\r\n");
    let faults = editor.faults("a.blueprint");
    assert!(faults.iter().any(|fault| fault.starts_with("BP0201 2:18-2:21 ")), "{faults:?}");
    editor.tell(
        "textDocument/didChange",
        json!({
            "textDocument": { "uri": uri("a.blueprint"), "version": 2 },
            "contentChanges": [
                { "range": { "start": { "line": 2, "character": 0 }, "end": { "line": 2, "character": 9 } }, "text": "" },
                { "range": { "start": { "line": 2, "character": 9 }, "end": { "line": 2, "character": 12 } }, "text": "A" },
            ],
        }),
    );
    assert_eq!(editor.faults("a.blueprint"), [] as [&str; 0]);
    let symbols = editor
        .ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri("a.blueprint") } }))
        .unwrap();
    assert_eq!(symbols[1]["name"], "B");
    assert_eq!(range(&symbols[1]["range"]), "2:0-2:10");
}

#[test]
fn what_is_never_used_is_shown_faded() {
    let mut editor = Editor::new(&[]);
    let text = "type Unused = text\nsystem s { query q() }\nblueprint b version 1 {\n  item k where true { }\n  task t { call s.q() }\n}\n";
    editor.open("a.blueprint", text);
    let fault = &editor.published[&uri("a.blueprint")]["diagnostics"][0];
    assert_eq!(
        (&fault["code"], &fault["tags"], &fault["severity"]),
        (&json!("BP0901"), &json!([1]), &json!(2))
    );
}
