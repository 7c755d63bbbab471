//! Where names are used, and what each means there.
//!
//! Walks the trees with what `resolve` knows of names; expressions are in [`super::values`]. Reports nothing: what means nothing is left out, and told by `check`.
//! `sight` is what can be seen from one place, for those who ask what may be written there.

use std::collections::{BTreeMap, BTreeSet};

use super::declaration::DeclarationKind;
use super::fields::Shape;
use super::part::Part;
use super::stories;
use crate::diagnostic::{FileId, SourceMap, Span};
use crate::resolve::{Declarations, Outline, Seen};
use crate::syntax::tree::{
    self, Clause, ClauseKind, Expr, ExprKind, FieldDeclaration, Invocation, Name, Reaction, RetryClause,
    SleepLength, TypeExpr, TypeKind,
};

/// The uses of a library's names.
pub(super) struct Uses<'t> {
    /// By the place of the use: that of the declaration.
    pub(super) found: BTreeMap<Span, Span>,
    /// Names that expressions declare.
    pub(super) made: BTreeMap<Span, (&'t Name, DeclarationKind)>,
    /// The files of the blueprints whose tasks tests name.
    pub(super) tested: BTreeSet<FileId>,
    /// What is seen from the place that is asked about, if the walk came by.
    pub(super) sight: Option<Sight<'t>>,
}

/// What can be seen from a place in an expression.
pub(super) struct Sight<'t> {
    /// The expression whose field is asked for, if it is one.
    pub(super) of: Option<&'t Expr>,
    /// The texts that are wanted there, if it is one of some.
    pub(super) choices: Vec<String>,
    /// Where the value stands that it is compared with.
    pub(super) compared: Option<Span>,
    /// The fields that may still be given there, if it is the name of one.
    pub(super) fields: Vec<&'t FieldDeclaration>,
    pub(super) frame: Frame<'t>,
}

impl<'t> From<&Frame<'t>> for Sight<'t> {
    fn from(frame: &Frame<'t>) -> Self {
        Self { of: None, choices: Vec::new(), compared: None, fields: Vec::new(), frame: frame.clone() }
    }
}

/// What names mean where an expression stands.
#[derive(Clone)]
pub(super) struct Frame<'t> {
    pub(super) outline: &'t Outline<'t>,
    /// The task that it is of.
    pub(super) task: Option<usize>,
    /// The block that the expression stands in.
    pub(super) block: Option<usize>,
    /// Whether results of tasks can be read.
    pub(super) tasks: bool,
    pub(super) item: Option<Shape<'t>>,
    pub(super) result: Option<Shape<'t>>,
    pub(super) before: Option<Shape<'t>>,
    pub(super) locals: Vec<(&'t Name, Shape<'t>)>,
}

/// Walks the files of a part of the library. `marker` is a name that stands where something is asked about.
pub(super) fn walk<'t>(
    files: &'t [tree::File],
    sources: &SourceMap,
    declarations: &'t Declarations<'t>,
    outlines: &'t [Outline<'t>],
    part: Part,
    marker: Option<&'t str>,
) -> Uses<'t> {
    let mut operations = BTreeMap::new();
    for system in files.iter().flat_map(|file| &file.systems) {
        for operation in &system.operations {
            operations.entry((system.name.text.as_str(), operation.name.text.as_str())).or_insert(operation);
        }
    }
    let runnable = outlines.iter().filter(|outline| outline.signature.is_some());
    let mut walker = Walker {
        declarations,
        operations,
        runnable: runnable.map(|outline| (outline.tree.name.text.as_str(), outline.tree)).collect(),
        marker,
        results: Vec::new(),
        uses: Uses { found: BTreeMap::new(), made: BTreeMap::new(), tested: BTreeSet::new(), sight: None },
    };
    let inside = || sources.files().zip(files).filter(|((id, _), _)| part.has(*id)).map(|(_, file)| file);
    for file in inside() {
        file.types.iter().for_each(|declared| walker.type_expr(&declared.of));
        for operation in file.systems.iter().flat_map(|system| &system.operations) {
            walker.fields(&operation.parameters);
            operation.result.iter().for_each(|result| walker.type_expr(result));
        }
    }
    let outlines_inside = outlines.iter().filter(|outline| part.has(outline.tree.name.span.file));
    outlines_inside.for_each(|outline| walker.blueprint(outline));
    let mut tests = inside().flat_map(|file| &file.tests).peekable();
    if tests.peek().is_some() {
        let tasks = stories::tasks(outlines);
        tests.for_each(|test| walker.test(test, &tasks));
    }
    walker.uses
}

pub(super) struct Walker<'t> {
    pub(super) declarations: &'t Declarations<'t>,
    operations: BTreeMap<(&'t str, &'t str), &'t tree::Operation>,
    /// The blueprints with parameters.
    runnable: BTreeMap<&'t str, &'t tree::Blueprint>,
    marker: Option<&'t str>,
    /// The results of the tasks of the blueprint, as far as they are known.
    results: Vec<Option<Shape<'t>>>,
    pub(super) uses: Uses<'t>,
}

impl<'t> Walker<'t> {
    pub(super) fn found(&mut self, at: Span, declared: Span) {
        self.uses.found.insert(at, declared);
    }

    pub(super) fn is_marker(&self, name: &str) -> bool {
        self.marker == Some(name)
    }

    pub(super) fn see(&mut self, sight: Sight<'t>) {
        self.uses.sight = Some(sight);
    }

    // ---- declarations --------------------------------------------------------------------------------------

    fn type_expr(&mut self, of: &'t TypeExpr) {
        match &of.kind {
            TypeKind::Named(name) => {
                if let Some(declared) = self.declarations.types.declaration(name) {
                    self.found(of.span, declared.name.span);
                }
            }
            TypeKind::List(inner) | TypeKind::Optional(inner) => self.type_expr(inner),
            TypeKind::Record(fields) => self.fields(fields),
            TypeKind::OneOf(_) => {}
        }
    }

    fn fields(&mut self, fields: &'t [FieldDeclaration]) {
        for field in fields {
            self.type_expr(&field.of);
            if let Some(default) = &field.default {
                self.constant(default, &Shape::Of(&field.of));
            }
        }
    }

    /// A default: names in it are texts, but fields are fields.
    fn constant(&mut self, value: &'t Expr, wanted: &Shape<'t>) {
        match &value.kind {
            ExprKind::List(elements) => elements.iter().for_each(|element| self.constant(element, wanted)),
            ExprKind::Record(entries) => {
                for (name, value) in entries {
                    let member = wanted.member(&name.text, &self.declarations.types);
                    let shape = member.map_or(Shape::Nothing, |(declared, shape)| {
                        self.found(name.span, declared);
                        shape
                    });
                    self.constant(value, &shape);
                }
            }
            _ => {}
        }
    }

    // ---- blueprints ----------------------------------------------------------------------------------------

    fn blueprint(&mut self, outline: &'t Outline<'t>) {
        let tree = outline.tree;
        self.results = vec![None; tree.tasks.len()];
        let order = Frame {
            outline,
            task: None,
            block: None,
            tasks: false,
            item: None,
            result: None,
            before: None,
            locals: Vec::new(),
        };
        if let Some(parameters) = &tree.parameters {
            self.fields(&parameters.fields);
            parameters.result.iter().for_each(|result| self.type_expr(result));
        }
        tree.accepts.iter().for_each(|accepts| self.value(&accepts.condition, &order));
        tree.order.iter().for_each(|order| self.fields(&order.fields));
        for item in &tree.items {
            self.fields(&item.fields);
            // Its fields are not known before its kind is.
            self.value(&item.condition, &Frame { item: Some(Shape::Nothing), ..order.clone() });
        }
        for (n, block) in tree.blocks.iter().enumerate() {
            self.kind(&block.kind.text, block.kind.span, outline);
            if self.is_marker(&block.kind.text) {
                self.see(Sight::from(&order));
            }
            let frame = Frame { item: item_of(outline, Some(n)), block: Some(n), ..order.clone() };
            block.condition.iter().for_each(|condition| self.value(condition, &frame));
        }
        let reactions = tree.on_failure.iter().map(|reacting| &reacting.reaction);
        let reactions = reactions.chain(tree.deadlines.iter().filter_map(|d| d.on_timeout.as_ref()));
        reactions.for_each(|reaction| self.reaction(reaction, &order));
        tree.one_at_a_time.iter().for_each(|one| self.value(&one.keys, &order));
        (0..tree.tasks.len()).for_each(|task| self.task(outline, task));
        let whole = Frame { tasks: true, ..order };
        let wanted =
            tree.parameters.as_ref().and_then(|p| p.result.as_ref()).map_or(Shape::Nothing, Shape::Of);
        for returns in &tree.returns {
            self.expr(&returns.value, &mut whole.clone(), &wanted);
        }
    }

    fn task(&mut self, outline: &'t Outline<'t>, index: usize) {
        let Some(task) = outline.tree.tasks.get(index) else { return };
        let frame = frame_of(outline, index);
        for reference in &task.after {
            self.task_ref(reference, &frame);
        }
        task.when.iter().for_each(|when| self.value(&when.condition, &frame));
        let result = self.result(outline, index);
        for clause in &task.clauses {
            self.clause(clause, &frame, &result);
        }
    }

    fn task_ref(&mut self, reference: &'t tree::TaskRef, frame: &Frame<'t>) {
        let (outline, task) = (frame.outline, &reference.task);
        if self.is_marker(&task.text) {
            self.see(Sight::from(frame));
        }
        let seen = match &reference.kind {
            None => outline.bare(frame.block, &task.text),
            Some(kind) => {
                self.kind(&kind.text, kind.span, outline);
                outline.kind(&kind.text).and_then(|kind| outline.dotted(frame.block, kind, &task.text))
            }
        };
        self.seen(seen, task.span, outline);
    }

    pub(super) fn seen(&mut self, seen: Option<Seen>, at: Span, outline: &'t Outline<'t>) {
        if let Some(task) = seen.and_then(|seen| outline.tree.tasks.get(seen.task)) {
            self.found(at, task.name.span);
        }
    }

    pub(super) fn kind(&mut self, name: &str, at: Span, outline: &'t Outline<'t>) {
        if let Some(item) = outline.tree.items.iter().find(|item| item.name.text == name) {
            self.found(at, item.name.span);
        }
    }

    /// The result of a task: of several bodies, the first counts.
    pub(super) fn result(&mut self, outline: &'t Outline<'t>, index: usize) -> Shape<'t> {
        if let Some(Some(known)) = self.results.get(index) {
            return known.clone();
        }
        // A task that reads itself, be it through others, gets no further than here.
        if let Some(result) = self.results.get_mut(index) {
            *result = Some(Shape::Nothing);
        }
        let Some(task) = outline.tree.tasks.get(index) else { return Shape::Nothing };
        let shape = task.clauses.iter().find_map(|clause| match &clause.kind {
            ClauseKind::Call { first, .. } => Some(self.answer(first)),
            ClauseKind::Poll { query, .. } => Some(self.answer(query)),
            ClauseKind::Wait { fields, .. } | ClauseKind::Manual { fields, .. } => {
                Some(Shape::Fields(fields))
            }
            ClauseKind::Run { blueprint, .. } => {
                let run = self.runnable.get(blueprint.text.as_str());
                let answer = run.and_then(|run| run.parameters.as_ref()?.result.as_ref());
                Some(answer.map_or(Shape::Nothing, Shape::Of))
            }
            ClauseKind::Let(value) => Some(self.expr(value, &mut frame_of(outline, index), &Shape::Nothing)),
            ClauseKind::Sleep(_) => Some(Shape::Nothing),
            _ => None,
        });
        let shape = shape.unwrap_or(Shape::Nothing);
        if let Some(result) = self.results.get_mut(index) {
            *result = Some(shape.clone());
        }
        shape
    }

    // ---- clauses -------------------------------------------------------------------------------------------

    fn clause(&mut self, clause: &'t Clause, frame: &Frame<'t>, result: &Shape<'t>) {
        let with_result = |result: Shape<'t>| Frame { result: Some(result), ..frame.clone() };
        match &clause.kind {
            ClauseKind::Call { first, fallbacks } => {
                self.invocation(first, frame);
                fallbacks.iter().for_each(|fallback| self.invocation(fallback, frame));
            }
            ClauseKind::Wait { fields, .. } => self.fields(fields),
            ClauseKind::Manual { title, fields, .. } => {
                self.value(title, frame);
                self.fields(fields);
            }
            ClauseKind::Poll { query, until: condition, .. } | ClauseKind::Verify { query, condition } => {
                self.invocation(query, frame);
                self.value(condition, &with_result(self.answer(query)));
            }
            ClauseKind::Sleep(SleepLength::Until(value))
            | ClauseKind::Status(value)
            | ClauseKind::Let(value) => self.value(value, frame),
            ClauseKind::Run { blueprint, arguments } => {
                let run = self.runnable.get(blueprint.text.as_str()).copied();
                if let Some(run) = run {
                    self.found(blueprint.span, run.name.span);
                }
                let parameters = run.and_then(|run| run.parameters.as_ref());
                self.arguments(arguments, parameters.map_or(&[], |p| p.fields.as_slice()), frame);
            }
            ClauseKind::Retry(RetryClause::Named(name)) => {
                if let Some(declared) = self.declarations.retry_at(&name.text) {
                    self.found(name.span, declared);
                }
            }
            ClauseKind::Ensure { condition, otherwise } => {
                let frame = with_result(result.clone());
                self.value(condition, &frame);
                self.reaction(otherwise, &frame);
            }
            ClauseKind::Undo(invocation) => self.invocation(invocation, &with_result(result.clone())),
            ClauseKind::Amend(invocation) => {
                self.invocation(invocation, &Frame { before: Some(result.clone()), ..frame.clone() });
            }
            ClauseKind::OnTimeout(reaction) | ClauseKind::OnFailure(reaction) => {
                self.reaction(reaction, frame);
            }
            ClauseKind::Sleep(SleepLength::For(_))
            | ClauseKind::Timeout(_)
            | ClauseKind::Within(_)
            | ClauseKind::Retry(RetryClause::Policy(_) | RetryClause::None)
            | ClauseKind::NoUndo(_)
            | ClauseKind::PointOfNoReturn => {}
        }
    }

    fn reaction(&mut self, reaction: &'t Reaction, frame: &Frame<'t>) {
        reaction.why.iter().for_each(|why| self.value(why, frame));
    }

    fn operation(&self, call: &Invocation) -> Option<&'t tree::Operation> {
        self.operations.get(&(call.system.text.as_str(), call.operation.text.as_str())).copied()
    }

    /// What a call answers.
    fn answer(&self, call: &Invocation) -> Shape<'t> {
        let result = self.operation(call).and_then(|operation| operation.result.as_ref());
        result.map_or(Shape::Nothing, Shape::Of)
    }

    fn invocation(&mut self, call: &'t Invocation, frame: &Frame<'t>) {
        let parameters = self.callee(&call.system, &call.operation);
        self.arguments(&call.arguments, parameters, frame);
    }

    /// An operation that is named; what it is given.
    pub(super) fn callee(&mut self, system: &Name, operation: &Name) -> &'t [FieldDeclaration] {
        if let Some(known) = self.declarations.systems.get(system.text.as_str()) {
            self.found(system.span, known.span);
        }
        let Some(known) = self.operations.get(&(system.text.as_str(), operation.text.as_str())).copied()
        else {
            return &[];
        };
        self.found(operation.span, known.name.span);
        &known.parameters
    }

    fn arguments(
        &mut self,
        given: &'t [(Name, Expr)],
        parameters: &'t [FieldDeclaration],
        frame: &Frame<'t>,
    ) {
        for (name, value) in given {
            let parameter = parameters.iter().find(|parameter| parameter.name.text == name.text);
            if let Some(parameter) = parameter {
                self.found(name.span, parameter.name.span);
            }
            let wanted = parameter.map_or(Shape::Nothing, |parameter| Shape::Of(&parameter.of));
            self.expr(value, &mut frame.clone(), &wanted);
        }
    }
}

/// What names mean in a task.
fn frame_of<'t>(outline: &'t Outline<'t>, task: usize) -> Frame<'t> {
    let block = outline.tree.tasks.get(task).and_then(|task| task.block);
    Frame {
        outline,
        task: Some(task),
        block,
        tasks: true,
        item: item_of(outline, block),
        result: None,
        before: None,
        locals: Vec::new(),
    }
}

/// The items of a block.
fn item_of<'t>(outline: &'t Outline<'t>, block: Option<usize>) -> Option<Shape<'t>> {
    let block = outline.tree.blocks.get(block?)?;
    let item = outline.tree.items.iter().find(|item| item.name.text == block.kind.text);
    Some(item.map_or(Shape::Nothing, |item| Shape::Fields(&item.fields)))
}
