//! The style: what has a line of its own, what is on one line if it fits, where else a line may be divided.

use super::page::{Doc, Remark, Segment};
use crate::syntax::shape::{Bracketed, Comment, Element, Layout, Part, Run, Shape, Token};

/// Words and signs that may begin a line when their line is too long: of those in a run, the first of these groups.
const BEGINNING: [&[&str]; 5] = [
    &[
        "after", "when", "where", "then", "else", "within", "every", "until", "is", "on", "at", "status",
        "for",
    ],
    &["or"],
    &["and"],
    &["??"],
    &["+", "-"],
];

/// Names that, after the default of a field, would go on with it if no comma stood between.
const OPERATORS: [&str; 12] =
    ["and", "or", "in", "matches", "is", "not", "equals", "contains", "like", "AND", "OR", "IN"];

/// All of a file.
pub(super) fn file<'i>(shape: &Shape<'i>) -> Doc<'i> {
    let mut docs = Vec::new();
    for (n, Element { part: declaration, .. }) in shape.declarations.iter().enumerate() {
        let follows = remarks(comments_before(declaration), n == 0, &mut docs);
        docs.push(Doc::end_of_line(follows && breaks_before(declaration) > 1));
        docs.push(part(declaration));
    }
    remarks(&shape.end.comments, shape.declarations.is_empty(), &mut docs);
    Doc::all(docs)
}

fn part<'i>(part: &Part<'i>) -> Doc<'i> {
    match part {
        Part::Token(token) => Doc::text(token.text),
        Part::Run(run) => self::run(&run.parts, 0),
        Part::Bracketed(bracketed) => self::bracketed(bracketed, &[]),
    }
}

/// Parts one after another, divided where the line is too long. What follows a colon in second place, the type of a
/// field, is moved by `spaces` if each field has a line.
fn run<'i>(parts: &[Part<'i>], spaces: usize) -> Doc<'i> {
    // Braces at the end are closed where the line began.
    let (parts, braces) = match parts {
        [line @ .., last] if !line.is_empty() && braces(last).is_some() => (line, braces(last)),
        all => (all, None),
    };
    let rest = || parts.iter().skip(1);
    let beginning = BEGINNING.into_iter().find(|words| rest().any(|part| begins_with(part, words)));
    let mut segments = Vec::new();
    let mut comments: Vec<Remark<'i>> = Vec::new();
    let mut docs: Vec<Doc<'i>> = parts.first().map(part).into_iter().collect();
    for (n, (before, next)) in parts.iter().zip(rest()).enumerate() {
        let moving = self::braces(next).map(|braces| (braces, braces.open.comments.as_slice()));
        let said = if moving.is_some() { &[] } else { comments_before(next) };
        if !said.is_empty() || is_comma(before) || beginning.is_some_and(|words| begins_with(next, words)) {
            let doc = Doc::all(std::mem::take(&mut docs));
            segments.push(Segment { comments: std::mem::take(&mut comments), doc });
            comments = said.iter().map(|c| Remark { text: c.text, own_line: c.breaks > 0 }).collect();
        } else if is_spaced(before, next) {
            docs.push(Doc::text(" "));
            if n == 1 && before.token_text() == Some(":") {
                docs.push(Doc::spaces_if_broken(spaces));
            }
        }
        docs.push(moving.map_or_else(|| part(next), |(braces, said)| bracketed(braces, said)));
    }
    segments.push(Segment { comments, doc: Doc::all(docs) });
    let line = Doc::fill(segments, !parts.iter().any(is_comma));
    match braces {
        Some(braces) => Doc::all(vec![line, Doc::text(" "), bracketed(braces, &braces.open.comments)]),
        None => line,
    }
}

/// Brackets with what is in them. `before` are comments that stand before the opening one and are put behind it.
fn bracketed<'i>(bracketed: &Bracketed<'i>, before: &[Comment<'i>]) -> Doc<'i> {
    let Bracketed { layout, open, elements, close, on_one_line } = bracketed;
    let last_comma = elements.last().and_then(|last| last.comma.as_ref());
    let at_the_end = || last_comma.into_iter().flat_map(|comma| &comma.comments).chain(&close.comments);
    let silent = before.is_empty() && at_the_end().next().is_none();
    match elements.as_slice() {
        [] if silent => return Doc::all(vec![Doc::text(open.text), Doc::text(close.text)]),
        // Brackets in brackets are opened and closed together.
        [Element { part: Part::Bracketed(only), .. }]
            if silent && open.text != "{" && only.open.comments.is_empty() =>
        {
            let inside = self::bracketed(only, &[]);
            return Doc::all(vec![Doc::text(open.text), inside, Doc::text(close.text)]);
        }
        _ => {}
    }
    let edge = if open.text == "{" { " " } else { "" };
    let mut inside = Vec::new();
    // Arguments are on one line whenever they fit; how the rest is written, the author says.
    if !on_one_line && open.text != "(" {
        inside.push(Doc::broken());
    }
    let follows = remarks(before, true, &mut inside);
    contents(*layout, elements, edge, &mut inside);
    remarks(at_the_end(), elements.is_empty() && !follows, &mut inside);
    Doc::group(vec![Doc::text(open.text), Doc::indent(inside), Doc::line(edge), Doc::text(close.text)])
}

/// What stands in brackets, each element with the end of the line before it.
fn contents<'i>(layout: Layout, elements: &[Element<'i>], edge: &'static str, docs: &mut Vec<Doc<'i>>) {
    let widest = elements.iter().map(field_width).max().unwrap_or(0);
    let mut line = Doc::line(edge);
    let mut comma: Option<&Token<'i>> = None;
    for (n, element) in elements.iter().enumerate() {
        let said = comma.into_iter().flat_map(|comma| &comma.comments).chain(comments_before(&element.part));
        let follows = remarks(said, n == 0, docs);
        if follows && breaks_before(&element.part) > 1 {
            line = Doc::end_of_line(true);
        }
        docs.push(line);
        for (n, piece) in pieces(&element.part).enumerate() {
            if n > 0 {
                remarks(piece.first().into_iter().flat_map(comments_before), false, docs);
                docs.push(Doc::line(" "));
            }
            docs.push(run(piece, if layout == Layout::Fields { widest - field_width(element) } else { 0 }));
        }
        line = Doc::line(if layout == Layout::Block { "  " } else { " " });
        docs.extend(match (layout, elements.get(n + 1)) {
            (Layout::Block, _) | (Layout::StrictList | Layout::Fields, None) => None,
            (Layout::List, None) => Some(Doc::if_broken(",")),
            (Layout::List | Layout::StrictList, Some(_)) => Some(Doc::text(",")),
            (Layout::Fields, Some(next)) if goes_on(next) && element.comma.is_some() => Some(Doc::text(",")),
            (Layout::Fields, Some(_)) => Some(Doc::if_flat(",")),
        });
        comma = element.comma.as_ref();
    }
}

/// Puts comments behind what stands before them or on lines of their own, as they were, and says whether what comes
/// next follows something on a line of its own. `first` is what nothing stands before but an opening bracket.
fn remarks<'c, 'i: 'c>(
    comments: impl IntoIterator<Item = &'c Comment<'i>>,
    first: bool,
    docs: &mut Vec<Doc<'i>>,
) -> bool {
    let mut follows = !first;
    for (n, comment) in comments.into_iter().enumerate() {
        // Of several, only one can follow something: a comma between them may be gone.
        if n == 0 && comment.breaks == 0 {
            docs.push(Doc::comment(comment.text));
        } else {
            docs.push(Doc::end_of_line(follows && comment.breaks > 1));
            docs.push(Doc::text(comment.text));
            follows = true;
        }
    }
    follows
}

/// A clause that goes on in further lines, by lines.
fn pieces<'p, 'i>(part: &'p Part<'i>) -> impl Iterator<Item = &'p [Part<'i>]> {
    let parts = if let Part::Run(run) = part { &run.parts } else { std::slice::from_ref(part) };
    parts.chunk_by(|_, next| !matches!(next, Part::Run(Run { own_line: true, .. })))
}

fn comments_before<'p, 'i>(part: &'p Part<'i>) -> &'p [Comment<'i>] {
    part.first().map_or(&[], |first| &first.comments)
}

fn breaks_before(part: &Part<'_>) -> usize {
    part.first().map_or(0, |first| first.breaks)
}

fn is_comma(part: &Part<'_>) -> bool {
    part.token_text() == Some(",")
}

fn is_spaced(before: &Part<'_>, next: &Part<'_>) -> bool {
    !before.last().is_some_and(|token| token.joins_right)
        && !next.first().is_some_and(|token| token.joins_left)
}

fn begins_with(part: &Part<'_>, words: &[&str]) -> bool {
    part.first().is_some_and(|first| !first.is_name && !first.joins_right && words.contains(&first.text))
}

/// Whether a field would be taken for the rest of the one before.
fn goes_on(field: &Element<'_>) -> bool {
    field.part.first().is_some_and(|name| OPERATORS.contains(&name.text))
}

/// The columns of a field's name; none of anything else.
fn field_width(element: &Element<'_>) -> usize {
    match &element.part {
        Part::Run(Run { parts, .. }) => match parts.as_slice() {
            [Part::Token(name), colon, ..] if colon.token_text() == Some(":") => name.text.chars().count(),
            _ => 0,
        },
        Part::Token(_) | Part::Bracketed(_) => 0,
    }
}

/// Braces that may follow something on its line. A comment between moves into them if it was on that line, too, and
/// none is there: on a line of its own it would describe what is first in them.
fn braces<'p, 'i>(part: &'p Part<'i>) -> Option<&'p Bracketed<'i>> {
    let Part::Bracketed(bracketed) = part else { return None };
    let first = bracketed
        .elements
        .first()
        .map_or(bracketed.close.comments.as_slice(), |first| comments_before(&first.part));
    let moves = match bracketed.open.comments.as_slice() {
        [] => true,
        [only] => only.breaks == 0 && first.first().is_none_or(|first| first.breaks > 0),
        _ => false,
    };
    (bracketed.open.text == "{" && moves).then_some(bracketed)
}
