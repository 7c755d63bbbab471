//! What the commands that need no server print, and how they end.

use std::fmt::Write as _;

use insta::{assert_snapshot, with_settings};

use crate::support::{orderwright, project, run, run_with_input};

#[test]
fn every_error_of_every_file_is_shown() {
    assert_snapshot!(run(&["check", "tests/it/fixtures/ten_errors"]).whole());
}

#[test]
fn errors_are_data_for_programs() {
    let checked = run(&["check", "tests/it/fixtures/ten_errors", "--format", "json"]);
    assert_eq!(checked.code, 1);
    let report = checked.json();
    assert_eq!((&report["errors"], &report["warnings"]), (&10.into(), &0.into()), "{report}");
    let first = &report["diagnostics"][0];
    assert!(first["code"].is_string() && first["file"].is_string() && first["line"].is_number());
    assert!(first["span"]["end"].as_u64() > first["span"]["start"].as_u64(), "{first}");
}

#[test]
fn the_example_blueprints_are_free_of_errors_and_warnings() {
    let checked = run(&["check", "blueprints"]);
    assert_eq!(checked.whole(), "exit 0\n--- stdout\n13 blueprints and 25 files are free of errors\n");
}

/// The sample orders whose plans are shown as documents as well: between them they have all there is in plans.
const DOCUMENTS: [&str; 5] =
    ["home_fiber_bundle", "migrate_service", "number_hold", "parcel_order", "provision_subscriber"];

#[test]
fn the_plan_of_every_sample_order_is_shown() {
    for name in sample_names() {
        let order = format!("blueprints/orders/{name}.json");
        let tree = run(&["plan", "--blueprints", "blueprints", "--order", &order]);
        assert_eq!(tree.code, 0, "{tree:?}");
        assert_snapshot!(format!("plan_{name}"), tree.out);
        if !DOCUMENTS.contains(&name.as_str()) {
            continue;
        }
        let json = run(&["plan", "--blueprints", "blueprints", "--order", &order, "--format", "json"]);
        with_settings!({ filters => vec![("[0-9a-f]{64}", "[hash]")] }, {
            assert_snapshot!(format!("plan_{name}_json"), json.out);
        });
    }
}

#[test]
fn an_order_is_planned_from_standard_input() {
    let order = "blueprints/orders/home_fiber.json";
    let arguments = |order| ["plan", "--blueprints", "blueprints", "--order", order];
    let piped = run_with_input(&arguments("-"), &std::fs::read_to_string(project().join(order)).unwrap());
    assert_eq!(piped.whole(), run(&arguments(order)).whole());
    let refused = run_with_input(&arguments("-"), "{");
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.starts_with("error: standard input is not JSON\n  because: line 1, column 1"),
        "{refused:?}"
    );
}

#[test]
fn a_name_that_is_given_twice_in_an_order_is_refused_with_its_place() {
    let order = r#"{"customer": {"id": "C-1"}, "items": [{"id": "1", "offering": "A", "id": "2"}]}"#;
    let arguments = ["plan", "--blueprints", "blueprints", "--order", "-"];
    let refused = run_with_input(&arguments, order);
    let told = "error: there is no plan for standard input\n  /items/0/id: `id` is given twice\n";
    assert_eq!((refused.code, refused.err.as_str()), (1, told));
    let refused = run_with_input(&[&arguments[..], &["--format", "json"]].concat(), order);
    assert_eq!(refused.json()["faults"][0]["pointer"], "/items/0/id");
    let refused = run_with_input(&["submit", "-"], order);
    let told = "error: standard input is not a valid document\n  /items/0/id: `id` is given twice\n";
    assert_eq!((refused.code, refused.err.as_str()), (1, told));
}

fn sample_names() -> Vec<String> {
    let entries = std::fs::read_dir(project().join("blueprints/orders")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn an_order_has_the_same_limit_with_and_without_a_server() {
    let large = format!(r#"{{"customer": {{"id": "C-1"}}, "notes": ["{}"]}}"#, "x".repeat(3_000_000));
    let refused = run_with_input(&["plan", "--blueprints", "blueprints", "--order", "-"], &large);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("an order may have at most 1000000 bytes"), "{refused:?}");
}

#[test]
fn misuse_is_told_apart_from_a_no() {
    let nowhere = "00000000-0000-0000-0000-000000000001";
    for (arguments, code) in [
        (&["check"][..], 2),
        (&["check", "no/such/folder"], 2),
        (&["check", "docs"], 2),
        (&["check", "blueprints/shared.blueprint"], 2),
        (&["check", "blueprints", "--format", "yaml"], 2),
        (&["plan", "--order", "no_such_order.json"], 2),
        (&["plan", "--order", "Cargo.toml"], 2),
        (&["plan", "--order", "Cargo.lock", "--blueprints", "docs"], 2),
        (&["plan", "--order", "blueprints/orders/home_fiber.json", "--explain", "no_such_task"], 2),
        (&["plan", "--order", "blueprints/orders/home_fiber.json", "--durations", "Cargo.toml"], 2),
        (&["diff", "--order", "blueprints/orders/home_fiber.json"], 2),
        (&["diff", "--order", "blueprints/orders/home_fiber.json", "--with", "docs"], 2),
        (&["diff", "--order", "a.json", "--with", "blueprints", "--with-order", "b.json"], 2),
        (&["diff", "--order", "no_such_order.json", "--with", "blueprints"], 2),
        (&["graph"], 2),
        (&["graph", "no_such_blueprint"], 2),
        (&["graph", "home_fiber@9"], 2),
        (&["graph", "home_fiber", "-o", "no/such/folder/picture.svg"], 2),
        (&["test", "no/such/folder"], 2),
        (&["test", "--filter", "no such test"], 2),
        (&["test", "--coverage-min", "101"], 2),
        (&["submit", "no_such_order.json"], 2),
        (&["get", "C-1001"], 2),
        (&["get", nowhere, "--url", "ftp://example.org"], 2),
        (&["get", nowhere, "--url", "nowhere"], 2),
        (&["list", "--state", "done"], 2),
        (&["list", "--limit", "0"], 2),
        (&["list", "--late", "soon"], 2),
        (&["residue", "--since", "yesterday"], 2),
        // Nobody can be asked.
        (&["amend", nowhere, "blueprints/orders/home_fiber.json", "--reason", "x", "--json"], 2),
        (&["move", nowhere, "2", "--reason", "x", "--json"], 2),
        (&["cancel", nowhere], 2),
        (&["signal", nowhere, "report", "--payload", "{"], 2),
        (&["retry", nowhere, "activate[", "--note", "x"], 2),
        (&["publish", "docs"], 2),
        (&["serve"], 2),
        (&["serve", "api"], 2),
        (&["nonsense"], 2),
        // Port 1 of this machine: nothing listens there.
        (&["get", nowhere, "--url", "http://127.0.0.1:1"], 3),
        (&["publish", "blueprints", "--url", "http://127.0.0.1:1"], 3),
        (&["residue", "--since", "30d", "--url", "http://127.0.0.1:1"], 3),
        (&["graph", "--order", nowhere, "--url", "http://127.0.0.1:1"], 3),
        (&["check", "blueprints"], 0),
    ] {
        let said = run(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert_eq!(said.err.is_empty(), code == 0, "{arguments:?}: {said:?}");
    }
}

#[test]
fn an_api_that_is_not_there_is_named_with_the_remedy() {
    assert_snapshot!(run(&["list", "--url", "http://127.0.0.1:1"]).whole());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;
    let mut child = orderwright()
        .args(["check", "tests/it/fixtures/ten_errors"])
        .current_dir(project())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

/// Every command there is, by the help of the one above it; the program itself first.
fn commands() -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while let Some(above) = found.get(next).cloned() {
        let help = help(&above);
        let below = help.split_once("\nCommands:\n").map_or("", |(_, list)| list);
        let lines = below.lines().take_while(|line| !line.is_empty());
        // What a line goes on with in the next one stands further in.
        let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        let names = names.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help");
        let below: Vec<Vec<String>> =
            names.map(|name| above.iter().cloned().chain([name.to_owned()]).collect()).collect();
        found.splice(next + 1..next + 1, below);
        next += 1;
    }
    found
}

fn help(command: &[String]) -> String {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let said = run(&words);
    assert_eq!(said.code, 0, "{said:?}");
    said.out
}

#[test]
fn the_help_of_every_command_is_reviewed() {
    let mut text = String::new();
    for command in commands() {
        writeln!(text, "═══ orderwright {}\n\n{}", command.join(" "), help(&command)).unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn every_setting_and_every_command_is_documented() {
    let document = std::fs::read_to_string(project().join("docs/cli.md")).unwrap();
    let commands = commands();
    assert!(commands.len() > 40, "only {} commands were found", commands.len());
    for command in commands.iter().filter(|command| !command.is_empty()) {
        let heading = format!("`orderwright {}", command.join(" "));
        assert!(document.contains(&heading), "{heading} is not in docs/cli.md");
        let options = help(command)
            .lines()
            .filter_map(|line| {
                let option = line
                    .strip_prefix("      --")
                    .or_else(|| line.split_once(", --").map(|(_, rest)| rest))?;
                let name = option.split([' ', '=', '[']).next()?;
                (line.starts_with("  ") && !matches!(name, "help" | "version")).then(|| format!("`--{name}`"))
            })
            .collect::<Vec<_>>();
        for option in options {
            let of = |line: &str| {
                line.contains("all that talk to the API")
                    // It is both of the others.
                    || command.join(" ") == "serve all" && line.contains("`serve ")
                    || [&command[..1], &command[..]]
                        .iter()
                        .any(|named| line.contains(&format!("`{}`", named.join(" "))))
            };
            let row =
                document.lines().any(|line| line.starts_with("| `") && line.contains(&option) && of(line));
            assert!(row, "{option} of {command:?} is in no table of docs/cli.md");
        }
        for variable in
            help(command).split("[env: ").skip(1).map(|rest| rest.split([']', '=']).next().unwrap())
        {
            assert!(document.contains(&format!("| `{variable}` |")), "{variable} is not in docs/cli.md");
        }
    }
}
