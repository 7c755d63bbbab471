//! Types and fields.

use super::tree::{FieldDeclaration, Name, TypeExpr, TypeKind};
use super::trouble::Context;
use super::{Pair, Reader, Rule, child, is_text};
use crate::Span;
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
            let texts = self.texts(&written);
            if child(&written, Rule::wrong_bar).is_some() {
                let title = "the texts of a choice are separated by `,`";
                self.foreign_type(inner, title, &self.choice(&texts));
            }
            TypeKind::OneOf(texts)
        } else if rule == Rule::wrong_one_of || rule == Rule::wrong_one_of_list {
            let texts = self.texts(&written);
            let ours = self.choice(&texts);
            let title = if rule == Rule::wrong_one_of {
                "a choice of texts begins with `one of`"
            } else {
                "the texts of a choice stand in no brackets"
            };
            self.foreign_type(inner, title, &ours);
            TypeKind::OneOf(texts)
        } else if rule == Rule::wrong_generic {
            let mut arguments = written.clone().into_inner().filter(|p| p.as_rule() == Rule::type_expr);
            let element = arguments.next()?;
            if arguments.next().is_some() {
                self.foreign_type(inner, "a record of any names is `any`", "any");
                TypeKind::Named("any".to_owned())
            } else {
                self.foreign_type(
                    inner,
                    "a list type stands in `[` and `]`",
                    &format!("[{}]", element.as_str().trim()),
                );
                TypeKind::List(Box::new(self.type_expr(&element)?))
            }
        } else {
            TypeKind::Named(written.as_str().to_owned())
        };
        let mut required = TypeExpr { span: inner, kind };
        if child(pair, Rule::wrong_list_type).is_some() {
            let ours = format!("[{}]", self.slice(inner));
            let end = child(pair, Rule::question).map_or(span.end, |question| question.as_span().start());
            self.foreign_type(Span { end, ..span }, "a list type stands in `[` and `]`", &ours);
            required = TypeExpr { span: inner, kind: TypeKind::List(Box::new(required)) };
        }
        Some(match child(pair, Rule::question) {
            Some(_) => TypeExpr { span, kind: TypeKind::Optional(Box::new(required)) },
            None => required,
        })
    }

    /// How a choice of texts is written.
    fn choice(&self, texts: &[Name]) -> String {
        let listed: Vec<_> = texts.iter().map(|text| self.slice(text.span)).collect();
        format!("one of {}", listed.join(", "))
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
        let of = child(pair, Rule::type_expr)?;
        if let Some(question) = child(pair, Rule::wrong_optional) {
            let title = "`?` stands after the type of what may be missing";
            self.report(
                Diagnostic::new(Code::OtherLanguage, self.span(&question), title)
                    .help(format!("write `: {}?`", of.as_str().trim())),
            );
        }
        Some(FieldDeclaration {
            name: self.key(pair)?,
            of: self.type_expr(&of)?,
            default: child(pair, Rule::expr).map(|default| self.expr(&default)),
        })
    }

    /// The texts of a choice, in quotes or not.
    fn texts(&mut self, pair: &Pair<'_>) -> Vec<Name> {
        let mut texts = Vec::new();
        for text in pair.clone().into_inner() {
            if is_text(&text) {
                texts.extend(self.plain_text(&text));
            } else if text.as_rule() == Rule::wrong_text {
                let (span, text) = (self.span(&text), text.as_str().trim());
                self.foreign_type(span, "the texts of a choice stand in quotes", &format!("\"{text}\""));
                texts.push(Name { text: text.to_owned(), span });
            }
        }
        texts
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
