//! The command line program under test, and what it says.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What the environment could tell the program, or the command that runs the tests tells them.
const SETTINGS: [&str; 6] = [
    "DATABASE_URL",
    "ORDERWRIGHT_ACTOR",
    "ORDERWRIGHT_BLUEPRINTS",
    "ORDERWRIGHT_SYSTEMS",
    "ORDERWRIGHT_URL",
    "TEMPORAL_ADDRESS",
];

/// The program, told nothing by the environment.
pub(crate) fn orderwright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderwright"));
    for variable in SETTINGS {
        command.env_remove(variable);
    }
    command
}

/// How a command ended and what it printed.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Said {
    /// The JSON document that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|wrong| panic!("{wrong}: {self:?}"))
    }

    /// All of it, for a snapshot.
    pub(crate) fn whole(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, said) in [("stdout", &self.out), ("stderr", &self.err)] {
            if !said.is_empty() {
                write!(text, "--- {name}\n{said}").unwrap();
            }
        }
        text
    }
}

/// What a command that has ended said.
pub(crate) fn said(output: Output) -> Said {
    Said {
        code: output.status.code().expect("it was killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a command that needs no servers, in the project's folder, with this on its standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &str) -> Said {
    let mut child = orderwright()
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap())
}

/// Runs a command that needs no servers, in the project's folder.
pub(crate) fn run(arguments: &[&str]) -> Said {
    said(orderwright().args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap())
}
