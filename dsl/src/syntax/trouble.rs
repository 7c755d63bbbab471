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
    Test,
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
                ("test", &[(Rule::test, "test \"what it shows\" { … }")]),
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
                ("one", &[(Rule::one_at_a_time, "one at a time by KEY")]),
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
            Self::Test => &[
                (
                    "order",
                    &[
                        (Rule::test_order, "order { customer: { id: \"C-1\" }, items: [ … ] }"),
                        (Rule::test_order, "order file \"orders/one.json\""),
                    ],
                ),
                ("expect", EXPECTATIONS),
                ("signal", &[(Rule::step_signal, "signal NAME { field: value } at TASK after 2d")]),
                ("complete", &[(Rule::step_complete, "complete TASK { field: value } after 2h")]),
                (
                    "operator",
                    &[
                        (Rule::step_operator, "operator retry at TASK after 1h"),
                        (Rule::step_operator, "operator complete { field: value } at TASK"),
                    ],
                ),
                (
                    "cancel",
                    &[
                        (Rule::step_cancel, "cancel at TASK after 1h"),
                        (Rule::step_cancel, "cancel item 1 at TASK"),
                    ],
                ),
                ("pause", &[(Rule::step_pause, "pause at TASK after 1h")]),
                ("resume", &[(Rule::step_resume, "resume at TASK after 2h")]),
                ("amend", &[(Rule::step_amend, "amend at TASK { items[\"1\"].attributes.field: value }")]),
            ],
            Self::Fields => &[],
        }
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        self.words().iter().map(|(word, _)| *word)
    }

    /// Whether a word begins something here.
    fn knows(self, word: &str) -> bool {
        self.names().any(|known| known == word)
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
            Self::Test => "a test",
            Self::Fields => "a list of fields",
        }
    }

    const ALL: [Self; 10] = [
        Self::Declaration,
        Self::System,
        Self::BlueprintHead,
        Self::Blueprint,
        Self::Each,
        Self::EachHead,
        Self::TaskHead,
        Self::Task,
        Self::Test,
        Self::Fields,
    ];
}

/// A construct of the grammar, and how it is written.
pub(super) type Form = (Rule, &'static str);

const TASK: (&str, &[Form]) = ("task", &[(Rule::task, "task NAME after TASK when CONDITION { … }")]);
const MILESTONE: (&str, &[Form]) =
    ("milestone", &[(Rule::milestone, "milestone NAME after TASK status \"what the customer sees\"")]);

const EXPECTATIONS: &[Form] = &[
    (Rule::expectation, "expect order completed"),
    (Rule::expectation, "expect item 1 completed"),
    (Rule::expectation, "expect TASK succeeded"),
    (Rule::expectation, "expect undone [TASK, TASK]"),
    (Rule::expectation, "expect untouched [TASK, TASK]"),
    (Rule::expectation, "expect residue [TASK, TASK]"),
    (Rule::expectation, "expect customer status \"what the customer sees\""),
    (Rule::expectation, "expect customer status of item 1 \"what they see of it\""),
    (Rule::expectation, "expect call system.operation(name: value) 2 times"),
    (Rule::expectation, "expect no call system.operation"),
    (Rule::expectation, "expect elapsed at most 15s"),
    (Rule::expectation, "expect refused"),
];

/// How a system behaves in a test: its first words are the system's own.
const STUBS: &[Form] = &[
    (Rule::stub, "system.operation returns { field: value } at TASK"),
    (Rule::stub, "system.operation fails \"why\" 2 times"),
    (Rule::stub, "system.operation refuses \"why\""),
    (Rule::stub, "system.operation times out but is done"),
    (Rule::stub, "system.operation takes 20s"),
];

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
        } else if let Some(missing) = self.no_condition(first, context) {
            Some(missing)
        } else if let Some(meant) = self.put_otherwise(first, context) {
            Some(meant)
        } else if let Some((_, forms)) = known {
            let head: &[Form] = &[(Rule::task_head, TASK.1.first().map_or("", |(_, form)| form))];
            let head_is_wrong = word == "task"
                && self
                    .text
                    .get(first.start..)
                    .is_some_and(|text| Grammar::parse(Rule::task_head, text).is_err());
            let forms = if head_is_wrong { head } else { forms };
            self.retried(first, &self.like(forms, first, 1))
        } else if context == Context::Test && self.is_dotted(first) {
            self.retried(first, &self.like(STUBS, first, 2))
        } else if context == Context::Fields {
            self.retried(first, &[(Rule::typed_field, "field: type")])
        } else {
            Some(self.unknown_word(first, &word, context))
        };
        // A clause behind a task: its block has been closed too early, and so has the blueprint's.
        let in_blueprint = context == Context::Blueprint || context == Context::Each;
        self.unclosed |= in_blueprint && Context::Task.knows(&word) && self.follows_brace(first.start);
        self.diagnostics.extend(diagnostic);
    }

    fn follows_brace(&self, place: usize) -> bool {
        self.text.get(..place).is_some_and(|before| before.trim_end().ends_with('}'))
    }

    /// A condition of which nothing stands before the block.
    fn no_condition(&self, first: Span, context: Context) -> Option<Diagnostic> {
        let heads = [(Context::TaskHead, "when"), (Context::EachHead, "where")];
        let (_, begins) = heads.into_iter().find(|(head, _)| *head == context)?;
        let next = self.token_at(first.end);
        (self.slice(first) == begins && self.slice(next) == "{").then(|| {
            let title = format!("expected a condition after `{begins}`, found `{{`");
            Diagnostic::new(Code::UnexpectedText, next, title)
        })
    }

    fn unknown_word(&self, at: Span, word: &str, context: Context) -> Diagnostic {
        let words = context.words().iter().map(|(word, _)| *word);
        let place = context.place();
        let rest = self.text.get(at.start..).unwrap_or_default();
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !is_word {
            if let Some(slip) = self.stray_sign(at, context) {
                return slip;
            }
            let title = format!("expected {}, found {}", beginnings(context), self.describe(at));
            let diagnostic = Diagnostic::new(Code::UnexpectedText, at, title);
            let comment = ["#", "/*", "--", "<!--"].iter().any(|start| rest.starts_with(start));
            return if comment { diagnostic.help("a comment begins with `//`") } else { diagnostic };
        }
        let diagnostic =
            Diagnostic::new(Code::UnknownWord, at, format!("`{word}` begins nothing in {place}"));
        if context == Context::Task
            && let Some(help) = self.in_task(at)
        {
            return diagnostic.help(help);
        }
        if let Some(ours) = foreign::word(context, word) {
            return diagnostic.help(ours);
        }
        if context == Context::Task && rest.get(word.len()..).is_some_and(|rest| rest.starts_with('.')) {
            return diagnostic.help("write `call` before it: `call system.operation(name: value)`");
        }
        let elsewhere = Context::ALL.iter().find(|c| c.knows(word));
        let in_head = matches!(context, Context::EachHead | Context::TaskHead);
        // A word that is right elsewhere is hardly another misspelt; `when` and `where` are.
        if (elsewhere.is_none() || in_head)
            && let Some(meant) = near_miss(word, words)
        {
            return diagnostic.did_you_mean(Some(meant));
        }
        match elsewhere {
            Some(Context::Blueprint) if context == Context::Declaration && self.ends_before(at) => {
                diagnostic.help(format!("`{word}` stands in a blueprint: a `}}` above may be one too many"))
            }
            Some(Context::Task) if context != Context::TaskHead && self.follows_brace(at.start) => {
                diagnostic.help(format!("`{word}` stands in a task: a `}}` above may be one too many"))
            }
            Some(elsewhere) => diagnostic.help(format!("`{word}` stands in {}", elsewhere.place())),
            None if context == Context::TaskHead => {
                diagnostic.help("expected `after`, `when` or `{`; several tasks are separated by `,`")
            }
            None => diagnostic.help(format!("expected {}", beginnings(context))),
        }
    }

    fn ends_before(&self, at: Span) -> bool {
        self.text.get(..at.start).is_some_and(|before| before.contains('}'))
    }

    /// What a word was meant for that begins nothing in a task, by what stands around it.
    fn in_task(&self, at: Span) -> Option<String> {
        let word = self.slice(at);
        let next = self.token_at(at.end);
        if word == "for" && self.slice(self.token_at(next.end)) == "in" {
            return Some(foreign::NO_LOOPS.to_owned());
        }
        let line = self.text.get(..at.start)?.rsplit('\n').next()?;
        let reaction = line.split_whitespace().next_back()?;
        if ["reject", "hold", "rollback", "skip", "fail"].contains(&reaction)
            && line.split_whitespace().count() > 1
        {
            return (word != "for").then(|| format!("a reason stands in quotes: `{reaction} \"why\"`"));
        }
        if self.slice(next) == "=" {
            return Some(format!(
                "leave `{word} =` out: others read what a task brings back by the name of the task"
            ));
        }
        if word == "after" && self.slice(next).starts_with(|c: char| c.is_ascii_digit()) {
            return Some(format!("the pause between attempts is said by `every {}`", self.slice(next)));
        }
        (["await", "return", "yield", "do"].contains(&word) && self.is_dotted(next))
            .then(|| "write `call system.operation(name: value)`".to_owned())
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
        let mut names: Vec<&str> = expected.iter().filter_map(|rule| user_name(*rule)).collect();
        names.sort_unstable();
        names.dedup();
        // After any name, `(` would make it a function: true, and hardly ever what is missing.
        if names.iter().any(|name| CLOSING.contains(name)) {
            names.retain(|name| *name != "`(`");
        }
        // A value is one of these, too.
        if names.contains(&"a value") {
            names.retain(|name| !["a text", "a number", "`{`", "a name", "`call`"].contains(name));
        }
        if let Some(slip) = self.slip(first, at, &names).or_else(|| self.no_comma(at, &names)) {
            return Some(slip);
        }
        let title = if names.is_empty() {
            format!("unexpected {found}")
        } else {
            format!("expected {}, found {found}", alternatives(&names))
        };
        let diagnostic = Diagnostic::new(Code::UnexpectedText, at, title);
        if found == "`return`" && names.contains(&"`undo`") {
            return Some(diagnostic.help("write `point of no return`"));
        }
        let words = names.iter().filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'));
        let meant = near_miss(self.slice(at), words);
        if meant.is_some() {
            return Some(diagnostic.did_you_mean(meant));
        }
        // What is missing inside an expression has nothing to do with the form around it.
        let inside = names.iter().all(|name| CLOSING.contains(name) || *name == "a value");
        let ensures = forms.iter().any(|(rule, _)| *rule == Rule::ensure);
        if names == ["`then`"] || names == ["`else`"] && !ensures || inside && found == "`if`" {
            return Some(diagnostic.help("a choice is written `if CONDITION then VALUE else VALUE`"));
        }
        if found == "`if`" {
            return Some(diagnostic.help("a condition begins with `when`"));
        }
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

    /// Of many forms, those that go on with the word that stands there, `after` dots and words from the first; the
    /// commonest, if none does.
    fn like(&self, forms: &[Form], first: Span, after: usize) -> Vec<Form> {
        /// Most that are worth reading.
        const SHOWN: usize = 2;
        if forms.len() <= SHOWN {
            return forms.to_vec();
        }
        let mut at = first;
        for _ in 0..(2 * after - 1) {
            at = self.token_at(at.end);
        }
        let word = self.slice(at);
        let goes_on = |form: &&Form| form.1.split(' ').nth(1) == Some(word);
        let found: Vec<Form> = forms.iter().filter(goes_on).copied().collect();
        if found.is_empty() { forms.iter().take(SHOWN).copied().collect() } else { found }
    }

    /// Whether a word is followed by a dot and another.
    fn is_dotted(&self, word: Span) -> bool {
        let rest = self.text.get(word.end..).and_then(|rest| rest.strip_prefix('.'));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
    }

    /// Names that unreadable text may have declared, so that using them is not reported as well.
    fn remember_names(&mut self, text: &str, context: Context) {
        let is_word = |word: &&str| !word.is_empty();
        let mut words =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(is_word).peekable();
        let mut place = 0;
        while let Some(word) = words.next() {
            let begins = place == 0 && !matches!(context, Context::Task | Context::Test);
            let declares = DECLARING.contains(&word) || begins;
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
                end.filter(|(_, c)| *c == '"').map_or(1, |(at, _)| at + 1)
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

fn beginnings(context: Context) -> String {
    let head = matches!(context, Context::BlueprintHead | Context::EachHead | Context::TaskHead);
    listing(context.names().chain(head.then_some("{")), 20).replace(" and ", " or ")
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
