//! A plan as people and programs read it: what the API answers and `orderwright plan` prints.
//!
//! Everything in it is a text, a number or a list of such, under names that stay. What is carried out is [`Plan`].

use serde::Serialize;

use crate::{Body, Call, CriticalPath, Durations, Plan, Sleep, TaskIndex, Undo};

/// A plan: every task, each after those it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Plan))]
pub struct PlanDocument {
    /// The blueprint version it was made by.
    #[cfg_attr(feature = "openapi", schema(example = "home_fiber@3"))]
    pub blueprint: String,
    /// The SHA-256 of the blueprint's meaning.
    pub blueprint_hash: String,
    /// How long the order may take; null if there is no limit.
    #[cfg_attr(feature = "openapi", schema(example = "10d"))]
    pub deadline: Option<String>,
    /// When it is at risk, from its beginning; null if nothing says so.
    pub at_risk_after: Option<String>,
    /// What it has in common with orders that it must not be carried out beside, as `one at a time by` says.
    #[cfg_attr(feature = "openapi", schema(example = json!(["SUB-88"])))]
    pub sequence: Vec<String>,
    /// The tasks.
    pub tasks: Vec<PlannedTask>,
    /// How long it may take, and what decides that.
    pub critical_path: CriticalPathDocument,
}

/// The tasks that decide how long an order takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CriticalPath))]
pub struct CriticalPathDocument {
    /// How long all of it takes. Where nothing else is known, a task takes as long as its limits let it: all attempts,
    /// every wait to its end.
    #[cfg_attr(feature = "openapi", schema(example = "10d5m40s"))]
    pub total: String,
    /// The tasks on it, each after the one before.
    pub tasks: Vec<CriticalTask>,
    /// The tasks that sleep until a time which only results tell, on the path or beside it: that is not counted in
    /// anything above.
    pub not_counted: Vec<NotCountedTask>,
}

/// A task that sleeps nobody knows how long before it begins, or runs a blueprint that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotCountedTask {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(example = "agreed_day[1]"))]
    pub id: String,
    /// When it begins, from the order's beginning.
    #[cfg_attr(feature = "openapi", schema(example = "5m30s"))]
    pub begins: String,
    /// Until when it sleeps, as the blueprint has it.
    #[cfg_attr(feature = "openapi", schema(example = "agree_window.opens"))]
    pub until: String,
}

/// A task on the critical path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CriticalTask {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(example = "field_work[1]"))]
    pub id: String,
    /// When it begins, from the order's beginning.
    #[cfg_attr(feature = "openapi", schema(example = "5m30s"))]
    pub begins: String,
    /// How long it takes.
    #[cfg_attr(feature = "openapi", schema(example = "10d"))]
    pub takes: String,
    /// Whether that was given, and not taken from the task's limits.
    pub given: bool,
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedTask {
    /// Its id.
    #[cfg_attr(feature = "openapi", schema(example = "reserve_port[1]"))]
    pub id: String,
    /// The item it is for; null for a task of the whole order.
    pub item: Option<String>,
    /// When its turn can come, from 1: tasks of one wave wait for none of each other. What is left out takes no turn.
    pub wave: usize,
    /// The tasks it waits for.
    pub after: Vec<String>,
    /// Why it is left out, if the order's own data says so.
    pub skipped: Option<String>,
    /// The condition that decides when it is due, as the blueprint has it.
    pub when: Option<String>,
    /// What it does.
    #[serde(flatten)]
    pub body: PlannedBody,
    /// Whether its failure ends its item alone.
    pub isolate: bool,
    /// Whether an order can't be cancelled once it has begun.
    pub point_of_no_return: bool,
    /// The file and line of the blueprint that define it.
    pub source: String,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlannedBody {
    /// Calls a system.
    Call {
        /// `system.operation`, and what is called instead if it fails for good.
        #[cfg_attr(feature = "openapi", schema(example = json!(["inventory.reserve"])))]
        calls: Vec<String>,
        /// How long one attempt may take.
        #[cfg_attr(feature = "openapi", schema(example = "30s"))]
        timeout: String,
        /// How long all attempts may take together.
        within: Option<String>,
        /// How many attempts there are at the most.
        attempts: u32,
        /// `system.operation` that takes it back.
        undo: Option<String>,
        /// Why nothing takes it back.
        no_undo: Option<String>,
        /// `system.operation` that changes it when an amendment changes its arguments.
        amend: Option<String>,
        /// `system.operation` that tells whether a call without an answer was made.
        verify: Option<String>,
    },
    /// Waits for a signal.
    Wait {
        /// Its name.
        signal: String,
        /// What it must carry, as the blueprint has it.
        #[cfg_attr(feature = "openapi", schema(example = "{ outcome: text, ont: text? }"))]
        fields: String,
        /// How long it waits.
        #[cfg_attr(feature = "openapi", schema(example = "10d"))]
        within: String,
    },
    /// Has a person do something.
    Manual {
        /// What to do, as the blueprint has it.
        #[cfg_attr(feature = "openapi", schema(example = "\"Check the contract\""))]
        title: String,
        /// Who does it.
        role: String,
        /// What they say when it is done.
        fields: String,
        /// How long they have.
        within: String,
    },
    /// Asks a system again and again.
    Poll {
        /// `system.query`.
        call: String,
        /// How often.
        every: String,
        /// What is waited for, as the blueprint has it.
        until: String,
        /// How long to go on.
        within: String,
    },
    /// Lets time pass.
    Sleep {
        /// How long; null if until a time.
        length: Option<String>,
        /// Until when, as the blueprint has it; null if a length of time.
        until: Option<String>,
    },
    /// Runs another blueprint as an order of its own.
    Run {
        /// Which.
        blueprint: String,
        /// How long it may take; null if there is no limit.
        within: Option<String>,
    },
    /// Computes a value.
    Let {
        /// The expression, as the blueprint has it.
        value: String,
    },
    /// Does nothing: a point that customers see.
    Milestone,
}

impl From<&Plan> for PlanDocument {
    fn from(plan: &Plan) -> Self {
        Self::with_durations(plan, &Durations::default())
    }
}

impl PlanDocument {
    /// A plan whose tasks take as long as is said here, where anything is.
    #[must_use]
    pub fn with_durations(plan: &Plan, durations: &Durations) -> Self {
        let tasks = plan.indices().zip(waves(plan)).map(|(index, wave)| task(plan, index, wave));
        Self {
            blueprint: plan.blueprint().to_string(),
            blueprint_hash: plan.blueprint_hash().to_string(),
            deadline: plan.deadline().map(|deadline| deadline.within.to_string()),
            at_risk_after: plan
                .deadline()
                .and_then(|deadline| deadline.at_risk)
                .map(|after| after.to_string()),
            sequence: plan.sequence().iter().map(ToString::to_string).collect(),
            tasks: tasks.collect(),
            critical_path: critical_path(plan, &plan.critical_path(durations)),
        }
    }
}

fn critical_path(plan: &Plan, path: &CriticalPath) -> CriticalPathDocument {
    let tasks = path.tasks.iter().map(|timed| CriticalTask {
        id: plan.id(timed.task).to_string(),
        begins: timed.begins.to_string(),
        takes: timed.takes.to_string(),
        given: timed.given,
    });
    let not_counted = path.not_counted.iter().map(|sleep| NotCountedTask {
        id: plan.id(sleep.task).to_string(),
        begins: sleep.begins.to_string(),
        until: sleep.until.clone(),
    });
    CriticalPathDocument {
        total: path.total.to_string(),
        tasks: tasks.collect(),
        not_counted: not_counted.collect(),
    }
}

/// The wave of each task.
fn waves(plan: &Plan) -> Vec<usize> {
    let mut reached: Vec<usize> = Vec::with_capacity(plan.tasks().len());
    // Tasks come after what they wait for, so the waves of those are known.
    for task in plan.tasks() {
        let after = task.after.iter().filter_map(|after| reached.get(after.0)).max().copied().unwrap_or(0);
        reached.push(if task.skipped.is_some() { after } else { after + 1 });
    }
    reached.into_iter().map(|wave| wave.max(1)).collect()
}

fn task(plan: &Plan, index: TaskIndex, wave: usize) -> PlannedTask {
    let (task, definition) = (plan.task(index), plan.definition(index));
    PlannedTask {
        id: plan.id(index).to_string(),
        item: plan.item(index).map(|item| item.id.to_string()),
        wave,
        after: task.after.iter().map(|after| plan.id(*after).to_string()).collect(),
        skipped: task.skipped.clone(),
        when: definition.when.as_ref().map(|when| when.text.clone()),
        body: body(&definition.body),
        isolate: definition.isolate,
        point_of_no_return: definition.point_of_no_return,
        source: format!("{}:{}", definition.file, definition.line),
    }
}

fn body(body: &Body) -> PlannedBody {
    match body {
        Body::Call(body) => {
            let (undo, no_undo) = match &body.undo {
                Undo::Call(call) => (Some(call.label()), None),
                Undo::Nothing { why } => (None, Some(why.clone()).filter(|why| !why.is_empty())),
            };
            PlannedBody::Call {
                calls: std::iter::once(&body.call).chain(&body.fallbacks).map(Call::label).collect(),
                timeout: body.timeout.to_string(),
                within: body.within.map(|within| within.to_string()),
                attempts: body.retry.attempts,
                undo,
                no_undo,
                amend: body.amend.as_ref().map(|amend| amend.call.label()),
                verify: body.verify.as_ref().map(|verify| verify.query.label()),
            }
        }
        Body::Wait { signal, fields, within } => PlannedBody::Wait {
            signal: signal.to_string(),
            fields: fields.to_string(),
            within: within.to_string(),
        },
        Body::Manual(body) => PlannedBody::Manual {
            title: body.title.text.clone(),
            role: body.role.to_string(),
            fields: body.fields.to_string(),
            within: body.within.to_string(),
        },
        Body::Poll(body) => PlannedBody::Poll {
            call: body.query.label(),
            every: body.every.to_string(),
            until: body.until.text.clone(),
            within: body.within.to_string(),
        },
        Body::Sleep(Sleep::For(length)) => {
            PlannedBody::Sleep { length: Some(length.to_string()), until: None }
        }
        Body::Sleep(Sleep::Until(time)) => {
            PlannedBody::Sleep { length: None, until: Some(time.text.clone()) }
        }
        Body::Run(body) => PlannedBody::Run {
            blueprint: body.blueprint.to_string(),
            within: body.within.map(|within| within.to_string()),
        },
        Body::Let(value) => PlannedBody::Let { value: value.text.clone() },
        Body::Milestone => PlannedBody::Milestone,
    }
}
