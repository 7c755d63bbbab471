//! What `systems.toml` may say, and what is said about one that is wrong.

use std::path::Path;

use expect_test::{Expect, expect};
use systems::{LoadError, Systems};

#[track_caller]
fn check(text: &str, expected: Expect) {
    let environment = |name: &str| match name {
        "HOST" => Some("http://crm.example".to_owned()),
        "ODD" => Some("tab\there".to_owned()),
        _ => None,
    };
    match Systems::parse("systems.toml", text, environment) {
        Ok(systems) => panic!("accepted: {systems:?}"),
        Err(wrong) => expected.assert_eq(&wrong.to_string()),
    }
}

#[test]
fn the_example_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../blueprints/systems.toml");
    let systems = Systems::load(&path, |_| None).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(systems.directory().names().count() > 5, "the example is gone");
}

/// The blocks of one language in the documentation.
fn documented(language: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/systems.md");
    let begin = format!("```{language}\n");
    let blocks = page.split(&begin).skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

#[test]
fn the_documentation_knows_every_key_and_its_example_loads() {
    let examples = documented("toml");
    for example in &examples {
        let systems = Systems::parse("docs/systems.md", example, |name| {
            (name == "CRM_TOKEN").then(|| "s3cret".to_owned())
        });
        assert!(systems.is_ok(), "{}", systems.unwrap_err());
    }
    assert_eq!(examples.len(), 2);
    let page = include_str!("../../../docs/systems.md");
    let strange = "[systems.a]\nurl = \"http://a\"\nunheard_of = 1\noperations.b.unheard_of = 1\n";
    let wrong = Systems::parse("systems.toml", strange, |_| None).unwrap_err().to_string();
    let keys: Vec<_> = wrong
        .lines()
        .filter_map(|line| line.trim().strip_prefix("help: known keys are "))
        .flat_map(|keys| keys.split(", "))
        .collect();
    assert_eq!(keys.len(), 20);
    for key in keys {
        assert!(page.contains(&format!("\n| {key} |")), "{key}");
    }
}

#[tokio::test]
async fn the_settings_in_the_documentation_can_be_set() {
    let simulator = crate::simulator::Simulator::start().await;
    let examples = documented("json");
    for example in &examples {
        simulator.set("/sim/workforce/book", serde_json::from_str(example).unwrap()).await;
    }
    assert_eq!(examples.len(), 2);
    let page = include_str!("../../../docs/systems.md");
    let (_, settings) = simulator.get("/sim/workforce/book").await;
    let (settings, callback) = (settings.as_object().unwrap(), settings["callback"].as_object().unwrap());
    for field in settings.keys().chain(callback.keys()) {
        assert!(page.contains(&format!("\n| `{field}` |")), "{field}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let wrong = Systems::load(Path::new("/nowhere/systems.toml"), |_| None).unwrap_err();
    assert_eq!(wrong.to_string(), "could not read `/nowhere/systems.toml`");
}

#[test]
fn inline_is_what_the_operation_says_or_else_the_system() {
    let text = r#"
        [systems.a]
        url = "http://a"
        operations.slow.inline = false
        inline = true
        [systems.b]
        url = "http://b"
        operations.fast.inline = true
    "#;
    let systems = Systems::parse("systems.toml", text, |_| None).unwrap();
    let is_inline = |system: &str, operation: &str| {
        systems.directory().is_inline(&system.parse().unwrap(), &operation.parse().unwrap())
    };
    assert!(is_inline("a", "any") && !is_inline("a", "slow"));
    assert!(!is_inline("b", "any") && is_inline("b", "fast"));
    assert!(!is_inline("c", "any"));
}

#[test]
fn no_call_of_a_system_with_a_queue_is_inline() {
    let text = "[systems.a]\nurl = \"http://a\"\nqueue = \"east-1\"\noperations.fast.inline = false\n";
    let systems = Systems::parse("systems.toml", text, |_| None).unwrap();
    let a = "a".parse().unwrap();
    assert_eq!(systems.directory().queue(&a).unwrap().as_str(), "east-1");
    for operation in ["fast", "any"] {
        assert!(!systems.directory().is_inline(&a, &operation.parse().unwrap()));
    }
}

#[test]
fn queues_that_can_not_be_are_told_with_their_places() {
    check(
        r#"
[systems.courier]
url = "http://x"
queue = "ship,ping"

[systems.crm]
url = "http://x"
queue = 5

[systems.post]
url = "http://x"
queue = "letters"
inline = true
operations.send.inline = true

[systems.bus]
elsewhere = true
queue = "letters"
"#,
        expect![[r#"
            systems.toml:4:9: `systems.courier.queue`: `ship,ping` is not the name of a queue (letters, digits and `. _ -`, beginning with a letter or digit, at most 64)
            systems.toml:8:9: `systems.crm.queue`: expected a text, found the number 5
            systems.toml:13:10: `systems.post.inline`: the system has a task queue of its own, and an inline call has none
              help: leave out `inline` or `queue`
            systems.toml:14:26: `systems.post.operations.send.inline`: the system has a task queue of its own, and an inline call has none
              help: leave out `inline` or `queue`
            systems.toml:18:9: `systems.bus.queue`: `letters` is the queue of `post`, too, which is not reached elsewhere
              help: whoever serves a queue gets the calls of all its systems: give them queues of their own"#]],
    );
}

#[test]
fn secrets_are_not_shown() {
    let text = "[systems.a]\nurl = \"http://a\"\nbearer_env = \"TOKEN\"\n";
    let systems = Systems::parse("systems.toml", text, |_| Some("s3cret".to_owned())).unwrap();
    assert!(!format!("{systems:?}").contains("s3cret"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    check(
        r##"
[system.crm]
url = "http://x"

[systems.crm]
url = "${CRM_URL}/api"
conect_timeout = "1s"
attempt_timeout = "2 hours"
max_answer_bytes = 0
max_concurrent_calls = "many"
inline = 1
surprise = true

[systems."bad name"]
url = "http://x"

[systems.nowhere]
connect_timeout = "1ms"

[systems.odd]
url = "ftp://${HOST}"
proxy = "sometimes"
bearer_env = "TOKEN"
basic_env = { user = "U", password = "P" }

[systems.secrets]
url = "http://ada:secret@crm.example"
basic_env = { user = "my name", pasword = "P" }

[systems.more]
url = "http://x/?a=1"
bearer_env = "ODD"
operations = 5

[systems.ops]
url = "${HOST}"
[systems.ops.operations.a]
method = "get"
path = "a/{b}"
query = { x = 1, y = "{" }
result = { id = "data", n = 5 }
[systems.ops.operations.b]
method = "DELETE"
path = "/a?b=c"
body = { x = "{}" }
result = true
[systems.ops.operations.c]
path = "/a/../{b"
body = inf
[systems.ops.operations.d]
path = "/a/{b c}/{d"
"##,
        expect![[r#"
            systems.toml:2:2: `system`: unknown key `system`
              help: did you mean `systems`?
            systems.toml:6:7: `systems.crm.url`: the environment variable `CRM_URL` is not set
              help: set it, or give a default: `${NAME:-default}`
            systems.toml:7:1: `systems.crm.conect_timeout`: unknown key `conect_timeout`
              help: did you mean `connect_timeout`?
            systems.toml:8:19: `systems.crm.attempt_timeout`: `2 hours` is not a duration (such as `250ms`, `30s`, `1h30m` or `10d`, at most ten years)
            systems.toml:9:20: `systems.crm.max_answer_bytes`: expected 1 to 16000000, found 0
            systems.toml:10:24: `systems.crm.max_concurrent_calls`: expected a whole number, found the text `many`
            systems.toml:11:10: `systems.crm.inline`: expected `true` or `false`, found the number 1
            systems.toml:12:1: `systems.crm.surprise`: unknown key `surprise`
              help: known keys are `elsewhere`, `url`, `connect_timeout`, `attempt_timeout`, `bearer_env`, `basic_env`, `lists`, `max_answer_bytes`, `max_concurrent_calls`, `proxy`, `convention`, `queue`, `inline`, `operations`
            systems.toml:14:10: `systems.bad name`: `bad name` is not a name (letters, digits and `_`, at most 64)
            systems.toml:17:10: `systems.nowhere.url`: missing: expected the system's address
              help: write `url = "http://…"`, or `elsewhere = true` if other processes reach it by a file of theirs
            systems.toml:18:19: `systems.nowhere.connect_timeout`: expected 10ms to 1h, found 1ms
            systems.toml:21:7: `systems.odd.url`: expected an address with `http://` or `https://`, found `ftp://http://crm.example`
            systems.toml:22:9: `systems.odd.proxy`: expected `none`, `environment` or an address with `http://` or `https://`, found `sometimes`
            systems.toml:24:13: `systems.odd.basic_env`: `bearer_env` is given already: expected one of the two
            systems.toml:27:7: `systems.secrets.url`: an address must not hold credentials
              help: name the environment variables that hold them: `bearer_env` or `basic_env`
            systems.toml:28:13: `systems.secrets.basic_env.password`: missing: expected the name of an environment variable
            systems.toml:28:22: `systems.secrets.basic_env.user`: expected the name of an environment variable, not a value
            systems.toml:28:33: `systems.secrets.basic_env.pasword`: unknown key `pasword`
              help: did you mean `password`?
            systems.toml:31:7: `systems.more.url`: expected an address without `?` and `#`, found `http://x/?a=1`
            systems.toml:32:14: `systems.more.bearer_env`: the environment variable `ODD` holds characters that can't stand in a header
            systems.toml:33:14: `systems.more.operations`: expected a table, found the number 5
            systems.toml:38:10: `systems.ops.operations.a.method`: expected `GET`, `POST`, `PUT`, `PATCH` or `DELETE`, found the text `get`
            systems.toml:39:8: `systems.ops.operations.a.path`: expected a path that begins with `/`, found the text `a/{b}`
            systems.toml:40:15: `systems.ops.operations.a.query.x`: expected a text, found the number 1
            systems.toml:40:22: `systems.ops.operations.a.query.y`: `{` without `}` in `{`
            systems.toml:41:17: `systems.ops.operations.a.result.id`: `data` is not a JSON pointer: expected `/` and a field, such as `/data/id`
            systems.toml:41:29: `systems.ops.operations.a.result.n`: expected a text, found the number 5
            systems.toml:44:8: `systems.ops.operations.b.path`: expected a path without `?`
              help: give query parameters as `query`; what needs encoding is encoded
            systems.toml:45:8: `systems.ops.operations.b.body`: `DELETE` carries no body
              help: send it as `query`
            systems.toml:45:8: `systems.ops.operations.b.body`: `{}` is not a placeholder: expected a name in the braces, such as `{id}` or `{address.site}`
            systems.toml:46:10: `systems.ops.operations.b.result`: expected a JSON pointer, or a table with a JSON pointer per field, found `true`
            systems.toml:48:8: `systems.ops.operations.c.path`: expected a path without `.` and `..`, found the text `/a/../{b`
            systems.toml:49:8: `systems.ops.operations.c.body`: expected data without `inf`, `nan` and numbers of more than 28 digits
            systems.toml:51:8: `systems.ops.operations.d.path`: `{` without `}` in `{d`
            systems.toml:51:8: `systems.ops.operations.d.path`: `{b c}` is not a placeholder: expected a name in the braces, such as `{id}` or `{address.site}`"#]],
    );
}

#[test]
fn a_file_that_is_not_toml_is_shown_where() {
    check(
        "[systems.crm\nurl = \"http://x\"\n[systems.a]\nurl = \n",
        expect![[r#"
        systems.toml:1:13: unclosed table, expected `]`
        systems.toml:4:7: string values must be quoted, expected literal string"#]],
    );
}

#[test]
fn a_file_of_another_shape_is_explained() {
    check(
        "systems = 5\n[systems_]",
        expect![[r#"
        systems.toml:1:11: `systems`: expected a table, found the number 5
        systems.toml:2:2: `systems_`: unknown key `systems_`
          help: did you mean `systems`?"#]],
    );
}

#[test]
fn a_system_must_be_a_table() {
    check(
        "[systems]\ncrm = \"http://x\"",
        expect!["systems.toml:2:7: `systems.crm`: expected a table, found the text `http://x`"],
    );
}

#[test]
fn a_file_beyond_its_limit_is_refused() {
    let text = format!("# {}", "x".repeat(1_000_000));
    check(&text, expect!["systems.toml:1:1: expected at most 1000000 bytes, found 1000002"]);
}

#[test]
fn problems_have_their_place() {
    let wrong = Systems::parse("systems.toml", "[systems.crm]\nurl = 5\n", |_| None).unwrap_err();
    let LoadError::Invalid { problems, .. } = wrong else { panic!("{wrong}") };
    assert_eq!((problems[0].line, problems[0].column, problems[0].key.as_str()), (2, 7, "systems.crm.url"));
}
