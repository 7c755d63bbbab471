//! Changing an order that was accepted: what a merge patch (RFC 7396) makes of its document, what may not change, and the order
//! that asks for the rest once it is too late.
//!
//! Pure data: which tasks a change concerns, the engine finds out from the plans.

use std::collections::BTreeMap;

use crate::{
    Action, BlueprintRef, ExternalId, Fault, Item, OrderId, OrderRequest, OrderState, Pointer, Value,
};

/// What an amendment can't take away from an order: it may be left out of a whole order, so null would look like that.
const STAYS: [&str; 5] = ["external_id", "blueprint", "customer", "requested_start", "after_order"];

impl Value {
    /// The value with a merge patch (RFC 7396) applied to it: what the patch names is replaced, null takes a field away, records
    /// are merged field by field, and everything else, lists included, is replaced whole.
    #[must_use]
    pub fn merged(self, patch: &Self) -> Self {
        let Self::Record(changes) = patch else { return patch.clone() };
        let mut fields = if let Self::Record(fields) = self { fields } else { BTreeMap::new() };
        for (name, change) in changes {
            if change.is_null() {
                fields.remove(name);
            } else {
                let before = fields.remove(name).unwrap_or_default();
                fields.insert(name.clone(), before.merged(change));
            }
        }
        Self::Record(fields)
    }
}

impl OrderRequest {
    /// The document that this is read from: [`OrderRequest::parse`] gives the same again. What is not said is left out.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut fields = self.standard_fields();
        let blueprint = self.blueprint.as_ref().map(|name| match self.version {
            Some(version) => format!("{name}@{version}"),
            None => name.to_string(),
        });
        fields.insert("blueprint".to_owned(), blueprint.map_or(Value::Null, Value::Text));
        let after = self.after_order.iter().map(|order| Value::text(order.to_string()));
        fields.insert("after_order".to_owned(), Value::List(after.collect()));
        fields.insert("attributes".to_owned(), self.attributes.clone());
        fields.insert("items".to_owned(), Value::List(self.items.iter().map(Item::document).collect()));
        without_nulls(fields)
    }

    /// The document with a merge patch (RFC 7396) applied to it. In it, `items` may be a record of patches by the ids of the
    /// items, as a list can only be replaced whole: null takes the item away, an id that is new adds one at the end.
    ///
    /// # Errors
    /// It is not a record, takes away what an order keeps, or what it says of an item is no record, or names the item otherwise.
    pub fn patched(&self, patch: Value) -> Result<Value, Vec<Fault>> {
        let Value::Record(mut changes) = patch else {
            let detail = format!("expected a record, found {}", patch.kind());
            return Err(vec![Fault::new(Pointer::root(), detail)]);
        };
        // Of a whole order no list is an empty one.
        let is_nothing = |change: &Value| {
            change.is_null() || !self.after_order.is_empty() && *change == Value::List(Vec::new())
        };
        let taken = |name: &&str| changes.get(*name).is_some_and(is_nothing);
        let faults: Vec<Fault> = STAYS.into_iter().filter(taken).map(kept).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        if let Some(Value::Record(by_id)) = changes.get("items") {
            let items = self.patched_items(by_id)?;
            changes.insert("items".to_owned(), Value::List(items));
        }
        Ok(self.document().merged(&Value::Record(changes)))
    }

    fn patched_items(&self, by_id: &BTreeMap<String, Value>) -> Result<Vec<Value>, Vec<Fault>> {
        let place = Pointer::root().key("items");
        let mut faults = Vec::new();
        for (id, change) in by_id {
            let at = place.key(id);
            match change {
                Value::Null => {
                    if !self.items.iter().any(|item| item.id.as_str() == id) {
                        faults.push(Fault::new(at, format!("the order has no item `{id}`")));
                    }
                }
                Value::Record(fields) => {
                    if fields.get("id").is_some_and(|named| named.as_text() != Some(id)) {
                        faults.push(Fault::new(at.key("id"), format!("expected `{id}`, as its place says")));
                    }
                }
                other @ (Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_)) => {
                    faults.push(Fault::new(at, format!("expected a record or null, found {}", other.kind())))
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut new = by_id.clone();
        let mut items = Vec::new();
        for item in &self.items {
            match new.remove(item.id.as_str()) {
                None => items.push(item.document()),
                Some(Value::Null) => {}
                Some(change) => items.push(item.document().merged(&change)),
            }
        }
        items.extend(new.into_iter().map(|(id, item)| {
            let id = Value::record([("id", Value::text(id))]);
            // A patch of nothing: what is null in it is left out.
            Value::record::<String>([]).merged(&item).merged(&id)
        }));
        Ok(items)
    }

    /// The order as it is to be, made from what somebody wants it to be of one that is in this state. What can't change may be
    /// left out there, and so may the start date, which can be moved until the order begins.
    ///
    /// # Errors
    /// What can't change is something else there: its external id, its blueprint (`blueprint` is what it is carried out by), its
    /// customer, after which orders it begins and, once it has begun, when.
    pub fn amended(
        &self,
        wanted: Self,
        blueprint: &BlueprintRef,
        state: OrderState,
    ) -> Result<Self, Vec<Fault>> {
        let root = Pointer::root();
        let mut faults = Vec::new();
        let mut keeps = |at: Pointer, same: bool, now: String| {
            if !same {
                faults.push(Fault::new(at, format!("an amendment can't change this: expected {now}")));
            }
        };
        let or_nothing = |now: String| format!("{now}, or nothing");
        let external_id = self.external_id.as_ref().map(|id| or_nothing(format!("`{id}`")));
        keeps(
            root.key("external_id"),
            wanted.external_id.is_none() || wanted.external_id == self.external_id,
            external_id.unwrap_or_else(|| "nothing".to_owned()),
        );
        keeps(
            root.key("blueprint"),
            wanted.blueprint.as_ref().is_none_or(|name| *name == blueprint.name)
                && wanted.version.is_none_or(|version| version == blueprint.version),
            or_nothing(format!("`{blueprint}`")),
        );
        let customer = &self.customer.id;
        keeps(root.key("customer").key("id"), wanted.customer.id == *customer, format!("`{customer}`"));
        keeps(
            root.key("after_order"),
            wanted.after_order.is_empty() || wanted.after_order == self.after_order,
            or_nothing("the orders that it was accepted with".to_owned()),
        );
        let start = wanted.requested_start.or(self.requested_start);
        if start != self.requested_start && has_begun(state) {
            let detail = "an amendment can't move the start date of an order that has begun";
            faults.push(Fault::new(root.key("requested_start"), detail));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            external_id: self.external_id.clone(),
            blueprint: self.blueprint.clone(),
            version: self.version,
            requested_start: start,
            after_order: self.after_order.clone(),
            ..wanted
        })
    }

    /// The order that asks for the difference, for when it is too late to amend this one, `id`: it begins when this one has
    /// ended. Items that are different are modified, new ones added, and those that are gone deleted. None if no item is different:
    /// then nothing says what such an order would ask for.
    #[must_use]
    pub fn follow_up(&self, id: OrderId, wanted: Self) -> Option<Self> {
        if self.items == wanted.items {
            return None;
        }
        let of = |items: &[Item], item: &Item| items.iter().find(|other| other.id == item.id).cloned();
        let changed = wanted.items.iter().filter_map(|item| {
            let action = match of(&self.items, item) {
                None => Action::Add,
                Some(before) if before == *item => return None,
                Some(_) if item.action == Action::Delete => Action::Delete,
                Some(_) => Action::Modify,
            };
            Some(Item { action, ..item.clone() })
        });
        let gone = self.items.iter().filter(|item| of(&wanted.items, item).is_none());
        let gone = gone.map(|item| Item { action: Action::Delete, ..item.clone() });
        let items = changed.chain(gone).collect();
        Some(Self {
            external_id: None,
            version: None,
            requested_start: None,
            after_order: ExternalId::new(&id.to_string()).into_iter().collect(),
            items,
            ..wanted
        })
    }
}

impl Item {
    fn document(&self) -> Value {
        let mut fields = self.standard_fields();
        fields.insert("attributes".to_owned(), self.attributes.clone());
        without_nulls(fields)
    }
}

/// Whether it is too late to say when it begins.
const fn has_begun(state: OrderState) -> bool {
    !matches!(state, OrderState::Acknowledged | OrderState::Pending)
}

/// What to say to somebody who takes away what an order keeps.
fn kept(name: &str) -> Fault {
    let detail = if name == "requested_start" {
        "an amendment can't take the start date away: with one that has passed, the order begins at once"
    } else {
        "an amendment can't take this away"
    };
    Fault::new(Pointer::root().key(name), detail)
}

fn without_nulls(mut fields: BTreeMap<String, Value>) -> Value {
    fields.retain(|_, value| !value.is_null());
    // A customer without a name.
    if let Some(Value::Record(customer)) = fields.get_mut("customer") {
        customer.retain(|_, value| !value.is_null());
    }
    Value::Record(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn order() -> OrderRequest {
        OrderRequest::parse(json(
            r#"{"external_id": "CRM-1", "blueprint": "fiber@3", "customer": {"id": "C-1"}, "notes": ["ring twice"],
                "requested_completion": "2026-02-01T00:00:00Z", "attributes": {"contact": "ann", "site": {"a": 1, "b": null}},
                "items": [{"id": "1", "offering": "LINE", "action": "add", "attributes": {"speed": 100}},
                          {"id": "2", "offering": "IP", "action": "add", "product": "P"}]}"#,
        ))
        .unwrap()
    }

    fn patched(patch: &str) -> OrderRequest {
        OrderRequest::parse(order().patched(json(patch)).unwrap()).unwrap()
    }

    #[test]
    fn a_document_is_read_as_the_order_it_was_made_from() {
        assert_eq!(OrderRequest::parse(order().document()).unwrap(), order());
    }

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn merge_patches_do_what_their_rfc_says() {
        for (original, patch, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, "null", "null"),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(json(original).merged(&json(patch)), json(result), "{original} with {patch}");
        }
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let bob = patched(r#"{"attributes": {"contact": "bob"}}"#);
        assert_eq!(bob.attributes.field("contact"), Some(&Value::text("bob")));
        assert_eq!(bob.attributes.field("site").and_then(|site| site.field("a")), Some(&Value::from(1)));
        assert_eq!((&bob.items, &bob.notes), (&order().items, &order().notes));
        assert_eq!(patched(r#"{"notes": null, "requested_completion": null}"#).notes, Vec::<String>::new());
    }

    #[test]
    fn items_are_patched_by_their_ids() {
        let changed = patched(
            r#"{"items": {"1": {"attributes": {"speed": 500}}, "2": null, "9": {"offering": "TV", "action": "add", "quantity": null}}}"#,
        );
        let ids: Vec<&str> = changed.items.iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids, ["1", "9"]);
        assert_eq!(changed.items[0].attributes.field("speed"), Some(&Value::from(500)));
        assert_eq!((changed.items[0].offering.as_str(), changed.items[1].quantity), ("LINE", 1));
        let replaced = patched(r#"{"items": [{"id": "7", "offering": "TV", "action": "add"}]}"#);
        assert_eq!(replaced.items.len(), 1);
    }

    #[test]
    fn a_patch_of_items_that_makes_no_sense_is_refused_in_its_places() {
        let faults =
            order().patched(json(r#"{"items": {"1": {"id": "2"}, "2": 7, "3": null}}"#)).unwrap_err();
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "/items/1/id: expected `1`, as its place says",
                "/items/2: expected a record or null, found a number",
                "/items/3: the order has no item `3`",
            ]
        );
        assert_eq!(
            order().patched(json("[]")).unwrap_err()[0].to_string(),
            "expected a record, found a list"
        );
    }

    #[test]
    fn an_order_goes_on_coming_after_those_that_it_named() {
        let after = OrderRequest { after_order: vec!["X".parse().unwrap()], ..order() };
        for nothing in ["null", "[]"] {
            let faults = after.patched(json(&format!(r#"{{"after_order": {nothing}}}"#))).unwrap_err();
            assert_eq!(faults[0].pointer.as_str(), "/after_order");
        }
        let same = after.patched(json(r#"{"after_order": ["X"]}"#)).unwrap();
        assert_eq!(same, after.document());
        assert!(order().patched(json(r#"{"after_order": []}"#)).is_ok());
    }

    #[test]
    fn what_can_not_change_is_refused_by_name_and_may_be_left_out() {
        let fiber: BlueprintRef = "fiber@3".parse().unwrap();
        let bare =
            r#"{"customer": {"id": "C-1"}, "items": [{"id": "1", "offering": "LINE", "action": "add"}]}"#;
        let state = OrderState::InProgress;
        let amended = order().amended(OrderRequest::parse(json(bare)).unwrap(), &fiber, state).unwrap();
        assert_eq!((amended.external_id, amended.version), (order().external_id, Some(3)));
        assert_eq!(amended.items.len(), 1);
        let other = r#"{"external_id": "CRM-2", "blueprint": "fiber@4", "customer": {"id": "C-2"}, "after_order": ["X"],
            "requested_start": "2027-01-01T00:00:00Z", "items": [{"id": "1", "offering": "LINE", "action": "add"}]}"#;
        let faults = order().amended(OrderRequest::parse(json(other)).unwrap(), &fiber, state).unwrap_err();
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            places,
            ["/external_id", "/blueprint", "/customer/id", "/after_order", "/requested_start"]
        );
        assert_eq!(faults[1].detail, "an amendment can't change this: expected `fiber@3`, or nothing");
        let nameless = OrderRequest { external_id: None, ..order() };
        let faults = nameless.amended(order(), &fiber, state).unwrap_err();
        assert_eq!(faults[0].to_string(), "/external_id: an amendment can't change this: expected nothing");
    }

    #[test]
    fn a_start_date_can_be_moved_until_the_order_begins() {
        let fiber: BlueprintRef = "fiber@3".parse().unwrap();
        let later = || patched(r#"{"requested_start": "2027-01-01T00:00:00Z"}"#);
        for state in OrderState::ALL.iter().copied() {
            let amended = order().amended(later(), &fiber, state);
            let waits = matches!(state, OrderState::Acknowledged | OrderState::Pending);
            assert_eq!(amended.is_ok(), waits, "{state}");
            match amended {
                Ok(order) => assert_eq!(order.requested_start, later().requested_start),
                Err(faults) => assert_eq!(
                    faults[0].to_string(),
                    "/requested_start: an amendment can't move the start date of an order that has begun"
                ),
            }
            let same = later().amended(later(), &fiber, state).unwrap();
            assert_eq!(same.requested_start, later().requested_start, "left out or the same, it stays");
        }
    }

    #[test]
    fn what_an_order_keeps_is_not_taken_away_in_silence() {
        let faults = order().patched(json(r#"{"requested_start": null, "customer": null, "notes": null}"#));
        let faults: Vec<String> = faults.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "/customer: an amendment can't take this away",
                "/requested_start: an amendment can't take the start date away: with one that has passed, the order begins at once",
            ]
        );
    }

    #[test]
    fn a_follow_up_asks_for_the_difference_when_the_order_has_ended() {
        let id: OrderId = "0192f0c1-2d3e-7000-8000-000000000001".parse().unwrap();
        let wanted = patched(
            r#"{"items": {"1": {"attributes": {"speed": 500}}, "2": null, "9": {"offering": "TV", "action": "add"}}}"#,
        );
        let follow_up = order().follow_up(id, wanted).unwrap();
        let actions: Vec<_> = follow_up.items.iter().map(|item| (item.id.as_str(), item.action)).collect();
        assert_eq!(actions, [("1", Action::Modify), ("9", Action::Add), ("2", Action::Delete)]);
        assert_eq!(follow_up.after_order[0].as_str(), id.to_string());
        assert_eq!((&follow_up.external_id, follow_up.version), (&None, None));
        assert_eq!(OrderRequest::parse(follow_up.document()).unwrap(), follow_up);
        let contact = order().follow_up(id, patched(r#"{"attributes": {"contact": "bob"}}"#));
        assert_eq!(contact, None, "nothing says what it would ask for");
    }
}
