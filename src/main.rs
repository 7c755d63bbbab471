//! The `orderwright` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    orderwright::main()
}
