//! What `up` tells the person in front of it.

use std::fmt;

use super::supervisor::News;
use crate::output;

/// A line of the table of addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    what: &'static str,
    place: String,
}

impl Address {
    pub(super) fn new(what: &'static str, place: String) -> Self {
        Self { what, place }
    }
}

/// Prints a line. A terminal that was closed is no reason to stop servers.
pub(super) fn say(line: impl fmt::Display) {
    let _ = output::print(line);
}

/// The table of addresses.
pub(super) struct Table<'a>(pub(super) &'a [Address]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|address| address.what.len()).max().unwrap_or(0);
        for Address { what, place } in self.0 {
            writeln!(f, "  {what:width$}  {place}")?;
        }
        Ok(())
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Died { service, why, delay } => {
                write!(f, "{service} died ({why}), starting it again in {} ms", delay.as_millis())
            }
            Self::Recovered { service } => write!(f, "{service} is ready again"),
            Self::GivenUp { service, why } => write!(f, "{service} died too often ({why})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_below_each_other() {
        let addresses = [
            Address::new("Temporal Web UI", "http://127.0.0.1:8233".to_owned()),
            Address::new("Logs", "/data/logs".to_owned()),
        ];
        let expected = "  Temporal Web UI  http://127.0.0.1:8233\n  Logs             /data/logs\n";
        assert_eq!(Table(&addresses).to_string(), expected);
    }
}
