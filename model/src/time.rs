//! Instants, dates and durations, each with one canonical text form.
//!
//! The only place that names the time library; the rest of the project sees these types.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{InvalidName, limits};

/// An instant, to the millisecond, in UTC. Its text is RFC 3339 with exactly three decimals
/// (`2026-11-21T10:00:00.000Z`), so texts sort as instants do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// Cuts to the millisecond.
    #[must_use]
    pub fn new(at: jiff::Timestamp) -> Self {
        Self::from_millis(at.as_millisecond())
    }

    /// From milliseconds since 1970; times beyond what can be represented come out as the nearest that can.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(at) => Self(at),
            Err(_) if millis < 0 => Self(jiff::Timestamp::MIN),
            Err(_) => Self(jiff::Timestamp::MAX),
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// From the system's representation, as Temporal hands it out.
    #[must_use]
    pub fn from_system(at: std::time::SystemTime) -> Self {
        jiff::Timestamp::try_from(at).map_or(Self::EPOCH, Self::new)
    }

    /// The inner instant, for storage.
    #[must_use]
    pub const fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }

    /// This instant and `duration` after it; the latest instant if that can't be represented.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.as_millis().saturating_add(millis))
    }

    /// How long from `earlier` to this instant; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(
            u64::try_from(self.as_millis().saturating_sub(earlier.as_millis())).unwrap_or(0),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.parse().map(Self::new).map_err(|_| InvalidName {
            text: text.chars().take(80).collect(),
            expected: "a time (RFC 3339, such as `2026-11-21T10:00:00Z`)",
        })
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> Self {
        at.to_string()
    }
}

/// A calendar date without a time zone, `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Date {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.parse().map(Self).map_err(|_| InvalidName {
            text: text.chars().take(80).collect(),
            expected: "a date (such as `2026-11-21`)",
        })
    }
}

/// A length of time in whole milliseconds. Its text is the blueprint's form, largest unit first: `250ms`,
/// `30s`, `1h30m`, `10d`, `2w`. ISO 8601 (`PT1H30M`) is read too. A day is 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(u64);

/// Units of [`Duration`] with their length in milliseconds, largest first. Display has no weeks: `14d` reads
/// better than `2w` in a log.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// In milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }

    /// `factor` times as long, or the longest there is.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// Both one after the other, or the longest there is.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, millis) in UNITS.iter().skip(1) {
            let count = rest / millis;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
            rest %= millis;
        }
        Ok(())
    }
}

impl FromStr for Duration {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName {
            text: text.chars().take(80).collect(),
            expected: "a duration (such as `250ms`, `30s`, `1h30m` or `10d`, at most ten years)",
        };
        let millis = if text.starts_with('P') { iso_millis(text) } else { unit_millis(text) };
        let millis = millis.ok_or_else(wrong)?;
        if millis > limits::DURATION_DAYS * 86_400_000 { Err(wrong()) } else { Ok(Self(millis)) }
    }
}

fn unit_millis(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at_checked(digits)?;
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters)?;
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        // Largest first, each unit once: `5m1h` is more likely a slip than meant.
        if *millis >= smallest {
            return None;
        }
        smallest = *millis;
        total = total.checked_add(count.parse::<u64>().ok()?.checked_mul(*millis)?)?;
        rest = tail;
    }
    if text.is_empty() { None } else { Some(total) }
}

fn iso_millis(text: &str) -> Option<u64> {
    let span: jiff::Span = text.parse().ok()?;
    // Months and years have no fixed length, so the library refuses them here, as it should.
    let days_are_24_hours = jiff::SpanRelativeTo::days_are_24_hours();
    let length = span.to_duration(days_are_24_hours).ok()?;
    u64::try_from(length.as_millis()).ok()
}

impl TryFrom<String> for Duration {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_in_the_blueprint_form() {
        for (text, millis, printed) in [
            ("250ms", 250, "250ms"),
            ("90s", 90_000, "1m30s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("2w", 1_209_600_000, "14d"),
            ("PT1H30M", 5_400_000, "1h30m"),
            ("0s", 0, "0s"),
        ] {
            let read: Duration = text.parse().unwrap();
            assert_eq!(read.as_millis(), millis, "{text}");
            assert_eq!(read.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in
            ["", "5", "m", "5m1h", "5 m", "-5m", "5y", "99999999999999999999s", "20000d", "P1M", "1h1h"]
        {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn timestamps_sort_as_their_texts_do() {
        let early: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-11-21T10:00:00.5+00:00".parse().unwrap();
        assert_eq!(early.to_string(), "2026-11-21T10:00:00.000Z");
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.since(early), Duration::from_millis(500));
    }
}
