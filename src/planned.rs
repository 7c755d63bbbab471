//! A plan as a document: what `plan --format json` prints and the tree is drawn from. The fields of a task are those of the
//! API's `GET /v1/orders/{id}/plan`.

use model::{Duration, Hash, TaskId};
use plan::{Body, Plan, TaskIndex, Undo};
use serde::Serialize;

/// The plan of an order.
#[derive(Debug, Serialize)]
pub(crate) struct PlanDocument {
    /// `name@version` of the blueprint that it was made by.
    pub(crate) blueprint: String,
    /// The SHA-256 of that blueprint's meaning.
    pub(crate) blueprint_hash: Hash,
    /// Every task, each after those it waits for.
    pub(crate) tasks: Vec<PlannedTask>,
}

/// One task of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedTask {
    /// Its id.
    pub(crate) id: TaskId,
    /// From 1: tasks of the same wave wait for none of each other. Skipped ones take no turn.
    pub(crate) wave: usize,
    /// The tasks it waits for.
    pub(crate) after: Vec<TaskId>,
    /// The rule that leaves it out.
    pub(crate) skipped: Option<String>,
    /// The condition that decides when it is due.
    pub(crate) when: Option<String>,
    /// What it does.
    #[serde(flatten)]
    pub(crate) body: PlannedBody,
    /// Whether the order can't be cancelled once it has begun.
    pub(crate) point_of_no_return: bool,
    /// The file and line of the blueprint that define it.
    pub(crate) source: String,
}

/// What a task does.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum PlannedBody {
    /// Calls a system.
    Call {
        /// `system.operation`, and what is called instead if it fails for good.
        calls: Vec<String>,
        /// How long one attempt may take.
        timeout: Duration,
        /// How long all attempts may take together.
        within: Option<Duration>,
        /// How many attempts there are at the most.
        attempts: u32,
        /// `system.operation` that takes it back.
        undo: Option<String>,
        /// Why nothing takes it back.
        no_undo: Option<String>,
    },
    /// Waits for a signal.
    Wait {
        /// Its name.
        signal: String,
        /// What it must carry.
        fields: String,
        /// How long it waits.
        within: Duration,
    },
    /// Does nothing: a point that customers see.
    Milestone,
}

impl PlanDocument {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut waves: Vec<usize> = Vec::with_capacity(plan.tasks().len());
        // Tasks come after what they wait for, so the waves of those are known.
        for task in plan.tasks() {
            let after = task.after.iter().filter_map(|after| waves.get(after.0)).max().copied().unwrap_or(0);
            waves.push(if task.skipped.is_some() { after } else { after + 1 });
        }
        let tasks = plan.indices().zip(waves).map(|(index, wave)| PlannedTask::new(plan, index, wave));
        Self {
            blueprint: plan.blueprint().to_string(),
            blueprint_hash: plan.blueprint_hash().clone(),
            tasks: tasks.collect(),
        }
    }
}

impl PlannedTask {
    fn new(plan: &Plan, index: TaskIndex, wave: usize) -> Self {
        let (task, definition) = (plan.task(index), plan.definition(index));
        Self {
            id: plan.id(index),
            wave: wave.max(1),
            after: task.after.iter().map(|after| plan.id(*after)).collect(),
            skipped: task.skipped.clone(),
            when: definition.when.as_ref().map(|when| when.text.clone()),
            body: PlannedBody::new(&definition.body),
            point_of_no_return: definition.point_of_no_return,
            source: format!("{}:{}", definition.file, definition.line),
        }
    }
}

impl PlannedBody {
    fn new(body: &Body) -> Self {
        match body {
            Body::Call(body) => {
                let (undo, no_undo) = match &body.undo {
                    Undo::Call(call) => (Some(call.label()), None),
                    Undo::Nothing { why } => (None, Some(why.clone()).filter(|why| !why.is_empty())),
                };
                Self::Call {
                    calls: std::iter::once(&body.call)
                        .chain(&body.fallbacks)
                        .map(plan::Call::label)
                        .collect(),
                    timeout: body.timeout,
                    within: body.within,
                    attempts: body.retry.attempts,
                    undo,
                    no_undo,
                }
            }
            Body::Wait { signal, fields, within } => {
                Self::Wait { signal: signal.to_string(), fields: fields.to_string(), within: *within }
            }
            Body::Milestone => Self::Milestone,
        }
    }
}
