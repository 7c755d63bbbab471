//! Near misses: the name somebody probably meant.

/// Farthest a name may be from what was written and still be suggested, in edits. A swap of neighbours is one.
const DISTANCE: usize = 2;

/// Most candidates that are looked at, so that thousands of unknown names among thousands of others end soon.
const CANDIDATES: usize = 1_000;

/// The candidate closest to `written`, if one is close enough. Short words must be closer: everything is
/// within two edits of `ip`.
pub(crate) fn near_miss<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let reach = DISTANCE.min(written.chars().count() / 2);
    candidates
        .into_iter()
        .take(CANDIDATES)
        .filter(|candidate| *candidate != written && candidate.len().abs_diff(written.len()) <= reach)
        .map(|candidate| (distance(written, candidate), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min()
        .map(|(_, candidate)| candidate)
}

fn distance(written: &str, candidate: &str) -> usize {
    // Case is the commonest slip of all: count it once, however many letters it concerns.
    if written.eq_ignore_ascii_case(candidate) {
        return 1;
    }
    strsim::osa_distance(written, candidate)
}

/// `a`, `a and b`, `a, b and c`: at most `most` of them, then how many more.
pub(crate) fn listing<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.len() > most {
        let more = names.len() - most;
        names.truncate(most);
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_within_reach_is_suggested() {
        let names = ["reserve_port", "reserve_ont", "ip", "activate"];
        for (written, meant) in [
            ("reserve_prot", Some("reserve_port")),
            ("reserve_on", Some("reserve_ont")),
            ("ACTIVATE", Some("activate")),
            ("op", Some("ip")),
            ("olt", None),
            ("x", None),
            ("provision", None),
        ] {
            assert_eq!(near_miss(written, names), meant, "{written}");
        }
    }

    #[test]
    fn listings_read_as_sentences_do() {
        assert_eq!(listing(["a"], 3), "`a`");
        assert_eq!(listing(["a", "b"], 3), "`a` and `b`");
        assert_eq!(listing(["a", "b", "c", "d", "e"], 3), "`a`, `b`, `c` and 2 more");
    }
}
