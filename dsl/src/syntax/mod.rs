//! From text to a tree of one file, with everything in it that can't be read.
//!
//! The only place that knows the grammar's rules. It accepts any input: what is too large or too deep to be
//! read is a diagnostic, like everything else. Meaning is the business of `resolve` and `check`.

pub(crate) mod build;
mod clauses;
mod expressions;
pub(crate) mod foreign;
mod rule_names;
pub(crate) mod shape;
mod slips;
pub(crate) mod story;
mod tests;
pub(crate) mod tree;
mod trouble;
mod types;

use std::num::NonZeroUsize;
use std::sync::Once;

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pairs;

use crate::diagnostic::{Code, Diagnostic, FileId, Severity, Span};

/// Largest file that is read, in bytes: two hundred times the largest blueprint anybody would want to read.
pub(crate) const FILE_BYTES: usize = 1_000_000;

/// Deepest nesting of brackets and braces. A blueprint, an `each`, a task, a call and a record or two make ten.
const NESTING: usize = 64;

/// Most levels of operators, brackets and fields in one expression, so that walking a tree needs little stack.
const EXPRESSION_HEIGHT: usize = 128;

/// Most steps of the grammar for one file. The examples take six per byte and the densest text that could be
/// made takes eighty, so the largest file is read whatever is in it, and what is not ends within seconds.
const GRAMMAR_STEPS: usize = 100_000_000;

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar.pest"]
    pub(super) struct Grammar;
}
use grammar::{Grammar, Rule};

type Pair<'i> = pest::iterators::Pair<'i, Rule>;

/// Reads one file.
pub(crate) fn parse(file: FileId, text: &str) -> (tree::File, Vec<Diagnostic>) {
    match pairs(file, text) {
        Ok(pairs) => read(file, text, pairs),
        Err(diagnostic) => (tree::File::default(), vec![*diagnostic]),
    }
}

/// Reads how one file is laid out.
///
/// # Errors
/// Something in it can't be read.
pub(crate) fn shape(file: FileId, text: &str) -> Result<shape::Shape<'_>, Vec<Diagnostic>> {
    let pairs = pairs(file, text).map_err(|diagnostic| vec![*diagnostic])?;
    let (_, diagnostics) = read(file, text, pairs.clone());
    let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error);
    match pairs.into_iter().next() {
        Some(whole) if is_sound => Ok(shape::shape(text, whole)),
        _ => Err(diagnostics),
    }
}

/// Reads how one file is laid out, whether or not there are faults in it; none if its text goes beyond a limit.
pub(crate) fn shape_alone(file: FileId, text: &str) -> Option<shape::Shape<'_>> {
    pairs(file, text).ok()?.next().map(|whole| shape::shape(text, whole))
}

fn read(file: FileId, text: &str, pairs: Pairs<'_, Rule>) -> (tree::File, Vec<Diagnostic>) {
    let mut reader = Reader::new(file, text);
    let tree = reader.file(pairs);
    (tree, reader.diagnostics)
}

fn pairs(file: FileId, text: &str) -> Result<Pairs<'_, Rule>, Box<Diagnostic>> {
    static LIMIT: Once = Once::new();
    LIMIT.call_once(|| pest::set_call_limit(NonZeroUsize::new(GRAMMAR_STEPS)));

    if text.len() > FILE_BYTES {
        let title = format!("the file has {} bytes, and at most {FILE_BYTES} are read", text.len());
        return Err(Diagnostic::new(Code::FileTooLarge, Span { file, start: 0, end: 0 }, title).into());
    }
    if let Some(start) = too_deep(text) {
        return Err(nested_too_deeply(Span { file, start, end: start + 1 }).into());
    }
    Grammar::parse(Rule::file, text).map_err(|wrong| {
        let start = match wrong.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let span = Span { file, start, end: start };
        Box::new(match wrong.variant {
            ErrorVariant::CustomError { message } if message.contains("stack") => nested_too_deeply(span),
            ErrorVariant::CustomError { .. } => {
                Diagnostic::new(Code::TooComplex, span, "the file takes too many steps to read")
                    .help("split it into several files")
            }
            ErrorVariant::ParsingError { .. } => {
                Diagnostic::new(Code::UnexpectedText, span, "the file can't be read from here")
            }
        })
    })
}

fn nested_too_deeply(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NestedTooDeeply, span, format!("nested deeper than {NESTING} levels"))
        .help("name the parts: declare types, and split what is computed over several tasks")
}

/// Where brackets are nested too deeply, if they are.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth: usize = 0;
    for (at, bracket) in brackets(text) {
        if matches!(bracket, '(' | '[' | '{') {
            depth += 1;
            if depth > NESTING {
                return Some(at);
            }
        } else {
            depth = depth.saturating_sub(1);
        }
    }
    None
}

/// The braces of a text, with where they stand.
fn braces(text: &str) -> impl Iterator<Item = (usize, char)> {
    brackets(text).filter(|(_, bracket)| matches!(bracket, '{' | '}'))
}

/// The brackets and braces of a text, with where they stand. Those in texts and comments don't count.
fn brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while let Some((at, char)) = chars.next() {
            match char {
                '(' | '[' | '{' | ')' | ']' | '}' => return Some((at, char)),
                '/' if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                    while chars.next_if(|(_, c)| *c != '\n').is_some() {}
                }
                '"' => {
                    while let Some((_, c)) = chars.next_if(|(_, c)| *c != '\n' && *c != '"') {
                        if c == '\\' {
                            chars.next_if(|(_, c)| *c != '\n');
                        }
                    }
                    chars.next_if(|(_, c)| *c == '"');
                }
                _ => {}
            }
        }
        None
    })
}

/// Walks the grammar's pairs and builds the tree. Its methods are spread over this folder, by what they read.
struct Reader<'i> {
    file: FileId,
    text: &'i str,
    diagnostics: Vec<Diagnostic>,
    /// Names that unreadable text may declare.
    lost: Vec<String>,
    /// How many expressions are being read inside one another.
    depth: usize,
    /// Where text goes astray that an expression has told of already.
    told: Option<usize>,
    /// A declaration stands where a blueprint should have been closed: what follows may belong to that blueprint.
    unclosed: bool,
    /// Where a block lacks its brace that has been told of.
    breaks_off: Option<usize>,
}

impl<'i> Reader<'i> {
    const fn new(file: FileId, text: &'i str) -> Self {
        Self {
            file,
            text,
            diagnostics: Vec::new(),
            lost: Vec::new(),
            depth: 0,
            told: None,
            unclosed: false,
            breaks_off: None,
        }
    }
}

impl Reader<'_> {
    /// Where something is written, without the space after it.
    fn span(&self, pair: &Pair<'_>) -> Span {
        let start = pair.as_span().start();
        Span { file: self.file, start, end: start + pair.as_str().trim_end().len() }
    }

    /// How far something reaches, and its head: what stands before its brace.
    fn extent(&self, pair: &Pair<'_>) -> tree::Extent {
        let whole = Span { file: self.file, start: pair.as_span().start(), end: end(pair) };
        let brace =
            pair.clone().into_inner().find(|part| [Rule::lbrace, Rule::fields].contains(&part.as_rule()));
        let head = brace.map_or(whole, |brace| {
            let before = self.text.get(whole.start..brace.as_span().start()).unwrap_or_default();
            Span { end: whole.start + before.trim_end().len(), ..whole }
        });
        tree::Extent { whole, head }
    }

    fn name(&self, pair: &Pair<'_>) -> tree::Name {
        tree::Name { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn docs(&self, at: Span) -> String {
        docs_above(self.text, at.start)
    }
}

/// Where the last token of something ends: a pair may reach over the space and the comments behind it.
fn end(pair: &Pair<'_>) -> usize {
    let last = pair.clone().into_inner().rev().find(|part| !part.as_str().is_empty());
    last.map_or_else(|| pair.as_span().start() + pair.as_str().trim_end().len(), |last| end(&last))
}

/// The `///` lines right above what begins a line.
pub(crate) fn docs_above(text: &str, start: usize) -> String {
    let is_space = |c: char| c.is_whitespace() || c == '\u{FEFF}';
    let above = text.get(..start).unwrap_or_default();
    // What follows something on its line has nothing above it.
    let above = match above.rsplit_once('\n') {
        Some((lines, before)) if before.chars().all(is_space) => lines,
        _ => return String::new(),
    };
    let mut docs: Vec<&str> = above
        .split('\n')
        .rev()
        .map_while(|line| line.trim_matches(is_space).strip_prefix("///"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    docs.reverse();
    docs.join("\n")
}

fn is_text(pair: &Pair<'_>) -> bool {
    [Rule::string, Rule::wrong_string].contains(&pair.as_rule())
}

/// The first pair of a rule among the children of another.
fn child<'i>(of: &Pair<'i>, rule: Rule) -> Option<Pair<'i>> {
    of.clone().into_inner().find(|pair| pair.as_rule() == rule)
}
