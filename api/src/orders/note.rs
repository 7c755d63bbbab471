//! The body of a request that says no more than why.

use model::{Fault, Type, Value};
use utoipa::ToSchema;

use crate::extract::{Document, record, required_text};

/// What a person wants remembered about what they did.
#[derive(Debug, ToSchema)]
pub(crate) struct NoteDocument {
    /// The note, for the record: at most 2,000 bytes.
    #[schema(example = "the OLT is back, see INC-8123")]
    pub(super) note: String,
}

impl Document for NoteDocument {
    const NAME: &'static str = "a note";
    const LIMIT: usize = 16_384;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(document, &[("note", Type::Text)])?;
        Ok(Self { note: required_text(&fields, "note")? })
    }
}
