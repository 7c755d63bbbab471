//! A small blueprint, and tests of it.

use dsl::{Library, SourceMap};
use model::Value;
use testing::{Coverage, Outcome, TestsDocument};

/// Lines of a shop: each is reserved, made ready, switched on and checked.
const BLUEPRINT: &str = r#"
system crm { query check(customer: text) -> { eligible: bool, reason: text } }
system net {
  operation reserve(line: text) -> { id: text, port: int }
  operation release(id: text)
  operation switch_on(id: text, mbps: int) -> { service: text }
  operation switch_off(service: text)
  query     read(service: text) -> { state: one of "up", "down" }
}
system billing { operation start(account: text) }

blueprint shop version 1 {
  accepts order where order.category == "shop"
  item line where item.offering == "LINE" { mbps: int, inspected: bool = false }
  item gift where true { }

  on failure rollback

  task check {
    call crm.check(customer: order.customer.id)
    timeout 5s
    retry 3 times every 1s
    ensure result.eligible else reject "not eligible: {result.reason}"
    status "Checking"
  }
  each line {
    task reserve after check {
      call net.reserve(line: item.id)
      else call net.reserve(line: "any")
      timeout 10s
      retry 2 times every 2s
      undo net.release(id: result.id)
    }
    task visit after reserve when item.inspected {
      wait report { ok: bool } within 2d
      ensure result.ok else hold "the visit went wrong" for customer
      on timeout hold "nobody came"
    }
    task switch_on after visit {
      call net.switch_on(id: reserve.id, mbps: item.mbps)
      timeout 1m
      retry 3 times every 10s doubling
      undo net.switch_off(service: result.service)
      on failure hold "the line is not up"
      status "Switching on"
    }
    task confirm after switch_on when reserve.port > 7 { manual "Call the customer" for sales { said: text } within 1d }
  }
  task bill after line.switch_on, line.confirm {
    call billing.start(account: order.customer.id)
    point of no return
  }
  milestone done after bill status "Done"
}
"#;

/// Two lines, the second of which is inspected.
const ORDER: &str = r#"
  order {
    category: "shop", customer: { id: "C-1" },
    items: [
      { id: "1", offering: "LINE", action: add, attributes: { mbps: 100 } },
      { id: "2", offering: "LINE", action: add, attributes: { mbps: 200, inspected: true } },
    ],
  }
"#;

/// What comes of tests of the blueprint, each with its name and what it says besides the order.
pub(crate) fn outcomes(tests: &[(&str, &str)]) -> (Library, Vec<Outcome>, SourceMap) {
    let block = |(name, lines): &(&str, &str)| format!("test \"{name}\" {{{ORDER}{lines}\n}}\n");
    let tests: String = tests.iter().map(block).collect();
    compile(&format!("{BLUEPRINT}{tests}"))
}

/// What comes of the tests in a text.
pub(crate) fn compile(text: &str) -> (Library, Vec<Outcome>, SourceMap) {
    let compiled = Library::compile(&[("shop.blueprint".to_owned(), text.to_owned())]);
    let told = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    let library = compiled.library.unwrap_or_else(|| panic!("{told}"));
    let (bound, wrong) =
        library.bind_all(|_: &str| -> Result<Value, String> { Err("no files here".to_owned()) });
    assert!(wrong.is_empty(), "{}", dsl::render_terminal(&wrong, &compiled.sources, false));
    let outcomes = bound.iter().map(testing::run).collect();
    (library, outcomes, compiled.sources)
}

/// What comes of one test.
pub(crate) fn outcome(lines: &str) -> Outcome {
    outcomes(&[("a story", lines)]).1.remove(0)
}

/// Runs a test that must pass.
#[track_caller]
pub(crate) fn passes(lines: &str) -> Outcome {
    let outcome = outcome(lines);
    assert!(outcome.passed(), "{:#?}\n{}", outcome.failures, timeline(&outcome));
    outcome
}

/// What is wrong with a test, as lines: what it says, what was expected, and what came.
pub(crate) fn failures(lines: &str) -> String {
    let (_, outcomes, sources) = outcomes(&[("a story", lines)]);
    let document = TestsDocument::new(&outcomes, None, &sources);
    let line = |failure: &testing::FailureDocument| {
        format!("{}\n  expected {}\n  actual   {}\n", failure.says, failure.expected, failure.actual)
    };
    document.tests[0].failures.iter().map(line).collect()
}

/// What happened, line by line; what is marked has a `>`.
pub(crate) fn timeline(outcome: &Outcome) -> String {
    let marked = |n| outcome.failures.iter().any(|failure| failure.moment == Some(n));
    let line = |(n, moment): (usize, &testing::Moment)| {
        let mark = if marked(n) { ">" } else { "|" };
        format!("+{} {mark} {}\n", moment.at, moment.text)
    };
    outcome.timeline.iter().enumerate().map(line).collect()
}

/// What tests reach, as it is documented.
pub(crate) fn coverage(tests: &[(&str, &str)]) -> TestsDocument {
    measured(outcomes(tests))
}

/// What the tests in a text reach.
pub(crate) fn coverage_of(text: &str) -> TestsDocument {
    measured(compile(text))
}

fn measured((library, outcomes, sources): (Library, Vec<Outcome>, SourceMap)) -> TestsDocument {
    let mut coverage = Coverage::default();
    outcomes.iter().for_each(|outcome| coverage.add(outcome));
    TestsDocument::new(&outcomes, Some(&coverage.of(&library)), &sources)
}
