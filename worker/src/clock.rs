//! The wall clock, for records that people read. Workflow code has its own.

use std::time::SystemTime;

use model::Timestamp;

/// What time it is on this machine.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}
