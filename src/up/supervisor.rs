//! Keeps processes alive: starts them in stages, starts again what died, stops all in reverse order.
//!
//! How one process is run is `local::Service`; what the processes are is not known here.

use std::process::ExitStatus;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::local::{LocalError, Running, Service};

/// How often in a row a service may die before `up` gives up. With the delays below, about two minutes of trying.
const MAX_DEATHS_IN_A_ROW: u32 = 12;

/// A service that ran this long was well: the count of its deaths starts anew.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// The first delay before a service is started again, doubled with each death in a row.
const FIRST_DELAY: Duration = Duration::from_millis(250);

/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(15);

/// News that nobody has read yet. A supervising task waits when there are more.
const UNREAD_NEWS: usize = 64;

/// What happened to a service after it was ready for the first time.
#[derive(Debug)]
pub(super) enum News {
    /// It died and is started again after the delay.
    Died { service: String, why: String, delay: Duration },
    /// It runs again.
    Recovered { service: String },
    /// It died too often in a row.
    GivenUp { service: String, why: String },
}

/// Services that run and are watched, in the order of their start.
#[derive(Debug)]
pub(super) struct Supervisor {
    watched: Vec<Watched>,
    news: mpsc::Receiver<News>,
    tell: mpsc::Sender<News>,
}

#[derive(Debug)]
struct Watched {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Supervisor {
    pub(super) fn new() -> Self {
        let (tell, news) = mpsc::channel(UNREAD_NEWS);
        Self { watched: Vec::new(), news, tell }
    }

    /// Starts services side by side and returns when all are ready.
    ///
    /// When one fails, the others of the stage are killed; those of earlier stages run on until [`Self::stop`].
    pub(super) async fn start_stage(&mut self, services: Vec<Service>) -> Result<(), LocalError> {
        let ready = try_join_all(services.into_iter().map(start_and_wait)).await?;
        for (service, running) in ready {
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(watch(service, running, stopped, self.tell.clone()));
            self.watched.push(Watched { stop, task });
        }
        Ok(())
    }

    /// Whether there is anything to stop.
    pub(super) fn has_services(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Waits for the next thing that happens to a service.
    pub(super) async fn news(&mut self) -> Option<News> {
        self.news.recv().await
    }

    /// Stops all services, the last started first, each before the next.
    pub(super) async fn stop(mut self) {
        // No one reads the news any more: a task that tells some must not wait for a reader.
        self.news.close();
        while let Some(Watched { stop, task }) = self.watched.pop() {
            // A task that is gone has given up, and its process with it.
            let _ = stop.send(());
            let _ = task.await;
        }
    }
}

async fn start_and_wait(service: Service) -> Result<(Service, Running), LocalError> {
    let mut running = service.start()?;
    running.wait_until_ready().await?;
    Ok((service, running))
}

/// The life of one service until it is told to stop or has died too often.
async fn watch(
    service: Service,
    mut running: Running,
    mut stop: oneshot::Receiver<()>,
    tell: mpsc::Sender<News>,
) {
    let mut deaths = Deaths::default();
    let mut since = Instant::now();
    loop {
        let mut why = tokio::select! {
            _ = &mut stop => return running.stop().await,
            status = running.ended() => describe(status),
        };
        // Until it is ready again, each failed start counts as one more death.
        (running, since) = loop {
            let name = service.name.clone();
            let Some(delay) = deaths.count(since.elapsed()) else {
                let _ = tell.send(News::GivenUp { service: name, why }).await;
                return;
            };
            let _ = tell.send(News::Died { service: name, why, delay }).await;
            tokio::select! {
                _ = &mut stop => return,
                () = sleep(delay) => {}
            }
            since = Instant::now();
            tokio::select! {
                _ = &mut stop => return,
                started = start_and_wait(service.clone()) => match started {
                    Ok((_, running)) => break (running, since),
                    Err(error) => why = error.to_string(),
                },
            }
        };
        let _ = tell.send(News::Recovered { service: service.name.clone() }).await;
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Deaths in a row, and what follows from them.
#[derive(Debug, Default)]
struct Deaths {
    in_a_row: u32,
}

impl Deaths {
    /// Counts a death after a life of this length; gives the delay before the next start, or none when it is enough.
    fn count(&mut self, lived: Duration) -> Option<Duration> {
        if lived >= WELL_AFTER {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        if self.in_a_row > MAX_DEATHS_IN_A_ROW {
            return None;
        }
        Some(FIRST_DELAY.saturating_mul(1 << (self.in_a_row - 1)).min(LONGEST_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut deaths = Deaths::default();
        let delays: Vec<_> =
            std::iter::from_fn(|| deaths.count(AT_ONCE)).map(|delay| delay.as_millis()).collect();
        assert_eq!(
            delays,
            [250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000, 15000, 15000],
            "then it is given up"
        );
    }

    #[test]
    fn a_service_that_was_well_starts_from_the_first_delay() {
        let mut deaths = Deaths::default();
        while deaths.count(AT_ONCE).is_some() {}
        assert_eq!(deaths.count(WELL_AFTER), Some(FIRST_DELAY));
    }
}
