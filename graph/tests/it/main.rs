//! The graphs of the example blueprints, and of the plans of their orders.

#![allow(clippy::unwrap_used, reason = "a test that goes wrong should stop")]

use std::path::{Path, PathBuf};

use dsl::Library;
use graph::{Graph, dot, mermaid, svg};
use insta::assert_snapshot;
use model::{Order, OrderRequest, TaskState, Timestamp};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints")
}

fn files(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn library() -> Library {
    let files = files(&examples(), "blueprint").into_iter();
    let sources: Vec<_> = files.map(|(name, text)| (format!("{name}.blueprint"), text)).collect();
    Library::compile(&sources).library.unwrap()
}

fn plan_graph(library: &Library, json: &str) -> Graph {
    let request = OrderRequest::parse(serde_json::from_str(json).unwrap()).unwrap();
    let id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    let order = Order { id, submitted_at: Timestamp::EPOCH, request };
    Graph::from(&library.select(&order.request).unwrap().plan(&order).unwrap())
}

#[test]
fn the_blueprints_as_text() {
    let library = library();
    for blueprint in library.blueprints() {
        let (graph, name) = (Graph::from(blueprint), &blueprint.reference().name);
        assert_snapshot!(format!("{name}_mermaid"), mermaid(&graph));
        assert_snapshot!(format!("{name}_dot"), dot(&graph));
    }
}

#[test]
fn the_plan_of_an_order_shows_its_items_and_what_is_left_out() {
    let orders = files(&examples().join("orders"), "json");
    let (_, order) = orders.iter().find(|(name, _)| name == "home_fiber_own_cpe").unwrap();
    let graph = plan_graph(&library(), order);
    assert_snapshot!("plan_home_fiber_own_cpe_mermaid", mermaid(&graph));
    assert_snapshot!("plan_home_fiber_own_cpe_dot", dot(&graph));
}

#[test]
fn every_example_is_drawn_with_all_its_tasks() {
    let library = library();
    let orders = files(&examples().join("orders"), "json");
    let plans = orders.iter().map(|(_, order)| plan_graph(&library, order));
    for graph in library.blueprints().iter().map(Graph::from).chain(plans) {
        let picture = svg(&graph).unwrap();
        for node in &graph.nodes {
            assert!(
                picture.contains(&format!(">{}</text>", node.name)),
                "{} is not in {}",
                node.name,
                graph.title
            );
        }
        for kind in graph.nodes.iter().map(|node| node.kind.word()) {
            assert!(picture.contains(&format!("class=\"shape {kind}\"")), "{kind} is not told apart");
        }
    }
}

#[test]
fn what_is_read_and_what_is_only_waited_for_are_told_apart() {
    let library = library();
    let blueprint = library.blueprint(&"home_fiber".parse().unwrap(), None).unwrap();
    let graph = Graph::from(blueprint);
    let index = |name: &str| graph.nodes.iter().position(|node| node.name == name).unwrap();
    let why = |from: &str, to: &str| {
        let (from, to) = (index(from), index(to));
        graph.edges.iter().find(|edge| (edge.from, edge.to) == (from, to)).map(|edge| edge.why.clone())
    };
    assert_eq!(why("field_work", "activate"), Some(graph::Why::Reads(vec!["field_work.ont".to_owned()])));
    assert_eq!(why("book_visit", "field_work"), Some(graph::Why::After));
    assert_eq!(why("check_customer", "start_billing"), None);
}

/// The states of the tasks of an order of `home_fiber.json`: those that are named, done what comes before them, and what comes
/// after them not begun.
fn states<'a>(named: &'a [(&str, TaskState)]) -> impl Fn(&str) -> Option<TaskState> + 'a {
    let done = [
        "agreed_date",
        "check_customer",
        "reserve_port[1]",
        "reserve_ont[1]",
        "book_visit[1]",
        "tell_appointment[1]",
    ];
    move |task| {
        let given = named.iter().find(|(name, _)| *name == task).map(|(_, state)| *state);
        let other = if done.contains(&task) { TaskState::Succeeded } else { TaskState::Waiting };
        Some(given.unwrap_or(other))
    }
}

/// The pictures of orders under way that the documentation shows. `UPDATE_EXPECT=1` draws them anew.
#[test]
fn the_pictures_of_orders_in_the_documentation_are_drawn_so() {
    let orders = files(&examples().join("orders"), "json");
    let (_, order) = orders.iter().find(|(name, _)| name == "home_fiber").unwrap();
    let plan = plan_graph(&library(), order);
    let id = "0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21";
    let skipped = TaskState::Skipped;
    for (name, said, named) in [
        (
            "order_held",
            "held",
            &[
                ("agreed_date", skipped),
                ("field_work[1]", TaskState::Succeeded),
                ("activate[1]", TaskState::Held),
            ][..],
        ),
        (
            "order_amended",
            "inProgress, version 2",
            &[
                ("agreed_date", skipped),
                ("book_visit[1]", TaskState::Amending),
                ("field_work[1]", TaskState::Running),
            ],
        ),
    ] {
        let graph = Graph { subtitle: format!("order {id}: {said}"), ..plan.clone() };
        let skips: Vec<&str> =
            graph.nodes.iter().filter(|node| node.skipped.is_some()).map(|node| node.name.as_str()).collect();
        let left_out = |task: &str| skips.contains(&task).then_some(skipped);
        let state = states(named);
        let drawn = svg(&graph.clone().with_states(|task| left_out(task).or_else(|| state(task)))).unwrap();
        expect_file(name, &drawn);
    }
}

#[track_caller]
fn expect_file(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/{name}.svg"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, drawn).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == drawn, "docs/{name}.svg differs: `UPDATE_EXPECT=1` draws it anew");
}

#[test]
fn what_changes_a_task_is_drawn() {
    let library = library();
    let blueprint = library.blueprint(&"home_fiber".parse().unwrap(), None).unwrap();
    let graph = Graph::from(blueprint);
    let activate = graph.nodes.iter().find(|node| node.name == "activate").unwrap();
    assert_eq!(activate.amend.as_deref(), Some("network.reprofile"));
    let picture = svg(&graph).unwrap();
    assert!(picture.contains(">network.reprofile</text>") && picture.contains(">is changed by</text>"));
    assert!(
        mermaid(&graph).contains("<br/>amend network.reprofile")
            && dot(&graph).contains("amend network.reprofile")
    );
}
