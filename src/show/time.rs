//! Times as people read them, in UTC.

use model::{Duration, Timestamp};

/// `2026-11-21 10:00:00`.
pub(super) fn date_time(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// `2026-11-21`.
pub(crate) fn date(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

/// `10:00:00`, for what is near.
pub(super) fn time_of_day(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).unwrap_or(&text).to_owned()
}

/// `10:00:00.123`.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..23).unwrap_or(&text).to_owned()
}

/// From one moment to another, with as much precision as anyone reads: `0.2 s`, `41 s`, `3 min`, `5 h`, `2 d`.
pub(super) fn between(from: Timestamp, to: Timestamp) -> String {
    length(to.since(from))
}

/// So much time, as anyone reads it.
pub(super) fn length(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = millis / 1_000;
    match seconds {
        0..10 => format!("{seconds}.{} s", millis % 1_000 / 100),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_to_what_anyone_reads() {
        let texts = [0, 249, 9_999, 10_000, 119_999, 120_000, 7_199_999, 7_200_000, 172_800_000]
            .map(|millis| length(Duration::from_millis(millis)));
        assert_eq!(texts, ["0.0 s", "0.2 s", "9.9 s", "10 s", "119 s", "2 min", "119 min", "2 h", "2 d"]);
    }

    #[test]
    fn times_lose_what_is_not_read() {
        let at = "2026-11-21T10:00:01.250Z".parse().unwrap();
        assert_eq!((date_time(at).as_str(), clock(at).as_str()), ("2026-11-21 10:00:01", "10:00:01.250"));
    }
}
