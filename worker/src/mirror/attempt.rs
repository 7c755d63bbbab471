//! Attempts of calls, for people who look into a task.

use model::{CallOutcome, CallRequest};
use store::{Attempt, AttemptEnd, AttemptOutcome};

use super::{MirrorHandle, News};
use crate::clock::now;
use crate::prospect::Prospect;

/// An attempt that is under way.
pub(crate) struct AttemptRecord {
    mirror: MirrorHandle,
    attempt: Attempt,
}

impl AttemptRecord {
    /// Tells that an attempt begins.
    pub(super) fn begin(mirror: MirrorHandle, request: &CallRequest, generation: u32) -> Self {
        let attempt = Attempt {
            order: request.order,
            task: request.task.clone(),
            direction: request.direction,
            generation,
            attempt: request.attempt,
            started_at: now(),
            end: None,
        };
        mirror.tell(News::Attempt(attempt.clone()));
        Self { mirror, attempt }
    }

    /// Tells how it ended, and what may follow.
    pub(crate) fn ended(mut self, outcome: &CallOutcome, prospect: Prospect) {
        let (outcome, error) = match outcome {
            CallOutcome::Succeeded(_) => (AttemptOutcome::Succeeded, None),
            CallOutcome::Refused { reason } => (AttemptOutcome::Refused, Some(reason.clone())),
            CallOutcome::Failed { reason, .. } => (AttemptOutcome::Failed, Some(reason.clone())),
            CallOutcome::Unserved { reason } => (AttemptOutcome::Failed, Some(reason.clone())),
            CallOutcome::Unknown { reason } => (AttemptOutcome::Unknown, Some(reason.clone())),
        };
        let Prospect { allowed, rest } = prospect;
        let at = now();
        let next_at = rest.map(|rest| at.plus(rest));
        self.attempt.end = Some(AttemptEnd { at, outcome, error, allowed, next_at });
        self.mirror.tell(News::Attempt(self.attempt));
    }
}
