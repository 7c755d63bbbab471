//! What a task that waits for something from outside asks of it.

use model::{RoleName, SignalName, TaskState};
use plan::{Body, Plan};
use serde::Serialize;
use store::TaskRow;
use utoipa::ToSchema;

/// What a task asks of the signal or the person that it waits for, or of whoever completes it by hand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Expects)]
pub(crate) struct ExpectsView {
    /// The signal; null if it waits for a person.
    #[schema(value_type = Option<String>, example = "technician_report")]
    signal: Option<SignalName>,
    /// Who is to do it, and says so with `complete`; null if it waits for a signal, or is held.
    #[schema(value_type = Option<String>, example = "back_office")]
    role: Option<RoleName>,
    /// The fields, as a blueprint writes them.
    #[schema(example = "{ approved: bool, note: text? }")]
    fields: String,
}

impl ExpectsView {
    /// What a task asks for; none if it waits for nothing of that kind.
    pub(crate) fn of(task: &TaskRow, plan: &Plan) -> Option<Self> {
        let definition = plan.definition(plan.find(&task.id)?);
        let held = task.progress.state == TaskState::Held;
        if !held && task.progress.waiting_for.is_none() {
            return None;
        }
        let (signal, role) = match &definition.body {
            Body::Wait { signal, .. } if !held => (Some(signal.clone()), None),
            Body::Manual(body) if !held => (None, Some(body.role.clone())),
            Body::Wait { .. }
            | Body::Manual(_)
            | Body::Call(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => {
                if !held {
                    return None;
                }
                (None, None)
            }
        };
        Some(Self { signal, role, fields: definition.result_type().to_string() })
    }

    /// Whether it is a person who is to do it.
    pub(crate) const fn is_of_person(&self) -> bool {
        self.role.is_some()
    }
}
