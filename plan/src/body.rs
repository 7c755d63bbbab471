//! What a task is: its body and its clauses, as the blueprint defines them for all its instances.

use model::{BlueprintName, Duration, ItemKind, RoleName, SignalName, TaskName, Type};
use serde::{Deserialize, Serialize};

use crate::{Argument, Call, CallBody, Ensure, Formula, Reaction, Undo};

/// A task or milestone of the blueprint. [`crate::Task`] is one instance of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name, unique within its `each` and within what stands outside every `each`.
    pub name: TaskName,
    /// The kind of item it is repeated for; none outside `each`.
    pub each: Option<ItemKind>,
    /// The file it is in.
    pub file: String,
    /// The line its name is on, from 1.
    pub line: u32,
    /// Decided when the task is due: if it does not hold, the task is skipped. Conditions on order data alone
    /// are decided when the plan is made, see [`crate::Task::skipped`].
    pub when: Option<Formula>,
    /// What it does.
    pub body: Body,
    /// What must hold of its result, checked in order.
    pub ensure: Vec<Ensure>,
    /// What to do when it fails for good; without it, the plan's default.
    pub on_failure: Option<Reaction>,
    /// What to do when its time runs out; without it, as on failure.
    pub on_timeout: Option<Reaction>,
    /// What the customer sees from when it is done (a milestone) or begun (anything else).
    pub status: Option<Formula>,
    /// Once it has begun, the order can't be cancelled.
    pub point_of_no_return: bool,
    /// What it rolls back or ends is its item alone; the order goes on without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolate: bool,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Calls a system.
    Call(Box<CallBody>),
    /// Waits for a signal.
    Wait {
        /// Its name.
        signal: SignalName,
        /// What it must carry: a record type.
        fields: Type,
        /// How long to wait.
        within: Duration,
    },
    /// Has a person do something, and say what came of it.
    Manual(Box<ManualBody>),
    /// Asks a system again and again until the answer is the one that is waited for.
    Poll(Box<PollBody>),
    /// Lets time pass.
    Sleep(Sleep),
    /// Runs another blueprint as an order of its own.
    Run(Box<RunBody>),
    /// Computes a value.
    Let(Formula),
    /// Does nothing: a point that others can depend on and customers can see.
    Milestone,
}

/// The body of a task that a person does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualBody {
    /// What to do: a text.
    pub title: Formula,
    /// Who does it.
    pub role: RoleName,
    /// What they say when it is done: a record type.
    pub fields: Type,
    /// How long they have.
    pub within: Duration,
}

/// The body of a task that asks again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollBody {
    /// What to ask: a query.
    pub query: Call,
    /// How long to wait after an answer, or after none came.
    pub every: Duration,
    /// What holds of the answer, its `result`, that is waited for.
    pub until: Formula,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How long to go on.
    pub within: Duration,
}

/// How long a task lets time pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sleep {
    /// So long, from when it is due.
    For(Duration),
    /// Until a time; not at all if it has passed.
    Until(Formula),
}

/// The body of a task that runs another blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBody {
    /// Which, see [`crate::Plan::sub_blueprint`].
    pub blueprint: BlueprintName,
    /// Its parameters, in the order of the declaration.
    pub arguments: Vec<Argument>,
    /// What it answers.
    pub result: Type,
    /// How long it may take.
    pub within: Option<Duration>,
}

impl Definition {
    /// The body, if it calls a system.
    #[must_use]
    pub fn call(&self) -> Option<&CallBody> {
        match &self.body {
            Body::Call(body) => Some(body),
            Body::Wait { .. }
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => None,
        }
    }

    /// The type of what comes of it. Of a value that is computed, the plan does not know it.
    #[must_use]
    pub fn result_type(&self) -> Type {
        match &self.body {
            Body::Call(body) => body.call.result.clone(),
            Body::Wait { fields, .. } => fields.clone(),
            Body::Manual(body) => body.fields.clone(),
            Body::Poll(body) => body.query.result.clone(),
            Body::Run(body) => body.result.clone(),
            Body::Let(_) => Type::Any,
            Body::Sleep(_) | Body::Milestone => Type::Record(Vec::new()),
        }
    }

    /// The blueprint that it runs, if it runs one.
    #[must_use]
    pub fn runs(&self) -> Option<&BlueprintName> {
        if let Body::Run(run) = &self.body { Some(&run.blueprint) } else { None }
    }

    /// The call that takes it back, if there is one.
    #[must_use]
    pub fn undo(&self) -> Option<&Call> {
        match &self.call()?.undo {
            Undo::Call(call) => Some(call),
            Undo::Nothing { .. } => None,
        }
    }

    /// Every call it may make: the first, those instead of it, the one that reads back, changes or takes it back; what it
    /// polls.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let body = self.call();
        let forward = body.into_iter().flat_map(|body| std::iter::once(&body.call).chain(&body.fallbacks));
        let verify = body.and_then(|body| body.verify.as_ref()).map(|verify| &verify.query);
        let amend = body.and_then(|body| body.amend.as_ref()).map(|amend| &amend.call);
        let poll = if let Body::Poll(poll) = &self.body { Some(&poll.query) } else { None };
        forward.chain(poll).chain(verify).chain(amend).chain(self.undo())
    }

    /// Every formula of the definition.
    #[must_use]
    pub fn formulas(&self) -> Vec<&Formula> {
        let mut formulas: Vec<&Formula> = self.when.iter().collect();
        formulas.extend(self.calls().flat_map(|call| &call.arguments).map(|argument| &argument.value));
        match &self.body {
            Body::Call(body) => formulas.extend(body.verify.as_ref().map(|verify| &verify.condition)),
            Body::Manual(body) => formulas.push(&body.title),
            Body::Poll(body) => formulas.push(&body.until),
            Body::Sleep(Sleep::Until(time)) => formulas.push(time),
            Body::Run(body) => formulas.extend(body.arguments.iter().map(|argument| &argument.value)),
            Body::Let(value) => formulas.push(value),
            Body::Wait { .. } | Body::Sleep(Sleep::For(_)) | Body::Milestone => {}
        }
        for ensure in &self.ensure {
            formulas.push(&ensure.condition);
            formulas.extend(&ensure.otherwise.reason);
        }
        for reaction in [&self.on_failure, &self.on_timeout].into_iter().flatten() {
            formulas.extend(&reaction.reason);
        }
        formulas.extend(&self.status);
        formulas
    }
}
