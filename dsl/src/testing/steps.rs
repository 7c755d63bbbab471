//! What happens from outside in a test: whether it fits the tasks at which it happens.

use std::collections::{BTreeMap, BTreeSet};

use model::{OperatorAction, Pointer, Type, Value};
use plan::{Argument, Body, TaskIndex};

use super::bind::Binder;
use super::document;
use super::literal::{self, Fields};
use super::names::said;
use super::order::words;
use super::{Act, Operator, Step};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};
use crate::syntax::story::{self, Amendment, PlacePart, StepAct, StoryTask};
use crate::syntax::tree::{Expr, ExprKind, Name};

impl Binder<'_> {
    pub(super) fn step(&mut self, step: &story::Step) -> Option<Step> {
        let mut begin = true;
        for name in &step.tasks {
            begin &= self.begins(name);
        }
        let tasks = self.tasks(&step.tasks)?;
        if !begin {
            return None;
        }
        let act = match &step.act {
            StepAct::Signal { name, payload } => self.signal(name, payload.as_ref(), step)?,
            StepAct::Complete(result) => self.complete(result.as_ref(), step)?,
            StepAct::Operator { action, said, at } => {
                self.can_be_held(&step.tasks);
                Act::Operator(self.operator(*action, said.as_ref(), *at, step)?)
            }
            StepAct::Cancel(item) => Act::Cancel {
                item: match item {
                    Some(item) => Some(self.order_item(item, Code::UnfitStep)?),
                    None => None,
                },
            },
            StepAct::Pause => Act::Pause,
            StepAct::Resume => Act::Resume,
            StepAct::Amend(amendments) => self.amend(amendments, step.span)?,
        };
        let after = step.after.unwrap_or_default();
        Some(Step { act, tasks, after, twice: step.twice, at: step.span })
    }

    /// Whether a task ever begins: the plan may leave it out, which is reported. A task that there is not is reported elsewhere.
    fn begins(&mut self, name: &StoryTask) -> bool {
        let faults = self.diagnostics.len();
        let tasks = self.instances(name);
        self.diagnostics.truncate(faults);
        let Some(tasks) = tasks else { return true };
        let rules: Option<Vec<&str>> = tasks.iter().map(|task| self.left_out(*task)).collect();
        let Some(rules) = rules else { return true };
        let rule = rules.first().copied().unwrap_or_default().to_owned();
        let title = format!("`{}` never begins: the plan of this order leaves it out", said(name));
        self.report(Diagnostic::new(Code::UnfitStep, name.span, title).note(rule));
        false
    }

    /// The tasks that a name of a step stands for, each once per definition.
    fn kinds_of(&mut self, name: &StoryTask) -> Vec<TaskIndex> {
        let tasks = self.instances(name).unwrap_or_default();
        let mut seen = BTreeSet::new();
        tasks.into_iter().filter(|task| seen.insert(self.plan.task(*task).definition)).collect()
    }

    fn signal(&mut self, signal: &Name, payload: Option<&Expr>, step: &story::Step) -> Option<Act> {
        let mut value = None;
        for name in &step.tasks {
            for task in self.kinds_of(name) {
                let definition = self.plan.definition(task);
                if let Body::Wait { signal: waits_for, fields, .. } = &definition.body
                    && waits_for.as_str() == signal.text
                {
                    let fields = fields.clone();
                    let read = self.said(payload, &fields, signal.span);
                    value = value.or_else(|| Some((waits_for.clone(), read)));
                    continue;
                }
                let title = format!("`{}` does not wait for the signal `{}`", said(name), signal.text);
                let diagnostic = Diagnostic::new(Code::UnfitStep, name.span, title);
                let waiting: Vec<_> = self
                    .planned()
                    .filter(|d| matches!(&d.body, Body::Wait { signal: s, .. } if s.as_str() == signal.text))
                    .map(|d| d.name.as_str())
                    .collect();
                let help = match (&definition.body, waiting.as_slice()) {
                    (_, [_, ..]) => format!("{} does", listing(waiting, 6)),
                    (Body::Wait { signal, .. }, []) => format!("it waits for `{signal}`"),
                    (Body::Manual(_), []) => format!("a person does it: write `complete {}`", said(name)),
                    _ => "no task of this order does".to_owned(),
                };
                self.report(diagnostic.help(help));
                return None;
            }
        }
        value.map(|(name, payload)| Act::Signal { name, payload })
    }

    fn complete(&mut self, result: Option<&Expr>, step: &story::Step) -> Option<Act> {
        let mut value = None;
        for name in &step.tasks {
            for task in self.kinds_of(name) {
                if let Body::Manual(manual) = &self.plan.definition(task).body {
                    let fields = manual.fields.clone();
                    let read = self.said(result, &fields, name.span);
                    value = value.or(Some(read));
                    continue;
                }
                let title = format!("nobody has to complete `{}`", said(name));
                let help = match &self.plan.definition(task).body {
                    Body::Wait { signal, .. } => {
                        format!("it waits for a signal: write `signal {signal} {{ … }} at {}`", said(name))
                    }
                    _ => format!(
                        "when it is held, an operator can: write `operator complete {{ … }} at {}`",
                        said(name)
                    ),
                };
                self.report(Diagnostic::new(Code::UnfitStep, name.span, title).help(help));
                return None;
            }
        }
        value.map(|result| Act::Complete { result })
    }

    /// What an operator does, with what they say: a result when they have done it by hand, arguments when it is tried again.
    fn operator(
        &mut self,
        action: OperatorAction,
        said: Option<&Expr>,
        at: Span,
        step: &story::Step,
    ) -> Option<Operator> {
        let plain = match action {
            OperatorAction::Retry => {
                let arguments = said.map_or_else(BTreeMap::new, |said| self.given_anew(said, step));
                return Some(Operator::Retry { arguments });
            }
            OperatorAction::Complete => {
                let mut value = None;
                for name in &step.tasks {
                    for task in self.kinds_of(name) {
                        let of = self.plan.definition(task).result_type();
                        let result = self.said(said, &of, at);
                        value = value.or(Some(result));
                    }
                }
                return value.map(|result| Operator::Complete { result });
            }
            OperatorAction::Skip => Operator::Skip,
            OperatorAction::Rollback => Operator::Rollback,
            OperatorAction::Undone => Operator::Undone,
            OperatorAction::Accept => Operator::Accept,
        };
        if let Some(said) = said {
            let title = format!("nothing is said with `operator {action}`");
            let help = "take the record out: an operator says something with `complete` and `retry`";
            self.report(Diagnostic::new(Code::UnfitStep, said.span, title).help(help));
        }
        Some(plain)
    }

    /// The arguments that tasks are tried again with: each must be one that they are given.
    fn given_anew(&mut self, said: &Expr, step: &story::Step) -> BTreeMap<String, Value> {
        for name in &step.tasks {
            for task in self.kinds_of(name) {
                let given: &[Argument] = match &self.plan.definition(task).body {
                    Body::Call(body) => &body.call.arguments,
                    Body::Poll(body) => &body.query.arguments,
                    Body::Run(body) => &body.arguments,
                    Body::Wait { .. } | Body::Manual(_) | Body::Sleep(_) | Body::Let(_) | Body::Milestone => {
                        &[]
                    }
                };
                let names = || given.iter().map(|argument| argument.name.as_str());
                let ExprKind::Record(fields) = &said.kind else { continue };
                for (field, _) in fields.iter().filter(|(field, _)| !names().any(|name| name == field.text)) {
                    let title = format!("`{}` is given no `{}`", super::names::said(name), field.text);
                    let diagnostic = Diagnostic::new(Code::UnfitStep, field.span, title);
                    let diagnostic = match near_miss(&field.text, names()) {
                        None if names().next().is_none() => diagnostic.help("it is given nothing"),
                        None => diagnostic.help(format!("it is given {}", listing(names(), 10))),
                        meant => diagnostic.did_you_mean(meant),
                    };
                    self.diagnostics.push(diagnostic);
                }
            }
        }
        let Value::Record(arguments) = literal::value(said, &Type::Any, Fields::All, self.diagnostics) else {
            return BTreeMap::new();
        };
        arguments
    }

    /// What somebody says in a record of a type; without one, in a record of no fields.
    fn said(&mut self, record: Option<&Expr>, of: &Type, at: Span) -> Value {
        let nothing;
        let expr = match record {
            Some(expr) => expr,
            None => {
                nothing = Expr { span: at, kind: ExprKind::Record(Vec::new()), height: 1 };
                &nothing
            }
        };
        literal::value(expr, of, Fields::All, self.diagnostics)
    }

    fn can_be_held(&mut self, names: &[StoryTask]) {
        for name in names {
            for task in self.kinds_of(name) {
                if matches!(self.plan.definition(task).body, Body::Milestone) {
                    let title =
                        format!("`{}` is a milestone: it does nothing, and so is never held", said(name));
                    self.report(Diagnostic::new(Code::UnfitStep, name.span, title));
                }
            }
        }
    }

    fn amend(&mut self, amendments: &[Amendment], at: Span) -> Option<Act> {
        if amendments.is_empty() {
            let title = "the amendment changes nothing";
            let help = "say what changes: `items[\"1\"].attributes.speed_mbps: 1000`";
            self.report(Diagnostic::new(Code::UnfitStep, at, title).help(help));
            return None;
        }
        let faults = self.diagnostics.len();
        let (mut changes, mut documents) = (Vec::new(), Vec::new());
        for amendment in amendments {
            let Some(pointer) = self.place(amendment) else { continue };
            let document = document::read(&amendment.value, self.diagnostics);
            changes.push((pointer.clone(), document.value.clone()));
            documents.push((amendment, pointer, document));
        }
        if self.diagnostics.len() > faults {
            return None;
        }
        let together: Vec<_> = self.amended.iter().chain(&changes).cloned().collect();
        let planned = self.ordered.amended(&together);
        for fault in planned.as_ref().err().into_iter().flatten() {
            let concerned = documents.iter().find(|(_, pointer, _)| pointer.contains(&fault.pointer));
            let (place, title) = match concerned {
                Some((amendment, pointer, document)) => {
                    let below = fault.pointer.as_str().strip_prefix(pointer.as_str()).unwrap_or_default();
                    let below = below.split('/').skip(1).fold(Pointer::root(), |at, step| at.key(step));
                    match document.place(&below) {
                        Some((place, true)) => (place, fault.detail.clone()),
                        _ if below == Pointer::root() => (amendment.value.span, fault.detail.clone()),
                        _ => (amendment.span, fault.to_string()),
                    }
                }
                None => (documents.first().map_or(at, |(first, ..)| first.span), fault.to_string()),
            };
            let title = format!("the amended order does not fit: {title}");
            self.report(Diagnostic::new(Code::UnfitOrder, place, title));
        }
        if self.diagnostics.len() > faults {
            return None;
        }
        for (_, pointer, document) in &documents {
            words(document, pointer, self.blueprint, self.plan, self.diagnostics);
        }
        let plan = Box::new(planned.ok()?);
        self.amended = together;
        let changes = changes.into_iter().map(|(pointer, value)| (pointer.to_string(), value)).collect();
        Some(Act::Amend { changes, plan })
    }

    /// The place in the order's document that an amendment names.
    fn place(&mut self, amendment: &Amendment) -> Option<Pointer> {
        let mut at = Pointer::root();
        for part in &amendment.place {
            at = match part {
                PlacePart::Field(name) => at.key(&name.text),
                PlacePart::Item(id) if at.as_str() == "/items" => match self.ordered.item(&id.text) {
                    Some(item) => at.index(item),
                    None => {
                        let ids = || self.plan.items().iter().map(|item| item.id.as_str());
                        let title = format!("the order has no item `{}`", id.text);
                        let diagnostic = Diagnostic::new(Code::UnfitStep, id.span, title);
                        let help = format!("it has {}", listing(ids(), 10));
                        let diagnostic = match near_miss(&id.text, ids()) {
                            None => diagnostic.help(help),
                            meant => diagnostic.did_you_mean(meant),
                        };
                        self.report(diagnostic);
                        return None;
                    }
                },
                PlacePart::Item(id) => {
                    let title = "only an item of the order is named in `[` and `]`";
                    self.report(
                        Diagnostic::new(Code::UnfitStep, id.span, title)
                            .help("an element of another list is not changed alone: give the list anew"),
                    );
                    return None;
                }
            };
        }
        Some(at)
    }
}
