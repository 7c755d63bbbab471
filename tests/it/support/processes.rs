//! Processes as the operating system sees them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use orderwright::local::{Running, Service};

/// How long anything that a test waits for may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The number of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pid(pub(crate) i32);

impl Pid {
    /// Whether it runs. A process that ended and was not waited for yet does not.
    pub(crate) fn is_alive(self) -> bool {
        fs::read_to_string(format!("/proc/{}/stat", self.0))
            .is_ok_and(|stat| !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z")))
    }

    pub(crate) fn signal(self, signal: Signal) {
        kill(nix::unistd::Pid::from_raw(self.0), signal).unwrap();
    }
}

/// A server that runs, and can be started again after it was killed.
pub(crate) struct Process {
    service: Service,
    running: Running,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(service: Service) -> Self {
        // What a killed server leaves behind may be in the way for a moment: PostgreSQL's own processes outlive their parent.
        let running = eventually(&format!("{} runs", service.name), async || {
            let mut running = service.start().unwrap();
            running.wait_until_ready().await.is_ok().then_some(running)
        })
        .await;
        Self { service, running }
    }

    /// Kills it with -9 and starts it again.
    pub(crate) async fn crash(&mut self) {
        self.again_after(Signal::SIGKILL).await;
    }

    /// Asks it to stop and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.again_after(Signal::SIGTERM).await;
    }

    async fn again_after(&mut self, signal: Signal) {
        Pid(i32::try_from(self.running.pid()).unwrap()).signal(signal);
        self.running.ended().await.unwrap();
        *self = Self::start(self.service.clone()).await;
    }

    /// Asks it to stop and waits.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// Waits until something is so; fails the test when it takes more than a minute.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LIMIT, "waited {} s until {what}", LIMIT.as_secs());
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until there is an answer; fails the test when it takes more than a minute.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(LIMIT, what, ask).await
}

/// Waits until there is an answer; fails the test when it takes longer.
pub(crate) async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < limit, "waited {} s until {what}", limit.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
