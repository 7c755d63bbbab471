//! What came of tests, and what they reach.

use console::style;
use testing::{
    CoverageDocument, FailureDocument, MomentDocument, ShareDocument, TestDocument, TestsDocument,
};

use super::Table;

/// Longest timeline that is shown whole, in lines. `--format json` has all of any.
const WHOLE: usize = 60;

/// How many lines of a longer one are shown around what matters in it.
const AROUND: usize = 8;

/// Of which tests it is shown what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timelines {
    /// Those that failed.
    OfFailed,
    /// All.
    OfAll,
}

/// Each test in a line; below them those that failed, with what was expected and what happened; and how many there are.
pub(crate) fn test_report(document: &TestsDocument, timelines: Timelines) -> String {
    let mut table = Table::indented(2);
    for test in &document.tests {
        let (verdict, name) = if test.passed {
            (style("ok").green().bold(), style(&test.name))
        } else {
            (style("FAILED").red().bold(), style(&test.name).bold())
        };
        let blueprint = style(&test.blueprint).cyan();
        table.row([verdict.to_string(), test.took.to_string(), blueprint.to_string(), name.to_string()]);
    }
    let mut lines = table.lines();
    let told = |test: &&TestDocument| !test.passed || timelines == Timelines::OfAll;
    for test in document.tests.iter().filter(told) {
        lines.push(String::new());
        lines.extend(story(test));
    }
    lines.push(String::new());
    lines.push(summary(document));
    lines.join("\n")
}

fn summary(document: &TestsDocument) -> String {
    let all = document.passed + document.failed;
    let noun = if all == 1 { "test" } else { "tests" };
    let passed = style(format!("{} passed", document.passed)).green();
    if document.failed == 0 {
        return format!("{all} {noun}: {passed}");
    }
    format!("{all} {noun}: {passed}, {}", style(format!("{} failed", document.failed)).red().bold())
}

/// What happened in a test, and of one that failed what was expected.
fn story(test: &TestDocument) -> Vec<String> {
    let place = style(format!("{}:{}", test.file, test.line)).dim();
    let verdict = if test.passed { style("ok").green().bold() } else { style("FAILED").red().bold() };
    let mut lines = vec![format!("{verdict} {}  {place}", style(&test.name).bold())];
    for failure in &test.failures {
        lines.extend(difference(failure));
    }
    lines.push(format!("  {}", style("what happened").cyan()));
    lines.extend(timeline(test));
    lines
}

fn difference(failure: &FailureDocument) -> Vec<String> {
    let FailureDocument { file, line, says, expected, actual, .. } = failure;
    vec![
        format!("  {}  {}", style(says).yellow(), style(format!("{file}:{line}")).dim()),
        format!("    expected  {expected}"),
        format!("      actual  {actual}"),
    ]
}

fn timeline(test: &TestDocument) -> Vec<String> {
    let count = test.timeline.len();
    let marked: Vec<usize> = test.failures.iter().filter_map(|failure| failure.moment).collect();
    let matters = |n: usize| {
        let near = |place: &usize| n.abs_diff(*place) <= AROUND;
        count <= WHOLE || near(&0) || near(&count.saturating_sub(1)) || marked.iter().any(near)
    };
    let mut table = Table::indented(2);
    let mut left_out = 0;
    for (n, MomentDocument { at, text, .. }) in test.timeline.iter().enumerate() {
        if !matters(n) {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            table.row([String::new(), "…".to_owned(), format!("{left_out} more")]);
            left_out = 0;
        }
        let at = style(format!("+{at}")).dim().to_string();
        if marked.contains(&n) {
            table.row([style(">").red().bold().to_string(), at, style(text).red().to_string()]);
        } else {
            table.row([String::new(), at, text.clone()]);
        }
    }
    table.lines()
}

/// What tests reach of a blueprint, kind by kind, and what they don't.
pub(crate) fn coverage_table(coverage: &CoverageDocument) -> String {
    let noun = if coverage.tests == 1 { "test" } else { "tests" };
    let mut lines = vec![format!("{} · {} {noun}", style(&coverage.blueprint).bold(), coverage.tests)];
    let mut table = Table::indented(2);
    let CoverageDocument { whole, tasks, guards, ensures, undos, reactions, .. } = coverage;
    for (kind, share) in [
        ("tasks", tasks),
        ("guards", guards),
        ("ensures", ensures),
        ("undos", undos),
        ("reactions", reactions),
        ("whole", whole),
    ] {
        if share.of > 0 {
            table.row([kind.to_owned(), format!("{} of {}", share.reached, share.of), percent(*share)]);
        }
    }
    lines.extend(table.lines());
    if !coverage.missed.is_empty() {
        lines.push(format!("  {}", style("reached by no test").cyan()));
        let mut table = Table::indented(4);
        for missed in &coverage.missed {
            let place = style(format!("{}:{}", missed.file, missed.line)).dim();
            table.row([missed.name.clone(), place.to_string()]);
        }
        lines.extend(table.lines());
    }
    lines.join("\n")
}

fn percent(share: ShareDocument) -> String {
    let text = style(format!("{} %", share.percent));
    let text = if share.percent == 100 { text.green() } else { text.yellow() };
    text.to_string()
}
