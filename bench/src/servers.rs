//! Everything that is measured, started for the measurement and stopped after it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use orderwright::local::{PostgresCluster, Readiness, Running, Service, TemporalPorts, TemporalServer};

use crate::{OrdersArgs, cpu};

/// The processes, by the names of the report, in the order of their start.
pub(crate) struct Servers {
    running: Vec<(&'static str, Running)>,
    pub(crate) database_url: String,
    /// Temporal's `host:port`.
    pub(crate) temporal: String,
    /// The API whose orders make ordinary calls.
    pub(crate) api: String,
    /// The API whose orders make inline calls.
    pub(crate) inline_api: String,
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Servers {
    pub(crate) async fn start(args: &OrdersArgs, data: &Path) -> anyhow::Result<Self> {
        let cluster = PostgresCluster::prepare(data)?;
        let postgres = free_port()?;
        let temporal = TemporalPorts { frontend: free_port()?, web_ui: free_port()? };
        let (sim, worker) = (free_port()?, free_port()?);
        let (api, inline_api) = (free_port()?, free_port()?);
        let inline_systems = inline_systems(&args.blueprints, data)?;

        let database_url = cluster.url(postgres);
        let settings = |systems: &Path, api: u16| {
            vec![
                ("DATABASE_URL", database_url.clone().into()),
                ("TEMPORAL_ADDRESS", format!("127.0.0.1:{}", temporal.frontend).into()),
                ("ORDERWRIGHT_SIM_ADDR", format!("127.0.0.1:{sim}").into()),
                ("SIM_URL", format!("http://127.0.0.1:{sim}").into()),
                ("ORDERWRIGHT_SYSTEMS", systems.into()),
                ("ORDERWRIGHT_API_ADDR", format!("127.0.0.1:{api}").into()),
                ("ORDERWRIGHT_WORKER_ADDR", format!("127.0.0.1:{worker}").into()),
                ("ORDERWRIGHT_LOG", "warn".into()),
            ]
        };
        let child =
            |name: &str, program: &Path, command: &[&str], ready: Readiness, systems: &Path, api: u16| {
                let mut service = Service::new(name, program, data, ready);
                service.args = command.iter().map(Into::into).collect();
                service.env = settings(systems, api);
                service
            };
        let http = |port: u16, path: &'static str| Readiness::Http { port, path };
        let program = args.program.canonicalize().context("--program must be the orderwright program")?;
        let ordinary = args.blueprints.join("systems.toml").canonicalize()?;
        let itself = std::env::current_exe()?;
        let services = [
            ("postgres", cluster.service(postgres)),
            ("temporal", TemporalServer::prepare(data)?.service(temporal)),
            ("sim", child("sim", &program, &["sim"], http(sim, "/healthz"), &ordinary, api)),
            (
                "worker",
                child("worker", &program, &["serve", "worker"], http(worker, "/healthz"), &ordinary, api),
            ),
            ("api", child("api", &program, &["serve", "api"], http(api, "/healthz"), &ordinary, api)),
            (
                "api",
                child(
                    "inline-api",
                    &program,
                    &["serve", "api"],
                    http(inline_api, "/healthz"),
                    &inline_systems,
                    inline_api,
                ),
            ),
            (
                "by hand",
                child(
                    "by-hand",
                    &itself,
                    &["by-hand"],
                    Readiness::Tcp(([127, 0, 0, 1], sim).into()),
                    &ordinary,
                    api,
                ),
            ),
        ];
        let mut running = Vec::new();
        for (name, service) in services {
            let mut process = service.start()?;
            process.wait_until_ready().await.with_context(|| format!("{name} does not start"))?;
            running.push((name, process));
        }
        let url = |port| format!("http://127.0.0.1:{port}");
        let temporal = format!("127.0.0.1:{}", temporal.frontend);
        Ok(Self { running, database_url, temporal, api: url(api), inline_api: url(inline_api) })
    }

    /// CPU time used so far, by process.
    pub(crate) fn cpu(&self) -> BTreeMap<&'static str, Duration> {
        let mut used = BTreeMap::from([("harness", cpu::own())]);
        for (name, process) in &self.running {
            *used.entry(*name).or_default() += cpu::used(process.pid());
        }
        used
    }

    pub(crate) async fn stop(self) {
        for (_, process) in self.running.into_iter().rev() {
            process.stop().await;
        }
    }
}

/// The systems of the examples, every call of them inline.
fn inline_systems(blueprints: &Path, data: &Path) -> anyhow::Result<PathBuf> {
    let systems = std::fs::read_to_string(blueprints.join("systems.toml"))?;
    let inline: String = systems
        .lines()
        .flat_map(|line| {
            let marked = line.starts_with("url").then_some("inline = true");
            [Some(line), marked].into_iter().flatten()
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let path = data.join("inline-systems.toml");
    std::fs::write(&path, inline)?;
    Ok(path)
}
