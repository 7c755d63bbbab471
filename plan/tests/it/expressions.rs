//! What expressions come out as, and what is said when they don't.

use model::Value;
use plan::{Arithmetic, BinaryOp, Comparison, Expr, Formula, Function, Operands, Scope, UnaryOp};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn constant(text: &str) -> Expr {
    Expr::Value(json(text))
}

fn binary(op: BinaryOp, on: Operands, left: &str, right: &str) -> Expr {
    Expr::Binary { op, on, left: Box::new(constant(left)), right: Box::new(constant(right)) }
}

fn arithmetic(op: Arithmetic, on: Operands, left: &str, right: &str) -> Expr {
    binary(BinaryOp::Arithmetic(op), on, left, right)
}

fn call(function: Function, on: Operands, arguments: &[&str]) -> Expr {
    Expr::Call { function, on, arguments: arguments.iter().map(|a| constant(a)).collect() }
}

fn evaluate(expr: Expr) -> Result<String, String> {
    let order = json(r#"{"customer": {"id": "C-1"}, "contact": null}"#);
    let scope = Scope::of_order(&order, &[]);
    let formula = Formula { expr, text: "it".to_owned(), line: 7 };
    formula.evaluate(&scope).map(|v| v.to_string()).map_err(|wrong| wrong.to_string())
}

#[track_caller]
fn check(expr: Expr, expected: &str) {
    assert_eq!(evaluate(expr), Ok(expected.to_owned()));
}

#[track_caller]
fn check_error(expr: Expr, problem: &str) {
    assert_eq!(evaluate(expr), Err(format!("`it` on line 7: {problem}")));
}

fn field(of: Expr, name: &str, safe: bool) -> Expr {
    Expr::Field { of: Box::new(of), name: name.to_owned(), safe }
}

#[test]
fn money_is_exact() {
    check(arithmetic(Arithmetic::Add, Operands::Number, "0.1", "0.2"), "0.3");
    check(arithmetic(Arithmetic::Multiply, Operands::Number, "19.99", "3"), "59.97");
    check(arithmetic(Arithmetic::Divide, Operands::Number, "1", "8"), "0.125");
}

#[test]
fn numbers_that_do_not_fit_are_errors() {
    check_error(arithmetic(Arithmetic::Divide, Operands::Number, "1", "0"), "division by zero");
    let huge = "79228162514264337593543950335";
    check_error(
        arithmetic(Arithmetic::Add, Operands::Number, huge, "1"),
        "the result is too large for a decimal",
    );
    check_error(arithmetic(Arithmetic::Add, Operands::Number, "1", "null"), "expected a number, found null");
}

#[test]
fn times_and_durations_reckon() {
    let (at, later) = (r#""2026-02-28T23:30:00.000Z""#, r#""2026-03-01T00:30:00.000Z""#);
    check(arithmetic(Arithmetic::Add, Operands::TimeAndDuration, at, r#""1h""#), later);
    check(arithmetic(Arithmetic::Subtract, Operands::TimeAndDuration, later, r#""1h""#), at);
    check(arithmetic(Arithmetic::Subtract, Operands::Times, later, at), r#""1h""#);
    check(arithmetic(Arithmetic::Multiply, Operands::Duration, r#""90s""#, "2"), r#""3m""#);
    check_error(
        arithmetic(Arithmetic::Subtract, Operands::Times, at, later),
        "`2026-02-28T23:30:00.000Z` is before `2026-03-01T00:30:00.000Z`, and a duration can't be negative",
    );
    check_error(
        arithmetic(Arithmetic::Subtract, Operands::Duration, r#""1s""#, r#""2s""#),
        "the result is not a duration",
    );
    check(binary(BinaryOp::Compare(Comparison::Less), Operands::Duration, r#""90s""#, r#""2m""#), "true");
    check(binary(BinaryOp::Compare(Comparison::Less), Operands::Text, at, later), "true");
}

#[test]
fn and_or_and_coalesce_look_no_further_than_they_must() {
    let wrong = || Box::new(arithmetic(Arithmetic::Divide, Operands::Number, "1", "0"));
    let lazy = |op, left: &str| Expr::Binary {
        op,
        on: Operands::Any,
        left: Box::new(constant(left)),
        right: wrong(),
    };
    check(lazy(BinaryOp::And, "false"), "false");
    check(lazy(BinaryOp::Or, "true"), "true");
    check(lazy(BinaryOp::Coalesce, "1"), "1");
    check_error(lazy(BinaryOp::And, "true"), "division by zero");
}

#[test]
fn missing_values_are_told_apart_from_safe_ones() {
    let contact = || field(Expr::Order, "contact", false);
    check(field(field(Expr::Order, "customer", false), "id", false), r#""C-1""#);
    check(field(contact(), "phone", true), "null");
    check_error(field(contact(), "phone", false), "there is no `phone`: what should have it is missing");
    check_error(field(Expr::Order, "nope", false), "there is no field `nope`");
    check_error(Expr::Text(vec![contact()]), "a value in the text is missing");
}

#[test]
fn texts_take_values_in() {
    let parts = ["\"FTTH_\"", "1000", "\"/\"", "true"].map(constant).to_vec();
    check(Expr::Text(parts), r#""FTTH_1000/true""#);
}

#[test]
fn patterns_match_the_whole_text() {
    check(binary(BinaryOp::Matches, Operands::Text, r#""UTR-7""#, r#""[A-Z]+-[0-9]""#), "true");
    check(binary(BinaryOp::Matches, Operands::Text, r#""UTR-77""#, r#""[A-Z]+-[0-9]""#), "false");
    check_error(binary(BinaryOp::Matches, Operands::Text, r#""a""#, r#""(""#), "`(` is not a pattern");
}

#[test]
fn functions_do_what_their_names_say() {
    let any = Operands::Any;
    check(call(Function::Len, any, &[r#"["a", "b"]"#]), "2");
    check(call(Function::Len, any, &[r#""één""#]), "3");
    check(call(Function::Contains, any, &[r#"["a"]"#, r#""a""#]), "true");
    check(call(Function::StartsWith, any, &[r#""abc""#, r#""ab""#]), "true");
    check(call(Function::All, any, &["[]"]), "true");
    check(call(Function::Any, any, &["[false, true]"]), "true");
    check(call(Function::Sum, Operands::Number, &["[1.5, 2]"]), "3.5");
    check(call(Function::Sum, Operands::Duration, &[r#"["30s", "1m"]"#]), r#""1m30s""#);
    check(call(Function::Max, Operands::Duration, &[r#"["90s", null, "1m"]"#]), r#""90s""#);
    check(call(Function::Min, Operands::Number, &["3", "2"]), "2");
    check(call(Function::Max, Operands::Number, &["[]"]), "null");
    check(call(Function::First, any, &["[]"]), "null");
    check(call(Function::Coalesce, any, &["null", "2"]), "2");
    check_error(call(Function::Len, any, &["1"]), "expected a list or a text, found a number");
}

#[test]
fn a_comprehension_binds_and_filters() {
    let variable = || Expr::Variable("x".to_owned());
    let even = Expr::Binary {
        op: BinaryOp::Compare(Comparison::Greater),
        on: Operands::Number,
        left: Box::new(variable()),
        right: Box::new(constant("1")),
    };
    let expr = Expr::Comprehension {
        each: Box::new(Expr::Unary { op: UnaryOp::Negate, of: Box::new(variable()) }),
        variable: "x".to_owned(),
        of: Box::new(constant("[1, 2, 3]")),
        keep: Some(Box::new(even)),
    };
    check(expr, "[-2,-3]");
}

#[test]
fn an_evaluation_that_takes_too_long_stops() {
    let thousand = Value::List((0..1_100).map(Value::from).collect());
    let inner = |each: Expr, name: &str| Expr::Comprehension {
        each: Box::new(each),
        variable: name.to_owned(),
        of: Box::new(Expr::Value(thousand.clone())),
        keep: None,
    };
    check_error(inner(inner(constant("1"), "y"), "x"), "takes more than 1000000 steps");
}
