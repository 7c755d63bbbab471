//! A definition taken apart into what a person would name when asked what a task is.
//!
//! The one place where tools look into a [`Body`]: comparing plans and explaining tasks read the aspects.

use std::fmt::Display;

use crate::{
    Argument, Body, Call, CallBody, Definition, Formula, PollBody, Reaction, ReactionKind, Retry, Sleep, Undo,
};

/// One thing that is said of a task.
#[derive(Clone, Debug)]
pub struct Aspect<'a> {
    /// What it is: `timeout`, `argument site`. Unique among those of a definition.
    pub name: String,
    /// What is said.
    pub said: Said<'a>,
}

/// What an aspect says.
#[derive(Clone, Debug)]
pub enum Said<'a> {
    /// An expression: an argument, a condition.
    Formula(&'a Formula),
    /// Anything else, as a blueprint would say it.
    Text(String),
}

impl Said<'_> {
    /// As the blueprint has it, with single spaces.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Formula(formula) => formula.text.split_whitespace().collect::<Vec<_>>().join(" "),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Definition {
    /// Everything that is said of it, in the order in which a blueprint says it.
    #[must_use]
    pub fn aspects(&self) -> Vec<Aspect<'_>> {
        let mut aspects = Aspects(Vec::new());
        if let Some(when) = &self.when {
            aspects.formula("when", when);
        }
        match &self.body {
            Body::Call(body) => aspects.call_body(body),
            Body::Wait { signal, fields, within } => {
                aspects.text("wait", signal);
                aspects.text("fields", fields);
                aspects.text("within", within);
            }
            Body::Manual(body) => {
                aspects.formula("manual", &body.title);
                aspects.text("for", &body.role);
                aspects.text("fields", &body.fields);
                aspects.text("within", &body.within);
            }
            Body::Poll(body) => aspects.poll_body(body),
            Body::Sleep(Sleep::For(length)) => aspects.text("sleep", length),
            Body::Sleep(Sleep::Until(time)) => aspects.formula("sleep until", time),
            Body::Run(body) => {
                aspects.text("run", &body.blueprint);
                aspects.arguments("argument", &body.arguments);
                aspects.text("answers", &body.result);
                if let Some(within) = &body.within {
                    aspects.text("within", within);
                }
            }
            Body::Let(value) => aspects.formula("let", value),
            Body::Milestone => aspects.text("milestone", &""),
        }
        for (n, ensure) in self.ensure.iter().enumerate() {
            let name = numbered("ensure", n);
            aspects.formula(&name, &ensure.condition);
            aspects.reaction(&format!("{name} else"), &ensure.otherwise);
        }
        for (name, reaction) in [("on failure", &self.on_failure), ("on timeout", &self.on_timeout)] {
            if let Some(reaction) = reaction {
                aspects.reaction(name, reaction);
            }
        }
        if let Some(status) = &self.status {
            aspects.formula("status", status);
        }
        if self.isolate {
            aspects.text("isolate", &"yes");
        }
        if self.point_of_no_return {
            aspects.text("point of no return", &"yes");
        }
        aspects.0
    }
}

struct Aspects<'a>(Vec<Aspect<'a>>);

impl<'a> Aspects<'a> {
    fn text(&mut self, name: &str, text: &dyn Display) {
        self.0.push(Aspect { name: name.to_owned(), said: Said::Text(text.to_string()) });
    }

    fn formula(&mut self, name: &str, formula: &'a Formula) {
        self.0.push(Aspect { name: name.to_owned(), said: Said::Formula(formula) });
    }

    fn call(&mut self, name: &str, argument: &str, call: &'a Call) {
        self.text(name, &call.label());
        self.arguments(argument, &call.arguments);
    }

    fn arguments(&mut self, argument: &str, arguments: &'a [Argument]) {
        for each in arguments {
            self.formula(&format!("{argument} {}", each.name), &each.value);
        }
    }

    fn poll_body(&mut self, body: &'a PollBody) {
        self.call("poll", "argument", &body.query);
        self.text("answers", &body.query.result);
        self.text("every", &body.every);
        self.formula("until", &body.until);
        self.text("timeout", &body.timeout);
        self.text("within", &body.within);
    }

    fn call_body(&mut self, body: &'a CallBody) {
        self.call("call", "argument", &body.call);
        self.text("answers", &body.call.result);
        for (n, fallback) in body.fallbacks.iter().enumerate() {
            let name = numbered("else call", n);
            self.call(&name, &format!("{name} argument"), fallback);
        }
        self.text("timeout", &body.timeout);
        if let Some(within) = &body.within {
            self.text("within", within);
        }
        self.text("retry", &retry(&body.retry));
        if let Some(verify) = &body.verify {
            self.call("verify", "verify argument", &verify.query);
            self.formula("verify is", &verify.condition);
        }
        if let Some(amend) = &body.amend {
            self.call("amend", "amend argument", &amend.call);
        }
        match &body.undo {
            Undo::Call(undo) => self.call("undo", "undo argument", undo),
            Undo::Nothing { why } if why.is_empty() => {}
            Undo::Nothing { why } => self.text("no undo", why),
        }
    }

    fn reaction(&mut self, name: &str, reaction: &'a Reaction) {
        self.text(name, &reaction_words(reaction.kind));
        if let Some(reason) = &reaction.reason {
            self.formula(&format!("{name} reason"), reason);
        }
    }
}

/// The first of a kind has no number.
fn numbered(name: &str, n: usize) -> String {
    if n == 0 { name.to_owned() } else { format!("{name} {}", n + 1) }
}

fn retry(retry: &Retry) -> String {
    if retry.attempts == 1 {
        return "no retry".to_owned();
    }
    let doubling = if retry.doubling { " doubling" } else { "" };
    let up_to = retry.up_to.map_or_else(String::new, |up_to| format!(" up to {up_to}"));
    format!("{} times every {}{doubling}{up_to}", retry.attempts, retry.every)
}

/// As a blueprint says it, without the reason.
pub(crate) fn reaction_words(kind: ReactionKind) -> String {
    match kind {
        ReactionKind::Reject => "reject".to_owned(),
        ReactionKind::Hold(hold_for) => format!("hold for {}", hold_for.as_str()),
        ReactionKind::Rollback => "rollback".to_owned(),
        ReactionKind::Skip => "skip".to_owned(),
        ReactionKind::Fail => "fail".to_owned(),
    }
}
