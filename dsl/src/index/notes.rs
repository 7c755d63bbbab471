//! What the checker learns of types on its way, kept only if somebody asks.

use std::cell::RefCell;
use std::collections::BTreeMap;

use model::Type;

use crate::Span;

/// The types of expressions and tasks by their places.
#[derive(Debug)]
pub(crate) struct Notes(Option<RefCell<BTreeMap<Span, Type>>>);

impl Notes {
    /// Nobody asks: nothing is kept.
    pub(crate) const NONE: Self = Self(None);

    pub(super) fn kept() -> Self {
        Self(Some(RefCell::default()))
    }

    /// Notes the type of what is written somewhere. What is looked at more than once is known better the last time.
    pub(crate) fn note(&self, at: Span, of: &Type) {
        if let Some(types) = &self.0 {
            types.borrow_mut().insert(at, of.clone());
        }
    }

    pub(super) fn take(&self) -> BTreeMap<Span, Type> {
        self.0.as_ref().map(RefCell::take).unwrap_or_default()
    }

    pub(super) fn of(&self, at: Span) -> Option<Type> {
        self.0.as_ref()?.borrow().get(&at).cloned()
    }
}
