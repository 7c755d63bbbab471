//! A block of lines at the end of a terminal that is drawn over again and again.

use std::io;

use console::Term;

use crate::output::printed;

/// The block. Dropping it leaves what was drawn last.
#[derive(Debug)]
pub(crate) struct Live {
    term: Term,
    drawn: Vec<String>,
    /// How many texts had been printed when it was drawn.
    printed: usize,
}

impl Live {
    /// A block on standard output; none if that is not a terminal that can be drawn on.
    pub(crate) fn on_terminal() -> Option<Self> {
        let term = Term::buffered_stdout();
        let features = term.features();
        (features.is_attended() && features.colors_supported()).then_some(Self {
            term,
            drawn: Vec::new(),
            printed: 0,
        })
    }

    /// Rows and columns that a block may have.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (rows, columns) = self.term.size();
        (usize::from(rows).saturating_sub(1).max(1), usize::from(columns))
    }

    /// Puts lines in place of those drawn before, unless something was printed below them: then it begins anew, below that.
    /// No line may be wider than the terminal.
    pub(crate) fn draw(&mut self, lines: Vec<String>) -> io::Result<()> {
        if self.printed != printed() {
            self.drawn.clear();
            self.printed = printed();
        }
        if lines == self.drawn {
            return Ok(());
        }
        self.term.clear_last_lines(self.drawn.len())?;
        for line in &lines {
            self.term.write_line(line)?;
        }
        self.drawn = lines;
        self.term.flush()
    }
}
