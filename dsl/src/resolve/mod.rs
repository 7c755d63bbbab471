//! What every name means: types written out, systems and retry policies by name, and the outline of each
//! blueprint. Expressions are left as written; `check` types them.

mod constant;
mod outline;
mod systems;
mod types;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use plan::Retry;

pub(crate) use outline::{Kind, Outline, Seen, Signature};
pub(crate) use systems::{Operation, System};
pub(crate) use types::{BUILT_IN, Types};

use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::index::Notes;
use crate::suggest::{listing, near_miss};
use crate::syntax::story;
use crate::syntax::tree::{self, Name, RetryClause, RetryPolicy};

/// What the files of a library declare, apart from blueprints.
#[derive(Debug)]
pub(crate) struct Declarations<'t> {
    pub(crate) types: Types<'t>,
    pub(crate) systems: BTreeMap<&'t str, System>,
    retries: BTreeMap<&'t str, (Retry, Span)>,
    usage: Usage,
    /// As written: `testing` resolves them.
    pub(crate) tests: Vec<&'t story::Test>,
    /// What is learnt of types on the way, for those who ask.
    pub(crate) notes: Notes,
}

/// Which declarations are used, by the place of their names, and which names must not be reported as unknown
/// because they may stand in text that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    used: RefCell<BTreeSet<Span>>,
    lost: BTreeSet<String>,
}

impl Usage {
    pub(crate) fn mark(&self, declared: Span) {
        self.used.borrow_mut().insert(declared);
    }

    fn is_used(&self, declared: Span) -> bool {
        self.used.borrow().contains(&declared)
    }

    /// Whether there is text that could not be read and may have declared something.
    pub(crate) fn lost_anything(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether a name may be declared in text that could not be read.
    pub(crate) fn is_lost(&self, name: &str) -> bool {
        self.lost.contains(name)
    }
}

/// Resolves the declarations of all files together, and the outlines of their blueprints.
pub(crate) fn resolve(files: &[tree::File]) -> (Declarations<'_>, Vec<Outline<'_>>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let usage =
        Usage { used: RefCell::default(), lost: files.iter().flat_map(|f| f.lost.iter().cloned()).collect() };
    let types = Types::collect(files, usage, &mut diagnostics);
    let (types, usage) = types;
    let mut declarations = Declarations {
        types,
        systems: BTreeMap::new(),
        retries: BTreeMap::new(),
        usage,
        tests: files.iter().flat_map(|file| &file.tests).collect(),
        notes: Notes::NONE,
    };
    declarations.types.write_out(&declarations.usage, &mut diagnostics);
    declarations.systems = systems::collect(files, &declarations, &mut diagnostics);
    declarations.retries = retries(files, &mut diagnostics);
    let blueprints = files.iter().flat_map(|f| &f.blueprints);
    let outlines = outline::collect(blueprints, &declarations, &mut diagnostics);
    (declarations, outlines, diagnostics)
}

impl Declarations<'_> {
    pub(crate) const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The operation that a call names.
    pub(crate) fn operation(
        &self,
        system: &Name,
        operation: &Name,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<(&System, &Operation)> {
        let Some(found) = self.systems.get(system.text.as_str()) else {
            if !self.usage.is_lost(&system.text) {
                let title = format!("there is no system `{}`", system.text);
                diagnostics.push(
                    Diagnostic::new(Code::UnknownSystem, system.span, title)
                        .did_you_mean(near_miss(&system.text, self.systems.keys().copied())),
                );
            }
            return None;
        };
        self.usage.mark(found.span);
        let known = found.operations.get(&operation.text);
        if known.is_none() && !self.usage.is_lost(&operation.text) {
            let title = format!("the system `{}` has no operation `{}`", system.text, operation.text);
            let known = || found.operations.keys().map(String::as_str);
            let diagnostic = Diagnostic::new(Code::UnknownOperation, operation.span, title)
                .label(found.span, format!("`{}` is declared here", system.text))
                .did_you_mean(near_miss(&operation.text, known()));
            diagnostics.push(match diagnostic.help {
                None if !found.operations.is_empty() => {
                    diagnostic.help(format!("it has {}", listing(known(), 12)))
                }
                _ => diagnostic,
            });
        }
        known.map(|operation| (found, operation))
    }

    /// Where a retry policy is declared.
    pub(crate) fn retry_at(&self, name: &str) -> Option<Span> {
        self.retries.get(name).map(|(_, declared)| *declared)
    }

    /// Every name of a retry policy.
    pub(crate) fn retry_names(&self) -> impl Iterator<Item = &str> {
        self.retries.keys().copied()
    }

    /// The policy that a `retry` clause asks for; the default if it can't be known.
    pub(crate) fn retry(&self, clause: &RetryClause, diagnostics: &mut Vec<Diagnostic>) -> Retry {
        match clause {
            RetryClause::None => Retry::NONE,
            RetryClause::Policy(policy) => retry(policy, diagnostics),
            RetryClause::Named(name) => {
                if let Some((retry, span)) = self.retries.get(name.text.as_str()) {
                    self.usage.mark(*span);
                    return *retry;
                }
                if !self.usage.is_lost(&name.text) {
                    let title = format!("there is no retry policy `{}`", name.text);
                    let meant = near_miss(&name.text, self.retries.keys().copied());
                    let diagnostic = Diagnostic::new(Code::UnknownRetry, name.span, title);
                    diagnostics.push(match meant {
                        Some(_) => diagnostic.did_you_mean(meant),
                        None => diagnostic.help(format!(
                            "declare it: `retry {} = 5 times every 2s doubling up to 1m`",
                            name.text
                        )),
                    });
                }
                Retry::DEFAULT
            }
        }
    }

    /// Warns of what is declared and never used.
    pub(crate) fn unused(&self, outlines: &[Outline<'_>], diagnostics: &mut Vec<Diagnostic>) {
        let runnable = outlines.iter().filter(|outline| outline.signature.is_some());
        let runnable = runnable.map(|outline| &outline.tree.name);
        let blueprints =
            runnable.map(|name| (Code::UnusedBlueprint, "blueprint", name.text.as_str(), name.span));
        let types = self.types.names().map(|(name, span)| (Code::UnusedType, "type", name, span));
        let systems = self.systems.iter().map(|(name, s)| (Code::UnusedSystem, "system", *name, s.span));
        let retries = self.retries.iter().map(|(name, r)| (Code::UnusedRetry, "retry policy", *name, r.1));
        for (code, what, name, span) in types.chain(systems).chain(retries).chain(blueprints) {
            if !self.usage.is_used(span) {
                let verb = if code == Code::UnusedBlueprint { "run" } else { "used" };
                let title = format!("the {what} `{name}` is never {verb}");
                diagnostics.push(Diagnostic::new(code, span, title));
            }
        }
    }
}

fn retries<'t>(
    files: &'t [tree::File],
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<&'t str, (Retry, Span)> {
    let mut retries = BTreeMap::new();
    for declaration in files.iter().flat_map(|f| &f.retries) {
        let name = &declaration.name;
        let policy = retry(&declaration.policy, diagnostics);
        if let Some((_, earlier)) = retries.get(name.text.as_str()) {
            diagnostics.push(duplicate("retry policy", name, *earlier));
        } else {
            retries.insert(name.text.as_str(), (policy, name.span));
        }
    }
    retries
}

fn retry(policy: &RetryPolicy, diagnostics: &mut Vec<Diagnostic>) -> Retry {
    if let (Some(every), Some(up_to)) = (policy.every, policy.up_to)
        && up_to < every
    {
        let title = format!("the longest wait `{up_to}` is shorter than the first, `{every}`");
        diagnostics.push(Diagnostic::new(Code::UnusableLimit, policy.span, title));
    }
    Retry {
        attempts: policy.attempts,
        every: policy.every.unwrap_or(Retry::DEFAULT.every),
        doubling: policy.doubling,
        up_to: policy.up_to,
    }
}

/// Two things of one kind with the same name.
pub(crate) fn duplicate(what: &str, name: &Name, earlier: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, name.span, format!("the {what} `{}` is declared twice", name.text))
        .here("declared again here")
        .label(earlier, "declared first here")
}

/// Reads a name into one of the types of `model`, or reports that it can't be one.
pub(crate) fn named<T>(
    name: &Name,
    read: impl Fn(&str) -> Result<T, model::InvalidName>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<T> {
    taken(name, diagnostics);
    read(&name.text)
        .map_err(|wrong| diagnostics.push(Diagnostic::new(Code::InvalidName, name.span, wrong.to_string())))
        .ok()
}

/// Reports a name that means something of its own where names are used.
fn taken(name: &Name, diagnostics: &mut Vec<Diagnostic>) {
    const TAKEN: [&str; 4] = ["order", "item", "result", "before"];
    if TAKEN.contains(&name.text.as_str()) {
        let title = format!("`{}` can't be a name: it means something of its own", name.text);
        diagnostics.push(Diagnostic::new(Code::InvalidName, name.span, title));
    }
}
