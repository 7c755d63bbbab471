//! The header `Retry-After`.

use std::time::SystemTime;

use http::{HeaderMap, header};
use model::Duration;

/// Longest wait that a system can ask for. A system that wants more is as good as down, and its orders should be
/// tried again within the hour when it comes back early.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How long to leave the system alone: a number of seconds, or a date of any of the three forms HTTP has known.
/// None if the header is missing or unreadable.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are a long time too.
        text.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        // A date in the past: at once.
        let wait = until.duration_since(now).unwrap_or_default();
        Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_capped() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 10:00:00 GMT").unwrap();
        for (text, expected) in [
            ("0", Some(Duration::ZERO)),
            (" 120 ", Some(Duration::from_secs(120))),
            ("999999", Some(LONGEST)),
            ("99999999999999999999999", Some(LONGEST)),
            ("Sat, 21 Nov 2026 10:00:30 GMT", Some(Duration::from_secs(30))),
            ("Saturday, 21-Nov-26 10:00:30 GMT", Some(Duration::from_secs(30))),
            ("Sat Nov 21 10:00:30 2026", Some(Duration::from_secs(30))),
            ("Sat, 21 Nov 2026 09:00:00 GMT", Some(Duration::ZERO)),
            ("Sat, 21 Nov 2099 10:00:00 GMT", Some(LONGEST)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
