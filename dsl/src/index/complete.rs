//! What may be written at a place.
//!
//! What is being typed can seldom be parsed, and hardly ever checked. So a name that means nothing is put in its place, with
//! whatever ends it, and the file is examined with that: then the place has a scope and types like any other ([`super::seen`]).

use model::{Field, ItemState, OrderState, TaskState, Type};

use super::analysis::Analyser;
use super::declaration::DeclarationKind;
use super::place::{Giving, Place, place};
use super::seen::{kinds, tasks, tasks_of, values};
use super::stories;
use super::telling::LINES;
use super::uses::Sight;
use super::words::{WORDS, Word, WordPlace, word};
use crate::diagnostic::FileId;
use crate::resolve::{BUILT_IN, Declarations, Outline};
use crate::syntax::tree::FieldDeclaration;

/// The name that means nothing. Nobody would write it.
const MARKER: &str = "completed__here";

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// How it is called.
    pub label: String,
    /// What it is.
    pub kind: CandidateKind,
    /// Its type or form, on one line.
    pub detail: String,
    /// What is said about it.
    pub docs: String,
    /// What to write for it, with `$1` or `${1:like this}` where something is filled in, and `$0` where to go on.
    pub snippet: String,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// A word of the language.
    Word,
    /// A type that needs no declaration.
    BuiltInType,
    /// A function of expressions.
    Function,
    /// Something that the library declares.
    Declared(DeclarationKind),
    /// A text that is one of those allowed.
    Choice,
    /// `order`, `item`, `result` or `before`.
    Subject,
}

impl Analyser {
    /// What may be written at a byte of a file of a library; the part of a word before it is to be replaced.
    pub fn complete(&mut self, files: &[(String, String)], file: FileId, byte: usize) -> Vec<Candidate> {
        let Some((name, text)) = files.get(file.index()) else { return Vec::new() };
        let (Some(before), Some(after)) = (text.get(..byte), text.get(byte..)) else { return Vec::new() };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (start, rest) = (before.trim_end_matches(is_word), after.trim_start_matches(is_word));
        let place = place(before);
        let said = start.trim_end().rsplit(|c| !is_word(c)).next().unwrap_or_default();
        if let Some(mut words) = words(&place) {
            goes_on_from(said, &mut words);
            return words;
        }
        let mut files = files.to_vec();
        let mut candidates = Vec::new();
        for tail in tails(start, rest, &place) {
            let marked = format!("{start}{MARKER}{tail}{rest}");
            if let Some(place) = files.get_mut(file.index()) {
                *place = (name.clone(), marked);
            }
            let (found, seen) = self.look(&files, file, MARKER, |declarations, outlines, sight| {
                (at(&place, declarations, outlines, sight.as_ref()), sight.is_some())
            });
            candidates = found;
            if seen {
                break;
            }
        }
        candidates.retain(|candidate| candidate.label != MARKER);
        goes_on_from(said, &mut candidates);
        candidates
    }
}

/// What is put behind the marker so that it can be read, one after the other until it can.
fn tails(before: &str, after: &str, place: &Place<'_>) -> Vec<String> {
    match place {
        Place::Task | Place::TaskOf(_) | Place::ItemKind => vec![String::new(), " { }".to_owned()],
        Place::Expression => {
            let line = before.rsplit('\n').next().unwrap_or_default();
            let rest = after.split('\n').next().unwrap_or_default();
            let closed = closers(line, rest);
            let endings = ["", " else hold", " { }", " then 0 else 0"];
            let ended = endings.iter().map(|ending| format!("{closed}{ending}"));
            std::iter::once(String::new()).chain(ended).collect()
        }
        Place::Field if after.trim_start().starts_with(':') => vec![String::new()],
        Place::Field => {
            let line = before.rsplit('\n').next().unwrap_or_default();
            let closed = closers(line, after.split('\n').next().unwrap_or_default());
            vec![": null".to_owned(), ": null,".to_owned(), format!(": null{closed}")]
        }
        // What is known there does not depend on the place.
        _ => vec![String::new()],
    }
}

/// What closes the brackets and texts that are open on a line, and that the rest of it does not close.
fn closers(line: &str, rest: &str) -> String {
    let mut open: Vec<char> = Vec::new();
    for c in line.chars() {
        let in_text = open.last() == Some(&'"');
        match c {
            '"' if in_text => {
                open.pop();
            }
            '"' => open.push('"'),
            '{' => open.push('}'),
            '(' if !in_text => open.push(')'),
            '[' if !in_text => open.push(']'),
            ')' | ']' | '}' if open.last() == Some(&c) => {
                open.pop();
            }
            _ => {}
        }
    }
    let mut closed = rest.chars().filter(|c| ")]}\"".contains(*c));
    let mut missing: Vec<char> = open;
    // What closes them first is that of the innermost.
    while let (Some(wanted), Some(there)) = (missing.last(), closed.next()) {
        if *wanted != there {
            break;
        }
        missing.pop();
    }
    missing.iter().rev().collect()
}

/// What may be written in a place.
fn at(
    place: &Place<'_>,
    declarations: &Declarations<'_>,
    outlines: &[Outline<'_>],
    sight: Option<&Sight<'_>>,
) -> Vec<Candidate> {
    let frame = sight.map(|sight| &sight.frame);
    match place {
        Place::Nothing | Place::Words(_) | Place::AfterValue(_) | Place::Clause(_) => Vec::new(),
        Place::Type => types(declarations),
        Place::System => systems(declarations),
        Place::Operation { clause, system } => operations(declarations, clause, system),
        Place::Blueprint => outlines.iter().filter_map(runnable).collect(),
        Place::Retry => {
            let names = declarations.retry_names();
            let policy = declared(DeclarationKind::Retry, "retry policy");
            let times = Candidate { snippet: "${1:3} times".to_owned(), ..of_part("times") };
            names.map(policy).chain([times]).collect()
        }
        Place::ItemKind => frame.map(|frame| kinds(frame.outline)).unwrap_or_default(),
        Place::Task => {
            let Some(frame) = frame else { return Vec::new() };
            let others = frame.outline.kinds.iter().map(|kind| kind.text.as_str());
            let others =
                others.map(declared(DeclarationKind::ItemKind, "all instances of a task of this kind"));
            tasks(frame, declarations).into_iter().chain(others).collect()
        }
        Place::TaskOf(kind) => frame.map(|frame| tasks_of(frame, kind, declarations)).unwrap_or_default(),
        Place::Argument(giving) => arguments(declarations, outlines, giving),
        Place::StoryLine => {
            known(LINES).into_iter().chain([whole_order()]).chain(systems(declarations)).collect()
        }
        Place::Expected(words) => known(words).into_iter().chain(stories::offered(outlines, None)).collect(),
        Place::StoryTask => stories::offered(outlines, None),
        Place::StoryTaskOf(kind) => stories::offered(outlines, Some(kind)),
        Place::Signal => stories::signals(outlines),
        Place::OrderState => states(OrderState::ALL.iter().map(|state| state.as_str())),
        Place::ItemState => states(ItemState::ALL.iter().map(|state| state.as_str())),
        Place::TaskState => states(TaskState::ALL.iter().map(|state| state.as_str())),
        Place::Field => {
            let field = |field: &&FieldDeclaration| {
                let of = declarations.types.resolve(&field.of, declarations.usage(), &mut Vec::new());
                Candidate {
                    snippet: format!("{}: $0", field.name.text),
                    ..declared(DeclarationKind::Field, of.to_string())(&field.name.text)
                }
            };
            sight.map(|sight| sight.fields.iter().map(field).collect()).unwrap_or_default()
        }
        Place::Expression => sight.map(|sight| values(sight, declarations)).unwrap_or_default(),
    }
}

/// What may be written in a place for which the library makes no difference; none if it does.
fn words(place: &Place<'_>) -> Option<Vec<Candidate>> {
    match place {
        Place::Nothing => Some(Vec::new()),
        Place::Words(words) => Some(known(words)),
        Place::AfterValue(words) => Some(known(&[*words, &["and", "or", "in", "matches"]].concat())),
        Place::Clause(given) => Some(clauses(given)),
        _ => None,
    }
}

// ---- words -------------------------------------------------------------------------------------------------

fn known(words: &[&str]) -> Vec<Candidate> {
    words.iter().filter_map(|known| word(known)).map(of_word).collect()
}

/// Leaves out of words that belong together the first one, if it is there already.
fn goes_on_from(said: &str, candidates: &mut [Candidate]) {
    for candidate in candidates.iter_mut().filter(|candidate| candidate.kind == CandidateKind::Word) {
        let rest =
            |text: &str| text.strip_prefix(said).and_then(|rest| rest.strip_prefix(' ')).map(str::to_owned);
        if let (Some(label), Some(snippet)) = (rest(&candidate.label), rest(&candidate.snippet)) {
            (candidate.label, candidate.snippet) = (label, snippet);
        }
    }
}

/// The order of a test, written out in it.
fn whole_order() -> Candidate {
    Candidate {
        detail: "order { … }".to_owned(),
        docs: "The order of the test: the document that the API takes, in the form of a record.".to_owned(),
        snippet: "order {\n  category: \"${1:category}\",\n  customer: { id: \"${2:C-1}\" },\n  \
                  items: [{ id: \"1\", offering: \"${3:OFFERING}\", action: ${4:add} }],\n}"
            .to_owned(),
        ..of_part("order")
    }
}

fn states(names: impl Iterator<Item = &'static str>) -> Vec<Candidate> {
    let state = |name: &str| Candidate {
        kind: CandidateKind::Choice,
        ..declared(DeclarationKind::Task, "state")(name)
    };
    names.map(state).collect()
}

fn of_word(word: &Word) -> Candidate {
    let (kind, detail) = match word.place {
        WordPlace::Function => (CandidateKind::Function, word.form),
        WordPlace::Type => (CandidateKind::BuiltInType, ""),
        WordPlace::Declaration
        | WordPlace::System
        | WordPlace::Blueprint
        | WordPlace::Head
        | WordPlace::Body
        | WordPlace::Clause
        | WordPlace::Reaction
        | WordPlace::Expression
        | WordPlace::Story
        | WordPlace::Part => (CandidateKind::Word, word.form),
    };
    Candidate {
        label: word.word.to_owned(),
        kind,
        detail: detail.to_owned(),
        docs: word.meaning.to_owned(),
        snippet: word.snippet.to_owned(),
    }
}

/// A word that has no table of its own.
pub(super) fn of_part(text: &str) -> Candidate {
    word(text).map_or_else(|| declared(DeclarationKind::Retry, "")(text), of_word)
}

/// A clause, and the bodies that it goes with; all, if none are named.
const CLAUSES: [(&str, &[&str]); 14] = [
    ("undo", &["call"]),
    ("no undo", &["call"]),
    ("amend", &["call"]),
    ("verify", &["call"]),
    ("timeout", &["call", "poll"]),
    ("retry", &["call"]),
    ("no retry", &["call"]),
    ("within", &["call", "wait", "manual", "poll", "run"]),
    ("ensure", &[]),
    ("on failure", &["call", "wait", "manual", "poll", "run"]),
    ("on timeout", &["call", "wait", "manual", "poll", "run"]),
    ("status", &[]),
    ("point of no return", &[]),
    ("else", &["call"]),
];

/// Clauses of which a task has one at most.
const EITHER: [&[&str]; 2] = [&["undo", "no undo"], &["retry", "no retry"]];

/// The clauses that a task may still have.
fn clauses(given: &[&str]) -> Vec<Candidate> {
    let bodies = || WORDS.iter().filter(|word| word.place == WordPlace::Body);
    let Some(body) = given.iter().find(|given| bodies().any(|body| body.word == **given)) else {
        return bodies().map(of_word).collect();
    };
    let fits = |(clause, with): &&(&str, &[&str])| {
        let either = EITHER.iter().find(|either| either.contains(clause)).copied();
        let is_given = match either {
            Some(either) => either.iter().any(|one| given.contains(one)),
            None => given.contains(clause) && *clause != "ensure",
        };
        (with.is_empty() || with.contains(body)) && !is_given
    };
    let candidate = |(clause, _): &(&str, &[&str])| {
        let candidate = word(clause).map(of_word)?;
        Some(match *clause {
            "retry" => Candidate {
                detail: "retry N times every D [doubling] [up to D], retry NAME".to_owned(),
                snippet: "retry ${1:3 times}".to_owned(),
                ..candidate
            },
            "else" => Candidate {
                label: "else call".to_owned(),
                detail: "else call SYSTEM.OPERATION(…)".to_owned(),
                docs: "The call that is made when the one before has failed for good.".to_owned(),
                snippet: "else call $0".to_owned(),
                ..candidate
            },
            _ => candidate,
        })
    };
    CLAUSES.iter().filter(fits).filter_map(candidate).collect()
}

// ---- declarations ------------------------------------------------------------------------------------------

/// Makes a candidate of a name.
pub(super) fn declared(kind: DeclarationKind, detail: impl Into<String>) -> impl Fn(&str) -> Candidate {
    let detail = detail.into();
    move |name| Candidate {
        label: name.to_owned(),
        kind: CandidateKind::Declared(kind),
        detail: detail.clone(),
        docs: String::new(),
        snippet: name.to_owned(),
    }
}

fn types(declarations: &Declarations<'_>) -> Vec<Candidate> {
    let own = declarations.types.written_out().map(|(name, of)| {
        let of = of.to_string();
        declared(DeclarationKind::Type, of)(name)
    });
    let choice = WORDS.iter().filter(|word| word.word == "one of").map(of_word);
    let built_in = BUILT_IN.iter().map(|(name, _)| Candidate {
        label: (*name).to_owned(),
        kind: CandidateKind::BuiltInType,
        detail: String::new(),
        docs: word(name).map_or_else(String::new, |word| word.meaning.to_owned()),
        snippet: (*name).to_owned(),
    });
    own.chain(built_in).chain(choice).collect()
}

fn systems(declarations: &Declarations<'_>) -> Vec<Candidate> {
    let system = |(name, system): (&&str, &crate::resolve::System)| Candidate {
        docs: system.docs.clone(),
        ..declared(DeclarationKind::System, format!("system {name}"))(name)
    };
    declarations.systems.iter().map(system).collect()
}

fn operations(declarations: &Declarations<'_>, clause: &str, system: &str) -> Vec<Candidate> {
    let Some(system) = declarations.systems.get(system) else { return Vec::new() };
    let wanted = |effect: bool| match clause {
        "undo" | "amend" => effect,
        "verify" | "poll" => !effect,
        _ => true,
    };
    let operation = |(name, operation): (&String, &crate::resolve::Operation)| {
        let kind = if operation.effect { DeclarationKind::Operation } else { DeclarationKind::Query };
        let detail = signature(&operation.parameters, &operation.result);
        Candidate {
            docs: operation.docs.clone(),
            snippet: invocation(name, &operation.parameters),
            ..declared(kind, detail)(name)
        }
    };
    system.operations.iter().filter(|(_, operation)| wanted(operation.effect)).map(operation).collect()
}

fn runnable(outline: &Outline<'_>) -> Option<Candidate> {
    let of = outline.signature.as_ref()?;
    let name = &outline.tree.name.text;
    Some(Candidate {
        docs: outline.tree.docs.clone(),
        snippet: invocation(name, &of.parameters),
        ..declared(DeclarationKind::Blueprint, signature(&of.parameters, &of.result))(name)
    })
}

/// `(a: text, b: int) -> { c: text }`.
fn signature(parameters: &[Field], result: &Type) -> String {
    let parameters: Vec<_> = parameters.iter().map(|field| format!("{}: {}", field.name, field.of)).collect();
    let answer = if *result == Type::Record(Vec::new()) { String::new() } else { format!(" -> {result}") };
    format!("({}){answer}", parameters.join(", "))
}

/// A call with the arguments that it needs.
fn invocation(name: &str, parameters: &[Field]) -> String {
    let needed = parameters.iter().filter(|field| field.default.is_none() && !field.of.admits_null());
    let arguments: Vec<_> =
        needed.enumerate().map(|(n, field)| format!("{}: ${}", field.name, n + 1)).collect();
    format!("{name}({})$0", arguments.join(", "))
}

fn arguments(declarations: &Declarations<'_>, outlines: &[Outline<'_>], giving: &Giving) -> Vec<Candidate> {
    let parameters = match &giving.system {
        Some(system) => {
            let system = declarations.systems.get(system.as_str());
            let operation = system.and_then(|system| system.operations.get(&giving.name));
            operation.map(|operation| operation.parameters.as_slice())
        }
        None => outlines
            .iter()
            .find(|outline| outline.tree.name.text == giving.name)
            .and_then(|outline| outline.signature.as_ref())
            .map(|signature| signature.parameters.as_slice()),
    };
    let free = parameters.unwrap_or_default().iter().filter(|field| !giving.given.contains(&field.name));
    free.map(|field| Candidate {
        snippet: format!("{}: $0", field.name),
        ..declared(DeclarationKind::Parameter, field.of.to_string())(&field.name)
    })
    .collect()
}
