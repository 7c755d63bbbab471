//! The plans of the example orders.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use plan::{Body, Plan};

use super::{compile, examples, order};

/// The tasks of a plan, each with what it does, what it waits for, and why it is left out.
fn listing(plan: &Plan) -> String {
    let mut out = format!("{}\n", plan.blueprint());
    for task in plan.indices() {
        let what = match &plan.definition(task).body {
            Body::Call(body) => body.call.label(),
            Body::Wait { signal, .. } => format!("wait {signal}"),
            Body::Manual(body) => format!("manual for {}", body.role),
            Body::Poll(body) => format!("poll {}", body.query.label()),
            Body::Sleep(_) => "sleep".to_owned(),
            Body::Run(body) => format!("run {}", body.blueprint),
            Body::Let(value) => format!("let {}", value.text),
            Body::Milestone => "milestone".to_owned(),
        };
        let after: Vec<_> = plan.task(task).after.iter().map(|t| plan.id(*t).to_string()).collect();
        write!(out, "{}: {what}", plan.id(task)).unwrap();
        if !after.is_empty() {
            write!(out, " after {}", after.join(", ")).unwrap();
        }
        if let Some(rule) = &plan.task(task).skipped {
            write!(out, "; skipped: {rule}").unwrap();
        }
        out.push('\n');
    }
    out
}

#[track_caller]
fn check(name: &str, expected: Expect) {
    let path = format!("{}/../blueprints/orders/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let order = order(&std::fs::read_to_string(path).unwrap());
    let library = examples();
    let plan = library.select(&order.request).unwrap().plan(&order).unwrap();
    expected.assert_eq(&listing(&plan));
    let again = examples().select(&order.request).unwrap().plan(&order).unwrap();
    assert_eq!(plan.canonical_bytes(), again.canonical_bytes());
}

#[test]
fn home_fiber() {
    check(
        "home_fiber",
        expect![[r#"
        home_fiber@1
        check_customer: crm.check
        reserve_port[1]: inventory.reserve after check_customer
        reserve_ont[1]: inventory.reserve after check_customer
        book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
        field_work[1]: wait technician_report after book_visit[1]
        activate[1]: network.activate after field_work[1]
        prove[1]: network.read after field_work[1], activate[1]
        service_active[1]: milestone after prove[1]
        start_billing: billing.start after prove[1], service_active[1]
    "#]],
    );
}

#[test]
fn home_fiber_with_static_addresses() {
    check(
        "home_fiber_static_ip",
        expect![[r#"
        home_fiber@1
        check_customer: crm.check
        reserve_port[1]: inventory.reserve after check_customer
        reserve_ont[1]: inventory.reserve after check_customer
        book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
        field_work[1]: wait technician_report after book_visit[1]
        activate[1]: network.activate after field_work[1]
        prove[1]: network.read after field_work[1], activate[1]
        service_active[1]: milestone after prove[1]
        allocate[2]: ipam.allocate after check_customer, activate[1]
        start_billing: billing.start after prove[1], service_active[1], allocate[2]
    "#]],
    );
}

#[test]
fn home_fiber_with_own_equipment() {
    check(
        "home_fiber_own_cpe",
        expect![[r#"
        home_fiber@1
        check_customer: crm.check
        reserve_port[1]: inventory.reserve after check_customer
        reserve_ont[1]: inventory.reserve after check_customer; skipped: `when not item.own_cpe` does not hold (home_fiber.blueprint:35)
        book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
        field_work[1]: wait technician_report after book_visit[1]
        activate[1]: network.activate after field_work[1]
        prove[1]: network.read after field_work[1], activate[1]
        service_active[1]: milestone after prove[1]
        start_billing: billing.start after prove[1], service_active[1]
    "#]],
    );
}

#[test]
fn a_subscriber() {
    check(
        "provision_subscriber",
        expect![[r#"
        provision_subscriber@1
        create_customer: crm.register
        create_subscriber[1]: subscribers.create after create_customer
        create_radius_account[1]: radius.create_account after create_subscriber[1]
        assign_address[1]: ipam.assign after create_subscriber[1]
        activate_onu[1]: olt.activate after create_radius_account[1], assign_address[1]
        configure_cpe[1]: acs.provision after create_radius_account[1], activate_onu[1]
        start_billing[1]: billing.start after create_customer, activate_onu[1], configure_cpe[1]
        online[1]: milestone after start_billing[1]
    "#]],
    );
}

#[test]
fn a_subscriber_with_a_static_address() {
    check(
        "provision_subscriber_static_ip",
        expect![[r#"
        provision_subscriber@1
        create_customer: crm.register
        create_subscriber[1]: subscribers.create after create_customer
        create_radius_account[1]: radius.create_account after create_subscriber[1]
        assign_address[1]: ipam.assign after create_subscriber[1]; skipped: `when item.static_ip == null` does not hold (provision_subscriber.blueprint:48)
        activate_onu[1]: olt.activate after create_radius_account[1], assign_address[1]
        configure_cpe[1]: acs.provision after create_radius_account[1], activate_onu[1]
        start_billing[1]: billing.start after create_customer, activate_onu[1], configure_cpe[1]
        online[1]: milestone after start_billing[1]
    "#]],
    );
}

#[test]
fn a_subscriber_without_equipment() {
    check(
        "provision_subscriber_no_cpe",
        expect![[r#"
        provision_subscriber@1
        create_customer: crm.register
        create_subscriber[1]: subscribers.create after create_customer
        create_radius_account[1]: radius.create_account after create_subscriber[1]
        assign_address[1]: ipam.assign after create_subscriber[1]
        activate_onu[1]: olt.activate after create_radius_account[1], assign_address[1]
        configure_cpe[1]: acs.provision after create_radius_account[1], activate_onu[1]; skipped: `when item.cpe != null` does not hold (provision_subscriber.blueprint:67)
        start_billing[1]: billing.start after create_customer, activate_onu[1], configure_cpe[1]
        online[1]: milestone after start_billing[1]
    "#]],
    );
}

#[test]
fn a_number_that_is_held() {
    check(
        "number_hold",
        expect![[r#"
        number_hold@1
        hold_number[1]: inventory.reserve
        confirmation[1]: wait customer_confirmed after hold_number[1]
        sold[1]: milestone after confirmation[1]
    "#]],
    );
}

#[test]
fn every_example_order_has_a_test_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../blueprints/orders");
    let this = include_str!("plans.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        assert!(this.contains(&format!("\"{name}\",")), "{name}");
    }
}

#[test]
fn instances_of_a_block_stand_item_by_item_and_see_their_own_item() {
    let text = r#"
        system net { query look(ids: [text]) -> { id: text }  query one(id: text) -> { id: text } }
        blueprint b version 1 {
            accepts order where true
            item a where item.offering == "A" { }
            item z where item.offering == "Z" { }
            task last { call net.look(ids: a.second.id) }
            each a {
                task second { call net.one(id: first_one.id) }
                task first_one { call net.one(id: item.id) }
            }
            each z { task beside after last { call net.look(ids: a.second.id) } }
            each a where item.action == modify { task third { call net.one(id: second?.id ?? "none") } }
        }"#;
    let library = compile(text).library.unwrap();
    let order = order(
        r#"{ "customer": { "id": "C" }, "items": [
            { "id": "1", "offering": "A", "action": "add" },
            { "id": "2", "offering": "Z", "action": "add" },
            { "id": "3", "offering": "A", "action": "modify" }
        ] }"#,
    );
    let plan = library.select(&order.request).unwrap().plan(&order).unwrap();
    expect![[r#"
        b@1
        first_one[1]: net.one
        second[1]: net.one after first_one[1]
        first_one[3]: net.one
        second[3]: net.one after first_one[3]
        last: net.look after second[1], second[3]
        beside[2]: net.look after second[1], second[3], last
        third[3]: net.one after second[3]
    "#]]
    .assert_eq(&listing(&plan));
}
