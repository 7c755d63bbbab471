//! What is said of orders that fit no blueprint, or not quite.

use expect_test::{Expect, expect};

use super::{compile, examples, order};

#[track_caller]
fn check_faults(json: &str, expected: Expect) {
    let library = examples();
    let order = order(json);
    let faults = library.select(&order.request).and_then(|blueprint| blueprint.plan(&order)).unwrap_err();
    let faults: Vec<_> = faults.iter().map(|fault| format!("{fault}\n")).collect();
    expected.assert_eq(&faults.concat());
}

#[test]
fn every_fault_is_found_at_its_place() {
    check_faults(
        r#"{
            "category": "consumer", "customer": { "id": "C-1" },
            "attributes": { "address": { "street": "Main St 1", "city": 7, "postcode": "3511" }, "colour": "red" },
            "items": [
                { "id": "1", "offering": "HOME_FIBER_1G", "action": "add", "attributes": { "speed_mbps": "fast" } },
                { "id": "2", "offering": "TELEPHONE", "action": "add" },
                { "id": "3", "offering": "HOME_FIBER_500", "action": "add" },
                { "id": "4", "offering": "STATIC_IP", "action": "add", "attributes": { "cuont": 2 } }
            ]
        }"#,
        expect![[r#"
            /attributes/address/city: expected a text, found a number
            /attributes/address/site: missing: expected a text
            /attributes/colour: unknown field `colour`: known are `address`, `contact`, `appointment`, `billing_from`, `billing_date`
            /items/0/attributes/speed_mbps: expected a whole number, found a text
            /items/1/offering: the offering `TELEPHONE` is of no kind that `home_fiber@1` takes: `fiber`, `mobile`, `static_ip` and `tv`
            /items/2/attributes/speed_mbps: missing: expected a whole number
            /items/3/attributes/cuont: unknown field `cuont`: known are `count`
        "#]],
    );
}

#[test]
fn an_order_that_leaves_nothing_to_do_is_refused() {
    let nothing = r#"blueprint b version 1 {
        item line where true { }
        each line where item.action == add { task look { call net.look() } }
    }
    system net { query look() }"#;
    let library = compile(nothing).library.unwrap();
    let order = order(
        r#"{ "blueprint": "b", "customer": { "id": "C" }, "items": [{ "id": "1", "offering": "X", "action": "delete" }] }"#,
    );
    let faults = library.select(&order.request).unwrap().plan(&order).unwrap_err();
    assert_eq!(faults[0].to_string(), "/items: the blueprint `b@1` has nothing to do for these items");
}

#[test]
fn an_order_names_its_blueprint_or_exactly_one_accepts_it() {
    let select = |json: &str| {
        let text = r#"
            system net { query look() }
            blueprint first version 1 { accepts order where order.category == "a"  item x where true { }  task t { call net.look() } }
            blueprint first version 2 { accepts order where order.category != null  item x where true { }  task t { call net.look() } }
            blueprint other version 1 {
                accepts order where any([i.offering == "OTHER" for i in order.items])
                item x where true { }
                task t { call net.look() }
            }
            blueprint silent version 7 { item x where true { }  task t { call net.look() } }"#;
        let library = compile(text).library.unwrap();
        let order = order(json);
        match library.select(&order.request) {
            Ok(blueprint) => blueprint.reference().to_string(),
            Err(faults) => faults[0].to_string(),
        }
    };
    let with = |head: &str, offering: &str| {
        let items = format!(r#"[{{ "id": "1", "offering": "{offering}", "action": "add" }}]"#);
        select(&format!(r#"{{ {head} "customer": {{ "id": "C" }}, "items": {items} }}"#))
    };
    expect![[r#"
        first@2
        first@1
        silent@7
        other@1
        /blueprint: there is no blueprint `frist`, did you mean `first`?
        /blueprint: there is no version 3 of the blueprint `first`, it has `1` and `2`
        /blueprint: no blueprint accepts this order, asked were `first` and `other`
        /blueprint: `first` and `other` accept this order: name one of them
    "#]]
    .assert_eq(
        &[
            with(r#""category": "a","#, "X"),
            with(r#""blueprint": "first@1","#, "X"),
            with(r#""blueprint": "silent","#, "X"),
            with("", "OTHER"),
            with(r#""blueprint": "frist","#, "X"),
            with(r#""blueprint": "first@3","#, "X"),
            with("", "X"),
            with(r#""category": "b","#, "OTHER"),
        ]
        .map(|line| line + "\n")
        .concat(),
    );
}

#[test]
fn a_blueprint_says_for_itself_whether_it_accepts_an_order() {
    let text = r#"
        system net { query look() }
        blueprint known version 1 { accepts order where order.category == "a"  item x where true { }  task t { call net.look() } }
        blueprint urgent version 1 {
            accepts order where 10 / order.priority > 5
            item x where true { }
            task t { call net.look() }
        }
        blueprint silent version 1 { item x where true { }  task t { call net.look() } }"#;
    let library = compile(text).library.unwrap();
    let accepts = |name: &str, head: &str| {
        let items = r#"[{ "id": "1", "offering": "X", "action": "add" }]"#;
        let order = order(&format!(r#"{{ {head}, "customer": {{ "id": "C" }}, "items": {items} }}"#));
        let blueprint = library.blueprint(&name.parse().unwrap(), None).unwrap();
        blueprint.accepts(&order.request).map_err(|faults| faults[0].to_string())
    };
    assert_eq!(accepts("known", r#""category": "a""#), Ok(true));
    assert_eq!(accepts("known", r#""category": "b""#), Ok(false));
    assert_eq!(accepts("silent", r#""category": "a""#), Ok(false));
    let untold = accepts("urgent", r#""priority": 0"#).unwrap_err();
    assert!(untold.starts_with("/blueprint: whether `urgent` accepts the order can't be told: "), "{untold}");
}

#[test]
fn an_order_with_too_many_tasks_is_refused() {
    let tasks: String = (0..11).map(|n| format!("task t{n} {{ call net.look() }}\n")).collect();
    let text = format!(
        "system net {{ query look() }}\nblueprint b version 1 {{ item x where true {{ }} each x {{ {tasks} }} }}"
    );
    let library = compile(&text).library.unwrap();
    let plan = |items: usize| {
        let items: Vec<_> =
            (0..items).map(|n| format!(r#"{{ "id": "{n}", "offering": "X", "action": "add" }}"#)).collect();
        let order = order(&format!(
            r#"{{ "blueprint": "b", "customer": {{ "id": "C" }}, "items": [{}] }}"#,
            items.join(",")
        ));
        library.select(&order.request).unwrap().plan(&order)
    };
    assert_eq!(plan(900).unwrap().tasks().len(), 9_900);
    assert_eq!(
        plan(910).unwrap_err()[0].to_string(),
        "/items: the plan has 10010 tasks, and at most 10000 are allowed"
    );
}
