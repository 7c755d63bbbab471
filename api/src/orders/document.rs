//! An order document as it comes in: what OpenAPI says of it, and how it is read.

use model::{Duration, Fault, OrderDraft, OrderRequest, Pointer, Timestamp, Value, limits};
use utoipa::ToSchema;

use crate::extract::Document;
use crate::hash::sha256;

/// An order as a sender writes it.
#[derive(Debug, ToSchema)]
#[schema(as = OrderDocument, example = json!({
    "external_id": "CRM-4711",
    "category": "internet",
    "customer": {"id": "C-2001", "name": "Carla Bos"},
    "attributes": {"address": {"street": "Station Sq 3", "city": "Zeist", "postcode": "3701", "site": "ZST-1"}},
    "items": [{
        "id": "1", "offering": "INTERNET_300", "action": "add",
        "attributes": {"mbps": 300, "olt": "OLT-ZST-1", "port": "0/1/4", "onu": "HWTC12345678"}
    }]
}))]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` reads it to report all faults")]
pub(super) struct OrderSchema {
    /// The sender's own id: printable ASCII without spaces, at most 255. The same id is the same order, always.
    external_id: Option<String>,
    /// The blueprint: `name` for its newest version or `name@3`. Without one, exactly one blueprint must
    /// accept the order.
    blueprint: Option<String>,
    /// A word to sort orders by.
    category: Option<String>,
    /// Who ordered.
    customer: CustomerSchema,
    /// 0 is the most urgent, 4 the least.
    #[schema(minimum = 0, maximum = 4, default = 4)]
    priority: Option<u8>,
    /// Not before: until then the order is `pending`. At most ten years from now.
    #[schema(format = DateTime)]
    requested_start: Option<String>,
    /// Orders that must have ended before this one begins, by our ids or their senders': they must be there. At most 500.
    #[schema(max_items = 500, example = json!(["CRM-4711"]))]
    after_order: Option<Vec<String>>,
    /// If possible by.
    #[schema(format = DateTime)]
    requested_completion: Option<String>,
    /// Remarks for people.
    notes: Option<Vec<String>>,
    /// What the blueprint asks of the order.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
    /// What is ordered: 1 to 1,000 items.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<ItemSchema>,
}

/// Who ordered.
#[derive(Debug, ToSchema)]
#[schema(as = CustomerDocument)]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` reads it to report all faults")]
struct CustomerSchema {
    /// Their id in the sender's systems.
    id: String,
    /// Their name.
    name: Option<String>,
}

/// A line of an order.
#[derive(Debug, ToSchema)]
#[schema(as = ItemDocument)]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` reads it to report all faults")]
struct ItemSchema {
    /// Unique within the order: letters, digits and `. _ : -`, at most 64.
    id: String,
    /// What is ordered.
    offering: String,
    /// What is to happen to it.
    #[schema(schema_with = crate::orders::view::action)]
    action: String,
    /// How many.
    #[schema(minimum = 1, default = 1)]
    quantity: Option<u32>,
    /// The product it is about.
    #[schema(value_type = Option<serde_json::Value>)]
    product: Option<Value>,
    /// What its kind asks for.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
}

/// What is wrong with a start date that is further ahead than an order waits.
pub(super) fn start_too_far(start: Timestamp, now: Timestamp) -> Option<Fault> {
    let days = limits::DURATION_DAYS;
    let latest = now.plus(Duration::from_secs(days * 24 * 60 * 60));
    let detail = format!("expected a time within {days} days from now");
    (start > latest).then(|| Fault::new(Pointer::root().key("requested_start"), detail))
}

/// An order document that was read as far as it can be, with the hash that recognises it.
#[derive(Debug)]
pub(crate) struct OrderDocument {
    pub(super) draft: OrderDraft,
    pub(super) hash: model::Hash,
}

impl Document for OrderDocument {
    const NAME: &'static str = "an order";
    const LIMIT: usize = limits::ORDER_BYTES;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        // Records are sorted, so the order of fields and the white space make no other document.
        let hash = sha256(document.to_string().as_bytes());
        Ok(Self { draft: OrderRequest::draft(document), hash })
    }
}
