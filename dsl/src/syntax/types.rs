//! Types and fields.

use super::tree::{FieldDeclaration, Name, TypeExpr, TypeKind};
use super::trouble::Context;
use super::{Pair, Reader, Rule, child, is_text};
use crate::diagnostic::{Code, Diagnostic};

impl Reader<'_> {
    pub(super) fn type_expr(&mut self, pair: &Pair<'_>) -> Option<TypeExpr> {
        let span = self.span(pair);
        let written = pair.clone().into_inner().next()?;
        let rule = written.as_rule();
        let inner = self.span(&written);
        let kind = if rule == Rule::record_type {
            TypeKind::Record(self.fields(&child(&written, Rule::fields)?))
        } else if rule == Rule::list_type {
            TypeKind::List(Box::new(self.type_expr(&child(&written, Rule::type_expr)?)?))
        } else if rule == Rule::one_of {
            let texts = written.into_inner().filter(is_text);
            TypeKind::OneOf(texts.filter_map(|text| self.plain_text(&text)).collect())
        } else {
            TypeKind::Named(written.as_str().to_owned())
        };
        let required = TypeExpr { span: inner, kind };
        Some(match child(pair, Rule::question) {
            Some(_) => TypeExpr { span, kind: TypeKind::Optional(Box::new(required)) },
            None => required,
        })
    }

    /// `{ name: type, … }`.
    pub(super) fn fields(&mut self, pair: &Pair<'_>) -> Vec<FieldDeclaration> {
        for stray in pair.clone().into_inner().filter(|p| p.as_rule() == Rule::stray_field) {
            self.stray(&stray, Context::Fields);
        }
        self.block_end(pair);
        self.typed_fields(pair)
    }

    /// The fields among the children of a pair.
    pub(super) fn typed_fields(&mut self, pair: &Pair<'_>) -> Vec<FieldDeclaration> {
        let fields = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::typed_field);
        fields.filter_map(|field| self.typed_field(&field)).collect()
    }

    fn typed_field(&mut self, pair: &Pair<'_>) -> Option<FieldDeclaration> {
        self.wrong_colon(pair);
        Some(FieldDeclaration {
            name: self.name(&child(pair, Rule::word)?),
            of: self.type_expr(&child(pair, Rule::type_expr)?)?,
            default: child(pair, Rule::expr).map(|default| self.expr(&default)),
        })
    }

    /// A text in which no values may stand.
    pub(super) fn plain_text(&mut self, pair: &Pair<'_>) -> Option<Name> {
        let span = self.span(pair);
        let text = self.primary(pair).literal_text();
        if text.is_none() {
            let title = "no values can be put into this text";
            self.report(
                Diagnostic::new(Code::InvalidLiteral, span, title).help("write `\\{` for a brace in a text"),
            );
        }
        Some(Name { text: text?, span })
    }
}
