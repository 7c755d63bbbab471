//! How one knows that a server that was started can be used.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpStream;

use super::error::LocalError;
use super::sockets;

/// How long one HTTP question may take: the answer comes from this machine.
const QUESTION_LIMIT: Duration = Duration::from_secs(2);

/// What must be seen before a server counts as ready.
#[derive(Clone, Debug)]
pub enum Readiness {
    /// PostgreSQL's own note of its state, `postmaster.pid` in the cluster's folder.
    Postmaster(PathBuf),
    /// `GET` of this address is answered with success, by the server itself and not by whoever else may listen there.
    Http {
        /// The port of 127.0.0.1.
        port: u16,
        /// What is asked for there; begins with `/`.
        path: &'static str,
    },
    /// Something accepts connections here.
    Tcp(SocketAddr),
}

/// Asks again and again, with what asking needs.
pub(super) struct Probe<'a> {
    readiness: &'a Readiness,
    client: reqwest::Client,
    pid: u32,
}

impl<'a> Probe<'a> {
    /// A probe of the process `pid`.
    pub(super) fn new(readiness: &'a Readiness, pid: u32) -> Result<Self, LocalError> {
        // A proxy of the environment must not see what never leaves this machine.
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(QUESTION_LIMIT)
            .build()
            .map_err(LocalError::Client)?;
        Ok(Self { readiness, client, pid })
    }

    pub(super) async fn is_ready(&self) -> bool {
        match self.readiness {
            Readiness::Postmaster(file) => {
                std::fs::read_to_string(file).is_ok_and(|text| says_ready(&text, self.pid))
            }
            Readiness::Http { port, path } => {
                let url = format!("http://127.0.0.1:{port}{path}");
                self.client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
                    && sockets::listens(self.pid, *port).unwrap_or(true)
            }
            Readiness::Tcp(address) => TcpStream::connect(address).await.is_ok(),
        }
    }
}

/// Line 1 is the server's process, line 8 its state. The file of a server that was killed names another process.
fn says_ready(postmaster_file: &str, pid: u32) -> bool {
    let mut lines = postmaster_file.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postmaster_file(state: &str) -> String {
        format!("4711\n/data\n1700000000\n5433\n\n127.0.0.1\n  123 456\n{state}\n")
    }

    #[test]
    fn a_postmaster_is_ready_when_its_own_file_says_so() {
        assert!(says_ready(&postmaster_file("ready   "), 4711));
        assert!(!says_ready(&postmaster_file("starting"), 4711));
        assert!(!says_ready(&postmaster_file("stopping"), 4711));
    }

    #[test]
    fn the_file_of_an_earlier_postmaster_says_nothing() {
        assert!(!says_ready(&postmaster_file("ready   "), 4712));
    }

    #[test]
    fn a_file_that_is_still_being_written_says_nothing() {
        assert!(!says_ready("", 4711));
        assert!(!says_ready("4711\n/data\n", 4711));
    }
}
