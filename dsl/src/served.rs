//! Whether a deployment can make the calls of a library.
//!
//! A library says what it calls, a deployment how systems are reached, and neither knows the other: whoever has both
//! asks here. What the deployment says is read elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use model::{OperationName, SystemName};
use plan::{Call, Definition};

use crate::diagnostic::{Code, Diagnostic, FileId, SourceMap, Span, settle};
use crate::library::Library;

/// Why a deployment can't make a call, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is missing: lower case, no full stop.
    pub what: String,
    /// The remedy.
    pub help: String,
}

impl Library {
    /// Every call of its blueprints, undos included, that a deployment can't make, as `gap` says of an operation.
    /// `sources` are the files that the library was compiled from.
    #[must_use]
    pub fn unserved(
        &self,
        sources: &SourceMap,
        gap: impl Fn(&SystemName, &OperationName) -> Option<Gap>,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let subs = self.blueprints().iter().flat_map(crate::Blueprint::sub_blueprints);
        // A blueprint that several others run is looked at once.
        let subs: BTreeMap<_, _> = subs.map(|sub| (&sub.name, sub.definitions.as_slice())).collect();
        let tasks = self.blueprints().iter().map(crate::Blueprint::definitions).chain(subs.into_values());
        for definition in tasks.flatten() {
            let mut told = BTreeSet::new();
            for call in definition.calls() {
                if let Some(Gap { what, help }) = gap(&call.system, &call.operation)
                    && told.insert(call.label())
                {
                    let title = format!("`{}` calls `{}`, and {what}", definition.name, call.label());
                    let at = place(sources, definition, call);
                    found.push(Diagnostic::new(Code::NotServed, at, title).help(help));
                }
            }
        }
        settle(found)
    }
}

/// Where a task names what it calls: the first time at or after its own line. Definitions keep no more than that line.
fn place(sources: &SourceMap, definition: &Definition, call: &Call) -> Span {
    let Some((file, source)) = sources.files().find(|(_, file)| file.name == definition.file) else {
        return Span::nowhere();
    };
    let label = call.label();
    let begin = line_start(&source.text, definition.line);
    let rest = source.text.get(begin..).unwrap_or_default();
    match rest.match_indices(&label).find(|(at, _)| is_whole(rest, *at, label.len())) {
        Some((at, _)) => Span { file, start: begin + at, end: begin + at + label.len() },
        None => whole_line(file, begin, rest),
    }
}

/// Whether no name goes on before or after a stretch of text.
fn is_whole(text: &str, start: usize, length: usize) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let after = text.get(start + length..).and_then(|after| after.chars().next());
    !before.is_some_and(goes_on) && !after.is_some_and(goes_on)
}

fn line_start(text: &str, line: u32) -> usize {
    let before = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    text.split_inclusive('\n').take(before).map(str::len).sum()
}

fn whole_line(file: FileId, begin: usize, rest: &str) -> Span {
    let line = rest.lines().next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    Span { file, start: begin + indent, end: begin + line.trim_end().len() }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::render_terminal;

    const LIBRARY: &str = r#"system net {
  operation book(site: text) -> { id: text }
  operation book_late(site: text) -> { id: text }
  operation free(id: text)
}
blueprint fiber version 1 {
  order { site: text }
  item line where true { }
  task late {
    call net.book_late(site: order.site)
    else call net.book(site: order.site)
    undo net.free(id: result.id)
  }
}
"#;

    fn unserved(missing: &'static str) -> String {
        let compiled = Library::compile(&[("fiber.blueprint".to_owned(), LIBRARY.to_owned())]);
        let gap = |system: &SystemName, operation: &OperationName| {
            (format!("{system}.{operation}") == missing)
                .then(|| Gap { what: "nobody has it".to_owned(), help: "build it".to_owned() })
        };
        let found = compiled.library.unwrap().unserved(&compiled.sources, gap);
        render_terminal(&found, &compiled.sources, false)
    }

    #[test]
    fn a_call_that_can_not_be_made_is_shown_where_it_stands() {
        expect![[r#"
            error[BP0505]: `late` calls `net.book`, and nobody has it
               ╭▸ fiber.blueprint:11:15
               │
            11 │     else call net.book(site: order.site)
               │               ━━━━━━━━
               │
               ╰ help: build it

            1 error
        "#]]
        .assert_eq(&unserved("net.book"));
    }

    #[test]
    fn undos_are_calls_too_and_what_nobody_calls_is_not_asked_for() {
        assert!(unserved("net.free").contains("fiber.blueprint:12:10"));
        assert_eq!(unserved("net.other"), "");
    }
}
