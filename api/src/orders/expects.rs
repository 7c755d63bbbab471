//! What a task that waits for something from outside asks of it.

use model::{RoleName, SignalName};
use plan::{Body, Plan};
use serde::Serialize;
use store::TaskRow;
use utoipa::ToSchema;

/// What a task asks of the signal or the person that it waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Expects)]
pub(crate) struct ExpectsView {
    /// The signal; null if it waits for a person.
    #[schema(value_type = Option<String>, example = "technician_report")]
    signal: Option<SignalName>,
    /// Who is to do it, and says so with `complete`; null if it waits for a signal.
    #[schema(value_type = Option<String>, example = "back_office")]
    role: Option<RoleName>,
    /// The fields, as a blueprint writes them.
    #[schema(example = "{ approved: bool, note: text? }")]
    fields: String,
}

impl ExpectsView {
    /// What a task asks for; none if it waits for nothing of that kind.
    pub(crate) fn of(task: &TaskRow, plan: &Plan) -> Option<Self> {
        task.progress.waiting_for.as_ref()?;
        match &plan.definition(plan.find(&task.id)?).body {
            Body::Wait { signal, fields, .. } => {
                Some(Self { signal: Some(signal.clone()), role: None, fields: fields.to_string() })
            }
            Body::Manual(body) => {
                Some(Self { signal: None, role: Some(body.role.clone()), fields: body.fields.to_string() })
            }
            Body::Call(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => None,
        }
    }
}
