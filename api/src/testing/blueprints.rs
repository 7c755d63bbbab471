//! A small library that tests publish.

use super::TestApp;

/// One blueprint with all that an order can get wrong.
pub(crate) const FIBER: &str = r#"system inventory {
  operation reserve(site: text, speed: int) -> { unit: text }
  operation release(unit: text)
}
blueprint fiber version 1 {
  accepts order where order.category == "consumer"
  order { site: text  floor: int? }
  item line where starts_with(item.offering, "FIBER_") { speed: int }
  each line {
    task reserve {
      call inventory.reserve(site: order.site, speed: item.speed)
      undo inventory.release(unit: result.unit)
    }
    task field_work after reserve { wait report { done: bool } within 10d }
  }
}
"#;

/// An order that the blueprint accepts.
pub(crate) const ORDER: &str = r#"{"category": "consumer", "customer": {"id": "C-1"}, "attributes": {"site": "UTR-7"},
    "items": [{"id": "1", "offering": "FIBER_100", "action": "add", "attributes": {"speed": 100}}]}"#;

/// The body that publishes files.
pub(crate) fn library(files: &[(&str, &str)]) -> String {
    let files: serde_json::Map<_, _> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    serde_json::json!({ "files": files }).to_string()
}

impl TestApp {
    /// Publishes [`FIBER`].
    pub(crate) async fn publish_fiber(&self) {
        self.post("/v1/blueprints", &library(&[("fiber.blueprint", FIBER)])).await.json(201);
    }
}
