//! What an amendment does, as callers read it: the same of a preview, of what was done, and of what was refused.

use std::collections::BTreeMap;

use contract::{ChildPreview, Preview};
use engine::Assessment;
use model::{BlueprintRef, DeliveryId, Difference, Hash, OrderId, TaskChange, TaskId, Value, Verdict};
use serde::Serialize;
use store::VersionRow;
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;

use crate::orders::view::{optional_words, words};

/// What an amendment does.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Amendment)]
pub(crate) struct AmendmentView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The id under which it was delivered; null for a preview.
    #[schema(value_type = Option<String>)]
    id: Option<DeliveryId>,
    /// What became of it.
    #[schema(schema_with = result)]
    result: AmendmentResult,
    /// Whether nothing speaks against it.
    accepted: bool,
    /// Which version of the order it makes, from 2.
    version: u32,
    /// The blueprint that its plan is made by.
    #[schema(value_type = String, example = "home_fiber@1")]
    blueprint: String,
    /// Stands for all of this. An amendment that is sent with it does exactly this, or is refused. Null where it was decided before.
    #[schema(value_type = Option<String>)]
    token: Option<Hash>,
    /// What is different in the order, at most 200.
    differences: Vec<DifferenceView>,
    /// How many tasks there are of each verdict.
    #[schema(value_type = BTreeMap<String, u64>, example = json!({"kept": 4, "amended": 1}))]
    counts: BTreeMap<&'static str, u64>,
    /// What is done to each task: those of the new plan in its order, then those that are gone. Of an amendment that was decided
    /// before, those that were kept are not named.
    tasks: Vec<TaskChangeView>,
}

/// What became of an amendment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AmendmentResult {
    /// Nothing was asked of the order.
    Preview,
    /// The order is carried out so.
    Applied,
    /// It came before and was applied.
    Duplicate,
    /// Something speaks against it.
    Refused,
    /// The order has moved on since the preview.
    Moved,
}

/// Something that is different.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Difference)]
pub(crate) struct DifferenceView {
    /// A place in the order, or an argument of a call: `network.reprofile(profile)`.
    #[schema(example = "items[1].speed_mbps")]
    what: String,
    /// Before; null if there was nothing.
    #[schema(value_type = serde_json::Value)]
    from: Value,
    /// After; null if there is nothing, or it is not known yet.
    #[schema(value_type = serde_json::Value)]
    to: Value,
}

/// What is done to a task, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TaskChange)]
pub(crate) struct TaskChangeView {
    /// The task.
    #[schema(value_type = String, example = "activate[1]")]
    task: TaskId,
    /// What is done to it.
    #[schema(schema_with = verdict)]
    verdict: Verdict,
    /// Of a task that is `compared`: what is done to it if what it reads comes out different; null otherwise.
    #[schema(schema_with = optional_verdict)]
    otherwise: Option<Verdict>,
    /// What it reads that is different.
    differences: Vec<DifferenceView>,
    /// Why; empty if there is nothing to say.
    reason: String,
    /// The order that the task runs, if the amendment is handed on to that, and it could be asked; null otherwise.
    #[schema(value_type = Option<uuid::Uuid>)]
    order: Option<OrderId>,
    /// What is done to each task of that order. Of an amendment that was decided before, its own versions say so.
    #[schema(no_recursion)]
    tasks: Vec<TaskChangeView>,
}

/// What the words mean.
const VERDICTS: &str = "`kept`: nothing. `compared`: it reads what another task brings that is changed or done again; if that comes \
    out the same, it is kept. `replaced`: it has not begun, and will with other values. `amended`: what it did is changed by \
    its `amend`. `redone`: it is done again, after it was undone if it has an undo. `undone`: it is undone, and not done \
    again. `added`: it is new. `dropped`: it will not be done; nothing is undone. `refused`: it speaks against the amendment, \
    which is refused as a whole.";

fn verdict() -> ObjectBuilder {
    words(VERDICTS, Verdict::ALL.iter().map(|verdict| verdict.as_str()))
}

fn optional_verdict() -> ObjectBuilder {
    optional_words(VERDICTS, Verdict::ALL.iter().map(|verdict| verdict.as_str()))
}

fn result() -> ObjectBuilder {
    let meaning = "`preview`: nothing was asked of the order. `applied`: the order is carried out so from now on. `duplicate`: it \
        came before under this id, and was applied. `refused`: something speaks against it, and the order goes on as before. \
        `moved`: the order has moved on since the preview, and this is what the amendment would do now.";
    words(meaning, ["preview", "applied", "duplicate", "refused", "moved"])
}

impl From<Difference> for DifferenceView {
    fn from(Difference { what, from, to }: Difference) -> Self {
        Self { what, from, to }
    }
}

impl From<TaskChange> for TaskChangeView {
    fn from(TaskChange { task, verdict, otherwise, differences, reason }: TaskChange) -> Self {
        let differences = differences.into_iter().map(Into::into).collect();
        Self { task, verdict, otherwise, differences, reason, order: None, tasks: Vec::new() }
    }
}

/// What a preview says of each task, and of those of the orders that they run.
fn changes(tasks: Vec<TaskChange>, children: Vec<ChildPreview>) -> Vec<TaskChangeView> {
    let mut changes: Vec<TaskChangeView> = tasks.into_iter().map(Into::into).collect();
    for ChildPreview { task, order, preview } in children {
        if let Some(change) = changes.iter_mut().find(|change| change.task == task) {
            change.order = Some(order);
            change.tasks = self::changes(preview.assessment.tasks, preview.children);
        }
    }
    changes
}

/// How many tasks there are of each verdict.
pub(crate) fn counts(tasks: &[TaskChange]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for change in tasks {
        *counts.entry(change.verdict.as_str()).or_default() += 1;
    }
    counts
}

/// What an amendment makes of an order.
struct Effect {
    version: u32,
    blueprint: BlueprintRef,
    differences: Vec<Difference>,
    counts: BTreeMap<&'static str, u64>,
    tasks: Vec<TaskChangeView>,
}

impl AmendmentView {
    /// What an order says that an amendment does.
    pub(crate) fn new(
        order: OrderId,
        id: Option<DeliveryId>,
        result: AmendmentResult,
        preview: Preview,
    ) -> Self {
        let token = preview.token();
        let Preview { assessment, children, opposed: _ } = preview;
        let Assessment { version, blueprint, differences, tasks, .. } = assessment;
        let counts = counts(&tasks);
        let effect = Effect { version, blueprint, differences, counts, tasks: changes(tasks, children) };
        Self::of(order, id, result, Some(token), effect)
    }

    /// Whether it came before.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.result == AmendmentResult::Duplicate
    }

    /// What the record says of an amendment that was decided before.
    pub(crate) fn decided(order: OrderId, result: AmendmentResult, row: VersionRow) -> Self {
        let VersionRow { delivery, version, blueprint, differences, tasks, .. } = row;
        let counts = counts(&tasks);
        let tasks = tasks.into_iter().map(Into::into).collect();
        let effect = Effect { version, blueprint, differences, counts, tasks };
        Self::of(order, delivery, result, None, effect)
    }

    fn of(
        order: OrderId,
        id: Option<DeliveryId>,
        result: AmendmentResult,
        token: Option<Hash>,
        effect: Effect,
    ) -> Self {
        let Effect { version, blueprint, differences, counts, tasks } = effect;
        let is_against = |change: &TaskChangeView| change.verdict == Verdict::Refused;
        Self {
            order,
            id,
            result,
            accepted: result != AmendmentResult::Refused && !tasks.iter().any(is_against),
            version,
            blueprint: blueprint.to_string(),
            token,
            differences: differences.into_iter().map(Into::into).collect(),
            counts,
            tasks,
        }
    }
}
