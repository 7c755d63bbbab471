//! What is wrong with a library, as plain data. Renderers only read it: [`terminal`] for people, [`document`]
//! for programs, [`github`] for reviews of changes.

mod code;
mod document;
mod github;
mod rule;
mod source;
mod terminal;

pub use code::Code;
pub use document::{
    ByteSpan, DiagnosticDocument, DiagnosticsDocument, EditDocument, LabelDocument, PlaceDocument,
};
pub use github::render_github;
pub use rule::UnknownCode;
pub use source::{FileId, SourceFile, SourceMap, Span};
pub use terminal::render_terminal;

/// Most diagnostics that one run reports. Nobody reads more, and the later ones tend to follow from the first.
pub(crate) const REPORTED: usize = 50;

/// How much is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The library can't be used.
    Error,
    /// It can be used, and something in it is probably not meant.
    Warning,
}

impl Severity {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One fault: what, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule it breaks.
    pub code: Code,
    /// How much is wrong; usually the code's own.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in backticks.
    pub title: String,
    /// The places concerned. The first is where it is wrong, the others say why.
    pub labels: Vec<Label>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// The change that mends it, where one is certain enough to be made by a program.
    pub fix: Option<Edit>,
}

/// A place and what it has to do with the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words; empty where the title says it all.
    pub text: String,
}

/// A change to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What to replace.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, title: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            title: title.into(),
            labels: vec![Label { span, text: String::new() }],
            notes: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Says a few words at the main place.
    pub(crate) fn here(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = self.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// Points at another place.
    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Replaces the main place by `replacement`.
    pub(crate) fn fix(mut self, replacement: impl Into<String>) -> Self {
        self.fix = Some(Edit { span: self.span(), replacement: replacement.into() });
        self
    }

    /// Suggests a near miss, where there is one.
    pub(crate) fn did_you_mean(self, meant: Option<&str>) -> Self {
        match meant {
            Some(meant) => self.help(format!("did you mean `{meant}`?")).fix(meant),
            None => self,
        }
    }

    /// Where it is wrong.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map_or_else(Span::nowhere, |label| label.span)
    }
}

/// Puts diagnostics in the order they are read in, drops repetitions, and keeps at most [`REPORTED`] of them;
/// the last one then says how many are left out. Errors are kept before warnings.
pub(crate) fn settle(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let place = |d: &Diagnostic| (d.span(), d.code);
    diagnostics.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.title.cmp(&b.title)));
    diagnostics.dedup();
    if diagnostics.len() > REPORTED {
        let found = diagnostics.len();
        diagnostics.sort_by_key(|d| d.severity);
        let last = diagnostics.get(REPORTED).map_or_else(Span::nowhere, Diagnostic::span);
        diagnostics.truncate(REPORTED);
        diagnostics.sort_by_key(place);
        let title = format!("{} more faults are not shown", found - REPORTED);
        diagnostics.push(Diagnostic::new(Code::TooManyFaults, last, title).help("mend those above first"));
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: usize, code: Code) -> Diagnostic {
        Diagnostic::new(code, Span { file: FileId::FIRST, start, end: start + 1 }, format!("fault {start}"))
    }

    #[test]
    fn faults_are_sorted_by_place_and_said_once() {
        let settled = settle(vec![
            at(5, Code::UnknownType),
            at(2, Code::UnknownTask),
            at(5, Code::UnknownType),
            at(2, Code::UnknownType),
        ]);
        let places: Vec<_> = settled.iter().map(|d| (d.span().start, d.code)).collect();
        assert_eq!(places, [(2, Code::UnknownType), (2, Code::UnknownTask), (5, Code::UnknownType)]);
    }

    #[test]
    fn beyond_the_limit_faults_are_counted_and_errors_go_first() {
        let mut many: Vec<_> = (0..30).map(|n| at(n, Code::UnusedType)).collect();
        many.extend((100..140).map(|n| at(n, Code::UnknownType)));
        let settled = settle(many);
        assert_eq!(settled.len(), REPORTED + 1);
        assert_eq!(settled.iter().filter(|d| d.code == Code::UnknownType).count(), 40);
        assert_eq!(settled.last().unwrap().title, "20 more faults are not shown");
        assert_eq!(settle((0..REPORTED).map(|n| at(n, Code::UnknownType)).collect()).len(), REPORTED);
    }
}
