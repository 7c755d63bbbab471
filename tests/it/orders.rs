//! Orders from the file to their end, through everything.

use model::{Fact, OrderState, TaskState};
use serde_json::json;

use crate::support::{Site, assert_each_once, held, project};

/// What people and other systems have to say to a task of a sample order.
enum Says {
    Signal(&'static str, &'static str),
    Result(&'static str),
}

const REPORT: (&str, Says) =
    ("field_work[1]", Says::Signal("technician_report", r#"{"outcome": "done", "ont": "ONT-1"}"#));
const SOLD: (&str, Says) = ("shop_confirms", Says::Signal("shop_confirmed", r#"{"accepted": true}"#));
const PAID: (&str, Says) = (
    "customer_pays",
    Says::Signal("payment_answered", r#"{"outcome": "authorised", "authorisation": "AUTH-1"}"#),
);

/// The sample orders, with what each waits to hear.
const SAMPLES: [(&str, &[(&str, Says)]); 29] = [
    ("activate_service", &[]),
    ("deprovision_subscriber", &[]),
    ("home_fiber", &[REPORT]),
    ("home_fiber_billing_date", &[REPORT]),
    (
        "home_fiber_bundle",
        &[REPORT, ("customer_acceptance", Says::Signal("customer_accepted", r#"{"accepted": true}"#))],
    ),
    ("home_fiber_change", &[]),
    ("home_fiber_first_usage", &[REPORT]),
    ("home_fiber_own_cpe", &[REPORT]),
    ("home_fiber_static_ip", &[REPORT]),
    ("internet_disconnect", &[]),
    ("internet_extras", &[]),
    ("internet_install", &[REPORT]),
    ("internet_restore", &[]),
    ("internet_speed_change", &[]),
    ("internet_suspend", &[]),
    ("migrate_service", &[("move_fibre[1]", Says::Result(r#"{"moved": true}"#))]),
    ("mobile_line", &[]),
    ("mobile_line_unannounced", &[]),
    ("number_hold", &[("confirmation[1]", Says::Signal("customer_confirmed", r#"{"accepted": true}"#))]),
    ("parcel_order", &[]),
    ("parcel_order_express", &[]),
    ("provision_subscriber", &[]),
    ("provision_subscriber_no_cpe", &[]),
    ("provision_subscriber_static_ip", &[]),
    ("reconcile_service", &[]),
    ("retail_order", &[SOLD, PAID]),
    ("retail_order_two_devices", &[SOLD, PAID]),
    ("suspend_service", &[]),
    ("suspend_service_until", &[]),
];

#[test]
fn every_sample_order_is_among_those_that_are_tried() {
    let folder = std::fs::read_dir(project().join("blueprints/orders")).unwrap();
    let mut names: Vec<_> =
        folder.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, SAMPLES.map(|(name, _)| name));
}

#[tokio::test]
async fn every_sample_order_is_completed() {
    let site = Site::start().await;
    for (name, answers) in &SAMPLES {
        let order = site.submit(name);
        for (task, says) in *answers {
            site.until_task(order, task, "running").await;
            let order = order.to_string();
            let (said, answer) = match says {
                Says::Signal(signal, payload) => (
                    site.run(&["signal", &order, signal, "--task", task, "--payload", payload]),
                    "a task has taken it\n",
                ),
                Says::Result(result) => (
                    site.run(&["complete", &order, task, "--result", result, "--note", "done"]),
                    "the task has taken it\n",
                ),
            };
            assert_eq!((said.code, said.out.as_str()), (0, answer), "{name}: {said:?}");
        }
        let shown = site.until_state(order, "completed").await;
        let open: Vec<_> = shown["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|task| !["succeeded", "skipped"].contains(&task["state"].as_str().unwrap()))
            .collect();
        assert!(open.is_empty(), "{name}: {open:?}");
        let effects = site.effects(order).await;
        assert_each_once(&effects);
        // Inventories that agree are left alone.
        assert_eq!(effects.is_empty(), *name == "reconcile_service", "{name}");
        let record = site.record(order).await;
        let undone = record.iter().filter(|event| matches!(event.fact, Fact::TaskUndone { .. }));
        assert_eq!(undone.count(), 0, "{name}");
        let numbers: Vec<u64> = record.iter().map(|event| event.number).collect();
        assert_eq!(numbers, (0..shown["events"].as_u64().unwrap()).collect::<Vec<_>>(), "{name}");
    }
    site.close().await;
}

#[tokio::test]
async fn a_wait_that_runs_out_gives_back_what_was_held() {
    let site = Site::start().await;
    let order = site.submit("number_hold");
    let shown = site.until_state(order, "failed").await;
    assert_eq!(shown["reason"], "the customer did not confirm in time (nothing came within 3s)");
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    assert!(held(&effects).is_empty(), "{effects:?}");
    site.close().await;
}

#[tokio::test]
async fn an_order_is_followed_to_its_end_and_the_exit_code_says_how_it_ended() {
    let site = Site::start().await;
    let file = crate::support::sample("provision_subscriber");
    let completed = site.run(&["submit", file.to_str().unwrap(), "--watch"]);
    assert_eq!(completed.code, 0, "{completed:?}");
    assert!(completed.out.ends_with("OrderCompleted\ncompleted\n"), "{completed:?}");

    site.upset("olt/activate", json!({"refuse": "the ONU is not known"})).await;
    let failed = site.run(&["submit", file.to_str().unwrap(), "--watch"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    let last = failed.out.lines().last().unwrap();
    assert_eq!(last, "failed: olt.activate answered 409 Conflict: the ONU is not known");

    let order = site.submit("provision_subscriber").to_string();
    let events = site.run(&["watch", &order, "--json"]);
    assert_eq!(events.code, 1);
    let kinds: Vec<String> = events
        .out
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["type"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!((kinds[0].as_str(), kinds.last().unwrap().as_str()), ("OrderAccepted", "OrderFailed"));
    site.close().await;
}

#[tokio::test]
async fn a_refused_activation_leaves_nothing_and_everyone_tells_the_same_story() {
    let site = Site::start().await;
    site.upset("olt/activate", json!({"refuse": "the ONU is not known"})).await;
    let order = site.submit("provision_subscriber");
    let shown = site.until_state(order, "failed").await;
    let reason = "olt.activate answered 409 Conflict: the ONU is not known";

    // The systems: everything was taken back, in reverse order of the plan.
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    assert_eq!(held(&effects), Vec::<&str>::new());
    let calls: Vec<&str> = effects.iter().map(|effect| effect.call.as_str()).collect();
    let place = |call: &str| calls.iter().position(|known| *known == call).unwrap();
    assert_eq!(calls.len(), 8, "{calls:?}");
    assert!(place("radius.delete_account") < place("subscribers.remove"));
    assert!(place("ipam.withdraw") < place("subscribers.remove"));
    assert!(place("subscribers.remove") < place("crm.deregister"));

    // Postgres.
    let record = site.record(order).await;
    assert!(matches!(&record.last().unwrap().fact, Fact::OrderFailed { reason: why } if why == reason));
    let undone: Vec<String> = record
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::TaskUndone { task } => Some(task.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(undone[2..], ["create_subscriber[1]", "create_customer"]);

    // The API.
    assert_eq!((shown["reason"].as_str(), shown["blocked"].is_null()), (Some(reason), true));
    let states: Vec<(&str, &str)> = shown["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["id"].as_str().unwrap(), task["state"].as_str().unwrap()))
        .collect();

    // Temporal: the history has ended so, and the workflow replays to the same.
    let temporal = site.temporal();
    let standing = temporal.describe(order).await.unwrap();
    assert_eq!((standing.open, standing.state), (false, Some(OrderState::Failed)));
    let view = temporal.state(order).await.unwrap();
    assert_eq!((view.state, view.events), (OrderState::Failed, record.len() as u64));
    let replayed: Vec<(String, TaskState)> =
        view.tasks.iter().map(|task| (task.id.to_string(), task.state)).collect();
    let replayed: Vec<(&str, &str)> =
        replayed.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
    assert_eq!(replayed, states);

    // The command line.
    let said = site.run(&["get", &order.to_string()]).out;
    for (task, state) in &states {
        let line = said.lines().find(|line| line.trim_start().starts_with(&format!("{task} "))).unwrap();
        assert!(line.contains(state), "{line}");
    }
    assert!(said.contains(reason), "{said}");
    let listed = site.run(&["list", "--state", "failed"]).out;
    assert!(listed.contains(&order.to_string()) && listed.contains(reason), "{listed}");
    site.close().await;
}

#[tokio::test]
async fn a_held_task_is_tried_again_or_given_up() {
    let site = Site::start().await;
    // Held, not rolled back: that is what this blueprint asks for.
    site.upset("network/activate", json!({"refuse": "olt down"})).await;
    let [first, second] = [site.submit("home_fiber"), site.submit("home_fiber_own_cpe")];
    for order in [first, second] {
        site.until_visit(order).await;
        assert_eq!(site.report(order).code, 0);
        site.until_state(order, "held").await;
    }
    let listed = site.run(&["list", "--state", "held", "--json"]).json();
    assert_eq!(listed["orders"].as_array().unwrap().len(), 2);

    let first = first.to_string();
    let refused = site.run(&["retry", &first, "prove[1]", "--note", "why not"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("prove[1]"), "{refused:?}");

    site.upset("network/activate", json!({})).await;
    let retried = site.run(&["retry", &first, "activate[1]", "--note", "the OLT is back"]);
    assert_eq!((retried.code, retried.out.as_str()), (0, "the order goes on with the task\n"), "{retried:?}");
    let rolled_back = site.run(&["rollback", &second.to_string(), "activate[1]", "--note", "no fibre"]);
    assert_eq!(rolled_back.out, "what was done is being rolled back\n", "{rolled_back:?}");
    assert_eq!(site.run(&["watch", &first]).code, 0);
    assert_eq!(site.run(&["watch", &second.to_string()]).code, 1);
    assert_eq!(held(&site.effects(second).await), Vec::<&str>::new());
    let acted = site.record(second).await.into_iter().find_map(|event| match event.fact {
        Fact::OperatorActed { action, by, note, .. } => Some((action, by.as_str().to_owned(), note)),
        _ => None,
    });
    assert_eq!(acted, Some(("rollback".to_owned(), "tester".to_owned(), "no fibre".to_owned())));
    site.close().await;
}

#[tokio::test]
async fn the_same_key_is_the_same_order() {
    let site = Site::start().await;
    let file = crate::support::sample("provision_subscriber");
    let submit = || site.run(&["submit", file.to_str().unwrap(), "--json", "--idempotency-key", "CRM-4711"]);
    let (first, second) = (submit().json(), submit().json());
    assert_eq!(first["id"], second["id"]);
    let other = crate::support::sample("home_fiber");
    let reused = site.run(&["submit", other.to_str().unwrap(), "--idempotency-key", "CRM-4711"]);
    assert_eq!(reused.code, 1, "{reused:?}");
    site.close().await;
}
