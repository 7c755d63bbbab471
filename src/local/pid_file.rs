//! Who was started: a file per running server, so that the next start finds what a killed supervisor left behind.
//!
//! Invariant: a process is only ever stopped when the operating system's start time of it is the one that was written
//! down. Process numbers are used again; number, start time and boot together are not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep};

use super::error::LocalError;
use super::service::{STOP_LIMIT, StopSignal};

/// How often a process that was asked to stop is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One process of this boot: its number and when it was started, in the kernel's ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    pid: i32,
    start_ticks: u64,
    boot: String,
}

impl Identity {
    /// The process that has this number now, if there is one.
    fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, which may hold anything: count from its end.
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut fields = after_name.split_whitespace();
        if fields.next()? == "Z" {
            return None;
        }
        // The state was field 3, the start time is field 22.
        let start_ticks = fields.nth(18)?.parse().ok()?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Self { pid, start_ticks, boot })
    }

    fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }
}

/// Notes that `pid` runs as `name`, until [`remove`] or [`stop_leftovers`].
pub(super) fn write(path: &Path, pid: u32, stop: StopSignal) -> Result<(), LocalError> {
    let Some(identity) = i32::try_from(pid).ok().and_then(Identity::of) else {
        // It has ended already: nothing to find later.
        return Ok(());
    };
    let Identity { pid, start_ticks, boot } = identity;
    let stop = stop.signal().as_str();
    fs::write(path, format!("{pid} {start_ticks} {boot} {stop}\n")).map_err(LocalError::file("write", path))
}

/// Forgets the process `pid`, unless the file is about its successor already.
pub(super) fn remove(path: &Path, pid: u32) {
    let pid = i32::try_from(pid).ok();
    if read(path).is_some_and(|(identity, _)| Some(identity.pid) == pid) {
        forget(path);
    }
}

fn forget(path: &Path) {
    // A file that stays is harmless: its process is gone, and start times differ.
    let _ = fs::remove_file(path);
}

/// Stops the servers that an earlier run under `data_dir` started and did not live to stop; gives their names.
///
/// # Errors
///
/// [`LocalError::File`] when the notes of the earlier run can't be read.
pub async fn stop_leftovers(data_dir: &Path) -> Result<Vec<String>, LocalError> {
    let folder = data_dir.join("run");
    let mut stopped = Vec::new();
    if !folder.exists() {
        return Ok(stopped);
    }
    for entry in fs::read_dir(&folder).map_err(LocalError::file("read", &folder))? {
        let path = entry.map_err(LocalError::file("read", &folder))?.path();
        if let Some((identity, signal)) = read(&path)
            && identity.is_alive()
        {
            stop(&identity, signal).await;
            stopped.extend(name_of(&path));
        }
        forget(&path);
    }
    stopped.sort();
    Ok(stopped)
}

/// Kills the server that runs under `data_dir` by this name, as a crash would; says whether there was one.
#[must_use]
pub fn kill_server(data_dir: &Path, name: &str) -> bool {
    let path = data_dir.join("run").join(format!("{name}.pid"));
    read(&path).is_some_and(|(identity, _)| {
        identity.is_alive() && kill(Pid::from_raw(identity.pid), Signal::SIGKILL).is_ok()
    })
}

fn read(path: &Path) -> Option<(Identity, Signal)> {
    let text = fs::read_to_string(path).ok()?;
    let mut words = text.split_whitespace();
    let pid = words.next()?.parse().ok()?;
    let start_ticks = words.next()?.parse().ok()?;
    let boot = words.next()?.to_owned();
    let signal = words.next()?.parse().ok()?;
    Some((Identity { pid, start_ticks, boot }, signal))
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_str()?.to_owned())
}

async fn stop(identity: &Identity, signal: Signal) {
    let pid = Pid::from_raw(identity.pid);
    if kill(pid, signal) == Err(Errno::ESRCH) {
        return;
    }
    let limit = Instant::now() + STOP_LIMIT;
    while identity.is_alive() {
        if Instant::now() > limit {
            // Every server leads its own process group.
            let _ = killpg(pid, Signal::SIGKILL);
            return;
        }
        sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn sleeper() -> std::process::Child {
        Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap()
    }

    fn data_dir() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_leftover_is_stopped_and_named() {
        let folder = data_dir();
        let mut child = sleeper();
        write(&folder.path().join("run/worker.pid"), child.id(), StopSignal::Terminate).unwrap();
        assert_eq!(stop_leftovers(folder.path()).await.unwrap(), ["worker"]);
        assert!(!child.wait().unwrap().success());
        assert!(stop_leftovers(folder.path()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_process_that_only_has_the_same_number_is_left_alone() {
        let folder = data_dir();
        let mut child = sleeper();
        let path = folder.path().join("run/worker.pid");
        let Identity { pid, start_ticks, boot } = Identity::of(i32::try_from(child.id()).unwrap()).unwrap();
        fs::write(&path, format!("{pid} {} {boot} SIGTERM\n", start_ticks - 1)).unwrap();
        assert!(stop_leftovers(folder.path()).await.unwrap().is_empty());
        assert!(child.try_wait().unwrap().is_none(), "the other process still runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn the_note_of_a_successor_is_kept() {
        let folder = data_dir();
        let path = folder.path().join("run/worker.pid");
        let mut child = sleeper();
        write(&path, child.id(), StopSignal::Terminate).unwrap();
        remove(&path, child.id() + 1);
        assert!(path.exists());
        remove(&path, child.id());
        assert!(!path.exists());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn notes_that_make_no_sense_stop_nothing() {
        let folder = data_dir();
        fs::write(folder.path().join("run/worker.pid"), "1 what SIGTERM").unwrap();
        assert!(stop_leftovers(folder.path()).await.unwrap().is_empty());
    }
}
