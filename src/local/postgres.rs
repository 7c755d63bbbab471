//! A private PostgreSQL cluster: made once, run as a child process, reached only over 127.0.0.1 with a password.
//!
//! Layout under the data folder: `postgres/password` (ours alone) and `postgres/cluster`, which belongs to the user that
//! PostgreSQL runs as. As root, and under a folder that this user can't enter (`/root`), `cluster` is a link to a folder
//! of its own under `/var/lib/orderwright`.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Output, Stdio};

use super::error::LocalError;
use super::owner::Owner;
use super::readiness::Readiness;
use super::service::{Service, StopSignal};
use super::{programs, random};

/// The superuser of the cluster and the name of the one database in it.
const NAME: &str = "orderwright";

/// Where clusters live that can't be under the data folder.
const ELSEWHERE: &str = "/var/lib/orderwright";

/// Sessions at a time. Pools of API and worker hold a few dozen; tests run many pools at once.
const MAX_CONNECTIONS: u16 = 200;

/// A cluster on disk, ready to be run.
#[derive(Clone, Debug)]
pub struct PostgresCluster {
    programs: PathBuf,
    data_dir: PathBuf,
    cluster: PathBuf,
    owner: Option<Owner>,
    password: String,
}

impl PostgresCluster {
    /// Takes the cluster under `data_dir`, or makes it with a new password and an empty database `orderwright`.
    ///
    /// # Errors
    ///
    /// [`LocalError::PostgresMissing`], [`LocalError::PostgresVersion`] and [`LocalError::NoOwner`] when this machine
    /// can't run the cluster; [`LocalError::Tool`] and [`LocalError::File`] when making it fails.
    pub fn prepare(data_dir: &Path) -> Result<Self, LocalError> {
        // PostgreSQL runs in another folder than we do.
        let data_dir = &absolute(data_dir).map_err(LocalError::file("find", data_dir))?;
        let home = data_dir.join("postgres");
        let link = home.join("cluster");
        let owner = Owner::for_postgres()?;
        fs::create_dir_all(&home).map_err(LocalError::file("create", &home))?;
        let password_file = home.join("password");
        let (programs, password) = if link.join("PG_VERSION").exists() {
            let password =
                fs::read_to_string(&password_file).map_err(LocalError::file("read", &password_file))?;
            (programs::postgres(Some(&link))?, password)
        } else {
            let maker = Maker { programs: programs::postgres(None)?, owner, password: random::hex()? };
            write_secret(&password_file, &maker.password)?;
            maker.make(&home, &link)?;
            (maker.programs, maker.password)
        };
        // The user that PostgreSQL runs as may not be able to follow the link.
        let cluster = link.canonicalize().map_err(LocalError::file("find", &link))?;
        Ok(Self { programs, data_dir: data_dir.to_owned(), cluster, owner, password })
    }

    /// How the cluster's server is run on a port of 127.0.0.1.
    #[must_use]
    pub fn service(&self, port: u16) -> Service {
        let readiness = Readiness::Postmaster(self.cluster.join("postmaster.pid"));
        let mut service =
            Service::new("postgres", &self.programs.join("postgres"), &self.data_dir, readiness);
        service.args.extend(["-D".into(), self.cluster.clone().into()]);
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            // A socket's path has a length limit that data folders exceed, and nobody needs it.
            "unix_socket_directories=".to_owned(),
            format!("max_connections={MAX_CONNECTIONS}"),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
            "logging_collector=off".to_owned(),
        ] {
            service.args.extend(["-c".into(), setting.into()]);
        }
        service.env = vec![("LC_ALL", "C".into())];
        service.owner = self.owner;
        service.stop_signal = StopSignal::Interrupt;
        service
    }

    /// The database's address, password included.
    #[must_use]
    pub fn url(&self, port: u16) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{port}/{NAME}", self.password)
    }
}

/// Makes a cluster that does not exist yet.
struct Maker {
    programs: PathBuf,
    owner: Option<Owner>,
    password: String,
}

impl Maker {
    /// Makes the cluster beside its final place and moves it there last: a half-made one is never taken for a cluster.
    fn make(&self, home: &Path, link: &Path) -> Result<(), LocalError> {
        let place = self.place(home)?;
        let (new, finished) = (place.join("cluster.new"), place.join("cluster"));
        if new.exists() {
            fs::remove_dir_all(&new).map_err(LocalError::file("remove", &new))?;
        }
        fs::create_dir(&new).map_err(LocalError::file("create", &new))?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o700))
            .map_err(LocalError::file("protect", &new))?;
        let password_copy = place.join("password.new");
        write_secret(&password_copy, &self.password)?;
        if let Some(owner) = self.owner {
            owner.take(&new)?;
            owner.take(&password_copy)?;
        }

        let made = self.init(&new, &password_copy).and_then(|()| self.create_database(&new));
        fs::remove_file(&password_copy).map_err(LocalError::file("remove", &password_copy))?;
        made?;

        fs::rename(&new, &finished).map_err(LocalError::file("rename", &new))?;
        if finished != link {
            // A link that leads nowhere: someone removed the cluster behind it.
            if link.is_symlink() {
                fs::remove_file(link).map_err(LocalError::file("remove", link))?;
            }
            symlink(&finished, link).map_err(LocalError::file("link", link))?;
        }
        Ok(())
    }

    /// The folder for the cluster: `home`, unless the user that PostgreSQL runs as can't get there.
    fn place(&self, home: &Path) -> Result<PathBuf, LocalError> {
        match self.owner {
            Some(owner) if !owner.can_enter(home) => {
                let place = Path::new(ELSEWHERE).join(format!("postgres-{}", random::hex()?));
                fs::create_dir_all(&place).map_err(LocalError::file("create", &place))?;
                Ok(place)
            }
            _ => Ok(home.to_owned()),
        }
    }

    fn init(&self, cluster: &Path, password_file: &Path) -> Result<(), LocalError> {
        let mut initdb = self.tool("initdb");
        initdb
            .arg("-D")
            .arg(cluster)
            .arg("--pwfile")
            .arg(password_file)
            .args(["--username", NAME, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"])
            .stdin(Stdio::null());
        let output =
            initdb.output().map_err(|cause| LocalError::Start { service: "initdb".to_owned(), cause })?;
        check("initdb", &output)
    }

    /// In single-user mode: no server, no port, no client program.
    fn create_database(&self, cluster: &Path) -> Result<(), LocalError> {
        let start_error = |cause| LocalError::Start { service: "postgres --single".to_owned(), cause };
        let mut child = self
            .tool("postgres")
            .arg("--single")
            .arg("-D")
            .arg(cluster)
            .arg("postgres")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(start_error)?;
        if let Some(mut stdin) = child.stdin.take() {
            writeln!(stdin, "CREATE DATABASE {NAME}").map_err(start_error)?;
        }
        let output = child.wait_with_output().map_err(start_error)?;
        // Single-user mode ends with success even when its statement failed.
        let said = String::from_utf8_lossy(&output.stderr);
        match said.lines().find(|line| line.contains("ERROR:")) {
            Some(line) => Err(tool_error("postgres --single", &output, line)),
            None => check("postgres --single", &output),
        }
    }

    fn tool(&self, program: &str) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(self.programs.join(program));
        command.env("LC_ALL", "C").current_dir("/");
        if let Some(owner) = self.owner {
            command.uid(owner.uid).gid(owner.gid);
        }
        command
    }
}

fn check(program: &str, output: &Output) -> Result<(), LocalError> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(tool_error(program, output, said.lines().last().unwrap_or("it said nothing")))
}

fn tool_error(program: &str, output: &Output, said: &str) -> LocalError {
    LocalError::Tool { program: program.to_owned(), status: output.status, said: said.to_owned() }
}

/// Writes a file that only its owner can read, from its first moment on.
fn write_secret(path: &Path, secret: &str) -> Result<(), LocalError> {
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(secret.as_bytes()))
        .map_err(LocalError::file("write", path))
}
