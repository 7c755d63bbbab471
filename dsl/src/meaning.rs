//! The hash of what a blueprint means.
//!
//! Two texts mean the same if the same plans come of them. So what is hashed is what plans are made of: names
//! resolved, types written out, policies filled in. Left out is what only people see of it: the text, file and
//! line of an expression, comments.

use model::Hash;
use plan::{Body, Call, Deadline, Definition, DefinitionIndex, Formula, Reaction, Sleep, SubBlueprint, Undo};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::blueprint::BlueprintParts;

/// The version of the form that is hashed. A change of it changes every hash.
const FORM: u16 = 1;

#[derive(Serialize)]
struct Meaning<'a> {
    form: u16,
    name: &'a str,
    version: u32,
    accepts: Option<Formula>,
    order: &'a [model::Field],
    kinds: Vec<(&'a str, Formula, &'a [model::Field])>,
    blocks: Vec<(&'a str, Option<Formula>)>,
    on_failure: Reaction,
    tasks: Vec<Task>,
    // What came later is left out where it is not used: what was published before keeps its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Deadline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_at_a_time: Option<Formula>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sub_blueprints: Vec<SubBlueprint>,
}

#[derive(Serialize)]
struct Task {
    block: Option<usize>,
    when: Option<Formula>,
    after: Vec<usize>,
    definition: Definition,
}

#[expect(clippy::expect_used, reason = "64 lower-case hex digits are a hash")]
pub(crate) fn hash(parts: &BlueprintParts) -> Hash {
    let meaning = Meaning {
        form: FORM,
        name: parts.reference.name.as_str(),
        version: parts.reference.version,
        accepts: parts.accepts.as_ref().map(bare),
        order: &parts.order,
        kinds: parts
            .kinds
            .iter()
            .map(|k| (k.name.as_str(), bare(&k.condition), k.fields.as_slice()))
            .collect(),
        blocks: parts.blocks.iter().map(|b| (b.kind.as_str(), b.condition.as_ref().map(bare))).collect(),
        on_failure: bare_reaction(&parts.on_failure),
        deadline: parts.deadline.as_ref().map(bare_deadline),
        one_at_a_time: parts.one_at_a_time.as_ref().map(bare),
        sub_blueprints: parts.sub_blueprints.iter().map(bare_sub_blueprint).collect(),
        tasks: parts
            .definitions
            .iter()
            .zip(&parts.placements)
            .map(|(definition, placement)| {
                let after = sorted(&placement.after).into_iter().map(|task| task.0).collect();
                let when = placement.when.as_ref().map(bare);
                Task { block: placement.block, when, after, definition: bare_definition(definition) }
            })
            .collect(),
    };
    // Serialising our own data to memory fails for no input.
    let bytes = serde_json::to_vec(&meaning).unwrap_or_default();
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Hash::new(&hex).expect("64 lower-case hex digits")
}

fn bare(formula: &Formula) -> Formula {
    Formula { expr: formula.expr.clone(), text: String::new(), line: 0 }
}

fn bare_reaction(reaction: &Reaction) -> Reaction {
    Reaction { kind: reaction.kind, reason: reaction.reason.as_ref().map(bare) }
}

fn bare_call(call: &mut Call) {
    for argument in &mut call.arguments {
        argument.value = bare(&argument.value);
    }
}

fn bare_calls(calls: &mut [Call]) {
    calls.iter_mut().for_each(bare_call);
}

fn bare_deadline(deadline: &Deadline) -> Deadline {
    Deadline { on_timeout: deadline.on_timeout.as_ref().map(bare_reaction), ..deadline.clone() }
}

fn bare_sub_blueprint(sub: &SubBlueprint) -> SubBlueprint {
    SubBlueprint {
        returns: sub.returns.as_ref().map(bare),
        on_failure: bare_reaction(&sub.on_failure),
        deadline: sub.deadline.as_ref().map(bare_deadline),
        definitions: sub.definitions.iter().map(bare_definition).collect(),
        after: sub.after.iter().map(|after| sorted(after)).collect(),
        ..sub.clone()
    }
}

fn sorted(after: &[DefinitionIndex]) -> Vec<DefinitionIndex> {
    let mut after = after.to_vec();
    after.sort_unstable();
    after.dedup();
    after
}

fn bare_definition(definition: &Definition) -> Definition {
    let mut bare_one = definition.clone();
    bare_one.file.clear();
    bare_one.line = 0;
    bare_one.when = definition.when.as_ref().map(bare);
    bare_one.on_failure = definition.on_failure.as_ref().map(bare_reaction);
    bare_one.on_timeout = definition.on_timeout.as_ref().map(bare_reaction);
    bare_one.status = definition.status.as_ref().map(bare);
    for ensure in &mut bare_one.ensure {
        ensure.condition = bare(&ensure.condition);
        ensure.otherwise = bare_reaction(&ensure.otherwise);
    }
    bare_body(&mut bare_one.body);
    bare_one
}

fn bare_body(body: &mut Body) {
    match body {
        Body::Call(body) => {
            bare_call(&mut body.call);
            bare_calls(&mut body.fallbacks);
            if let Undo::Call(undo) = &mut body.undo {
                bare_call(undo);
            }
            if let Some(verify) = &mut body.verify {
                bare_call(&mut verify.query);
                verify.condition = bare(&verify.condition);
            }
            if let Some(amend) = &mut body.amend {
                bare_call(&mut amend.call);
            }
        }
        Body::Manual(body) => body.title = bare(&body.title),
        Body::Poll(body) => {
            bare_call(&mut body.query);
            body.until = bare(&body.until);
        }
        Body::Run(body) => {
            body.arguments.iter_mut().for_each(|argument| argument.value = bare(&argument.value))
        }
        Body::Sleep(Sleep::Until(formula)) | Body::Let(formula) => *formula = bare(formula),
        Body::Wait { .. } | Body::Sleep(Sleep::For(_)) | Body::Milestone => {}
    }
}
