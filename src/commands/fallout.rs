//! `orderwright fallout`: what waits for people over all orders, and one action on many of it.

use clap::Subcommand;
use model::{Duration, OperatorAction, OrderId, TaskId};
use serde_json::{Map, Value, json};

use super::block_on;
use crate::failure::{Exit, Failure};
use crate::output::{print, print_json, print_page};
use crate::remote::{ApiArgs, Bulk, WorkGroups, WorkPage, read};
use crate::show::{bulk, group_list, is_settled, work_list};

/// List what waits for people, the longest wait first, or act on many of it
///
/// Held tasks, undos that failed, tasks that are a person's to do, and orders that are paused. Filters narrow the list together.
/// With `--groups` alike cases are one line: an outage that holds up fifty orders is one.
///
/// With an action, the same is done with everything that passes the filters, or with the tasks that are named. Each order decides
/// for itself; `orderwright complete` takes one task at a time.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  orderwright fallout --for operations --older-than 2h
  orderwright fallout --groups
  orderwright fallout --role back_office --json | jq -r '.work_items[].order'
  orderwright fallout retry --system network --note 'the OLT is back, see INC-8123' --dry-run"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    list: ListArgs,
}

/// What is done with many tasks at once.
#[derive(Debug, Subcommand)]
enum Action {
    /// Try held tasks, and undos that failed, again; lets orders go on that their deadline paused
    #[command(after_help = "\
Examples:
  orderwright fallout retry --system network --note 'the OLT is back, see INC-8123' --dry-run
  orderwright fallout retry --pattern 'network.activate answered 503: …' --note 'it is up'
  orderwright fallout retry 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21/'activate[1]' --note 'port added'")]
    Retry(Many),
    /// Go on without held tasks
    #[command(after_help = "\
Examples:
  orderwright fallout skip --system sms --operation notify --note 'no texts today, see CHG-204'")]
    Skip(Many),
    /// Give up on held tasks and undo what was done for their items or orders
    #[command(after_help = "\
Examples:
  orderwright fallout rollback --blueprint home_fiber --reason 'no fibre in the street' --note 'build is off' --dry-run")]
    Rollback(Many),
    /// Say that what undos failed to take back was taken back by hand
    #[command(after_help = "\
Examples:
  orderwright fallout undone --system inventory --note 'released in the inventory, see INC-8123'")]
    Undone(Many),
    /// Leave in place for good what undos failed to take back; `orderwright residue` lists it
    #[command(after_help = "\
Examples:
  orderwright fallout accept --system legacy_crm --note 'the system is switched off'")]
    Accept(Many),
}

impl Action {
    const fn parts(&self) -> (OperatorAction, &Many) {
        match self {
            Self::Retry(many) => (OperatorAction::Retry, many),
            Self::Skip(many) => (OperatorAction::Skip, many),
            Self::Rollback(many) => (OperatorAction::Rollback, many),
            Self::Undone(many) => (OperatorAction::Undone, many),
            Self::Accept(many) => (OperatorAction::Accept, many),
        }
    }
}

/// Which work items are meant.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
struct Filter {
    /// Only what waits for these; several are separated by commas
    #[arg(long = "for", value_name = "WHO", value_delimiter = ',', value_parser = ["operations", "customer", "role"])]
    people: Vec<String>,

    /// Only tasks that somebody of this role does
    #[arg(long, value_name = "NAME")]
    role: Option<String>,

    /// Only of this kind; several are separated by commas
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = ["held", "undo_failed", "manual", "paused"])]
    kind: Vec<String>,

    /// Only calls of this system
    #[arg(long, value_name = "NAME")]
    system: Option<String>,

    /// Only calls of operations with this name
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,

    /// Only with this text in the reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Only with a reason of this pattern, as `--groups` shows it
    #[arg(long, value_name = "TEXT")]
    pattern: Option<String>,

    /// Only of orders of this blueprint, in any version
    #[arg(long, value_name = "NAME")]
    blueprint: Option<String>,

    /// Only of orders of this customer
    #[arg(long, value_name = "ID")]
    customer: Option<String>,

    /// Only of this order and its child orders
    #[arg(long, value_name = "ORDER")]
    order: Option<OrderId>,

    /// Only what has been waiting for at least so long, such as `2h`
    #[arg(long, value_name = "DURATION")]
    older_than: Option<Duration>,
}

impl Filter {
    /// The fields that take one text.
    fn texts(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("role", self.role.clone()),
            ("system", self.system.clone()),
            ("operation", self.operation.clone()),
            ("reason", self.reason.clone()),
            ("pattern", self.pattern.clone()),
            ("blueprint", self.blueprint.clone()),
            ("customer", self.customer.clone()),
            ("order", self.order.map(|order| order.to_string())),
            ("older_than", self.older_than.map(|age| age.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)))
    }

    /// Those that take several.
    fn lists(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        [("for", self.people.as_slice()), ("kind", self.kind.as_slice())]
            .into_iter()
            .filter(|(_, texts)| !texts.is_empty())
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        self.lists().map(|(name, texts)| (name, texts.join(","))).chain(self.texts()).collect()
    }

    fn document(&self) -> Map<String, Value> {
        let lists = self.lists().map(|(name, texts)| (name.to_owned(), json!(texts)));
        lists.chain(self.texts().map(|(name, text)| (name.to_owned(), text.into()))).collect()
    }
}

/// What to list, and how.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Show alike cases as one line, those with most cases first
    #[arg(long, conflicts_with_all = ["limit", "cursor"])]
    groups: bool,

    /// How many at the most, 1 to 200
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,

    /// Where to go on: what the end of the list before says
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,

    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    api: ApiArgs,
}

/// On what it is acted, and why.
#[derive(Debug, clap::Args)]
struct Many {
    /// Tasks to act on, each an order, `/` and a task; without them, what passes the filters
    #[arg(value_name = "ORDER/TASK", value_parser = reference)]
    tasks: Vec<(OrderId, TaskId)>,

    /// Why, for the record of every order
    #[arg(long, value_name = "TEXT")]
    note: String,

    /// Only show which tasks would be acted on
    #[arg(long)]
    dry_run: bool,

    /// Names this request: repeated, it acts on no task a second time
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    api: ApiArgs,
}

fn reference(text: &str) -> Result<(OrderId, TaskId), String> {
    let (order, task) = text.split_once('/').ok_or("expected an order, `/` and a task")?;
    let order = order.parse().map_err(|wrong: model::InvalidName| wrong.to_string())?;
    Ok((order, task.parse().map_err(|wrong: model::InvalidName| wrong.to_string())?))
}

/// Lists, or acts.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.action {
        Some(action) => {
            let (action, many) = action.parts();
            act(action, many)
        }
        None if args.list.groups => groups(&args.list),
        None => list(&args.list),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let api = args.api.api()?;
    let mut parameters = args.filter.parameters();
    parameters.push(("limit", args.limit.to_string()));
    parameters.extend(args.cursor.clone().map(|cursor| ("cursor", cursor)));
    block_on(async {
        let document = api.get(&["v1", "fallout"], &parameters).await?;
        if args.api.json {
            return print_json(&document);
        }
        let WorkPage { work_items, next } = read(document)?;
        print_page(&work_items, "nothing waits for anybody", work_list, next.as_deref())
    })
}

fn groups(args: &ListArgs) -> Result<(), Failure> {
    let api = args.api.api()?;
    block_on(async {
        let document = api.get(&["v1", "fallout", "groups"], &args.filter.parameters()).await?;
        if args.api.json {
            return print_json(&document);
        }
        let WorkGroups { groups } = read(document)?;
        if groups.is_empty() { print("nothing waits for anybody") } else { print(group_list(&groups)) }
    })
}

fn act(action: OperatorAction, many: &Many) -> Result<(), Failure> {
    let filter = many.filter.document();
    let body = match (many.tasks.is_empty(), filter.is_empty()) {
        (true, true) => {
            let missing = anyhow::anyhow!("it is not said what to act on");
            return Err(
                Failure::misuse(missing).with_help("give at least one filter, or name tasks as ORDER/TASK")
            );
        }
        (false, false) => {
            let both = anyhow::anyhow!("tasks are named, and filters are given");
            return Err(Failure::misuse(both).with_help("leave out the ones or the others"));
        }
        (true, false) => json!({ "note": many.note, "filter": filter }),
        (false, true) => {
            let task = |(order, task): &(OrderId, TaskId)| json!({ "order": order, "task": task });
            let tasks: Vec<Value> = many.tasks.iter().map(task).collect();
            json!({ "note": many.note, "tasks": tasks })
        }
    };
    let api = many.api.api()?;
    let address = ["v1", "fallout", action.as_str()];
    block_on(async {
        let answer = if many.dry_run {
            api.post_with(&address, &[("dry_run", "true".to_owned())], None, &body).await?
        } else {
            api.post(&address, many.id.as_deref(), &body).await?
        };
        let done: Bulk = read(answer.clone())?;
        if many.api.json {
            print_json(&answer)?;
        } else {
            print(bulk(&done))?;
        }
        if done.dry_run || done.tasks.iter().all(is_settled) { Ok(()) } else { Err(Failure::told(Exit::No)) }
    })
}
