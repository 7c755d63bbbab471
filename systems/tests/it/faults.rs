//! Every fault that the simulator can be set to.

use std::time::Instant;

use model::CallOutcome;
use serde_json::{Value, json};

use crate::server::{call_of, shown};
use crate::simulator::{Simulator, options};

const BOOK: &str = "/sim/workforce/book";

async fn book(simulator: &Simulator, task: &str) -> String {
    let outcome = simulator.outcome(&call_of("workforce", "book", task, r#"{"work": "INSTALL"}"#)).await;
    if let CallOutcome::Succeeded(_) = outcome { "booked".to_owned() } else { shown(&outcome) }
}

#[tokio::test]
async fn calls_fail_as_often_as_set_and_then_work() {
    let simulator = Simulator::start().await;
    simulator.set(BOOK, json!({"fail_times": 2})).await;
    for _ in 0..2 {
        assert_eq!(
            book(&simulator, "visit").await,
            "failed: workforce.book answered 500 Internal Server Error: the simulator is set to fail this call; nothing has happened"
        );
    }
    assert_eq!(book(&simulator, "visit").await, "booked");
    assert_eq!(simulator.effects().await, ["visit workforce.book held x1"]);
    let (_, settings) = simulator.get(BOOK).await;
    assert_eq!(settings["fail_times"], 0);
}

#[tokio::test]
async fn what_is_refused_has_no_effect_and_what_is_done_stays_done() {
    let simulator = Simulator::start().await;
    assert_eq!(book(&simulator, "early").await, "booked");
    simulator.set(BOOK, json!({"refuse": "no crew"})).await;
    assert_eq!(book(&simulator, "visit").await, "refused: workforce.book answered 409 Conflict: no crew");
    assert_eq!(book(&simulator, "early").await, "booked");
    simulator.set(BOOK, json!({"refuse": true})).await;
    assert_eq!(
        book(&simulator, "visit").await,
        "refused: workforce.book answered 409 Conflict: the simulator is set to refuse this operation"
    );
    assert_eq!(simulator.effects().await, ["early workforce.book held x2"]);
    simulator.delete(BOOK).await;
    assert_eq!(book(&simulator, "visit").await, "booked");
}

#[tokio::test]
async fn an_effect_without_an_answer_is_found_again_under_its_key() {
    let simulator = Simulator::start().await;
    simulator.set(BOOK, json!({"timeout_after_effect": 1})).await;
    let mut call = call_of("workforce", "book", "visit", r#"{"work": "INSTALL"}"#);
    call.timeout = model::Duration::from_millis(300);
    assert_eq!(shown(&simulator.outcome(&call).await), "unknown: workforce.book did not answer within 300ms");
    assert_eq!(simulator.effects().await, ["visit workforce.book held x1"]);
    assert_eq!(book(&simulator, "visit").await, "booked");
    assert_eq!(simulator.effects().await, ["visit workforce.book held x2"]);
}

#[tokio::test]
async fn silence_ends_when_the_simulator_does() {
    let simulator = Simulator::start().await;
    simulator.set(BOOK, json!({"timeout_after_effect": 1})).await;
    let systems = simulator.systems.clone();
    let waiting =
        tokio::spawn(async move { systems.call(&call_of("workforce", "book", "visit", "{}")).await });
    while simulator.effects().await.is_empty() {}
    simulator.stop().await;
    let outcome = waiting.await.unwrap();
    assert!(matches!(outcome, CallOutcome::Unknown { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_delay_comes_before_everything_else() {
    let simulator = Simulator::start().await;
    simulator.set(BOOK, json!({"delay_ms": 120})).await;
    let mut hasty = call_of("workforce", "book", "visit", "{}");
    hasty.timeout = model::Duration::from_millis(50);
    assert!(matches!(simulator.outcome(&hasty).await, CallOutcome::Unknown { .. }));
    let begin = Instant::now();
    assert_eq!(book(&simulator, "second").await, "booked");
    assert!(begin.elapsed().as_millis() >= 120);
    // Who hangs up before its time leaves nothing behind.
    assert_eq!(simulator.effects().await, ["second workforce.book held x1"]);
}

#[tokio::test]
async fn an_answer_may_be_set() {
    let simulator = Simulator::start().await;
    simulator
        .set("/sim/crm/check", json!({"answer": {"eligible": false, "reason": "no fibre at {address.site}"}}))
        .await;
    let answer =
        simulator.call("crm", "check", "check", r#"{"customer": "C-1", "address": {"site": "UTR-7"}}"#).await;
    assert_eq!(answer, r#"succeeded {"eligible":false,"reason":"no fibre at UTR-7"}"#);
}

#[tokio::test]
async fn the_same_seed_throws_the_same_dice() {
    let luck = async |seed: Value| {
        let simulator = Simulator::start().await;
        let mut settings = json!({"rate": {"fail": 0.3, "refuse": 0.3}});
        if !seed.is_null() {
            settings["seed"] = seed;
        }
        simulator.set(BOOK, settings).await;
        let mut luck = String::new();
        for n in 0..40 {
            luck.push_str(&book(&simulator, &format!("visit[{n}]")).await[..1]);
        }
        luck
    };
    let (first, second, other) = (luck(json!(7)).await, luck(json!(7)).await, luck(json!(8)).await);
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert!(["b", "f", "r"].iter().all(|kind| first.contains(kind)), "{first}");
    // Without a seed, the simulator's own decides.
    assert_eq!(luck(Value::Null).await, luck(Value::Null).await);
}

#[tokio::test]
async fn a_rate_of_one_is_always() {
    let simulator = Simulator::start().await;
    simulator.set(BOOK, json!({"rate": {"timeout_after_effect": 1.0}})).await;
    let mut call = call_of("workforce", "book", "visit", "{}");
    call.timeout = model::Duration::from_millis(200);
    assert!(matches!(simulator.outcome(&call).await, CallOutcome::Unknown { .. }));
    assert_eq!(simulator.effects().await, ["visit workforce.book held x1"]);
}

#[tokio::test]
async fn settings_are_shown_and_cleared() {
    let simulator = Simulator::start().await;
    simulator.set(BOOK, json!({"fail_times": 3})).await;
    simulator.set("/sim/crm/check", json!({"delay_ms": 5})).await;
    let (_, all) = simulator.get("/sim").await;
    assert_eq!(all["seed"], options().seed);
    let names: Vec<_> =
        all["operations"].as_array().unwrap().iter().map(|o| o["operation"].clone()).collect();
    assert_eq!(names, ["check", "book"]);
    assert_eq!(all["operations"][1]["settings"]["fail_times"], 3);
    simulator.delete("/sim").await;
    let (_, all) = simulator.get("/sim").await;
    assert_eq!(all["operations"], json!([]));
}

#[tokio::test]
async fn settings_that_can_not_be_are_refused() {
    let simulator = Simulator::start().await;
    for (settings, expected) in [
        (json!({"fail_tmes": 1}), "unknown field `fail_tmes`"),
        (json!({"fail_times": -1}), "`fail_times`: expected a whole number from 0 to 4294967295, found `-1`"),
        (json!({"refuse": {}}), "`refuse`: expected `true`, `false` or a text"),
        (
            json!({"rate": {"fail": 1.5}}),
            "`rate`: expected probabilities from 0 to 1 that add up to at most 1",
        ),
        (json!({"rate": {"fail": 0.6, "refuse": 0.6}}), "`rate`: expected probabilities"),
        (json!({"delay_ms": 600_001}), "`delay_ms`: expected at most 600000"),
        (json!({"duplicate_callback": true}), "`duplicate_callback` without `callback`"),
        (json!({"answer": "{"}), "`answer`: `{` without `}` in `{`"),
        (json!({"callback": {"signal": "a b"}}), "`a b` is not a name"),
        (json!({"callback": {"signal": "s", "payload": "}"}}), "`callback.payload`: `}` without `{` in `}`"),
        (
            json!({"callback": {"signal": "s", "after_ms": 600_001}}),
            "`callback.after_ms`: expected at most 600000",
        ),
        (json!([]), "invalid"),
    ] {
        let (status, problem) = simulator.put(BOOK, &settings).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(status == 400 && detail.contains(expected), "{settings}: {status} {detail}");
    }
    let (_, all) = simulator.get("/sim").await;
    assert_eq!(all["operations"], json!([]));
}
