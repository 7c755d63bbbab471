//! The clauses of a task, reactions, retry policies and lengths of time.

use model::{Duration, HoldFor, limits};
use plan::ReactionKind;

use super::build::one_line;
use super::tree::{
    Clause, ClauseKind, Expr, Invocation, Name, Reaction, RetryClause, RetryPolicy, SleepLength,
};
use super::{Pair, Reader, Rule, child, foreign, is_text};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};

impl Reader<'_> {
    pub(super) fn clause(&mut self, pair: &Pair<'_>) -> Option<Clause> {
        let span = self.span(pair);
        let rule = pair.as_rule();
        self.wrong_call(pair);
        let kind = if rule == Rule::call {
            let first = self.invocation(&child(pair, Rule::invocation)?)?;
            let others = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::else_call);
            let fallbacks = others.filter_map(|p| self.invocation(&child(&p, Rule::invocation)?)).collect();
            ClauseKind::Call { first, fallbacks }
        } else if rule == Rule::wait {
            let signal = self.name(&child(pair, Rule::name)?);
            ClauseKind::Wait { signal, fields: self.fields(&child(pair, Rule::fields)?) }
        } else if rule == Rule::manual {
            let title = self.primary(&pair.clone().into_inner().find(is_text)?);
            let role = self.role(pair)?;
            let fields = child(pair, Rule::fields).map(|fields| self.fields(&fields)).unwrap_or_default();
            ClauseKind::Manual { title, role, fields }
        } else if rule == Rule::poll {
            ClauseKind::Poll {
                query: self.invocation(&child(pair, Rule::invocation)?)?,
                every: self.length(&child(pair, Rule::length)?),
                until: self.expr(&child(pair, Rule::expr)?),
            }
        } else if rule == Rule::sleep {
            ClauseKind::Sleep(match child(pair, Rule::expr) {
                Some(until) => SleepLength::Until(self.expr(&until)),
                None => SleepLength::For(self.length(&child(pair, Rule::length)?)),
            })
        } else if rule == Rule::run {
            let blueprint = self.name(&child(pair, Rule::name)?);
            ClauseKind::Run { blueprint, arguments: self.arguments(pair)? }
        } else if rule == Rule::let_value {
            self.wrong_binding(pair);
            ClauseKind::Let(self.expr(&child(pair, Rule::expr)?))
        } else if rule == Rule::wrong_let_call {
            return self.bound_call(pair);
        } else if rule == Rule::timeout {
            ClauseKind::Timeout(self.length(&child(pair, Rule::length)?))
        } else if rule == Rule::within {
            ClauseKind::Within(self.length(&child(pair, Rule::length)?))
        } else if rule == Rule::retry {
            ClauseKind::Retry(match child(pair, Rule::retry_policy) {
                Some(policy) => RetryClause::Policy(self.retry_policy(&policy)),
                None => RetryClause::Named(self.name(&child(pair, Rule::name)?)),
            })
        } else if rule == Rule::no_retry {
            ClauseKind::Retry(RetryClause::None)
        } else if rule == Rule::ensure {
            let condition = self.expr(&child(pair, Rule::expr)?);
            ClauseKind::Ensure { condition, otherwise: self.reaction(&child(pair, Rule::reaction)?) }
        } else if rule == Rule::verify {
            let query = self.invocation(&child(pair, Rule::invocation)?)?;
            ClauseKind::Verify { query, condition: self.expr(&child(pair, Rule::expr)?) }
        } else if rule == Rule::amend {
            ClauseKind::Amend(self.invocation(&child(pair, Rule::invocation)?)?)
        } else if rule == Rule::undo {
            self.wrong_condition(pair);
            ClauseKind::Undo(self.invocation(&child(pair, Rule::invocation)?)?)
        } else if rule == Rule::no_undo {
            ClauseKind::NoUndo(self.plain_text(&pair.clone().into_inner().find(is_text)?)?.text)
        } else if rule == Rule::on_timeout {
            ClauseKind::OnTimeout(self.reaction(&child(pair, Rule::reaction)?))
        } else if rule == Rule::on_failure {
            self.wrong_reaction(pair);
            ClauseKind::OnFailure(self.reaction(&child(pair, Rule::reaction)?))
        } else if rule == Rule::status {
            ClauseKind::Status(self.primary(&pair.clone().into_inner().find(is_text)?))
        } else if rule == Rule::point_of_no_return {
            ClauseKind::PointOfNoReturn
        } else {
            return None;
        };
        Some(Clause { span, kind })
    }

    fn invocation(&mut self, pair: &Pair<'_>) -> Option<Invocation> {
        let mut names = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::name);
        let system = self.name(&names.next()?);
        let operation = self.name(&names.next()?);
        let arguments = self.arguments(pair)?;
        Some(Invocation { span: self.span(pair), system, operation, arguments })
    }

    /// The `(name: value, …)` in something.
    pub(super) fn arguments(&mut self, of: &Pair<'_>) -> Option<Vec<(Name, Expr)>> {
        let given = child(of, Rule::arguments)?.into_inner().filter(|p| p.as_rule() == Rule::argument);
        Some(given.filter_map(|argument| self.named_value(&argument)).collect())
    }

    /// Reports `let name = value`.
    fn wrong_binding(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_binding) {
            let title = "the value of a `let` goes by the name of its task";
            self.report(
                Diagnostic::new(Code::OtherLanguage, self.span(&wrong), title)
                    .help("write `let` and the value alone")
                    .fix(""),
            );
        }
    }

    /// Reports `let name = call …`, and reads the call.
    fn bound_call(&mut self, pair: &Pair<'_>) -> Option<Clause> {
        let call = child(pair, Rule::call)?;
        let before = self.text.get(pair.as_span().start()..call.as_span().start()).unwrap_or_default();
        let at = Span { end: self.span(pair).start + before.trim_end().len(), ..self.span(pair) };
        let title = "what a call answers goes by the name of its task";
        self.report(
            Diagnostic::new(Code::OtherLanguage, at, title)
                .help(format!("leave `{}` out", one_line(before)))
                .fix(""),
        );
        self.clause(&call)
    }

    /// Reports `undo call …` and its like.
    fn wrong_call(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_call) {
            let word = one_line(pair.as_str()).split(' ').next().unwrap_or_default().to_owned();
            let title = format!("`{word}` says by itself that something is called");
            self.report(
                Diagnostic::new(Code::OtherLanguage, self.span(&wrong), title)
                    .help(format!("leave it out: `{word} system.operation(name: value)`"))
                    .fix(""),
            );
        }
    }

    /// Reports `undo … when …`.
    fn wrong_condition(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_condition) {
            let title = "an undo has no condition: what was done is taken back";
            self.report(Diagnostic::new(Code::MisplacedClause, self.span(&wrong), title).help(
                "let the system decide what there is to take back, or put what is done under this condition in a task of its own",
            ));
        }
    }

    /// Who does a `manual`.
    fn role(&mut self, pair: &Pair<'_>) -> Option<Name> {
        let name = self.name(&child(pair, Rule::name)?);
        let Some(more) = child(pair, Rule::wrong_more_words) else { return Some(name) };
        Some(self.one_word(Span { end: self.span(&more).end, ..name.span }))
    }

    /// Reports a name of several words, and makes one of them.
    pub(super) fn one_word(&mut self, span: Span) -> Name {
        let words: Vec<String> = self.slice(span).split_whitespace().map(str::to_owned).collect();
        let text = words.join("_");
        // Others may use it by any of them.
        self.lost.extend(words);
        self.report(
            Diagnostic::new(Code::InvalidName, span, format!("a name is one word: `{text}`"))
                .help(format!("write `{text}`"))
                .fix(text.clone()),
        );
        Name { text, span }
    }

    /// Reports a call where a reaction is expected.
    pub(super) fn wrong_reaction(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_reaction) {
            let title = "expected a reaction (`reject`, `hold`, `rollback`, `skip` or `fail`), found a call";
            self.report(Diagnostic::new(Code::UnexpectedText, self.span(&wrong), title).help(
                "what a task did is taken back by its `undo`; another way to do it is `else call` behind the `call`",
            ));
        }
    }

    /// `name: value`, of an argument or a field of a record.
    pub(super) fn named_value(&mut self, pair: &Pair<'_>) -> Option<(Name, Expr)> {
        self.wrong_colon(pair);
        Some((self.key(pair)?, self.expr(&child(pair, Rule::expr)?)))
    }

    /// The name of a field or an argument, in quotes or not.
    pub(super) fn key(&mut self, pair: &Pair<'_>) -> Option<Name> {
        if let Some(word) = child(pair, Rule::word) {
            return Some(self.name(&word));
        }
        if let Some(words) = child(pair, Rule::wrong_words) {
            return Some(self.one_word(self.span(&words)));
        }
        let quoted = child(pair, Rule::wrong_key)?;
        let text = quoted.as_str().trim_matches(['"', '\'']).to_owned();
        let span = self.span(&quoted);
        self.report(
            Diagnostic::new(Code::OtherLanguage, span, "a name stands without quotes")
                .help(format!("write `{text}`"))
                .fix(text.clone()),
        );
        Some(Name { text, span })
    }

    pub(super) fn wrong_colon(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_colon) {
            let title = format!("a name is followed by `:` here, not `{}`", wrong.as_str());
            self.report(
                Diagnostic::new(Code::OtherLanguage, self.span(&wrong), title)
                    .help(format!("write `:` for `{}`", wrong.as_str()))
                    .fix(":"),
            );
        }
    }

    pub(super) fn reaction(&mut self, pair: &Pair<'_>) -> Reaction {
        let hold_for =
            if child(pair, Rule::for_customer).is_some() { HoldFor::Customer } else { HoldFor::Operations };
        let word = child(pair, Rule::reaction_word);
        let kind = match word.as_ref().map_or("", Pair::as_str) {
            "reject" => Some(ReactionKind::Reject),
            "hold" => Some(ReactionKind::Hold(hold_for)),
            "rollback" => Some(ReactionKind::Rollback),
            "skip" => Some(ReactionKind::Skip),
            "fail" => Some(ReactionKind::Fail),
            _ => None,
        };
        if let Some(customer) = child(pair, Rule::for_customer)
            && !matches!(kind, Some(ReactionKind::Hold(_)))
        {
            let title = "only `hold` is for the customer";
            self.report(Diagnostic::new(Code::MisplacedClause, self.span(&customer), title));
        }
        if kind.is_none() {
            let title = "`isolate` stands in the head of an `each`";
            self.report(Diagnostic::new(Code::MisplacedClause, self.span(pair), title).help(
                "write `each KIND on failure isolate { … }`: a failing item is then rolled back alone",
            ));
        }
        let why = pair.clone().into_inner().find(is_text).map(|text| self.primary(&text));
        Reaction { span: self.span(pair), kind, why }
    }

    pub(super) fn retry_policy(&mut self, pair: &Pair<'_>) -> RetryPolicy {
        let mut policy = RetryPolicy {
            span: self.span(pair),
            attempts: plan::Retry::DEFAULT.attempts,
            every: child(pair, Rule::length).and_then(|every| self.length(&every)),
            doubling: child(pair, Rule::doubling).is_some(),
            up_to: child(pair, Rule::up_to)
                .and_then(|up_to| child(&up_to, Rule::length))
                .and_then(|up_to| self.length(&up_to)),
        };
        if let Some(wrong) = child(pair, Rule::wrong_count) {
            let title = format!("expected a number of times, found `{}`", wrong.as_str().trim());
            self.report(
                Diagnostic::new(Code::UnexpectedText, self.span(&wrong), title)
                    .help("write it in digits: `3 times`"),
            );
        }
        if let Some(number) = child(pair, Rule::number) {
            match number.as_str().parse() {
                Ok(attempts) if (1..=limits::ATTEMPTS).contains(&attempts) => policy.attempts = attempts,
                _ => {
                    let found = number.as_str();
                    let title = format!("expected 1 to {} attempts, found `{found}`", limits::ATTEMPTS);
                    self.report(Diagnostic::new(Code::UnusableLimit, self.span(&number), title));
                }
            }
        }
        policy
    }

    /// A length of time; none if it is not one, which is reported.
    pub(super) fn length(&mut self, pair: &Pair<'_>) -> Option<Duration> {
        let written = pair.clone().into_inner().next()?;
        let span = self.span(&written);
        if written.as_rule() == Rule::duration {
            return self.duration(&written);
        }
        self.report(if written.as_rule() == Rule::wrong_computed {
            self.computed_length(span)
        } else {
            self.no_length(span)
        });
        None
    }

    /// A length of time that would have to be computed.
    fn computed_length(&self, span: Span) -> Diagnostic {
        let before = self.text.get(..span.start).unwrap_or_default();
        let word = before.split_whitespace().next_back().unwrap_or_default();
        let title = format!("what stands after `{word}` is written out, such as `4h`");
        Diagnostic::new(Code::OtherLanguage, span, title).help(if word == "sleep" {
            "for a time from data write `sleep until TIME`: a time and a duration make a time"
        } else if word == "deadline" {
            "it is the same for all orders; for a time from data use `sleep until` in a task, and `ensure`"
        } else {
            "for a time from data use `sleep until` in a task of its own, and `ensure`"
        })
    }

    fn no_length(&self, span: Span) -> Diagnostic {
        let text = self.slice(span);
        let bare = text.trim_matches(['"', '\'']);
        let found = if text.starts_with('"') { self.describe(span) } else { format!("`{}`", one_line(text)) };
        let diagnostic =
            Diagnostic::new(Code::OtherLanguage, span, format!("expected a duration, found {found}"));
        if bare.parse::<Duration>().is_ok() && bare != text {
            diagnostic.help(format!("write `{bare}`, without quotes")).fix(bare)
        } else if bare.parse::<u64>().is_ok() {
            diagnostic.help(format!("say the unit: `{bare}s`, `{bare}m`, `{bare}h`"))
        } else if let Some(ours) = foreign::duration(bare) {
            diagnostic.help(format!("write `{ours}`")).fix(ours)
        } else {
            diagnostic.help("a duration is a number and a unit: `250ms`, `30s`, `5m`, `4h`, `10d`, `2w`")
        }
    }

    pub(super) fn duration(&mut self, pair: &Pair<'_>) -> Option<Duration> {
        match pair.as_str().parse() {
            Ok(duration) => Some(duration),
            Err(_) => {
                let title = format!("`{}` is not a duration", pair.as_str());
                self.report(
                    Diagnostic::new(Code::InvalidLiteral, self.span(pair), title)
                        .help("largest unit first, each unit once, ten years at the most: `1h30m`"),
                );
                None
            }
        }
    }
}
