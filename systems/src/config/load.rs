//! The file as a whole, and its systems.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use model::{OperationName, QueueName, SystemName, limits};
use reqwest::Url;
use secrecy::SecretString;
use toml::de::DeTable;

use super::operation::{self, Inlining, OperationConfig};
use super::problem::{LoadError, Problems};
use super::section::Section;
use super::substitute::{Environment, SubstituteError, is_variable, substitute};
use super::{Credentials, Entry, Listing, PLACE_OF_ORDER, Proxy, SystemConfig};

/// How much of the file is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Reading<'e> {
    /// All of it: the variables that it names must be set.
    Whole(&'e Environment<'e>),
    /// What there is to call. Variables are not looked up, and need not be set.
    Listing,
}

/// Largest file that is read, in bytes: thousands of operations fit.
const FILE_BYTES: usize = 1_000_000;

/// A system in the same network answers a connection in milliseconds; two seconds leave room for TLS and for a
/// lost packet, and still tell "not there" from "slow".
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Tasks set their own time-outs; this is what no attempt goes beyond when nobody thought about it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest attempt that may be configured. Whoever takes longer should answer at once and signal the end.
const LONGEST_ATTEMPT: model::Duration = model::Duration::from_secs(3_600);

/// Shortest time-out: less would fail on every busy moment of the machine.
const SHORTEST_TIMEOUT: model::Duration = model::Duration::from_millis(10);

/// Largest answer that may be configured, in bytes. The result taken from it must still be within
/// [`limits::RESULT_BYTES`].
const LARGEST_ANSWER: usize = 16_000_000;

/// Enough for a system on the same machine, and few enough not to drown one that isn't told apart from the rest.
const CONCURRENT_CALLS: usize = 64;

/// Most calls in flight that may be configured: each holds a socket, and sockets are few.
const MOST_CONCURRENT_CALLS: usize = 10_000;

/// Reads and checks a file's text. `file` is what messages call it.
pub(crate) fn load(file: &str, text: &str, reading: Reading<'_>) -> Result<Vec<Entry>, LoadError> {
    let mut problems = Problems::new(text);
    let mut systems = Vec::new();
    if text.len() > FILE_BYTES {
        problems.add(0..0, "", format!("expected at most {FILE_BYTES} bytes, found {}", text.len()));
    } else {
        let (document, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            systems = all(document.get_ref(), reading, &mut problems);
        }
        // What was meant to stand where the form breaks is not to be judged as well.
        for error in errors {
            problems.add(error.span().unwrap_or(0..0), "", error.message().replace('\n', ", "));
        }
    }
    let problems = problems.into_sorted();
    if problems.is_empty() {
        Ok(systems)
    } else {
        Err(LoadError::Invalid { file: file.to_owned(), problems })
    }
}

/// Every system of the file.
fn all(document: &DeTable<'_>, reading: Reading<'_>, problems: &mut Problems<'_>) -> Vec<Entry> {
    let mut systems = Vec::new();
    let mut root = Section::new("", document);
    if let Some(section) = root.section("systems", problems) {
        for (name, at, entry) in section.entries() {
            let key = entry.key.clone();
            let Some(section) = entry.section(problems) else { continue };
            match SystemName::new(name) {
                Ok(name) => systems.push(system(name, at, section, reading, problems)),
                Err(wrong) => problems.add(at, key, wrong),
            }
        }
    }
    root.finish(problems);
    shared_queues(&systems, problems);
    systems
}

/// Whoever serves a queue gets the calls of all its systems, so must reach all of them.
fn shared_queues(systems: &[Entry], problems: &mut Problems<'_>) {
    let queued = systems.iter().filter_map(|system| Some((system.listing.queue.as_ref()?, system)));
    let (elsewhere, here): (Vec<_>, Vec<_>) = queued.partition(|(_, system)| system.listing.elsewhere);
    for (queue, system) in elsewhere {
        if let Some((_, other)) = here.iter().find(|(of_other, _)| *of_other == queue) {
            problems.add_with_help(
                system.queue_at.clone(),
                format!("systems.{}.queue", system.name),
                format!("`{queue}` is the queue of `{}`, too, which is not reached elsewhere", other.name),
                "whoever serves a queue gets the calls of all its systems: give them queues of their own",
            );
        }
    }
}

/// One system. It is not to be used if anything was found to be wrong with it.
fn system(
    name: SystemName,
    at: Range<usize>,
    mut section: Section<'_, '_>,
    reading: Reading<'_>,
    problems: &mut Problems<'_>,
) -> Entry {
    let elsewhere = section.flag("elsewhere", problems).unwrap_or(false);
    let url = url(&mut section, at, elsewhere, reading, problems);
    let connect_timeout = section.duration("connect_timeout", SHORTEST_TIMEOUT..=LONGEST_ATTEMPT, problems);
    let attempt_timeout = section.duration("attempt_timeout", SHORTEST_TIMEOUT..=LONGEST_ATTEMPT, problems);
    let credentials = credentials(&mut section, reading, problems);
    let lists = lists(&mut section, reading, problems);
    let max_answer_bytes = section.count("max_answer_bytes", 1..=LARGEST_ANSWER, problems);
    let max_concurrent_calls = section.count("max_concurrent_calls", 1..=MOST_CONCURRENT_CALLS, problems);
    let proxy = proxy(&mut section, reading, problems);
    let convention = section.flag("convention", problems).unwrap_or(true);
    let (queue, queue_at) = queue(&mut section, problems).unzip();
    let default = if queue.is_some() { Inlining::Queued } else { Inlining::May(false) };
    let inlining = operation::inlining(&mut section, default, problems);
    let operations = operations(&mut section, inlining, problems);
    section.finish(problems);
    let listing = Listing {
        elsewhere,
        convention,
        queue,
        inline: inlining.is_inline(),
        operations: operations.iter().map(|(name, operation)| (name.clone(), operation.inline)).collect(),
    };
    let config = url.map(|url| SystemConfig {
        name: name.clone(),
        url,
        lists,
        connect_timeout: connect_timeout.unwrap_or(CONNECT_TIMEOUT),
        attempt_timeout: attempt_timeout.unwrap_or(ATTEMPT_TIMEOUT),
        credentials,
        max_answer_bytes: max_answer_bytes.unwrap_or(limits::RESULT_BYTES),
        max_concurrent_calls: max_concurrent_calls.unwrap_or(CONCURRENT_CALLS),
        proxy,
        operations,
    });
    Entry { name, listing, queue_at: queue_at.unwrap_or_default(), config }
}

fn url(
    section: &mut Section<'_, '_>,
    system_at: Range<usize>,
    elsewhere: bool,
    reading: Reading<'_>,
    problems: &mut Problems<'_>,
) -> Option<Url> {
    let key = section.key("url");
    let entry = section.entry("url");
    if elsewhere {
        if let Some(entry) = entry {
            let message = "a system that is reached elsewhere has no address here";
            problems.add_with_help(entry.at, key, message, "leave out `url` or `elsewhere`");
        }
        return None;
    }
    let Some(entry) = entry else {
        problems.add_with_help(
            system_at,
            key,
            "missing: expected the system's address",
            "write `url = \"http://…\"`, or `elsewhere = true` if other processes reach it by a file of theirs",
        );
        return None;
    };
    let text = substituted(entry.text(problems)?, &entry.at, &key, reading, problems)?;
    let url = http_url(&text, "an address", &entry.at, &key, problems)?;
    if !url.username().is_empty() || url.password().is_some() {
        problems.add_with_help(
            entry.at,
            key,
            "an address must not hold credentials",
            "name the environment variables that hold them: `bearer_env` or `basic_env`",
        );
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() {
        problems.add(entry.at, key, format!("expected an address without `?` and `#`, found `{text}`"));
        return None;
    }
    Some(without_last_slash(url))
}

/// Where a system lists what it holds for an order.
fn lists(section: &mut Section<'_, '_>, reading: Reading<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let key = section.key("lists");
    let (text, at) = section.text("lists", problems)?;
    let text = substituted(&text, &at, &key, reading, problems)?;
    if !text.contains(PLACE_OF_ORDER) {
        problems.add(
            at,
            key,
            format!(
                "expected an address with `{PLACE_OF_ORDER}` where the order's id stands, found `{text}`"
            ),
        );
        return None;
    }
    http_url(&text.replace(PLACE_OF_ORDER, "order"), "an address", &at, &key, problems)?;
    Some(text)
}

/// Paths of operations begin with `/`.
fn without_last_slash(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

fn http_url(
    text: &str,
    expected: &str,
    at: &Range<usize>,
    key: &str,
    problems: &mut Problems<'_>,
) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if url.is_none() {
        let text: String = text.chars().take(80).collect();
        problems.add(
            at.clone(),
            key,
            format!("expected {expected} with `http://` or `https://`, found `{text}`"),
        );
    }
    url
}

fn substituted(
    text: &str,
    at: &Range<usize>,
    key: &str,
    reading: Reading<'_>,
    problems: &mut Problems<'_>,
) -> Option<String> {
    let substituted = match reading {
        Reading::Whole(environment) => substitute(text, environment),
        Reading::Listing => substitute(text, &|_| None),
    };
    match (substituted, reading) {
        // A default is not what the variable may say.
        (Ok(_) | Err(SubstituteError::NotSet(_)), Reading::Listing) if text.contains("${") => None,
        (Ok(text), _) => Some(text),
        (Err(wrong @ SubstituteError::NotSet(_)), _) => {
            problems.add_with_help(at.clone(), key, wrong, "set it, or give a default: `${NAME:-default}`");
            None
        }
        (Err(wrong), _) => {
            problems.add(at.clone(), key, wrong);
            None
        }
    }
}

fn proxy(section: &mut Section<'_, '_>, reading: Reading<'_>, problems: &mut Problems<'_>) -> Proxy {
    let Some((text, at)) = section.text("proxy", problems) else { return Proxy::None };
    match text.as_str() {
        "none" => Proxy::None,
        "environment" => Proxy::Environment,
        _ => {
            let key = section.key("proxy");
            substituted(&text, &at, &key, reading, problems)
                .and_then(|text| http_url(&text, "`none`, `environment` or an address", &at, &key, problems))
                .map_or(Proxy::None, Proxy::Url)
        }
    }
}

fn credentials(
    section: &mut Section<'_, '_>,
    reading: Reading<'_>,
    problems: &mut Problems<'_>,
) -> Option<Credentials> {
    let bearer = section.entry("bearer_env");
    let basic = section.entry("basic_env");
    if let (Some(_), Some(basic)) = (&bearer, &basic) {
        problems.add(
            basic.at.clone(),
            basic.key.clone(),
            "`bearer_env` is given already: expected one of the two",
        );
        return None;
    }
    if let Some(bearer) = bearer {
        let token = variable(bearer.text(problems)?, &bearer.at, &bearer.key, reading, problems)?;
        return Some(Credentials::Bearer(SecretString::from(token)));
    }
    let basic = basic?;
    let mut parts = basic.section(problems)?;
    let mut part = |name: &'static str| {
        let key = parts.key(name);
        let Some(entry) = parts.entry(name) else {
            let message = "missing: expected the name of an environment variable";
            problems.add(basic.at.clone(), key, message);
            return None;
        };
        variable(entry.text(problems)?, &entry.at, &key, reading, problems)
    };
    let (user, password) = (part("user"), part("password"));
    parts.finish(problems);
    Some(Credentials::Basic { user: user?, password: SecretString::from(password?) })
}

/// The value of the variable that the file names; none also where values are not wanted.
fn variable(
    name: &str,
    at: &Range<usize>,
    key: &str,
    reading: Reading<'_>,
    problems: &mut Problems<'_>,
) -> Option<String> {
    if !is_variable(name) {
        // What stands here by mistake may be the secret itself, so it is not shown.
        problems.add(at.clone(), key, "expected the name of an environment variable, not a value");
        return None;
    }
    let Reading::Whole(environment) = reading else { return None };
    let value = environment(name).filter(|value| !value.is_empty());
    let usable = value.filter(|value| value.chars().all(|c| c.is_ascii_graphic() || c == ' '));
    if usable.is_none() {
        let message = if environment(name).is_some_and(|value| !value.is_empty()) {
            format!("the environment variable `{name}` holds characters that can't stand in a header")
        } else {
            format!("the environment variable `{name}` is not set")
        };
        problems.add(at.clone(), key, message);
    }
    usable
}

fn queue(section: &mut Section<'_, '_>, problems: &mut Problems<'_>) -> Option<(QueueName, Range<usize>)> {
    let (text, at) = section.text("queue", problems)?;
    match QueueName::new(&text) {
        Ok(queue) => Some((queue, at)),
        Err(wrong) => {
            problems.add(at, section.key("queue"), wrong);
            None
        }
    }
}

fn operations(
    section: &mut Section<'_, '_>,
    inlining: Inlining,
    problems: &mut Problems<'_>,
) -> BTreeMap<OperationName, OperationConfig> {
    let mut operations = BTreeMap::new();
    let Some(section) = section.section("operations", problems) else { return operations };
    for (name, at, entry) in section.entries() {
        let key = entry.key.clone();
        let Some(section) = entry.section(problems) else { continue };
        match OperationName::new(name) {
            Ok(name) => {
                let operation = operation::read(&name, section, inlining, problems);
                operations.insert(name, operation);
            }
            Err(wrong) => problems.add(at, key, wrong),
        }
    }
    operations
}
