//! Puts parts of text on lines: where a line may end, and where it must.
//!
//! A [`Doc`] knows how wide it is on one line when it is made, so that whether it fits is told without looking at all
//! of it again: laying out takes time in proportion to the text.

/// Most columns of a line, unless something in it can't be divided.
pub(super) const WIDTH: usize = 100;

/// Columns that what is in brackets is moved in by.
const INDENT: usize = 2;

/// Columns that the rest of something is moved in by: more than what is in it.
const CONTINUED: usize = 4;

/// Least columns between a line and the comment at its end.
const BEFORE_COMMENT: usize = 2;

/// Something to be laid out.
#[derive(Debug)]
pub(super) struct Doc<'i> {
    /// Its columns on one line; none if it can't be on one.
    flat: Option<usize>,
    /// The columns before the first place in it where a line may end.
    lead: usize,
    /// Whether there is such a place.
    may_end: bool,
    kind: Kind<'i>,
}

#[derive(Debug)]
enum Kind<'i> {
    Text(&'i str),
    /// Only in a group on one line, or only in one that is not.
    IfFlat(&'static str),
    IfBroken(&'static str),
    SpacesIfBroken(usize),
    /// The end of a line, or a text in a group on one line.
    Line(&'static str),
    /// Always the end of a line, with an empty one after it if so said.
    Break {
        blank: bool,
    },
    /// Nothing, in a group that is not on one line.
    Broken,
    /// A comment, which ends its line.
    Comment(&'i str),
    All(Vec<Doc<'i>>),
    Group(Vec<Doc<'i>>),
    Indent(Vec<Doc<'i>>),
    Fill {
        segments: Vec<Segment<'i>>,
        even: bool,
    },
}

/// A stretch that may begin a line, after a space if it does not.
#[derive(Debug)]
pub(super) struct Segment<'i> {
    /// Comments before it: those that follow something on its line, and those on lines of their own.
    pub(super) comments: Vec<Remark<'i>>,
    pub(super) doc: Doc<'i>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Remark<'i> {
    pub(super) text: &'i str,
    pub(super) own_line: bool,
}

impl<'i> Doc<'i> {
    const fn leaf(flat: Option<usize>, lead: usize, may_end: bool, kind: Kind<'i>) -> Self {
        Self { flat, lead, may_end, kind }
    }

    pub(super) fn text(text: &'i str) -> Self {
        let width = text.chars().count();
        let flat = (!text.contains('\n')).then_some(width);
        Self::leaf(flat, width, false, Kind::Text(text))
    }

    pub(super) const fn if_flat(text: &'static str) -> Self {
        Self::leaf(Some(text.len()), 0, false, Kind::IfFlat(text))
    }

    pub(super) const fn if_broken(text: &'static str) -> Self {
        Self::leaf(Some(0), text.len(), false, Kind::IfBroken(text))
    }

    pub(super) const fn spaces_if_broken(spaces: usize) -> Self {
        Self::leaf(Some(0), spaces, false, Kind::SpacesIfBroken(spaces))
    }

    pub(super) const fn line(flat: &'static str) -> Self {
        Self::leaf(Some(flat.len()), 0, true, Kind::Line(flat))
    }

    pub(super) const fn end_of_line(blank: bool) -> Self {
        Self::leaf(None, 0, true, Kind::Break { blank })
    }

    pub(super) const fn broken() -> Self {
        Self::leaf(None, 0, false, Kind::Broken)
    }

    pub(super) const fn comment(text: &'i str) -> Self {
        Self::leaf(None, 0, true, Kind::Comment(text))
    }

    pub(super) fn all(docs: Vec<Self>) -> Self {
        Self::of(docs, Kind::All)
    }

    /// On one line if it fits, else broken at every [`Doc::line`] in it.
    pub(super) fn group(docs: Vec<Self>) -> Self {
        Self::of(docs, Kind::Group)
    }

    pub(super) fn indent(docs: Vec<Self>) -> Self {
        Self::of(docs, Kind::Indent)
    }

    /// Stretches on as few lines as there need be; if `even`, rather each on one of its own than some.
    pub(super) fn fill(mut segments: Vec<Segment<'i>>, even: bool) -> Self {
        if segments.len() == 1
            && let Some(only) = segments.pop_if(|only| only.comments.is_empty())
        {
            return only.doc;
        }
        let flat = segments.iter().try_fold(segments.len().saturating_sub(1), |sum, segment| {
            Some(sum + segment.doc.flat.filter(|_| segment.comments.is_empty())?)
        });
        let lead = segments.first().map_or(0, |first| first.doc.lead);
        Self::leaf(flat, lead, true, Kind::Fill { segments, even })
    }

    fn of(docs: Vec<Self>, kind: impl FnOnce(Vec<Self>) -> Kind<'i>) -> Self {
        let flat = docs.iter().try_fold(0, |sum, doc| Some(sum + doc.flat?));
        let before = docs.iter().position(|doc| doc.may_end).map_or(docs.len(), |end| end + 1);
        let lead = docs.iter().take(before).map(|doc| doc.lead).sum();
        let may_end = docs.iter().any(|doc| doc.may_end);
        Self::leaf(flat, lead, may_end, kind(docs))
    }
}

/// The lines of a document, each ended.
pub(super) fn lay_out(doc: &Doc<'_>) -> String {
    let mut page = Page::default();
    page.put(doc, Place { indent: 0, pending: 0, broken: true, after: 0 });
    page.end_line();
    page.into_text()
}

#[derive(Default)]
struct Page<'i> {
    lines: Vec<Line<'i>>,
    line: Line<'i>,
    /// How often something that is in no brackets has gone on in another line.
    continued: usize,
}

#[derive(Default)]
struct Line<'i> {
    indent: usize,
    code: String,
    /// Columns, the indent included.
    width: usize,
    comment: Option<&'i str>,
}

/// Where something is put.
#[derive(Clone, Copy)]
struct Place {
    /// The columns before what begins a line.
    indent: usize,
    /// How many of the things it is a part of go on after it: its own lines are told from theirs.
    pending: usize,
    /// Whether the brackets that it is in are on more than one line.
    broken: bool,
    /// The columns of what follows, as far as the line can't end.
    after: usize,
}

impl<'i> Page<'i> {
    fn put(&mut self, doc: &Doc<'i>, place: Place) {
        match &doc.kind {
            Kind::Text(text) => self.write(text),
            Kind::IfFlat(text) if !place.broken => self.write(text),
            Kind::IfBroken(text) if place.broken => self.write(text),
            Kind::SpacesIfBroken(spaces) if place.broken => self.write(&" ".repeat(*spaces)),
            Kind::Line(text) if !place.broken => self.write(text),
            Kind::IfFlat(_) | Kind::IfBroken(_) | Kind::SpacesIfBroken(_) | Kind::Broken => {}
            Kind::Line(_) => self.begin_line(place.indent),
            Kind::Break { blank } => {
                self.begin_line(place.indent);
                if *blank {
                    self.lines.push(Line::default());
                }
            }
            Kind::Comment(text) => self.line.comment = Some(text),
            Kind::All(docs) => self.put_all(docs, place),
            Kind::Indent(docs) => self.put_all(docs, Place { indent: place.indent + INDENT, ..place }),
            Kind::Group(docs) => {
                let continued = self.continued;
                let fits = self.fits(doc.flat, place.after);
                self.put_all(docs, Place { broken: !fits, pending: 0, ..place });
                self.continued = continued;
            }
            Kind::Fill { segments, even } => {
                self.fill(segments, *even && !self.fits(doc.flat, place.after), place)
            }
        }
    }

    fn put_all(&mut self, docs: &[Doc<'i>], place: Place) {
        let mut after = place.after;
        let mut afters: Vec<usize> = Vec::with_capacity(docs.len());
        for doc in docs.iter().rev() {
            afters.push(after);
            after = if doc.may_end { doc.lead } else { doc.lead + after };
        }
        for (doc, after) in docs.iter().zip(afters.into_iter().rev()) {
            self.put(doc, Place { after, ..place });
        }
    }

    /// Puts stretches one after another, `each` on a line of its own if all of them are short enough for it.
    fn fill(&mut self, segments: &[Segment<'i>], each: bool, place: Place) {
        let continued = place.indent + CONTINUED * (place.pending + 1);
        // Where each would begin, and what would follow it on its line: one that is too long there is divided, and then
        // looks as one that was written divided.
        let is_short = |(n, segment): (usize, &Segment<'_>)| {
            let stays = n == 0 && segment.comments.is_empty();
            let begins = if stays { self.line.width } else { continued };
            let after = if n + 1 == segments.len() { place.after } else { 0 };
            segment.doc.flat.is_some_and(|width| begins + width + after <= WIDTH)
        };
        let mut break_next = each && segments.iter().enumerate().all(is_short);
        let Place { mut indent, mut pending, .. } = place;
        for (n, segment) in segments.iter().enumerate() {
            let is_last = n + 1 == segments.len();
            let after = if is_last { place.after } else { 0 };
            if n > 0 || !segment.comments.is_empty() {
                let Doc { flat, lead, may_end, .. } = segment.doc;
                let stays = segment.comments.is_empty() && !break_next && {
                    let helps = flat.is_some_and(|width| continued + width + after <= WIDTH);
                    let begins = lead + if may_end { 0 } else { after };
                    self.fits(flat, after + 1) || !helps && may_end && self.fits(Some(begins), 1)
                };
                if stays {
                    self.write(" ");
                } else {
                    self.remarks(&segment.comments, continued);
                    self.begin_line(continued);
                    self.continued += 1;
                    (indent, pending) = (continued, 0);
                }
            }
            let before = self.continued;
            let pending = pending + usize::from(!is_last);
            self.put(&segment.doc, Place { indent, pending, after, ..place });
            break_next |= self.continued > before;
        }
    }

    fn remarks(&mut self, remarks: &[Remark<'i>], indent: usize) {
        for remark in remarks {
            if remark.own_line {
                self.begin_line(indent);
                self.write(remark.text);
            } else {
                self.line.comment = Some(remark.text);
            }
        }
    }

    fn fits(&self, flat: Option<usize>, after: usize) -> bool {
        flat.is_some_and(|width| self.line.width + width + after <= WIDTH)
    }

    fn write(&mut self, text: &str) {
        // Whatever follows a comment would become a part of it.
        if self.line.comment.is_some() {
            self.begin_line(self.line.indent);
        }
        self.line.code.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.line.width = last.chars().count(),
            None => self.line.width += text.chars().count(),
        }
    }

    fn begin_line(&mut self, indent: usize) {
        self.end_line();
        self.line.indent = indent;
        self.line.width = indent;
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        // Nothing is before the first line.
        if !line.code.is_empty() || line.comment.is_some() {
            self.lines.push(line);
        }
    }

    /// Comments at the ends of neighbouring lines begin in one column.
    fn into_text(self) -> String {
        let mut text = String::new();
        let beside =
            |a: &Line<'_>, b: &Line<'_>| a.indent == b.indent && a.comment.is_some() && b.comment.is_some();
        for lines in self.lines.chunk_by(beside) {
            let column = lines.iter().map(|line| line.width).max().unwrap_or(0) + BEFORE_COMMENT;
            for line in lines {
                if !line.code.is_empty() || line.comment.is_some() {
                    text.extend(std::iter::repeat_n(' ', line.indent));
                    text.push_str(&line.code);
                }
                if let Some(comment) = line.comment {
                    text.extend(std::iter::repeat_n(' ', column.saturating_sub(line.width)));
                    text.push_str(comment);
                }
                text.push('\n');
            }
        }
        text
    }
}
