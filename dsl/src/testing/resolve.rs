//! What a test says by itself: whether what it names exists, and whether what it says is of the right type.

use std::collections::BTreeMap;

use model::{ItemState, OperationName, OrderState, SystemName, TaskState};

use super::literal::{self, Fields};
use super::{Behaviour, ExpectationLine, OrderLine, StubLine, Test, Unbound};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{Declarations, Outline, duplicate};
use crate::suggest::{listing, near_miss};
use crate::syntax::story::{self, Does, Expected, OrderDocument, StepAct};
use crate::syntax::tree::{ClauseKind, Name};

/// What systems say in a test that does not say why.
const NO_REASON: &str = "the test says so";

/// Resolves the tests of a library; those that nothing is left of are missing.
pub(crate) fn resolve(
    declarations: &Declarations<'_>,
    outlines: &[Outline<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Test> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let clauses = outlines.iter().flat_map(|o| &o.tree.tasks).flat_map(|task| &task.clauses);
    let signals = clauses.filter_map(|clause| match &clause.kind {
        ClauseKind::Wait { signal, .. } => Some(signal.text.as_str()),
        _ => None,
    });
    let signals: Vec<&str> = signals.collect();
    let mut resolved = Vec::new();
    for test in declarations.tests.iter().copied() {
        if test.name.text.trim().is_empty() {
            let title = "a test says what it shows";
            diagnostics.push(
                Diagnostic::new(Code::InvalidName, test.name.span, title)
                    .help("write it in words: `test \"rolls back when activation is refused\"`"),
            );
        } else if let Some(earlier) = names.get(test.name.text.as_str()) {
            diagnostics.push(duplicate("test", &test.name, *earlier));
        } else {
            names.insert(&test.name.text, test.name.span);
        }
        let resolver = Resolver { test, declarations, signals: &signals, diagnostics: &mut *diagnostics };
        resolved.extend(resolver.test());
    }
    resolved
}

struct Resolver<'a, 'd> {
    test: &'a story::Test,
    declarations: &'a Declarations<'d>,
    /// Those that any task waits for.
    signals: &'a [&'a str],
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Resolver<'_, '_> {
    fn test(mut self) -> Option<Test> {
        let order = self.order();
        let test = self.test;
        for step in &test.steps {
            if let StepAct::Signal { name, .. } = &step.act {
                self.signal(name);
            }
        }
        let stubs = test.stubs.iter().filter_map(|stub| self.stub(stub)).collect();
        self.said_once();
        if test.expectations.is_empty() && !test.broken {
            let title = "the test expects nothing, so it can't fail";
            self.report(
                Diagnostic::new(Code::MissingExpectation, test.name.span, title)
                    .help("say what must come of it: `expect order completed`"),
            );
        }
        let expectations =
            test.expectations.iter().filter_map(|expected| self.expectation(expected)).collect();
        Some(Test {
            name: test.name.text.clone(),
            at: test.name.span,
            order: order?,
            twice: test.orders.iter().any(|order| order.twice),
            stubs,
            steps: test.steps.clone(),
            expectations,
        })
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn order(&mut self) -> Option<OrderLine> {
        let (first, others) = match self.test.orders.split_first() {
            Some(orders) => orders,
            None if self.test.broken => return None,
            None => {
                let title = "the test says no order";
                self.report(
                    Diagnostic::new(Code::MissingOrder, self.test.name.span, title).help(
                        "add `order { customer: { id: \"C-1\" }, items: [ … ] }`, or `order file \"orders/one.json\"`",
                    ),
                );
                return None;
            }
        };
        for again in others {
            let title = "a test is about one order";
            self.report(
                Diagnostic::new(Code::DuplicateClause, again.span, title)
                    .label(first.span, "said first here")
                    .help("write another test for the other order"),
            );
        }
        Some(match &first.document {
            OrderDocument::Inline(expr) => OrderLine::Inline { at: first.span, document: expr.clone() },
            OrderDocument::File(name) => OrderLine::File(name.clone()),
        })
    }

    fn signal(&mut self, name: &Name) {
        if self.signals.contains(&name.text.as_str()) || self.declarations.usage().is_lost(&name.text) {
            return;
        }
        let title = format!("no task waits for a signal `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownSignal, name.span, title);
        let meant = near_miss(&name.text, self.signals.iter().copied());
        self.report(match meant {
            None if !self.signals.is_empty() => {
                diagnostic.help(format!("tasks wait for {}", listing(self.signals.iter().copied(), 10)))
            }
            meant => diagnostic.did_you_mean(meant),
        });
    }

    fn stub(&mut self, stub: &story::Stub) -> Option<StubLine> {
        let (system, operation) =
            self.declarations.operation(&stub.system, &stub.operation, self.diagnostics)?;
        let reason = |text: &Option<Name>| text.as_ref().map_or(NO_REASON, |text| &text.text).to_owned();
        let behaviour = match &stub.does {
            Does::Returns(None) => Behaviour::Returns(model::Value::Record(BTreeMap::new())),
            Does::Returns(Some(value)) => {
                Behaviour::Returns(literal::value(value, &operation.result, Fields::Some, self.diagnostics))
            }
            Does::Fails(why) => Behaviour::Fails(reason(why)),
            Does::Refuses(why) => Behaviour::Refuses(reason(why)),
            Does::TimesOut { done } => Behaviour::TimesOut { done: done.is_some() },
        };
        if let Does::TimesOut { done: Some(done) } = &stub.does
            && !operation.effect
        {
            let title = format!(
                "`{}.{}` is a query: it does nothing that could be done",
                system.name, operation.name
            );
            self.report(Diagnostic::new(Code::MisplacedClause, *done, title).help("leave it out"));
        }
        Some(StubLine {
            system: system.name.clone(),
            operation: operation.name.clone(),
            behaviour,
            times: stub.times.flatten(),
            takes: stub.takes.unwrap_or_default(),
            tasks: stub.tasks.clone(),
            at: stub.span,
        })
    }

    /// Reports what can be expected once and is expected twice.
    fn said_once(&mut self) {
        let what = |expected: &Expected| match expected {
            Expected::Order(_) => Some("order"),
            Expected::Undone(_) => Some("undone"),
            Expected::Residue(_) => Some("residue"),
            Expected::Status { item: None, .. } => Some("customer status"),
            Expected::Elapsed(..) => Some("elapsed"),
            Expected::Refused => Some("refused"),
            Expected::Item(..)
            | Expected::Task(..)
            | Expected::Untouched(_)
            | Expected::Status { item: Some(_), .. }
            | Expected::Called { .. } => None,
        };
        let mut said: BTreeMap<&str, Span> = BTreeMap::new();
        for expected in &self.test.expectations {
            let Some(what) = what(&expected.kind) else { continue };
            if let Some(first) = said.get(what) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::DuplicateClause,
                        expected.span,
                        format!("`expect {what}` is said twice"),
                    )
                    .label(*first, "said first here"),
                );
            } else {
                said.insert(what, expected.span);
            }
        }
    }

    fn expectation(&mut self, expected: &story::Expectation) -> Option<ExpectationLine> {
        let kind = match &expected.kind {
            Expected::Order(state) => {
                let states = OrderState::ALL.iter().map(|state| (state.as_str(), *state));
                Unbound::Order(self.state(state, states, "an order")?)
            }
            Expected::Item(item, state) => {
                let states = ItemState::ALL.iter().map(|state| (state.as_str(), *state));
                Unbound::Item(item.clone(), self.state(state, states, "an item")?)
            }
            // Unless a task is called so, or what follows is a state.
            Expected::Task(tasks, task) if self.is_denied(tasks, task) => {
                let title = format!("`expect no` is for calls, and `{}` is a task", task.text);
                let help =
                    format!("write `expect {} skipped`, or `waiting` if it does not come to it", task.text);
                self.report(
                    Diagnostic::new(Code::UnfitExpectation, expected.span, title)
                        .help(help)
                        .fix(format!("expect {} skipped", task.text)),
                );
                return None;
            }
            Expected::Task(tasks, state) => {
                let states = TaskState::ALL.iter().map(|state| (state.as_str(), *state));
                Unbound::Task(tasks.clone(), self.state(state, states, "a task")?, state.span)
            }
            Expected::Undone(tasks) => Unbound::Undone(tasks.clone()),
            Expected::Untouched(tasks) => Unbound::Untouched(tasks.clone()),
            Expected::Residue(tasks) => Unbound::Residue(tasks.clone()),
            Expected::Status { item, text } => Unbound::Status { item: item.clone(), text: text.clone() },
            Expected::Called { system, operation, arguments, times } => {
                let (found, called) = self.declarations.operation(system, operation, self.diagnostics)?;
                let (system, operation): (SystemName, OperationName) =
                    (found.name.clone(), called.name.clone());
                let label = format!("{system}.{operation}");
                let arguments = literal::arguments(arguments, &called.parameters, &label, self.diagnostics);
                Unbound::Called { system, operation, arguments, times: times.flatten() }
            }
            Expected::Elapsed(least, most) => Unbound::Elapsed(*least, *most),
            Expected::Refused => {
                let asks =
                    |step: &story::Step| !matches!(step.act, StepAct::Signal { .. } | StepAct::Complete(_));
                if !self.test.steps.iter().any(asks) && !self.test.broken {
                    let title = "nothing is asked for that could be refused";
                    self.report(
                        Diagnostic::new(Code::UnfitExpectation, expected.span, title)
                            .help("say what is refused: `cancel at TASK`, or `amend at TASK { … }`"),
                    );
                }
                Unbound::Refused
            }
        };
        Some(ExpectationLine { kind, at: expected.span })
    }

    /// Whether `expect no TASK` is meant, and not a task called `no`.
    fn is_denied(&self, tasks: &[story::StoryTask], word: &Name) -> bool {
        let no =
            |task: &story::StoryTask| task.kind.is_none() && task.item.is_none() && task.name.text == "no";
        let is_state = TaskState::ALL.iter().any(|state| state.as_str() == word.text);
        matches!(tasks, [only] if no(only)) && !is_state
    }

    /// The state of a name.
    fn state<S: Copy>(
        &mut self,
        written: &Name,
        states: impl Iterator<Item = (&'static str, S)>,
        of: &str,
    ) -> Option<S> {
        let states: Vec<_> = states.collect();
        if let Some((_, state)) = states.iter().find(|(name, _)| *name == written.text) {
            return Some(*state);
        }
        let names = || states.iter().map(|(name, _)| *name);
        let title = format!("`{}` is no state of {of}", written.text);
        let diagnostic = Diagnostic::new(Code::UnknownState, written.span, title);
        let meant = elsewhere(&written.text).iter().copied().find(|ours| names().any(|name| name == *ours));
        self.report(match meant {
            Some(ours) => diagnostic.did_you_mean(Some(ours)),
            None => match near_miss(&written.text, names()) {
                None => diagnostic.help(format!("it is one of {}", listing(names(), 20))),
                meant => diagnostic.did_you_mean(meant),
            },
        });
        None
    }
}

/// The states of orders and tasks that a word of other systems stands for.
fn elsewhere(word: &str) -> &'static [&'static str] {
    match word.to_ascii_lowercase().as_str() {
        "done" | "finished" | "success" | "successful" | "succeeded" | "ok" | "complete" | "completed" => {
            &["completed", "succeeded"]
        }
        "running" | "active" | "in_progress" | "inprogress" => &["inProgress", "running"],
        "canceled" => &["cancelled"],
        "error" | "rolled_back" | "rolledback" => &["failed", "undone"],
        "paused" | "suspended" | "stuck" => &["held"],
        "compensated" | "reverted" => &["undone", "failed"],
        _ => &[],
    }
}
