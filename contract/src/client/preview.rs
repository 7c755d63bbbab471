//! What an amendment would do to an order and to the orders that its tasks run.
//!
//! An order says what it would hand on to which of them, and each of those what that would do to its own tasks. Nobody stands
//! still for it: an order that has moved on by the time it hears of the amendment judges it anew, and may then refuse what it would
//! have taken.

use engine::{Assessment, ChildAmendment, Rejected};
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use model::{Hash, OrderId, TaskChange, TaskId, Verdict, limits};
use plan::Plan;

use super::connection::OrderClient;
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

    /// What of it an order that a task runs is told, by the task.
    #[must_use]
    pub fn child(&self, task: &TaskId) -> Option<&ChildPreview> {
        self.children.iter().find(|child| child.task == *task)
    }

    fn oppose(&mut self, task: &TaskId, order: OrderId, rejected: &Rejected) {
        let Some(change) = self.assessment.tasks.iter_mut().find(|change| change.task == *task) else {
            return;
        };
        change.verdict = Verdict::Refused;
        change.reason = format!("the order {order} can't be amended: {}", rejected.against_amendment());
    }
}

/// What an order that a task runs says.
enum Said {
    Preview(Box<Preview>),
    Rejected(Rejected),
    /// It has ended or is being undone, or nobody knows it: what its task does then, shows when it comes to that.
    Nothing,
}

impl OrderClient {
    /// What an amendment with this plan would do, here and in the orders that tasks run. Nothing has changed.
    ///
    /// # Errors
    /// As [`OrderClient::assess`].
    pub async fn preview(&self, order: OrderId, plan: &Plan) -> Result<Preview, ClientError> {
        let assessment = self.assess(order, plan).await?;
        self.look_into(assessment, plan).await
    }

    /// Asks the orders that an amendment would be handed on to, at most [`limits::CHILDREN_ASSESSED`] of one order. How deep that
    /// goes, the plan limits.
    fn look_into<'a>(
        &'a self,
        assessment: Assessment,
        plan: &'a Plan,
    ) -> BoxFuture<'a, Result<Preview, ClientError>> {
        async move {
            let children = assessment.children.clone();
            let asked = stream::iter(children.into_iter().map(|child| async move {
                let said = self.ask_child(&child, plan).await?;
                Ok::<_, ClientError>((child, said))
            }));
            let said: Vec<_> = asked.buffered(AT_ONCE).try_collect().await?;
            let mut preview = Preview { assessment, children: Vec::new(), opposed: Vec::new() };
            let mut is_opposed = false;
            for (ChildAmendment { task, order, .. }, said) in said {
                let rejected = match said {
                    Said::Preview(child) => {
                        let tasks: Vec<TaskChange> =
                            child.assessment.refused().take(limits::REFUSALS).cloned().collect();
                        preview.children.push(ChildPreview { task: task.clone(), order, preview: *child });
                        if tasks.is_empty() {
                            continue;
                        }
                        Rejected::Amendment { tasks }
                    }
                    Said::Rejected(rejected) => rejected,
                    Said::Nothing => continue,
                };
                is_opposed = true;
                preview.oppose(&task, order, &rejected);
            }
            if is_opposed {
                preview.opposed = preview.assessment.refused().take(limits::REFUSALS).cloned().collect();
            }
            Ok(preview)
        }
        .boxed()
    }

    async fn ask_child(&self, child: &ChildAmendment, plan: &Plan) -> Result<Said, ClientError> {
        let Ok(plan) = plan.child(&child.blueprint, child.arguments.clone()) else {
            return Ok(Said::Nothing);
        };
        match self.assess_handed_on(child.order, &plan).await {
            Ok(assessment) => Ok(Said::Preview(Box::new(self.look_into(assessment, &plan).await?))),
            Err(ClientError::Rejected(rejected @ Rejected::TooManyAmendments { .. })) => {
                Ok(Said::Rejected(rejected))
            }
            // One that a task has just begun may not be there yet.
            Err(ClientError::Rejected(_) | ClientError::NotFound) => Ok(Said::Nothing),
            Err(error) => Err(error),
        }
    }
}
