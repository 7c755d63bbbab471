//! What happens to an order: a state machine that takes facts and gives work.
//!
//! Pure: no clock, no randomness, no async, no I/O. Callers pass events to [`Run::handle_event`] with the time
//! they happened, and carry out what [`Run::poll_effect`] returns. The Temporal driver is the `worker` crate's
//! `order` workflow; [`Simulation`] is a driver in virtual time; plans come from `plan`.
//!
//! - **Invariant:** same plan + same events = same effects and same order events, byte for byte.
//! - **Invariant:** a run has work outstanding, a wait it can name, or has ended.

mod answer;
mod call;
mod child;
mod deadline;
mod deliver;
mod effect;
mod event;
mod forward;
mod isolate;
mod leave;
mod manual;
mod poll;
mod quiet;
mod record;
mod run;
mod simulation;
mod status;
mod steer;
mod task_run;
mod undo;
mod verify;
mod view;

pub use effect::{CallEffect, CallId, ChildEffect, ChildId, Effect, RecallEffect, TimerEffect, TimerId};
pub use event::{ChildReport, Event, Handled, OperatorAction, Rejected, Settlement};
pub use run::{Run, Snapshot};
pub use simulation::{Answer, Simulation, Standstill, World};
pub use view::{Blocked, RunView, TaskRunView};
