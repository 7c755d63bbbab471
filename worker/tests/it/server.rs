//! The Temporal server that tests use.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// `host:port` of a server that answers.
pub(crate) fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| std::env::var("ORDERWRIGHT_TEST_TEMPORAL").unwrap_or_else(|_| start()))
}

/// Starts a development server that lives as long as this process: its shell waits for the end of its input, which this
/// process never closes.
fn start() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shell = Command::new("sh")
        .arg("-c")
        .arg(
            r#""$0" server start-dev --headless --ip 127.0.0.1 --port "$1" --log-level error \
               --dynamic-config-value history.transferProcessorMaxPollRPS=2000 >/dev/null 2>&1 &
               server=$!; cat >/dev/null; kill "$server""#,
        )
        .arg(program())
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell starts");
    // Dropping it would close the input, and with it the server.
    std::mem::forget(shell);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "the Temporal development server does not answer");
        std::thread::yield_now();
    }
    address.to_string()
}

fn program() -> PathBuf {
    let ours = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.dev/venv/bin/temporal"));
    if ours.exists() { ours } else { PathBuf::from("temporal") }
}
