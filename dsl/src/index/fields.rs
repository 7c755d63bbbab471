//! Where the fields of a value are declared.
//!
//! A type says what fields there are; it is written out and has forgotten where they come from. A [`Shape`] remembers.

use std::rc::Rc;

use crate::diagnostic::Span;
use crate::resolve::Types;
use crate::syntax::tree::{FieldDeclaration, Name, TypeExpr, TypeKind};

/// Most names of types in one another that are followed. The compiler reports longer ways.
const NAMES: usize = 32;

/// Where the fields of a value, or of the elements of a list, are declared.
#[derive(Clone, Debug)]
pub(super) enum Shape<'t> {
    /// Nowhere: it has none, or they are not declared in the library.
    Nothing,
    /// In a type.
    Of(&'t TypeExpr),
    /// Right here.
    Fields(&'t [FieldDeclaration]),
    /// In the expression that makes the record.
    Made(Rc<Vec<(&'t Name, Shape<'t>)>>),
}

impl<'t> Shape<'t> {
    /// Where a field is declared, and the shape of its values.
    pub(super) fn member(&self, name: &str, types: &Types<'t>) -> Option<(Span, Self)> {
        let declared = |fields: &'t [FieldDeclaration]| {
            let field = fields.iter().find(|field| field.name.text == name)?;
            Some((field.name.span, Self::Of(&field.of)))
        };
        match self {
            Self::Nothing => None,
            Self::Fields(fields) => declared(fields),
            Self::Of(of) => match &written_out(of, types)?.kind {
                TypeKind::Record(fields) => declared(fields),
                TypeKind::Named(_) | TypeKind::List(_) | TypeKind::OneOf(_) | TypeKind::Optional(_) => None,
            },
            Self::Made(fields) => {
                let (field, shape) = fields.iter().find(|(field, _)| field.text == name)?;
                Some((field.span, shape.clone()))
            }
        }
    }

    /// The fields that are declared for it.
    pub(super) fn fields(&self, types: &Types<'t>) -> &'t [FieldDeclaration] {
        match self {
            Self::Fields(fields) => fields,
            Self::Of(of) => match written_out(of, types).map(|of| &of.kind) {
                Some(TypeKind::Record(fields)) => fields,
                _ => &[],
            },
            Self::Nothing | Self::Made(_) => &[],
        }
    }

    /// The texts that it may be, if it is a choice of them.
    pub(super) fn choices(&self, types: &Types<'t>) -> Vec<String> {
        let Self::Of(of) = self else { return Vec::new() };
        match written_out(of, types).map(|of| &of.kind) {
            Some(TypeKind::OneOf(texts)) => texts.iter().map(|text| text.text.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// This, or another if nothing is known.
    pub(super) fn or(self, other: Self) -> Self {
        if matches!(self, Self::Nothing) { other } else { self }
    }
}

/// What a type is below its names, and below being a list or optional.
fn written_out<'t>(of: &'t TypeExpr, types: &Types<'t>) -> Option<&'t TypeExpr> {
    let (mut of, mut names) = (of, 0);
    loop {
        match &of.kind {
            TypeKind::List(inner) | TypeKind::Optional(inner) => of = inner,
            TypeKind::Named(name) => {
                names += 1;
                of = &types.declaration(name).filter(|_| names <= NAMES)?.of;
            }
            TypeKind::Record(_) | TypeKind::OneOf(_) => return Some(of),
        }
    }
}
