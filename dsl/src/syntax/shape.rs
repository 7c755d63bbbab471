//! A file as its text is laid out: every token in order, the comments between them, and the brackets they stand in.
//!
//! For tools that write text back, so nothing is left out but white space. It follows the grammar without naming
//! most of its rules: what stands in brackets is parts between commas, or fields, or else entries of a block;
//! everything else is a run of parts, one for each rule inside another. A new declaration, member or clause
//! needs nothing here. `format` lays it out.

use super::{Pair, Rule, docs_above};

/// A file: its declarations, and the end.
#[derive(Debug)]
pub(crate) struct Shape<'i> {
    pub(crate) declarations: Vec<Element<'i>>,
    /// The end of the file; has no text, but may have comments before it.
    pub(crate) end: Token<'i>,
    trace: Trace<'i>,
}

/// What a file says, in the order it says it, whatever the layout. Commas between parts don't count.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trace<'i> {
    rules: Vec<Rule>,
    tokens: Vec<&'i str>,
    comments: Vec<&'i str>,
    /// The description above each declaration and each entry of a block.
    docs: Vec<String>,
}

/// Something of one or more tokens.
#[derive(Debug)]
pub(crate) enum Part<'i> {
    Token(Token<'i>),
    Run(Run<'i>),
    Bracketed(Box<Bracketed<'i>>),
}

/// Parts that follow one another; at least two.
#[derive(Debug)]
pub(crate) struct Run<'i> {
    pub(crate) parts: Vec<Part<'i>>,
    /// Goes on with what stands before it, on a line of its own where that is not on one line as a whole.
    pub(crate) own_line: bool,
}

/// An opening bracket, what is in it, and the closing one.
#[derive(Debug)]
pub(crate) struct Bracketed<'i> {
    pub(crate) layout: Layout,
    pub(crate) open: Token<'i>,
    pub(crate) elements: Vec<Element<'i>>,
    pub(crate) close: Token<'i>,
    /// All of it stood on one line, and no block was in it.
    pub(crate) on_one_line: bool,
}

/// How elements are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Members, clauses and the like: by nothing.
    Block,
    /// Declared fields: by commas, or by nothing if each has its line.
    Fields,
    /// By commas, of which there may be one after the last.
    List,
    /// By commas, of which there is none after the last.
    StrictList,
}

#[derive(Debug)]
pub(crate) struct Element<'i> {
    pub(crate) part: Part<'i>,
    /// The comma after it.
    pub(crate) comma: Option<Token<'i>>,
}

/// A word, number, text or sign, as written.
#[derive(Debug)]
pub(crate) struct Token<'i> {
    pub(crate) text: &'i str,
    /// The comments between the token before and this one.
    pub(crate) comments: Vec<Comment<'i>>,
    /// How many line breaks stand right before it.
    pub(crate) breaks: usize,
    /// Nothing stands between it and the token before, or the one after.
    pub(crate) joins_left: bool,
    pub(crate) joins_right: bool,
    /// Somebody's word: a name, whatever it looks like.
    pub(crate) is_name: bool,
    start: usize,
}

/// A comment, with its `//` and without space at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comment<'i> {
    pub(crate) text: &'i str,
    /// How many line breaks stand right before it; none if it follows something on its line.
    pub(crate) breaks: usize,
}

impl Shape<'_> {
    /// Whether another file says the same: it has the same tree, texts, descriptions and comments.
    pub(crate) fn says_the_same(&self, other: &Shape<'_>) -> bool {
        self.trace == other.trace
    }
}

impl<'i> Part<'i> {
    pub(crate) fn first(&self) -> Option<&Token<'i>> {
        match self {
            Self::Token(token) => Some(token),
            Self::Run(run) => run.parts.first().and_then(Part::first),
            Self::Bracketed(bracketed) => Some(&bracketed.open),
        }
    }

    pub(crate) fn last(&self) -> Option<&Token<'i>> {
        match self {
            Self::Token(token) => Some(token),
            Self::Run(run) => run.parts.last().and_then(Part::last),
            Self::Bracketed(bracketed) => Some(&bracketed.close),
        }
    }

    /// Both, one after the other.
    fn and(self, next: Self) -> Self {
        Part::Run(Run { parts: vec![self, next], own_line: false })
    }

    /// The part's text, if it is one token.
    pub(crate) fn token_text(&self) -> Option<&'i str> {
        if let Self::Token(token) = self { Some(token.text) } else { None }
    }
}

/// The shape of a text, given what the grammar made of it. There must be no fault in it.
pub(super) fn shape<'i>(text: &'i str, file: Pair<'i>) -> Shape<'i> {
    let mut builder =
        Builder { text, at: 0, breaks: 1, comments: Vec::new(), blocks: 0, trace: Trace::default() };
    let mut parts = builder.inside(file);
    let end = match parts.pop() {
        Some(Part::Token(end)) => end,
        _ => Token::new("", text.len(), Rule::EOI),
    };
    let declarations = builder.elements(Layout::Block, parts);
    Shape { declarations, end, trace: builder.trace }
}

impl<'i> Token<'i> {
    fn new(text: &'i str, start: usize, around: Rule) -> Self {
        let is_name = around == Rule::name || around == Rule::word;
        let is_sign = !is_name;
        let joins_left = is_sign
            && (matches!(text, "." | "?." | "," | ":" | ")" | "]" | "?")
                || text == "(" && around != Rule::parenthesised
                || text == "[" && around == Rule::of_item);
        let joins_right = is_sign && (matches!(text, "." | "?." | "(" | "[") || around == Rule::negate);
        Self { text, comments: Vec::new(), breaks: 0, joins_left, joins_right, is_name, start }
    }
}

struct Builder<'i> {
    text: &'i str,
    /// Everything before is in some token or comment, or is space.
    at: usize,
    /// The line breaks since the last token or comment, and the comments since the last token.
    breaks: usize,
    comments: Vec<Comment<'i>>,
    /// How many blocks have been closed.
    blocks: usize,
    trace: Trace<'i>,
}

/// A bracket that is not closed yet.
struct Open<'i> {
    bracket: Token<'i>,
    blocks_before: usize,
    parts: Vec<Part<'i>>,
}

impl<'i> Builder<'i> {
    /// What stands inside a pair, brackets put together.
    fn inside(&mut self, pair: Pair<'i>) -> Vec<Part<'i>> {
        let rule = pair.as_rule();
        let end = pair.as_span().end();
        let mut open: Vec<Open<'i>> = Vec::new();
        let mut parts: Vec<Part<'i>> = Vec::new();
        let mut found = Vec::new();
        for inner in pair.into_inner() {
            self.tokens_up_to(inner.as_span().start(), rule, &mut found);
            self.part(inner, rule, &mut found);
            for part in found.drain(..) {
                self.put(part, rule, &mut open, &mut parts);
            }
        }
        self.tokens_up_to(end, rule, &mut found);
        for part in found.drain(..) {
            self.put(part, rule, &mut open, &mut parts);
        }
        // Brackets come in pairs where the grammar found no fault.
        for left in open {
            parts.push(Part::Token(left.bracket));
            parts.extend(left.parts);
        }
        parts
    }

    fn part(&mut self, pair: Pair<'i>, parent: Rule, found: &mut Vec<Part<'i>>) {
        let rule = pair.as_rule();
        if rule != Rule::comma {
            self.trace.rules.push(rule);
        }
        let span = pair.as_span();
        if rule == Rule::string {
            // As written, with whatever is in it.
            let token = self.token(span.as_str(), span.start(), rule);
            self.at = span.end();
            found.push(Part::Token(token));
        } else if rule == Rule::EOI {
            let token = self.token("", span.start(), rule);
            found.push(Part::Token(token));
        } else if pair.clone().into_inner().next().is_none() {
            let own = [Rule::name, Rule::word, Rule::negate].contains(&rule);
            self.tokens_up_to(span.end(), if own { rule } else { parent }, found);
        } else {
            let mut parts = self.inside(pair);
            match parts.pop() {
                Some(only) if parts.is_empty() => found.push(only),
                Some(last) => {
                    parts.push(last);
                    found.push(Part::Run(Run { parts, own_line: rule == Rule::else_call }));
                }
                None => {}
            }
        }
    }

    fn put(&mut self, part: Part<'i>, rule: Rule, open: &mut Vec<Open<'i>>, parts: &mut Vec<Part<'i>>) {
        match part {
            Part::Token(bracket) if matches!(bracket.text, "(" | "[" | "{") => {
                open.push(Open { bracket, blocks_before: self.blocks, parts: Vec::new() });
            }
            Part::Token(close) if matches!(close.text, ")" | "]" | "}") && !open.is_empty() => {
                let Some(opened) = open.pop() else { return };
                let closed = self.close(opened, close, rule);
                open.last_mut().map_or(parts, |outer| &mut outer.parts).push(closed);
            }
            other @ (Part::Token(_) | Part::Run(_) | Part::Bracketed(_)) => {
                open.last_mut().map_or(parts, |outer| &mut outer.parts).push(other)
            }
        }
    }

    fn close(&mut self, opened: Open<'i>, close: Token<'i>, rule: Rule) -> Part<'i> {
        let Open { bracket: open, blocks_before, parts } = opened;
        let has_commas = parts.iter().any(|part| part.token_text() == Some(","));
        let comma_may_end = [
            Rule::arguments,
            Rule::parameters,
            Rule::function,
            Rule::record,
            Rule::list,
            Rule::amendments,
            Rule::task_list,
        ]
        .contains(&rule);
        let layout = if rule == Rule::fields {
            Layout::Fields
        } else if parts.last().is_some_and(|last| last.first().is_some_and(|t| t.text == "for" && !t.is_name))
        {
            // A comprehension.
            Layout::StrictList
        } else if comma_may_end {
            Layout::List
        } else if open.text != "{" || has_commas {
            Layout::StrictList
        } else {
            Layout::Block
        };
        let written = self.text.get(open.start..close.start).unwrap_or_default();
        let on_one_line = !written.contains('\n') && self.blocks == blocks_before;
        self.blocks += usize::from(layout == Layout::Block);
        let elements = self.elements(layout, parts);
        Part::Bracketed(Box::new(Bracketed { layout, open, elements, close, on_one_line }))
    }

    fn elements(&mut self, layout: Layout, parts: Vec<Part<'i>>) -> Vec<Element<'i>> {
        let mut elements: Vec<Element<'i>> = Vec::new();
        let mut goes_on = false;
        for part in parts {
            let part = match part {
                Part::Token(comma) if comma.text == "," => {
                    goes_on = false;
                    if let Some(last) = elements.last_mut() {
                        last.comma = Some(comma);
                    }
                    continue;
                }
                part @ (Part::Token(_) | Part::Run(_) | Part::Bracketed(_)) => part,
            };
            let before =
                elements.pop_if(|before| goes_on || layout == Layout::Block && limits(&part, &before.part));
            let part = match before {
                Some(before) => before.part.and(part),
                None => part,
            };
            if layout == Layout::Block {
                let start = part.first().map_or(0, |first| first.start);
                self.trace.docs.push(docs_above(self.text, start));
            }
            elements.push(Element { part, comma: None });
            goes_on = matches!(layout, Layout::List | Layout::StrictList);
        }
        elements
    }

    /// The tokens of text that the grammar has no pairs for, or one for all of it.
    fn tokens_up_to(&mut self, end: usize, around: Rule, found: &mut Vec<Part<'i>>) {
        while let Some(rest) = self.text.get(self.at..end) {
            let Some(first) = rest.chars().next() else { break };
            if let Some(comment) = rest.strip_prefix("//") {
                let length = 2 + comment.find('\n').unwrap_or(comment.len());
                let text = rest.get(..length).unwrap_or_default().trim_end();
                self.comments.push(Comment { text, breaks: self.breaks });
                self.trace.comments.push(text);
                self.breaks = 0;
                self.at += length;
            } else if is_space(first) {
                self.breaks += usize::from(first == '\n');
                self.at += first.len_utf8();
            } else {
                let ends = rest.char_indices().find(|(at, c)| {
                    is_space(*c) || *at > 0 && rest.get(*at..).is_some_and(|rest| rest.starts_with("//"))
                });
                let length = ends.map_or(rest.len(), |(at, _)| at);
                let token = self.token(rest.get(..length).unwrap_or_default(), self.at, around);
                found.push(Part::Token(token));
                self.at += length;
            }
        }
    }

    fn token(&mut self, text: &'i str, start: usize, around: Rule) -> Token<'i> {
        if text != "," {
            self.trace.tokens.push(text);
        }
        let comments = std::mem::take(&mut self.comments);
        Token { comments, breaks: std::mem::take(&mut self.breaks), ..Token::new(text, start, around) }
    }
}

/// Whether a clause says how long a body lasts: then it stands on its line.
fn limits(clause: &Part<'_>, body: &Part<'_>) -> bool {
    let begins =
        |part: &Part<'_>, words: &[&str]| part.first().is_some_and(|first| words.contains(&first.text));
    begins(clause, &["within"])
        && clause.first().is_some_and(|first| first.comments.is_empty())
        && begins(body, &["wait", "poll", "manual"])
}

/// White space of the grammar.
const fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n' | '\u{FEFF}')
}
