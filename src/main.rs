//! The `orderwright` command.

use std::process::ExitCode;

/// Payloads are decoded into many small values and let go together, which the system's allocator is slow at: it took a
/// tenth of a worker's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orderwright::main()
}
