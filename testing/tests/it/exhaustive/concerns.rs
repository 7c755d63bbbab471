//! What an amendment concerns, at every stage of an order: nothing but what read the field that is different.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::TaskId;
use plan::Plan;
use serde_json::{Value as Json, json};

use super::judge::judge;
use super::trial::{Interference, Setup, Trial};
use crate::support::{Sample, plan_of, sample_library, samples};

/// The sample orders of `home_fiber`, each with the plan it has after a change of its document.
fn changed(change: impl Fn(&mut Json)) -> Vec<(Sample, Arc<Plan>)> {
    let (library, _) = sample_library();
    let samples = samples(&library).into_iter();
    let of_home_fiber = samples.filter(|sample| sample.plan.blueprint().name.as_str() == "home_fiber");
    let with_another = of_home_fiber.map(|sample| {
        let mut document = sample.document.clone();
        change(&mut document);
        let plan = plan_of(&library, &document).unwrap();
        (sample, Arc::new(plan))
    });
    with_another.collect()
}

fn amended(plan: &Arc<Plan>, at: usize, to: &Arc<Plan>) -> Trial {
    let amend = Interference::Amend(to.clone());
    Trial::of(plan, Setup { interferences: vec![(at, amend)], ..Setup::WELL })
}

/// The tasks whose calls are others than in another trial, or are made in one of the two only.
fn concerned(one: &Trial, other: &Trial) -> BTreeSet<String> {
    let calls = |trial: &Trial| trial.simulation.world().ledger.calls().clone();
    let (one, other) = (calls(one), calls(other));
    let differs = |key: &&String| one.get(*key) != other.get(*key);
    let keys = one.keys().chain(other.keys()).filter(differs);
    keys.map(|key| key.split('/').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn another_contact_makes_no_call_at_any_stage() {
    let contacts = [json!("ann@example.net"), Json::Null];
    for contact in contacts {
        let orders = changed(|document| document["attributes"]["contact"] = contact.clone());
        assert!(orders.len() > 3, "there are orders with a contact, and without");
        for (sample, to) in orders {
            let plan = Arc::new(sample.plan);
            let well = Trial::of(&plan, Setup::WELL);
            for at in 0..well.turns {
                let trial = amended(&plan, at, &to);
                let place = format!("{} before turn {at}, {contact}", sample.name);
                assert!(trial.is_accepted(), "{place}: {:?}", trial.answers);
                assert_eq!(judge(&trial), Vec::<String>::new(), "{place}");
                assert_eq!(concerned(&well, &trial), BTreeSet::new(), "{place}");
                assert_eq!(trial.simulation.order().plan().order(), to.order(), "{place}");
            }
        }
    }
}

#[test]
fn another_speed_before_activation_concerns_exactly_what_reads_the_speed() {
    let activate: TaskId = "activate[1]".parse().unwrap();
    for (sample, to) in changed(|document| document["items"][0]["attributes"]["speed_mbps"] = json!(100)) {
        let plan = Arc::new(sample.plan);
        let well = Trial::of(&plan, Setup::WELL);
        let activated = well.begun[&activate];
        assert!(activated > 4, "there is something before");
        for at in 0..activated {
            let trial = amended(&plan, at, &to);
            let place = format!("{} before turn {at}", sample.name);
            assert!(trial.is_accepted(), "{place}: {:?}", trial.answers);
            assert_eq!(judge(&trial), Vec::<String>::new(), "{place}");
            assert_eq!(concerned(&well, &trial), BTreeSet::from([activate.to_string()]), "{place}");
            let calls = trial.simulation.world().ledger.calls();
            let profiles = calls.values().filter_map(|(_, arguments)| arguments.field("profile"));
            assert_eq!(profiles.collect::<Vec<_>>(), [&"FTTH_100".into()], "{place}");
        }
    }
}
