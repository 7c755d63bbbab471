//! Plans shown, explained, compared and drawn, all without a server.

use std::fs;
use std::path::{Path, PathBuf};

use insta::{assert_snapshot, with_settings};
use serde_json::json;

use crate::support::{project, run, run_with_input};

/// The sample orders, as paths from the project's folder.
fn orders() -> Vec<String> {
    let entries = fs::read_dir(project().join("blueprints/orders")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<_> = names.map(|name| format!("blueprints/orders/{name}")).collect();
    paths.sort();
    paths
}

/// The blueprints without their tests, with other words for some of `home_fiber`, in a folder of their own.
fn changed(folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
    for entry in fs::read_dir(project().join("blueprints")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".blueprint") && !name.ends_with("_tests.blueprint") {
            let text = fs::read_to_string(&path).unwrap();
            let changes = if name == "home_fiber.blueprint" { changes } else { &[] };
            let text = changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
            fs::write(folder.join(name), text).unwrap();
        }
    }
    folder.to_owned()
}

const NEWER: [(&str, &str); 4] = [
    ("blueprint home_fiber version 1", "blueprint home_fiber version 2"),
    ("timeout 60s\n      retry patient", "timeout 90s\n      retry patient"),
    ("after check_customer when not item.own_cpe", "after check_customer when order.contact != null"),
    ("profile: \"FTTH_{item.speed_mbps}\"", "profile: \"GPON_{item.speed_mbps}\""),
];

#[test]
fn how_long_tasks_take_can_be_said() {
    let order = "blueprints/orders/home_fiber.json";
    let plan = |durations: &str| run_with_input(&["plan", "--order", order, "--durations", "-"], durations);
    let said = plan(r#"{ "check_customer": "2s", "field_work": "3d", "activate[1]": "40s" }"#);
    let path = said.out.split("critical path").nth(1).unwrap();
    assert_snapshot!(path);
    let wrong = plan(r#"{ "field_wrok": "3d" }"#);
    assert_eq!(
        (wrong.code, wrong.err.as_str()),
        (2, "error: the durations name `field_wrok`, and there is no such task\n")
    );
    let wrong = plan(r#"{ "field_work": 3 }"#);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.starts_with("error: how long `field_work` takes is not clear\n"), "{wrong:?}");
    assert_eq!(plan("[]").code, 2);
}

#[test]
fn a_task_is_explained_with_its_rules_and_the_fields_they_read() {
    let mut text = String::new();
    for (order, task) in [
        ("home_fiber_own_cpe", "reserve_ont"),
        ("home_fiber_static_ip", "activate"),
        ("home_fiber_static_ip", "activate[2]"),
        ("home_fiber", "allocate"),
        ("provision_subscriber", "start_billing[1]"),
    ] {
        let order = format!("blueprints/orders/{order}.json");
        let said = run(&["plan", "--order", &order, "--explain", task]);
        assert_eq!(said.code, 0, "{said:?}");
        text.push_str(&format!("═══ {task} of {order}\n\n{}\n", said.out));
    }
    assert_snapshot!(text);

    let shown =
        text.lines().skip_while(|line| line.starts_with('═') || line.is_empty()).take(7).collect::<Vec<_>>();
    let manual = fs::read_to_string(project().join("docs/language.md")).unwrap();
    assert!(manual.contains(&shown.join("\n")), "docs/language.md shows an answer of old");
}

#[test]
fn a_task_is_asked_for_as_blueprints_and_tests_name_it() {
    let explain = |task| run(&["plan", "--order", "blueprints/orders/home_fiber.json", "--explain", task]);
    assert_eq!(explain("fiber.activate").out, explain("activate").out);
    assert_eq!(explain("fiber.activate[1]").out, explain("activate[1]").out);
    assert!(explain("activate").out.starts_with("activate[1]  in the plan"));
    let wrong = explain("tv.activate");
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    let told = "error: `home_fiber@1` has no task `tv.activate`\n  help: there is `fiber.activate`\n";
    assert_eq!(wrong.err, told);
    let order = explain("tv.check_customer");
    assert!(order.err.ends_with("help: there is `check_customer`, for the whole order\n"), "{}", order.err);
}

#[test]
fn an_explanation_is_data_for_programs() {
    let order = "blueprints/orders/home_fiber_own_cpe.json";
    let said = run(&["plan", "--order", order, "--explain", "reserve_ont[1]", "--format", "json"]).json();
    assert_eq!(said[0]["outcome"], "left_out");
    assert_eq!(
        said[0]["rules"][2]["reads"],
        json!([{ "reads": "item.own_cpe", "pointer": "/items/0/attributes/own_cpe", "value": true }])
    );
    assert_eq!(said[0]["rules"][2]["holds"], false);
}

#[test]
fn two_versions_of_blueprints_are_compared_for_all_orders() {
    let folder = tempfile::tempdir().unwrap();
    let newer = changed(folder.path(), &NEWER);
    let orders = orders();
    let mut arguments = vec!["diff", "--with", newer.to_str().unwrap(), "--order"];
    arguments.extend(orders.iter().map(String::as_str));
    let said = run(&arguments);
    with_settings!({ filters => vec![(r"blueprint:\d+", "blueprint:[line]")] }, {
        assert_snapshot!(said.whole());
    });
    arguments.extend(["--format", "json"]);
    let report = run(&arguments).json();
    assert_eq!(report["same"], false);
    let of = |name: &str| orders.iter().position(|order| order.ends_with(name)).unwrap();
    assert_eq!(report["orders"][of("/home_fiber.json")]["difference"]["after"], "home_fiber@2");
}

#[test]
fn nothing_is_different_between_the_same() {
    let order = "blueprints/orders/home_fiber.json";
    let same = "`blueprints/orders/home_fiber.json`: home_fiber@1, no difference: 13 the same\n";
    for other in [["--with", "blueprints"], ["--with-order", order]] {
        let said = run(&[&["diff", "--order", order][..], &other].concat());
        assert_eq!((said.code, said.out.as_str()), (0, same));
    }
}

#[test]
fn two_orders_are_compared() {
    let orders = ["blueprints/orders/home_fiber.json", "blueprints/orders/home_fiber_own_cpe.json"];
    let said = run(&["diff", "--order", orders[0], "--with-order", orders[1]]);
    with_settings!({ filters => vec![(r"blueprint:\d+", "blueprint:[line]")] }, {
        assert_snapshot!(said.whole());
    });
}

#[test]
fn an_order_that_one_side_refuses_is_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let stricter = changed(folder.path(), &[("contact:      text?", "contact: text\n    floor: int")]);
    let stricter = stricter.to_str().unwrap();
    let order = "blueprints/orders/home_fiber_static_ip.json";
    let said = run(&["diff", "--with", stricter, "--order", order]);
    assert_snapshot!(said.whole());
    // What neither takes is the same.
    let said = run(&["diff", "--blueprints", stricter, "--with", stricter, "--order", order]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn pictures_are_printed_or_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("home_fiber.svg");
    let said = run(&["graph", "home_fiber", "-o", file.to_str().unwrap()]);
    assert_eq!(said.whole(), "exit 0\n");
    let written = fs::read_to_string(file).unwrap();
    assert!(written.starts_with("<svg ") && written.contains("<title>home_fiber@1</title>"), "{written}");
    assert_eq!(run(&["graph", "home_fiber@1"]).out, written, "the same graph is the same bytes");
    let order = "blueprints/orders/home_fiber.json";
    assert!(run(&["graph", "--order", order]).out.contains(">activate[1]</text>"));
    assert!(run(&["graph", "--order", order, "--format", "mermaid"]).out.contains("flowchart LR"));
    assert!(run(&["graph", "number_hold", "--format", "dot"]).out.starts_with("digraph \"number_hold@1\""));
}

#[test]
fn what_can_not_be_planned_can_not_be_drawn_and_says_why() {
    let said = run_with_input(&["graph", "--order", "-"], "{}");
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("/customer"), "{said:?}");
    let said = run(&["graph", "home_fiber", "--blueprints", "tests/it/fixtures/ten_errors"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.starts_with("error: the blueprints in `tests/it/fixtures/ten_errors` have errors\n"),
        "{said:?}"
    );
}
