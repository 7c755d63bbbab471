//! Names and fields in expressions.

use model::{ItemKind, Type};
use plan::{DefinitionIndex, Expr};

use super::expression::{Checker, OrderView, TaskView, Typed};
use super::types::noun;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Seen;
use crate::suggest::{listing, near_miss};
use crate::syntax::build::one_line;
use crate::syntax::foreign;
use crate::syntax::tree::{self, ExprKind, Name};

/// The field every task has beside those of its result.
const FINISHED_AT: &str = "finished_at";

impl Checker<'_> {
    /// Whether a name means something here by itself.
    pub(super) fn resolves(&self, name: &str) -> bool {
        let is_task = match self.view.tasks {
            TaskView::From(block) => self.env.outline.bare(block, name).is_some(),
            TaskView::None | TaskView::Items => false,
        };
        self.locals.iter().any(|(local, _)| local == name)
            || ["order", "item", "result", "before"].contains(&name)
            || self.env.outline.parameter(name).is_some()
            || is_task
            || self.env.outline.kind(name).is_some()
    }

    pub(super) fn name(&mut self, name: &str, at: Span) -> Typed {
        if let Some((_, of)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Typed::new(Expr::Variable(name.to_owned()), of.clone());
        }
        match name {
            "order" => return Typed::new(Expr::Order, Type::Record(self.order_fields())),
            "item" => return self.item(at),
            "result" => return self.result(at),
            "before" => return self.before(at),
            _ => {}
        }
        if let Some(parameter) = self.env.outline.parameter(name) {
            return Typed::new(Expr::Parameter(name.to_owned()), parameter.of.clone());
        }
        if let TaskView::From(block) = self.view.tasks
            && let Some(seen) = self.env.outline.bare(block, name)
        {
            return self.task(seen, at);
        }
        self.unknown_name(name, at);
        Typed::unknown()
    }

    fn item(&mut self, at: Span) -> Typed {
        if let Some(of) = &self.view.item {
            return Typed::new(Expr::Item, of.clone());
        }
        if self.env.outline.signature.is_some() {
            let title = "a blueprint with parameters has no items";
            self.report(
                Diagnostic::new(Code::NotVisible, at, title)
                    .help("pass what it needs of the item as a parameter"),
            );
            return Typed::unknown();
        }
        let title = "there is no `item` outside `each`";
        let diagnostic = Diagnostic::new(Code::NotVisible, at, title);
        let kinds = self.env.outline.kinds.first();
        self.report(match kinds {
            Some(kind) => diagnostic.help(format!("`{}.items` are all items of that kind", kind.text)),
            None => diagnostic,
        });
        Typed::unknown()
    }

    fn result(&mut self, at: Span) -> Typed {
        if let Some(of) = &self.view.result {
            return Typed::new(Expr::Result, of.clone());
        }
        let title = "there is no `result` here";
        self.report(Diagnostic::new(Code::NotVisible, at, title).help(
            "`result` is the task's own, in `ensure` and `undo`; others are used by their task's name",
        ));
        Typed::unknown()
    }

    fn before(&mut self, at: Span) -> Typed {
        if let Some(of) = &self.view.before {
            return Typed::new(Expr::Before, of.clone());
        }
        let title = "there is no `before` here";
        self.report(
            Diagnostic::new(Code::NotVisible, at, title)
                .help("`before` is what the task brought back before an amendment, in `amend`"),
        );
        Typed::unknown()
    }

    fn unknown_name(&mut self, name: &str, at: Span) {
        let outline = self.env.outline;
        let TaskView::From(block) = self.view.tasks else {
            let exists = outline.tree.tasks.iter().any(|task| task.name.text == name);
            if exists || outline.kind(name).is_some() {
                let title = format!("`{name}` can't be used here");
                self.report(Diagnostic::new(Code::NotOrderData, at, title).help(
                    if self.view.tasks == TaskView::Items {
                        "it is decided before anything is done, by the order and its items alone"
                    } else {
                        "which tasks there are is decided by the order and its items alone"
                    },
                ));
            } else if !self.env.declarations.usage().is_lost(name) {
                let title = format!("`{name}` means nothing here");
                let known = ["order", "item", "true", "false", "null"];
                let meant = foreign::literal(name).or_else(|| near_miss(name, known));
                self.report(Diagnostic::new(Code::UnknownName, at, title).did_you_mean(meant));
            }
            return;
        };
        if outline.kind(name).is_some() {
            let title = format!("`{name}` is an item kind, not a value");
            self.report(Diagnostic::new(Code::NotVisible, at, title).help(format!(
                "`{name}.items` are the items of that kind, and `{name}.task` the results of a task for each"
            )));
            return;
        }
        if outline.tree.blocks.iter().any(|block| block.kind.text == name) {
            // An `each` of it has been told that there is no such kind.
            return;
        }
        let written = Name { text: name.to_owned(), span: at };
        let Some(diagnostic) = outline.no_bare(block, &written, self.env.declarations.usage()) else {
            return;
        };
        if diagnostic.code == Code::NotVisible || diagnostic.help.is_some() {
            self.report(diagnostic);
            return;
        }
        let locals = self.locals.iter().map(|(local, _)| local.as_str());
        let kinds = outline.kinds.iter().map(|kind| kind.text.as_str());
        let known =
            ["order", "item", "result", "true", "false", "null"].into_iter().chain(locals).chain(kinds);
        let signature = outline.signature.iter();
        let known = known.chain(signature.flat_map(|s| s.parameters.iter().map(|p| p.name.as_str())));
        let title = format!("`{name}` means nothing here");
        let field = self.field_meant(name);
        let meant = field.as_deref().or_else(|| foreign::literal(name)).or_else(|| near_miss(name, known));
        let diagnostic = Diagnostic::new(Code::UnknownName, at, title).did_you_mean(meant);
        self.report(match diagnostic.help {
            Some(_) => diagnostic,
            None => diagnostic.help(format!("a text stands in quotes: `\"{name}\"`")),
        });
    }

    /// The field of the order or the item that goes by a bare name.
    fn field_meant(&self, name: &str) -> Option<String> {
        let item = self.view.item.as_ref().and_then(|item| item.field(name)).map(|_| "item");
        let order = || self.order_fields().iter().any(|field| field.name == name).then_some("order");
        item.or_else(order).map(|base| format!("{base}.{name}"))
    }

    // ---- fields --------------------------------------------------------------------------------------------

    pub(super) fn field(&mut self, of: &tree::Expr, name: &Name, safe: bool) -> Typed {
        if let ExprKind::Name(base) = &of.kind
            && !self.locals.iter().any(|(local, _)| local == base)
        {
            if base == "order" && name.text == "items" && self.env.outline.signature.is_none() {
                return self.items();
            }
            if let Some(kind) = self.env.outline.kind(base).filter(|_| self.is_kind(base)) {
                return self.of_kind(kind, of.span, name);
            }
        }
        if name.text == FINISHED_AT
            && let Some(seen) = self.task_named(of)
        {
            return self.finished_at(seen, of, safe);
        }
        let base = self.infer(of);
        self.field_of(base, of, name, safe)
    }

    /// Whether a name means an item kind here: it does unless a task has it.
    fn is_kind(&self, name: &str) -> bool {
        match self.view.tasks {
            TaskView::From(block) => self.env.outline.bare(block, name).is_none(),
            TaskView::None | TaskView::Items => true,
        }
    }

    /// `kind.items` and `kind.task`.
    fn of_kind(&mut self, kind: usize, at: Span, name: &Name) -> Typed {
        let outline = self.env.outline;
        if name.text == "items" && self.view.tasks != TaskView::None {
            let known = outline.kinds.get(kind);
            let Some((kind, Some(id))) = known.map(|kind| (kind, kind.name.clone())) else {
                return Typed::unknown();
            };
            return Typed::new(items_of(id), Type::List(Box::new(kind.item_type())));
        }
        let TaskView::From(block) = self.view.tasks else {
            let text = outline.kinds.get(kind).map_or("", |kind| kind.text.as_str());
            self.unknown_name(text, at);
            return Typed::unknown();
        };
        match outline.dotted(block, kind, &name.text) {
            Some(seen) => self.task(seen, at.to(name.span)),
            None => {
                let usage = self.env.declarations.usage();
                self.diagnostics.extend(outline.no_dotted(block, kind, name, usage));
                Typed::unknown()
            }
        }
    }

    /// The task that an expression names, if it is no more than that.
    pub(super) fn task_named(&self, expr: &tree::Expr) -> Option<Seen> {
        let TaskView::From(block) = self.view.tasks else { return None };
        let outline = self.env.outline;
        match &expr.kind {
            ExprKind::Name(name) => outline.bare(block, name),
            ExprKind::Field { of, name, .. } => {
                let ExprKind::Name(kind) = &of.kind else { return None };
                outline.dotted(block, outline.kind(kind).filter(|_| self.is_kind(kind))?, &name.text)
            }
            _ => None,
        }
    }

    fn finished_at(&mut self, seen: Seen, task: &tree::Expr, safe: bool) -> Typed {
        self.uses.push((seen, task.span));
        let missing = self.env.missing(seen, &self.view.facts).is_some() && !self.view.facts.is_present(task);
        let mut of = if missing { Type::Time.optional() } else { Type::Time };
        if seen.many {
            of = Type::List(Box::new(of));
        } else if missing && !safe {
            self.may_be_missing_for(task, "?.finished_at");
            of = Type::Time;
        }
        Typed::new(Expr::FinishedAt(DefinitionIndex(seen.task)), of)
    }

    fn field_of(&mut self, base: Typed, written: &tree::Expr, name: &Name, safe: bool) -> Typed {
        let expr = |base: Expr| Expr::Field { of: Box::new(base), name: name.text.clone(), safe };
        match base.of {
            Type::Any => Typed::new(expr(base.expr), Type::Any),
            Type::Optional(inner) => {
                if !safe {
                    self.may_be_missing_for(written, &format!("?.{}", name.text));
                }
                match self.field_type(&inner, written, name) {
                    Some(of) if safe => Typed::new(expr(base.expr), of.optional()),
                    // That it may be missing has been said.
                    Some(of) => Typed::new(expr(base.expr), of.required().clone()),
                    None => Typed::unknown(),
                }
            }
            Type::List(inner) => match self.field_of_each(&inner, written, name) {
                Some(of) => {
                    let of = if inner.admits_null() { of.optional() } else { of };
                    Typed::new(expr(base.expr), Type::List(Box::new(of)))
                }
                None => Typed::unknown(),
            },
            of => match self.field_type(&of, written, name) {
                Some(of) => Typed::new(expr(base.expr), of),
                None => Typed::unknown(),
            },
        }
    }

    /// The field of every element of a list.
    fn field_of_each(&mut self, of: &Type, written: &tree::Expr, name: &Name) -> Option<Type> {
        let reported = self.diagnostics.len();
        let found = self.field_type(of.required(), written, name);
        if let (None, Some(meant)) = (&found, self.function_meant(written, name))
            && let Some(diagnostic) = self.diagnostics.get_mut(reported)
        {
            *diagnostic = diagnostic.clone().help(meant);
        }
        found
    }

    fn field_type(&mut self, of: &Type, written: &tree::Expr, name: &Name) -> Option<Type> {
        match of {
            Type::Any => return Some(Type::Any),
            Type::List(inner) => {
                return Some(Type::List(Box::new(self.field_of_each(inner, written, name)?)));
            }
            _ => {}
        }
        if let Some(field) = of.field(&name.text) {
            return Some(field.of.clone());
        }
        let diagnostic = match of {
            Type::Record(fields) => {
                if self.env.declarations.usage().is_lost(&name.text) {
                    return None;
                }
                let known = fields.iter().map(|field| field.name.as_str());
                let title = format!("there is no field `{}`", name.text);
                let diagnostic = Diagnostic::new(Code::UnknownField, name.span, title);
                match near_miss(&name.text, known.clone()) {
                    meant @ Some(_) => diagnostic.did_you_mean(meant),
                    None if fields.is_empty() => diagnostic.help("it has no fields at all"),
                    None => diagnostic.help(format!("it has {}", listing(known, 12))),
                }
            }
            other => {
                let title = format!("{} has no fields", noun(other));
                let diagnostic = Diagnostic::new(Code::UnknownField, name.span, title);
                match self.function_meant(written, name) {
                    Some(meant) => diagnostic.help(meant),
                    None => diagnostic,
                }
            }
        };
        let diagnostic = self.misplaced_attribute(diagnostic, written, name);
        let diagnostic = self.explain_order(diagnostic, written, name);
        self.report(diagnostic);
        None
    }

    /// A function that is written like a field: `items.length`.
    fn function_meant(&self, written: &tree::Expr, name: &Name) -> Option<String> {
        let function = foreign::function(&name.text)?;
        Some(format!("write `{function}({})`", one_line(self.env.sources.text(written.span))))
    }

    /// Says where a field is that is looked for in the wrong one of order and item.
    fn misplaced_attribute(&self, diagnostic: Diagnostic, written: &tree::Expr, name: &Name) -> Diagnostic {
        let ExprKind::Name(base) = &written.kind else { return diagnostic };
        if name.text == "attributes" && ["order", "item"].contains(&base.as_str()) {
            return diagnostic.help(format!("attributes are read beside the standard fields: `{base}.NAME`"));
        }
        let outline = self.env.outline;
        let kind = outline.kinds.iter().find(|kind| kind.fields.iter().any(|field| field.name == name.text));
        match kind {
            Some(kind) if base == "order" => diagnostic.help(match &self.view.item {
                Some(item) if item.field(&name.text).is_some() => {
                    format!("did you mean `item.{}`?", name.text)
                }
                _ => format!(
                    "it is an attribute of items: `{}.items.{}` are those of all items of the kind",
                    kind.text, name.text
                ),
            }),
            _ if base == "item" && outline.order.iter().any(|field| field.name == name.text) => {
                diagnostic.help(format!("did you mean `order.{}`?", name.text))
            }
            _ => diagnostic,
        }
    }

    /// Says why a field that exists can't be read yet.
    fn explain_order(&self, diagnostic: Diagnostic, written: &tree::Expr, name: &Name) -> Diagnostic {
        let ExprKind::Name(base) = &written.kind else { return diagnostic };
        let outline = self.env.outline;
        let declared = match base.as_str() {
            "order" if self.view.order != OrderView::Full => {
                outline.order.iter().any(|field| field.name == name.text)
                    || ["id", "submitted_at"].contains(&name.text.as_str())
            }
            "item" => outline.kinds.iter().any(|kind| kind.fields.iter().any(|f| f.name == name.text)),
            _ => false,
        };
        let (title, help) = match self.view.order {
            _ if !declared => return diagnostic,
            OrderView::Request => (
                format!("`{base}.{}` is not known before the order has its blueprint", name.text),
                "choose by what every order has: `category`, `customer`, `items`, …",
            ),
            OrderView::Standard | OrderView::Full => (
                format!("`{base}.{}` is not known before the item has its kind", name.text),
                "tell kinds by what every item has: `offering`, `action`, `quantity`, `product`",
            ),
        };
        Diagnostic::new(Code::NotVisible, name.span, title).help(help)
    }
}

const fn items_of(kind: ItemKind) -> Expr {
    Expr::Items(kind)
}
