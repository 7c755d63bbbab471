//! Expressions: the grammar hands them over flat, and precedence is settled here.

use std::iter::Peekable;

use pest::iterators::Pairs;
use plan::{Arithmetic, BinaryOp, Comparison};
use rust_decimal::Decimal;

use super::foreign::foreign_meaning;
use super::tree::{Expr, ExprKind, TextPart};
use super::{EXPRESSION_HEIGHT, Pair, Reader, Rule, child};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};

/// How tightly operators bind, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Loosest,
    Or,
    And,
    Not,
    Compare,
    Coalesce,
    Add,
    Multiply,
    Negate,
}

impl Binding {
    /// What an operand on the right must bind by, so that operators of this binding group to the left.
    const fn tighter(self) -> Self {
        match self {
            Self::Loosest => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Compare,
            Self::Compare => Self::Coalesce,
            // `a ?? b ?? c` groups to the right: what is left of it is never needed.
            Self::Coalesce => Self::Coalesce,
            Self::Add => Self::Multiply,
            Self::Multiply | Self::Negate => Self::Negate,
        }
    }
}

/// How tightly an operator binds.
const fn binding(op: BinaryOp) -> Binding {
    match op {
        BinaryOp::Or => Binding::Or,
        BinaryOp::And => Binding::And,
        BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::Compare(_) | BinaryOp::In | BinaryOp::Matches => {
            Binding::Compare
        }
        BinaryOp::Coalesce => Binding::Coalesce,
        BinaryOp::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => Binding::Add,
        BinaryOp::Arithmetic(Arithmetic::Multiply | Arithmetic::Divide) => Binding::Multiply,
    }
}

fn infix(rule: Rule) -> Option<BinaryOp> {
    let operators = [
        (Rule::kw_or, BinaryOp::Or),
        (Rule::kw_and, BinaryOp::And),
        (Rule::equal, BinaryOp::Equal),
        (Rule::not_equal, BinaryOp::NotEqual),
        (Rule::less, BinaryOp::Compare(Comparison::Less)),
        (Rule::less_equal, BinaryOp::Compare(Comparison::LessOrEqual)),
        (Rule::greater, BinaryOp::Compare(Comparison::Greater)),
        (Rule::greater_equal, BinaryOp::Compare(Comparison::GreaterOrEqual)),
        (Rule::kw_in, BinaryOp::In),
        (Rule::kw_matches, BinaryOp::Matches),
        (Rule::coalesce, BinaryOp::Coalesce),
        (Rule::plus, BinaryOp::Arithmetic(Arithmetic::Add)),
        (Rule::minus, BinaryOp::Arithmetic(Arithmetic::Subtract)),
        (Rule::times, BinaryOp::Arithmetic(Arithmetic::Multiply)),
        (Rule::divide, BinaryOp::Arithmetic(Arithmetic::Divide)),
    ];
    operators.into_iter().find(|(r, _)| *r == rule).map(|(_, op)| op)
}

impl Reader<'_> {
    pub(super) fn expr(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        // Operators recurse while they are grouped, so their number is looked at first.
        if self.depth > EXPRESSION_HEIGHT || pair.clone().into_inner().count() > EXPRESSION_HEIGHT {
            return self.too_high(span);
        }
        if let Some(choice) = child(pair, Rule::wrong_choice) {
            self.foreign_choice(span, &choice);
            return unreadable(span);
        }
        self.depth += 1;
        let mut tokens = pair.clone().into_inner().peekable();
        let expr = self.binary(&mut tokens, Binding::Loosest, span);
        self.depth -= 1;
        expr
    }

    fn binary(&mut self, tokens: &mut Peekable<Pairs<'_, Rule>>, least: Binding, whole: Span) -> Expr {
        let mut left = self.operand(tokens, whole);
        while let Some((token, meant)) =
            tokens.peek().and_then(|token| Some((token.clone(), operator(token)?)))
        {
            let binds = meant.map_or(Binding::Compare, binding);
            if binds < least {
                break;
            }
            tokens.next();
            let foreign = token.as_rule() == Rule::wrong_infix;
            if foreign {
                self.foreign_operator(&token);
            }
            if let Some(missing) = tokens.next_if(|t| t.as_rule() == Rule::missing_operand) {
                self.missing_operand(&token, &missing, foreign);
                left = unreadable(left.span);
                continue;
            }
            let right = self.binary(tokens, binds.tighter(), whole);
            let span = left.span.to(right.span);
            let Some(op) = meant else {
                left = unreadable(span);
                continue;
            };
            let height = left.height.max(right.height);
            let op_span = self.span(&token);
            let kind = ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) };
            left = self.over(span, height, kind);
            if foreign {
                left = self.foreign(left);
            }
        }
        left
    }

    fn foreign(&mut self, operation: Expr) -> Expr {
        self.over(operation.span, operation.height, ExprKind::Foreign(Box::new(operation)))
    }

    /// Reports that nothing stands on the right of an operator, unless the operator itself has been.
    fn missing_operand(&mut self, operator: &Pair<'_>, missing: &Pair<'_>, told: bool) {
        let at = self.token_at(missing.as_span().start());
        self.told = Some(at.start);
        if told {
            return;
        }
        // What begins like a value is one that goes wrong further on.
        let begins_value = self.slice(at).starts_with(['"', '(', '[']);
        let in_value = begins_value.then(|| self.retried(at, &[(Rule::expr, "")])).flatten();
        let diagnostic = in_value.unwrap_or_else(|| {
            let title =
                format!("expected a value after `{}`, found {}", operator.as_str(), self.describe(at));
            Diagnostic::new(Code::UnexpectedText, at, title)
        });
        self.report(diagnostic);
    }

    fn operand(&mut self, tokens: &mut Peekable<Pairs<'_, Rule>>, whole: Span) -> Expr {
        let Some(token) = tokens.next() else { return unreadable(whole) };
        let span = self.span(&token);
        let rule = token.as_rule();
        if rule == Rule::kw_not || rule == Rule::wrong_not {
            let foreign = rule == Rule::wrong_not;
            if foreign {
                self.foreign_not(&token);
            }
            // `not a == b` means `not (a == b)`, and `!a && b` what it means where it comes from.
            let least = if token.as_str() == "!" { Binding::Negate } else { Binding::Not };
            let of = self.binary(tokens, least, whole);
            let not = self.over(span.to(of.span), of.height, ExprKind::Not(Box::new(of)));
            return if foreign { self.foreign(not) } else { not };
        }
        if rule == Rule::negate {
            let of = self.binary(tokens, Binding::Negate, whole);
            return self.over(span.to(of.span), of.height, ExprKind::Negate(Box::new(of)));
        }
        let mut operand = self.primary(&token);
        let accesses = [
            Rule::field_access,
            Rule::safe_access,
            Rule::wrong_access,
            Rule::wrong_method,
            Rule::wrong_index,
        ];
        while let Some(access) = tokens.next_if(|t| accesses.contains(&t.as_rule())) {
            let rule = access.as_rule();
            let span = operand.span.to(self.span(&access));
            if rule == Rule::wrong_method || rule == Rule::wrong_index {
                // What has been told of already is not told of again.
                if !matches!(operand.kind, ExprKind::Unreadable) && rule == Rule::wrong_method {
                    self.foreign_method(&operand, &access);
                } else if !matches!(operand.kind, ExprKind::Unreadable) {
                    self.foreign_index(&operand, &access);
                }
                operand = unreadable(span);
                continue;
            }
            if rule == Rule::wrong_access {
                self.foreign_access(&access);
            }
            let Some(name) = child(&access, Rule::word) else { continue };
            let safe = rule == Rule::safe_access;
            let (height, name) = (operand.height, self.name(&name));
            operand = self.over(span, height, ExprKind::Field { of: Box::new(operand), name, safe });
        }
        operand
    }

    pub(super) fn primary(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let rule = pair.as_rule();
        let kind = if rule == Rule::name {
            ExprKind::Name(pair.as_str().to_owned())
        } else if rule == Rule::string {
            return self.string(pair);
        } else if rule == Rule::number {
            self.number(pair)
        } else if rule == Rule::duration {
            self.duration(pair).map_or(ExprKind::Unreadable, ExprKind::Duration)
        } else if rule == Rule::kw_true || rule == Rule::kw_false {
            ExprKind::Bool(rule == Rule::kw_true)
        } else if rule == Rule::kw_null {
            ExprKind::Null
        } else if rule == Rule::parenthesised {
            let mut inner = self.exprs(pair);
            return match inner.pop() {
                Some(only) if inner.is_empty() => only,
                None => unreadable(span),
                Some(last) => {
                    self.foreign_list(pair);
                    inner.push(last);
                    self.over(span, highest(&inner), ExprKind::List(inner))
                }
            };
        } else if rule == Rule::list {
            return self.list(pair);
        } else if rule == Rule::record {
            let entries = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::entry);
            let entries: Vec<_> = entries.filter_map(|entry| self.named_value(&entry)).collect();
            let height = entries.iter().map(|(_, value)| value.height).max().unwrap_or(0);
            return self.over(span, height, ExprKind::Record(entries));
        } else if rule == Rule::function {
            let Some(function) = child(pair, Rule::name) else { return unreadable(span) };
            let arguments = self.exprs(pair);
            let height = highest(&arguments);
            let kind = ExprKind::Call { function: self.name(&function), arguments };
            return self.over(span, height, kind);
        } else if rule == Rule::conditional {
            return self.conditional(pair);
        } else if rule == Rule::wrong_date {
            self.foreign_date(pair);
            ExprKind::Unreadable
        } else if rule == Rule::wrong_pattern {
            self.foreign_pattern(pair);
            ExprKind::Text(vec![TextPart::Literal(pair.as_str().trim_matches('/').to_owned())])
        } else if rule == Rule::wrong_number {
            let title = format!("`{}` is neither a number nor a duration", pair.as_str());
            let digits = pair.as_str().replace('_', "");
            let diagnostic = Diagnostic::new(Code::InvalidLiteral, span, title);
            self.report(if digits.bytes().all(|digit| digit.is_ascii_digit()) {
                diagnostic.help(format!("write `{digits}`")).fix(digits)
            } else if looks_computed(&digits) {
                diagnostic.help("a number is written in decimal digits: `1000000`, `0.5`")
            } else {
                diagnostic.help("units of time are `ms`, `s`, `m`, `h`, `d` and `w`")
            });
            ExprKind::Unreadable
        } else if rule == Rule::wrong_string {
            let mut inside = pair.as_str().chars();
            inside.next();
            inside.next_back();
            let text = inside.as_str();
            let title = "a text stands in straight double quotes";
            let diagnostic = Diagnostic::new(Code::OtherLanguage, span, title);
            self.report(diagnostic.help(format!("write `\"{text}\"`")).fix(format!("\"{text}\"")));
            ExprKind::Text(vec![TextPart::Literal(text.to_owned())])
        } else {
            ExprKind::Unreadable
        };
        Expr { span, kind, height: 1 }
    }

    fn list(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let mut elements = self.exprs(pair);
        let Some(comprehension) = child(pair, Rule::comprehension) else {
            return self.over(span, highest(&elements), ExprKind::List(elements));
        };
        let (variable, of) = (child(&comprehension, Rule::name), child(&comprehension, Rule::expr));
        let (Some(each), Some(variable), Some(of)) = (elements.pop(), variable, of) else {
            return unreadable(span);
        };
        let variable = self.name(&variable);
        let of = self.expr(&of);
        let keep = child(&comprehension, Rule::filter).and_then(|filter| self.filter(&filter));
        let height = each.height.max(of.height).max(keep.as_ref().map_or(0, |keep| keep.height));
        let (each, of, keep) = (Box::new(each), Box::new(of), keep.map(Box::new));
        self.over(span, height, ExprKind::Comprehension { each, variable, of, keep })
    }

    fn conditional(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let mut parts = self.exprs(pair).into_iter();
        let (Some(condition), Some(then), Some(otherwise)) = (parts.next(), parts.next(), parts.next())
        else {
            return unreadable(span);
        };
        let height = condition.height.max(then.height).max(otherwise.height);
        let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
        self.over(span, height, ExprKind::If { condition, then, otherwise })
    }

    fn exprs(&mut self, pair: &Pair<'_>) -> Vec<Expr> {
        let inner = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::expr);
        inner.map(|e| self.expr(&e)).collect()
    }

    fn number(&mut self, pair: &Pair<'_>) -> ExprKind {
        match Decimal::from_str_exact(pair.as_str()) {
            Ok(number) => ExprKind::Number(number.normalize()),
            Err(_) => {
                let title = "a number has at most 28 digits";
                self.report(Diagnostic::new(Code::InvalidLiteral, self.span(pair), title));
                ExprKind::Unreadable
            }
        }
    }

    /// A text with the values in it.
    fn string(&mut self, pair: &Pair<'_>) -> Expr {
        let mut parts = Vec::new();
        let mut literal = String::new();
        for part in pair.clone().into_inner() {
            let rule = part.as_rule();
            if rule == Rule::string_text {
                literal.push_str(part.as_str());
            } else if rule == Rule::escape {
                literal.push_str(match part.as_str() {
                    "\\n" => "\n",
                    "\\t" => "\t",
                    other => other.trim_start_matches('\\').get(..1).unwrap_or("\\"),
                });
            } else if rule == Rule::wrong_escape {
                let title = format!("`{}` means nothing in a text", part.as_str());
                self.report(
                    Diagnostic::new(Code::InvalidLiteral, self.span(&part), title)
                        .help("known are `\\\"`, `\\\\`, `\\{`, `\\}`, `\\n` and `\\t`"),
                );
            } else if rule == Rule::interpolation
                && let Some(value) = child(&part, Rule::expr)
            {
                if !literal.is_empty() {
                    parts.push(TextPart::Literal(std::mem::take(&mut literal)));
                }
                parts.push(TextPart::Value(self.expr(&value)));
            }
        }
        if !literal.is_empty() {
            parts.push(TextPart::Literal(literal));
        }
        let heights = parts.iter().map(|part| match part {
            TextPart::Value(value) => value.height,
            TextPart::Literal(_) => 0,
        });
        let height = heights.max().unwrap_or(0);
        self.over(self.span(pair), height, ExprKind::Text(parts))
    }

    /// An expression over others of a height, if that does not make it too high.
    fn over(&mut self, span: Span, height: usize, kind: ExprKind) -> Expr {
        if height >= EXPRESSION_HEIGHT {
            return self.too_high(span);
        }
        Expr { span, kind, height: height + 1 }
    }

    fn too_high(&mut self, span: Span) -> Expr {
        let title = format!("the expression has more than {EXPRESSION_HEIGHT} operators in one another");
        self.report(Diagnostic::new(Code::NestedTooDeeply, span, title));
        unreadable(span)
    }
}

/// What an operator means: none if it is of another language and nothing here means it. None at all for other tokens.
fn operator(token: &Pair<'_>) -> Option<Option<BinaryOp>> {
    let foreign = token.as_rule() == Rule::wrong_infix;
    if foreign { Some(foreign_meaning(token.as_str())) } else { infix(token.as_rule()).map(Some) }
}

/// Whether a number is written as computers do: `0xFF`, `1e6`.
fn looks_computed(number: &str) -> bool {
    let number = number.to_ascii_lowercase();
    let exponent = number.split_once('e').is_some_and(|(digits, power)| {
        [digits, power].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    });
    exponent || ["0x", "0b", "0o"].iter().any(|prefix| number.starts_with(prefix))
}

const fn unreadable(span: Span) -> Expr {
    Expr { span, kind: ExprKind::Unreadable, height: 1 }
}

fn highest(exprs: &[Expr]) -> usize {
    exprs.iter().map(|e| e.height).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileId;

    /// How an expression was grouped.
    fn grouped(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Binary { op, left, right, .. } => {
                let op = match op {
                    BinaryOp::Or => "or",
                    BinaryOp::And => "and",
                    BinaryOp::Equal => "==",
                    BinaryOp::NotEqual => "!=",
                    BinaryOp::Compare(_) => "<",
                    BinaryOp::In => "in",
                    BinaryOp::Matches => "matches",
                    BinaryOp::Coalesce => "??",
                    BinaryOp::Arithmetic(Arithmetic::Add) => "+",
                    BinaryOp::Arithmetic(Arithmetic::Subtract) => "-",
                    BinaryOp::Arithmetic(Arithmetic::Multiply) => "*",
                    BinaryOp::Arithmetic(Arithmetic::Divide) => "/",
                };
                format!("({} {op} {})", grouped(left), grouped(right))
            }
            ExprKind::Foreign(of) => grouped(of),
            ExprKind::Not(of) => format!("(not {})", grouped(of)),
            ExprKind::Negate(of) => format!("(-{})", grouped(of)),
            ExprKind::Field { of, name, safe } => {
                format!("{}{}{}", grouped(of), if *safe { "?." } else { "." }, name.text)
            }
            ExprKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", grouped(condition), grouped(then), grouped(otherwise))
            }
            ExprKind::Name(name) => name.clone(),
            ExprKind::Number(number) => number.to_string(),
            ExprKind::Call { function, arguments } => {
                let arguments: Vec<_> = arguments.iter().map(grouped).collect();
                format!("{}({})", function.text, arguments.join(", "))
            }
            ExprKind::Unreadable
            | ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Duration(_)
            | ExprKind::Text(_)
            | ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::Comprehension { .. } => "…".to_owned(),
        }
    }

    #[test]
    fn operators_group_by_how_tightly_they_bind() {
        for (written, meant) in [
            ("a or b and c or d", "((a or (b and c)) or d)"),
            ("not a == b and c", "((not (a == b)) and c)"),
            ("not not a", "(not (not a))"),
            ("a == not b", "(a == (not b))"),
            ("a + b * c - d / e", "((a + (b * c)) - (d / e))"),
            ("a - b - c", "((a - b) - c)"),
            ("-a * -b", "((-a) * (-b))"),
            ("-a.b", "(-a.b)"),
            ("a ?? b ?? c", "(a ?? (b ?? c))"),
            ("a ?? b + 1 < c", "((a ?? (b + 1)) < c)"),
            ("a?.b.c ?? d == e", "((a?.b.c ?? d) == e)"),
            ("a in b and c matches d", "((a in b) and (c matches d))"),
            ("if a then b else c or d", "(if a then b else (c or d))"),
            ("f(a, b + c) < (a or b)", "(f(a, (b + c)) < (a or b))"),
            ("nothing or notable", "(nothing or notable)"),
        ] {
            let text = format!("blueprint b version 1 {{ accepts order where {written} }}");
            let (file, diagnostics) = super::super::parse(FileId::FIRST, &text);
            assert!(diagnostics.is_empty(), "{written}: {diagnostics:?}");
            assert_eq!(grouped(&file.blueprints[0].accepts[0].condition), meant, "{written}");
        }
    }

    #[test]
    fn operators_of_other_languages_group_as_ours_do() {
        for (written, meant) in [
            ("a || b && !c == d", "(a or (b and ((not c) == d)))"),
            ("a is not b OR NOT c IN d", "((a != b) or (not (c in d)))"),
            ("a === b", "(a == b)"),
            ("a <> b", "(a != b)"),
            ("a like b", "(a matches b)"),
            ("a % 2 == 0 and b", "((… == 0) and b)"),
            ("a in (b, c)", "(a in …)"),
        ] {
            let text = format!("blueprint b version 1 {{ accepts order where {written} }}");
            let (file, diagnostics) = super::super::parse(FileId::FIRST, &text);
            assert!(diagnostics.iter().all(|d| d.code == Code::OtherLanguage), "{written}: {diagnostics:?}");
            assert_eq!(grouped(&file.blueprints[0].accepts[0].condition), meant, "{written}");
        }
    }
}
