//! What came of tests as JUnit XML, which CI systems read.

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use testing::{FailureDocument, TestDocument, TestsDocument};

/// A report with a suite for each file. How long a test took in virtual time is a property: CI systems add up times.
///
/// # Errors
/// Never for what tests say; the library's writer may fail.
pub(crate) fn junit(document: &TestsDocument) -> Result<String, SerializeError> {
    let mut report = Report::new("orderwright test");
    for tests in document.tests.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = tests.first() else { continue };
        let mut suite = TestSuite::new(first.file.as_str());
        suite.add_test_cases(tests.iter().map(case));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(test: &TestDocument) -> TestCase {
    let mut case = TestCase::new(test.name.as_str(), status(test));
    case.set_classname(test.blueprint.as_str());
    case.add_property(Property::new("virtual_time", test.took.to_string()));
    case.add_property(Property::new("order_state", test.state.as_str()));
    case.add_property(Property::new("line", test.line.to_string()));
    case
}

fn status(test: &TestDocument) -> TestCaseStatus {
    let Some(first) = test.failures.first() else { return TestCaseStatus::success() };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let more = match test.failures.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    status.set_message(format!("expected {}: {}{more}", first.expected, first.actual));
    status.set_type("expectation");
    status.set_description(description(test));
    status
}

fn description(test: &TestDocument) -> String {
    let mut lines = Vec::new();
    for FailureDocument { file, line, says, expected, actual, .. } in &test.failures {
        lines.push(format!("{file}:{line}: {says}"));
        lines.push(format!("  expected {expected}"));
        lines.push(format!("  actual   {actual}"));
    }
    lines.push("what happened:".to_owned());
    for (n, moment) in test.timeline.iter().enumerate() {
        let marked = test.failures.iter().any(|failure| failure.moment == Some(n));
        lines.push(format!("{} +{} {}", if marked { ">" } else { " " }, moment.at, moment.text));
    }
    lines.join("\n")
}
