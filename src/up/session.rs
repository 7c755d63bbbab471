//! One run of `up`, from the first file to the last process.

use std::future::{Future, pending};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use tokio::time::{sleep, timeout};

use super::backends;
use super::children::{self, Children};
use super::data_dir::DataDir;
use super::library;
use super::report::{Address, Table, say};
use super::state::State;
use super::supervisor::{News, Supervisor};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::local::{LocalError, Moved, Ports, Service, stop_leftovers};
use crate::remote::{Api, default_address};

/// How often everything is started, if ports are taken by somebody else between their choice and their use.
const STARTS: u32 = 3;

/// How long a worker may take to be seen by the API once all processes run.
const WORKER_LIMIT: Duration = Duration::from_secs(30);

/// What the command line asked for.
#[derive(Debug)]
pub(crate) struct Options {
    /// Where everything is kept.
    pub(crate) data_dir: PathBuf,
    /// The port of the API, if it matters.
    pub(crate) api_port: Option<u16>,
    /// The blueprints to publish, if not the usual ones.
    pub(crate) blueprints: Option<PathBuf>,
    /// An existing Temporal server, as `host:port`.
    pub(crate) temporal_address: Option<String>,
    /// An existing PostgreSQL database.
    pub(crate) database_url: Option<String>,
}

/// What runs, for those who want to use it.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// Where everything is kept.
    pub(crate) data_dir: PathBuf,
    /// The API's address.
    pub(crate) api_url: String,
    /// The simulator's address.
    pub(crate) sim_url: String,
}

/// Starts everything, watches it, and stops it when asked to.
pub(crate) async fn run(options: Options) -> Result<(), Failure> {
    run_with(options, |_| pending()).await
}

/// Starts everything, does `work` once it can be used, and then stops it; earlier when asked to, or when something is wrong.
pub(crate) async fn run_with<W>(options: Options, work: impl FnOnce(Site) -> W) -> Result<(), Failure>
where
    W: Future<Output = Result<(), Failure>>,
{
    let mut interrupt = Interrupt::catch()?;
    let data_dir = DataDir::open(&options.data_dir)?;
    let mut supervisor = Supervisor::new();

    let session = async {
        let site = start_all(&mut supervisor, &data_dir, options).await?;
        tokio::select! {
            failure = watch(&mut supervisor, &data_dir) => Err(failure),
            result = work(site) => result,
        }
    };
    let result = tokio::select! {
        result = session => result,
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

async fn start_all(
    supervisor: &mut Supervisor,
    data_dir: &DataDir,
    options: Options,
) -> Result<Site, Failure> {
    let begin = Instant::now();
    for name in stop_leftovers(data_dir.path()).await? {
        say(format_args!("stopped {name}, left behind by an earlier run"));
    }
    let blueprints = library::find(options.blueprints.clone());
    let mut starts = 1;
    let (site, mut addresses) = loop {
        let mut prepared = prepare(data_dir, &options, blueprints.as_deref()).await?;
        match start_stages(supervisor, std::mem::take(&mut prepared.stages)).await {
            Ok(()) => break (prepared.site, prepared.addresses),
            Err(LocalError::EndedEarly { service, .. })
                if starts < STARTS && prepared.ports.is_lost(&service) =>
            {
                starts += 1;
                say(format_args!("the port of {service} was taken meanwhile: starting again"));
                std::mem::replace(supervisor, Supervisor::new()).stop().await;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let api = Api::at(&site.api_url)?;
    if let Some(folder) = blueprints {
        library::bring(&folder, &api).await;
    }
    if timeout(WORKER_LIMIT, until_ready(&api)).await.is_err() {
        say(format_args!("the API does not say that it is ready: see {}/readyz", site.api_url));
    }

    addresses.push(Address::new("Logs", data_dir.path().join("logs").display().to_string()));
    say(format_args!("\nready after {:.1} s\n\n{}", begin.elapsed().as_secs_f64(), Table(&addresses)));
    if site.api_url != default_address() {
        say(format_args!(
            "tell other commands where the API is:\n\n  export ORDERWRIGHT_URL={}\n",
            site.api_url
        ));
    }
    Ok(site)
}

/// What is started, and where.
struct Prepared {
    /// What is started together, stage by stage. Stopped in reverse: our own first, PostgreSQL last.
    stages: [Vec<Service>; 2],
    ports: Ports,
    site: Site,
    addresses: Vec<Address>,
}

/// Chooses ports, remembers them, and says how everything is run.
async fn prepare(
    data_dir: &DataDir,
    options: &Options,
    blueprints: Option<&Path>,
) -> Result<Prepared, Failure> {
    let folder = data_dir.path();
    let mut state = State::load(folder)?;
    let mut ports = Ports::remembering(std::mem::take(&mut state.ports));
    let temporal = backends::temporal(options.temporal_address.clone(), folder, &mut ports).await?;
    let database = backends::database(options.database_url.clone(), folder, &mut ports).await?;
    let mut settings = library::systems(blueprints, folder)?;
    settings.extend([&database, &temporal].into_iter().flat_map(|backend| backend.found_at.clone()));
    let children = children::prepare(folder, settings, options.api_port, &mut ports)?;
    for Moved { name, from, to } in ports.moved() {
        say(format_args!("port {from} is taken: {name} gets {to}"));
    }
    state.ports = ports.to_remember();
    state.save(folder)?;

    let site = site(data_dir, &children)?;
    let mut addresses = children.addresses;
    let mut servers = Vec::new();
    for backend in [temporal, database] {
        addresses.extend(backend.addresses);
        servers.extend(backend.service);
    }
    servers.reverse();
    Ok(Prepared { stages: [servers, children.services], ports, site, addresses })
}

fn site(data_dir: &DataDir, children: &Children) -> Result<Site, Failure> {
    let url = |variable: &str| {
        let url = children.setting(variable).map(str::to_owned);
        url.ok_or_else(|| Failure::no(anyhow!("no process is found by `{variable}`")))
    };
    Ok(Site {
        data_dir: data_dir.path().to_owned(),
        api_url: url("ORDERWRIGHT_URL")?,
        sim_url: url("SIM_URL")?,
    })
}

/// Waits until the API sees Postgres, Temporal and a worker.
async fn until_ready(api: &Api) {
    while api.get(&["readyz"], &[]).await.is_err() {
        sleep(Duration::from_millis(100)).await;
    }
}

/// Tells what happens to the processes; returns only when something is wrong.
async fn watch(supervisor: &mut Supervisor, data_dir: &DataDir) -> Failure {
    loop {
        match supervisor.news().await {
            Some(news @ News::GivenUp { .. }) => {
                return Failure::unavailable(anyhow!("{news}"))
                    .with_help(format!("see `{}`", data_dir.path().join("logs").display()));
            }
            Some(news) => say(&news),
            // Invariant: the supervisor itself can tell news for as long as it lives.
            None => pending().await,
        }
    }
}

async fn start_stages(supervisor: &mut Supervisor, stages: [Vec<Service>; 2]) -> Result<(), LocalError> {
    for stage in stages {
        let names: Vec<&str> = stage.iter().map(|service| service.name.as_str()).collect();
        if !names.is_empty() {
            say(format_args!("starting {}", names.join(", ")));
        }
        supervisor.start_stage(stage).await?;
    }
    Ok(())
}
