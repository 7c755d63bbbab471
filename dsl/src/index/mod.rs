//! What editors ask of a library: what stands at a place, where it is declared and used, what may be written there.
//!
//! Made of any library, also of one with errors, as far as it can be read. [`Analyser`] examines a library again and again
//! while it is being typed; [`Index`] is what it learnt. Answers are quick because little is asked for: most questions are about
//! one file, and of the others only what they declare has to be known for them ([`Part`]). Nothing is kept from one state of a
//! library to the next but the trees of files whose text is the same, so no answer can be out of date. Nothing here knows of editors or of the protocol that they speak: that
//! is the crate `lsp`. Names are resolved by `resolve` and types found by `check`; this only follows them back to where
//! they stand.

mod analysis;
mod complete;
mod declaration;
mod fields;
mod notes;
mod outline;
mod part;
mod place;
mod rename;
mod seen;
mod stories;
mod telling;
mod token;
mod uses;
mod values;
mod words;

pub use analysis::{Analyser, Analysis};
pub use complete::{Candidate, CandidateKind};
pub use declaration::{Declaration, DeclarationId, DeclarationKind, Index};
pub(crate) use notes::Notes;
pub use outline::{OutlineKind, OutlineNode};
pub use part::Part;
pub use place::{Giving, giving};
pub use rename::{RenameError, Renamed};
pub use words::{WORDS, Word, WordPlace, word};
