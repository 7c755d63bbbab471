//! The ledger on disk: one JSON document per line, appended before the call is answered.
//!
//! A line is handed to the operating system, not forced onto the disk: it survives the process, not the machine's
//! power. What the lines mean is for [`super::ledger`] to say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use model::IdempotencyKey;
use serde::{Deserialize, Serialize};

use super::effect::Effect;

/// After so many lines the file is written anew without what is forgotten. A line is about half a kilobyte.
const LONGEST: usize = 1_000_000;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// There is an effect; if it releases another, that is released.
    Effect(Box<Effect>),
    /// The effect of this key was called again.
    Called(IdempotencyKey),
}

/// The file, open at its end.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Invariant: the file's length after the last whole line.
    length: u64,
    lines: usize,
}

/// A ledger's file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system says no.
    #[error("could not {action} `{}`", path.display())]
    File {
        /// What we wanted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// A line in the middle is not one of ours.
    #[error("line {line} of `{}` is not an entry of a ledger", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
}

impl Journal {
    /// Reads every whole line of a file; one that isn't there has none. A last line without its end was being
    /// written when the process ended: nobody got an answer for it, so it counts for nothing.
    pub(super) fn replay(path: &Path, mut take: impl FnMut(Line)) -> Result<(), JournalError> {
        let failed = |cause| JournalError::File { action: "read", path: path.to_owned(), cause };
        let mut file = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(failed(cause)),
        };
        let mut bytes = Vec::new();
        for line in 1.. {
            bytes.clear();
            file.read_until(b'\n', &mut bytes).map_err(failed)?;
            if bytes.pop() != Some(b'\n') {
                break;
            }
            take(serde_json::from_slice(&bytes).map_err(|cause| JournalError::Line {
                path: path.to_owned(),
                line,
                cause,
            })?);
        }
        Ok(())
    }

    /// Writes the file anew with these effects, beside the old one and then in its place.
    pub(super) fn rewrite<'a>(
        path: &Path,
        effects: impl Iterator<Item = &'a Effect>,
    ) -> Result<Self, JournalError> {
        let write = || -> io::Result<Self> {
            let beside = path.with_extension("new");
            let mut file = BufWriter::new(File::create(&beside)?);
            let mut lines = 0;
            for effect in effects {
                serde_json::to_writer(&mut file, &Line::Effect(Box::new(effect.clone())))?;
                file.write_all(b"\n")?;
                lines += 1;
            }
            file.flush()?;
            fs::rename(&beside, path)?;
            let file = OpenOptions::new().append(true).open(path)?;
            let length = file.metadata()?.len();
            Ok(Self { path: path.to_owned(), file, length, lines })
        };
        write().map_err(|cause| JournalError::File { action: "write", path: path.to_owned(), cause })
    }

    /// Whether it is time to [`shorten`](Self::shorten) the file.
    pub(super) const fn is_long(&self) -> bool {
        self.lines >= LONGEST
    }

    /// Leaves only these effects in the file.
    pub(super) fn shorten<'a>(
        &mut self,
        effects: impl Iterator<Item = &'a Effect>,
    ) -> Result<(), JournalError> {
        *self = Self::rewrite(&self.path, effects)?;
        Ok(())
    }

    /// Adds a line. If that fails, the file is as it was.
    pub(super) fn append(&mut self, line: &Line) -> Result<(), JournalError> {
        let mut write = || -> io::Result<u64> {
            let mut bytes = serde_json::to_vec(line)?;
            bytes.push(b'\n');
            self.file.write_all(&bytes)?;
            Ok(self.length + bytes.len() as u64)
        };
        match write() {
            Ok(length) => {
                self.length = length;
                self.lines += 1;
                Ok(())
            }
            Err(cause) => {
                // Half a line would make the next one unreadable. If even this fails, so will the next append.
                let _ = self.file.set_len(self.length);
                Err(JournalError::File { action: "append to", path: self.path.clone(), cause })
            }
        }
    }
}
