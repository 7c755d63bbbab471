//! What to say about text that the grammar swallowed.
//!
//! The first word says what the text was meant to be. That construct is tried again alone, and where it fails
//! farthest on is where the fault is.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use super::grammar::Grammar;
use super::rule_names::user_name;
use super::{Pair, Reader, Rule};
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
    /// The words that begin something here, each with the rules that say how it goes on.
    fn words(self) -> &'static [(&'static str, &'static [Rule])] {
        match self {
            Self::Declaration => &[
                ("type", &[Rule::type_declaration]),
                ("system", &[Rule::system]),
                ("retry", &[Rule::retry_declaration]),
                ("blueprint", &[Rule::blueprint]),
            ],
            Self::System => &[("operation", &[Rule::operation]), ("query", &[Rule::operation])],
            Self::BlueprintHead => &[("version", &[Rule::version])],
            Self::Blueprint => &[
                ("accepts", &[Rule::accepts]),
                ("order", &[Rule::order_fields]),
                ("item", &[Rule::item]),
                ("each", &[Rule::each]),
                ("task", &[Rule::task]),
                ("milestone", &[Rule::milestone]),
                ("on", &[Rule::on_failure]),
            ],
            Self::Each => &[("task", &[Rule::task]), ("milestone", &[Rule::milestone])],
            Self::EachHead => &[("where", &[Rule::filter])],
            Self::TaskHead => &[("after", &[Rule::after]), ("when", &[Rule::when])],
            Self::Task => &[
                ("call", &[Rule::call]),
                ("wait", &[Rule::wait]),
                ("timeout", &[Rule::timeout]),
                ("within", &[Rule::within]),
                ("retry", &[Rule::retry]),
                ("ensure", &[Rule::ensure]),
                ("undo", &[Rule::undo]),
                ("no", &[Rule::no_undo, Rule::no_retry]),
                ("on", &[Rule::on_timeout, Rule::on_failure]),
                ("status", &[Rule::status]),
                ("point", &[Rule::point_of_no_return]),
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

/// Words after which a name is declared.
const DECLARING: [&str; 10] =
    ["type", "system", "retry", "blueprint", "operation", "query", "task", "milestone", "each", "item"];

impl Reader<'_> {
    /// Reports text that went astray.
    pub(super) fn stray(&mut self, pair: &Pair<'_>, context: Context) {
        self.remember_names(pair.as_str(), context);
        let first = self.token_at(pair.as_span().start());
        let word = self.slice(first).to_owned();
        let known = context.words().iter().find(|(known, _)| *known == word);
        let diagnostic = if let Some((_, rules)) = known {
            self.retried(first, rules)
        } else if context == Context::Fields {
            self.retried(first, &[Rule::typed_field])
        } else {
            Some(self.unknown_word(first, &word, context))
        };
        self.diagnostics.extend(diagnostic);
    }

    fn unknown_word(&self, at: Span, word: &str, context: Context) -> Diagnostic {
        let words = context.words().iter().map(|(word, _)| *word);
        let place = context.place();
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !is_word {
            let title = format!("expected {}, found {}", beginnings(context), self.describe(at));
            let diagnostic = Diagnostic::new(Code::UnexpectedText, at, title);
            return if word == ";" {
                diagnostic.help("nothing needs to be ended by `;`").fix("")
            } else {
                diagnostic
            };
        }
        let diagnostic =
            Diagnostic::new(Code::UnknownWord, at, format!("`{word}` begins nothing in {place}"));
        if let Some(meant) = near_miss(word, words) {
            return diagnostic.did_you_mean(Some(meant));
        }
        let elsewhere = Context::ALL.iter().find(|c| c.words().iter().any(|(known, _)| *known == word));
        match elsewhere {
            Some(elsewhere) => diagnostic.help(format!("`{word}` stands in {}", elsewhere.place())),
            None if word == "if" => {
                diagnostic.help("a condition begins with `when`, before the `{` of a task")
            }
            None => diagnostic.help(format!("expected {}", beginnings(context))),
        }
    }

    /// What is wrong with a construct that begins at `first`.
    fn retried(&self, first: Span, rules: &[Rule]) -> Option<Diagnostic> {
        let text = self.text.get(first.start..)?;
        let failures = rules.iter().filter_map(|rule| Grammar::parse(*rule, text).err());
        let (at, expected) = failures
            .map(|failure| {
                let at = match failure.location {
                    InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
                };
                let expected = match failure.variant {
                    ErrorVariant::ParsingError { positives, .. } => positives,
                    ErrorVariant::CustomError { .. } => Vec::new(),
                };
                (first.start + at, expected)
            })
            .max_by_key(|(at, _)| *at)
            // It can be read alone, so it is only out of place.
            .unwrap_or((first.start, Vec::new()));
        if expected.contains(&Rule::quote) {
            return Some(self.unclosed_text(at));
        }
        let at = self.token_at(at);
        let found = self.describe(at);
        let mut names: Vec<&str> = expected.iter().filter_map(|rule| user_name(*rule)).collect();
        names.sort_unstable();
        names.dedup();
        // After any name, `(` would make it a function: true, and hardly ever what is missing.
        if names.iter().any(|name| ["`)`", "`]`", "`}`", "`,`"].contains(name)) {
            names.retain(|name| *name != "`(`");
        }
        let title = if names.is_empty() {
            format!("unexpected {found}")
        } else {
            format!("expected {}, found {found}", alternatives(&names))
        };
        let diagnostic = Diagnostic::new(Code::UnexpectedText, at, title);
        let words = names.iter().filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'));
        let meant = near_miss(self.slice(at), words);
        Some(match meant {
            Some(_) => diagnostic.did_you_mean(meant),
            None => explain(diagnostic, self.slice(at)),
        })
    }

    /// A text that has no end on its line.
    fn unclosed_text(&self, end: usize) -> Diagnostic {
        let start = self.text.get(..end).and_then(|before| before.rfind('"')).unwrap_or(end);
        Diagnostic::new(Code::UnexpectedText, Span { file: self.file, start, end }, "the text is not closed")
            .help("a text ends on the line it begins on, with `\"`")
    }

    /// Reports a form that is not carried out yet.
    pub(super) fn unsupported(&mut self, pair: &Pair<'_>) {
        let at = self.token_at(pair.as_span().start());
        let word = self.slice(at).to_owned();
        let (what, instead) = match word.as_str() {
            "test" => ("`test`".to_owned(), None),
            "blueprint" => ("a blueprint with parameters".to_owned(), None),
            "poll" => (
                "`poll`".to_owned(),
                Some("for now: `call` the query, with `retry`, and `ensure` what it says"),
            ),
            "deadline" => {
                ("`deadline`".to_owned(), Some("for now: `within` on a `wait` limits what takes longest"))
            }
            _ => (format!("`{word}`"), None),
        };
        self.remember_names(pair.as_str(), Context::Declaration);
        let diagnostic = Diagnostic::new(Code::NotSupported, at, format!("{what} is not supported yet"));
        self.report(match instead {
            Some(instead) => diagnostic.help(instead),
            None => diagnostic,
        });
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

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// What stands at a token, as the object of "found".
    pub(super) fn describe(&self, token: Span) -> String {
        match self.slice(token) {
            "" => "the end of the file".to_owned(),
            text if text.starts_with('"') => format!("the text {}", cut(text)),
            text => format!("`{}`", cut(text)),
        }
    }
}

/// Hints for what people tend to write at a place where it can't stand.
fn explain(diagnostic: Diagnostic, found: &str) -> Diagnostic {
    match found {
        ";" => diagnostic.help("nothing needs to be ended by `;`"),
        "if" => diagnostic.help("a condition begins with `when`"),
        _ => diagnostic,
    }
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
