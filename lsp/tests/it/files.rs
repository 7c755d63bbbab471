//! Which files are read, and which text of a file counts.

use std::path::Path;

use serde_json::{Value, json};

use crate::editor::{Editor, uri};

const USES: &str = "system s { query q(a: A) }\n";

fn changed(editor: &mut Editor, name: &str, text: Option<&str>) {
    let path = Path::new("/w").join(name);
    match text {
        Some(text) => editor.disk.0.borrow_mut().insert(path, text.to_owned()),
        None => editor.disk.0.borrow_mut().remove(&path),
    };
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(name), "type": 2 }] }));
}

#[test]
fn files_that_come_change_and_go_on_the_disk_are_noticed() {
    let mut editor = Editor::new(&[("a.blueprint", USES)]);
    assert_eq!(editor.faults("a.blueprint").len(), 1);
    changed(&mut editor, "b.blueprint", Some("type A = text"));
    assert_eq!(editor.faults("a.blueprint").len(), 0);
    changed(&mut editor, "b.blueprint", Some("type A = txt"));
    assert_eq!(editor.faults("b.blueprint").len(), 1);
    changed(&mut editor, "b.blueprint", None);
    assert_eq!((editor.faults("a.blueprint").len(), editor.faults("b.blueprint").len()), (1, 0));
}

#[test]
fn a_folder_that_is_removed_takes_its_files_with_it() {
    let mut editor = Editor::new(&[("a.blueprint", USES), ("sub/b.blueprint", "type A = text")]);
    assert_eq!(editor.faults("a.blueprint").len(), 0);
    editor.disk.0.borrow_mut().remove(Path::new("/w/sub/b.blueprint"));
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri("sub"), "type": 3 }] }));
    assert_eq!(editor.faults("a.blueprint").len(), 1);
    editor.disk.0.borrow_mut().insert("/w/sub/b.blueprint".into(), "type A = text".to_owned());
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri("sub"), "type": 1 }] }));
    assert_eq!(editor.faults("a.blueprint").len(), 0);
}

#[test]
fn what_the_editor_has_counts_before_what_is_on_the_disk_until_it_closes_it() {
    let mut editor = Editor::new(&[("a.blueprint", USES), ("b.blueprint", "type A = text")]);
    editor.open("b.blueprint", "type B = text");
    assert_eq!(editor.faults("a.blueprint").len(), 1);
    changed(&mut editor, "b.blueprint", Some("type A = int"));
    assert_eq!(editor.faults("a.blueprint").len(), 1, "the editor's text counts still");
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri("b.blueprint") } }));
    assert_eq!(editor.faults("a.blueprint").len(), 0);
}

#[test]
fn a_file_that_was_never_saved_is_gone_when_it_is_closed() {
    let mut editor = Editor::new(&[]);
    for name in ["new.blueprint", "untitled:Untitled-1"] {
        editor.open(name, "type A = txt");
        assert_eq!(editor.faults(name).len(), 1, "{name}");
        editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(name) } }));
        assert_eq!(editor.faults(name).len(), 0, "{name}");
    }
}

#[test]
fn the_usual_folder_is_the_library_and_what_is_outside_is_with_its_neighbours() {
    let files = [
        ("blueprints/a.blueprint", USES),
        ("blueprints/deep/b.blueprint", "type A = text"),
        ("other/c.blueprint", "type A = int"),
        ("other/deep/d.blueprint", "type A = int"),
    ];
    let mut editor = Editor::new(&files);
    assert_eq!(editor.published.len(), 0);
    editor.open("other/e.blueprint", USES);
    assert_eq!(editor.faults("other/e.blueprint"), [] as [&str; 0]);
    editor.change("other/e.blueprint", 2, "type A = decimal");
    assert_eq!(editor.faults("other/e.blueprint").len(), 1, "its neighbour declares it, too");
}

#[test]
fn folders_can_be_named_and_come_and_go() {
    let files = [("one/a.blueprint", USES), ("two/b.blueprint", "type A = text")];
    let greeting = json!({
        "capabilities": {},
        "workspaceFolders": [{ "uri": "file:///w", "name": "w" }],
        "initializationOptions": { "folders": ["one", "two"] },
    });
    let mut editor = Editor::with(&files, greeting);
    assert_eq!(editor.faults("one/a.blueprint").len(), 1, "libraries know nothing of each other");
    let folder = json!([{ "uri": "file:///w", "name": "w" }]);
    editor.open("one/a.blueprint", USES);
    let event = json!({ "event": { "added": Value::Array(Vec::new()), "removed": folder } });
    editor.tell("workspace/didChangeWorkspaceFolders", event);
    assert_eq!(editor.faults("one/a.blueprint").len(), 1);
    let event = json!({ "event": { "added": folder, "removed": [] } });
    editor.tell("workspace/didChangeWorkspaceFolders", event);
    changed(&mut editor, "one/c.blueprint", Some("type A = text"));
    assert_eq!(editor.faults("one/a.blueprint"), [] as [&str; 0]);
}
