//! What an activity's end says about what was done.
//!
//! An order that believes "not done" of something that was done leaves it behind for ever; one that believes "may be
//! done" asks again under the same key. So everything that is not certain is unknown.

use contract::payload::decode;
use contract::{CallFailure, Inquiry};
use engine::Settlement;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::{ActivityExecutionError, IncomingError, TimeoutType};

/// How a call ended.
pub(super) struct Made {
    pub(super) settlement: Settlement,
    /// After how many attempts, as far as that is known.
    pub(super) attempts: u32,
}

/// Reads an activity's end. `most` is how many attempts it may have made.
pub(super) fn made(answer: Result<RawValue, ActivityExecutionError>, most: u32) -> Made {
    let unknown = |reason: String| Made { settlement: Settlement::Unknown { reason }, attempts: most };
    match answer {
        Ok(raw) => match decode(&raw) {
            Ok(value) => Made { settlement: Settlement::Succeeded(value), attempts: most },
            Err(wrong) => unknown(format!("its answer can't be read: {wrong}")),
        },
        Err(ActivityExecutionError::Failed(failure)) => match failure.cause() {
            Some(IncomingError::Application(failure)) => {
                let reason = failure.to_string();
                let settlement = match CallFailure::read(failure.type_name()) {
                    CallFailure::Refused => Settlement::Refused { reason },
                    CallFailure::Failed => Settlement::Failed { reason },
                    CallFailure::Unknown => Settlement::Unknown { reason },
                };
                Made { settlement, attempts: failure.details::<u32>().ok().flatten().unwrap_or(most) }
            }
            Some(IncomingError::Timeout(timeout)) => unknown(overdue(timeout.timeout_type()).to_owned()),
            Some(other) => unknown(format!("the call was broken off: {other}")),
            None => unknown(format!("the call was broken off: {failure}")),
        },
        Err(ActivityExecutionError::Cancelled(_)) => {
            unknown("the call was stopped before another attempt".to_owned())
        }
        Err(other) => unknown(format!("the call was broken off: {other}")),
    }
}

/// Reads the end of an activity that was stopped, given what was known before.
pub(super) fn stopped(
    answer: Result<RawValue, ActivityExecutionError>,
    inquiry: &Inquiry,
    most: u32,
) -> Made {
    match (&answer, inquiry) {
        (Err(ActivityExecutionError::Cancelled(_)), Inquiry::Harmless { reason }) => {
            Made { settlement: Settlement::Failed { reason: reason.clone() }, attempts: most }
        }
        (Err(ActivityExecutionError::Cancelled(_)), Inquiry::InDoubt { reason }) => {
            Made { settlement: Settlement::Unknown { reason: reason.clone() }, attempts: most }
        }
        _ => made(answer, most),
    }
}

const fn overdue(timeout: TimeoutType) -> &'static str {
    match timeout {
        TimeoutType::StartToClose | TimeoutType::Heartbeat => {
            "the worker that made the call was lost, or did not answer in time"
        }
        TimeoutType::ScheduleToStart | TimeoutType::ScheduleToClose => "the time for all attempts ran out",
        TimeoutType::Unspecified | TimeoutType::Unknown | _ => "its time ran out",
    }
}
