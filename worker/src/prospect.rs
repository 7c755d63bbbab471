//! What may follow an attempt of a call: how many there may be, and when the next one is due.
//!
//! Temporal decides that when the attempt has ended. This is its reckoning done again, by the retry policy that came with
//! the activity, for people who look at the order meanwhile.

use std::time::Duration;

use model::CallOutcome;
use temporalio_common::RetryPolicy;

/// The longest that a system's wish to be left alone is followed. Beyond it, the blueprint's `within` and a person decide.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// What may follow an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prospect {
    /// How many attempts there may be in all, if that is known.
    pub(crate) allowed: Option<u32>,
    /// How long the call rests before the next one; none if none follows, or nobody here knows when.
    pub(crate) rest: Option<model::Duration>,
}

impl Prospect {
    /// Of the attempt number `attempt` of an activity, which `earlier` attempts of other activities came before.
    pub(crate) fn after(
        outcome: &CallOutcome,
        policy: Option<&RetryPolicy>,
        attempt: u32,
        earlier: u32,
    ) -> Self {
        let Some(policy) = policy.filter(|policy| policy.maximum_attempts() > 0) else {
            return Self::default();
        };
        let allowed = Some(earlier.saturating_add(policy.maximum_attempts()));
        let wish = match outcome {
            CallOutcome::Succeeded(_) | CallOutcome::Refused { .. } => return Self { allowed, rest: None },
            CallOutcome::Failed { retry_after, .. } => *retry_after,
            CallOutcome::Unserved { .. } | CallOutcome::Unknown { .. } => None,
        };
        let rest = match wish {
            Some(wish) => wish.to_std().min(LONGEST_RETRY_AFTER),
            None => pause(policy, attempt),
        };
        let millis = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        let another = attempt < policy.maximum_attempts();
        Self { allowed, rest: another.then_some(model::Duration::from_millis(millis)) }
    }
}

/// The policy's pause after an attempt.
fn pause(policy: &RetryPolicy, attempt: u32) -> Duration {
    let doublings = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = policy.initial_interval().as_secs_f64() * policy.backoff_coefficient().powi(doublings);
    let longest = policy.maximum_interval().unwrap_or(Duration::MAX);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(attempts: u32) -> RetryPolicy {
        RetryPolicy::builder()
            .initial_interval(Duration::from_secs(1))
            .backoff_coefficient(2.0)
            .maximum_interval(Duration::from_secs(30))
            .maximum_attempts(attempts)
            .build()
    }

    fn failed(retry_after: Option<u64>) -> CallOutcome {
        let retry_after = retry_after.map(model::Duration::from_secs);
        CallOutcome::Failed { reason: "busy".to_owned(), retry_after }
    }

    fn rest(outcome: &CallOutcome, attempt: u32) -> Option<String> {
        Prospect::after(outcome, Some(&policy(50)), attempt, 0).rest.map(|rest| rest.to_string())
    }

    #[test]
    fn pauses_are_those_of_the_policy() {
        let rests: Vec<String> =
            [1, 2, 3, 5, 6, 49].iter().filter_map(|attempt| rest(&failed(None), *attempt)).collect();
        assert_eq!(rests, ["1s", "2s", "4s", "16s", "30s", "30s"]);
    }

    #[test]
    fn a_system_is_left_alone_for_as_long_as_it_asks_up_to_an_hour() {
        assert_eq!(rest(&failed(Some(90)), 1).as_deref(), Some("1m30s"));
        assert_eq!(rest(&failed(Some(86_400)), 1).as_deref(), Some("1h"));
    }

    #[test]
    fn nothing_follows_an_answer_or_the_last_attempt() {
        let refused = CallOutcome::Refused { reason: "no".to_owned() };
        assert_eq!(rest(&refused, 1), None);
        assert_eq!(rest(&failed(None), 50), None);
    }

    #[test]
    fn attempts_that_came_before_count() {
        let prospect = Prospect::after(&failed(None), Some(&policy(5)), 1, 3);
        assert_eq!(prospect.allowed, Some(8));
        assert_eq!(Prospect::after(&failed(None), None, 1, 3), Prospect::default());
    }
}
