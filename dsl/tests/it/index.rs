//! What editors ask of a library: meanings, types, completions and renaming.
//!
//! In the texts, `^` stands for the place that is asked about.

use dsl::FileId;
use dsl::index::{Analyser, Analysis, Candidate, RenameError};
use expect_test::expect;

/// A library with everything that has a name.
const LIBRARY: &str = r#"
/// Where we deliver.
type Address = { street: text, city: text }

/// Resources.
system net {
  /// Sets a port aside.
  operation reserve(kind: text, at: Address) -> { id: text, unit: text }
  operation free(id: text)
  query read(id: text) -> { state: one of "up", "down" }
}
retry patient = 5 times every 2s
blueprint carry(to: Address) -> { parcel: text } {
  task pick { call net.reserve(kind: "van", at: to)  no undo "gone" }
  return { parcel: pick.id }
}
blueprint fibre version 1 {
  accepts order where order.category == "consumer"
  order { address: Address, note: text? }
  item line where item.offering == "LINE" { speed: int }
  task check { let { total: sum([l.speed for l in line.items]), where: order.address } }
  each line where item.action == add {
    task port after check {
      call net.reserve(kind: "port", at: { street: order.address.street, city: "x" })
      retry patient
      undo net.free(id: result.id)
    }
    task light {
      poll net.read(id: port.id) every 10s until result.state == up within 1h
    }
    milestone lit after light
  }
  task tell after line.lit { run carry(to: check.where) }
  task end { let tell.parcel }
}
"#;

fn split(text: &str) -> (Vec<(String, String)>, usize) {
    let byte = text.find('^').unwrap();
    (vec![("a.blueprint".to_owned(), text.replacen('^', "", 1))], byte)
}

/// The library with the place behind the first occurrence of `before` marked.
fn marked(before: &str) -> String {
    assert!(LIBRARY.contains(before), "{before}");
    LIBRARY.replacen(before, &format!("{before}^"), 1)
}

fn analyse(files: &[(String, String)]) -> (Analysis, FileId) {
    let analysis = Analyser::new().analyse(files);
    let file = analysis.sources.files().next().unwrap().0;
    (analysis, file)
}

/// The declaration of what stands before `^`, and the lines where it is used.
fn meaning(before: &str) -> String {
    let (files, byte) = split(&marked(before));
    let (analysis, file) = analyse(&files);
    assert_eq!(analysis.diagnostics, []);
    let Some((_, id)) = analysis.index.name_at(file, byte) else { return "nothing".to_owned() };
    let declaration = analysis.index.declaration(id).unwrap();
    let line = |span| analysis.sources.line(span);
    let uses: Vec<_> = analysis.index.uses(id).map(|at| line(at).to_string()).collect();
    let (signature, noun) = (&declaration.signature, declaration.kind.noun());
    format!("{noun} `{signature}` in {}, used in {}", line(declaration.span), uses.join(" "))
}

#[test]
fn every_name_leads_to_its_declaration() {
    let names = [
        "at: Address",
        "call net",
        "net.reserve",
        "reserve(kind",
        "(kind: \"port\"",
        "at: { street",
        "order.address.street",
        "order.address",
        "retry pat",
        "result.id",
        "port.id",
        "result.state",
        "after check",
        "after line",
        "after line.lit",
        "run carry",
        "carry(to: check",
        "check.where",
        "each line",
        "item.off",
        "[l",
        "l.speed",
        "line.items",
        "tell.parcel",
        "pick.id",
        "at: to",
        "result.state == up",
    ];
    let meanings: Vec<_> = names.iter().map(|name| format!("{name:24} {}", meaning(name))).collect();
    expect![[r#"
        at: Address              type `type Address = { street: text, city: text }` in 3, used in 8 13 19
        call net                 system `system net` in 6, used in 14 24 26 29
        net.reserve              operation `operation reserve(kind: text, at: Address) -> { id: text, unit: text }` in 8, used in 14 24
        reserve(kind             parameter `kind: text` in 8, used in 14 24
        (kind: "port"            nothing
        at: { street             field `street: text` in 3, used in 24 24
        order.address.street     field `street: text` in 3, used in 24 24
        order.address            field `address: Address` in 19, used in 21 24
        retry pat                retry policy `retry patient = 5 times every 2s` in 12, used in 25
        result.id                field `id: text` in 8, used in 15 26 29
        port.id                  field `id: text` in 8, used in 15 26 29
        result.state             field `state: one of "up", "down"` in 10, used in 29
        after check              task `task check` in 21, used in 23 33
        after line               item kind `item line where item.offering == "LINE"` in 20, used in 21 22 33
        after line.lit           milestone `milestone lit after light` in 31, used in 33
        run carry                blueprint `blueprint carry(to: Address) -> { parcel: text }` in 13, used in 33
        carry(to: check          task `task check` in 21, used in 23 33
        check.where              field `where` in 21, used in 33
        each line                item kind `item line where item.offering == "LINE"` in 20, used in 21 22 33
        item.off                 nothing
        [l                       variable `for l` in 21, used in 21
        l.speed                  field `speed: int` in 20, used in 21
        line.items               nothing
        tell.parcel              field `parcel: text` in 13, used in 15 34
        pick.id                  field `id: text` in 8, used in 15 26 29
        at: to                   parameter `to: Address` in 13, used in 14 33
        result.state == up       nothing"#]].assert_eq(&meanings.join("\n"));
}

#[test]
fn a_name_carries_what_is_said_about_it() {
    let (files, byte) = split(&marked("net.reserve"));
    let (analysis, file) = analyse(&files);
    let (_, id) = analysis.index.name_at(file, byte).unwrap();
    let declaration = analysis.index.declaration(id).unwrap();
    assert_eq!(declaration.docs, "Sets a port aside.");
    let system = analysis.index.declaration(declaration.parent.unwrap()).unwrap();
    assert_eq!((system.name.as_str(), system.docs.as_str()), ("net", "Resources."));
}

#[test]
fn the_type_of_an_expression_is_known() {
    let of = |before: &str| {
        let (files, byte) = split(&marked(before));
        let (analysis, file) = analyse(&files);
        let (at, of) = analysis.index.type_at(file, byte).unwrap();
        format!("{}: {of}", analysis.sources.text(at))
    };
    assert_eq!(of("order.address.street"), "order.address.street: text");
    assert_eq!(of("tell.par"), "tell.parcel: text");
    assert_eq!(of("until result.state"), "result.state: one of \"up\", \"down\"");
    assert_eq!(
        of("for l in line.items"),
        "line.items: [{ id: text, offering: text, action: one of \"add\", \"modify\", \"delete\", \"noChange\", quantity: int, product: any, speed: int }]"
    );
}

#[test]
fn the_outline_shows_what_stands_in_what() {
    let (files, _) = split(&marked("type"));
    let (analysis, file) = analyse(&files);
    let mut lines = Vec::new();
    let mut open: Vec<_> = analysis.index.outline(file).iter().rev().map(|node| (0, node)).collect();
    while let Some((depth, node)) = open.pop() {
        lines.push(format!("{}{} {:?}", "  ".repeat(depth), node.name, node.kind));
        open.extend(node.children.iter().rev().map(|child| (depth + 1, child)));
    }
    expect![[r#"
        Address Type
        net System
          reserve Operation
          free Operation
          read Query
        patient Retry
        carry Blueprint
          pick Task
        fibre@1 Blueprint
          line ItemKind
          check Task
          each line Each
            port Task
            light Task
            lit Milestone
          tell Task
          end Task"#]]
    .assert_eq(&lines.join("\n"));
}

// ---- renaming ----------------------------------------------------------------------------------------------

fn rename(text: &str, name: &str) -> Result<String, RenameError> {
    let (files, byte) = split(text);
    let (analysis, file) = analyse(&files);
    let edits = Analyser::new().rename(&analysis, file, byte, name)?;
    let mut renamed = files[0].1.clone();
    for edit in edits.iter().rev() {
        renamed.replace_range(edit.span.start..edit.span.end, &edit.replacement);
    }
    Ok(renamed)
}

#[test]
fn a_renamed_thing_is_renamed_everywhere_and_nothing_else_is() {
    for (before, name, times) in [
        ("after check", "verify_order", 3),
        ("type Addr", "Place", 4),
        ("system n", "network", 5),
        ("retry pat", "calm", 2),
        ("run car", "haul", 2),
        ("each li", "access", 4),
        ("[l", "each_line", 2),
    ] {
        let renamed = rename(&marked(before), name).unwrap();
        assert_eq!(renamed.matches(name).count(), times, "{before}: {renamed}");
        assert_eq!(analyse(&[("a.blueprint".to_owned(), renamed)]).0.diagnostics, [], "{before}");
    }
    let renamed = rename(&marked("port.id"), "reservation").unwrap();
    assert!(renamed.contains("{ reservation: text, unit: text }"), "{renamed}");
    assert!(renamed.contains("result.reservation") && renamed.contains("pick.reservation"), "{renamed}");
    assert!(renamed.contains("free(id: text)") && renamed.contains("net.free(id: result"), "{renamed}");
    assert_eq!(rename(&renamed.replacen("port.reservation", "port.reservation^", 1), "id").unwrap(), LIBRARY);
}

#[test]
fn a_name_that_would_change_a_meaning_is_refused() {
    let refused = |before: &str, name: &str| rename(&marked(before), name).unwrap_err().to_string();
    expect!["then something would be wrong: the task `tell` is declared twice"]
        .assert_eq(&refused("after check", "tell"));
    expect!["`a b` is not a name: a name is letters, digits and `_`, and no word of expressions"]
        .assert_eq(&refused("after check", "a b"));
    expect!["`not` is not a name: a name is letters, digits and `_`, and no word of expressions"]
        .assert_eq(&refused("after check", "not"));
    expect!["then something would be wrong: `order` can't be a name: it means something of its own"]
        .assert_eq(&refused("after check", "order"));
    expect!["there is no name here that the library declares"].assert_eq(&refused("item.off", "x"));
    // Types are compared by what they are: the system would no longer take the order's address.
    let two = "type A = { s^: text }\nsystem n { query q(a: { s: text }) }\nblueprint b version 1 {\n order { a: A }\n \
               item k where true { }\n task t { call n.q(a: order.a) }\n}";
    let refused = rename(two, "t").unwrap_err().to_string();
    assert!(refused.starts_with("then something would be wrong: expected "), "{refused}");
}

#[test]
fn what_also_stands_in_unreadable_text_is_not_renamed() {
    let text =
        marked("after check").replace("retry patient\n", "retry patient\n      callx check.where ???\n");
    assert_eq!(rename(&text, "x"), Err(RenameError::Unreadable("check".to_owned())));
}

// ---- completion --------------------------------------------------------------------------------------------

fn complete(text: &str) -> Vec<Candidate> {
    let (files, byte) = split(text);
    let file = analyse(&files).1;
    Analyser::new().complete(&files, file, byte)
}

/// The labels that are offered where `with` is typed in place of `what`.
fn offered(what: &str, with: &str) -> String {
    assert!(LIBRARY.contains(what), "{what}");
    let labels: Vec<_> =
        complete(&LIBRARY.replacen(what, with, 1)).into_iter().map(|candidate| candidate.label).collect();
    labels.join(" ")
}

#[test]
fn what_fits_the_place_is_offered() {
    let places = [
        ("type Address", "^\ntype Address"),
        ("kind: text, at: Address", "kind: t^"),
        ("item line where", "^\n  item line where"),
        ("each line where", "each ^ where"),
        ("after check {", "after ^ {"),
        ("tell after line.lit {", "tell after line.^ {"),
        ("call net.reserve(kind: \"port\"", "call ^(kind: \"port\""),
        ("undo net.free(id: result.id)", "undo net.^"),
        ("undo net.free(id: result.id)", "undo net.free(^)"),
        ("retry patient\n", "retry ^\n"),
        ("retry patient\n", "^\n"),
        ("undo net.free(id: result.id)", "undo net.free(id: result.^)"),
        ("undo net.free(id: result.id)", "undo net.free(id: result.^"),
        ("undo net.free(id: result.id)", "undo net.free(id: ^)"),
        ("retry patient\n", "ensure result.^\n"),
        ("item.action == add", "item.action == ^"),
        ("until result.state == up", "until result.state == ^"),
        ("order.address.street", "order.^"),
        ("street: order.address.street, city", "^"),
        ("{ street: order.address.street, city: \"x\" }", "{ city: \"x\", ^"),
        ("order.address.street", "\"{order.address.^}\""),
        ("l.speed for", "l.^ for"),
        ("tell.parcel", "tell.^"),
        ("run carry(", "run ^("),
        ("retry patient\n", "// call ^\n"),
    ];
    let line = |(what, with): &(&str, &str)| {
        format!("{:32} {}", with.trim().replace('\n', " "), offered(what, with))
    };
    let offered: Vec<_> = places.iter().map(line).collect();
    expect![[r#"
        ^ type Address                   type system retry blueprint test
        kind: t^                         Address text int decimal bool time date duration any one of
        ^   item line where              task each milestone item order accepts on failure deadline one at a time by return
        each ^ where                     line
        after ^ {                        check light lit tell end line
        tell after line.^ {              port light lit
        call ^(kind: "port"              net
        undo net.^                       free reserve
        undo net.free(^)                 id
        retry ^                          patient times
        ^                                undo no undo amend verify timeout retry no retry within ensure on failure on timeout status point of no return else call
        undo net.free(id: result.^)      id unit
        undo net.free(id: result.^       id unit
        undo net.free(id: ^)             result item order check light lit tell end line len lower upper contains starts_with any all sum min max first coalesce ran not if true false null
        ensure result.^                  id unit
        item.action == ^                 add modify delete noChange item order len lower upper contains starts_with any all sum min max first coalesce not if true false null
        until result.state == ^          up down result item order check port lit tell end line len lower upper contains starts_with any all sum min max first coalesce ran not if true false null
        order.^                          address note id external_id category customer priority requested_start requested_completion submitted_at notes items
        ^                                street city
        { city: "x", ^                   street
        "{order.address.^}"              street city
        l.^ for                          id offering action quantity product speed
        tell.^                           parcel finished_at
        run ^(                           carry
        // call ^                        "#]].assert_eq(&offered.join("\n"));
}

#[test]
fn what_a_test_may_say_is_offered_in_it() {
    let waiting =
        "blueprint slow version 1 { item k where true { }  task idle { wait bell { } within 1d } }\n";
    let offered = |line: &str| {
        let text = format!("{LIBRARY}{waiting}test \"t\" {{\n  order file \"a.json\"\n  {line}\n}}\n");
        let labels: Vec<_> = complete(&text).into_iter().map(|candidate| candidate.label).collect();
        format!("{line:26} {}", labels.join(" "))
    };
    let lines = [
        "^",
        "exp^",
        "net.^",
        "net.reserve ^",
        "net.reserve fails at ^",
        "signal ^",
        "signal bell at line.^",
        "operator ^",
        "cancel ^",
        "pause at visit ^",
        "expect item 1 ^",
        "expect ^",
        "expect order ^",
        "expect port ^",
        "expect undone [port, ^]",
        "expect call ^",
        "expect call net.^",
        "expect call net.reserve(^)",
    ];
    let offered: Vec<_> = lines.iter().map(|line| offered(line)).collect();
    expect![[r#"
        ^                          expect signal complete operator cancel at cancel item pause at resume at amend at order file order net
        exp^                       expect signal complete operator cancel at cancel item pause at resume at amend at order file order net
        net.^                      free read reserve
        net.reserve ^              returns fails refuses times out takes
        net.reserve fails at ^     check port light lit tell end idle k line
        signal ^                   bell
        signal bell at line.^      port light lit
        operator ^                 retry complete skip rollback undone accept
        cancel ^                   at after item
        pause at visit ^           after twice
        expect item 1 ^            acknowledged rejected pending inProgress held assessingCancellation pendingCancellation cancelled completed failed
        expect ^                   order item undone untouched residue customer status call no call elapsed refused check port light lit tell end idle k line
        expect order ^             acknowledged rejected pending inProgress held assessingCancellation pendingCancellation cancelled completed partial failed
        expect port ^              waiting ready running unknown succeeded failed held skipped dropped undoing undone undo_failed amending
        expect undone [port, ^]    check port light lit tell end idle k line
        expect call ^              net
        expect call net.^          free read reserve
        expect call net.reserve(^) kind at"#]].assert_eq(&offered.join("\n"));
}

#[test]
fn words_that_belong_together_go_on_from_what_is_there() {
    let found = complete(&LIBRARY.replacen("retry patient\n", "on ^\n", 1));
    let found: Vec<_> = found.iter().map(|c| c.label.as_str()).collect();
    assert_eq!(found, ["failure", "timeout"]);
}

#[test]
fn operations_come_with_the_arguments_they_need() {
    let found = complete(&LIBRARY.replacen("undo net.free(id: result.id)", "call net.^", 1));
    let found: Vec<_> = found.iter().map(|c| format!("{} {} {:?}", c.snippet, c.detail, c.docs)).collect();
    expect![[r#"
        free(id: $1)$0 (id: text) ""
        read(id: $1)$0 (id: text) -> { state: one of "up", "down" } ""
        reserve(kind: $1, at: $2)$0 (kind: text, at: { street: text, city: text }) -> { id: text, unit: text } "Sets a port aside.""#]].assert_eq(&found.join("\n"));
}

#[test]
fn nothing_that_is_typed_makes_completion_or_the_index_fail() {
    let mut analyser = Analyser::new();
    let ends = LIBRARY.char_indices().map(|(at, _)| at);
    for end in ends.step_by(7) {
        let (cut, rest) = LIBRARY.split_at(end);
        for text in [cut.to_owned(), format!("{cut}.{rest}"), format!("{cut}\"é{{{rest}")] {
            let files = vec![("a.blueprint".to_owned(), text)];
            let analysis = analyser.analyse(&files);
            let file = analysis.sources.files().next().unwrap().0;
            analyser.complete(&files, file, end);
            for (id, declaration) in analysis.index.declarations() {
                assert_eq!(analysis.sources.text(declaration.span), declaration.name);
                for at in analysis.index.uses(id) {
                    assert_eq!(analysis.sources.text(at), declaration.name);
                }
            }
        }
    }
}
