//! What to say about text that the grammar swallowed.
//!
//! The first word says what the text was meant to be. That construct is tried again alone, and where it fails
//! farthest on is where the fault is.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use super::grammar::Grammar;
use super::rule_names::user_name;
use super::{Pair, Reader, Rule, foreign};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};

/// Where text went astray, and so what could have stood there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Declaration,
    System,
    BlueprintHead,
    Blueprint,
    Each,
    EachHead,
    TaskHead,
    Task,
    Fields,
}

impl Context {
    /// The words that begin something here, each with the forms of what it begins.
    fn words(self) -> &'static [(&'static str, &'static [Form])] {
        match self {
            Self::Declaration => &[
                ("type", &[(Rule::type_declaration, "type NAME = { field: type }")]),
                ("system", &[(Rule::system, "system NAME { … }")]),
                ("retry", &[(Rule::retry_declaration, "retry NAME = 5 times every 2s doubling up to 1m")]),
                (
                    "blueprint",
                    &[
                        (Rule::blueprint, "blueprint NAME version 1 { … }"),
                        (Rule::blueprint, "blueprint NAME(field: type) -> type { … }"),
                    ],
                ),
            ],
            Self::System => &[
                ("operation", &[(Rule::operation, "operation NAME(field: type) -> { field: type }")]),
                ("query", &[(Rule::operation, "query NAME(field: type) -> { field: type }")]),
                ("repeatable", &[(Rule::operation, "repeatable operation NAME(field: type)")]),
            ],
            Self::BlueprintHead => &[("version", &[(Rule::version, "version 1")])],
            Self::Blueprint => &[
                ("accepts", &[(Rule::accepts, "accepts order where CONDITION")]),
                ("order", &[(Rule::order_fields, "order { field: type }")]),
                ("item", &[(Rule::item, "item KIND where CONDITION { field: type }")]),
                ("each", &[(Rule::each, "each KIND where CONDITION { … }")]),
                TASK,
                MILESTONE,
                ("on", &[(Rule::on_failure, "on failure rollback")]),
                ("deadline", &[(Rule::deadline, "deadline 10d at risk after 7d")]),
                ("return", &[(Rule::returns, "return VALUE")]),
            ],
            Self::Each => &[TASK, MILESTONE],
            Self::EachHead => &[
                ("where", &[(Rule::filter, "each KIND where CONDITION { … }")]),
                ("on", &[(Rule::on_failure, "each KIND on failure isolate { … }")]),
            ],
            Self::TaskHead => &[
                ("after", &[(Rule::after, "after TASK, TASK")]),
                ("when", &[(Rule::when, "when CONDITION")]),
            ],
            Self::Task => &[
                ("call", &[(Rule::call, "call system.operation(name: value)")]),
                ("wait", &[(Rule::wait, "wait SIGNAL { field: type } within 10d")]),
                ("manual", &[(Rule::manual, "manual \"what to do\" for ROLE { field: type } within 2d")]),
                (
                    "poll",
                    &[(Rule::poll, "poll system.query(name: value) every 10s until CONDITION within 15m")],
                ),
                ("sleep", &[(Rule::sleep, "sleep 10m"), (Rule::sleep, "sleep until TIME")]),
                ("run", &[(Rule::run, "run BLUEPRINT(name: value)")]),
                ("let", &[(Rule::let_value, "let VALUE")]),
                ("timeout", &[(Rule::timeout, "timeout 30s")]),
                ("within", &[(Rule::within, "within 10m")]),
                ("retry", &[(Rule::retry, "retry 3 times every 2s")]),
                ("ensure", &[(Rule::ensure, "ensure CONDITION else rollback \"why\"")]),
                ("verify", &[(Rule::verify, "verify system.query(name: value) is CONDITION")]),
                ("amend", &[(Rule::amend, "amend system.operation(name: value)")]),
                ("undo", &[(Rule::undo, "undo system.operation(name: value)")]),
                ("no", &[(Rule::no_undo, "no undo \"why\""), (Rule::no_retry, "no retry")]),
                (
                    "on",
                    &[
                        (Rule::on_timeout, "on timeout hold \"why\""),
                        (Rule::on_failure, "on failure rollback \"why\""),
                    ],
                ),
                ("status", &[(Rule::status, "status \"what the customer sees\"")]),
                ("point", &[(Rule::point_of_no_return, "point of no return")]),
            ],
            Self::Fields => &[],
        }
    }

    /// Where that is.
    const fn place(self) -> &'static str {
        match self {
            Self::Declaration => "a file",
            Self::System => "a system",
            Self::BlueprintHead => "the head of a blueprint",
            Self::Blueprint => "a blueprint",
            Self::Each => "an `each`",
            Self::EachHead => "the head of an `each`",
            Self::TaskHead => "the head of a task",
            Self::Task => "a task",
            Self::Fields => "a list of fields",
        }
    }

    const ALL: [Self; 9] = [
        Self::Declaration,
        Self::System,
        Self::BlueprintHead,
        Self::Blueprint,
        Self::Each,
        Self::EachHead,
        Self::TaskHead,
        Self::Task,
        Self::Fields,
    ];
}

/// A construct of the grammar, and how it is written.
pub(super) type Form = (Rule, &'static str);

const TASK: (&str, &[Form]) = ("task", &[(Rule::task, "task NAME after TASK when CONDITION { … }")]);
const MILESTONE: (&str, &[Form]) =
    ("milestone", &[(Rule::milestone, "milestone NAME after TASK status \"what the customer sees\"")]);

/// Words after which a name is declared.
const DECLARING: [&str; 10] =
    ["type", "system", "retry", "blueprint", "operation", "query", "task", "milestone", "each", "item"];

impl Reader<'_> {
    /// Reports text that went astray.
    pub(super) fn stray(&mut self, pair: &Pair<'_>, context: Context) {
        self.remember_names(pair.as_str(), context);
        let first = self.token_at(pair.as_span().start());
        let word = self.slice(first).to_owned();
        let follows = context == Context::Declaration
            && self.unclosed
            && (word == "}" || Context::Blueprint.words().iter().any(|(known, _)| *known == word));
        if follows || self.told == Some(first.start) {
            return;
        }
        let known = context.words().iter().find(|(known, _)| *known == word);
        let parameters = context == Context::BlueprintHead && word == "(";
        let diagnostic = if parameters {
            self.retried(first, &[(Rule::parameters, "(name: type, …)")])
        } else if let Some((_, forms)) = known {
            self.retried(first, forms)
        } else if context == Context::Fields {
            self.retried(first, &[(Rule::typed_field, "field: type")])
        } else {
            Some(self.unknown_word(first, &word, context))
        };
        self.diagnostics.extend(diagnostic);
    }

    fn unknown_word(&self, at: Span, word: &str, context: Context) -> Diagnostic {
        let words = context.words().iter().map(|(word, _)| *word);
        let place = context.place();
        let rest = self.text.get(at.start..).unwrap_or_default();
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !is_word {
            if word == ";" {
                return nothing_ends(at);
            }
            let title = format!("expected {}, found {}", beginnings(context), self.describe(at));
            let diagnostic = Diagnostic::new(Code::UnexpectedText, at, title);
            let comment = ["#", "/*", "--", "<!--"].iter().any(|start| rest.starts_with(start));
            return if comment { diagnostic.help("a comment begins with `//`") } else { diagnostic };
        }
        let diagnostic =
            Diagnostic::new(Code::UnknownWord, at, format!("`{word}` begins nothing in {place}"));
        if let Some(ours) = foreign::word(context, word) {
            return diagnostic.help(ours);
        }
        if context == Context::Task && rest.get(word.len()..).is_some_and(|rest| rest.starts_with('.')) {
            return diagnostic.help("write `call` before it: `call system.operation(name: value)`");
        }
        if let Some(meant) = near_miss(word, words) {
            return diagnostic.did_you_mean(Some(meant));
        }
        let elsewhere = Context::ALL.iter().find(|c| c.words().iter().any(|(known, _)| *known == word));
        match elsewhere {
            Some(Context::Blueprint) if context == Context::Declaration => {
                diagnostic.help(format!("`{word}` stands in a blueprint: a `}}` above may be one too many"))
            }
            Some(elsewhere) => diagnostic.help(format!("`{word}` stands in {}", elsewhere.place())),
            None if context == Context::TaskHead => {
                diagnostic.help("expected `after`, `when` or `{`; several tasks are separated by `,`")
            }
            None => diagnostic.help(format!("expected {}", beginnings(context))),
        }
    }

    /// What is wrong with a construct that begins at `first`.
    pub(super) fn retried(&self, first: Span, forms: &[Form]) -> Option<Diagnostic> {
        let text = self.text.get(first.start..)?;
        // It can be read alone if there is no failure: then it is only out of place.
        let (mut farthest, mut expected) = (first.start, Vec::new());
        for failure in forms.iter().filter_map(|(rule, _)| Grammar::parse(*rule, text).err()) {
            let at = match failure.location {
                InputLocation::Pos(at) | InputLocation::Span((at, _)) => first.start + at,
            };
            let ErrorVariant::ParsingError { positives, .. } = failure.variant else { continue };
            if at > farthest {
                expected.clear();
                farthest = at;
            }
            if at == farthest {
                expected.extend(positives);
            }
        }
        if let Some(unclosed) = self.unclosed_text(farthest) {
            return Some(unclosed);
        }
        let at = self.token_at(farthest);
        let found = self.describe(at);
        if found == "`;`" {
            return Some(nothing_ends(at));
        }
        let mut names: Vec<&str> = expected.iter().filter_map(|rule| user_name(*rule)).collect();
        names.sort_unstable();
        names.dedup();
        // After any name, `(` would make it a function: true, and hardly ever what is missing.
        if names.iter().any(|name| CLOSING.contains(name)) {
            names.retain(|name| *name != "`(`");
        }
        // A value is one of these, too.
        if names.contains(&"a value") {
            names.retain(|name| !["a text", "a number", "`{`"].contains(name));
        }
        let title = if names.is_empty() {
            format!("unexpected {found}")
        } else {
            format!("expected {}, found {found}", alternatives(&names))
        };
        let diagnostic = Diagnostic::new(Code::UnexpectedText, at, title);
        let words = names.iter().filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'));
        let meant = near_miss(self.slice(at), words);
        if meant.is_some() {
            return Some(diagnostic.did_you_mean(meant));
        }
        if found == "`if`" {
            return Some(diagnostic.help("a condition begins with `when`"));
        }
        // What is missing inside an expression has nothing to do with the form around it.
        let inside = names.iter().all(|name| CLOSING.contains(name) || *name == "a value");
        let shown: Vec<_> =
            forms.iter().map(|(_, form)| *form).filter(|form| !inside && !form.is_empty()).collect();
        Some(match shown.as_slice() {
            [] => diagnostic,
            shown => diagnostic.help(format!(
                "it is written {}",
                listing(shown.iter().copied(), 2).replace(" and ", " or ")
            )),
        })
    }

    /// A text that has no end on its line, if a place is in one.
    pub(super) fn unclosed_text(&self, place: usize) -> Option<Diagnostic> {
        let before = self.text.get(..place)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text.get(line_start..)?.lines().next()?;
        let mut open = None;
        let mut chars = line.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => open = if open.is_none() { Some(at) } else { None },
                '\\' if open.is_some() => {
                    chars.next();
                }
                '/' if open.is_none() && chars.peek().is_some_and(|(_, next)| *next == '/') => break,
                _ => {}
            }
        }
        let start = open.map(|open| line_start + open).filter(|start| *start <= place)?;
        let end = line_start + line.trim_end().len();
        let at = Span { file: self.file, start, end };
        Some(
            Diagnostic::new(Code::UnexpectedText, at, "the text is not closed")
                .help("a text ends on the line it begins on, with `\"`"),
        )
    }

    /// Reports a form that is not carried out yet.
    pub(super) fn unsupported(&mut self, pair: &Pair<'_>) {
        let at = self.token_at(pair.as_span().start());
        self.remember_names(pair.as_str(), Context::Declaration);
        let title = format!("`{}` is not supported yet", self.slice(at));
        self.report(Diagnostic::new(Code::NotSupported, at, title));
    }

    /// Names that unreadable text may have declared, so that using them is not reported as well.
    fn remember_names(&mut self, text: &str, context: Context) {
        let is_word = |word: &&str| !word.is_empty();
        let mut words =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(is_word).peekable();
        let mut place = 0;
        while let Some(word) = words.next() {
            let declares = DECLARING.contains(&word) || (place == 0 && context != Context::Task);
            let names = declares || (place == 0 && context == Context::Fields);
            if names && let Some(next) = words.peek() {
                self.lost.push((*next).to_owned());
            }
            if place == 0 && context == Context::Fields {
                self.lost.push(word.to_owned());
            }
            place += 1;
        }
    }

    /// The token that begins at or after a byte.
    pub(super) fn token_at(&self, byte: usize) -> Span {
        let rest = self.text.get(byte..).unwrap_or_default();
        let start = byte + (rest.len() - rest.trim_start().len());
        let rest = rest.trim_start();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = match rest.chars().next() {
            None => 0,
            Some(c) if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            Some('"') => {
                let end = rest.char_indices().skip(1).find(|(_, c)| *c == '"' || *c == '\n');
                end.map_or(rest.len(), |(at, c)| if c == '"' { at + 1 } else { at })
            }
            Some(c) => {
                let pairs = ["->", "==", "!=", "<=", ">=", "&&", "||", "??", "?."];
                if pairs.iter().any(|pair| rest.starts_with(pair)) { 2 } else { c.len_utf8() }
            }
        };
        Span { file: self.file, start, end: start + length }
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// What stands at a token, as the object of "found".
    pub(super) fn describe(&self, token: Span) -> String {
        match self.slice(token) {
            "" => "the end of the file".to_owned(),
            text if text.len() > 1 && text.starts_with('"') && text.ends_with('"') => {
                format!("the text {}", cut(text))
            }
            text if text.starts_with('"') => "`\"`".to_owned(),
            text => format!("`{}`", cut(text)),
        }
    }
}

/// What ends something, or goes on with it.
const CLOSING: [&str; 4] = ["`)`", "`]`", "`}`", "`,`"];

fn nothing_ends(at: Span) -> Diagnostic {
    Diagnostic::new(Code::OtherLanguage, at, "nothing is ended by `;` in a blueprint")
        .help("leave it out")
        .fix("")
}

fn beginnings(context: Context) -> String {
    listing(context.words().iter().map(|(word, _)| *word), 20).replace(" and ", " or ")
}

/// `a`, `a or b`, `a, b or c` of names that are ready to be shown.
fn alternatives(names: &[&str]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

fn cut(text: &str) -> String {
    /// Enough to recognise it by.
    const SHOWN: usize = 40;
    if text.chars().count() > SHOWN {
        format!("{}…", text.chars().take(SHOWN).collect::<String>())
    } else {
        text.to_owned()
    }
}
