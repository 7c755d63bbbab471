//! Whatever is written, the compiler says what is wrong with it, soon, and never falls over.

mod generate;
mod properties;

use std::fmt::Write as _;

use dsl::{Compiled, Library, Severity};

use super::compile;

/// Most faults that one run reports, and one more that says how many there are besides.
const REPORTED: usize = 51;

fn codes(compiled: &Compiled) -> Vec<String> {
    compiled.diagnostics.iter().map(|d| d.code.to_string()).collect()
}

/// What holds of every outcome, whatever was compiled.
fn is_sound(compiled: &Compiled) {
    let errors = compiled.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(compiled.library.is_none(), errors);
    assert!(compiled.diagnostics.len() <= REPORTED);
    for diagnostic in &compiled.diagnostics {
        for label in &diagnostic.labels {
            let file = compiled.sources.file(label.span.file).expect("a label is in a file");
            assert!(
                file.text.get(label.span.start..label.span.end).is_some(),
                "{diagnostic:?} points between characters"
            );
        }
    }
    // Rendering reads every place.
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, true);
    assert_eq!(shown.is_empty(), compiled.diagnostics.is_empty());
    let document = dsl::DiagnosticsDocument::new(&compiled.diagnostics, &compiled.sources);
    assert_eq!(document.diagnostics.len(), compiled.diagnostics.len());
}

fn in_condition(expression: &str) -> Compiled {
    compile(&format!("blueprint b version 1 {{ accepts order where {expression} }}"))
}

#[test]
fn ten_thousand_brackets_are_a_diagnostic() {
    for bracket in ["(", "[", "{", "{ a: ", "[[", "f(", "a[", "a.f(", "(1, "] {
        let compiled = in_condition(&bracket.repeat(10_000));
        assert_eq!(codes(&compiled), ["BP0002"], "{bracket}");
        is_sound(&compiled);
    }
    let types = compile(&format!("type A = {}text{}", "[".repeat(10_000), "]".repeat(10_000)));
    assert_eq!(codes(&types), ["BP0002"]);
    let generics = compile(&format!("type A = {}text{}", "list<".repeat(10_000), ">".repeat(10_000)));
    assert!(generics.library.is_none());
    is_sound(&generics);
}

#[test]
fn values_of_one_another_are_found_however_many_there_are() {
    const VALUES: usize = 3_000;
    let mut text = "blueprint b version 1 {\n  item line where true { }\n".to_owned();
    // Each reads the next, which is computed further down.
    for n in 0..VALUES {
        writeln!(text, "  task t{n} {{ let t{} + 1 }}", n + 1).unwrap();
    }
    writeln!(text, "  task t{VALUES} {{ let 1 }}\n  task last {{ let upper(t0) }}\n}}").unwrap();
    let compiled = compile(&text);
    assert_eq!(codes(&compiled), ["BP0301"], "a number is no text, through all of them");
    is_sound(&compiled);
    let circle = compile(&text.replace("let 1 }", "let t0 }"));
    assert!(codes(&circle).contains(&"BP0401".to_owned()));
    is_sound(&circle);
}

#[test]
fn blueprints_that_run_each_other_end_somewhere() {
    let chain = |length: usize, last: &str| {
        let mut text = "blueprint b version 1 { item line where true { }  task t { run b0() } }\n".to_owned();
        for n in 0..length {
            writeln!(text, "blueprint b{n}() {{ task t {{ run b{}() }} }}", n + 1).unwrap();
        }
        writeln!(text, "blueprint b{length}() {{ task t {{ {last} }} }}").unwrap();
        compile(&text)
    };
    assert!(codes(&chain(15, "sleep 5m")).is_empty());
    assert_eq!(codes(&chain(16, "sleep 5m")), ["BP0002"]);
    assert_eq!(codes(&chain(2_000, "sleep 5m")), ["BP0002"]);
    let circle = chain(2_000, "run b0()");
    assert_eq!(codes(&circle), ["BP0507"]);
    is_sound(&circle);
}

#[test]
fn conditions_of_many_cases_are_left_alone() {
    let either = |n: usize| format!("(order.category == \"a{n}\" or order.category == \"b{n}\")");
    let all: Vec<_> = (0..60).map(either).collect();
    let text = format!(
        "blueprint b version 1 {{\n  accepts order where {}\n  item line where true {{ }}\n  task t {{ sleep 5m }}\n}}",
        all.join(" and ")
    );
    // It never holds, and is told so only as far as that can be seen at once.
    is_sound(&compile(&text));
}

#[test]
fn depth_without_brackets_is_a_diagnostic() {
    for (start, more, end) in [
        ("", "not ", "true"),
        ("1", " + 1", ""),
        ("", "-", "1"),
        ("order", ".a", ""),
        ("", "if true then ", "1"),
        ("null", " ?? null", ""),
        ("", "\"{", "1"),
        ("true", " and true", ""),
        ("true", " && true", ""),
        ("", "!", "true"),
        ("true", " ? true", ""),
        ("true", " ? true : true", ""),
        ("1", " ==", ""),
        ("order", ".f()", ""),
        ("order", "[1]", ""),
    ] {
        let compiled = in_condition(&format!("{start}{}{end}", more.repeat(10_000)));
        assert!(compiled.library.is_none(), "{more}");
        is_sound(&compiled);
    }
}

#[test]
fn ten_thousand_blocks_in_one_another_are_a_diagnostic() {
    for block in [
        "blueprint b version 1 { ",
        "system s { ",
        "type A = { a: ",
        "each x { ",
        "task t { ",
        "item x where true { ",
        "order { a: ",
        "if a { task t { ",
        "test \"t\" { ",
        "test \"t\" { order { a: ",
        "wait w { a: ",
        "let { a: ",
        "\"{\"{",
        "task t { let \"{",
        "[x for x in [",
        "if (",
    ] {
        for start in ["", "blueprint b version 1 { ", "blueprint b version 1 { task t { "] {
            let text = format!("{start}{}", block.repeat(10_000));
            let compiled = compile(&text);
            assert!(compiled.library.is_none(), "{start}{block}");
            is_sound(&compiled);
            assert!(dsl::format(&text).is_err(), "{start}{block}");
        }
    }
}

#[test]
fn what_is_deep_but_not_too_deep_is_read() {
    let deep = format!("{}true{}", "(".repeat(60), ")".repeat(60));
    let wide = format!("true{}", " and true".repeat(60));
    let text = |condition: &str| {
        format!(
            "system s {{ query q() }}
            blueprint b version 1 {{ accepts order where {condition} item x where true {{ }} task t {{ call s.q() }} }}"
        )
    };
    for condition in [deep, wide] {
        assert_eq!(codes(&compile(&text(&condition))), Vec::<String>::new());
    }
}

#[test]
fn sizes_have_limits() {
    let comment = |bytes: usize| format!("//{}", "x".repeat(bytes - 2));
    assert_eq!(codes(&compile(&comment(1_000_000))), Vec::<String>::new());
    assert_eq!(codes(&compile(&comment(1_000_001))), ["BP0001"]);
    let files: Vec<_> = (0..11).map(|n| (format!("{n}"), comment(950_000))).collect();
    assert_eq!(codes(&Library::compile(&files)), ["BP0001"]);
    assert_eq!(codes(&Library::compile(&files[..10])), Vec::<String>::new());
}

#[test]
fn types_that_double_at_every_step_are_a_diagnostic() {
    let mut text = "type T0 = text\n".to_owned();
    for n in 1..40 {
        writeln!(text, "type T{n} = {{ a: T{}, b: T{} }}", n - 1, n - 1).unwrap();
    }
    let compiled = compile(&text);
    assert!(codes(&compiled).contains(&"BP0002".to_owned()));
    is_sound(&compiled);
}

#[test]
fn more_faults_than_anybody_reads_are_counted() {
    let text: String = (0..500).fold(String::new(), |mut text, n| {
        writeln!(text, "type T{n} = nothing{n}").unwrap();
        text
    });
    let compiled = compile(&text);
    assert_eq!(compiled.diagnostics.len(), 51);
    assert_eq!(compiled.diagnostics[50].title, "450 more faults are not shown");
}

#[test]
fn thousands_of_broken_lines_are_read_in_reasonable_time() {
    for line in [
        "task a {\n",
        "}\n",
        "call a.b(c: {\n",
        "\"\n",
        "type A = {\n",
        "blueprint b version 1 {\n",
        "@ $\n",
        "if a { task b {\n",
        "if a { task b { } \n",
        "a < b[c.d(e ? f : \n",
    ] {
        is_sound(&compile(&line.repeat(3_000)));
        is_sound(&compile(&format!("blueprint b version 1 {{ {}", line.repeat(3_000))));
    }
}
