//! A server as a child process: how it is started, known to be ready, stopped and killed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::error::LocalError;
use super::owner::Owner;
use super::readiness::{Probe, Readiness};
use super::{pid_file, programs};

/// How long a server may take to become ready. Generous: PostgreSQL may have to replay its log after a crash.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// How often readiness is asked for.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// How long a server may take to stop once asked. PostgreSQL writes its buffers out in that time.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(20);

/// A log larger than this is put aside when its server is started, and the one put aside before is dropped.
const LOG_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// The signal that asks a server to stop in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// What most programs expect.
    Terminate,
    /// PostgreSQL's fast shutdown: open sessions are ended, nothing is lost.
    Interrupt,
}

impl StopSignal {
    pub(super) fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::SIGTERM,
            Self::Interrupt => Signal::SIGINT,
        }
    }

    /// What the operating system sends when our thread is gone, as `setpriv` wants it. Nobody is left to wait for a server
    /// that finishes what is under way, and all of them survive a crash; only PostgreSQL is a family of processes that must
    /// be asked to go.
    fn death_signal(self) -> &'static str {
        match self {
            Self::Terminate => "KILL",
            Self::Interrupt => "INT",
        }
    }
}

/// How one server is run. Plain data: the same value starts it again after it died.
#[derive(Clone, Debug)]
pub struct Service {
    /// What people call it; also names its log and pid file.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// The program's arguments.
    pub args: Vec<OsString>,
    /// Environment variables on top of our own.
    pub env: Vec<(&'static str, OsString)>,
    /// The user it runs as, if not ours.
    pub owner: Option<Owner>,
    /// How it is asked to stop.
    pub stop_signal: StopSignal,
    /// When it counts as ready.
    pub readiness: Readiness,
    log: PathBuf,
    pid_file: PathBuf,
}

impl Service {
    /// A service that keeps its log and pid file under `data_dir`, has no arguments and stops when terminated.
    #[must_use]
    pub fn new(name: &str, program: &Path, data_dir: &Path, readiness: Readiness) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            owner: None,
            stop_signal: StopSignal::Terminate,
            readiness,
            log: data_dir.join("logs").join(format!("{name}.log")),
            pid_file: data_dir.join("run").join(format!("{name}.pid")),
        }
    }

    /// Starts the process, without waiting until it is ready.
    ///
    /// The process ends at once when the thread that called this does, however that came about (on Linux, with util-linux
    /// installed). Invariant: callers are on a thread that lives as long as the servers must, so `up` runs on a
    /// single-threaded runtime.
    ///
    /// # Errors
    ///
    /// [`LocalError::File`] when its log or pid file can't be written, [`LocalError::Start`] when the operating system refuses.
    pub fn start(&self) -> Result<Running, LocalError> {
        let mut log = self.open_log()?;
        // What a server says is only worth half without knowing which start of it said so.
        writeln!(log, "--- starting {} ---", self.name).map_err(LocalError::file("write", &self.log))?;
        let errors = log.try_clone().map_err(LocalError::file("write", &self.log))?;

        let start_error = |cause: io::Error| LocalError::Start { service: self.name.clone(), cause };
        let mut command = self.command();
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // Its own group: Ctrl-C in a terminal reaches only the supervisor, which stops servers in order.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(owner) = self.owner {
            // Our own folder may be closed to that user.
            command.uid(owner.uid).gid(owner.gid).current_dir("/");
        }
        let child = command.spawn().map_err(start_error)?;
        let pid = child.id().ok_or_else(|| start_error(io::ErrorKind::NotFound.into()))?;
        let running = Running { service: self.clone(), child, pid };
        create_folder_of(&self.pid_file)?;
        pid_file::write(&self.pid_file, pid, self.stop_signal)?;
        Ok(running)
    }

    /// The program, tied to the life of our thread where that is possible.
    fn command(&self) -> Command {
        match programs::setpriv() {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.arg("--pdeathsig").arg(self.stop_signal.death_signal()).arg("--").arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        }
    }

    fn open_log(&self) -> Result<File, LocalError> {
        create_folder_of(&self.log)?;
        if fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_LIMIT_BYTES) {
            let aside = self.log.with_extension("log.1");
            fs::rename(&self.log, &aside).map_err(LocalError::file("rename", &self.log))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(LocalError::file("open", &self.log))
    }
}

/// A server that was started. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    service: Service,
    child: Child,
    pid: u32,
}

impl Running {
    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the server can be used.
    ///
    /// # Errors
    ///
    /// [`LocalError::EndedEarly`] when it ends instead, [`LocalError::NotReady`] after 60 s.
    pub async fn wait_until_ready(&mut self) -> Result<(), LocalError> {
        let Service { name, readiness, log, .. } = &self.service;
        let probe = Probe::new(readiness, self.pid)?;
        let limit = Instant::now() + READY_LIMIT;
        loop {
            let ended = self.child.try_wait();
            if let Ok(Some(status)) = ended {
                return Err(LocalError::EndedEarly { service: name.clone(), status, log: log.clone() });
            }
            if probe.is_ready().await {
                return Ok(());
            }
            if Instant::now() > limit {
                return Err(LocalError::NotReady {
                    service: name.clone(),
                    limit: READY_LIMIT,
                    log: log.clone(),
                });
            }
            sleep(ASK_EVERY).await;
        }
    }

    /// Waits until the server ends by itself.
    ///
    /// # Errors
    ///
    /// When the operating system can't say.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks the server to stop, waits, and kills it with all its children when it takes more than 20 s.
    pub async fn stop(mut self) {
        self.signal(self.service.stop_signal.signal());
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            self.kill_group();
            let _ = self.child.wait().await;
        }
    }

    /// Kills the server's process at once, as a crash would, and waits until it is gone.
    pub async fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait().await;
    }

    fn signal(&self, signal: Signal) {
        // None once the process was waited for: from then on the number may be someone else's.
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    fn kill_group(&self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A process that still runs is killed when `child` is dropped, right after this.
        pid_file::remove(&self.service.pid_file, self.pid);
    }
}

fn create_folder_of(file: &Path) -> Result<(), LocalError> {
    match file.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(LocalError::file("create", folder)),
        None => Ok(()),
    }
}
