//! Blueprints as callers see them.

use dsl::Blueprint;
use model::{BlueprintName, Field, Hash, Timestamp, Value};
use serde::Serialize;
use store::BlueprintVersion;
use utoipa::ToSchema;

/// A published version of a blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlueprintVersion)]
pub(crate) struct BlueprintVersionView {
    /// Its name.
    #[schema(value_type = String)]
    name: BlueprintName,
    /// Its version.
    version: u32,
    /// The SHA-256 of what it means. Layout and comments don't matter to it.
    #[schema(value_type = String)]
    hash: Hash,
    /// The SHA-256 of the library it was published with first.
    #[schema(value_type = String)]
    library: Hash,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    published_at: Timestamp,
    /// What an order of it must carry: `{ docs, order: [field], items: [{ kind, fields: [field] }], signals:
    /// [{ name, fields }] }`, a field being `{ name, type, default? }`.
    #[schema(value_type = Object)]
    signature: Value,
}

impl From<BlueprintVersion> for BlueprintVersionView {
    fn from(version: BlueprintVersion) -> Self {
        Self {
            name: version.blueprint.name,
            version: version.blueprint.version,
            hash: version.hash,
            library: version.library,
            published_at: version.published_at,
            signature: version.signature,
        }
    }
}

/// What an order of a blueprint must carry, for display.
pub(super) fn signature(blueprint: &Blueprint) -> Value {
    let items = blueprint.item_kinds().map(|(kind, declared)| {
        Value::record([("kind", Value::text(kind.as_str())), ("fields", fields(declared))])
    });
    let signals = blueprint.signals().map(|(name, of)| {
        Value::record([("name", Value::text(name.as_str())), ("fields", Value::text(of.to_string()))])
    });
    Value::record([
        ("docs", Value::text(blueprint.docs())),
        ("order", fields(blueprint.order_fields())),
        ("items", Value::List(items.collect())),
        ("signals", Value::List(signals.collect())),
    ])
}

fn fields(fields: &[Field]) -> Value {
    let field = |field: &Field| {
        let mut shown = vec![("name", Value::text(&field.name)), ("type", Value::text(field.of.to_string()))];
        shown.extend(field.default.clone().map(|default| ("default", default)));
        Value::record(shown)
    };
    Value::List(fields.iter().map(field).collect())
}
