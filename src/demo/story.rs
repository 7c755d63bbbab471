//! The scenes, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use console::style;
use model::{Fact, OrderEvent, OrderId, OrderState};
use serde_json::{Value, json};

use super::people;
use super::summary::{Expected, Outcome, table};
use super::systems::Systems;
use crate::failure::Failure;
use crate::follow::Follower;
use crate::local;
use crate::output::print;
use crate::remote::{Api, Order, read};
use crate::sources::DocumentSource;
use crate::up::Site;

// Some orders build, others take away: what systems hold for one that is completed is its own business.
const COMPLETED: Expected = Expected { state: OrderState::Completed, holds: None };
const FAILED: Expected = Expected { state: OrderState::Failed, holds: Some(false) };
const CANCELLED: Expected = Expected { state: OrderState::Cancelled, holds: Some(false) };

/// The sample orders.
#[derive(Debug)]
pub(crate) struct Samples {
    /// Order documents by the names of their files, sorted.
    orders: Vec<(String, Value)>,
}

impl Samples {
    /// Reads the JSON files of a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let cannot = || format!("could not read the folder `{}`", folder.display());
        let entries = fs::read_dir(folder).with_context(cannot).map_err(Failure::misuse)?;
        let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut paths = paths.with_context(cannot).map_err(Failure::misuse)?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let read =
            |path: &PathBuf| Ok((name_of(path), DocumentSource::File(path.clone()).document()?.to_json()));
        let orders = paths.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
        if orders.is_empty() {
            return Err(Failure::misuse(anyhow!("there is no order `*.json` in `{}`", folder.display())));
        }
        Ok(Self { orders })
    }

    fn named(&self, name: &str) -> Result<&Value, Failure> {
        let found = self.orders.iter().find(|(known, _)| known == name);
        let missing = || Failure::misuse(anyhow!("the demo needs the sample order `{name}.json`"));
        found.map(|(_, document)| document).ok_or_else(missing)
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Plays all scenes and prints what came of them.
pub(crate) async fn run(site: &Site, samples: &Samples) -> Result<(), Failure> {
    let api = Api::at(&site.api_url)?;
    let systems = Systems::new(&site.sim_url)?;
    // An earlier demo may have been stopped in the middle.
    systems.calm().await?;
    let stage = Stage { site, api, systems };
    let mut outcomes = Vec::new();
    for (name, document) in &samples.orders {
        outcomes.push(stage.completes(name, document).await?);
    }
    outcomes.push(stage.is_cancelled(samples.named("home_fiber")?).await?);
    outcomes.push(stage.runs_out_of_time(samples.named("number_hold")?).await?);
    outcomes.push(stage.fails(samples.named("provision_subscriber")?).await?);
    outcomes.push(stage.loses_its_worker(samples.named("provision_subscriber")?).await?);
    print(format_args!("\n{}\n", table(&outcomes)))?;
    let wrong = outcomes.iter().filter(|outcome| outcome.wrong().is_some()).count();
    if wrong == 0 {
        return print("everything ended as it must");
    }
    Err(Failure::no(anyhow!("{wrong} of {} orders did not end as they must", outcomes.len())))
}

/// Where the scenes are played.
struct Stage<'a> {
    site: &'a Site,
    api: Api,
    systems: Systems,
}

impl Stage<'_> {
    /// A sample order, with the answers of those whom it waits for.
    async fn completes(&self, name: &str, document: &Value) -> Result<Outcome, Failure> {
        let mut scene = self.open(&format!("{name}: an order to its end"), document).await?;
        while let Some(event) = scene.follower.next().await? {
            if let Some(task) = people::waiting_task(&event) {
                people::answer(&self.api, scene.order, task).await?;
            }
        }
        self.close(scene, COMPLETED).await
    }

    /// A cancel while the order waits for the technician: everything that was done is undone.
    async fn is_cancelled(&self, document: &Value) -> Result<Outcome, Failure> {
        let mut scene = self.open("cancelled while it waits for the technician", document).await?;
        while let Some(event) = scene.follower.next().await? {
            if people::waiting_task(&event).is_some() {
                people::cancel(&self.api, scene.order).await?;
            }
        }
        self.close(scene, CANCELLED).await
    }

    /// Nobody says anything until the timer runs out: what was held goes back.
    async fn runs_out_of_time(&self, document: &Value) -> Result<Outcome, Failure> {
        let mut scene = self.open("the customer does not confirm in time", document).await?;
        while scene.follower.next().await?.is_some() {}
        self.close(scene, FAILED).await
    }

    /// A system refuses: the order fails, and everything that was done is undone.
    async fn fails(&self, document: &Value) -> Result<Outcome, Failure> {
        self.systems.upset(["olt", "activate"], &json!({ "refuse": "the ONU is not known" })).await?;
        let mut scene = self.open("olt.activate refuses", document).await?;
        while scene.follower.next().await?.is_some() {}
        self.systems.calm().await?;
        self.close(scene, FAILED).await
    }

    /// The worker is killed in the middle of a call: another goes on, and nothing is done twice.
    async fn loses_its_worker(&self, document: &Value) -> Result<Outcome, Failure> {
        self.systems.upset(["olt", "activate"], &json!({ "delay_ms": 3_000 })).await?;
        let mut scene = self.open("the worker is killed with -9 during olt.activate", document).await?;
        let mut killed = false;
        while let Some(event) = scene.follower.next().await? {
            if begins_call(&event, "olt.activate") && !killed {
                killed = local::kill_server(&self.site.data_dir, "worker");
            }
        }
        self.systems.calm().await?;
        if !killed {
            return Err(Failure::no(anyhow!("the worker was not there to be killed")));
        }
        self.close(scene, Expected { holds: Some(true), ..COMPLETED }).await
    }

    async fn open(&self, name: &str, document: &Value) -> Result<Scene, Failure> {
        print(format_args!("\n{}", style(format!("── {name}")).cyan().bold()))?;
        let order: Order = read(self.api.post(&["v1", "orders"], None, document).await?)?;
        let follower = Follower::start(&self.api, order.id).await?;
        Ok(Scene { name: name.to_owned(), order: order.id, follower })
    }

    async fn close(&self, scene: Scene, expected: Expected) -> Result<Outcome, Failure> {
        let Scene { name, order, follower } = scene;
        let state = follower.end().await?;
        let ledger = self.systems.ledger(&order.to_string()).await?;
        let (held, twice) = (ledger.held(), ledger.twice());
        Ok(Outcome { scene: name, order, state, held, twice, expected })
    }
}

/// One order that is followed.
struct Scene {
    name: String,
    order: OrderId,
    follower: Follower,
}

fn begins_call(event: &OrderEvent, operation: &str) -> bool {
    matches!(&event.fact, Fact::TaskStarted { call: Some(call), .. } if call == operation)
}
