//! What an amendment would do to an order and to the orders that its tasks run.
//!
//! An order says what it would hand on to which of them, and each of those what that would do to its own tasks. Nobody stands
//! still for it: an order that has moved on by the time it hears of the amendment judges it anew, and may then refuse what it would
//! have taken.

use engine::{Assessment, ChildAmendment, Rejected};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use model::{Hash, OrderId, TaskChange, TaskId, Verdict, limits};
use plan::Plan;
use tokio::time::Instant;

use super::connection::{OrderClient, WORKER};
use super::error::ClientError;

/// How many orders are asked at once.
const AT_ONCE: usize = 8;

/// What an amendment would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// To the order itself. A task whose order can't be amended speaks against it.
    pub assessment: Assessment,
    /// To the orders that it would be handed on to, as far as they can say.
    pub children: Vec<ChildPreview>,
    /// The tasks that speak against it, if some do because of their orders alone, which the order itself can't know: at most 100.
    pub opposed: Vec<TaskChange>,
}

/// What an amendment would do to an order that a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildPreview {
    /// The task.
    pub task: TaskId,
    /// The order.
    pub order: OrderId,
    /// What it would do there.
    pub preview: Preview,
}

impl Preview {
    /// Stands for everything that it says.
    #[must_use]
    pub fn token(&self) -> Hash {
        if self.children.is_empty() && self.opposed.is_empty() {
            return self.assessment.token.clone();
        }
        let mut said = vec![self.assessment.token.to_string()];
        said.extend(self.opposed.iter().map(|change| format!("{}: {}", change.task, change.reason)));
        said.extend(self.children.iter().map(|child| format!("{} {}", child.order, child.preview.token())));
        plan::hash(said.join("\n").as_bytes())
    }
}

/// An order that has been asked.
struct Asked {
    /// Which of those before it runs it, by which task; none for the order that is to be amended.
    by: Option<(usize, TaskId)>,
    order: Option<OrderId>,
    plan: Plan,
    preview: Preview,
    is_opposed: bool,
}

impl Asked {
    fn new(assessment: Assessment, plan: Plan) -> Self {
        let preview = Preview { assessment, children: Vec::new(), opposed: Vec::new() };
        Self { by: None, order: None, plan, preview, is_opposed: false }
    }

    /// One of the orders that it runs says no, or nothing.
    fn hear(&mut self, task: &TaskId, order: OrderId, said: &Said) {
        let mut tasks = self.preview.assessment.tasks.iter_mut();
        let Some(change) = tasks.find(|change| change.task == *task) else { return };
        match said {
            Said::Rejected(rejected) => {
                change.verdict = Verdict::Refused;
                change.reason =
                    format!("the order {order} can't be amended: {}", rejected.against_amendment());
                self.is_opposed = true;
            }
            Said::Silent => {
                change.reason.push_str("; nobody answers for it, so what that means there is not known")
            }
            Said::Assessed(_) | Said::Nothing => {}
        }
    }

    /// Everything that was said is here.
    fn into_preview(self) -> Preview {
        let Self { mut preview, is_opposed, .. } = self;
        preview.children.reverse();
        if is_opposed {
            preview.opposed = preview.assessment.refused().take(limits::REFUSALS).cloned().collect();
        }
        preview
    }
}

/// What an order that a task runs says.
enum Said {
    Assessed(Box<(Assessment, Plan)>),
    Rejected(Rejected),
    /// It has ended or is being undone, or nobody knows it: what its task does then, shows when it comes to that.
    Nothing,
    /// Nobody answers for it.
    Silent,
}

impl OrderClient {
    /// What an amendment with this plan would do, here and in the orders that tasks run. Nothing has changed.
    ///
    /// # Errors
    /// As [`OrderClient::assess`].
    pub async fn preview(&self, order: OrderId, plan: &Plan) -> Result<Preview, ClientError> {
        self.look_into(self.assess(order, plan).await?, plan).await
    }

    /// What an order has said of an amendment with this plan, and what it would do in the orders that tasks run: of those, at most
    /// [`limits::CHILDREN_ASSESSED`] are asked, the nearest first.
    ///
    /// # Errors
    /// Temporal is away. Orders for which nobody answers within 10 s in all are shown as such.
    pub async fn look_into(&self, assessment: Assessment, plan: &Plan) -> Result<Preview, ClientError> {
        let wants = |by: usize, assessment: &Assessment| {
            assessment.children.iter().map(|child| (by, child.clone())).collect::<Vec<_>>()
        };
        let mut ahead = wants(0, &assessment);
        let mut asked = vec![Asked::new(assessment, plan.clone())];
        let mut left = limits::CHILDREN_ASSESSED;
        let deadline = Instant::now() + WORKER;
        while !ahead.is_empty() {
            ahead.truncate(left);
            left -= ahead.len();
            let mut asks = Vec::with_capacity(ahead.len());
            for (by, child) in &ahead {
                asks.extend(asked.get(*by).map(|by| self.ask_child(child, &by.plan, deadline)));
            }
            let answers: Vec<_> = stream::iter(asks).buffered(AT_ONCE).try_collect().await?;
            let mut next = Vec::new();
            for ((by, child), said) in ahead.into_iter().zip(answers) {
                let ChildAmendment { task, order, .. } = child;
                if let Said::Assessed(said) = said {
                    let (assessment, plan) = *said;
                    next.extend(wants(asked.len(), &assessment));
                    let heard = Asked::new(assessment, plan);
                    asked.push(Asked { by: Some((by, task)), order: Some(order), ..heard });
                } else if let Some(parent) = asked.get_mut(by) {
                    parent.hear(&task, order, &said);
                }
            }
            ahead = next;
        }
        // The last ones are the farthest.
        loop {
            let Some(last) = asked.pop() else { return Err(ClientError::NotFound) };
            let (by, order) = (last.by.clone(), last.order);
            let preview = last.into_preview();
            let (Some((by, task)), Some(order)) = (by, order) else { return Ok(preview) };
            let Some(parent) = asked.get_mut(by) else { continue };
            let tasks: Vec<TaskChange> =
                preview.assessment.refused().take(limits::REFUSALS).cloned().collect();
            if !tasks.is_empty() {
                parent.hear(&task, order, &Said::Rejected(Rejected::Amendment { tasks }));
            }
            parent.preview.children.push(ChildPreview { task, order, preview });
        }
    }

    async fn ask_child(
        &self,
        child: &ChildAmendment,
        plan: &Plan,
        deadline: Instant,
    ) -> Result<Said, ClientError> {
        let Ok(plan) = plan.child(&child.blueprint, child.arguments.clone()) else {
            return Ok(Said::Nothing);
        };
        let answer = tokio::time::timeout_at(deadline, self.assess_handed_on(child.order, &plan)).await;
        match answer.unwrap_or(Err(ClientError::NoWorker { within: WORKER })) {
            Ok(assessment) => Ok(Said::Assessed(Box::new((assessment, plan)))),
            Err(ClientError::Rejected(rejected @ Rejected::TooManyAmendments { .. })) => {
                Ok(Said::Rejected(rejected))
            }
            // One that a task has just begun may not be there yet.
            Err(ClientError::Rejected(_) | ClientError::NotFound) => Ok(Said::Nothing),
            Err(ClientError::NoWorker { .. } | ClientError::Refused { .. } | ClientError::Unreadable(_)) => {
                Ok(Said::Silent)
            }
            Err(error @ ClientError::Unreachable { .. }) => Err(error),
        }
    }
}
