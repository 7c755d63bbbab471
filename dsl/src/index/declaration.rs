//! Every name that a library declares, and where each is used.

use std::collections::BTreeMap;

use model::Type;

use super::outline::{self, OutlineNode};
use super::part::Part;
use super::uses::Uses;
use crate::diagnostic::{FileId, SourceMap, Span};
use crate::syntax::build::one_line;
use crate::syntax::docs_above;
use crate::syntax::tree::{self, ClauseKind, Extent, FieldDeclaration, Name, TypeExpr, TypeKind};

/// Longest signature, in characters. What is longer is cut: it is shown on one line.
const SIGNATURE: usize = 200;

/// Where a library's names are declared, and in a part of it where they are used and the types of expressions.
#[derive(Debug, Default)]
pub struct Index {
    /// None if nothing is known yet, not even what is declared.
    part: Option<Part>,
    declarations: Vec<Declaration>,
    /// The declarations by the place of their names.
    named: BTreeMap<Span, DeclarationId>,
    /// Where names are used, and what each means there.
    uses: BTreeMap<Span, DeclarationId>,
    types: BTreeMap<Span, Type>,
    outlines: BTreeMap<FileId, Vec<OutlineNode>>,
}

/// Which declaration of an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeclarationId(usize);

/// A name and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The name.
    pub name: String,
    /// What kind of thing it is.
    pub kind: DeclarationKind,
    /// Where the name stands.
    pub span: Span,
    /// How far the declaration reaches.
    pub extent: Span,
    /// The lines of `///` above it.
    pub docs: String,
    /// What it says about itself, on one line: `query read(ont: text) -> { state: text }`.
    pub signature: String,
    /// What it is part of: the system of an operation, the blueprint of a task, the type of a field.
    pub parent: Option<DeclarationId>,
}

/// What a name is declared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeclarationKind {
    /// A named type.
    Type,
    /// A field of a record: of a type, an order, an item, a signal or what an expression makes.
    Field,
    /// An external system.
    System,
    /// What changes something in a system.
    Operation,
    /// What asks a system.
    Query,
    /// What an operation, a query or a blueprint is given.
    Parameter,
    /// A named retry policy.
    Retry,
    /// A blueprint.
    Blueprint,
    /// A kind of order item.
    ItemKind,
    /// A task.
    Task,
    /// A milestone.
    Milestone,
    /// The variable of `[… for x in …]`.
    Variable,
}

impl DeclarationKind {
    /// What it is called in messages.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Field => "field",
            Self::System => "system",
            Self::Operation => "operation",
            Self::Query => "query",
            Self::Parameter => "parameter",
            Self::Retry => "retry policy",
            Self::Blueprint => "blueprint",
            Self::ItemKind => "item kind",
            Self::Task => "task",
            Self::Milestone => "milestone",
            Self::Variable => "variable",
        }
    }
}

impl Index {
    /// Whether all is known of a part of the library.
    #[must_use]
    pub fn covers(&self, part: Part) -> bool {
        self.part.is_some_and(|known| known.covers(part))
    }

    /// Every declaration, each after what it is part of.
    pub fn declarations(&self) -> impl Iterator<Item = (DeclarationId, &Declaration)> {
        self.declarations.iter().enumerate().map(|(n, declaration)| (DeclarationId(n), declaration))
    }

    /// A declaration; none if the id is of another index.
    #[must_use]
    pub fn declaration(&self, id: DeclarationId) -> Option<&Declaration> {
        self.declarations.get(id.0)
    }

    /// The name at a place, right behind it included: where it stands, and what it means.
    #[must_use]
    pub fn name_at(&self, file: FileId, byte: usize) -> Option<(Span, DeclarationId)> {
        let in_names = innermost(&self.named, file, byte);
        let in_uses = innermost(&self.uses, file, byte);
        in_names.or(in_uses).map(|(span, id)| (span, *id))
    }

    /// Where a name is used in the part that is known, without its declaration, by file and place.
    pub fn uses(&self, of: DeclarationId) -> impl Iterator<Item = Span> {
        self.uses.iter().filter(move |(_, id)| **id == of).map(|(at, _)| *at)
    }

    /// The type of the smallest expression at a place, with where that stands.
    #[must_use]
    pub fn type_at(&self, file: FileId, byte: usize) -> Option<(Span, &Type)> {
        innermost(&self.types, file, byte)
    }

    /// The type of what stands in a span: an expression, or the name of a task with its result.
    #[must_use]
    pub fn type_of(&self, span: Span) -> Option<&Type> {
        self.types.get(&span)
    }

    /// What a file declares, one in the other.
    #[must_use]
    pub fn outline(&self, file: FileId) -> &[OutlineNode] {
        self.outlines.get(&file).map_or(&[], Vec::as_slice)
    }

    /// Whether it is known what the name in a span means.
    pub(super) fn is_known(&self, at: Span) -> bool {
        self.named.contains_key(&at) || self.uses.contains_key(&at) || self.types.contains_key(&at)
    }

    /// What each name means, wherever it stands: its place, and that of its declaration.
    pub(super) fn meanings(&self) -> impl Iterator<Item = (Span, Span)> {
        let target = |id: &DeclarationId| self.declaration(*id).map(|declaration| declaration.span);
        let named = self.named.keys().map(|at| (*at, *at));
        named.chain(self.uses.iter().filter_map(move |(at, id)| Some((*at, target(id)?))))
    }

    pub(super) fn build(
        files: &[tree::File],
        sources: &SourceMap,
        part: Part,
        uses: Uses<'_>,
        types: BTreeMap<Span, Type>,
    ) -> Self {
        let mut index = Self { part: Some(part), types, ..Self::default() };
        let mut collector = Collector { sources, index: &mut index };
        files.iter().for_each(|file| collector.file(file));
        for (name, kind) in uses.made.into_values() {
            let signature = match kind {
                DeclarationKind::Variable => format!("for {}", name.text),
                _ => name.text.clone(),
            };
            collector.declare(name, kind, name.span, signature, None);
        }
        for (at, declared) in uses.found {
            if let Some(id) = index.named.get(&declared).filter(|_| at != declared) {
                index.uses.insert(at, *id);
            }
        }
        for ((id, _), file) in sources.files().zip(files) {
            index.outlines.insert(id, outline::of(file));
        }
        index
    }
}

/// The smallest span at a place, with what belongs to it. Spans of one kind may stand in one another; the last that begins before
/// the place and has not ended is the smallest.
fn innermost<T>(spans: &BTreeMap<Span, T>, file: FileId, byte: usize) -> Option<(Span, &T)> {
    let from = Span { file, start: 0, end: 0 };
    let to = Span { file, start: byte, end: usize::MAX };
    let reaching = spans.range(from..=to).rev().filter(|(span, _)| span.end >= byte);
    reaching.min_by_key(|(span, _)| span.end - span.start).map(|(span, found)| (*span, found))
}

/// Collects what stands in the trees.
struct Collector<'a> {
    sources: &'a SourceMap,
    index: &'a mut Index,
}

impl Collector<'_> {
    fn file(&mut self, file: &tree::File) {
        for declared in &file.types {
            let id = self.declare_whole(&declared.name, DeclarationKind::Type, declared.extent, None);
            self.type_expr(&declared.of, id);
        }
        for system in &file.systems {
            let parent = self.declare_whole(&system.name, DeclarationKind::System, system.extent, None);
            for operation in &system.operations {
                let kind = if operation.effect { DeclarationKind::Operation } else { DeclarationKind::Query };
                let id = self.declare_whole(&operation.name, kind, operation.extent, Some(parent));
                self.fields(&operation.parameters, DeclarationKind::Parameter, id);
                operation.result.iter().for_each(|result| self.type_expr(result, id));
            }
        }
        for retry in &file.retries {
            self.declare_whole(&retry.name, DeclarationKind::Retry, retry.extent, None);
        }
        file.blueprints.iter().for_each(|blueprint| self.blueprint(blueprint));
    }

    fn blueprint(&mut self, blueprint: &tree::Blueprint) {
        let id = self.declare_whole(&blueprint.name, DeclarationKind::Blueprint, blueprint.extent, None);
        if let Some(parameters) = &blueprint.parameters {
            self.fields(&parameters.fields, DeclarationKind::Parameter, id);
            parameters.result.iter().for_each(|result| self.type_expr(result, id));
        }
        blueprint.order.iter().for_each(|order| self.fields(&order.fields, DeclarationKind::Field, id));
        for item in &blueprint.items {
            let kind = self.declare_whole(&item.name, DeclarationKind::ItemKind, item.extent, Some(id));
            self.fields(&item.fields, DeclarationKind::Field, kind);
        }
        for task in &blueprint.tasks {
            let kind = if task.milestone { DeclarationKind::Milestone } else { DeclarationKind::Task };
            let id = self.declare_whole(&task.name, kind, task.extent, Some(id));
            for clause in &task.clauses {
                if let ClauseKind::Wait { fields, .. } | ClauseKind::Manual { fields, .. } = &clause.kind {
                    self.fields(fields, DeclarationKind::Field, id);
                }
            }
        }
    }

    fn fields(&mut self, fields: &[FieldDeclaration], kind: DeclarationKind, parent: DeclarationId) {
        for field in fields {
            let end = field.default.as_ref().map_or(field.of.span.end, |default| default.span.end);
            let whole = Span { end, ..field.name.span };
            let id = self.declare_whole(&field.name, kind, Extent { whole, head: whole }, Some(parent));
            self.type_expr(&field.of, id);
        }
    }

    fn type_expr(&mut self, of: &TypeExpr, parent: DeclarationId) {
        match &of.kind {
            TypeKind::Record(fields) => self.fields(fields, DeclarationKind::Field, parent),
            TypeKind::List(inner) | TypeKind::Optional(inner) => self.type_expr(inner, parent),
            TypeKind::Named(_) | TypeKind::OneOf(_) => {}
        }
    }

    fn declare_whole(
        &mut self,
        name: &Name,
        kind: DeclarationKind,
        extent: Extent,
        parent: Option<DeclarationId>,
    ) -> DeclarationId {
        let signature = cut(&one_line(self.sources.text(extent.head)));
        self.declare(name, kind, extent.whole, signature, parent)
    }

    fn declare(
        &mut self,
        name: &Name,
        kind: DeclarationKind,
        extent: Span,
        signature: String,
        parent: Option<DeclarationId>,
    ) -> DeclarationId {
        let id = DeclarationId(self.index.declarations.len());
        let text = self.sources.file(extent.file).map_or("", |file| file.text.as_str());
        let docs = docs_above(text, extent.start);
        let name = name.clone();
        self.index.named.insert(name.span, id);
        let span = name.span;
        self.index.declarations.push(Declaration {
            name: name.text,
            kind,
            span,
            extent,
            docs,
            signature,
            parent,
        });
        id
    }
}

fn cut(signature: &str) -> String {
    if signature.chars().count() <= SIGNATURE {
        return signature.to_owned();
    }
    let kept: String = signature.chars().take(SIGNATURE).collect();
    format!("{kept} …")
}
