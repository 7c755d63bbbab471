//! The Temporal server that tests use.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// `host:port` of a server that answers.
pub(crate) fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| std::env::var("ORDERWRIGHT_TEST_TEMPORAL").unwrap_or_else(|_| start()))
}

/// Starts a development server that lives as long as this process.
fn start() -> String {
    let server = Server::start(free_port(), &[]);
    let address = server.address();
    // Dropping it would end it.
    std::mem::forget(server);
    address
}

/// A development server of one's own.
pub(crate) struct Server {
    port: u16,
    child: Child,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(port: u16, more: &[&str]) -> Self {
        let child = Command::new("sh")
            .arg("-c")
            // The server ends with the shell's input, and so with this process, however that ends.
            .arg(
                r#"program="$1"; shift
                   "$program" server start-dev --headless --ip 127.0.0.1 --log-level error \
                       --dynamic-config-value history.transferProcessorMaxPollRPS=2000 "$@" >/dev/null 2>&1 &
                   server=$!; cat >/dev/null; { kill -9 "$server"; wait "$server"; } 2>/dev/null"#,
            )
            .arg("sh")
            .arg(program())
            .args(["--port", &port.to_string()])
            .args(more)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the Temporal development server does not answer");
            std::thread::yield_now();
        }
        Self { port, child }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it without a chance to say anything.
    pub(crate) fn kill(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("the shell ends");
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn program() -> PathBuf {
    let ours = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.dev/venv/bin/temporal"));
    if ours.exists() { ours } else { PathBuf::from("temporal") }
}
