//! Diagnostics for people, drawn over the text they are about.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str as printable};

use super::{Diagnostic, FileId, Severity, SourceMap};

/// The diagnostics as a terminal shows them, and a last line that counts them; empty if there are none.
/// `colour` adds ANSI colours. What the files contain can't reach the terminal as a control sequence.
#[must_use]
pub fn render_terminal(diagnostics: &[Diagnostic], sources: &SourceMap, colour: bool) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode);
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&[group(diagnostic, sources)]));
        out.push_str("\n\n");
    }
    out.push_str(&count(diagnostics));
    out.push('\n');
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> annotate_snippets::Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(printable(&diagnostic.title)).id(diagnostic.code.as_str());
    let mut files: Vec<FileId> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let snippets = files.into_iter().filter_map(|id| {
        let file = sources.file(id)?;
        let labels = diagnostic.labels.iter().enumerate().filter(|(_, label)| label.span.file == id);
        let annotations = labels.map(|(n, label)| {
            let kind = if n == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!label.text.is_empty()).then(|| printable(&label.text));
            // At the end of the file there is nothing to underline but the place itself.
            let start = label.span.start.min(file.text.len());
            kind.span(start..label.span.end.clamp(start, file.text.len())).label(text)
        });
        Some(Snippet::source(file.text.as_str()).path(file.name.as_str()).annotations(annotations))
    });
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(printable(note)));
    let help = diagnostic.help.iter().map(|help| Level::HELP.message(printable(help)));
    annotate_snippets::Group::with_title(title).elements(snippets).elements(notes).elements(help)
}

fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity: Severity| {
        let count = diagnostics.iter().filter(|d| d.severity == severity).count();
        match count {
            0 => None,
            1 => Some(format!("1 {}", severity.as_str())),
            _ => Some(format!("{count} {}s", severity.as_str())),
        }
    };
    [of(Severity::Error), of(Severity::Warning)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
