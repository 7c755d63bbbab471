//! Declarations and what stands in a blueprint.

use pest::iterators::Pairs;

use super::tree::{
    Accepts, Blueprint, Each, File, ItemDeclaration, Operation, OrderFields, Reacting, RetryDeclaration,
    System, Task, TaskRef, TypeDeclaration, When,
};
use super::trouble::Context;
use super::{Pair, Reader, Rule, child};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};

impl Reader<'_> {
    pub(super) fn file(&mut self, pairs: Pairs<'_, Rule>) -> File {
        let mut file = File::default();
        for pair in pairs.flat_map(Pair::into_inner) {
            let rule = pair.as_rule();
            if rule == Rule::type_declaration {
                file.types.extend(self.type_declaration(&pair));
            } else if rule == Rule::system {
                file.systems.extend(self.system(&pair));
            } else if rule == Rule::retry_declaration {
                file.retries.extend(self.retry_declaration(&pair));
            } else if rule == Rule::blueprint {
                file.blueprints.extend(self.blueprint(&pair));
            } else if rule == Rule::unsupported_declaration {
                self.unsupported(&pair);
            } else if rule == Rule::stray_declaration {
                self.stray(&pair, Context::Declaration);
            }
        }
        file.lost = std::mem::take(&mut self.lost);
        file
    }

    fn type_declaration(&mut self, pair: &Pair<'_>) -> Option<TypeDeclaration> {
        let name = self.name(&child(pair, Rule::name)?);
        Some(TypeDeclaration { name, of: self.type_expr(&child(pair, Rule::type_expr)?)? })
    }

    fn system(&mut self, pair: &Pair<'_>) -> Option<System> {
        let name = self.name(&child(pair, Rule::name)?);
        let docs = self.docs(self.span(pair));
        let mut operations = Vec::new();
        for part in pair.clone().into_inner() {
            if part.as_rule() == Rule::operation {
                operations.extend(self.operation(&part));
            } else if part.as_rule() == Rule::stray_operation {
                self.stray(&part, Context::System);
            }
        }
        self.block_end(pair);
        Some(System { name, docs, operations })
    }

    fn operation(&mut self, pair: &Pair<'_>) -> Option<Operation> {
        let name = self.name(&child(pair, Rule::name)?);
        let parameters = child(pair, Rule::parameters)?;
        if let Some(repeatable) = child(pair, Rule::unsupported_repeatable) {
            let title = "`repeatable` is not supported yet";
            self.report(
                Diagnostic::new(Code::NotSupported, self.span(&repeatable), title)
                    .help("leave it out: it matters to amendments only"),
            );
        }
        if let Some(wrong) = child(pair, Rule::wrong_arrow) {
            self.foreign_type(self.span(&wrong), "what an operation answers stands after `->`", "->");
        }
        Some(Operation {
            name,
            docs: self.docs(self.span(pair)),
            effect: child(pair, Rule::kw_operation).is_some(),
            parameters: self.typed_fields(&parameters),
            result: child(pair, Rule::type_expr).and_then(|of| self.type_expr(&of)),
        })
    }

    fn retry_declaration(&mut self, pair: &Pair<'_>) -> Option<RetryDeclaration> {
        let name = self.name(&child(pair, Rule::name)?);
        Some(RetryDeclaration { name, policy: self.retry_policy(&child(pair, Rule::retry_policy)?) })
    }

    fn blueprint(&mut self, pair: &Pair<'_>) -> Option<Blueprint> {
        let name = self.name(&child(pair, Rule::name)?);
        let mut head_is_broken = false;
        for stray in pair.clone().into_inner().filter(|p| p.as_rule() == Rule::stray_blueprint_head) {
            head_is_broken = true;
            self.stray(&stray, Context::BlueprintHead);
        }
        let mut blueprint = Blueprint {
            version: self.version(pair, name.span, head_is_broken),
            docs: self.docs(self.span(pair)),
            name,
            accepts: Vec::new(),
            order: Vec::new(),
            items: Vec::new(),
            on_failure: Vec::new(),
            tasks: Vec::new(),
            blocks: Vec::new(),
        };
        for member in pair.clone().into_inner() {
            self.member(&member, &mut blueprint, None);
        }
        self.block_end(pair);
        Some(blueprint)
    }

    fn version(&mut self, blueprint: &Pair<'_>, name: Span, silent: bool) -> Option<u32> {
        let Some(number) = child(blueprint, Rule::version).and_then(|v| child(&v, Rule::number)) else {
            if !silent {
                let title = "a blueprint says its version";
                self.report(Diagnostic::new(Code::MissingVersion, name, title).help("add `version 1`"));
            }
            return None;
        };
        let version = number.as_str().parse().ok().filter(|version| *version > 0);
        if version.is_none() {
            let title = format!("expected a whole number from 1, found `{}`", number.as_str());
            self.report(Diagnostic::new(Code::MissingVersion, self.span(&number), title));
        }
        version
    }

    fn member(&mut self, pair: &Pair<'_>, into: &mut Blueprint, block: Option<usize>) {
        let span = self.span(pair);
        let rule = pair.as_rule();
        if rule == Rule::task {
            into.tasks.extend(self.task(pair, block));
        } else if rule == Rule::milestone {
            into.tasks.extend(self.milestone(pair, block));
        } else if rule == Rule::stray_member || rule == Rule::stray_block {
            self.stray(pair, if block.is_some() { Context::Each } else { Context::Blueprint });
        } else if rule == Rule::unsupported_member {
            self.unsupported(pair);
        } else if block.is_some() {
            // The rest stands in the blueprint itself; the head of an `each` has parts of its own.
            let word = pair.as_str().split_whitespace().next().unwrap_or_default();
            let misplaced =
                [Rule::accepts, Rule::order_fields, Rule::item, Rule::each, Rule::on_failure].contains(&rule);
            if misplaced {
                let title = format!("`{word}` can't stand inside `each`");
                self.report(
                    Diagnostic::new(Code::MisplacedClause, self.token_at(span.start), title)
                        .help("move it out, into the blueprint itself"),
                );
            }
        } else if rule == Rule::accepts {
            let condition = child(pair, Rule::expr).map(|e| self.expr(&e));
            into.accepts.extend(condition.map(|condition| Accepts { span, condition }));
        } else if rule == Rule::order_fields {
            let fields = child(pair, Rule::fields).map(|fields| self.fields(&fields)).unwrap_or_default();
            into.order.push(OrderFields { span: self.token_at(span.start), fields });
        } else if rule == Rule::item {
            into.items.extend(self.item(pair));
        } else if rule == Rule::on_failure {
            let reaction = child(pair, Rule::reaction).map(|r| self.reaction(&r));
            into.on_failure.extend(reaction.map(|reaction| Reacting { span, reaction }));
        } else if rule == Rule::each {
            self.each(pair, into);
        }
    }

    fn item(&mut self, pair: &Pair<'_>) -> Option<ItemDeclaration> {
        Some(ItemDeclaration {
            name: self.name(&child(pair, Rule::name)?),
            condition: self.expr(&child(pair, Rule::expr)?),
            fields: self.fields(&child(pair, Rule::fields)?),
        })
    }

    fn each(&mut self, pair: &Pair<'_>, into: &mut Blueprint) {
        let Some(kind) = child(pair, Rule::name) else { return };
        let kind = self.name(&kind);
        let block = into.blocks.len();
        let condition = child(pair, Rule::filter).and_then(|filter| self.filter(&filter));
        into.blocks.push(Each { kind, condition });
        let mut in_head = true;
        for part in pair.clone().into_inner() {
            in_head &= part.as_rule() != Rule::lbrace;
            if part.as_rule() == Rule::stray_each_head {
                self.stray(&part, Context::EachHead);
            } else if in_head && part.as_rule() == Rule::on_failure {
                // In the head it can only be about isolating items; its reading reports what is not supported.
                let reaction = child(&part, Rule::reaction).map(|r| self.reaction(&r));
                if reaction.is_some_and(|r| r.kind.is_some()) {
                    let title = "an `each` has no reaction of its own";
                    self.report(
                        Diagnostic::new(Code::MisplacedClause, self.span(&part), title)
                            .help("say it for the blueprint, or in the task that may fail"),
                    );
                }
            } else if !in_head {
                self.member(&part, into, Some(block));
            }
        }
        self.block_end(pair);
    }

    pub(super) fn filter(&mut self, pair: &Pair<'_>) -> Option<super::tree::Expr> {
        self.wrong_if(pair, "where");
        Some(self.expr(&child(pair, Rule::expr)?))
    }

    fn wrong_if(&mut self, pair: &Pair<'_>, word: &str) {
        if let Some(wrong) = child(pair, Rule::wrong_if) {
            let title = format!("a condition begins with `{word}` here");
            self.report(
                Diagnostic::new(Code::OtherLanguage, self.span(&wrong), title)
                    .help(format!("write `{word}` for `if`"))
                    .fix(word),
            );
        }
    }

    fn milestone(&mut self, pair: &Pair<'_>, block: Option<usize>) -> Option<Task> {
        let mut milestone = self.empty_task(pair, block)?;
        milestone.milestone = true;
        for part in pair.clone().into_inner() {
            if part.as_rule() == Rule::after {
                self.wrong_after(&part);
                milestone.after.extend(self.after(&part));
            } else if part.as_rule() == Rule::status {
                milestone.clauses.extend(self.clause(&part));
            }
        }
        Some(milestone)
    }

    fn task(&mut self, pair: &Pair<'_>, block: Option<usize>) -> Option<Task> {
        let mut task = self.empty_task(pair, block)?;
        let mut in_head = true;
        for part in pair.clone().into_inner() {
            let rule = part.as_rule();
            in_head &= rule != Rule::lbrace;
            if rule == Rule::after || rule == Rule::when {
                if in_head {
                    self.wrong_after(&part);
                    self.wrong_if(&part, "when");
                } else {
                    self.below_the_head(&part, &task.name.text);
                }
                if rule == Rule::after {
                    task.after.extend(self.after(&part));
                } else {
                    let span = self.span(&part);
                    let condition = child(&part, Rule::expr).map(|e| self.expr(&e));
                    task.when.extend(condition.map(|condition| When { span, condition }));
                }
            } else if rule == Rule::stray_task_head {
                task.broken = true;
                self.stray(&part, Context::TaskHead);
            } else if rule == Rule::stray_clause {
                task.broken = true;
                self.stray(&part, Context::Task);
            } else if rule == Rule::unsupported_clause {
                task.broken = true;
                self.unsupported(&part);
            } else if !in_head {
                task.clauses.extend(self.clause(&part));
            }
        }
        task.broken |= self.block_end(pair);
        Some(task)
    }

    /// Reports an `after` or `when`, by whatever name, that stands among the clauses of a task.
    fn below_the_head(&mut self, part: &Pair<'_>, task: &str) {
        let own = if part.as_rule() == Rule::after { "after" } else { "when" };
        let first = part.clone().into_inner().next();
        let word = first.map_or(own, |first| first.as_str());
        let rest = one_line(part.as_str().strip_prefix(word).unwrap_or_default());
        let title = format!("`{word}` stands in the head of a task, before its `{{`");
        self.report(
            Diagnostic::new(Code::MisplacedClause, self.span(part), title)
                .help(format!("write `task {task} {own} {rest} {{ … }}`")),
        );
    }

    fn empty_task(&self, pair: &Pair<'_>, block: Option<usize>) -> Option<Task> {
        Some(Task {
            name: self.name(&child(pair, Rule::name)?),
            milestone: false,
            block,
            after: Vec::new(),
            when: Vec::new(),
            clauses: Vec::new(),
            broken: false,
        })
    }

    fn wrong_after(&mut self, pair: &Pair<'_>) {
        if let Some(wrong) = child(pair, Rule::wrong_after) {
            let title = "what a task waits for begins with `after`";
            self.report(
                Diagnostic::new(Code::OtherLanguage, self.span(&wrong), title)
                    .help("write `after`, and know that using a task's result is enough to wait for it")
                    .fix("after"),
            );
        }
    }

    fn after(&self, pair: &Pair<'_>) -> Vec<TaskRef> {
        let references = pair.clone().into_inner().filter(|p| p.as_rule() == Rule::task_ref);
        references
            .filter_map(|reference| {
                let mut names = reference.into_inner().filter(|p| p.as_rule() == Rule::name);
                let first = self.name(&names.next()?);
                Some(match names.next() {
                    Some(task) => TaskRef { kind: Some(first), task: self.name(&task) },
                    None => TaskRef { kind: None, task: first },
                })
            })
            .collect()
    }

    /// Reports a block that lacks its brace, and says whether it does.
    pub(super) fn block_end(&mut self, block: &Pair<'_>) -> bool {
        let missing = child(block, Rule::block_end).and_then(|end| child(&end, Rule::missing_brace));
        let Some(missing) = missing else { return false };
        let at = self.token_at(missing.as_span().start());
        let found = self.describe(at);
        let mut diagnostic = Diagnostic::new(Code::MissingBrace, at, format!("expected `}}`, found {found}"));
        if let Some(open) = child(block, Rule::lbrace) {
            diagnostic = diagnostic.label(self.span(&open), "this block is not closed");
        }
        self.report(diagnostic);
        self.unclosed |= ["blueprint", "system", "type", "retry"].contains(&self.slice(at));
        true
    }
}

/// The text with every run of white space made one space.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
