//! Types of expressions, and what they become in a plan.
//!
//! What is wrong is reported once: it then has the type `any`, which fits everywhere.

use model::{Field, Item, Order, Type, Value};
use plan::{BinaryOp, DefinitionIndex, Expr, Formula};

use super::facts::Facts;
use super::types::{difference, fits, join, never, noun, null};
use super::{Env, Missing};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Seen;
use crate::suggest::{listing, near_miss};
use crate::syntax::build::one_line;
use crate::syntax::tree::{self, ExprKind, Name, TextPart};

/// How much is known of the order where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderView {
    /// Before it is accepted: its standard fields, without those that come with acceptance.
    Request,
    /// Before its attributes are checked: its standard fields.
    Standard,
    /// Everything.
    Full,
}

/// Which tasks an expression may read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskView {
    /// None: it decides which tasks there are.
    None,
    /// None, for it is of the order alone; which items are of which kind is known.
    Items,
    /// Those that can be seen from a block, or from outside all of them.
    From(Option<usize>),
}

/// What an expression may read where it stands.
#[derive(Clone)]
pub(super) struct View {
    pub(super) order: OrderView,
    pub(super) item: Option<Type>,
    pub(super) result: Option<Type>,
    pub(super) before: Option<Type>,
    pub(super) tasks: TaskView,
    pub(super) facts: Facts,
}

/// An expression of the plan with its type.
pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) of: Type,
}

impl Typed {
    pub(super) const fn new(expr: Expr, of: Type) -> Self {
        Self { expr, of }
    }

    /// In place of what could not be checked.
    pub(super) const fn unknown() -> Self {
        Self { expr: Expr::Value(Value::Null), of: Type::Any }
    }
}

/// Checks the expressions of one view.
pub(super) struct Checker<'a> {
    pub(super) env: &'a Env<'a>,
    pub(super) view: View,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    /// The tasks that were read, each with where.
    pub(super) uses: Vec<(Seen, Span)>,
    pub(super) locals: Vec<(String, Type)>,
}

impl<'a> Checker<'a> {
    pub(super) const fn new(env: &'a Env<'a>, view: View, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Self { env, view, diagnostics, uses: Vec::new(), locals: Vec::new() }
    }

    /// An expression that must be of a type, as the plan carries it.
    pub(super) fn formula(&mut self, expr: &tree::Expr, of: &Type) -> Formula {
        let checked = self.check(expr, of);
        self.formula_of(checked, expr)
    }

    /// What an expression became, with where it was written.
    pub(super) fn formula_of(&self, checked: Expr, written: &tree::Expr) -> Formula {
        let sources = self.env.sources;
        let text = one_line(sources.text(written.span));
        Formula { expr: checked, text, line: sources.line(written.span) }
    }

    /// An expression that must be of a type.
    pub(super) fn check(&mut self, expr: &tree::Expr, wanted: &Type) -> Expr {
        match (&expr.kind, wanted.required()) {
            (ExprKind::List(elements), Type::List(of)) => {
                Expr::List(elements.iter().map(|e| self.check(e, of)).collect())
            }
            (ExprKind::Record(fields), Type::Record(of)) => self.record(expr.span, fields, of),
            (ExprKind::If { condition, then, otherwise }, _) => {
                let (condition, facts) = self.condition(condition);
                let then = self.with_facts(facts.0, |checker| checker.check(then, wanted));
                let otherwise = self.with_facts(facts.1, |checker| checker.check(otherwise, wanted));
                if_expr(condition, then, otherwise)
            }
            (_, required) => {
                let found = self.toward(expr, required);
                self.fit(found, wanted, expr)
            }
        }
    }

    /// An expression whose context wants a type: texts and bare names may mean something there that they mean
    /// nowhere else.
    pub(super) fn toward(&mut self, expr: &tree::Expr, wanted: &Type) -> Typed {
        if let Some(text) = expr.literal_text() {
            return self.literal(text, wanted, expr.span);
        }
        match (&expr.kind, wanted) {
            (ExprKind::Name(name), Type::OneOf(texts)) if texts.contains(name) => {
                self.env.declarations.notes.note(expr.span, wanted);
                Typed::new(Expr::Value(Value::text(name.clone())), wanted.clone())
            }
            (ExprKind::Name(name), Type::OneOf(texts)) if !texts.is_empty() && !self.resolves(name) => {
                let listed = listing(texts.iter().map(String::as_str), 8).replace(" and ", " or ");
                let title = format!("expected {listed}, found `{name}`");
                let meant = near_miss(name, texts.iter().map(String::as_str));
                self.report(Diagnostic::new(Code::UnknownName, expr.span, title).did_you_mean(meant));
                Typed::unknown()
            }
            (ExprKind::List(elements), Type::List(of)) => {
                let elements = elements.iter().map(|e| self.toward(e, of.required())).collect();
                self.list(elements, expr)
            }
            _ => self.infer(expr),
        }
    }

    /// The type of an expression by itself.
    pub(super) fn infer(&mut self, expr: &tree::Expr) -> Typed {
        let found = match &expr.kind {
            ExprKind::Unreadable => Typed::unknown(),
            ExprKind::Null => Typed::new(Expr::Value(Value::Null), null()),
            ExprKind::Bool(bool) => Typed::new(Expr::Value(Value::Bool(*bool)), Type::Bool),
            ExprKind::Number(number) => {
                let whole = number.is_integer() && i64::try_from(*number).is_ok();
                let of = if whole { Type::Int } else { Type::Decimal };
                Typed::new(Expr::Value(Value::from(*number)), of)
            }
            ExprKind::Duration(duration) => {
                Typed::new(Expr::Value(Value::text(duration.to_string())), Type::Duration)
            }
            ExprKind::Text(parts) => self.text(parts),
            ExprKind::List(elements) => {
                let elements = elements.iter().map(|e| self.infer(e)).collect();
                self.list(elements, expr)
            }
            ExprKind::Record(fields) => {
                let (mut types, mut values) = (Vec::new(), Vec::new());
                for (name, value) in fields {
                    let value = self.infer(value);
                    types.push(Field { name: name.text.clone(), of: value.of, default: None });
                    values.push((name.text.clone(), value.expr));
                }
                Typed::new(Expr::Record(values), Type::Record(types))
            }
            ExprKind::Name(name) => self.name(name, expr.span),
            ExprKind::Field { of, name, safe } => self.field(of, name, *safe),
            ExprKind::Call { function, arguments } => self.call(function, arguments, expr.span),
            ExprKind::Foreign(operation) => self.foreign(operation),
            ExprKind::Not(of) => self.not(of),
            ExprKind::Negate(of) => self.negate(of),
            ExprKind::Binary { op, op_span, left, right } => self.binary(*op, *op_span, left, right),
            ExprKind::If { condition, then, otherwise } => {
                let (condition, facts) = self.condition(condition);
                let then_found = self.with_facts(facts.0, |checker| checker.infer(then));
                let found = self.with_facts(facts.1, |checker| checker.infer(otherwise));
                let of = self.common(&then_found.of, &found.of, expr.span, "the two branches");
                Typed::new(if_expr(condition, then_found.expr, found.expr), of)
            }
            ExprKind::Comprehension { each, variable, of, keep } => {
                self.comprehension(each, variable, of, keep.as_deref())
            }
        };
        let found = if self.view.facts.is_present(expr) {
            Typed::new(found.expr, found.of.required().clone())
        } else {
            found
        };
        self.env.declarations.notes.note(expr.span, &found.of);
        found
    }

    /// Reports what is not of the type that is wanted.
    pub(super) fn fit(&mut self, found: Typed, wanted: &Type, at: &tree::Expr) -> Expr {
        if fits(&found.of, wanted) {
            return found.expr;
        }
        if fits(found.of.required(), wanted) && !matches!(at.kind, ExprKind::Null) {
            self.may_be_missing(at);
        } else {
            let found_noun = noun(if found.of == null() { &found.of } else { found.of.required() });
            let title = format!("expected {}, found {found_noun}", noun(wanted.required()));
            let mut diagnostic = Diagnostic::new(Code::TypeMismatch, at.span, title);
            if let Some(note) = difference(&found.of, wanted) {
                diagnostic = diagnostic.note(note);
            }
            if let (Type::List(of), wanted) = (&found.of, wanted.required())
                && fits(of, wanted)
            {
                diagnostic = diagnostic.help("`first(…)`, `min(…)` and `max(…)` make one value of a list");
            }
            if let (Type::Record(fields), false) =
                (found.of.required(), matches!(wanted.required(), Type::Record(_)))
            {
                let fitting = fields.iter().filter(|field| fits(field.of.required(), wanted.required()));
                let names = listing(fitting.map(|field| field.name.as_str()), 6);
                if !names.is_empty() {
                    let text = one_line(self.env.sources.text(at.span));
                    diagnostic =
                        diagnostic.help(format!("read a field of it, as in `{text}.field`: it has {names}"));
                }
            }
            self.report(diagnostic);
        }
        Expr::Value(Value::Null)
    }

    /// Reports a value that must be there and may be missing, with why.
    pub(super) fn may_be_missing(&mut self, at: &tree::Expr) {
        self.may_be_missing_for(at, "");
    }

    /// The same, of a value of which `access` is read.
    pub(super) fn may_be_missing_for(&mut self, at: &tree::Expr, access: &str) {
        let text = one_line(self.env.sources.text(at.span));
        let title = format!("`{text}` may be missing");
        let help = format!("say what holds then: `{text}{access} ?? …`");
        let mut diagnostic = Diagnostic::new(Code::MayBeMissing, at.span, title).help(help);
        if let Some((span, why)) = self.why_missing(at) {
            diagnostic = diagnostic.label(span, why);
        }
        self.report(diagnostic);
    }

    /// Where it is decided that a value may be missing: the task it comes from.
    fn why_missing(&self, expr: &tree::Expr) -> Option<(Span, String)> {
        match &expr.kind {
            ExprKind::Field { of, .. } => self.why_missing(of),
            ExprKind::Name(name) => {
                let TaskView::From(block) = self.view.tasks else { return None };
                let seen = self.env.outline.bare(block, name)?;
                match self.env.missing(seen, &self.view.facts)? {
                    Missing::Skipped(span) => Some((span, format!("`{name}` may be skipped"))),
                    Missing::Isolated(span) => {
                        Some((span, format!("an item of `{name}` that fails is rolled back alone")))
                    }
                    Missing::OtherBlock(span) => {
                        Some((span, format!("this block may leave out the item of `{name}`")))
                    }
                }
            }
            _ => None,
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The type that two parts have in common.
    pub(super) fn common(&mut self, a: &Type, b: &Type, at: Span, parts: &str) -> Type {
        join(a, b).unwrap_or_else(|| {
            let title = format!("{parts} are of different types: {} and {}", noun(a), noun(b));
            self.report(Diagnostic::new(Code::TypeMismatch, at, title));
            Type::Any
        })
    }

    /// A condition, with what is known where it holds and where it does not.
    pub(super) fn condition(&mut self, condition: &tree::Expr) -> (Expr, (Facts, Facts)) {
        let checked = self.check(condition, &Type::Bool);
        let mut facts = (self.view.facts.clone(), self.view.facts.clone());
        facts.0.learn(condition, true, self.env.sources);
        facts.1.learn(condition, false, self.env.sources);
        (checked, facts)
    }

    pub(super) fn with_facts<T>(&mut self, facts: Facts, check: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.view.facts, facts);
        let found = check(self);
        self.view.facts = outer;
        found
    }

    // ---- literals ------------------------------------------------------------------------------------------

    /// A text without values in it, where a type is wanted.
    fn literal(&mut self, text: String, wanted: &Type, at: Span) -> Typed {
        let canonical = match wanted {
            Type::OneOf(texts) if texts.contains(&text) => Some(text.clone()),
            Type::OneOf(texts) if !texts.is_empty() => {
                let title = format!("expected {}, found \"{text}\"", wanted.noun());
                let diagnostic = Diagnostic::new(Code::TypeMismatch, at, title);
                let meant = near_miss(&text, texts.iter().map(String::as_str));
                self.report(match meant {
                    Some(meant) => {
                        let meant = format!("\"{meant}\"");
                        diagnostic.help(format!("did you mean {meant}?")).fix(meant)
                    }
                    None => {
                        let known = listing(texts.iter().map(String::as_str), 8).replace(" and ", " or ");
                        diagnostic.help(format!("write {known}"))
                    }
                });
                return Typed::unknown();
            }
            Type::Time => text.parse::<model::Timestamp>().ok().map(|time| time.to_string()),
            Type::Date => text.parse::<model::Date>().ok().map(|date| date.to_string()),
            _ => return Typed::new(Expr::Value(Value::Text(text)), Type::Text),
        };
        match canonical {
            Some(text) => Typed::new(Expr::Value(Value::Text(text)), wanted.clone()),
            None => {
                let title = format!("expected {}, found \"{text}\"", wanted.noun());
                self.report(Diagnostic::new(Code::InvalidLiteral, at, title));
                Typed::unknown()
            }
        }
    }

    fn text(&mut self, parts: &[TextPart]) -> Typed {
        let mut exprs = Vec::new();
        for part in parts {
            match part {
                TextPart::Literal(text) => exprs.push(Expr::Value(Value::text(text.clone()))),
                TextPart::Value(value) => {
                    let found = self.said(value);
                    if let Type::Optional(_) = &found.of {
                        self.may_be_missing(value);
                    }
                    exprs.push(found.expr);
                }
            }
        }
        let expr = match exprs.as_slice() {
            [] => Expr::Value(Value::text("")),
            [Expr::Value(text)] if parts.len() == 1 => Expr::Value(text.clone()),
            _ => Expr::Text(exprs),
        };
        Typed::new(expr, Type::Text)
    }

    /// A value in a text. What stands in for a missing one may be of another type: both become text.
    fn said(&mut self, value: &tree::Expr) -> Typed {
        let ExprKind::Binary { op: BinaryOp::Coalesce, left, right, .. } = &value.kind else {
            let found = self.infer(value);
            if let Type::List(_) | Type::Record(_) = found.of.required() {
                let title = format!("{} can't stand in a text", noun(found.of.required()));
                self.report(Diagnostic::new(Code::TypeMismatch, value.span, title));
                return Typed::new(found.expr, Type::Any);
            }
            return found;
        };
        let (a, b) = (self.said(left), self.said(right));
        let of = if let Type::Optional(_) = b.of { Type::Text.optional() } else { Type::Text };
        Typed::new(super::operators::coalesced(a.expr, b.expr), of)
    }

    fn list(&mut self, elements: Vec<Typed>, at: &tree::Expr) -> Typed {
        let mut of = never();
        let mut exprs = Vec::new();
        for element in elements {
            of = self.common(&of, &element.of, at.span, "the elements of a list");
            exprs.push(element.expr);
        }
        Typed::new(Expr::List(exprs), Type::List(Box::new(of)))
    }

    fn record(&mut self, at: Span, given: &[(Name, tree::Expr)], wanted: &[Field]) -> Expr {
        let mut values: Vec<(String, Expr)> = Vec::new();
        for (name, value) in given {
            let Some(field) = wanted.iter().find(|field| field.name == name.text) else {
                let title = format!("the record has no field `{}`", name.text);
                let known = wanted.iter().map(|field| field.name.as_str());
                self.report(
                    Diagnostic::new(Code::UnknownField, name.span, title)
                        .did_you_mean(near_miss(&name.text, known)),
                );
                continue;
            };
            if values.iter().any(|(earlier, _)| *earlier == name.text) {
                let title = format!("the field `{}` is given twice", name.text);
                self.report(Diagnostic::new(Code::DuplicateName, name.span, title));
                continue;
            }
            let wanted = if field.default.is_some() { field.of.clone().optional() } else { field.of.clone() };
            values.push((name.text.clone(), self.check(value, &wanted)));
        }
        let left_out = |field: &&Field| !given.iter().any(|(name, _)| name.text == field.name);
        let missing: Vec<&Field> = wanted.iter().filter(left_out).collect();
        for field in &missing {
            if let Some(default) = &field.default {
                values.push((field.name.clone(), Expr::Value(default.clone())));
            } else if field.of.admits_null() {
                values.push((field.name.clone(), Expr::Value(Value::Null)));
            }
        }
        let needed = missing.iter().filter(|f| f.default.is_none() && !f.of.admits_null());
        let needed: Vec<_> = needed.map(|field| format!("{}: {}", field.name, field.of)).collect();
        if !needed.is_empty() {
            let title = format!("the record lacks {}", listing(needed.iter().map(String::as_str), 6));
            self.report(Diagnostic::new(Code::MissingField, at, title));
        }
        Expr::Record(values)
    }

    fn comprehension(
        &mut self,
        each: &tree::Expr,
        variable: &Name,
        of: &tree::Expr,
        keep: Option<&tree::Expr>,
    ) -> Typed {
        let list = self.infer(of);
        let element = match list.of {
            Type::List(element) => *element,
            Type::Any => Type::Any,
            other => {
                let title = format!("expected a list, found {}", noun(&other));
                self.report(Diagnostic::new(Code::TypeMismatch, of.span, title));
                Type::Any
            }
        };
        if self.resolves(&variable.text) {
            let title = format!("`{}` means something else here already", variable.text);
            let help = "give the element another name, such as `each_one`";
            self.report(Diagnostic::new(Code::DuplicateName, variable.span, title).help(help));
        }
        self.locals.push((variable.text.clone(), element));
        let outer = self.view.facts.clone();
        let keep = keep.map(|keep| {
            let (keep, facts) = self.condition(keep);
            self.view.facts = facts.0;
            Box::new(keep)
        });
        let each = self.infer(each);
        self.view.facts = outer;
        self.locals.pop();
        let expr = Expr::Comprehension {
            each: Box::new(each.expr),
            variable: variable.text.clone(),
            of: Box::new(list.expr),
            keep,
        };
        Typed::new(expr, Type::List(Box::new(each.of)))
    }

    // ---- the order -----------------------------------------------------------------------------------------

    /// The fields of `order` that can be read here, without `items`, which are not kept among them.
    pub(super) fn order_fields(&self) -> Vec<Field> {
        let mut fields = Order::standard_type();
        fields.retain(|field| field.name != "items");
        match self.view.order {
            OrderView::Request => fields.retain(|f| f.name != "id" && f.name != "submitted_at"),
            OrderView::Standard => {}
            OrderView::Full => fields.extend(self.env.outline.order.iter().cloned()),
        }
        fields
    }

    /// `order.items`. Before the items' kinds are known, they are a field of the order like any other.
    pub(super) fn items(&self) -> Typed {
        let of = Type::List(Box::new(Type::Record(Item::standard_type())));
        if self.view.order == OrderView::Full {
            return Typed::new(Expr::OrderItems, of);
        }
        Typed::new(Expr::Field { of: Box::new(Expr::Order), name: "items".to_owned(), safe: false }, of)
    }

    /// A task's result, as it is seen from here.
    pub(super) fn task(&mut self, seen: Seen, at: Span) -> Typed {
        self.uses.push((seen, at));
        let of = self.env.result(seen, &self.view.facts);
        Typed::new(Expr::Task(DefinitionIndex(seen.task)), of)
    }
}

fn if_expr(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    Expr::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(otherwise) }
}
