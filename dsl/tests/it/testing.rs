//! Tests of blueprints: what becomes of them when they are bound to the plan of their order.

use dsl::Library;
use dsl::testing::{Act, Behaviour, BoundTest, ExpectationKind};
use model::{OrderState, TaskState, Value};
use plan::TaskIndex;

use super::compile;

const LIBRARY: &str = r#"
system net {
  operation reserve(site: text, count: int = 1) -> { id: text, tags: [text] }
  operation release(id: text)
  operation activate(id: text) -> { since: time? }
}
blueprint access version 1 {
  accepts order where order.category == "home"
  order { site: text, mode: one of "fast", "cheap" = "cheap" }
  item line where true { speed: int }
  each line {
    task reserve {
      call net.reserve(site: order.site)
      undo net.release(id: result.id)
      status "Getting ready"
    }
    task visit after reserve { wait report { outcome: text, minutes: int = 30, note: text? } within 10d }
  }
  task activate after line.visit { call net.activate(id: "A")  point of no return }
}
"#;

const ORDER: &str = r#"order {
    category: "home", customer: { id: "C-1" }, attributes: { site: "A", mode: fast },
    items: [
      { id: "1", offering: "LINE", action: add, attributes: { speed: 100 } },
      { id: "2", offering: "LINE", action: add, attributes: { speed: 500 } },
    ],
  }"#;

fn with_test(lines: &str) -> String {
    format!("{LIBRARY}\ntest \"a story\" {{\n  {ORDER}\n{lines}\n}}\n")
}

fn no_files(_: &str) -> Result<Value, String> {
    Err("there are no files".to_owned())
}

fn bound(lines: &str) -> BoundTest {
    let compiled = compile(&with_test(lines));
    assert_eq!(dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false), "");
    let library = compiled.library.unwrap();
    library.bind(&library.tests()[0], no_files).unwrap()
}

fn ids(test: &BoundTest, tasks: &[TaskIndex]) -> Vec<String> {
    tasks.iter().map(|task| test.plan.id(*task).to_string()).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_order_is_planned_by_the_blueprint_that_accepts_it() {
    let test = bound("expect order completed");
    assert_eq!((test.name.as_str(), test.plan.blueprint().to_string().as_str()), ("a story", "access@1"));
    assert_eq!(test.plan.order().field("mode"), Some(&Value::text("fast")));
    let submitted = test.plan.order().field("submitted_at").cloned();
    assert_eq!(submitted, Some(Value::text("2026-01-05T09:00:00.000Z")));
    assert_eq!(dsl::testing::submitted_at().to_string(), "2026-01-05T09:00:00.000Z");
}

#[test]
fn an_answer_says_what_the_test_says_and_leaves_the_rest_open() {
    let test = bound(
        "net.reserve fails once takes 5s at reserve[2]\n  net.reserve returns { tags: [\"x\"] }\n  \
         net.activate times out but is done 2 times\n  expect order completed",
    );
    let [first, second, third] = test.stubs.as_slice() else { panic!("{:?}", test.stubs) };
    assert_eq!(ids(&test, &first.tasks), ["reserve[2]"]);
    assert_eq!((first.times, first.takes.to_string().as_str()), (Some(1), "5s"));
    assert!(matches!(&first.behaviour, Behaviour::Fails(why) if !why.is_empty()));
    assert_eq!(second.behaviour, Behaviour::Returns(json(r#"{"tags": ["x"]}"#)));
    assert_eq!((second.tasks.len(), second.times), (0, None));
    assert_eq!((&third.behaviour, third.times), (&Behaviour::TimesOut { done: true }, Some(2)));
}

#[test]
fn a_name_means_every_instance_and_one_with_an_item_its_own() {
    let test = bound(
        "signal report { outcome: \"done\" } at visit after 2d\n  cancel at visit[1]\n  expect line.visit succeeded\n  \
         expect undone [reserve]\n  expect untouched [reserve[2]]",
    );
    assert_eq!(ids(&test, &test.steps[0].tasks), ["visit[1]", "visit[2]"]);
    assert_eq!(test.steps[0].after.to_string(), "2d");
    // Defaults are filled in, and what may be missing is null.
    let payload = json(r#"{"outcome": "done", "minutes": 30, "note": null}"#);
    assert_eq!(test.steps[0].act, Act::Signal { name: "report".parse().unwrap(), payload });
    assert_eq!(
        (ids(&test, &test.steps[1].tasks), &test.steps[1].act),
        (vec!["visit[1]".to_owned()], &Act::Cancel { item: None })
    );
    let ExpectationKind::Task(tasks, TaskState::Succeeded) = &test.expectations[0].kind else { panic!() };
    assert_eq!(ids(&test, tasks), ["visit[1]", "visit[2]"]);
    let ExpectationKind::Undone(undone) = &test.expectations[1].kind else { panic!() };
    assert_eq!(
        undone.iter().map(|tasks| ids(&test, tasks)).collect::<Vec<_>>(),
        [["reserve[1]", "reserve[2]"]]
    );
    let ExpectationKind::Untouched(tasks) = &test.expectations[2].kind else { panic!() };
    assert_eq!(ids(&test, tasks), ["reserve[2]"]);
}

#[test]
fn an_amendment_is_a_list_of_places_and_values() {
    let test = bound(
        "amend at visit[1] { items[\"2\"].attributes.speed: 1000, attributes.mode: cheap, priority: 1 }\n  expect refused",
    );
    let Act::Amend { changes, plan } = &test.steps[0].act else { panic!("{:?}", test.steps) };
    assert_eq!(
        *changes,
        [
            ("/items/1/attributes/speed".to_owned(), Value::from(1000)),
            ("/attributes/mode".to_owned(), Value::text("cheap")),
            ("/priority".to_owned(), Value::from(1)),
        ]
    );
    let speed = |plan: &plan::Plan| plan.items()[1].value.field("speed").cloned();
    assert_eq!(speed(plan), Some(Value::from(1000)), "the plan of the order with these changes");
    assert_ne!(speed(&test.plan), speed(plan));
    assert_eq!(test.expectations[0].kind, ExpectationKind::Refused);
}

#[test]
fn expectations_are_of_the_declared_types() {
    let test = bound(
        "expect order held\n  expect call net.reserve(count: 2) 3 times\n  expect call net.activate\n  \
         expect no call net.release(id: \"x\")\n  expect elapsed between 1d and 2d\n  expect customer status \"Getting ready\"",
    );
    let kinds: Vec<_> = test.expectations.into_iter().map(|expectation| expectation.kind).collect();
    let called = |operation: &str, arguments: &str, times| ExpectationKind::Called {
        system: "net".parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: json(arguments),
        times,
    };
    assert_eq!(
        kinds,
        [
            ExpectationKind::Order(OrderState::Held),
            called("reserve", r#"{"count": 2}"#, Some(3)),
            called("activate", "{}", None),
            called("release", r#"{"id": "x"}"#, Some(0)),
            ExpectationKind::Elapsed { least: "1d".parse().unwrap(), most: "2d".parse().unwrap() },
            ExpectationKind::Status { item: None, text: "Getting ready".to_owned() },
        ]
    );
}

#[test]
fn a_blueprint_means_the_same_with_and_without_its_tests() {
    let hash = |text: &str| compile(text).library.unwrap().blueprints()[0].hash().clone();
    assert_eq!(hash(&with_test("expect order completed")), hash(LIBRARY));
}

const IN_A_FILE: &str = "test \"from a file\" { order file \"orders/one.json\"  expect visit held }\n";

fn from_a_file(document: Result<&str, &str>) -> Result<BoundTest, Vec<String>> {
    let compiled = compile(&format!("{LIBRARY}{IN_A_FILE}"));
    assert_eq!(compiled.diagnostics, [], "what is in the file is not known yet");
    let library: Library = compiled.library.unwrap();
    let test = &library.tests()[0];
    assert_eq!((test.name(), test.order_file()), ("from a file", Some("orders/one.json")));
    let read = |name: &str| {
        assert_eq!(name, "orders/one.json");
        document.map(json).map_err(str::to_owned)
    };
    library.bind(test, read).map_err(|found| {
        let shown =
            |d: &dsl::Diagnostic| format!("{} {}: {}", d.code, compiled.sources.text(d.span()), d.title);
        found.iter().map(shown).collect()
    })
}

#[test]
fn an_order_in_a_file_is_bound_when_somebody_reads_it() {
    let sound = r#"{"category": "home", "customer": {"id": "C"}, "attributes": {"site": "A"},
        "items": [{"id": "7", "offering": "X", "action": "add", "attributes": {"speed": 1}}]}"#;
    let test = from_a_file(Ok(sound)).unwrap();
    let ExpectationKind::Task(tasks, _) = &test.expectations[0].kind else { panic!() };
    assert_eq!(ids(&test, tasks), ["visit[7]"]);
    let faults = from_a_file(Ok(&sound.replace("\"A\"", "1").replace("\"speed\": 1", "")));
    assert_eq!(
        faults.unwrap_err(),
        [
            "BP0603 \"orders/one.json\": the order does not fit: /attributes/site: expected a text, found a number",
            "BP0603 \"orders/one.json\": the order does not fit: /items/0/attributes/speed: missing: expected a whole number",
        ]
    );
    assert_eq!(
        from_a_file(Err("it is not there")).unwrap_err(),
        ["BP0602 \"orders/one.json\": the order can't be read: it is not there"]
    );
}

#[test]
fn what_is_wrong_with_one_test_keeps_none_of_the_others_back() {
    let library =
        format!("{LIBRARY}{IN_A_FILE}test \"inside\" {{\n  {ORDER}\n  expect order completed\n}}\n");
    let library = compile(&library).library.unwrap();
    let (bound, faults) = library.bind_all(no_files);
    assert_eq!(bound.iter().map(|test| test.name.as_str()).collect::<Vec<_>>(), ["inside"]);
    assert_eq!(faults.iter().map(|fault| fault.code.as_str()).collect::<Vec<_>>(), ["BP0602"]);
}
