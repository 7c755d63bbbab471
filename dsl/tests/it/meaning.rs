//! The hash of a blueprint follows its meaning, not its text.

use super::compile;

const BASE: &str = r#"
    type Place = { site: text }
    system net { operation take(site: text, count: int = 1) -> { id: text }  operation give(id: text) }
    retry calm = 3 times every 2s
    blueprint b version 1 {
        order { place: Place }
        item line where item.offering == "LINE" { speed: int }
        each line where item.action == add {
            task take when item.speed > 10 {
                call net.take(site: order.place.site)
                retry calm
                undo net.give(id: result.id)
            }
        }
    }"#;

fn hash(text: &str) -> String {
    let compiled = compile(text);
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    let library = compiled.library.expect(&shown);
    library.blueprints()[0].hash().to_string()
}

#[test]
fn layout_comments_and_other_declarations_change_nothing() {
    let respaced = BASE.replace("    ", "\n  ").replace("item.speed > 10", "item.speed   >\n 10 // Mbit/s\n");
    assert_eq!(hash(BASE), hash(&respaced));
    assert_eq!(hash(BASE), hash(&format!("/// Said above.\n{BASE}\ntype Unused = text\n")));
    // A policy by name is the policy.
    assert_eq!(hash(BASE), hash(&BASE.replace("retry calm\n", "retry 3 times every 2s\n")));
}

#[test]
fn whatever_changes_a_plan_changes_the_hash() {
    let changes = [
        ("site: text }", "site: text, room: text? }"),
        ("count: int = 1", "count: int = 2"),
        ("3 times", "4 times"),
        ("version 1", "version 2"),
        ("\"LINE\"", "\"LINES\""),
        ("speed: int", "speed: int = 5"),
        ("== add", "== modify"),
        ("> 10", ">= 10"),
        ("order.place.site", "\"{order.place.site}-1\""),
        ("undo net.give(id: result.id)", "no undo \"kept\""),
    ];
    let mut hashes = vec![hash(BASE)];
    for (from, to) in changes {
        assert!(BASE.contains(from), "{from}");
        hashes.push(hash(&BASE.replace(from, to)));
    }
    let different: std::collections::BTreeSet<_> = hashes.iter().collect();
    assert_eq!(different.len(), hashes.len());
}
