//! What stands here, where it is declared, where it is used, what is in a file.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::editor::{Editor, range, uri};

const SYSTEMS: &str = "/// Resources of the access network.
system net {
  /// Sets a port aside.
  operation reserve(kind: text, site: text) -> { id: text }
  operation free(id: text)
}
";

const FIBRE: &str = "/// Fibre for homes.
blueprint fibre version 1 {
  order { site: text, note: text? }
  item line where item.offering == \"LINE\" { speed: int }
  // Ports are scarce.
  // So they are set aside first.
  each line where item.action == add {
    task port {
      call net.reserve(kind: \"{item.speed}\", site: order.site)
      undo net.free(id: result.id)
      on failure hold \"no port\" for customer
      status \"Ordering\"
    }
    task light after port { let order.customer.id }
  }
}
";

fn editor() -> Editor {
    Editor::new(&[("systems.blueprint", SYSTEMS), ("fibre.blueprint", FIBRE)])
}

/// The file with the place behind the first occurrence of some text marked.
fn marked(text: &str, before: &str) -> String {
    assert!(text.contains(before), "{before}");
    text.replacen(before, &format!("{before}^"), 1)
}

fn hover(before: &str) -> String {
    let mut editor = editor();
    let at = editor.open_at("fibre.blueprint", &marked(FIBRE, before));
    let hover = editor.ask("textDocument/hover", at).unwrap();
    let Some(text) = hover["contents"]["value"].as_str() else { return "nothing".to_owned() };
    format!("{}\n{text}", range(&hover["range"]))
}

#[test]
fn hovering_tells_signatures_types_docs_and_what_words_promise() {
    let check = |before: &str, expected: Expect| expected.assert_eq(&hover(before));
    check(
        "net.reserve",
        expect![[r#"
        8:15-8:22
        ```blueprint
        operation reserve(kind: text, site: text) -> { id: text }
        ```

        operation of the system `net`

        Sets a port aside."#]],
    );
    check(
        "call ne",
        expect![[r#"
        8:11-8:14
        ```blueprint
        system net
        ```

        Resources of the access network."#]],
    );
    check(
        "item.speed",
        expect![[r#"
        8:36-8:41
        ```blueprint
        speed: int
        ```

        field of the item kind `line`

        here it is `int`"#]],
    );
    check(
        "task port",
        expect![[r#"
        7:9-7:13
        ```blueprint
        task port
        ```

        task of the blueprint `fibre`

        its result is `{ id: text }`"#]],
    );
    check(
        "order.customer",
        expect![[r#"
        13:32-13:46
        ```blueprint
        order.customer: { id: text, name: text? }
        ```"#]],
    );
    check(
        "on fail",
        expect![[r#"
        10:6-10:16
        ```blueprint
        on failure REACTION
        ```

        What happens when a task fails for good; in a blueprint, for the tasks that do not say. Without it: `hold`."#]],
    );
    check(
        "und",
        expect![[r#"
        9:6-9:10
        ```blueprint
        undo SYSTEM.OPERATION(…)
        ```

        Takes the call back, with the values the task saw and its `result`. Undos run in reverse order of the plan, in parallel where it allows; one that fails for good holds the order and is never dropped."#]],
    );
    check(
        "for customer",
        expect![[r#"
        10:32-10:44
        ```blueprint
        for customer
        ```

        It is the customer who is waited for."#]],
    );
    check(
        "{ let orde",
        expect![[r#"
        13:32-13:37
        ```blueprint
        order: { id: text, external_id: text?, category: text?, customer: { id: text, name: text? }, priority: int, requested_start: time?, requested_completion: time?, submitted_at: time, notes: [text], site: text, note: text? }
        ```

        The attributes an order must carry; checked before anything starts. In expressions: the order itself."#]],
    );
    check(
        "result",
        expect![[r#"
        9:24-9:30
        ```blueprint
        result: { id: text }
        ```

        What the task brought back, or the query answered, in `ensure`, `undo`, `verify` and `until`."#]],
    );
    check("scarc", expect!["nothing"]);
}

#[test]
fn hovering_a_fault_tells_its_rule() {
    let mut editor = Editor::new(&[]);
    let at = editor.open_at("a.blueprint", "type A = tx^t");
    let hover = editor.ask("textDocument/hover", at).unwrap();
    expect![[r#"
        **BP0201** unknown-type: A type is used that no file of the library declares.

        `orderwright explain BP0201` shows examples."#]]
    .assert_eq(hover["contents"]["value"].as_str().unwrap());
}

#[test]
fn a_name_leads_to_its_declaration_in_another_file() {
    let mut editor = editor();
    let at = editor.open_at("fibre.blueprint", &marked(FIBRE, "net.fre"));
    let found = editor.ask("textDocument/definition", at).unwrap();
    assert_eq!(found["uri"], uri("systems.blueprint"));
    assert_eq!(range(&found["range"]), "4:12-4:16");
    let at = editor.open_at("fibre.blueprint", &marked(FIBRE, "item.offering"));
    assert_eq!(editor.ask("textDocument/definition", at).unwrap(), Value::Null);
}

#[test]
fn references_are_found_in_all_files_and_highlights_in_one() {
    let mut editor = editor();
    let mut at = editor.open_at("systems.blueprint", &marked(SYSTEMS, "system ne"));
    let highlights = editor.ask("textDocument/documentHighlight", at.clone()).unwrap();
    assert_eq!(highlights.as_array().unwrap().len(), 1);
    for (with, count) in [(true, 3), (false, 2)] {
        at["context"] = json!({ "includeDeclaration": with });
        let found = editor.ask("textDocument/references", at.clone()).unwrap();
        assert_eq!(found.as_array().unwrap().len(), count);
    }
    let at = editor.open_at("fibre.blueprint", &marked(FIBRE, "after por"));
    let highlights = editor.ask("textDocument/documentHighlight", at).unwrap();
    let shown: Vec<_> =
        highlights.as_array().unwrap().iter().map(|h| (range(&h["range"]), h["kind"].clone())).collect();
    assert_eq!(shown, [("7:9-7:13".to_owned(), json!(3)), ("13:21-13:25".to_owned(), json!(2))]);
}

#[test]
fn the_outline_and_what_can_be_folded_follow_the_blocks() {
    let mut editor = editor();
    editor.open("fibre.blueprint", FIBRE);
    let params = json!({ "textDocument": { "uri": uri("fibre.blueprint") } });
    let symbols = editor.ask("textDocument/documentSymbol", params.clone()).unwrap();
    let mut lines = Vec::new();
    fn show(symbols: &Value, depth: usize, lines: &mut Vec<String>) {
        for symbol in symbols.as_array().into_iter().flatten() {
            lines.push(format!(
                "{}{} {}",
                "  ".repeat(depth),
                symbol["name"].as_str().unwrap(),
                range(&symbol["range"])
            ));
            show(&symbol["children"], depth + 1, lines);
        }
    }
    show(&symbols, 0, &mut lines);
    expect![[r#"
        fibre@1 1:0-15:1
          line 3:2-3:56
          each line 6:2-14:3
            port 7:4-12:5
            light 13:4-13:51"#]]
    .assert_eq(&lines.join("\n"));
    let folds = editor.ask("textDocument/foldingRange", params).unwrap();
    let folds: Vec<_> =
        folds.as_array().unwrap().iter().map(|f| format!("{}-{}", f["startLine"], f["endLine"])).collect();
    assert_eq!(folds, ["1-15", "4-5", "6-14", "7-12"]);
}

#[test]
fn symbols_are_found_by_their_letters() {
    let mut editor = editor();
    let mut names = |query: &str| {
        let found = editor.ask("workspace/symbol", json!({ "query": query })).unwrap();
        let name = |symbol: &Value| symbol["name"].as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(""), "fibre line port light net reserve free");
    assert_eq!(names("FR"), "fibre free");
    assert_eq!(names("speed"), "");
}

#[test]
fn the_arguments_of_what_is_called_are_told() {
    let mut editor = editor();
    for (text, active) in [
        ("net.reserve(^)", 0),
        ("net.reserve(kind: \"a\", ^)", 1),
        ("net.reserve(site: order.site, ^)", 0),
        ("net.reserve(site: order.^", 1),
    ] {
        let changed = FIBRE.replacen("net.reserve(kind: \"{item.speed}\", site: order.site)", text, 1);
        let at = editor.open_at("fibre.blueprint", &changed);
        let help = editor.ask("textDocument/signatureHelp", at).unwrap();
        let signature = &help["signatures"][0];
        assert_eq!(signature["label"], "operation reserve(kind: text, site: text) -> { id: text }");
        assert_eq!(signature["documentation"]["value"], "Sets a port aside.");
        assert_eq!(help["activeParameter"], active, "{text}");
        assert_eq!(signature["parameters"][active]["label"], ["kind: text", "site: text"][active]);
    }
    let at = editor.open_at("fibre.blueprint", &marked(FIBRE, "status"));
    assert_eq!(editor.ask("textDocument/signatureHelp", at).unwrap(), Value::Null);
}
