//! A small blueprint, and tests of it; and the sample blueprints with their orders.

use std::fs;
use std::path::{Path, PathBuf};

use dsl::{Library, SourceMap, render_terminal};
use model::{Fault, Order, OrderId, OrderRequest, Value};
use plan::Plan;
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

/// Where the sample blueprints are.
pub(crate) fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints")
}

/// The files of a folder with an ending, by name.
fn files(folder: &Path, ending: &str) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == ending))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    files.sort();
    files
}

/// The sample blueprints.
pub(crate) fn sample_library() -> (Library, SourceMap) {
    let texts = files(&sample_folder(), "blueprint");
    let texts: Vec<_> =
        texts.into_iter().map(|(name, path)| (name, fs::read_to_string(path).unwrap())).collect();
    let compiled = Library::compile(&texts);
    let told = render_terminal(&compiled.diagnostics, &compiled.sources, false);
    (compiled.library.unwrap_or_else(|| panic!("{told}")), compiled.sources)
}

/// A sample order.
pub(crate) struct Sample {
    /// The name of its file.
    pub(crate) name: String,
    pub(crate) document: serde_json::Value,
    pub(crate) plan: Plan,
}

/// The sample orders, by the names of their files.
pub(crate) fn samples(library: &Library) -> Vec<Sample> {
    let sample = |(name, path): (String, PathBuf)| {
        let document = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let plan = plan_of(library, &document).unwrap();
        Sample { name, document, plan }
    };
    files(&sample_folder().join("orders"), "json").into_iter().map(sample).collect()
}

/// The plan of an order.
pub(crate) fn plan_of(library: &Library, document: &serde_json::Value) -> Result<Plan, Vec<Fault>> {
    let request = OrderRequest::parse(Value::from_json(document.clone()).unwrap())?;
    let order = Order { id: OrderId::NIL, submitted_at: dsl::testing::submitted_at(), request };
    library.select(&order.request)?.plan(&order)
}
