//! Tasks as a test names them, seen from outside: `task`, `kind.task`, `task[item]`.

use model::ItemId;
use plan::{Definition, DefinitionIndex, TaskIndex};

use super::bind::Binder;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};
use crate::syntax::story::StoryTask;
use crate::syntax::tree::Name;

impl Binder<'_> {
    /// The tasks that names stand for; none for those that don't exist, which is reported.
    pub(super) fn tasks(&mut self, named: &[StoryTask]) -> Option<Vec<TaskIndex>> {
        let mut tasks = Some(Vec::new());
        for name in named {
            let found = self.instances(name);
            tasks = tasks.zip(found).map(|(mut tasks, found)| {
                tasks.extend(found);
                tasks
            });
        }
        tasks.map(|mut tasks| {
            tasks.sort_unstable();
            tasks.dedup();
            tasks
        })
    }

    /// The tasks that a name stands for, at least one.
    pub(super) fn instances(&mut self, task: &StoryTask) -> Option<Vec<TaskIndex>> {
        match self.find(task) {
            Ok(found) => Some(found),
            Err(wrong) => {
                self.report(*wrong);
                None
            }
        }
    }

    fn find(&self, task: &StoryTask) -> Result<Vec<TaskIndex>, Box<Diagnostic>> {
        let mut meant = self.definitions(task)?;
        let item = match &task.item {
            None => None,
            Some(id) => Some(self.item(task, id, &mut meant)?),
        };
        let kinds: Vec<&str> =
            meant.iter().filter_map(|(_, d)| d.each.as_ref()).map(|kind| kind.as_str()).collect();
        if kinds.len() > 1 {
            let name = &task.name.text;
            let all = kinds.iter().map(|kind| format!("{kind}.{name}")).collect::<Vec<_>>();
            let title = format!("there is a task `{name}` for each of several kinds of items");
            let help =
                format!("say which: {}", listing(all.iter().map(String::as_str), 6).replace(" and ", " or "));
            return Err(Box::new(Diagnostic::new(Code::UnknownTask, task.span, title).help(help)));
        }
        let found: Vec<TaskIndex> = meant
            .iter()
            .flat_map(|(index, _)| self.plan.instances(*index))
            .copied()
            .filter(|found| item.is_none() || self.plan.task(*found).item == item)
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let title = format!("this order has no task `{}`", said(task));
        let kind = kinds.first().copied().unwrap_or_default();
        let help = match &task.item {
            Some(id) => format!("the blueprint's `each {kind}` leaves out the item `{}`", id.text),
            None => format!("it has no item for which `each {kind}` has one"),
        };
        Err(Box::new(Diagnostic::new(Code::UnknownTask, task.span, title).help(help)))
    }

    /// The definitions of a name.
    fn definitions(&self, task: &StoryTask) -> Result<Vec<(DefinitionIndex, &Definition)>, Box<Diagnostic>> {
        if let Some(kind) = &task.kind {
            self.check_kind(kind)?;
        }
        let all = || self.plan.definitions().iter().enumerate().map(|(n, d)| (DefinitionIndex(n), d));
        let of_kind = |definition: &Definition| {
            task.kind
                .as_ref()
                .is_none_or(|kind| definition.each.as_ref().is_some_and(|each| each.as_str() == kind.text))
        };
        let found: Vec<_> = all().filter(|(_, d)| d.name.as_str() == task.name.text && of_kind(d)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let names = || all().filter(|(_, d)| of_kind(d)).map(|(_, d)| d.name.as_str());
        let blueprint = self.blueprint.reference();
        let title = match &task.kind {
            Some(kind) => format!(
                "`{blueprint}` has no task `{}` for items of the kind `{}`",
                task.name.text, kind.text
            ),
            None => format!("`{blueprint}` has no task `{}`", task.name.text),
        };
        let diagnostic = Diagnostic::new(Code::UnknownTask, task.name.span, title);
        Err(Box::new(match near_miss(&task.name.text, names()) {
            None if names().next().is_some() => diagnostic.help(format!("it has {}", listing(names(), 20))),
            meant => diagnostic.did_you_mean(meant),
        }))
    }

    fn check_kind(&self, kind: &Name) -> Result<(), Box<Diagnostic>> {
        let kinds = || self.blueprint.item_kinds().map(|(kind, _)| kind.as_str());
        if kinds().any(|known| known == kind.text) {
            return Ok(());
        }
        let run =
            self.plan.definitions().iter().find(|d| d.name.as_str() == kind.text).and_then(Definition::runs);
        let title = format!("`{}` has no kind of items `{}`", self.blueprint.reference(), kind.text);
        let diagnostic = Diagnostic::new(Code::UnknownKind, kind.span, title);
        Err(Box::new(match run {
            Some(run) => diagnostic.help(format!(
                "tasks of `{run}`, which the task `{}` runs, can't be named: say how the systems behave that they call, and \
                 expect their calls",
                kind.text
            )),
            None => diagnostic.did_you_mean(near_miss(&kind.text, kinds())),
        }))
    }

    /// The item of the order that a line is about; one that there is not is reported with the code of the line.
    pub(super) fn order_item(&mut self, id: &Name, code: Code) -> Option<ItemId> {
        let ids = || self.plan.items().iter().map(|item| &item.id);
        if let Some(found) = ids().find(|known| known.as_str() == id.text) {
            return Some(found.clone());
        }
        let title = format!("the order has no item `{}`", id.text);
        let diagnostic = Diagnostic::new(code, id.span, title);
        let diagnostic = match near_miss(&id.text, ids().map(ItemId::as_str)) {
            None => diagnostic.help(format!("it has {}", listing(ids().map(ItemId::as_str), 10))),
            meant => diagnostic.did_you_mean(meant),
        };
        self.report(diagnostic);
        None
    }

    /// The place of an item; of the definitions, those that are for its kind are kept.
    fn item(
        &self,
        task: &StoryTask,
        id: &Name,
        meant: &mut Vec<(DefinitionIndex, &Definition)>,
    ) -> Result<usize, Box<Diagnostic>> {
        let items = self.plan.items();
        let found = items.iter().enumerate().find(|(_, item)| item.id.as_str() == id.text);
        let Some((place, item)) = found else {
            let ids = || items.iter().map(|item| item.id.as_str());
            let title = format!("the order has no item `{}`", id.text);
            return Err(Box::new(
                Diagnostic::new(Code::UnknownTask, id.span, title)
                    .help(format!("it has {}", listing(ids(), 10))),
            ));
        };
        let kinds: Vec<String> =
            meant.iter().filter_map(|(_, d)| d.each.as_ref()).map(|kind| format!("each {kind}")).collect();
        meant.retain(|(_, definition)| definition.each.as_ref() == Some(&item.kind));
        if meant.is_empty() {
            let name = &task.name.text;
            let title = format!("there is no `{name}` for the item `{}`", id.text);
            let diagnostic = Diagnostic::new(Code::UnknownTask, task.span, title);
            return Err(Box::new(if kinds.is_empty() {
                diagnostic.help(format!("it is not in an `each`: there is one for the whole order, `{name}`"))
            } else {
                let kinds = listing(kinds.iter().map(String::as_str), 6);
                diagnostic
                    .help(format!("the item is of the kind `{}`, and the task is in {kinds}", item.kind))
            }));
        }
        Ok(place)
    }
}

/// A task as the test names it.
pub(super) fn said(task: &StoryTask) -> String {
    let kind = task.kind.as_ref().map_or_else(String::new, |kind| format!("{}.", kind.text));
    let item = task.item.as_ref().map_or_else(String::new, |item| format!("[{}]", item.text));
    format!("{kind}{}{item}", task.name.text)
}
