//! The outline of a blueprint: its item kinds, blocks and tasks by name, and who can see whom.

use std::collections::BTreeMap;

use model::{BlueprintName, Field, Item, ItemKind, Order, TaskName, Type};

use super::{Declarations, Usage, duplicate, named, taken};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};
use crate::syntax::tree::{self, FieldDeclaration, Name};

/// What a blueprint declares, by name.
#[derive(Debug)]
pub(crate) struct Outline<'t> {
    pub(crate) tree: &'t tree::Blueprint,
    pub(crate) name: Option<BlueprintName>,
    /// What it is given and what it answers, if others run it.
    pub(crate) signature: Option<Signature>,
    /// The attributes it asks of an order.
    pub(crate) order: Vec<Field>,
    pub(crate) kinds: Vec<Kind>,
    /// For each block, its place in `kinds`; none if there is no such kind.
    pub(crate) block_kinds: Vec<Option<usize>>,
    /// As many as the tree has, in its order.
    pub(crate) tasks: Vec<TaskOutline>,
    by_name: BTreeMap<(Option<usize>, &'t str), usize>,
}

/// What a blueprint with parameters is given and what it answers.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) parameters: Vec<Field>,
    /// An empty record if it answers nothing.
    pub(crate) result: Type,
}

/// A kind of order item.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: Option<ItemKind>,
    pub(crate) text: String,
    pub(crate) fields: Vec<Field>,
}

/// A task or milestone.
#[derive(Debug)]
pub(crate) struct TaskOutline {
    pub(crate) name: Option<TaskName>,
    /// Its place in [`Outline::kinds`], if it is inside an `each`.
    pub(crate) kind: Option<usize>,
}

/// A task that is seen from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Its place in [`Outline::tasks`].
    pub(crate) task: usize,
    /// All its instances, not one.
    pub(crate) many: bool,
    /// It is of the same item and in another block, which may leave the item out.
    pub(crate) other_block: bool,
}

impl Kind {
    /// What `item` is in expressions about items of this kind.
    pub(crate) fn item_type(&self) -> Type {
        let mut fields = Item::standard_type();
        fields.extend(self.fields.iter().cloned());
        Type::Record(fields)
    }
}

pub(super) fn collect<'t>(
    blueprints: impl Iterator<Item = &'t tree::Blueprint>,
    declarations: &Declarations<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Outline<'t>> {
    let mut versions: BTreeMap<(&str, u32), Span> = BTreeMap::new();
    let mut outlines: Vec<Outline<'t>> = Vec::new();
    let mut names: BTreeMap<&str, &tree::Blueprint> = BTreeMap::new();
    for tree in blueprints {
        let earlier = names.entry(&tree.name.text).or_insert(tree);
        if earlier.name.span != tree.name.span && (earlier.parameters.is_some() || tree.parameters.is_some())
        {
            diagnostics.push(
                duplicate("blueprint", &tree.name, earlier.name.span)
                    .note("one with parameters has its name for itself"),
            );
            continue;
        }
        let version = tree.version.unwrap_or_default();
        if let Some(earlier) = versions.insert((&tree.name.text, version), tree.name.span) {
            diagnostics.push(
                duplicate("blueprint", &tree.name, earlier)
                    .note(format!("both are version {version}"))
                    .help("give the changed one the next version"),
            );
        }
        outlines.push(outline(tree, declarations, diagnostics));
    }
    outlines
}

fn outline<'t>(
    tree: &'t tree::Blueprint,
    declarations: &Declarations<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Outline<'t> {
    let standard = Order::standard_type();
    let signature = tree.parameters.as_ref().map(|declared| {
        let (types, usage) = (&declarations.types, declarations.usage());
        Signature {
            parameters: types.fields(&declared.fields, usage, diagnostics),
            result: match &declared.result {
                Some(of) => types.resolve(of, usage, diagnostics),
                None => Type::Record(Vec::new()),
            },
        }
    });
    for field in tree.parameters.iter().flat_map(|declared| &declared.fields) {
        taken(&field.name, diagnostics);
    }
    let order_fields: Vec<&FieldDeclaration> = tree.order.iter().flat_map(|o| &o.fields).collect();
    shadowed(order_fields.iter().copied(), &standard, "an order", diagnostics);
    let mut outline = Outline {
        tree,
        name: named(&tree.name, BlueprintName::new, diagnostics),
        signature,
        order: tree
            .order
            .first()
            .map(|o| declarations.types.fields(&o.fields, declarations.usage(), diagnostics))
            .unwrap_or_default(),
        kinds: Vec::new(),
        block_kinds: Vec::new(),
        tasks: Vec::new(),
        by_name: BTreeMap::new(),
    };
    let mut kinds: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for item in &tree.items {
        if let Some((_, earlier)) = kinds.get(item.name.text.as_str()) {
            diagnostics.push(duplicate("item kind", &item.name, *earlier));
            continue;
        }
        kinds.insert(&item.name.text, (outline.kinds.len(), item.name.span));
        shadowed(item.fields.iter(), &Item::standard_type(), "an item", diagnostics);
        outline.kinds.push(Kind {
            name: named(&item.name, ItemKind::new, diagnostics),
            text: item.name.text.clone(),
            fields: declarations.types.fields(&item.fields, declarations.usage(), diagnostics),
        });
    }
    for block in &tree.blocks {
        let name = block.kind.text.as_str();
        let known = kinds.get(name);
        if known.is_none() && !declarations.usage().is_lost(name) {
            diagnostics.push(unknown_kind(&block.kind, kinds.keys().copied()));
        }
        // What is probably meant is taken for it, so that its tasks can be checked.
        let known = known.or_else(|| kinds.get(near_miss(name, kinds.keys().copied())?));
        outline.block_kinds.push(known.map(|(kind, _)| *kind));
    }
    outline.tasks(diagnostics);
    outline
}

fn unknown_kind<'a>(kind: &Name, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let title = format!("the blueprint has no item kind `{}`", kind.text);
    let diagnostic = Diagnostic::new(Code::UnknownKind, kind.span, title);
    match near_miss(&kind.text, known.clone()) {
        meant @ Some(_) => diagnostic.did_you_mean(meant),
        None if known.clone().next().is_some() => diagnostic.help(format!("it has {}", listing(known, 6))),
        None => diagnostic.help(format!("declare it: `item {} where … {{ … }}`", kind.text)),
    }
}

fn shadowed<'a>(
    declared: impl Iterator<Item = &'a FieldDeclaration>,
    standard: &[Field],
    of: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for field in declared.filter(|field| standard.iter().any(|s| s.name == field.name.text)) {
        let title = format!("`{}` is a standard field of {of} already", field.name.text);
        diagnostics.push(
            Diagnostic::new(Code::ShadowedField, field.name.span, title)
                .help("use the standard field, or give this one another name"),
        );
    }
}

impl<'t> Outline<'t> {
    fn tasks(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let mut declared: BTreeMap<&str, Vec<(Option<usize>, Span)>> = BTreeMap::new();
        for (n, task) in self.tree.tasks.iter().enumerate() {
            let parameters = self.tree.parameters.iter().flat_map(|declared| &declared.fields);
            if let Some(parameter) = parameters.into_iter().find(|field| field.name.text == task.name.text) {
                diagnostics.push(
                    duplicate("name", &task.name, parameter.name.span)
                        .note("tasks and parameters are read by their bare names"),
                );
            }
            let kind = self.kind_of(task.block);
            let name: &'t str = &task.name.text;
            // A name inside `each` must not hide one outside: both would be said the same way there.
            let clashes = |other: &Option<usize>| *other == kind || other.is_none() || kind.is_none();
            let namesakes = declared.entry(name).or_default();
            if let Some((_, earlier)) = namesakes.iter().find(|(other, _)| clashes(other)) {
                diagnostics.push(duplicate("task", &task.name, *earlier));
            } else {
                namesakes.push((kind, task.name.span));
                self.by_name.insert((kind, name), n);
            }
            self.tasks.push(TaskOutline { name: named(&task.name, TaskName::new, diagnostics), kind });
        }
    }

    /// What the blueprint is given under a name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&Field> {
        self.signature.as_ref()?.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The place of an item kind.
    pub(crate) fn kind(&self, name: &str) -> Option<usize> {
        self.kinds.iter().position(|kind| kind.text == name)
    }

    /// The task that a bare name means in a block, or outside all of them.
    pub(crate) fn bare(&self, from: Option<usize>, name: &str) -> Option<Seen> {
        let same_item = self.kind_of(from).and_then(|kind| self.by_name.get(&(Some(kind), name)));
        let task = *same_item.or_else(|| self.by_name.get(&(None, name)))?;
        let other_block = same_item.is_some() && self.tree.tasks.get(task)?.block != from;
        Some(Seen { task, many: false, other_block })
    }

    /// The task that `kind.name` means in a block, or outside all of them.
    pub(crate) fn dotted(&self, from: Option<usize>, kind: usize, name: &str) -> Option<Seen> {
        let task = *self.by_name.get(&(Some(kind), name))?;
        (self.kind_of(from) != Some(kind)).then_some(Seen { task, many: true, other_block: false })
    }

    fn kind_of(&self, block: Option<usize>) -> Option<usize> {
        self.block_kinds.get(block?).copied().flatten()
    }

    /// Why a bare name means no task here.
    pub(crate) fn no_bare(&self, from: Option<usize>, name: &Name, usage: &Usage) -> Option<Diagnostic> {
        let elsewhere = self.by_name.iter().find(|((_, n), _)| *n == name.text);
        if let Some(((Some(kind), _), task)) = elsewhere {
            return Some(self.hidden(from, *kind, name, *task));
        }
        if usage.is_lost(&name.text) {
            return None;
        }
        let here = self.kind_of(from);
        let near = self.by_name.keys().filter(|(kind, _)| kind.is_none() || *kind == here).map(|(_, n)| *n);
        let title = format!("there is no task `{}`", name.text);
        Some(Diagnostic::new(Code::UnknownTask, name.span, title).did_you_mean(near_miss(&name.text, near)))
    }

    /// Why `kind.name` means no task here.
    pub(crate) fn no_dotted(
        &self,
        from: Option<usize>,
        kind: usize,
        name: &Name,
        usage: &Usage,
    ) -> Option<Diagnostic> {
        let text = self.kinds.get(kind).map_or("", |kind| kind.text.as_str());
        if let Some(task) = self.by_name.get(&(Some(kind), name.text.as_str())) {
            return Some(self.hidden(from, kind, name, *task));
        }
        if usage.is_lost(&name.text) {
            return None;
        }
        let near = self.by_name.keys().filter(|(k, _)| *k == Some(kind)).map(|(_, n)| *n);
        let title = format!("`each {text}` has no task `{}`", name.text);
        let fields = self.kinds.get(kind).map(|kind| kind.fields.as_slice()).unwrap_or_default();
        if fields.iter().any(|field| field.name == name.text) {
            return Some(
                Diagnostic::new(Code::UnknownTask, name.span, title)
                    .help(format!("`{text}.items.{}` are the fields of all its items", name.text)),
            );
        }
        Some(Diagnostic::new(Code::UnknownTask, name.span, title).did_you_mean(near_miss(&name.text, near)))
    }

    /// Why a task that exists inside `each kind` can't be named as it was.
    fn hidden(&self, from: Option<usize>, kind: usize, name: &Name, task: usize) -> Diagnostic {
        let of = self.kinds.get(kind).map_or("", |kind| kind.text.as_str());
        let text = &name.text;
        let (title, help) = if self.kind_of(from) == Some(kind) {
            (
                format!("the task `{text}` is of the same item here"),
                format!(
                    "write `{text}`, without `{of}.`; to wait for all of them, say `milestone NAME after {of}.{text}` \
                     outside `each`, and wait for that"
                ),
            )
        } else {
            (
                format!("the task `{text}` has an instance per `{of}`"),
                format!("write `{of}.{text}`, which means all of them"),
            )
        };
        let diagnostic = Diagnostic::new(Code::NotVisible, name.span, title).help(help);
        match self.tree.tasks.get(task) {
            Some(task) => diagnostic.label(task.name.span, "declared here"),
            None => diagnostic,
        }
    }

    /// The task that an `after` names.
    pub(crate) fn reference(
        &self,
        from: Option<usize>,
        reference: &tree::TaskRef,
        usage: &Usage,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Seen> {
        let Some(kind) = &reference.kind else {
            let seen = self.bare(from, &reference.task.text);
            if seen.is_none() {
                diagnostics.extend(self.no_bare(from, &reference.task, usage));
            }
            return seen;
        };
        let Some(known) = self.kind(&kind.text) else {
            // An `each` of it has been told that there is no such kind.
            let told = self.tree.blocks.iter().any(|block| block.kind.text == kind.text);
            if !told && !usage.is_lost(&kind.text) {
                diagnostics.push(unknown_kind(kind, self.kinds.iter().map(|kind| kind.text.as_str())));
            }
            return None;
        };
        let seen = self.dotted(from, known, &reference.task.text);
        if seen.is_none() {
            diagnostics.extend(self.no_dotted(from, known, &reference.task, usage));
        }
        seen
    }
}
