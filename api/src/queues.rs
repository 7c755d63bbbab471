//! The task queues that systems have to themselves: who serves them, and what waits there.

use std::fmt;

use contract::{ClientError, QueueStanding};
use futures::stream::{self, StreamExt as _};
use model::{Duration, QueueName, Timestamp};

use crate::app::{App, now};

/// A worker that has not asked for calls for so long is not counted: each asks at least once a minute, as long as it can take
/// another call.
const SILENCE: Duration = Duration::from_secs(90);

/// How many queues Temporal is asked about at a time.
const AT_A_TIME: usize = 8;

/// How one queue gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Workers that have lately asked for calls.
    pub(crate) workers: usize,
    /// Calls that wait for a worker, approximately.
    pub(crate) waiting: u64,
    /// How long the first of them has been waiting, approximately.
    pub(crate) oldest: Duration,
}

impl Service {
    fn new(seen: &QueueStanding, now: Timestamp) -> Self {
        let lately = seen.asked.iter().filter(|asked| now.since(**asked) <= SILENCE);
        Self { workers: lately.count(), waiting: seen.waiting, oldest: seen.oldest }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.workers {
            0 => write!(f, "no worker has asked for calls in the last {SILENCE}")?,
            1 => write!(f, "1 worker")?,
            many => write!(f, "{many} workers")?,
        }
        let oldest = Duration::from_secs(self.oldest.as_millis() / 1_000);
        match self.waiting {
            0 => Ok(()),
            1 => write!(f, "; about 1 call waits, for {oldest}"),
            many => write!(f, "; about {many} calls wait, the first for {oldest}"),
        }
    }
}

/// Looks at every queue of the deployment, in the order of their names.
pub(crate) async fn look(app: &App) -> Vec<(QueueName, Result<Service, ClientError>)> {
    stream::iter(app.config().routing.queues().clone())
        .map(|queue| {
            let client = app.client().clone();
            async move {
                let seen = client.queue(&queue).await;
                (queue, seen.map(|seen| Service::new(&seen, now())))
            }
        })
        .buffered(AT_A_TIME)
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_tells_who_serves_it_and_what_waits() {
        let now = Timestamp::from_millis(1_000_000);
        let ago = |seconds: i64| Timestamp::from_millis(1_000_000 - seconds * 1_000);
        for (asked, waiting, oldest, expected) in [
            (vec![], 0, 0, "no worker has asked for calls in the last 1m30s"),
            (
                vec![ago(200)],
                3,
                125_400,
                "no worker has asked for calls in the last 1m30s; about 3 calls wait, the first for 2m5s",
            ),
            (vec![ago(60), ago(91)], 0, 0, "1 worker"),
            (vec![ago(1), ago(2)], 1, 900, "2 workers; about 1 call waits, for 0s"),
        ] {
            let seen = QueueStanding { asked, waiting, oldest: Duration::from_millis(oldest) };
            assert_eq!(Service::new(&seen, now).to_string(), expected);
        }
    }
}
