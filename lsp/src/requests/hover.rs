//! What stands here: its signature, its type, what is said about it; of words, what they promise.

use dsl::Span;
use dsl::index::{DeclarationKind, WORDS, Word};
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use super::Place;

/// Says what stands at a place, and which rules it breaks.
pub(super) fn hover(place: &Place<'_>) -> Option<Hover> {
    let faults = faults(place);
    let (range, mut parts) =
        match name(place).or_else(|| value(place)).or_else(|| of_word(place)).or_else(|| whole(place)) {
            Some((span, text)) => (Some(place.snapshot.range(span)), vec![text]),
            None => (None, Vec::new()),
        };
    parts.extend(faults);
    if parts.is_empty() {
        return None;
    }
    let value = parts.join("\n\n---\n\n");
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Some(Hover { contents, range })
}

fn code(text: &str) -> String {
    format!("```blueprint\n{text}\n```")
}

/// A name that the library declares.
fn name(place: &Place<'_>) -> Option<(Span, String)> {
    let index = &place.snapshot.analysis.index;
    let (span, id) = index.name_at(place.file.id, place.byte)?;
    let declaration = index.declaration(id)?;
    let parent = declaration.parent.and_then(|parent| index.declaration(parent));
    let mut parts = vec![code(&declaration.signature)];
    if let Some(parent) = parent {
        parts.push(format!("{} of the {} `{}`", declaration.kind.noun(), parent.kind.noun(), parent.name));
    }
    let is_task = matches!(declaration.kind, DeclarationKind::Task);
    if is_task && let Some(result) = index.type_of(declaration.span) {
        parts.push(format!("its result is `{result}`"));
    } else if let Some((_, of)) = ending_at(place, span)
        && (span != declaration.span || declaration.kind == DeclarationKind::Variable)
    {
        parts.push(format!("here it is `{of}`"));
    }
    if !declaration.docs.is_empty() {
        parts.push(declaration.docs.clone());
    }
    Some((span, parts.join("\n\n")))
}

/// The expression that ends with a name: `order.address` at `address`.
fn ending_at(place: &Place<'_>, name: Span) -> Option<(Span, String)> {
    let index = &place.snapshot.analysis.index;
    let (span, of) = index.type_at(place.file.id, name.start)?;
    (span.end == name.end).then(|| (span, of.to_string()))
}

/// A value that the language gives, or a field of one: `order`, `order.priority`.
fn value(place: &Place<'_>) -> Option<(Span, String)> {
    let word = word_at(place)?;
    let (span, of) = ending_at(place, word)?;
    let analysis = &place.snapshot.analysis;
    let subject = dsl::index::word(analysis.sources.text(span)).map(|word| format!("\n\n{}", word.meaning));
    // Words such as `true` explain themselves.
    let text = code(&format!("{}: {of}", one_line(analysis.sources.text(span))));
    Some((span, format!("{text}{}", subject.unwrap_or_default())))
}

/// A word of the language.
fn of_word(place: &Place<'_>) -> Option<(Span, String)> {
    let at = word_at(place)?;
    let text = place.snapshot.text_of(place.file);
    let written = place.snapshot.analysis.sources.text(at);
    let reaching = |word: &&Word| {
        word.word.split(' ').any(|part| part == written) && phrase(text, at, word.word).is_some()
    };
    let word = WORDS.iter().filter(reaching).max_by_key(|word| word.word.len())?;
    let (start, end) = phrase(text, at, word.word)?;
    Some((Span { start, end, ..at }, format!("{}\n\n{}", code(word.form), word.meaning)))
}

/// The smallest expression around the place.
fn whole(place: &Place<'_>) -> Option<(Span, String)> {
    let analysis = &place.snapshot.analysis;
    let (span, of) = analysis.index.type_at(place.file.id, place.byte)?;
    Some((span, code(&format!("{}: {of}", one_line(analysis.sources.text(span))))))
}

/// The rules that are broken here.
fn faults(place: &Place<'_>) -> Vec<String> {
    let reaches =
        |span: Span| span.file == place.file.id && span.start <= place.byte && place.byte <= span.end;
    let diagnostics =
        place.snapshot.analysis.diagnostics.iter().filter(|diagnostic| reaches(diagnostic.span()));
    let mut codes: Vec<_> = diagnostics.map(|diagnostic| diagnostic.code).collect();
    codes.dedup();
    let rule = |code: &dsl::Code| {
        let (number, name) = (code.as_str(), code.name());
        format!(
            "**{number}** {name}: {}\n\n`orderwright explain {number}` shows examples.",
            code.explanation()
        )
    };
    codes.iter().map(rule).collect()
}

/// The word at a place, right behind it included.
fn word_at(place: &Place<'_>) -> Option<Span> {
    let text = place.snapshot.text_of(place.file);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (before, after) = text.split_at_checked(place.byte)?;
    let start = before.trim_end_matches(is_word).len();
    let end = text.len() - after.trim_start_matches(is_word).len();
    (start < end).then_some(Span { file: place.file.id, start, end })
}

/// Where words stand that belong together, around one of them.
fn phrase(text: &str, at: Span, words: &str) -> Option<(usize, usize)> {
    let written = text.get(at.start..at.end)?;
    let parts: Vec<&str> = words.split(' ').collect();
    let places = parts.iter().enumerate().filter(|(_, part)| **part == written);
    places
        .filter_map(|(n, _)| {
            let (mut start, mut end) = (at.start, at.end);
            for part in parts.get(..n)?.iter().rev() {
                start = text.get(..start)?.trim_end().strip_suffix(part)?.len();
            }
            for part in parts.get(n + 1..)? {
                let rest = text.get(end..)?;
                let next = rest.trim_start();
                next.strip_prefix(part)?;
                end += rest.len() - next.len() + part.len();
            }
            Some((start, end))
        })
        .next()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
