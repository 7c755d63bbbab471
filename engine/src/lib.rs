//! What happens to an order: a state machine that takes facts and gives work.
//!
//! Pure: no clock, no randomness, no async, no I/O. Callers pass events to [`Run::handle_event`] with the time
//! they happened, and carry out what [`Run::poll_effect`] returns. The Temporal driver is the `worker` crate's
//! `order` workflow; [`Simulation`] is a driver in virtual time; plans come from `plan`.
//!
//! - **Invariant:** same plan + same events = same effects and same order events, byte for byte.
//! - **Invariant:** a run has work outstanding, a wait it can name, or has ended.

mod act;
mod amend;
mod answer;
mod assess;
mod call;
mod chart;
mod child;
mod correct;
mod deadline;
mod deliver;
mod differences;
mod effect;
mod event;
mod fallout;
mod forward;
mod hand_on;
mod isolate;
mod item_cancel;
mod items;
mod kept;
mod layout;
mod leave;
mod manual;
mod pause;
mod pending;
mod poll;
mod quiet;
mod reads;
mod record;
mod residue;
mod revise;
mod run;
mod seen;
mod simulation;
mod snapshot;
mod status;
mod steer;
mod task_run;
mod undo;
mod verify;
mod view;

pub use act::{Act, Scope};
pub use assess::Assessment;
pub use effect::{
    CallEffect, CallId, ChildEffect, ChildId, Effect, HandOnEffect, RecallEffect, TimerEffect, TimerId,
};
pub use event::{ChildReport, Event, Handled, Rejected, Settlement};
pub use hand_on::ChildAmendment;
pub use model::OperatorAction;
pub use run::{Run, Snapshot};
pub use simulation::{Answer, Simulation, Standstill, World};
pub use view::{Blocked, ItemRunView, RunView, TaskRunView};
