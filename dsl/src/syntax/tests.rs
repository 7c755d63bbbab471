//! Reads tests.

use model::{Duration, OperatorAction, limits};

use super::story::{
    Amendment, Does, Expectation, Expected, OrderDocument, PlacePart, Step, StepAct, StoryTask, Stub, Test,
    TestOrder, Times,
};
use super::tree::Name;
use super::trouble::Context;
use super::{Pair, Reader, Rule, child, is_text};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::build::one_line;

/// What no story is longer than: ten years.
const EVER: Duration = Duration::from_secs(limits::DURATION_DAYS * 24 * 60 * 60);

impl Reader<'_> {
    /// Where something is written, without the space and the comments after it.
    fn place(&self, pair: &Pair<'_>) -> Span {
        let mut last = pair.clone();
        while let Some(inner) = last.clone().into_inner().last() {
            last = inner;
        }
        self.span(pair).to(self.span(&last))
    }

    pub(super) fn test(&mut self, pair: &Pair<'_>) -> Option<Test> {
        let mut test = Test {
            extent: self.extent(pair),
            name: self.test_name(pair)?,
            orders: Vec::new(),
            stubs: Vec::new(),
            steps: Vec::new(),
            expectations: Vec::new(),
            broken: false,
        };
        for line in pair.clone().into_inner() {
            let rule = line.as_rule();
            let faults = self.diagnostics.len();
            if rule == Rule::test_order {
                test.orders.extend(self.test_order(&line));
            } else if rule == Rule::stub {
                test.stubs.extend(self.stub(&line));
            } else if rule == Rule::expectation {
                test.expectations.extend(self.expectation(&line));
            } else if rule == Rule::stray_test_line {
                self.stray(&line, Context::Test);
            } else {
                test.steps.extend(self.step(&line));
            }
            test.broken |= self.diagnostics.len() > faults || rule == Rule::stray_test_line;
        }
        test.broken |= self.block_end(pair);
        Some(test)
    }

    fn test_name(&mut self, pair: &Pair<'_>) -> Option<Name> {
        if let Some(wrong) = child(pair, Rule::wrong_test_name) {
            let name = self.name(&wrong);
            let title = "what a test shows stands in quotes";
            self.report(
                Diagnostic::new(Code::OtherLanguage, name.span, title)
                    .help(format!(
                        "write `test \"{}\"`: in words, it is shown when the test fails",
                        name.text
                    ))
                    .fix(format!("\"{}\"", name.text)),
            );
            return Some(name);
        }
        self.plain_text(&pair.clone().into_inner().find(is_text)?)
    }

    fn test_order(&mut self, pair: &Pair<'_>) -> Option<TestOrder> {
        let span = self.token_at(pair.as_span().start());
        let document = match child(pair, Rule::record) {
            Some(record) => OrderDocument::Inline(self.primary(&record)),
            None => OrderDocument::File(self.plain_text(&pair.clone().into_inner().find(is_text)?)?),
        };
        Some(TestOrder { span, document, twice: child(pair, Rule::kw_twice).is_some() })
    }

    fn stub(&mut self, pair: &Pair<'_>) -> Option<Stub> {
        let (system, operation) = self.system_operation(pair)?;
        let mut stub = Stub {
            span: self.place(pair),
            system,
            operation,
            does: Does::Returns(None),
            times: None,
            takes: None,
            tasks: Vec::new(),
        };
        for part in pair.clone().into_inner() {
            let rule = part.as_rule();
            if rule == Rule::returns_value {
                stub.does = Does::Returns(child(&part, Rule::expr).map(|e| self.expr(&e)));
            } else if rule == Rule::fails {
                stub.does = Does::Fails(self.reason(&part));
            } else if rule == Rule::refuses {
                stub.does = Does::Refuses(self.reason(&part));
            } else if rule == Rule::times_out {
                stub.does =
                    Does::TimesOut { done: child(&part, Rule::but_done).map(|done| self.place(&done)) };
            } else if rule == Rule::takes {
                self.once(&part, "takes", stub.takes.is_some());
                let length = child(&part, Rule::length).and_then(|length| self.length(&length));
                stub.takes = Some(length.unwrap_or_default());
            } else if rule == Rule::for_times {
                self.once(&part, "times", stub.times.is_some());
                stub.times = Some(self.for_times(&part));
            } else if rule == Rule::at_tasks {
                self.once(&part, "at", !stub.tasks.is_empty());
                stub.tasks.extend(self.story_tasks(&part));
            }
        }
        Some(stub)
    }

    fn once(&mut self, part: &Pair<'_>, what: &str, said: bool) {
        if said {
            let title = format!("`{what}` is said twice");
            self.report(Diagnostic::new(Code::DuplicateClause, self.place(part), title));
        }
    }

    /// `system.operation`, at the beginning of something or after its first words.
    fn system_operation(&self, pair: &Pair<'_>) -> Option<(Name, Name)> {
        let mut names = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::name);
        Some((self.name(&names.next()?), self.name(&names.next()?)))
    }

    fn reason(&mut self, pair: &Pair<'_>) -> Option<Name> {
        self.plain_text(&pair.clone().into_inner().find(is_text)?)
    }

    fn for_times(&mut self, pair: &Pair<'_>) -> Times {
        let Some(number) = child(pair, Rule::number) else { return Some(1) };
        let times = number.as_str().parse().ok().filter(|times| (1..=limits::ATTEMPTS).contains(times));
        if times.is_none() {
            let title = format!("expected 1 to {} times, found `{}`", limits::ATTEMPTS, number.as_str());
            self.report(Diagnostic::new(Code::UnusableLimit, self.span(&number), title));
        }
        times
    }

    fn step(&mut self, pair: &Pair<'_>) -> Option<Step> {
        let rule = pair.as_rule();
        let payload = child(pair, Rule::record).map(|record| self.primary(&record));
        let act = if rule == Rule::step_signal {
            StepAct::Signal { name: self.name(&child(pair, Rule::name)?), payload }
        } else if rule == Rule::step_complete {
            StepAct::Complete(payload)
        } else if rule == Rule::step_operator {
            let word = child(pair, Rule::operator_action)?;
            let action: OperatorAction = word.as_str().parse().ok()?;
            StepAct::Operator { action, said: payload, at: self.span(&word) }
        } else if rule == Rule::step_cancel {
            StepAct::Cancel(match child(pair, Rule::order_item) {
                Some(item) => Some(self.item_id(&item)?),
                None => None,
            })
        } else if rule == Rule::step_pause {
            StepAct::Pause
        } else if rule == Rule::step_resume {
            StepAct::Resume
        } else if rule == Rule::step_amend {
            let amendments = child(pair, Rule::amendments)?.into_inner();
            let amendments = amendments.filter(|part| part.as_rule() == Rule::amendment);
            StepAct::Amend(amendments.filter_map(|amendment| self.amendment(&amendment)).collect())
        } else {
            return None;
        };
        let tasks = child(pair, Rule::at_tasks).unwrap_or_else(|| pair.clone());
        let after = child(pair, Rule::later).and_then(|later| child(&later, Rule::length));
        Some(Step {
            span: self.place(pair),
            act,
            tasks: self.story_tasks(&tasks),
            after: after.and_then(|length| self.length(&length)),
            twice: child(pair, Rule::kw_twice).is_some(),
        })
    }

    fn amendment(&mut self, pair: &Pair<'_>) -> Option<Amendment> {
        self.wrong_colon(pair);
        let place = child(pair, Rule::place)?;
        let span = self.place(&place);
        let mut parts = Vec::new();
        for part in place.into_inner() {
            if part.as_rule() == Rule::word {
                parts.push(PlacePart::Field(self.name(&part)));
            } else if part.as_rule() == Rule::of_item {
                parts.push(PlacePart::Item(self.item_id(&part)?));
            }
        }
        Some(Amendment { span, place: parts, value: self.expr(&child(pair, Rule::expr)?) })
    }

    fn expectation(&mut self, pair: &Pair<'_>) -> Option<Expectation> {
        let span = self.place(pair);
        let what = pair.clone().into_inner().find(|part| part.as_rule() != Rule::kw_expect)?;
        let rule = what.as_rule();
        self.wrong_is(&what);
        let kind = if rule == Rule::expect_order {
            Expected::Order(self.name(&child(&what, Rule::state)?))
        } else if rule == Rule::expect_task {
            Expected::Task(self.story_tasks(&what), self.name(&child(&what, Rule::state)?))
        } else if rule == Rule::expect_item {
            let item = self.item_id(&child(&what, Rule::order_item)?)?;
            Expected::Item(item, self.name(&child(&what, Rule::state)?))
        } else if rule == Rule::expect_residue {
            Expected::Residue(self.task_list(&what))
        } else if rule == Rule::expect_undone {
            Expected::Undone(self.task_list(&what))
        } else if rule == Rule::expect_untouched {
            Expected::Untouched(self.task_list(&what))
        } else if rule == Rule::expect_status {
            let item = match child(&what, Rule::order_item) {
                Some(item) => Some(self.item_id(&item)?),
                None => None,
            };
            Expected::Status { item, text: self.reason(&what)? }
        } else if rule == Rule::expect_call {
            let (system, operation) = self.system_operation(&what)?;
            let arguments =
                child(&what, Rule::arguments).and_then(|_| self.arguments(&what)).unwrap_or_default();
            let times = child(&what, Rule::for_times).map(|times| self.for_times(&times));
            let times = match child(&what, Rule::kw_no) {
                Some(no) if times.is_some() => {
                    let title = "`no call` and a number of times can't both hold";
                    self.report(Diagnostic::new(Code::MisplacedClause, self.span(&no), title));
                    times
                }
                Some(_) => Some(Some(0)),
                None => times,
            };
            Expected::Called { system, operation, arguments, times }
        } else if rule == Rule::expect_elapsed {
            let (least, most) = self.elapsed(&what)?;
            Expected::Elapsed(least, most)
        } else {
            Expected::Refused
        };
        Some(Expectation { span, kind })
    }

    fn elapsed(&mut self, pair: &Pair<'_>) -> Option<(Duration, Duration)> {
        let said = pair.clone().into_inner().find(|part| part.as_rule() != Rule::kw_elapsed)?;
        if said.as_rule() == Rule::length {
            let exactly = self.length(&said)?;
            return Some((exactly, exactly));
        }
        let mut lengths = said.clone().into_inner().filter(|part| part.as_rule() == Rule::length);
        let first = self.length(&lengths.next()?)?;
        if said.as_rule() == Rule::at_most {
            return Some((Duration::default(), first));
        }
        if said.as_rule() == Rule::at_least {
            return Some((first, EVER));
        }
        let most = self.length(&lengths.next()?)?;
        if most < first {
            let title = format!("`{first}` is longer than `{most}`");
            let help = format!("write the shorter one first: `between {most} and {first}`");
            self.report(Diagnostic::new(Code::UnusableLimit, self.place(&said), title).help(help));
        }
        Some((first, most))
    }

    /// Reports what other languages have between what is expected and what it is.
    fn wrong_is(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_is) {
            let (span, word) = (self.span(&wrong), wrong.as_str());
            let said = self.slice(self.place(pair)).replacen(word, "", 1);
            let title = format!("nothing stands between what is expected and its state, found `{word}`");
            self.report(
                Diagnostic::new(Code::OtherLanguage, span, title)
                    .help(format!("write `expect {}`", one_line(&said)))
                    .fix(""),
            );
        }
    }

    fn task_list(&mut self, pair: &Pair<'_>) -> Vec<StoryTask> {
        if let Some(list) = child(pair, Rule::task_list) {
            return self.tasks_in(&list);
        }
        let Some(wrong) = child(pair, Rule::wrong_task_list) else { return Vec::new() };
        let span = self.place(&wrong);
        let written = one_line(self.slice(span));
        self.report(
            Diagnostic::new(Code::OtherLanguage, span, "these tasks stand in `[` and `]`")
                .help(format!("write `[{written}]`"))
                .fix(format!("[{written}]")),
        );
        self.story_tasks(&wrong)
    }

    /// The tasks of the `story_tasks` in something.
    fn story_tasks(&mut self, of: &Pair<'_>) -> Vec<StoryTask> {
        child(of, Rule::story_tasks).map(|tasks| self.tasks_in(&tasks)).unwrap_or_default()
    }

    fn tasks_in(&mut self, pair: &Pair<'_>) -> Vec<StoryTask> {
        let tasks = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::story_task);
        tasks.filter_map(|task| self.story_task(&task)).collect()
    }

    fn story_task(&mut self, pair: &Pair<'_>) -> Option<StoryTask> {
        let mut names = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::name);
        let first = self.name(&names.next()?);
        let (kind, name) = match names.next() {
            Some(name) => (Some(first), self.name(&name)),
            None => (None, first),
        };
        let item = match child(pair, Rule::of_item) {
            Some(item) => Some(self.item_id(&item)?),
            None => None,
        };
        Some(StoryTask { span: self.place(pair), kind, name, item })
    }

    /// The id in `[…]`, or after `item`.
    fn item_id(&mut self, pair: &Pair<'_>) -> Option<Name> {
        match child(pair, Rule::item_id) {
            Some(id) => Some(self.name(&id)),
            None => self.plain_text(&pair.clone().into_inner().find(is_text)?),
        }
    }
}
