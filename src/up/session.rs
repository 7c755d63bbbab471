//! One run of `up`, from the first file to the last process.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::anyhow;

use super::backends::{self, Backend};
use super::children;
use super::data_dir::DataDir;
use super::report::{Address, Table, say};
use super::state::State;
use super::supervisor::{News, Supervisor};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::local::{Moved, Ports, Service, stop_leftovers};

/// What the command line asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Where everything is kept.
    pub(crate) data_dir: PathBuf,
    /// An existing Temporal server, as `host:port`.
    pub(crate) temporal_address: Option<String>,
    /// An existing PostgreSQL database.
    pub(crate) database_url: Option<String>,
}

/// Starts everything, watches it, and stops it when asked to.
pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    let mut interrupt = Interrupt::catch()?;
    let data_dir = DataDir::open(&options.data_dir)?;
    let mut supervisor = Supervisor::new();

    let result = tokio::select! {
        result = start_and_watch(&mut supervisor, &data_dir, options) => result,
        () = interrupt.wait() => Ok(()),
    };

    if supervisor.has_services() {
        say("stopping (Ctrl-C again: at once)");
    }
    tokio::select! {
        () = supervisor.stop() => {}
        // Processes are killed when the supervisor is dropped with the runtime.
        () = interrupt.wait() => {}
    }
    result
}

/// Returns only when something is wrong.
async fn start_and_watch(
    supervisor: &mut Supervisor,
    data_dir: &DataDir,
    options: Options,
) -> Result<(), Failure> {
    let begin = Instant::now();
    for name in stop_leftovers(data_dir.path()).await? {
        say(format_args!("stopped {name}, left behind by an earlier run"));
    }

    let mut state = State::load(data_dir.path())?;
    let mut ports = Ports::remembering(std::mem::take(&mut state.ports));
    let Options { temporal_address, database_url, data_dir: _ } = options;
    let temporal = backends::temporal(temporal_address, data_dir.path(), &mut ports).await?;
    let database = backends::database(database_url, data_dir.path(), &mut ports).await?;
    let found = [database.found_at.clone(), temporal.found_at.clone()];
    let children = children::prepare(data_dir.path(), found.into(), &mut ports)?;
    for Moved { name, from, to } in ports.moved() {
        say(format_args!("port {from} is taken: {name} gets {to}"));
    }
    state.ports = ports.to_remember();
    state.save(data_dir.path())?;

    // Stopped in reverse: our own first, then Temporal, PostgreSQL last.
    let backends = [database, temporal];
    start(supervisor, backends.iter().filter_map(|backend| backend.service.clone()).collect()).await?;
    start(supervisor, children.services).await?;

    let mut addresses = children.addresses;
    addresses.extend(backends.into_iter().rev().flat_map(|Backend { addresses, .. }| addresses));
    addresses.push(Address::new("Logs", data_dir.path().join("logs").display().to_string()));
    say(format_args!("\nready after {:.1} s\n\n{}", begin.elapsed().as_secs_f64(), Table(&addresses)));

    while let Some(news) = supervisor.news().await {
        say(&news);
        if matches!(news, News::GivenUp { .. }) {
            return Err(Failure::unavailable(anyhow!("{news}"))
                .with_help(format!("see `{}`", data_dir.path().join("logs").display())));
        }
    }
    Ok(())
}

async fn start(supervisor: &mut Supervisor, stage: Vec<Service>) -> Result<(), Failure> {
    let names: Vec<&str> = stage.iter().map(|service| service.name.as_str()).collect();
    if !names.is_empty() {
        say(format_args!("starting {}", names.join(", ")));
    }
    supervisor.start_stage(stage).await?;
    Ok(())
}
