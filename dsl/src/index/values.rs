//! Names in expressions, and where the fields of what they give are declared.

use std::rc::Rc;

use plan::BinaryOp;

use super::declaration::DeclarationKind;
use super::fields::Shape;
use super::uses::{Frame, Sight, Walker};
use crate::diagnostic::Span;
use crate::syntax::tree::{Expr, ExprKind, FieldDeclaration, Name, TextPart};

impl<'t> Walker<'t> {
    pub(super) fn value(&mut self, expr: &'t Expr, frame: &Frame<'t>) {
        self.expr(expr, &mut frame.clone(), &Shape::Nothing);
    }

    /// Walks an expression of which a shape is wanted; what shape it has.
    pub(super) fn expr(&mut self, expr: &'t Expr, frame: &mut Frame<'t>, wanted: &Shape<'t>) -> Shape<'t> {
        match &expr.kind {
            ExprKind::Unreadable
            | ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Duration(_) => Shape::Nothing,
            ExprKind::Text(parts) => {
                for part in parts {
                    if let TextPart::Value(value) = part {
                        self.expr(value, frame, &Shape::Nothing);
                    }
                }
                Shape::Nothing
            }
            ExprKind::List(elements) => {
                elements.iter().fold(Shape::Nothing, |shape, e| shape.or(self.expr(e, frame, wanted)))
            }
            ExprKind::Record(entries) => self.record(entries, frame, wanted),
            ExprKind::Name(name) => {
                if self.is_marker(name) {
                    let choices = wanted.choices(&self.declarations.types);
                    self.see(Sight { choices, ..Sight::from(&*frame) });
                }
                self.name(name, expr.span, frame)
            }
            ExprKind::Field { of, name, .. } => self.field(of, name, frame),
            ExprKind::Call { function, arguments } => {
                let mut shapes = Vec::new();
                for argument in arguments {
                    shapes.push(self.expr(argument, frame, &Shape::Nothing));
                }
                let keeps = ["first", "min", "max", "coalesce"].contains(&function.text.as_str());
                let kept = shapes.into_iter().filter(|_| keeps);
                kept.fold(Shape::Nothing, Shape::or)
            }
            ExprKind::Foreign(of) | ExprKind::Not(of) | ExprKind::Negate(of) => {
                self.expr(of, frame, &Shape::Nothing);
                Shape::Nothing
            }
            ExprKind::Binary { op, left, right, .. } => self.binary(*op, left, right, frame, wanted),
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition, frame, &Shape::Nothing);
                let then = self.expr(then, frame, wanted);
                then.or(self.expr(otherwise, frame, wanted))
            }
            ExprKind::Comprehension { each, variable, of, keep } => {
                let elements = self.expr(of, frame, &Shape::Nothing);
                self.uses.made.insert(variable.span, (variable, DeclarationKind::Variable));
                frame.locals.push((variable, elements));
                keep.iter().for_each(|keep| {
                    self.expr(keep, frame, &Shape::Nothing);
                });
                let shape = self.expr(each, frame, wanted);
                frame.locals.pop();
                shape
            }
        }
    }

    fn record(
        &mut self,
        entries: &'t [(Name, Expr)],
        frame: &mut Frame<'t>,
        wanted: &Shape<'t>,
    ) -> Shape<'t> {
        if entries.iter().any(|(name, _)| self.is_marker(&name.text)) {
            let is_free =
                |field: &&FieldDeclaration| entries.iter().all(|(name, _)| name.text != field.name.text);
            let fields = wanted.fields(&self.declarations.types).iter().filter(is_free).collect();
            self.see(Sight { fields, ..Sight::from(&*frame) });
        }
        let mut made = Vec::new();
        for (name, value) in entries {
            let member = wanted.member(&name.text, &self.declarations.types);
            let shape = if let Some((declared, shape)) = member {
                self.found(name.span, declared);
                self.expr(value, frame, &shape);
                shape
            } else {
                self.uses.made.insert(name.span, (name, DeclarationKind::Field));
                self.expr(value, frame, &Shape::Nothing)
            };
            made.push((name, shape));
        }
        if matches!(wanted, Shape::Nothing) { Shape::Made(Rc::new(made)) } else { wanted.clone() }
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        left: &'t Expr,
        right: &'t Expr,
        frame: &mut Frame<'t>,
        wanted: &Shape<'t>,
    ) -> Shape<'t> {
        let wanted = if op == BinaryOp::Coalesce { wanted } else { &Shape::Nothing };
        let shape = self.expr(left, frame, wanted);
        let asked = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(name) if self.is_marker(name));
        let in_list = matches!(&right.kind, ExprKind::List(elements) if elements.iter().any(asked));
        let compares = asked(right) || in_list;
        let shape = shape.or(self.expr(right, frame, wanted));
        if compares && let Some(sight) = &mut self.uses.sight {
            sight.compared = Some(left.span);
        }
        if op == BinaryOp::Coalesce { shape } else { Shape::Nothing }
    }

    fn name(&mut self, name: &str, at: Span, frame: &Frame<'t>) -> Shape<'t> {
        if let Some((local, shape)) = frame.locals.iter().rev().find(|(local, _)| local.text == name) {
            self.found(at, local.span);
            return shape.clone();
        }
        let outline = frame.outline;
        match name {
            "order" => {
                return outline.tree.order.first().map_or(Shape::Nothing, |o| Shape::Fields(&o.fields));
            }
            "item" => return frame.item.clone().unwrap_or(Shape::Nothing),
            "result" => return frame.result.clone().unwrap_or(Shape::Nothing),
            "before" => return frame.before.clone().unwrap_or(Shape::Nothing),
            _ => {}
        }
        // A word where one of some texts is wanted.
        if let Some(model::Type::OneOf(texts)) = self.declarations.notes.of(at)
            && texts.iter().any(|text| text == name)
        {
            return Shape::Nothing;
        }
        let parameters = outline.tree.parameters.iter().flat_map(|parameters| &parameters.fields);
        if let Some(parameter) = parameters.into_iter().find(|parameter| parameter.name.text == name) {
            self.found(at, parameter.name.span);
            return Shape::Of(&parameter.of);
        }
        let Some(seen) = outline.bare(frame.block, name).filter(|_| frame.tasks) else {
            return Shape::Nothing;
        };
        self.seen(Some(seen), at, outline);
        self.result(outline, seen.task)
    }

    fn field(&mut self, of: &'t Expr, name: &'t Name, frame: &mut Frame<'t>) -> Shape<'t> {
        if self.is_marker(&name.text) {
            self.see(Sight { of: Some(of), ..Sight::from(&*frame) });
        }
        let outline = frame.outline;
        if let ExprKind::Name(base) = &of.kind
            && !frame.locals.iter().any(|(local, _)| local.text == *base)
            && outline.bare(frame.block, base).filter(|_| frame.tasks).is_none()
            && let Some(kind) = outline.kind(base)
        {
            self.kind(base, of.span, outline);
            if name.text == "items" {
                let item = outline.tree.items.iter().find(|item| item.name.text == *base);
                return item.map_or(Shape::Nothing, |item| Shape::Fields(&item.fields));
            }
            let seen = outline.dotted(frame.block, kind, &name.text);
            self.seen(seen, name.span, outline);
            return seen.map_or(Shape::Nothing, |seen| self.result(outline, seen.task));
        }
        let shape = self.expr(of, frame, &Shape::Nothing);
        let Some((declared, shape)) = shape.member(&name.text, &self.declarations.types) else {
            return Shape::Nothing;
        };
        self.found(name.span, declared);
        shape
    }
}
