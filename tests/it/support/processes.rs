//! Processes as the operating system sees them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

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
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < LIMIT, "waited {} s until {what}", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
