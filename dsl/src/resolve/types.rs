//! Types, written out: a named type is replaced by what it stands for.

use std::collections::BTreeMap;

use model::{Field, Type};

use super::{Usage, constant, duplicate};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::near_miss;
use crate::syntax::foreign;
use crate::syntax::tree::{self, FieldDeclaration, TypeDeclaration, TypeExpr, TypeKind};

/// The types that need no declaration.
pub(crate) const BUILT_IN: [(&str, Type); 8] = [
    ("text", Type::Text),
    ("int", Type::Int),
    ("decimal", Type::Decimal),
    ("bool", Type::Bool),
    ("time", Type::Time),
    ("date", Type::Date),
    ("duration", Type::Duration),
    ("any", Type::Any),
];

/// Most parts of one type when it is written out. Types that name each other can double at every step.
const TYPE_PARTS: usize = 2_000;

/// Deepest nesting of types in one another, through names as well.
const TYPE_DEPTH: usize = 32;

/// The named types of a library.
#[derive(Debug)]
pub(crate) struct Types<'t> {
    declared: BTreeMap<&'t str, &'t TypeDeclaration>,
    written_out: BTreeMap<&'t str, Type>,
}

impl<'t> Types<'t> {
    pub(super) fn collect(
        files: &'t [tree::File],
        usage: Usage,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> (Self, Usage) {
        let mut declared: BTreeMap<&str, &TypeDeclaration> = BTreeMap::new();
        for declaration in files.iter().flat_map(|f| &f.types) {
            let name = &declaration.name;
            if BUILT_IN.iter().any(|(built_in, _)| *built_in == name.text) {
                let title = format!("`{}` is a type already", name.text);
                diagnostics.push(Diagnostic::new(Code::DuplicateName, name.span, title));
            } else if let Some(earlier) = declared.get(name.text.as_str()) {
                diagnostics.push(duplicate("type", name, earlier.name.span));
            } else {
                declared.insert(&name.text, declaration);
            }
        }
        (Self { declared, written_out: BTreeMap::new() }, usage)
    }

    /// Writes every declared type out once, so that its faults are reported where it is declared.
    pub(super) fn write_out(&mut self, usage: &Usage, diagnostics: &mut Vec<Diagnostic>) {
        for (name, declaration) in &self.declared {
            let mut writer = Writer::new(self, usage, diagnostics);
            writer.path.push(name);
            let of = writer.write(&declaration.of);
            writer.finish(declaration.name.span);
            self.written_out.insert(name, of);
        }
    }

    /// A type as used somewhere. What can't be known is `any`, which fits everywhere, so that nothing that
    /// follows from it is reported.
    pub(crate) fn resolve(&self, of: &TypeExpr, usage: &Usage, diagnostics: &mut Vec<Diagnostic>) -> Type {
        let mut writer = Writer::new(self, usage, diagnostics);
        let written_out = writer.write(of);
        writer.finish(of.span);
        written_out
    }

    /// Fields as declared somewhere, each name once.
    pub(crate) fn fields(
        &self,
        fields: &[FieldDeclaration],
        usage: &Usage,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Field> {
        let mut writer = Writer::new(self, usage, diagnostics);
        let written_out = writer.fields(fields);
        if let Some(first) = fields.first() {
            writer.finish(first.name.span);
        }
        written_out
    }

    /// Where a type is declared.
    pub(crate) fn declaration(&self, name: &str) -> Option<&'t TypeDeclaration> {
        self.declared.get(name).copied()
    }

    /// Every declared type, written out.
    pub(crate) fn written_out(&self) -> impl Iterator<Item = (&'t str, &Type)> {
        self.written_out.iter().map(|(name, of)| (*name, of))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&'t str, Span)> {
        self.declared.iter().map(|(name, declaration)| (*name, declaration.name.span))
    }
}

struct Writer<'w, 't> {
    types: &'w Types<'t>,
    usage: &'w Usage,
    diagnostics: &'w mut Vec<Diagnostic>,
    /// The names being written out, outermost first.
    path: Vec<&'t str>,
    parts: usize,
    too_deep: bool,
    /// Names of which each contains the next, and the last is the first.
    circle: Option<Vec<&'t str>>,
}

impl<'w, 't> Writer<'w, 't> {
    const fn new(types: &'w Types<'t>, usage: &'w Usage, diagnostics: &'w mut Vec<Diagnostic>) -> Self {
        Self { types, usage, diagnostics, path: Vec::new(), parts: 0, too_deep: false, circle: None }
    }

    /// Reports a type that could not be written out whole.
    fn finish(self, at: Span) {
        if let Some(circle) = self.circle {
            let path: Vec<_> = circle.iter().map(|name| format!("`{name}`")).collect();
            let name = path.first().cloned().unwrap_or_default();
            let title = format!("the type {name} contains itself: {}", path.join(" → "));
            self.diagnostics.push(
                Diagnostic::new(Code::RecursiveType, at, title)
                    .help("refer to the inner one by an id, or use `any`"),
            );
            return;
        }
        let title = if self.parts > TYPE_PARTS {
            format!("the type has more than {TYPE_PARTS} parts when it is written out")
        } else if self.too_deep {
            format!("the type is nested through more than {TYPE_DEPTH} other types")
        } else {
            return;
        };
        self.diagnostics.push(Diagnostic::new(Code::NestedTooDeeply, at, title));
    }

    fn write(&mut self, of: &TypeExpr) -> Type {
        self.parts += 1;
        if self.parts > TYPE_PARTS {
            return Type::Any;
        }
        match &of.kind {
            TypeKind::Named(name) => self.named(name, of.span),
            TypeKind::List(of) => Type::List(Box::new(self.write(of))),
            TypeKind::Optional(of) => self.write(of).optional(),
            TypeKind::Record(fields) => Type::Record(self.fields(fields)),
            TypeKind::OneOf(texts) => {
                let mut seen: Vec<String> = Vec::new();
                for text in texts {
                    if seen.contains(&text.text) {
                        let title = format!("\"{}\" is given twice", text.text);
                        self.diagnostics.push(Diagnostic::new(Code::DuplicateName, text.span, title));
                    } else {
                        seen.push(text.text.clone());
                    }
                }
                Type::OneOf(seen)
            }
        }
    }

    fn named(&mut self, name: &str, at: Span) -> Type {
        if let Some((_, of)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return of.clone();
        }
        let Some((known, declaration)) = self.types.declared.get_key_value(name) else {
            if !self.usage.is_lost(name) {
                let known = self.types.declared.keys().copied().chain(BUILT_IN.iter().map(|(n, _)| *n));
                let title = format!("there is no type `{name}`");
                let meant = foreign::type_name(name).or_else(|| near_miss(name, known));
                self.diagnostics.push(Diagnostic::new(Code::UnknownType, at, title).did_you_mean(meant));
            }
            return Type::Any;
        };
        if self.path.contains(known) {
            self.circle =
                Some(self.path.iter().copied().chain([*known]).skip_while(|n| n != known).collect());
            return Type::Any;
        }
        self.usage.mark(declaration.name.span);
        if let Some(of) = self.types.written_out.get(name) {
            self.parts += parts(of);
            return of.clone();
        }
        if self.path.len() >= TYPE_DEPTH {
            self.too_deep = true;
            return Type::Any;
        }
        self.path.push(known);
        // Its own faults are reported where it is declared, when it is written out for itself.
        let reported = self.diagnostics.len();
        let of = self.write(&declaration.of);
        self.diagnostics.truncate(reported);
        self.path.pop();
        of
    }

    fn fields(&mut self, declared: &[FieldDeclaration]) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        for field in declared {
            let name = &field.name;
            if fields.iter().any(|f| f.name == name.text) {
                let earlier = declared.iter().find(|f| f.name.text == name.text);
                self.diagnostics.push(duplicate("field", name, earlier.map_or(name.span, |f| f.name.span)));
                continue;
            }
            let of = self.write(&field.of);
            let default = field.default.as_ref().and_then(|default| {
                constant::value(default, &of).map_err(|wrong| self.diagnostics.push(*wrong)).ok()
            });
            fields.push(Field { name: name.text.clone(), of, default });
        }
        fields
    }
}

fn parts(of: &Type) -> usize {
    match of {
        Type::List(of) | Type::Optional(of) => 1 + parts(of),
        Type::Record(fields) => 1 + fields.iter().map(|f| parts(&f.of)).sum::<usize>(),
        Type::Any
        | Type::Text
        | Type::Int
        | Type::Decimal
        | Type::Bool
        | Type::Time
        | Type::Date
        | Type::Duration
        | Type::OneOf(_) => 1,
    }
}
