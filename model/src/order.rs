//! The order as everything after its reader sees it. Documents are read in `draft`.

use serde::{Deserialize, Serialize};

use crate::{BlueprintName, ExternalId, Field, ItemId, OrderId, Timestamp, Type, Value};

/// What an order item asks for (TMF622 `OrderItemActionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// A new product.
    Add,
    /// A change to one that is there.
    Modify,
    /// Its end.
    Delete,
    /// Named for context only.
    NoChange,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Add, Self::Modify, Self::Delete, Self::NoChange];

    /// The one spelling of the action.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "modify",
            Self::Delete => "delete",
            Self::NoChange => "noChange",
        }
    }
}

/// Who ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The customer's id in the sender's systems.
    pub id: String,
    /// Their name, for people.
    pub name: Option<String>,
}

/// One line of an order. Its attributes are not yet checked against a blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Unique within the order.
    pub id: ItemId,
    /// What is ordered: the id of a product offering.
    pub offering: String,
    /// What is to happen to it.
    pub action: Action,
    /// How many, at least 1.
    pub quantity: u32,
    /// The product it is about, as the sender describes it.
    pub product: Value,
    /// What the item's kind asks for.
    pub attributes: Value,
}

/// An order as sent: read from JSON, complete in its envelope, its attributes not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The sender's own id. The same id is the same order, always.
    pub external_id: Option<ExternalId>,
    /// The blueprint asked for; without one, exactly one blueprint must accept the order.
    pub blueprint: Option<BlueprintName>,
    /// The version asked for; without one, the newest.
    pub version: Option<u32>,
    /// A word the sender sorts orders by, such as `consumer`.
    pub category: Option<String>,
    /// Who ordered.
    pub customer: Customer,
    /// 0 is the most urgent, 4 the least (TMF622).
    pub priority: u8,
    /// Not before.
    pub requested_start: Option<Timestamp>,
    /// If possible by.
    pub requested_completion: Option<Timestamp>,
    /// The orders that must have ended before it begins, by our ids or their senders'.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_order: Vec<ExternalId>,
    /// Remarks for people.
    pub notes: Vec<String>,
    /// What the blueprint's `order { … }` asks for.
    pub attributes: Value,
    /// The lines, at least one.
    pub items: Vec<Item>,
}

/// An accepted order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Ours.
    pub id: OrderId,
    /// When it was accepted.
    pub submitted_at: Timestamp,
    /// What was sent.
    #[serde(flatten)]
    pub request: OrderRequest,
}

pub(crate) fn field(name: &str, of: Type) -> Field {
    Field { name: name.to_owned(), of, default: None }
}

impl OrderRequest {
    /// The standard fields that an order has before it is accepted, as expressions see them.
    #[must_use]
    pub fn standard_fields(&self) -> std::collections::BTreeMap<String, Value> {
        let optional = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        [
            ("external_id", optional(self.external_id.as_ref().map(ToString::to_string))),
            ("category", optional(self.category.clone())),
            (
                "customer",
                Value::record([
                    ("id", Value::text(self.customer.id.clone())),
                    ("name", optional(self.customer.name.clone())),
                ]),
            ),
            ("priority", Value::from(i64::from(self.priority))),
            ("requested_start", optional(self.requested_start.map(|t| t.to_string()))),
            ("requested_completion", optional(self.requested_completion.map(|t| t.to_string()))),
            ("notes", Value::List(self.notes.iter().map(|n| Value::text(n.clone())).collect())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

impl Order {
    /// The order as expressions see it: its standard fields. Attributes are added by whoever has checked them.
    #[must_use]
    pub fn standard_fields(&self) -> std::collections::BTreeMap<String, Value> {
        let mut fields = self.request.standard_fields();
        fields.insert("id".to_owned(), Value::text(self.id.to_string()));
        fields.insert("submitted_at".to_owned(), Value::text(self.submitted_at.to_string()));
        fields
    }

    /// The names and types of the standard fields of `order` in expressions; `items` is the list of
    /// [`Item::standard_type`].
    #[must_use]
    pub fn standard_type() -> Vec<Field> {
        vec![
            field("id", Type::Text),
            field("external_id", Type::Text.optional()),
            field("category", Type::Text.optional()),
            field(
                "customer",
                Type::Record(vec![field("id", Type::Text), field("name", Type::Text.optional())]),
            ),
            field("priority", Type::Int),
            field("requested_start", Type::Time.optional()),
            field("requested_completion", Type::Time.optional()),
            field("submitted_at", Type::Time),
            field("notes", Type::List(Box::new(Type::Text))),
            field("items", Type::List(Box::new(Type::Record(Item::standard_type())))),
        ]
    }
}

impl Item {
    /// The item as expressions see it: its standard fields.
    #[must_use]
    pub fn standard_fields(&self) -> std::collections::BTreeMap<String, Value> {
        [
            ("id", Value::text(self.id.as_str())),
            ("offering", Value::text(self.offering.clone())),
            ("action", Value::text(self.action.as_str())),
            ("quantity", Value::from(i64::from(self.quantity))),
            ("product", self.product.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    /// The names and types of the standard fields of `item` in expressions.
    #[must_use]
    pub fn standard_type() -> Vec<Field> {
        vec![
            field("id", Type::Text),
            field("offering", Type::Text),
            field("action", Type::OneOf(Action::ALL.iter().map(|a| a.as_str().to_owned()).collect())),
            field("quantity", Type::Int),
            field("product", Type::Any),
        ]
    }
}
