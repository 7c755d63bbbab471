//! What an activity's end says about what was done.
//!
//! An order that believes "not done" of something that was done leaves it behind for ever; one that believes "may be
//! done" asks again under the same key. So everything that is not certain is unknown.

use contract::payload::decode;
use contract::{CallAnswer, CallFailure, CallFailureDetails, Inquiry};
use engine::Settlement;
use model::Duration;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::{ActivityExecutionError, ApplicationFailure, IncomingError, TimeoutType};

/// How a call ended.
pub(super) struct Made {
    pub(super) settlement: Settlement,
    /// After how many attempts, as far as that is known.
    pub(super) attempts: u32,
    /// How long the last one took, as far as that is known.
    pub(super) took: Option<Duration>,
}

/// Reads an activity's end. `most` is how many attempts it may have made.
pub(super) fn made(answer: Result<RawValue, ActivityExecutionError>, most: u32) -> Made {
    let unknown =
        |reason: String| Made { settlement: Settlement::Unknown { reason }, attempts: most, took: None };
    match answer {
        Ok(raw) => match decode::<CallAnswer>(&raw) {
            Ok(answer) => Made {
                settlement: Settlement::Succeeded(answer.result),
                attempts: answer.attempts.unwrap_or(most),
                took: Some(answer.took),
            },
            Err(wrong) => unknown(format!("its answer can't be read: {wrong}")),
        },
        Err(ActivityExecutionError::Failed(failure)) => match failure.cause() {
            Some(IncomingError::Application(failure)) => failed(failure, most),
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

fn failed(failure: &ApplicationFailure, most: u32) -> Made {
    let reason = failure.to_string();
    let settlement = match CallFailure::read(failure.type_name()) {
        CallFailure::Refused => Settlement::Refused { reason },
        CallFailure::Failed => Settlement::Failed { reason },
        CallFailure::Unserved => Settlement::Unserved { reason, in_doubt: false },
        CallFailure::UnservedInDoubt => Settlement::Unserved { reason, in_doubt: true },
        CallFailure::Unknown => Settlement::Unknown { reason },
    };
    let details = failure.details::<CallFailureDetails>().ok().flatten();
    Made {
        settlement,
        attempts: details.map_or(most, |details| details.attempts),
        took: details.map(|details| details.took),
    }
}

/// Reads the end of an activity that was stopped, given what was known before.
pub(super) fn stopped(
    answer: Result<RawValue, ActivityExecutionError>,
    inquiry: &Inquiry,
    most: u32,
) -> Made {
    let settled = |settlement| Made { settlement, attempts: most, took: None };
    match (&answer, inquiry) {
        (Err(ActivityExecutionError::Cancelled(_)), Inquiry::Harmless { reason }) => {
            settled(Settlement::Failed { reason: reason.clone() })
        }
        (Err(ActivityExecutionError::Cancelled(_)), Inquiry::InDoubt { reason }) => {
            settled(Settlement::Unknown { reason: reason.clone() })
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
