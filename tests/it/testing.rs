//! What `orderwright test` prints, and how it ends.

use std::fs;

use insta::assert_snapshot;
use quick_junit::{Report, TestCaseStatus};

use crate::support::{Said, orderwright, said};

const BLUEPRINT: &str = r#"
system net {
  operation reserve(site: text) -> { id: text }
  operation release(id: text)
}
blueprint line version 1 {
  item line where true { fast: bool = false }
  on failure hold
  each line {
    task reserve {
      call net.reserve(site: item.id)
      retry 2 times every 5s
      undo net.release(id: result.id)
    }
    task visit after reserve when item.fast { wait report { ok: bool } within 2d }
  }
}
test "a line is there" {
  order { blueprint: "line", customer: { id: "C" }, items: [{ id: "1", offering: "L", action: add }] }
  expect order completed
}
"#;

const BROKEN: &str = r#"
test "nobody <reports>" {
  order {
    blueprint: "line", customer: { id: "C" },
    items: [{ id: "1", offering: "L", action: add, attributes: { fast: true } }],
  }
  net.reserve fails "busy & away" once
  expect order completed
  expect elapsed at most 1d
}
"#;

/// What the command says in a folder with these tests.
fn test(text: &str, arguments: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("blueprints")).unwrap();
    fs::write(folder.path().join("blueprints/line.blueprint"), text).unwrap();
    let output = orderwright().arg("test").args(arguments).current_dir(folder.path()).output().unwrap();
    said(output)
}

#[test]
fn a_test_that_fails_is_shown_with_what_happened() {
    assert_snapshot!(test(&format!("{BLUEPRINT}{BROKEN}"), &[]).whole());
}

#[test]
fn what_happened_in_tests_that_pass_is_shown_if_it_is_asked_for() {
    let said = test(BLUEPRINT, &["--timeline"]);
    assert_eq!(said.code, 0);
    let made_up = r#"    +0s  reserve[1] calls net.reserve, which answers {"id":"id-1"} (made up)"#;
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines.contains(&made_up) && lines.contains(&"    +0s  the order is completed"), "{}", said.out);
    assert!(!test(BLUEPRINT, &[]).out.contains("what happened"));
}

#[test]
fn what_is_covered_is_shown_and_can_be_asked_for() {
    assert_snapshot!(test(BLUEPRINT, &["--coverage"]).whole());
    assert_eq!(test(BLUEPRINT, &["--coverage-min", "50"]).code, 0);
    let too_little = test(BLUEPRINT, &["--coverage-min", "51"]);
    assert_eq!(too_little.code, 1);
    assert_eq!(too_little.err, "error: the tests reach 50 % of `line@1`, and 51 % are asked for\n");
}

#[test]
fn the_answer_is_data_for_programs() {
    let said = test(&format!("{BLUEPRINT}{BROKEN}"), &["--format", "json", "--coverage"]);
    assert_eq!(said.code, 1);
    let document = said.json();
    assert_eq!((&document["passed"], &document["failed"]), (&1.into(), &1.into()));
    let failed = &document["tests"][1];
    assert_eq!(failed["failures"][0]["says"], "expect order completed");
    let marked = failed["failures"][0]["moment"].as_u64().unwrap();
    let moment = &failed["timeline"][usize::try_from(marked).unwrap()];
    assert_eq!((moment["task"].as_str(), moment["at"].as_str()), (Some("visit[1]"), Some("2d5s")));
    assert_eq!(document["coverage"][0]["tasks"]["percent"], 100);
}

#[test]
fn ci_systems_read_the_answer_as_junit() {
    let said = test(&format!("{BLUEPRINT}{BROKEN}"), &["--format", "junit"]);
    assert_eq!(said.code, 1);
    let report = Report::deserialize_from_str(&said.out).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
    let suite = &report.test_suites[0];
    assert_eq!(suite.name.as_str(), "blueprints/line.blueprint");
    let failed = &suite.test_cases[1];
    assert_eq!(failed.name.as_str(), "nobody <reports>");
    let TestCaseStatus::NonSuccess { message, description, .. } = &failed.status else {
        panic!("{:?}", failed.status)
    };
    assert!(message.as_ref().unwrap().as_str().starts_with("expected the order to be completed"));
    assert!(description.as_ref().unwrap().as_str().contains("which fails: busy & away"));
}

#[test]
fn tests_are_chosen_by_a_text_in_their_names() {
    let both = format!("{BLUEPRINT}{BROKEN}");
    let chosen = test(&both, &["--filter", "is there"]);
    assert_eq!((chosen.code, chosen.out.lines().count()), (0, 3), "{chosen:?}");
    let none = test(&both, &["--filter", "is not there"]);
    assert_eq!(none.code, 2);
    assert_eq!(none.err, "error: no test below `blueprints` has `is not there` in its name\n");
}

#[test]
fn errors_of_blueprints_and_of_tests_are_shown_as_check_does() {
    let wrong = BLUEPRINT.replace("expect order completed", "expect order complete");
    let said = test(&wrong, &[]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("error[BP0608]") && said.out.contains("blueprints/line.blueprint:"),
        "{said:?}"
    );
}
