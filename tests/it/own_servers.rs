//! `orderwright up` and its servers: started again, stopped in order, never left behind.

mod pages;
mod takes_minutes;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{
    Backends, Pid, Said, Up, free_ports, orderwright, said, sample, temporal_address, wait_until,
};

/// In the order of their start.
const SERVERS: [&str; 5] = ["postgres", "temporal", "sim", "api", "worker"];

/// The process that runs as this server now.
fn pid_of(data_dir: &Path, server: &str) -> Pid {
    let text = fs::read_to_string(data_dir.join("run").join(format!("{server}.pid"))).unwrap();
    Pid(text.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn a_server_that_dies_is_started_again_where_it_was() {
    let folder = Up::data_dir();
    let mut up = Up::start(folder.path(), &[]);
    let ports = fs::read_to_string(folder.path().join("state.json")).unwrap();
    for server in SERVERS {
        let first = pid_of(folder.path(), server);
        first.signal(Signal::SIGKILL);
        up.says(&format!("{server} is ready again"));
        let second = pid_of(folder.path(), server);
        assert_ne!(first, second);
        assert!(second.is_alive());
    }
    assert_eq!(fs::read_to_string(folder.path().join("state.json")).unwrap(), ports);
}

#[test]
fn asked_to_stop_it_stops_everything() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = Up::data_dir();
        let up = Up::start(folder.path(), &[]);
        let servers = SERVERS.map(|server| pid_of(folder.path(), server));
        up.signal(signal);
        assert!(up.wait().success());
        assert!(servers.iter().all(|server| !server.is_alive()), "after {signal}");
        assert!(
            !folder.path().join("postgres/cluster/postmaster.pid").exists(),
            "a clean shutdown after {signal}"
        );
    }
}

#[test]
fn a_start_has_nothing_to_warn_of() {
    let folder = Up::data_dir();
    for _ in 0..2 {
        let up = Up::start(folder.path(), &[]);
        // It looks around every two seconds, and lists what has ended at once.
        wait_until("the worker has looked around", || {
            let log = fs::read_to_string(folder.path().join("logs/worker.log")).unwrap();
            log.contains("the worker serves")
        });
        up.signal(Signal::SIGTERM);
        assert!(up.wait().success());
    }
    for server in ["sim", "api", "worker"] {
        let log = fs::read_to_string(folder.path().join(format!("logs/{server}.log"))).unwrap();
        let warned = log.lines().find(|line| line.contains(" WARN ") || line.contains("ERROR"));
        assert_eq!(warned, None, "{server}");
    }
}

#[test]
fn a_port_that_nobody_would_look_at_is_told() {
    let folder = Up::data_dir();
    let [port] = free_ports();
    let up = Up::start(folder.path(), &["--api-port", &port.to_string()]);
    let mut up = up;
    up.says(&format!("  export ORDERWRIGHT_URL=http://127.0.0.1:{port}"));
}

#[test]
fn killed_it_leaves_no_server_behind_and_goes_on_when_run_again() {
    let folder = Up::data_dir();
    let up = Up::start(folder.path(), &[]);
    let database = up.address_of("PostgreSQL").to_owned();
    let servers = SERVERS.map(|server| pid_of(folder.path(), server));
    let killed = Instant::now();
    up.signal(Signal::SIGKILL);
    assert!(!up.wait().success());
    wait_until("the servers of the killed one are gone", || servers.iter().all(|server| !server.is_alive()));
    let gone = killed.elapsed();
    assert!(gone < Duration::from_secs(5), "without anybody's doing, and soon: after {gone:?}");

    let up = Up::start(folder.path(), &[]);
    assert_eq!(up.address_of("PostgreSQL"), database);
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = Up::data_dir();
    let _up = Up::start(folder.path(), &[]);
    let output = orderwright().arg("up").arg("--data-dir").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: another `orderwright up` is using"), "{said}");
}

#[test]
fn an_open_order_goes_on_after_everything_was_stopped() {
    let folder = Up::data_dir();
    let command = |up: &Up, arguments: &[&str]| -> Said {
        said(orderwright().args(arguments).env("ORDERWRIGHT_URL", up.address_of("API")).output().unwrap())
    };
    let waits = |up: &Up, order: &str| {
        wait_until("the order waits for the technician", || {
            command(up, &["get", order]).out.contains("waits for the signal `technician_report`")
        });
    };
    let up = Up::start(folder.path(), &[]);
    let submitted = command(&up, &["submit", "--json", sample("home_fiber").to_str().unwrap()]);
    let order = submitted.json()["id"].as_str().unwrap().to_owned();
    waits(&up, &order);
    up.signal(Signal::SIGTERM);
    assert!(up.wait().success());

    let up = Up::start(folder.path(), &[]);
    waits(&up, &order);
    let payload = r#"{"outcome": "done", "ont": "ONT-1"}"#;
    let reported = command(&up, &["signal", &order, "technician_report", "--payload", payload]);
    assert_eq!(reported.code, 0, "{reported:?}");
    assert_eq!(command(&up, &["watch", &order]).code, 0);
}

#[test]
fn the_port_that_was_asked_for_is_used_or_nothing_is() {
    let [port] = free_ports();
    let folder = Up::data_dir();
    let up = Up::start(folder.path(), &["--api-port", &port.to_string()]);
    assert_eq!(up.address_of("API"), format!("http://127.0.0.1:{port}"));
    let other = Up::data_dir();
    let output =
        orderwright().args(["up", "--api-port", &port.to_string(), "--data-dir"]).arg(other.path()).output();
    let refused = said(output.unwrap());
    assert_eq!(refused.code, 3);
    assert!(refused.err.starts_with(&format!("error: port {port} of 127.0.0.1 is taken")), "{refused:?}");
}

#[tokio::test]
async fn existing_servers_are_used_and_left_alone() {
    let folder = Up::data_dir();
    let Backends { database, temporal, .. } = Backends::shared().await;
    let options = ["--database-url", &database, "--temporal-address", &temporal];
    let up = Up::start(folder.path(), &options);
    assert_eq!(up.address_of("Temporal"), format!("{} (existing)", temporal_address()));
    let password = database.split(['/', '@', ':']).nth(4).unwrap();
    assert!(!up.greeting.contains(password), "the password is not shown: {}", up.greeting);
    up.signal(Signal::SIGTERM);
    assert!(up.wait().success());
    assert!(!folder.path().join("postgres").exists());
    // They still answer.
    Up::start(folder.path(), &options);
}

#[test]
fn an_existing_server_that_does_not_answer_is_named() {
    let folder = Up::data_dir();
    // Port 1 of this machine: nothing listens there.
    let output = orderwright()
        .args(["up", "--temporal-address", "127.0.0.1:1", "--data-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: could not reach Temporal at `127.0.0.1:1`"), "{said}");
}
