//! Declarations and what stands in a blueprint.

use pest::iterators::Pairs;

use super::tree::{
    Accepts, Blueprint, Clause, ClauseKind, Deadline, Each, ExprKind, File, ItemDeclaration, OneAtATime,
    Operation, OrderFields, Parameters, Reacting, RetryDeclaration, Returns, System, Task, TaskRef,
    TypeDeclaration, TypeExpr, TypeKind, When,
};
use super::trouble::Context;
use super::{Pair, Reader, Rule, braces, child};
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
            } else if rule == Rule::test {
                file.tests.extend(self.test(&pair));
            } else if rule == Rule::stray_declaration {
                self.stray(&pair, Context::Declaration);
            }
        }
        file.lost = std::mem::take(&mut self.lost);
        file
    }

    fn type_declaration(&mut self, pair: &Pair<'_>) -> Option<TypeDeclaration> {
        let name = self.name(&child(pair, Rule::name)?);
        Some(TypeDeclaration {
            extent: self.extent(pair),
            name,
            of: self.type_expr(&child(pair, Rule::type_expr)?)?,
        })
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
        Some(System { extent: self.extent(pair), name, docs, operations })
    }

    fn operation(&mut self, pair: &Pair<'_>) -> Option<Operation> {
        let name = self.name(&child(pair, Rule::name)?);
        let parameters = child(pair, Rule::parameters)?;
        let repeatable = child(pair, Rule::kw_repeatable);
        let effect = child(pair, Rule::kw_operation).is_some();
        if let Some(repeatable) = repeatable.as_ref().filter(|_| !effect) {
            let title = "a query is never `repeatable`";
            self.report(
                Diagnostic::new(Code::MisplacedClause, self.span(repeatable), title)
                    .help("leave it out: a query changes nothing, and may be asked again anyway"),
            );
        }
        self.wrong_arrow(pair, "what an operation answers stands after `->`");
        Some(Operation {
            extent: self.extent(pair),
            name,
            docs: self.docs(self.span(pair)),
            effect,
            repeatable: repeatable.is_some(),
            parameters: self.typed_fields(&parameters),
            result: match child(pair, Rule::wrong_bare_field) {
                Some(field) => Some(self.bare_field(&field)),
                None => child(pair, Rule::type_expr).and_then(|of| self.type_expr(&of)),
            },
        })
    }

    /// Reports a field that stands where a record of it should.
    fn bare_field(&mut self, pair: &Pair<'_>) -> TypeExpr {
        let span = self.span(pair);
        let ours = format!("{{ {} }}", one_line(pair.as_str()));
        self.foreign_type(span, "the fields that an operation answers stand in braces", &ours);
        TypeExpr { span, kind: TypeKind::Record(self.typed_fields(pair)) }
    }

    fn wrong_arrow(&mut self, pair: &Pair<'_>, title: &str) {
        if let Some(wrong) = child(pair, Rule::wrong_arrow) {
            self.foreign_type(self.span(&wrong), title, "->");
        }
    }

    fn retry_declaration(&mut self, pair: &Pair<'_>) -> Option<RetryDeclaration> {
        let name = self.name(&child(pair, Rule::name)?);
        Some(RetryDeclaration {
            extent: self.extent(pair),
            name,
            policy: self.retry_policy(&child(pair, Rule::retry_policy)?),
        })
    }

    fn blueprint(&mut self, pair: &Pair<'_>) -> Option<Blueprint> {
        let name = self.name(&child(pair, Rule::name)?);
        let mut head_is_broken = false;
        for stray in pair.clone().into_inner().filter(|p| p.as_rule() == Rule::stray_blueprint_head) {
            head_is_broken = true;
            self.stray(&stray, Context::BlueprintHead);
        }
        let parameters = child(pair, Rule::parameters).map(|fields| Parameters {
            fields: self.typed_fields(&fields),
            result: child(pair, Rule::type_expr).and_then(|of| self.type_expr(&of)),
        });
        self.wrong_arrow(pair, "what a blueprint answers stands after `->`");
        let mut blueprint = Blueprint {
            extent: self.extent(pair),
            version: if parameters.is_some() {
                self.no_version(pair);
                None
            } else {
                self.version(pair, name.span, head_is_broken)
            },
            parameters,
            docs: self.docs(self.span(pair)),
            name,
            accepts: Vec::new(),
            order: Vec::new(),
            items: Vec::new(),
            on_failure: Vec::new(),
            deadlines: Vec::new(),
            one_at_a_time: Vec::new(),
            returns: Vec::new(),
            broken: head_is_broken,
            tasks: Vec::new(),
            blocks: Vec::new(),
        };
        for member in pair.clone().into_inner() {
            self.member(&member, &mut blueprint, None);
        }
        blueprint.broken |= self.block_end(pair);
        Some(blueprint)
    }

    fn no_version(&mut self, blueprint: &Pair<'_>) {
        if let Some(version) = child(blueprint, Rule::version) {
            let title = "a blueprint with parameters has no version of its own";
            self.report(
                Diagnostic::new(Code::MisplacedClause, self.span(&version), title)
                    .help("leave it out: it is part of the versions of the blueprints that run it"),
            );
        }
    }

    fn version(&mut self, blueprint: &Pair<'_>, name: Span, silent: bool) -> Option<u32> {
        let number = child(blueprint, Rule::version)
            .and_then(|v| child(&v, Rule::number).or_else(|| child(&v, Rule::wrong_version)));
        let Some(number) = number else {
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
            into.broken = true;
            self.stray(pair, if block.is_some() { Context::Each } else { Context::Blueprint });
        } else if block.is_some() {
            // The rest stands in the blueprint itself; the head of an `each` has parts of its own.
            let word = pair.as_str().split_whitespace().next().unwrap_or_default();
            let misplaced = [
                Rule::accepts,
                Rule::order_fields,
                Rule::item,
                Rule::each,
                Rule::on_failure,
                Rule::deadline,
                Rule::one_at_a_time,
                Rule::returns,
            ];
            if misplaced.contains(&rule) {
                let title = format!("`{word}` can't stand inside `each`");
                self.report(
                    Diagnostic::new(Code::MisplacedClause, self.token_at(span.start), title)
                        .help("move it out, into the blueprint itself"),
                );
                into.broken = true;
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
            self.wrong_reaction(pair);
            let reaction = child(pair, Rule::reaction).map(|r| self.reaction(&r));
            into.on_failure.extend(reaction.map(|reaction| Reacting { span, reaction }));
        } else if rule == Rule::deadline {
            into.deadlines.push(self.deadline(pair));
        } else if rule == Rule::one_at_a_time {
            let keys = child(pair, Rule::expr).map(|e| self.expr(&e));
            into.one_at_a_time.extend(keys.map(|keys| OneAtATime { span, keys }));
        } else if rule == Rule::returns {
            let value = child(pair, Rule::expr).map(|e| self.expr(&e));
            into.returns.extend(value.map(|value| Returns { span, value }));
        } else if rule == Rule::each {
            self.each(pair, into);
        }
    }

    fn deadline(&mut self, pair: &Pair<'_>) -> Deadline {
        let mut deadline = Deadline {
            span: self.span(pair),
            within: child(pair, Rule::length).and_then(|length| self.length(&length)),
            at_risk: None,
            on_timeout: None,
        };
        for part in pair.clone().into_inner() {
            let (at_risk, span) = (part.as_rule() == Rule::at_risk, self.span(&part));
            let twice = if at_risk { deadline.at_risk.is_some() } else { deadline.on_timeout.is_some() };
            if !at_risk && part.as_rule() != Rule::on_timeout {
                continue;
            }
            if twice {
                let word = if at_risk { "at risk" } else { "on timeout" };
                let title = format!("`{word}` is said twice");
                self.report(Diagnostic::new(Code::DuplicateClause, span, title));
            } else if at_risk {
                let length = child(&part, Rule::length).and_then(|length| self.length(&length));
                deadline.at_risk = Some((span, length));
            } else {
                deadline.on_timeout = child(&part, Rule::reaction).map(|r| self.reaction(&r));
            }
        }
        deadline
    }

    fn item(&mut self, pair: &Pair<'_>) -> Option<ItemDeclaration> {
        Some(ItemDeclaration {
            extent: self.extent(pair),
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
        into.blocks.push(Each { extent: self.extent(pair), kind, condition, isolate: None });
        let mut in_head = true;
        for part in pair.clone().into_inner() {
            in_head &= part.as_rule() != Rule::lbrace;
            if part.as_rule() == Rule::stray_each_head {
                self.stray(&part, Context::EachHead);
            } else if in_head && part.as_rule() == Rule::on_failure {
                let isolate = self.isolates(&part);
                if let Some(each) = into.blocks.get_mut(block) {
                    each.isolate = each.isolate.or(isolate);
                }
            } else if !in_head {
                self.member(&part, into, Some(block));
            }
        }
        self.block_end(pair);
    }

    /// Where `on failure isolate` stands, if that is what the head of an `each` says.
    fn isolates(&mut self, on_failure: &Pair<'_>) -> Option<Span> {
        self.wrong_reaction(on_failure);
        let span = self.span(on_failure);
        let reaction = child(on_failure, Rule::reaction)?;
        let word = child(&reaction, Rule::reaction_word)?;
        if word.as_str() == "isolate" {
            let rest = reaction.clone().into_inner().find(|part| part.as_rule() != Rule::reaction_word);
            if let Some(rest) = rest {
                let title = "`isolate` says no more than that";
                let help = "reasons are given by the tasks that fail";
                self.report(Diagnostic::new(Code::MisplacedClause, self.span(&rest), title).help(help));
            }
            return Some(span);
        }
        let title = format!("an `each` reacts with `isolate` only, found `{}`", word.as_str());
        self.report(
            Diagnostic::new(Code::MisplacedClause, span, title)
                .help("say it for the blueprint, or in the task that may fail"),
        );
        None
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
                // A condition that breaks off is not what was meant.
                let goes_on = |when: &&mut When| {
                    let between = self.text.get(when.span.end..part.as_span().start());
                    between.is_some_and(|between| between.trim().is_empty())
                };
                if let Some(when) = task.when.last_mut().filter(goes_on) {
                    when.condition.kind = ExprKind::Unreadable;
                }
                self.stray(&part, Context::TaskHead);
            } else if rule == Rule::stray_clause {
                task.broken = true;
                self.stray(&part, Context::Task);
            } else if !in_head {
                task.clauses.extend(self.clause(&part));
                task.clauses.extend(self.early_within(&part));
            }
        }
        task.broken |= self.block_end(pair);
        Some(task)
    }

    /// Reports `wait SIGNAL within 10d { … }`, and reads the limit.
    fn early_within(&mut self, wait: &Pair<'_>) -> Option<Clause> {
        let within = child(wait, Rule::wrong_within)?;
        let span = self.span(&within);
        let title = "`within` stands behind the fields";
        let help = format!("write `wait SIGNAL {{ field: type }} {}`", one_line(within.as_str()));
        self.report(Diagnostic::new(Code::MisplacedClause, span, title).help(help));
        let length = child(&within, Rule::length).and_then(|length| self.length(&length));
        Some(Clause { span, kind: ClauseKind::Within(length) })
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
            extent: self.extent(pair),
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
        if self.breaks_off == Some(at.start) {
            // The blocks around the one that breaks off here lack nothing else.
            return true;
        }
        self.breaks_off = Some(at.start);
        let found = self.describe(at);
        let mut diagnostic = Diagnostic::new(Code::MissingBrace, at, format!("expected `}}`, found {found}"));
        if let Some(open) = child(block, Rule::lbrace) {
            let open = self.span(&open);
            let open = self.less_indented_end(open.start, at.start).unwrap_or(open);
            diagnostic = diagnostic.label(open, "this block is not closed");
        }
        self.report(diagnostic);
        self.unclosed |= ["blueprint", "system", "type", "retry", "test"].contains(&self.slice(at));
        true
    }
}

impl Reader<'_> {
    /// The innermost block of a stretch whose closing brace begins a line less indented than the one that opens it: so
    /// the brace was meant for a block around it.
    fn less_indented_end(&self, start: usize, end: usize) -> Option<Span> {
        let indent = |at: usize| {
            let line = self.text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
            let line = self.text.get(line..)?;
            Some((line.len() - line.trim_start_matches([' ', '\t']).len(), line))
        };
        let mut open: Vec<usize> = Vec::new();
        for (at, brace) in braces(self.text).filter(|(at, _)| (start..end).contains(at)) {
            if brace == '{' {
                open.push(at);
                continue;
            }
            let Some(opened) = open.pop() else { continue };
            let ((outer, _), (inner, line)) = (indent(opened)?, indent(at)?);
            if line.trim_start().starts_with('}') && inner < outer {
                return Some(Span { file: self.file, start: opened, end: opened + 1 });
            }
        }
        None
    }
}

/// The text on one line, as it would stand there: with single spaces, and none beside round and square brackets.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        // A comma behind the last of several is only written where each has a line.
        if word.starts_with([')', ']', '}']) && line.ends_with(',') {
            line.pop();
        }
        let joins = line.is_empty() || line.ends_with(['(', '[']) || word.starts_with([')', ']']);
        if !joins {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
