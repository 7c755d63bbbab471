//! What is known where a condition holds: which values are not missing, and which conditions hold already.

use plan::BinaryOp;

use crate::diagnostic::SourceMap;
use crate::syntax::tree::{Expr, ExprKind};

/// A name and fields of it: `item.cpe.serial`.
pub(super) type Path = Vec<String>;

/// What is known at a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What is not null.
    pub(super) present: Vec<Path>,
    /// The conditions that hold, as written.
    pub(super) conditions: Vec<String>,
}

impl Facts {
    /// Adds what follows from a condition holding, or not holding.
    pub(super) fn learn(&mut self, condition: &Expr, holds: bool, sources: &SourceMap) {
        if holds {
            self.conditions.push(wording(sources.text(condition.span)));
        }
        match &condition.kind {
            ExprKind::Foreign(inner) => self.learn(inner, holds, sources),
            ExprKind::Not(inner) => self.learn(inner, !holds, sources),
            ExprKind::Binary { op: BinaryOp::And, left, right, .. } if holds => {
                self.learn(left, true, sources);
                self.learn(right, true, sources);
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right, .. } if !holds => {
                self.learn(left, false, sources);
                self.learn(right, false, sources);
            }
            ExprKind::Binary { op: BinaryOp::NotEqual, left, right, .. } if is_null(right) => {
                self.present(left, holds);
            }
            ExprKind::Binary { op: BinaryOp::Equal, left, right, .. } if is_null(right) => {
                self.present(left, !holds);
            }
            // What equals something that is there is there.
            ExprKind::Binary { op: BinaryOp::Equal, left, right, .. } if is_literal(right) => {
                self.present(left, holds);
            }
            ExprKind::Call { function, arguments } if function.text == "ran" && holds => {
                arguments.iter().for_each(|task| self.present(task, true));
            }
            _ => {}
        }
    }

    fn present(&mut self, expr: &Expr, is: bool) {
        let Some(path) = path(expr).filter(|_| is) else { return };
        // A field that is there is a field of something that is there.
        for length in 1..=path.len() {
            self.present.extend(path.get(..length).map(<[String]>::to_vec));
        }
    }

    /// Whether an expression is known not to be null.
    pub(super) fn is_present(&self, expr: &Expr) -> bool {
        !self.present.is_empty() && path(expr).is_some_and(|path| self.present.contains(&path))
    }
}

/// The conditions that `condition` is made of, as written, if it holds only when each of them does.
pub(super) fn conjuncts(condition: &Expr, sources: &SourceMap) -> Vec<String> {
    if let ExprKind::Foreign(operation) = &condition.kind {
        return conjuncts(operation, sources);
    }
    if let ExprKind::Binary { op: BinaryOp::And, left, right, .. } = &condition.kind {
        let mut both = conjuncts(left, sources);
        both.extend(conjuncts(right, sources));
        return both;
    }
    vec![wording(sources.text(condition.span))]
}

/// What a condition says, whatever its layout and its comments.
fn wording(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let (mut quoted, mut apart) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            if c == '\\' {
                out.extend(chars.next());
            }
            quoted = c != '"';
        } else if c.is_whitespace() || c == '\u{FEFF}' {
            apart = true;
        } else if c == '/' && chars.peek() == Some(&'/') {
            chars.by_ref().take_while(|c| *c != '\n').for_each(drop);
            apart = true;
        } else {
            if apart && is_word(c) && out.ends_with(is_word) {
                out.push(' ');
            }
            // A comma behind the last of several says nothing.
            if matches!(c, ']' | ')' | '}') && out.ends_with(',') {
                out.pop();
            }
            out.push(c);
            (quoted, apart) = (c == '"', false);
        }
    }
    out
}

fn path(expr: &Expr) -> Option<Path> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![name.clone()]),
        ExprKind::Field { of, name, .. } => {
            let mut path = path(of)?;
            path.push(name.text.clone());
            Some(path)
        }
        _ => None,
    }
}

const fn is_null(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Null)
}

const fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::Duration(_) | ExprKind::Text(_))
}
