//! What a task does, and which clauses go with that.

use model::{Duration, RoleName, SignalName, Type, limits};
use plan::{Amend, Body, CallBody, ManualBody, PollBody, Retry, RunBody, Sleep, Verify};

use super::calls::Taking;
use super::clauses::At;
use super::task::TaskChecker;
use super::types::{difference, fits};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::near_miss;
use crate::syntax::tree::{self, ClauseKind, Expr, Invocation, Name, SleepLength};

/// The form of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Call,
    Wait,
    Manual,
    Poll,
    Sleep,
    Run,
    Let,
}

impl Form {
    const fn word(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Wait => "wait",
            Self::Manual => "manual",
            Self::Poll => "poll",
            Self::Sleep => "sleep",
            Self::Run => "run",
            Self::Let => "let",
        }
    }

    /// What to do instead, or why there is nothing to say, where a clause does not go with this body.
    fn instead_of(self, clause: &str) -> &'static str {
        match (clause, self) {
            ("timeout", Self::Run) => "`within` says how long it may take",
            ("timeout" | "within", Self::Sleep) => "a sleep lasts as long as it says",
            ("timeout" | "within", Self::Let) => "a value is computed at once",
            ("timeout", _) => "`within` says how long to wait",
            ("retry", Self::Poll) => "a poll asks again anyway: `every` says when",
            ("retry", Self::Run) => "the tasks of the blueprint say how often they are tried",
            ("retry", Self::Wait) => "a wait is not attempted, it lasts: see `within`",
            ("retry", Self::Manual) => "what a person does is not attempted, it lasts: see `within`",
            ("on failure" | "on timeout", Self::Sleep) => "nothing can go wrong with a sleep",
            ("on failure" | "on timeout", _) => "a value that can't be computed holds the task",
            (_, Self::Run) => "the tasks of the blueprint say it, each for itself",
            (_, Self::Wait) => "a wait changes nothing out there",
            (_, Self::Poll) => "a query changes nothing",
            (_, Self::Manual) => "the system knows of nothing that was changed out there",
            _ => "it changes nothing out there",
        }
    }
}

impl TaskChecker<'_> {
    pub(super) fn body(&mut self) -> Option<Body> {
        let Some(At { value, at }) = self.clauses.body else {
            if !self.tree.broken {
                let title = format!("the task `{}` does nothing", self.tree.name.text);
                self.report(
                    Diagnostic::new(Code::MissingBody, self.tree.name.span, title).help(
                        "give it a `call`, a `wait`, a `manual`, a `poll`, a `sleep`, a `run` or a `let`, or make it a \
                         `milestone`",
                    ),
                );
            }
            return None;
        };
        match value {
            ClauseKind::Call { first, fallbacks } => self.call(first, fallbacks),
            ClauseKind::Wait { signal, .. } => self.wait(signal, at),
            ClauseKind::Manual { title, role, .. } => self.manual(title, role, at),
            ClauseKind::Poll { query, every, until } => self.poll(query, *every, until, at),
            ClauseKind::Sleep(length) => self.sleep(length, at),
            ClauseKind::Run { blueprint, arguments } => self.run_blueprint(blueprint, arguments, at),
            ClauseKind::Let(value) => {
                self.misplaced(Form::Let);
                Some(Body::Let(self.checker.formula(value, &Type::Any)))
            }
            _ => None,
        }
    }

    /// Reports the clauses that don't go with a body.
    fn misplaced(&mut self, form: Form) {
        use Form::{Call, Manual, Poll, Run, Wait};
        let clauses = &self.clauses;
        let given: [(Option<Span>, &str, &[Form]); 9] = [
            (clauses.timeout.map(|c| c.at), "timeout", &[Call, Poll]),
            (clauses.within.map(|c| c.at), "within", &[Call, Wait, Manual, Poll, Run]),
            (clauses.retry.map(|c| c.at), "retry", &[Call]),
            (clauses.verify.map(|c| c.at), "verify", &[Call]),
            (clauses.undo.map(|c| c.at), "undo", &[Call]),
            (clauses.no_undo.map(|c| c.at), "no undo", &[Call]),
            (clauses.amend.map(|c| c.at), "amend", &[Call]),
            (clauses.on_failure.map(|c| c.at), "on failure", &[Call, Wait, Manual, Poll, Run]),
            (clauses.on_timeout.map(|c| c.at), "on timeout", &[Call, Wait, Manual, Poll, Run]),
        ];
        for (at, clause, forms) in given {
            let Some(at) = at.filter(|_| !forms.contains(&form)) else { continue };
            let title = format!("`{clause}` means nothing for a `{}`", form.word());
            self.report(Diagnostic::new(Code::MisplacedClause, at, title).help(form.instead_of(clause)));
        }
    }

    /// How long something may last that must not last for ever.
    fn limit(&mut self, what: &str, at: Span, example: &str) -> Option<Duration> {
        if self.clauses.within.is_none() && !self.tree.broken {
            self.report(Diagnostic::new(Code::MissingLimit, at, format!("{what} has no limit")).help(
                format!("say how long it may last: `within {example}`, and `on timeout` what happens then"),
            ));
        }
        self.duration(self.clauses.within)
    }

    // ---- calls ---------------------------------------------------------------------------------------------

    fn call(&mut self, first: &Invocation, fallbacks: &[Invocation]) -> Option<Body> {
        self.misplaced(Form::Call);
        let mut calls = Vec::new();
        for (written, known) in std::iter::once(first).chain(fallbacks).zip(&self.profile.calls) {
            let Some((system, operation)) = known else {
                self.checker.infer_arguments(&written.arguments);
                continue;
            };
            if !fits(&operation.result, &self.profile.raw) {
                let title =
                    format!("`{}` answers something else than what it stands in for", written.label());
                let mut diagnostic = Diagnostic::new(Code::TypeMismatch, written.span, title);
                if let Some(note) = difference(&operation.result, &self.profile.raw) {
                    diagnostic = diagnostic.note(note);
                }
                self.report(diagnostic);
            }
            calls.push(self.checker.invoke(written, system, operation));
        }
        let timeout = self.duration(self.clauses.timeout).unwrap_or(CallBody::DEFAULT_TIMEOUT);
        let within = self.duration(self.clauses.within);
        let retry = self.clauses.retry.map_or(Retry::DEFAULT, |retry| {
            self.env.declarations.retry(retry.value, self.checker.diagnostics)
        });
        if let Some((within, clause)) = within.zip(self.clauses.within) {
            self.tight(within, clause.at, timeout, retry);
        }
        let undo = self.undo(first);
        let verify = self.clauses.verify.map(|verify| self.verify(verify));
        let amend = self.clauses.amend.map(|amend| self.amend(amend));
        if calls.len() != self.profile.calls.len() {
            return None;
        }
        let mut calls = calls.into_iter();
        Some(Body::Call(Box::new(CallBody {
            call: calls.next()?,
            fallbacks: calls.collect(),
            timeout,
            within,
            retry,
            undo: undo?,
            verify: verify.flatten(),
            amend: amend.flatten(),
        })))
    }

    /// Whether a clause is about an effect that this task does not have, which is reported.
    fn without_effect(&mut self, at: Span, title: &str, help: &str) -> bool {
        let known = self.profile.calls.iter().all(Option::is_some);
        if known && !self.effect {
            self.report(Diagnostic::new(Code::MisplacedClause, at, title).help(help));
        }
        known && !self.effect
    }

    fn verify(&mut self, verify: At<(&Invocation, &Expr)>) -> Option<Verify> {
        let At { value: (query, condition), at } = verify;
        let title = "a query changes nothing, so there is nothing to verify";
        self.without_effect(at, title, "leave it out: a query that got no answer is asked again");
        let asked = self.query(query, "verify");
        let answer = asked.as_ref().map_or(Type::Any, |query| query.result.clone());
        let condition = self.about_answer(&answer, condition);
        let answers = fits(&answer, &self.profile.raw);
        Some(Verify { query: asked?, condition, answers })
    }

    fn amend(&mut self, amend: At<&Invocation>) -> Option<Amend> {
        let At { value: invocation, at } = amend;
        let title = "a query changes nothing, so there is nothing to amend";
        self.without_effect(at, title, "leave it out: a query is asked again when its arguments change");
        let found = self.env.declarations.operation(
            &invocation.system,
            &invocation.operation,
            self.checker.diagnostics,
        );
        self.checker.view.before = Some(self.profile.result.clone());
        let call = match found {
            Some((system, operation)) => {
                if !operation.effect {
                    let title = format!("`{}` is a query, and changes nothing", invocation.label());
                    self.report(
                        Diagnostic::new(Code::QueryUndo, invocation.span, title)
                            .label(operation.span, "declared here"),
                    );
                }
                Some(self.checker.invoke(invocation, system, operation))
            }
            None => {
                self.checker.infer_arguments(&invocation.arguments);
                None
            }
        };
        self.checker.view.before = None;
        let call = call?;
        let nothing = Type::Record(Vec::new());
        let answers = call.result != nothing && fits(&call.result, &self.profile.raw);
        Some(Amend { call, answers })
    }

    /// A query that is asked to learn something; none if there is no such, or if it changes something.
    fn query(&mut self, written: &Invocation, clause: &str) -> Option<plan::Call> {
        let found =
            self.env.declarations.operation(&written.system, &written.operation, self.checker.diagnostics);
        let Some((system, operation)) = found else {
            self.checker.infer_arguments(&written.arguments);
            return None;
        };
        if operation.effect {
            let title = format!("`{}` changes something each time it is called", written.label());
            self.report(
                Diagnostic::new(Code::NotAQuery, written.span, title)
                    .label(operation.span, "declared as an operation here")
                    .help(format!("`{clause}` asks a `query`, which changes nothing")),
            );
        }
        Some(self.checker.invoke(written, system, operation))
    }

    /// A condition on an answer, its `result`.
    fn about_answer(&mut self, answer: &Type, condition: &Expr) -> plan::Formula {
        let outer = self.checker.view.result.replace(answer.clone());
        let formula = self.checker.formula(condition, &Type::Bool);
        self.checker.view.result = outer;
        formula
    }

    // ---- what waits ----------------------------------------------------------------------------------------

    fn wait(&mut self, signal: &Name, at: Span) -> Option<Body> {
        self.misplaced(Form::Wait);
        let within = self.limit(&format!("the wait for `{}`", signal.text), at, "10d");
        let name = SignalName::new(&signal.text);
        if let Err(wrong) = &name {
            self.report(Diagnostic::new(Code::InvalidName, signal.span, wrong.to_string()));
        }
        Some(Body::Wait { signal: name.ok()?, fields: self.profile.raw.clone(), within: within? })
    }

    fn manual(&mut self, title: &Expr, role: &Name, at: Span) -> Option<Body> {
        self.misplaced(Form::Manual);
        let title = self.checker.formula(title, &Type::Text);
        let within = self.limit(&format!("what `{}` has to do", role.text), at, "2d");
        let name = RoleName::new(&role.text);
        if let Err(wrong) = &name {
            self.report(Diagnostic::new(Code::InvalidName, role.span, wrong.to_string()));
        }
        let fields = self.profile.raw.clone();
        Some(Body::Manual(Box::new(ManualBody { title, role: name.ok()?, fields, within: within? })))
    }

    fn poll(&mut self, query: &Invocation, every: Option<Duration>, until: &Expr, at: Span) -> Option<Body> {
        self.misplaced(Form::Poll);
        let asked = self.query(query, "poll");
        let until = self.about_answer(&self.profile.raw, until);
        let timeout = self.duration(self.clauses.timeout).unwrap_or(CallBody::DEFAULT_TIMEOUT);
        let within = self.limit(&format!("the poll of `{}`", query.label()), at, "15m");
        let every = self.duration(Some(At { value: every, at }));
        if let (Some(every), Some(within)) = (every, within) {
            self.often(every, within, at);
        }
        let (query, every, within) = (asked?, every?, within?);
        Some(Body::Poll(Box::new(PollBody { query, every, until, timeout, within })))
    }

    /// Reports a poll that asks too often, or only once.
    fn often(&mut self, every: Duration, within: Duration, at: Span) {
        let times = within.as_millis() / every.as_millis().max(1);
        if times > limits::POLLS {
            let title = format!("it asks up to {times} times, and at most {} are allowed", limits::POLLS);
            self.report(
                Diagnostic::new(Code::UnusableLimit, at, title).help("ask less often, or for a shorter time"),
            );
        } else if every >= within {
            let title = format!(
                "it asks once only: the next time would be after {every}, and it ends after {within}"
            );
            self.report(
                Diagnostic::new(Code::TightLimit, at, title).help("ask more often, or go on for longer"),
            );
        }
    }

    fn sleep(&mut self, length: &SleepLength, at: Span) -> Option<Body> {
        self.misplaced(Form::Sleep);
        Some(Body::Sleep(match length {
            SleepLength::For(length) => Sleep::For(self.duration(Some(At { value: *length, at }))?),
            SleepLength::Until(time) => Sleep::Until(self.checker.formula(time, &Type::Time)),
        }))
    }

    // ---- blueprints ----------------------------------------------------------------------------------------

    fn run_blueprint(&mut self, name: &Name, given: &[(Name, Expr)], at: Span) -> Option<Body> {
        self.misplaced(Form::Run);
        let within = self.duration(self.clauses.within);
        if let (None, Some(on_timeout)) = (self.clauses.within, self.clauses.on_timeout)
            && !self.tree.broken
        {
            let title = "`on timeout` means nothing for a `run` that may take any time";
            self.report(
                Diagnostic::new(Code::MisplacedClause, on_timeout.at, title)
                    .label(at, "this has no `within`")
                    .help("say how long it may take: `within 10d`"),
            );
        }
        let Some(sub) = self.env.subs.get(&name.text) else {
            self.checker.infer_arguments(given);
            self.unknown_blueprint(name);
            return None;
        };
        self.env.declarations.usage().mark(sub.declared);
        let taking =
            Taking { label: &name.text, at, parameters: &sub.signature.parameters, declared: sub.declared };
        let arguments = self.checker.arguments(given, &taking);
        let blueprint = model::BlueprintName::new(&name.text).ok()?;
        Some(Body::Run(Box::new(RunBody {
            blueprint,
            arguments,
            result: sub.signature.result.clone(),
            within,
        })))
    }

    fn unknown_blueprint(&mut self, name: &Name) {
        if self.env.declarations.usage().is_lost(&name.text) {
            return;
        }
        let others: &[tree::Name] = self.env.others;
        if let Some(other) = others.iter().find(|other| other.text == name.text) {
            let title = format!("`{}` takes orders, and can't be run by a task", name.text);
            let other = other.span;
            return self.report(
                Diagnostic::new(Code::UnknownBlueprint, name.span, title).label(other, "declared here").help(
                    format!(
                        "a blueprint that tasks run has parameters: `blueprint {}(…) {{ … }}`",
                        name.text
                    ),
                ),
            );
        }
        let title = format!("there is no blueprint `{}`", name.text);
        let meant = near_miss(&name.text, self.env.subs.names());
        let diagnostic = Diagnostic::new(Code::UnknownBlueprint, name.span, title);
        self.report(match meant {
            Some(_) => diagnostic.did_you_mean(meant),
            None => diagnostic.help(format!("declare it: `blueprint {}(…) {{ … }}`", name.text)),
        });
    }
}
