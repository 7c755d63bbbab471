//! `docs/plan.schema.json` says what plans look like as JSON.

use plan::PlanDocument;
use serde_json::{Value, json};

use super::{examples, order};

/// The plans of all sample orders, as `orderwright plan --format json` prints them.
fn plans() -> Vec<Value> {
    let library = examples();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../blueprints/orders");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let plan = |path| {
        let order = order(&std::fs::read_to_string(path).unwrap());
        let plan = library.select(&order.request).unwrap().plan(&order).unwrap();
        serde_json::to_value(PlanDocument::from(&plan)).unwrap()
    };
    paths.into_iter().map(plan).collect()
}

#[test]
fn every_plan_is_as_the_schema_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/plan.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut kinds = Vec::new();
    for plan in plans() {
        let wrong: Vec<_> =
            schema.iter_errors(&plan).map(|wrong| format!("{}: {wrong}", wrong.instance_path())).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{plan}");
        let tasks = plan["tasks"].as_array().unwrap().len();
        kinds.extend((0..tasks).map(|task| plan["tasks"][task]["kind"].as_str().unwrap().to_owned()));

        // The schema says all that there is, and what has to be there.
        for task in 0..tasks {
            for name in plan["tasks"][task].as_object().unwrap().keys() {
                let mut broken = plan.clone();
                broken["tasks"][task].as_object_mut().unwrap().remove(name);
                assert!(!schema.is_valid(&broken), "it does without `{name}`: {}", plan["tasks"][task]);
            }
            let mut broken = plan.clone();
            broken["tasks"][task]["surprise"] = json!(1);
            assert!(!schema.is_valid(&broken), "anything may be in {}", plan["tasks"][task]);
        }
    }
    for kind in ["call", "wait", "milestone"] {
        assert!(kinds.contains(&kind.to_owned()), "no example has a {kind}");
    }
}
