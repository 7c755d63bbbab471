//! Where a document that was sent again differs from the one that was taken.

use std::collections::BTreeSet;

use model::{Fault, OrderRequest, Pointer, Value};

/// Most places that are named. Whoever reads them wants to know what kind of mistake it is, not to mend it from here.
const MOST: usize = 20;

static NULL: Value = Value::Null;

/// The places at which two values differ, at most 20, in the order of the document. A field that is left out is null.
pub(crate) fn differences(taken: &Value, sent: &Value, at: &Pointer) -> Vec<Pointer> {
    let mut found = Vec::new();
    compare(taken, sent, at, &mut found);
    found
}

fn compare(taken: &Value, sent: &Value, at: &Pointer, found: &mut Vec<Pointer>) {
    if taken == sent || found.len() >= MOST {
        return;
    }
    match (taken, sent) {
        (Value::Record(a), Value::Record(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let [a, b] = [a, b].map(|of| of.get(name).unwrap_or(&NULL));
                compare(a, b, &at.key(name), found);
            }
        }
        (Value::List(a), Value::List(b)) => {
            for n in 0..a.len().max(b.len()) {
                match (a.get(n), b.get(n)) {
                    (Some(a), Some(b)) => compare(a, b, &at.index(n), found),
                    _ if found.len() < MOST => found.push(at.index(n)),
                    _ => return,
                }
            }
        }
        _ => found.push(at.clone()),
    }
}

/// The places at which an order that was sent differs from the one that was accepted. Where the document has a fault, it is
/// another.
pub(crate) fn order_differences(
    accepted: &OrderRequest,
    sent: &OrderRequest,
    faults: &[Fault],
) -> Vec<Pointer> {
    // Reading an order of ours fails for no input: its numbers are decimals.
    let read = |request| {
        serde_json::to_value(request).ok().and_then(|json| Value::from_json(json).ok()).unwrap_or_default()
    };
    let mut found = differences(&read(accepted), &read(sent), &Pointer::root());
    let (version, blueprint) = (Pointer::root().key("version"), Pointer::root().key("blueprint"));
    for place in &mut found {
        // Senders write both as one text.
        if *place == version {
            place.clone_from(&blueprint);
        }
    }
    found.extend(faults.iter().map(|fault| fault.pointer.clone()));
    let mut seen = BTreeSet::new();
    found.retain(|place| seen.insert(place.clone()));
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(taken: &str, sent: &str, expected: &[&str]) {
        let [taken, sent] = [taken, sent].map(|json| serde_json::from_str::<Value>(json).unwrap());
        let found = differences(&taken, &sent, &Pointer::root());
        assert_eq!(found.iter().map(Pointer::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_says_the_same_does_not_differ() {
        check(r#"{"a": 1, "b": [true]}"#, r#"{"b": [true], "a": 1.0}"#, &[]);
        check(r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#, &[]);
    }

    #[test]
    fn each_place_is_named_as_deep_as_it_lies() {
        check(
            r#"{"items": [{"n": 1, "x": "a"}, {"n": 2}], "who": {"id": "C-1"}}"#,
            r#"{"items": [{"n": 1, "x": "b"}, {"n": 3}, {"n": 4}], "who": "C-1", "a/b": 1}"#,
            &["/a~1b", "/items/0/x", "/items/1/n", "/items/2", "/who"],
        );
        check("1", "[]", &[""]);
    }

    #[test]
    fn no_more_places_are_named_than_anyone_reads() {
        let many = format!("[{}]", vec!["1"; 500].join(","));
        let others = format!("[{}]", vec!["2"; 500].join(","));
        let [many, others] = [many, others].map(|json| serde_json::from_str::<Value>(&json).unwrap());
        assert_eq!(differences(&many, &others, &Pointer::root()).len(), MOST);
        assert_eq!(differences(&Value::List(Vec::new()), &many, &Pointer::root()).len(), MOST);
    }
}
