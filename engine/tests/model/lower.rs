//! What a described blueprint means as a plan, for one version of an order.
//!
//! Does by hand what the compiler does: names become indices, and what needs a task of an isolated item waits for all of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{BlueprintRef, Duration, Field, Hash, HoldFor, TaskId, TaskName, Type, Value};
use plan::{
    Amend, Argument, BinaryOp, Body, Call, CallBody, Deadline, Definition, DefinitionIndex, Ensure, Expr,
    FORMAT, Formula, ManualBody, Operands, Plan, PlanItem, PlanParts, PollBody, Reaction, ReactionKind,
    Retry, RunBody, Sleep, SubBlueprint, Task, TaskIndex, Undo, Verify,
};

use crate::blueprint::{
    ATTRIBUTES, Blueprint, BodySpec, CallSpec, DeadlineSpec, Pick, ReactionSpec, TaskSpec, Version, When,
};

/// Which blueprint a task is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    Order,
    Sub,
}

/// A task as written: all its instances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    pub(crate) spec: &'a TaskSpec,
    pub(crate) site: Site,
    /// Its place in its blueprint.
    pub(crate) n: usize,
    pub(crate) of_item: bool,
}

/// One task of one order.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: TaskId,
    /// The place of its definition.
    pub(crate) definition: usize,
    /// Its item: a place in [`Version::items`].
    pub(crate) item: Option<usize>,
    /// What it waits for: places of instances.
    pub(crate) after: BTreeSet<usize>,
    pub(crate) skipped: bool,
}

impl Written<'_> {
    pub(crate) fn name(&self) -> String {
        match self.site {
            Site::Order => format!("t{}", self.n),
            Site::Sub => format!("s{}", self.n),
        }
    }

    pub(crate) fn body(&self) -> BodySpec {
        match (self.spec.body, self.site) {
            // One level of orders is enough here; more are in the tests of families.
            (BodySpec::Run, Site::Sub) => BodySpec::Milestone,
            (body, _) => body,
        }
    }

    /// Whether the order's own data says that it is left out.
    pub(crate) fn is_unwanted(&self, version: &Version) -> bool {
        let odd = |n: Pick| n.among(&version.attributes).is_some_and(|value| value % 2 == 1);
        matches!(self.spec.when, Some(When::Even(n)) if odd(n))
    }

    /// The one before it that is picked.
    fn earlier(&self, pick: Pick) -> Option<usize> {
        pick.of(self.n)
    }

    /// The task whose result it reads.
    pub(crate) fn reads(&self) -> Option<usize> {
        self.spec.reads.and_then(|reads| self.earlier(reads))
    }

    /// The task that its condition is about.
    pub(crate) fn depends(&self) -> Option<usize> {
        match self.spec.when? {
            When::Even(_) => None,
            When::Ran(task) | When::IsOne(task) => self.earlier(task),
        }
    }

    /// The tasks that it waits for.
    pub(crate) fn needs(&self) -> BTreeSet<usize> {
        let after = self.spec.after.iter().filter_map(|after| self.earlier(*after));
        after.chain(self.reads()).chain(self.depends()).collect()
    }
}

impl Blueprint {
    /// Its tasks, in the order they are written.
    pub(crate) fn written(&self, site: Site) -> Vec<Written<'_>> {
        let parts: Vec<(&[TaskSpec], bool)> = match site {
            Site::Order => vec![(&self.before, false), (&self.each, true), (&self.after, false)],
            Site::Sub => vec![(&self.sub, false)],
        };
        let tasks =
            parts.into_iter().flat_map(|(tasks, of_item)| tasks.iter().map(move |task| (task, of_item)));
        tasks.enumerate().map(|(n, (spec, of_item))| Written { spec, site, n, of_item }).collect()
    }

    /// The tasks of an order: those of the order, or those of one that it runs.
    pub(crate) fn instances(&self, site: Site, version: &Version) -> Vec<Instance> {
        let written = self.written(site);
        let items: Vec<usize> =
            (0..version.items.len()).filter(|item| version.items[*item].is_some()).collect();
        let mut instances: Vec<Instance> = Vec::new();
        for task in &written {
            let of: Vec<Option<usize>> =
                if task.of_item { items.iter().copied().map(Some).collect() } else { vec![None] };
            for item in of {
                let mut after = BTreeSet::new();
                for needed in task.needs() {
                    let whole = self.isolate && written[needed].of_item && !task.of_item;
                    after.extend((0..instances.len()).filter(|other| {
                        let other = &instances[*other];
                        let same = other.definition == needed || (whole && written[other.definition].of_item);
                        same && (item.is_none() || other.item.is_none() || other.item == item)
                    }));
                }
                // In a blueprint that is run, all conditions are decided when their task is due.
                let skipped = task.site == Site::Order && task.is_unwanted(version);
                let item_id = item.map(|item| (item + 1).to_string().parse().unwrap());
                let id = TaskId::new(TaskName::new(&task.name()).unwrap(), item_id);
                instances.push(Instance { id, definition: task.n, item, after, skipped });
            }
        }
        instances
    }

    /// The plan of an order.
    pub(crate) fn plan(&self, version: &Version) -> Arc<Plan> {
        let items: Vec<usize> =
            (0..version.items.len()).filter(|item| version.items[*item].is_some()).collect();
        let place = |item: usize| items.iter().position(|i| *i == item).unwrap();
        let tasks = self.instances(Site::Order, version).into_iter().map(|task| Task {
            definition: DefinitionIndex(task.definition),
            item: task.item.map(place),
            after: task.after.into_iter().map(TaskIndex).collect(),
            skipped: task.skipped.then(|| "the order does not ask for it".to_owned()),
        });
        let attributes = version.attributes.iter().enumerate();
        let parts = PlanParts {
            format: FORMAT,
            blueprint: BlueprintRef { name: "random".parse().unwrap(), version: 1 },
            blueprint_hash: Hash::new(&"0".repeat(64)).unwrap(),
            order: Value::record(attributes.map(|(n, value)| (format!("a{n}"), number(*value)))),
            items: items.iter().map(|item| plan_item(*item, version.items[*item].unwrap())).collect(),
            on_failure: reaction(ReactionSpec::Hold),
            definitions: self.written(Site::Order).iter().map(|task| self.definition(task)).collect(),
            tasks: tasks.collect(),
            deadline: self.deadline.map(|deadline| Deadline {
                within: Duration::from_secs(7_200),
                at_risk: Some(Duration::from_secs(3_600)),
                on_timeout: match deadline {
                    DeadlineSpec::Alarm => None,
                    DeadlineSpec::Then(kind) => Some(self.reaction(kind)),
                },
            }),
            parameters: None,
            sub_blueprints: vec![self.sub_blueprint()],
            sequence: std::collections::BTreeSet::new(),
        };
        Arc::new(Plan::new(parts).unwrap())
    }

    fn sub_blueprint(&self) -> SubBlueprint {
        let written = self.written(Site::Sub);
        let last = Expr::Task(DefinitionIndex(written.len().saturating_sub(1)));
        let value = or(field_if_any(last, "value"), Expr::Value(number(0)));
        let record = Expr::Record(vec![("value".to_owned(), value)]);
        SubBlueprint {
            name: "sub".parse().unwrap(),
            parameters: vec![declared("site", Type::Int)],
            returns: Some(formula(record, "{ value: last?.value ?? 0 }")),
            result: Type::Record(vec![declared("value", Type::Int)]),
            on_failure: reaction(ReactionSpec::Hold),
            deadline: None,
            after: written
                .iter()
                .map(|task| task.needs().into_iter().map(DefinitionIndex).collect())
                .collect(),
            definitions: written.iter().map(|task| self.definition(task)).collect(),
        }
    }

    fn definition(&self, task: &Written<'_>) -> Definition {
        let spec = task.spec;
        let isolate = task.of_item && self.isolate;
        let on_failure = spec.on_failure.or(isolate.then_some(ReactionSpec::Rollback));
        let when = match spec.when {
            None => None,
            Some(When::Even(_)) if task.site == Site::Order => None,
            // Attributes are 0, 1 or 2.
            Some(When::Even(n)) => {
                let attribute = attribute(n.of(ATTRIBUTES).unwrap());
                let odd = binary(BinaryOp::NotEqual, attribute, Expr::Value(number(1)));
                Some(formula(odd, "order.… != 1"))
            }
            Some(When::Ran(_)) => task.depends().map(|on| formula(Expr::Ran(DefinitionIndex(on)), "ran(…)")),
            Some(When::IsOne(_)) => task.depends().map(|on| {
                let value = field_if_any(Expr::Task(DefinitionIndex(on)), "value");
                formula(equal(value, Expr::Value(number(1))), "….value == 1")
            }),
        };
        let says_ok = match task.body() {
            BodySpec::Call(_) | BodySpec::Query | BodySpec::Wait | BodySpec::Manual | BodySpec::Poll => true,
            BodySpec::Sleep | BodySpec::SleepUntil | BodySpec::Let | BodySpec::Milestone | BodySpec::Run => {
                false
            }
        };
        let ensure = spec.ensure.filter(|_| says_ok).map(|otherwise| self.ensure(otherwise));
        Definition {
            name: TaskName::new(&task.name()).unwrap(),
            each: task.of_item.then(|| "line".parse().unwrap()),
            file: "random.blueprint".to_owned(),
            line: 1,
            when,
            body: self.body(task),
            ensure: ensure.into_iter().collect(),
            on_failure: on_failure.map(|kind| self.reaction(kind)),
            on_timeout: spec.on_timeout.map(|kind| self.reaction(kind)),
            status: spec.status.then(|| constant(&format!("{} is there", task.name()))),
            point_of_no_return: spec.point_of_no_return,
            isolate,
        }
    }

    fn body(&self, task: &Written<'_>) -> Body {
        let name = task.name();
        let hour = Duration::from_secs(3_600);
        let said = Type::Record(vec![declared("ok", Type::Bool), declared("value", Type::Int)]);
        match task.body() {
            BodySpec::Call(spec) => Body::Call(Box::new(self.call_body(task, spec))),
            BodySpec::Query => {
                let mut body = self.call_body(task, PLAIN);
                body.call = call(&format!("ask_{name}"), self.arguments(task), false);
                body.undo = Undo::Nothing { why: String::new() };
                Body::Call(Box::new(body))
            }
            BodySpec::Wait => {
                Body::Wait { signal: format!("signal_{name}").parse().unwrap(), fields: said, within: hour }
            }
            BodySpec::Manual => Body::Manual(Box::new(ManualBody {
                title: constant("Look at it"),
                role: "office".parse().unwrap(),
                fields: said,
                within: hour,
            })),
            BodySpec::Poll => Body::Poll(Box::new(PollBody {
                query: call(&format!("look_{name}"), self.arguments(task), false),
                every: Duration::from_secs(10),
                until: is_ok(),
                timeout: Duration::from_secs(5),
                within: hour,
            })),
            BodySpec::Sleep => Body::Sleep(Sleep::For(Duration::from_secs(60))),
            BodySpec::SleepUntil => Body::Sleep(Sleep::Until(constant("1970-01-01T00:30:00Z"))),
            BodySpec::Let => {
                let value = vec![("value".to_owned(), self.number_it_reads(task))];
                Body::Let(formula(Expr::Record(value), "{ value: … }"))
            }
            BodySpec::Milestone => Body::Milestone,
            BodySpec::Run => Body::Run(Box::new(RunBody {
                blueprint: "sub".parse().unwrap(),
                arguments: vec![Argument {
                    name: "site".to_owned(),
                    value: formula(self.number_it_reads(task), "…"),
                }],
                result: Type::Record(vec![declared("value", Type::Int)]),
                within: spec_within(task.spec),
            })),
        }
    }

    fn call_body(&self, task: &Written<'_>, spec: CallSpec) -> CallBody {
        let name = task.name();
        let the_id = |of: Expr| Argument { name: "id".to_owned(), value: formula(field(of, "id"), "….id") };
        let undo = Call {
            result: Type::Record(Vec::new()),
            ..call(&format!("undo_{name}"), vec![the_id(Expr::Result)], true)
        };
        let does = |how: &str| Call {
            repeatable: spec.repeatable,
            ..call(&format!("{how}_{name}"), self.arguments(task), true)
        };
        let mut changed = self.arguments(task);
        changed.push(the_id(Expr::Before));
        CallBody {
            call: does("do"),
            fallbacks: if spec.fallback { vec![does("other")] } else { Vec::new() },
            timeout: Duration::from_secs(5),
            within: None,
            retry: Retry::NONE,
            undo: if spec.undo { Undo::Call(undo) } else { Undo::Nothing { why: "it fades".to_owned() } },
            verify: spec.verify.map(|answers| Verify {
                query: call(&format!("read_{name}"), Vec::new(), false),
                condition: is_ok(),
                answers,
            }),
            amend: spec.amend.map(|answers| Amend {
                call: call(&format!("change_{name}"), changed, true),
                answers: answers || self.calm,
            }),
        }
    }

    /// What a call is given: an attribute, the value of its item, and the result that it reads.
    fn arguments(&self, task: &Written<'_>) -> Vec<Argument> {
        let argument = |name: &str, value| Argument { name: name.to_owned(), value: formula(value, "…") };
        let mut arguments = vec![argument("a", attribute_of(task))];
        if task.of_item {
            arguments.push(argument("i", field(Expr::Item, "v")));
        }
        if let Some(reads) = task.reads() {
            arguments.push(argument("r", field_if_any(Expr::Task(DefinitionIndex(reads)), "value")));
        }
        arguments
    }

    /// The value of the result that a task reads; an attribute, if it reads none or many.
    fn number_it_reads(&self, task: &Written<'_>) -> Expr {
        match task.reads() {
            Some(reads) if self.is_one(task, reads) => {
                or(field_if_any(Expr::Task(DefinitionIndex(reads)), "value"), attribute_of(task))
            }
            _ => attribute_of(task),
        }
    }

    /// Whether a task sees one instance of another.
    pub(crate) fn is_one(&self, task: &Written<'_>, other: usize) -> bool {
        task.of_item || !self.written(task.site)[other].of_item
    }

    fn ensure(&self, otherwise: ReactionSpec) -> Ensure {
        Ensure { condition: is_ok(), otherwise: self.reaction(otherwise) }
    }

    fn reaction(&self, kind: ReactionSpec) -> Reaction {
        reaction(if self.calm { ReactionSpec::Hold } else { kind })
    }
}

/// A call of which nothing is said.
const PLAIN: CallSpec =
    CallSpec { undo: false, verify: None, fallback: false, amend: None, repeatable: true };

fn spec_within(spec: &TaskSpec) -> Option<Duration> {
    spec.on_timeout.map(|_| Duration::from_secs(600))
}

fn reaction(kind: ReactionSpec) -> Reaction {
    let kind = match kind {
        ReactionSpec::Hold => ReactionKind::Hold(HoldFor::Operations),
        ReactionSpec::HoldForCustomer => ReactionKind::Hold(HoldFor::Customer),
        ReactionSpec::Rollback => ReactionKind::Rollback,
        ReactionSpec::Skip => ReactionKind::Skip,
        ReactionSpec::Reject => ReactionKind::Reject,
        ReactionSpec::Fail => ReactionKind::Fail,
    };
    Reaction { kind, reason: None }
}

fn plan_item(item: usize, value: u8) -> PlanItem {
    let id = (item + 1).to_string();
    PlanItem {
        id: id.parse().unwrap(),
        kind: "line".parse().unwrap(),
        value: Value::record([("id", Value::text(id)), ("v", number(value))]),
    }
}

fn number(value: u8) -> Value {
    Value::from(i64::from(value))
}

fn declared(name: &str, of: Type) -> Field {
    Field { name: name.to_owned(), of, default: None }
}

/// `net.operation(…) -> { id: text, ok: bool, value: int }`.
fn call(operation: &str, arguments: Vec<Argument>, effect: bool) -> Call {
    let fields = vec![declared("id", Type::Text), declared("ok", Type::Bool), declared("value", Type::Int)];
    Call {
        system: "net".parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments,
        result: Type::Record(fields),
        effect,
        repeatable: false,
    }
}

fn formula(expr: Expr, text: &str) -> Formula {
    Formula { expr, text: text.to_owned(), line: 1 }
}

fn constant(text: &str) -> Formula {
    formula(Expr::Value(Value::text(text)), text)
}

/// `order.a0`.
fn attribute(n: usize) -> Expr {
    field(Expr::Order, &format!("a{n}"))
}

/// The attribute that a task reads; in a blueprint that is run, what that is given.
fn attribute_of(task: &Written<'_>) -> Expr {
    match task.site {
        Site::Order => attribute(task.spec.attribute.of(ATTRIBUTES).unwrap()),
        Site::Sub => Expr::Parameter("site".to_owned()),
    }
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.to_owned(), safe: false }
}

fn field_if_any(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.to_owned(), safe: true }
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::Binary { op, on: Operands::Any, left: Box::new(left), right: Box::new(right) }
}

fn equal(left: Expr, right: Expr) -> Expr {
    binary(BinaryOp::Equal, left, right)
}

fn or(left: Expr, right: Expr) -> Expr {
    binary(BinaryOp::Coalesce, left, right)
}

/// `result.ok`.
fn is_ok() -> Formula {
    formula(equal(field(Expr::Result, "ok"), Expr::Value(Value::Bool(true))), "result.ok")
}
