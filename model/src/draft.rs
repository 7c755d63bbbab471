//! Reading an order document: all that is wrong with it at once, and what can be used of it all the same.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::order::field;
use crate::{
    Action, BlueprintName, BlueprintRef, Customer, ExternalId, Fault, Field, Item, ItemId, OrderRequest,
    Pointer, Timestamp, Type, UnknownFields, Value, limits,
};

fn with_default(name: &str, of: Type, default: Value) -> Field {
    Field { name: name.to_owned(), of, default: Some(default) }
}

fn no_fields() -> Value {
    Value::Record(std::collections::BTreeMap::new())
}

/// The shape of the envelope. Attributes are `any` here: their types come from the blueprint.
static ENVELOPE: LazyLock<Type> = LazyLock::new(|| {
    let actions = Action::ALL.iter().map(|a| a.as_str().to_owned()).collect();
    let item = Type::Record(vec![
        field("id", Type::Text),
        field("offering", Type::Text),
        field("action", Type::OneOf(actions)),
        with_default("quantity", Type::Int, Value::from(1)),
        field("product", Type::Any),
        with_default("attributes", Type::Any, no_fields()),
    ]);
    Type::Record(vec![
        field("external_id", Type::Text.optional()),
        field("blueprint", Type::Text.optional()),
        field("category", Type::Text.optional()),
        field("customer", Type::Record(vec![field("id", Type::Text), field("name", Type::Text.optional())])),
        with_default("priority", Type::Int, Value::from(4)),
        field("requested_start", Type::Time.optional()),
        field("requested_completion", Type::Time.optional()),
        with_default("after_order", Type::List(Box::new(Type::Text)), Value::List(Vec::new())),
        with_default("notes", Type::List(Box::new(Type::Text)), Value::List(Vec::new())),
        with_default("attributes", Type::Any, no_fields()),
        field("items", Type::List(Box::new(item))),
    ])
});

/// What can be used of an order document, and everything that is wrong with it.
///
/// An item that can't be read keeps its place, under an id that stands for it, so that the places of what is found wrong
/// later are still those of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderDraft {
    /// The order, complete where nothing is wrong.
    pub request: OrderRequest,
    /// Every fault of the envelope.
    pub faults: Vec<Fault>,
    /// Items that could not be read.
    unreadable: Vec<Pointer>,
}

impl OrderDraft {
    /// The order, if nothing is wrong with its envelope.
    ///
    /// # Errors
    /// Every fault of the envelope at once.
    pub fn finish(self) -> Result<OrderRequest, Vec<Fault>> {
        if self.faults.is_empty() { Ok(self.request) } else { Err(self.faults) }
    }

    /// All faults, those of the envelope first: `found` adds what a blueprint finds wrong with the rest, but for what
    /// follows from a fault that is known already.
    ///
    /// Without the name of a blueprint, the envelope decides which one judges the rest. If what decides has a fault, it
    /// may be another one than was meant, and nothing is added; if none was found, any fault may be the reason.
    #[must_use]
    pub fn faults_with(self, found: Vec<Fault>) -> Vec<Fault> {
        let at = |name: &str| Pointer::root().key(name);
        let faulty = |place: Pointer| self.faults.iter().any(|fault| fault.pointer.contains(&place));
        let unnamed = self.request.blueprint.is_none() && !self.faults.is_empty();
        if unnamed && (faulty(at("blueprint")) || faulty(at("category"))) {
            return self.faults;
        }
        let known = |fault: &Fault| {
            self.faults
                .iter()
                .any(|f| f.pointer.contains(&fault.pointer) || fault.pointer.contains(&f.pointer))
                || self.unreadable.iter().any(|item| item.contains(&fault.pointer))
                || unnamed && fault.pointer == at("blueprint")
        };
        let more: Vec<Fault> = found.into_iter().filter(|fault| !known(fault)).collect();
        self.faults.into_iter().chain(more).collect()
    }
}

impl OrderRequest {
    /// Reads an order document:
    /// `{ external_id?, blueprint?: "name" | "name@3", category?, customer: { id, name? }, priority? (0 to 4),
    /// requested_start?, requested_completion?, after_order?, notes?, attributes?, items: [{ id, offering, action,
    /// quantity?, product?, attributes? }] }`.
    ///
    /// # Errors
    /// Every fault of the envelope at once, each with its place.
    pub fn parse(document: Value) -> Result<Self, Vec<Fault>> {
        Self::draft(document).finish()
    }

    /// As [`OrderRequest::parse`], with what can be used of a document that has faults, so that a blueprint can be asked
    /// about the rest.
    #[must_use]
    pub fn draft(document: Value) -> OrderDraft {
        let root = Pointer::root();
        let (envelope, faults) = ENVELOPE.salvage(document, &root, UnknownFields::Refuse);
        let mut reader = Reader { faults, unreadable: Vec::new() };
        let (blueprint, version) = reader.blueprint(&envelope, &root.key("blueprint"));
        let customer = envelope.field("customer").unwrap_or(&Value::Null);
        let request = Self {
            external_id: reader.id(&envelope, "external_id", &root, ExternalId::new),
            blueprint,
            version,
            category: text(&envelope, "category"),
            customer: Customer {
                id: reader.filled(customer, "id", &root.key("customer")),
                name: text(customer, "name"),
            },
            priority: reader.number(&envelope, "priority", &root, 0, 4),
            requested_start: time(&envelope, "requested_start"),
            requested_completion: time(&envelope, "requested_completion"),
            after_order: reader.orders(&envelope, &root.key("after_order")),
            notes: list(&envelope, "notes").iter().filter_map(|n| n.as_text().map(str::to_owned)).collect(),
            attributes: reader.attributes(&envelope, &root),
            items: reader.items(&envelope, &root.key("items")),
        };
        OrderDraft { request, faults: reader.faults, unreadable: reader.unreadable }
    }
}

fn text(of: &Value, name: &str) -> Option<String> {
    of.field(name)?.as_text().map(str::to_owned)
}

fn time(of: &Value, name: &str) -> Option<Timestamp> {
    of.field(name)?.as_text()?.parse().ok()
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    if let Some(Value::List(elements)) = of.field(name) { elements } else { &[] }
}

/// Collects the faults that types alone don't find.
struct Reader {
    faults: Vec<Fault>,
    unreadable: Vec<Pointer>,
}

impl Reader {
    /// Adds a fault, unless one at that place or around it is known already.
    fn fault(&mut self, at: Pointer, detail: impl Into<String>) {
        if !self.faults.iter().any(|known| known.pointer.contains(&at)) {
            self.faults.push(Fault::new(at, detail));
        }
    }

    fn id<T>(
        &mut self,
        of: &Value,
        name: &str,
        at: &Pointer,
        read: impl Fn(&str) -> Result<T, crate::InvalidName>,
    ) -> Option<T> {
        let text = of.field(name)?.as_text()?;
        read(text).map_err(|wrong| self.fault(at.key(name), wrong.to_string())).ok()
    }

    fn blueprint(&mut self, of: &Value, at: &Pointer) -> (Option<BlueprintName>, Option<u32>) {
        let Some(text) = of.field("blueprint").and_then(Value::as_text) else { return (None, None) };
        if text.contains('@') {
            match text.parse::<BlueprintRef>() {
                Ok(blueprint) => return (Some(blueprint.name), Some(blueprint.version)),
                Err(wrong) => self.fault(at.clone(), wrong.to_string()),
            }
        } else {
            match text.parse() {
                Ok(name) => return (Some(name), None),
                Err(wrong) => self.fault(at.clone(), wrong.to_string()),
            }
        }
        (None, None)
    }

    /// Names of other orders, each once.
    fn orders(&mut self, of: &Value, at: &Pointer) -> Vec<ExternalId> {
        let named = list(of, "after_order");
        if named.len() > limits::PREDECESSORS {
            let found = named.len();
            self.fault(
                at.clone(),
                format!("expected at most {} orders, found {found}", limits::PREDECESSORS),
            );
            return Vec::new();
        }
        let mut orders = Vec::new();
        for (n, name) in named.iter().enumerate() {
            match ExternalId::new(name.as_text().unwrap_or_default()) {
                Ok(name) if orders.contains(&name) => {}
                Ok(name) => orders.push(name),
                Err(wrong) => self.fault(at.index(n), wrong.to_string()),
            }
        }
        orders
    }

    fn filled(&mut self, of: &Value, name: &str, at: &Pointer) -> String {
        let text = text(of, name).unwrap_or_default();
        if text.trim().is_empty() {
            self.fault(at.key(name), "expected a text that is not empty");
        } else if text.len() > limits::CALLER_KEY_BYTES {
            self.fault(
                at.key(name),
                format!("expected at most {} bytes, found {}", limits::CALLER_KEY_BYTES, text.len()),
            );
        }
        text
    }

    fn number<N: TryFrom<i64> + Default>(
        &mut self,
        of: &Value,
        name: &str,
        at: &Pointer,
        min: i64,
        max: i64,
    ) -> N {
        let number = of.field(name).and_then(Value::as_int).unwrap_or(min);
        if number < min || number > max {
            self.fault(at.key(name), format!("expected {min} to {max}, found {number}"));
        }
        N::try_from(number).unwrap_or_default()
    }

    fn attributes(&mut self, of: &Value, at: &Pointer) -> Value {
        match of.field("attributes") {
            Some(record @ Value::Record(_)) => record.clone(),
            Some(other) => {
                self.fault(at.key("attributes"), format!("expected a record, found {}", other.kind()));
                no_fields()
            }
            None => no_fields(),
        }
    }

    fn items(&mut self, of: &Value, at: &Pointer) -> Vec<Item> {
        let given = list(of, "items");
        if given.is_empty() {
            self.fault(at.clone(), "expected at least one item");
        }
        if given.len() > limits::ORDER_ITEMS {
            self.fault(
                at.clone(),
                format!("expected at most {} items, found {}", limits::ORDER_ITEMS, given.len()),
            );
            return Vec::new();
        }
        let mut seen = BTreeSet::new();
        let mut items = Vec::new();
        for (n, item) in given.iter().enumerate() {
            let at = at.index(n);
            let id = self.id(item, "id", &at, ItemId::new);
            let offering = self.filled(item, "offering", &at);
            let quantity = self.number(item, "quantity", &at, 1, 1_000_000);
            let attributes = self.attributes(item, &at);
            let action = text(item, "action").and_then(|a| Action::ALL.into_iter().find(|k| k.as_str() == a));
            if id.is_none() || action.is_none() {
                self.unreadable.push(at.clone());
            }
            let Some(id) = id.or_else(|| ItemId::new(&format!("item-{n}-unreadable")).ok()) else { continue };
            if !seen.insert(id.clone()) {
                self.fault(at.key("id"), format!("another item has the id `{id}` already"));
            }
            let action = action.unwrap_or(Action::NoChange);
            let product = item.field("product").cloned().unwrap_or_default();
            items.push(Item { id, offering, action, quantity, product, attributes });
        }
        items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str) -> Vec<String> {
        OrderRequest::parse(serde_json::from_str(json).unwrap())
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_small_order_is_enough() {
        let order = OrderRequest::parse(
            serde_json::from_str(
                r#"{"customer": {"id": "C-1"}, "blueprint": "home_fiber@3",
                    "items": [{"id": "1", "offering": "HOME_FIBER_1G", "action": "add"}]}"#,
            )
            .unwrap(),
        )
        .unwrap();
        assert_eq!((order.blueprint.unwrap().as_str(), order.version), ("home_fiber", Some(3)));
        assert_eq!((order.priority, order.items[0].quantity), (4, 1));
    }

    #[test]
    fn every_fault_of_the_envelope_is_reported() {
        assert_eq!(
            faults(r#"{"customer": {}, "priority": "high", "itmes": []}"#),
            [
                "/customer/id: missing: expected a text",
                "/priority: expected a whole number, found a text",
                "/items: missing: expected a list",
                "/itmes: unknown field `itmes`: known are `external_id`, `blueprint`, `category`, `customer`, \
                 `priority`, `requested_start`, `requested_completion`, `after_order`, `notes`, `attributes`, `items`",
            ]
        );
        assert_eq!(
            faults(
                r#"{"customer": {"id": " "}, "priority": 9, "more": 1, "external_id": "a b", "blueprint": "x@0", "attributes": 1,
                    "items": [{"id": "1", "offering": "X", "action": "add", "quantity": 0},
                              {"id": "1", "offering": "X", "action": "add"}, {"id": "[", "offering": "", "action": "add"}]}"#
            ),
            [
                "/more: unknown field `more`: known are `external_id`, `blueprint`, `category`, `customer`, \
                 `priority`, `requested_start`, `requested_completion`, `after_order`, `notes`, `attributes`, `items`",
                "/blueprint: `x@0` is not a blueprint version (`name@3`)",
                "/external_id: `a b` is not an id (printable ASCII without spaces, at most 255)",
                "/customer/id: expected a text that is not empty",
                "/priority: expected 0 to 4, found 9",
                "/attributes: expected a record, found a number",
                "/items/0/quantity: expected 1 to 1000000, found 0",
                "/items/1/id: another item has the id `1` already",
                "/items/2/id: `[` is not an item id (letters, digits and `. _ : -`, at most 64)",
                "/items/2/offering: expected a text that is not empty",
            ]
        );
    }

    #[test]
    fn what_a_blueprint_finds_is_added_to_what_is_known() {
        let draft = OrderRequest::draft(
            serde_json::from_str(
                r#"{"customer": {}, "items": [{"id": "1", "offering": "X", "action": "ad"},
                                              {"id": "2", "offering": "X", "action": "add"}]}"#,
            )
            .unwrap(),
        );
        let at = |text: &str| {
            Fault::new(text.split('/').skip(1).fold(Pointer::root(), |p, key| p.key(key)), "wrong")
        };
        let found =
            ["/attributes/a", "/customer/id", "/items/0/attributes/b", "/items/1/attributes/b"].map(at);
        let all: Vec<_> =
            draft.faults_with(found.to_vec()).iter().map(|fault| fault.pointer.to_string()).collect();
        assert_eq!(all, ["/customer/id", "/items/0/action", "/attributes/a", "/items/1/attributes/b"]);
    }

    #[test]
    fn which_blueprint_is_meant_is_not_guessed_from_what_is_wrong() {
        let all = |json: &str, found: &[&str]| -> Vec<String> {
            let draft = OrderRequest::draft(serde_json::from_str(json).unwrap());
            let found = found.iter().map(|name| Fault::new(Pointer::root().key(name), "wrong")).collect();
            draft.faults_with(found).iter().map(|fault| fault.pointer.to_string()).collect()
        };
        let (selection, attributes) = (["blueprint"].as_slice(), ["attributes"].as_slice());
        let priority = r#"{"customer": {"id": "C"}, "priority": 9, "items": [{"id": "1", "offering": "X", "action": "add"}]}"#;
        assert_eq!(all(priority, selection), ["/priority"], "it may be the reason");
        assert_eq!(all(priority, attributes), ["/priority", "/attributes"]);
        let named = priority.replacen('{', r#"{"blueprint": "fibre", "#, 1);
        assert_eq!(all(&named, selection), ["/priority", "/blueprint"]);
        let sound = priority.replace('9', "1");
        assert_eq!(all(&sound, selection), ["/blueprint"]);
        for unreadable in [r#"{"category": 7, "#, r#"{"blueprint": "x@0", "#] {
            assert_eq!(all(&sound.replacen('{', unreadable, 1), attributes).len(), 1, "another may be meant");
        }
    }

    #[test]
    fn what_is_not_an_order_is_one_fault() {
        assert_eq!(faults("[]"), ["expected a record, found a list"]);
        assert_eq!(faults("null"), ["expected a record, found null"]);
    }
}
