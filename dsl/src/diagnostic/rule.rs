//! The rules behind the codes, for those who look them up: by what they are about, and by what somebody typed.

use std::fmt;
use std::str::FromStr;

use super::Code;
use crate::suggest::near_miss;

/// What a code is about, by the characters it begins with.
const SUBJECTS: [(&str, &str); 8] = [
    ("BP00", "files"),
    ("BP01", "how it is written"),
    ("BP02", "names"),
    ("BP03", "types and values"),
    ("BP04", "tasks"),
    ("BP05", "blueprints and other declarations"),
    ("BP06", "tests"),
    ("BP09", "advice"),
];

impl Code {
    /// What it means in a few words, as its page is headed: lower case, no full stop.
    #[must_use]
    pub fn title(self) -> &'static str {
        let heading = self.page().lines().next().unwrap_or_default();
        heading.split_once(": ").map_or(heading, |(_, title)| title)
    }

    /// What it is about: `names`. Codes of one subject follow each other.
    #[must_use]
    pub fn subject(self) -> &'static str {
        let of_this = |(start, _): &&(&str, &str)| self.as_str().starts_with(start);
        SUBJECTS.iter().find(of_this).map_or("", |(_, subject)| subject)
    }
}

/// What was asked for is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// What it was.
    pub written: String,
    /// The code that is probably meant.
    pub meant: Option<Code>,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no code `{}`", self.written)
    }
}

impl std::error::Error for UnknownCode {}

/// A code by its number, however much of it is typed (`BP0201`, `bp201`, `201`), or by its name (`unknown-type`).
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(written: &str) -> Result<Self, UnknownCode> {
        let name = written.to_ascii_lowercase();
        let digits = name.strip_prefix("bp").unwrap_or(&name);
        let number = match digits.parse::<u16>() {
            Ok(number) => format!("BP{number:04}"),
            Err(_) => name.to_ascii_uppercase(),
        };
        let by = |text: &str| Self::ALL.iter().copied().find(|c| c.as_str() == text || c.name() == text);
        by(&number).or_else(|| by(&name)).ok_or_else(|| {
            let numbers = || Self::ALL.iter().map(|code| code.as_str());
            // Rather another of the same subject: the first digits are seldom those that are wrong.
            let akin = numbers().filter(|known| known.get(..4) == number.get(..4));
            let near = near_miss(&number, akin)
                .or_else(|| near_miss(&number, numbers()))
                .or_else(|| near_miss(&name, Self::ALL.iter().map(|code| code.name())));
            UnknownCode { written: written.to_owned(), meant: near.and_then(by) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_about_something_and_heads_its_page() {
        for code in Code::ALL {
            assert_ne!(code.subject(), "", "{code}");
            assert!(code.page().starts_with(&format!("# {code}: {}\n", code.title())), "{code}");
            assert!(!code.title().ends_with('.') && !code.title().is_empty(), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_by_its_number_and_its_name() {
        for written in ["BP0201", "bp0201", "BP201", "201", "0201", "unknown-type", "Unknown-Type"] {
            assert_eq!(written.parse(), Ok(Code::UnknownType), "{written}");
        }
    }

    #[test]
    fn the_nearest_code_is_suggested() {
        for (written, meant) in [
            ("unkown-type", Some(Code::UnknownType)),
            ("BP020I", Some(Code::UnknownType)),
            ("BPO201", Some(Code::UnknownType)),
            ("BP0420", Some(Code::MissingUndo)),
            ("", None),
            ("99999999", None),
            ("the network is down", None),
        ] {
            let unknown = UnknownCode { written: written.to_owned(), meant };
            assert_eq!(written.parse::<Code>(), Err(unknown));
        }
    }
}
