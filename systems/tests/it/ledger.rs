//! The simulator's ledger: one effect per key, undone by its undo, kept over a restart.

use std::io::Write as _;

use model::CallOutcome;
use serde_json::json;
use systems::sim;

use crate::server::{ORDER, call_of, listen};
use crate::simulator::{Simulator, options};

const PORT: &str = r#"{"kind": "pon_port", "site": "UTR-7"}"#;

/// Reserves a port and gives the arguments to release it.
async fn reserve(simulator: &Simulator, task: &str) -> String {
    let outcome = simulator.outcome(&call_of("inventory", "reserve", task, PORT)).await;
    let CallOutcome::Succeeded(reserved) = outcome else { panic!("{outcome:?}") };
    json!({"reservation_id": reserved.field("reservation_id").unwrap()}).to_string()
}

#[tokio::test]
async fn the_same_key_has_one_effect_and_one_answer() {
    let simulator = Simulator::start().await;
    let first = simulator.call("inventory", "reserve", "port", PORT).await;
    let second = simulator.call("inventory", "reserve", "port", PORT).await;
    let other = simulator.call("inventory", "reserve", "ont", PORT).await;
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(
        simulator.effects().await,
        ["port inventory.reserve held x2", "ont inventory.reserve held x1"]
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_call() {
    let simulator = Simulator::start().await;
    simulator.call("inventory", "reserve", "port", PORT).await;
    let reused = format!(
        "answered 422 Unprocessable Entity: the key `{ORDER}/port/0/forward` was used for another operation or other arguments before"
    );
    let arguments = r#"{"kind": "ont", "site": "UTR-7"}"#;
    let other_arguments = simulator.call("inventory", "reserve", "port", arguments).await;
    assert_eq!(other_arguments, format!("refused: inventory.reserve {reused}"));
    let other_operation = simulator.call("inventory", "count", "port", PORT).await;
    assert_eq!(other_operation, format!("refused: inventory.count {reused}"));
    assert_eq!(simulator.effects().await, ["port inventory.reserve held x1"]);
}

#[tokio::test]
async fn an_undo_releases_what_it_names_once() {
    let simulator = Simulator::start().await;
    let first = reserve(&simulator, "port").await;
    reserve(&simulator, "ont").await;
    assert_eq!(simulator.call("inventory", "release", "undo_port", &first).await, "succeeded {}");
    assert_eq!(simulator.call("inventory", "release", "undo_port", &first).await, "succeeded {}");
    let again = simulator.call("inventory", "release", "undo_again", &first).await;
    assert_eq!(
        again,
        "refused: inventory.release answered 409 Conflict: `reservation_id` names what effect 1 made, and effect 3 has released that already"
    );
    assert_eq!(
        simulator.effects().await,
        [
            "port inventory.reserve released x1",
            "ont inventory.reserve held x1",
            "undo_port inventory.release nothing x2",
        ]
    );
    let (_, ledger) = simulator.get(&format!("/sim/ledger?order={ORDER}")).await;
    assert_eq!(ledger["totals"], json!({"effects": 3, "held": 1, "released": 1, "nothing": 1, "calls": 4}));
    assert_eq!(ledger["effects"][0]["released_by"], 3);
    assert_eq!(ledger["effects"][2]["releases"], 1);
}

#[tokio::test]
async fn what_is_older_than_the_ledger_can_be_undone() {
    let simulator = Simulator::start().await;
    let outcome = simulator.call("inventory", "release", "cease", r#"{"reservation_id": "RES-0"}"#).await;
    assert_eq!(outcome, "succeeded {}");
    assert_eq!(simulator.effects().await, ["cease inventory.release nothing x1"]);
}

#[tokio::test]
async fn a_query_leaves_no_trace() {
    let simulator = Simulator::start().await;
    let read = simulator.call("network", "read", "prove", r#"{"ont": "ONT-1"}"#).await;
    assert_eq!(read, r#"succeeded {"light_dbm":-18.5,"state":"active"}"#);
    assert!(simulator.effects().await.is_empty());
}

#[tokio::test]
async fn addresses_are_invented_once_each() {
    let simulator = Simulator::start().await;
    let block = simulator.call("ipam", "allocate", "a", r#"{"count": 3}"#).await;
    assert!(block.contains(r#""addresses":["10.0.0.64","10.0.0.65","10.0.0.66"]"#), "{block}");
    let single = simulator.call("ipam", "assign", "b", r#"{"subscriber_id": "SUB-1"}"#).await;
    assert_eq!(single, r#"succeeded {"address":"10.0.0.128"}"#);
}

#[tokio::test]
async fn the_ledger_shows_what_is_asked_for() {
    let simulator = Simulator::start().await;
    reserve(&simulator, "port").await;
    simulator.call("crm", "register", "customer", r#"{"external_id": "C-1"}"#).await;
    let (_, all) = simulator.get("/sim/ledger").await;
    assert_eq!(all["totals"], json!({"effects": 2, "held": 2, "released": 0, "nothing": 0, "calls": 2}));
    assert!(all["effects"].is_null());
    let (_, held) = simulator.get("/sim/ledger?state=held&system=crm&operation=register").await;
    assert_eq!(held["effects"].as_array().unwrap().len(), 1);
    let effect = &held["effects"][0];
    assert_eq!(effect["order"], ORDER);
    assert_eq!(effect["key"], format!("{ORDER}/customer/0/forward"));
    assert_eq!(effect["arguments"], json!({"external_id": "C-1"}));
    let (_, none) = simulator.get("/sim/ledger?order=other").await;
    assert_eq!(none["effects"], json!([]));
    let (status, problem) = simulator.get("/sim/ledger?oder=1").await;
    assert_eq!(status, 400, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("unknown field `oder`"), "{problem}");
}

#[tokio::test]
async fn a_restart_keeps_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::in_folder(folder.path()).await;
    let release = reserve(&simulator, "port").await;
    let ont = simulator.call("inventory", "reserve", "ont", PORT).await;
    simulator.call("inventory", "reserve", "ont", PORT).await;
    simulator.stop().await;

    let simulator = Simulator::in_folder(folder.path()).await;
    assert_eq!(simulator.call("inventory", "reserve", "ont", PORT).await, ont);
    simulator.call("inventory", "release", "undo_port", &release).await;
    simulator.stop().await;

    let simulator = Simulator::in_folder(folder.path()).await;
    assert_eq!(
        simulator.effects().await,
        [
            "port inventory.reserve released x1",
            "ont inventory.reserve held x3",
            "undo_port inventory.release nothing x1",
        ]
    );
    let answer = simulator.call("inventory", "reserve", "third", PORT).await;
    assert!(answer.contains("RES-4-"), "{answer}");
    simulator.stop().await;
}

#[tokio::test]
async fn a_line_that_was_being_written_counts_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::in_folder(folder.path()).await;
    reserve(&simulator, "port").await;
    simulator.stop().await;
    let path = folder.path().join("sim-ledger.jsonl");
    let whole = std::fs::read(&path).unwrap();
    for torn in [1, 2, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, [&whole, &whole[..torn]].concat()).unwrap();
        let simulator = Simulator::in_folder(folder.path()).await;
        let (_, ledger) = simulator.get("/sim/ledger").await;
        assert_eq!(ledger["totals"]["effects"], 1, "{torn} bytes of a line");
        simulator.stop().await;
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[tokio::test]
async fn a_file_that_is_no_ledger_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sim-ledger.jsonl");
    writeln!(std::fs::File::create(&path).unwrap(), "{{\"effect\": 1}}").unwrap();
    let (listener, _) = listen().await;
    let options = sim::Options { data_dir: Some(folder.path().to_owned()), ..options() };
    let wrong = sim::serve(listener, options, std::future::pending()).await.unwrap_err();
    let cause = std::error::Error::source(&wrong).unwrap().to_string();
    assert_eq!(cause, format!("line 1 of `{}` is not an entry of a ledger", path.display()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"effect\": 1}\n");
}

#[tokio::test]
async fn many_calls_at_once_have_one_effect_each() {
    let simulator = Simulator::start().await;
    let tasks: Vec<String> = (0..50).map(|n| format!("task[{}]", n % 10)).collect();
    let calls = tasks.iter().map(|task| simulator.call("inventory", "reserve", task, PORT));
    let answers = futures::future::join_all(calls).await;
    let mut distinct = answers.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 10);
    let effects = simulator.effects().await;
    assert_eq!(effects.len(), 10);
    assert!(effects.iter().all(|effect| effect.ends_with("held x5")), "{effects:?}");
}
