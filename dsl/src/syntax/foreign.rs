//! What people bring along from other languages, and how the same is said here.
//!
//! The grammar reads these forms so that they can be explained; a form that means something here is then read as that.

use plan::{Arithmetic, BinaryOp, Comparison, Function};

use rust_decimal::Decimal;

use super::trouble::Context;
use super::{Pair, Reader, Rule, child};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::listing;
use crate::syntax::build::one_line;
use crate::syntax::tree::Expr;

/// What an operator of another language is here.
#[derive(Clone, Copy)]
enum Meant {
    /// This one.
    Operator(BinaryOp, &'static str),
    /// No operator; what says the same.
    Nothing(&'static str),
}

/// The operators that `grammar.pest` reads as `wrong_infix`.
const OPERATORS: [(&[&str], Meant); 21] = [
    (&["&&", "&", "AND"], Meant::Operator(BinaryOp::And, "and")),
    (&["||", "|", "OR"], Meant::Operator(BinaryOp::Or, "or")),
    (&["=", "===", "is", "equals"], Meant::Operator(BinaryOp::Equal, "==")),
    (&["!==", "<>", "is not"], Meant::Operator(BinaryOp::NotEqual, "!=")),
    (&["=~", "like"], Meant::Operator(BinaryOp::Matches, "matches")),
    (&["IN"], Meant::Operator(BinaryOp::In, "in")),
    (&["?:"], Meant::Operator(BinaryOp::Coalesce, "??")),
    (&["≠"], Meant::Operator(BinaryOp::NotEqual, "!=")),
    (&["≤"], Meant::Operator(BinaryOp::Compare(Comparison::LessOrEqual), "<=")),
    (&["≥"], Meant::Operator(BinaryOp::Compare(Comparison::GreaterOrEqual), ">=")),
    (&["–", "−"], Meant::Operator(BinaryOp::Arithmetic(Arithmetic::Subtract), "-")),
    (&["×"], Meant::Operator(BinaryOp::Arithmetic(Arithmetic::Multiply), "*")),
    (&["÷"], Meant::Operator(BinaryOp::Arithmetic(Arithmetic::Divide), "/")),
    (&["=>"], Meant::Nothing("write what is done with each element: `[x for x in LIST where CONDITION]`")),
    (
        &[".."],
        Meant::Nothing("compare with both ends, `a >= 1 and a <= 3`; texts are put together by `\"{a}{b}\"`"),
    ),
    (&["between"], Meant::Nothing("compare with both ends: `a >= 1 and a <= 3`")),
    (
        &["+=", "-=", "*=", "/=", "++"],
        Meant::Nothing(
            "nothing is changed here: a task computes a value, `let a + 1`, and others use it by its name",
        ),
    ),
    (&["not in"], Meant::Nothing("write `not` in front of it all: `not a in b`")),
    (&["contains"], Meant::Nothing("write the function: `contains(whole, part)`")),
    (&["%"], Meant::Nothing("there is no remainder: `+`, `-`, `*` and `/` are what numbers have")),
    (&["**", "^"], Meant::Nothing("there are no powers: `+`, `-`, `*` and `/` are what numbers have")),
];

/// Names that other languages have for functions of this one.
const FUNCTIONS: [(&str, Function); 17] = [
    ("length", Function::Len),
    ("size", Function::Len),
    ("count", Function::Len),
    ("startswith", Function::StartsWith),
    ("hasprefix", Function::StartsWith),
    ("includes", Function::Contains),
    ("has", Function::Contains),
    ("indexof", Function::Contains),
    ("tolower", Function::Lower),
    ("tolowercase", Function::Lower),
    ("lowercase", Function::Lower),
    ("toupper", Function::Upper),
    ("touppercase", Function::Upper),
    ("uppercase", Function::Upper),
    ("some", Function::Any),
    ("exists", Function::Any),
    ("every", Function::All),
];

/// The operator of ours that one of another language stands for.
pub(super) fn foreign_meaning(written: &str) -> Option<BinaryOp> {
    if let Meant::Operator(op, _) = meant(&one_line(written)) { Some(op) } else { None }
}

fn meant(written: &str) -> Meant {
    // `between 1 and`
    let written = if written.starts_with("between ") { "between" } else { written };
    let known = OPERATORS.into_iter().find(|(spellings, _)| spellings.contains(&written));
    known.map_or(Meant::Nothing("leave it out"), |(_, meant)| meant)
}

/// The function of ours that a name of another language stands for.
pub(crate) fn function(name: &str) -> Option<&'static str> {
    let plain = name.replace('_', "").to_ascii_lowercase();
    let own = Function::ALL.iter().find(|(known, _)| known.replace('_', "") == plain);
    let function = match own {
        Some((_, function)) => *function,
        None => FUNCTIONS.iter().find(|(known, _)| *known == plain)?.1,
    };
    Function::ALL.iter().find(|(_, known)| *known == function).map(|(name, _)| *name)
}

/// Why there is no function of a name that other languages have.
pub(crate) fn unforeseen(name: &str) -> Option<&'static str> {
    Some(match name.replace('_', "").to_ascii_lowercase().as_str() {
        "now" | "today" | "date" | "time" | "timestamp" | "sysdate" | "clock" => {
            "there is no clock: an order has `submitted_at`, and a task that is done `finished_at`"
        }
        "random" | "rand" | "uuid" | "guid" | "newid" | "uuidv4" => {
            "there is no chance: the same order gives the same plan; `order.id` is different for every order"
        }
        "concat" | "join" | "format" | "sprintf" | "str" | "string" | "tostring" | "text" => {
            "values are put into a text: `\"{a} and {b}\"`"
        }
        "filter" | "map" | "select" | "where" => "write `[x.field for x in LIST where CONDITION]`",
        _ => return None,
    })
}

/// The type of ours that a name of another language stands for.
pub(crate) fn type_name(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" | "uuid" | "id" => "text",
        "integer" | "int32" | "int64" | "long" | "short" | "uint" => "int",
        "number" | "float" | "double" | "money" | "numeric" | "currency" => "decimal",
        "boolean" | "flag" => "bool",
        "datetime" | "timestamp" | "instant" => "time",
        "object" | "map" | "json" | "dict" | "unknown" => "any",
        "interval" | "timespan" | "period" => "duration",
        _ => return None,
    })
}

/// The duration of ours that an amount of another language is: `30 seconds`, `1.5h`, `PT30S`.
pub(super) fn duration(written: &str) -> Option<String> {
    let mut plain = written.to_ascii_lowercase();
    for start in ["for ", "after ", "of ", "in "] {
        plain = plain.strip_prefix(start).map(str::to_owned).unwrap_or(plain);
    }
    if let Some(iso) = plain.strip_prefix("pt") {
        return iso.parse::<model::Duration>().is_ok().then(|| iso.to_owned());
    }
    let number = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at_checked(number)?;
    // Each with the next smaller unit, and how many of it there are.
    let (unit, smaller, many) = match unit.trim() {
        "ms" | "millisecond" | "milliseconds" => ("ms", "ms", 1),
        "s" | "sec" | "secs" | "second" | "seconds" => ("s", "ms", 1_000),
        "m" | "min" | "mins" | "minute" | "minutes" => ("m", "s", 60),
        "h" | "hr" | "hrs" | "hour" | "hours" => ("h", "m", 60),
        "d" | "day" | "days" => ("d", "h", 24),
        "w" | "week" | "weeks" => ("w", "d", 7),
        _ => return None,
    };
    let ours = match number.parse::<u64>() {
        Ok(whole) => format!("{whole}{unit}"),
        Err(_) => {
            let parts = number.parse::<Decimal>().ok()?.checked_mul(Decimal::from(many))?;
            format!("{}{smaller}", parts.is_integer().then(|| parts.normalize())?)
        }
    };
    ours.parse::<model::Duration>().is_ok().then_some(ours)
}

/// The value of ours that a name of another language stands for.
pub(crate) fn literal(name: &str) -> Option<&'static str> {
    Some(match name {
        "none" | "None" | "nil" | "undefined" | "NULL" | "Null" | "nothing" | "missing" => "null",
        "True" | "TRUE" | "yes" => "true",
        "False" | "FALSE" | "no" => "false",
        _ => return None,
    })
}

/// What there is in place of loops.
pub(super) const NO_LOOPS: &str =
    "there are no loops: write another round as tasks of its own, or ask again with `poll`";

/// How what a word begins elsewhere is said in a place here.
pub(super) fn word(context: Context, word: &str) -> Option<&'static str> {
    Some(match (context, word) {
        (
            Context::Declaration,
            "it" | "describe" | "scenario" | "feature" | "spec" | "case" | "suite" | "testcase" | "tests",
        ) => "write `test \"what it shows\" { … }`",
        (
            Context::Test,
            "assert" | "then" | "should" | "verify" | "check" | "ensure" | "require" | "expects",
        ) => "write `expect order completed`, `expect TASK succeeded`, `expect undone [TASK, TASK]`",
        (Context::Test, "mock" | "stub" | "when" | "fake" | "let" | "call" | "system" | "reply") => {
            "leave it out, and say what the system does: `system.operation returns { field: value }`"
        }
        (Context::Test, "given" | "input" | "submit" | "place") => {
            "write `order { customer: { id: \"C-1\" }, items: [ … ] }`, or `order file \"orders/one.json\"`"
        }
        (Context::Test, "send" | "receive" | "event" | "message" | "emit" | "wait") => {
            "write `signal NAME { field: value } at TASK after 2d`"
        }
        (Context::Test, "approve" | "manual" | "do" | "finish" | "answer") => {
            "write `complete TASK { field: value }`"
        }
        (Context::Test, "retry" | "rollback") => {
            "write `operator retry at TASK`, or `operator rollback at TASK`"
        }
        (Context::Test, "change" | "modify" | "update") => {
            "write `amend at TASK { items[\"1\"].attributes.field: value }`"
        }
        (Context::Test, "abort" | "stop") => "write `cancel at TASK`",
        (Context::Test, "and" | "also" | "but") => "leave it out: each line says one thing",
        (Context::Declaration, "enum" | "choice") => "write `type NAME = one of \"a\", \"b\"`",
        (
            Context::Declaration,
            "record" | "struct" | "class" | "message" | "interface" | "schema" | "object",
        ) => "write `type NAME = { field: type }`",
        (
            Context::Declaration,
            "import" | "include" | "use" | "using" | "require" | "from" | "package" | "module" | "namespace",
        ) => "leave it out: every file of a folder sees everything that is declared in the others",
        (Context::Declaration, "service" | "api" | "connector" | "adapter" | "client" | "provider") => {
            "write `system NAME { … }`"
        }
        (
            Context::Declaration,
            "workflow" | "process" | "flow" | "plan" | "saga" | "pipeline" | "orchestration",
        ) => "write `blueprint NAME version 1 { … }`",
        (
            Context::System,
            "op" | "method" | "rpc" | "function" | "func" | "fn" | "get" | "post" | "put" | "delete"
            | "action" | "endpoint" | "mutation" | "command",
        ) => "write `operation` for what changes something, and `query` for what only reads",
        (Context::Blueprint | Context::Each, "if" | "unless" | "switch" | "when") => {
            "a condition is part of what it decides: `task NAME when … { … }`, `each KIND where … { … }`"
        }
        (Context::Blueprint | Context::Each | Context::TaskHead, "for" | "foreach" | "for_each") => {
            "`each KIND { … }` repeats its tasks for every item of a kind"
        }
        (
            Context::Blueprint | Context::Each | Context::TaskHead | Context::Task,
            "loop" | "while" | "repeat" | "until" | "foreach" | "for_each",
        ) => NO_LOOPS,
        (Context::Blueprint | Context::Each, "step" | "action" | "activity" | "job" | "node" | "do") => {
            "write `task NAME { … }`"
        }
        (
            Context::Blueprint | Context::Each,
            "parallel" | "sequence" | "sequential" | "steps" | "tasks" | "stage" | "phase" | "group"
            | "branch",
        ) => "leave it out: tasks run at the same time, unless one waits for another with `after`",
        (Context::Blueprint | Context::Each, "var" | "const" | "let" | "set" | "def") => {
            "a task computes a value: `task NAME { let VALUE }`"
        }
        (Context::Task, "var" | "const" | "set" | "def" | "compute") => {
            "write `let VALUE`, in a task of its own: others read it by the name of the task"
        }
        (Context::TaskHead, "and" | "or") => "tasks are separated by `,`",
        (Context::TaskHead, "exists" | "present" | "given" | "set") => {
            "whether something is there is asked by `!= null`"
        }
        (Context::TaskHead, "unless") => "write `when not CONDITION`",
        (Context::TaskHead, "before" | "then") => {
            "a task says what it waits for: write `after` at the other one"
        }
        (Context::Blueprint | Context::Each, "then") => {
            "a task says what it waits for: `task NAME after TASK { … }`"
        }
        (Context::Blueprint | Context::Each, "async" | "await") => {
            "leave it out: tasks run at the same time, unless one waits for another with `after`"
        }
        (Context::Task, "try") => "leave it out: `on failure` says what happens when the task fails",
        (Context::Task, "with" | "backoff" | "exponential" | "max" | "delay_between") => {
            "write `retry 3 times every 2s doubling up to 1m`"
        }
        (Context::Task, "for") => {
            "write `hold \"why\"` for people who look after orders, or `hold \"why\" for customer`"
        }
        (Context::Task, "return" | "yield" | "result" | "output") => {
            "leave it out: what a `call` answers goes by the name of the task, and `let VALUE` computes something else"
        }
        (Context::Task, "invoke" | "execute" | "exec" | "request" | "send" | "do") => {
            "write `call system.operation(name: value)`"
        }
        (Context::Task, "compensate" | "compensation" | "revert" | "rollback") => {
            "write `undo system.operation(name: value)`"
        }
        (Context::Task, "catch" | "on_error" | "onerror" | "on_failure" | "error") => {
            "write `on failure rollback`"
        }
        (Context::Task, "on_timeout") => "write `on timeout rollback`",
        (Context::Task, "assert" | "check" | "expect" | "require" | "validate") => {
            "write `ensure CONDITION else rollback \"why\"`"
        }
        (Context::Task, "retries" | "attempts" | "max_attempts") => "write `retry 3 times every 2s`",
        (Context::Task, "signal" | "receive" | "await" | "event") => {
            "write `wait SIGNAL { field: type } within 10d`"
        }
        (Context::Task, "depends_on" | "depends" | "needs" | "requires") => {
            "write `after` in the head of the task, before its `{`"
        }
        (Context::Task, "delay" | "pause" | "timer") => "write `sleep 10m`, or `sleep until TIME`",
        (Context::Task, "approve" | "approval" | "human" | "user_task" | "todo" | "ask") => {
            "write `manual \"what to do\" for ROLE { field: type } within 2d`"
        }
        (Context::Task, "start" | "spawn" | "subflow" | "subprocess" | "child") => {
            "write `run BLUEPRINT(name: value)`"
        }
        (Context::Task, "confirm" | "probe" | "readback") => {
            "write `verify system.query(name: value) is CONDITION`"
        }
        (Context::Task, "change" | "modify" | "update" | "redo") => {
            "write `amend system.operation(name: value)`"
        }
        (Context::Blueprint, "serialize" | "concurrency" | "mutex" | "lock" | "exclusive" | "queue") => {
            "write `one at a time by KEY`: orders with the same key follow each other"
        }
        (Context::Blueprint, "sla" | "due") => "write `deadline 10d at risk after 7d`",
        (Context::Blueprint, "result" | "output" | "returns" | "answer") => "write `return VALUE`",
        (Context::Task, "if") => "a condition begins with `when`, in the head of the task, before its `{`",
        _ => return None,
    })
}

impl Reader<'_> {
    /// `&&`, `is`, `%`.
    pub(super) fn foreign_operator(&mut self, pair: &Pair<'_>) {
        let (mut span, mut written) = (self.span(pair), one_line(pair.as_str()));
        if written.starts_with("between ") {
            written.truncate("between".len());
            span.end = span.start + written.len();
        }
        self.report(match meant(&written) {
            Meant::Operator(_, ours) => written_otherwise(span, &written, ours),
            Meant::Nothing(help) => {
                Diagnostic::new(Code::OtherLanguage, span, format!("`{written}` is no operator here"))
                    .help(help)
            }
        });
    }

    /// `!` and `NOT`.
    pub(super) fn foreign_not(&mut self, pair: &Pair<'_>) {
        // `!x` needs a space after the word that replaces the sign.
        let diagnostic = written_otherwise(self.span(pair), pair.as_str(), "not");
        self.report(if pair.as_str() == "!" { diagnostic.fix("not ") } else { diagnostic });
    }

    /// `a ? b : c`.
    pub(super) fn foreign_choice(&mut self, whole: Span, pair: &Pair<'_>) {
        let question = self.span(pair);
        let part = |expr: Pair<'_>| one_line(expr.as_str());
        let mut parts = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::expr).map(part);
        let (then, otherwise) = (parts.next(), parts.next());
        let condition = Span { end: question.start, ..whole };
        let condition = one_line(self.slice(condition));
        let title = "a choice between two values is written `if … then … else …`";
        let diagnostic = Diagnostic::new(Code::OtherLanguage, self.token_at(question.start), title);
        self.report(match (then, otherwise) {
            (Some(then), Some(otherwise)) => {
                diagnostic.help(format!("write `if {condition} then {then} else {otherwise}`"))
            }
            _ => diagnostic,
        });
    }

    /// `a.function(b)`.
    pub(super) fn foreign_method(&mut self, of: &Expr, pair: &Pair<'_>) {
        let Some(word) = child(pair, Rule::word) else { return };
        let title = "a function stands in front of what it is about";
        let diagnostic = Diagnostic::new(Code::OtherLanguage, self.span(&word), title);
        let mut arguments = vec![one_line(self.slice(of.span))];
        let given = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::expr);
        arguments.extend(given.map(|argument| one_line(argument.as_str())));
        self.report(match function(word.as_str()) {
            Some(function) => diagnostic.help(format!("write `{function}({})`", arguments.join(", "))),
            None if let Some(why) = unforeseen(word.as_str()) => diagnostic.help(why),
            None => {
                let known = listing(Function::ALL.iter().map(|(name, _)| *name).chain(["ran"]), 20);
                diagnostic.help(format!("there is no function `{}`: there are {known}", word.as_str()))
            }
        });
    }

    /// `a->b`, `a::b`.
    pub(super) fn foreign_access(&mut self, pair: &Pair<'_>) {
        let Some(field) = child(pair, Rule::word) else { return };
        let title = "a field is read with `.`";
        let ours = format!(".{}", field.as_str());
        self.report(
            Diagnostic::new(Code::OtherLanguage, self.span(pair), title)
                .help(format!("write `{ours}`"))
                .fix(ours),
        );
    }

    /// `2026-12-24`, without quotes.
    pub(super) fn foreign_date(&mut self, pair: &Pair<'_>) {
        let ours = format!("\"{}\"", pair.as_str());
        let title = "a date or time stands in quotes";
        self.report(
            Diagnostic::new(Code::OtherLanguage, self.span(pair), title)
                .help(format!("write `{ours}`"))
                .fix(ours),
        );
    }

    /// `/pattern/`.
    pub(super) fn foreign_pattern(&mut self, pair: &Pair<'_>) {
        let pattern = pair.as_str().trim_matches('/').replace('\\', "\\\\");
        let ours = format!("\"{pattern}\"");
        let title = "a pattern is a text, and is for the whole of what it is compared with";
        self.report(
            Diagnostic::new(Code::OtherLanguage, self.span(pair), title).help(format!("write `{ours}`")),
        );
    }

    /// `a[0]` and `a["b"]`.
    pub(super) fn foreign_index(&mut self, of: &Expr, pair: &Pair<'_>) {
        let inner = child(pair, Rule::expr).map(|expr| expr.as_str().trim().to_owned()).unwrap_or_default();
        let field = inner.trim_matches(['"', '\'']);
        if field.len() + 2 == inner.len() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            let ours = format!("{}.{field}", one_line(self.slice(of.span)));
            let title = "a field is read with `.`";
            let diagnostic = Diagnostic::new(Code::OtherLanguage, self.span(pair), title);
            self.report(diagnostic.help(format!("write `{ours}`")).fix(format!(".{field}")));
            return;
        }
        let title = "a list is not read by position";
        self.report(
            Diagnostic::new(Code::OtherLanguage, self.span(pair), title)
                .help("`first(…)` is its first element, and `[x for x in … where …]` are those that fit"),
        );
    }

    /// `(a, b)`.
    pub(super) fn foreign_list(&mut self, pair: &Pair<'_>) {
        let inner = pair.as_str().trim_start_matches('(').trim_end_matches(')');
        let diagnostic =
            Diagnostic::new(Code::OtherLanguage, self.span(pair), "a list stands in `[` and `]`");
        self.report(diagnostic.help(format!("write `[{}]`", one_line(inner))).fix(format!("[{inner}]")));
    }

    /// A form of a type, with what it is here.
    pub(super) fn foreign_type(&mut self, at: Span, title: &str, ours: &str) {
        let diagnostic = Diagnostic::new(Code::OtherLanguage, at, title);
        self.report(diagnostic.help(format!("write `{ours}`")).fix(ours));
    }
}

fn written_otherwise(at: Span, written: &str, ours: &str) -> Diagnostic {
    Diagnostic::new(Code::OtherLanguage, at, format!("`{written}` is written `{ours}` in a blueprint"))
        .help(format!("write `{ours}` for `{written}`"))
        .fix(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_their_names_elsewhere() {
        for (written, ours) in [
            ("startsWith", Some("starts_with")),
            ("length", Some("len")),
            ("Sum", Some("sum")),
            ("toLowerCase", Some("lower")),
            ("reduce", None),
        ] {
            assert_eq!(function(written), ours, "{written}");
        }
    }
}
