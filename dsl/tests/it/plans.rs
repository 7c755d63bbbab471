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
            agreed_date: let order.billing_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:31)
            check_customer: crm.check after agreed_date
            reserve_port[1]: inventory.reserve after check_customer
            reserve_ont[1]: inventory.reserve after check_customer
            book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
            tell_appointment[1]: messages.notify after book_visit[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            record_port[1]: inventory.assign after reserve_port[1], activate[1]
            prove[1]: poll network.read after field_work[1], activate[1]
            service_active[1]: milestone after record_port[1], prove[1]
            first_usage[1]: poll network.usage after activate[1], service_active[1]; skipped: `when order.billing_from == "first_usage"` does not hold (home_fiber.blueprint:104)
            customer_acceptance: wait customer_accepted after service_active[1]; skipped: `when order.billing_from == "customer_acceptance"` does not hold (home_fiber.blueprint:149)
            billing_day: sleep after agreed_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:154)
            billing_start: let coalesce(if order.billing_from == "acceptance" then order.submitted_at else null, agreed_date, customer_acceptance?.finished_at, max(fiber.first_usage.first_at), max(fiber.prove.finished_at), order.submitted_at) after agreed_date, prove[1], service_active[1], first_usage[1], customer_acceptance, billing_day
            start_billing: billing.start after service_active[1], billing_start
            tell_active: messages.notify after start_billing
        "#]],
    );
}

#[test]
fn home_fiber_with_static_addresses() {
    check(
        "home_fiber_static_ip",
        expect![[r#"
            home_fiber@1
            agreed_date: let order.billing_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:31)
            check_customer: crm.check after agreed_date
            reserve_port[1]: inventory.reserve after check_customer
            reserve_ont[1]: inventory.reserve after check_customer
            book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
            tell_appointment[1]: messages.notify after book_visit[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            record_port[1]: inventory.assign after reserve_port[1], activate[1]
            prove[1]: poll network.read after field_work[1], activate[1]
            service_active[1]: milestone after record_port[1], prove[1]
            first_usage[1]: poll network.usage after activate[1], service_active[1]; skipped: `when order.billing_from == "first_usage"` does not hold (home_fiber.blueprint:104)
            allocate[2]: ipam.allocate after check_customer, activate[1]
            customer_acceptance: wait customer_accepted after service_active[1]; skipped: `when order.billing_from == "customer_acceptance"` does not hold (home_fiber.blueprint:149)
            billing_day: sleep after agreed_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:154)
            billing_start: let coalesce(if order.billing_from == "acceptance" then order.submitted_at else null, agreed_date, customer_acceptance?.finished_at, max(fiber.first_usage.first_at), max(fiber.prove.finished_at), order.submitted_at) after agreed_date, prove[1], service_active[1], first_usage[1], customer_acceptance, billing_day
            start_billing: billing.start after service_active[1], allocate[2], billing_start
            tell_active: messages.notify after start_billing
        "#]],
    );
}

#[test]
fn home_fiber_with_own_equipment() {
    check(
        "home_fiber_own_cpe",
        expect![[r#"
            home_fiber@1
            agreed_date: let order.billing_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:31)
            check_customer: crm.check after agreed_date
            reserve_port[1]: inventory.reserve after check_customer
            reserve_ont[1]: inventory.reserve after check_customer; skipped: `when not item.own_cpe` does not hold (home_fiber.blueprint:49)
            book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
            tell_appointment[1]: messages.notify after book_visit[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            record_port[1]: inventory.assign after reserve_port[1], activate[1]
            prove[1]: poll network.read after field_work[1], activate[1]
            service_active[1]: milestone after record_port[1], prove[1]
            first_usage[1]: poll network.usage after activate[1], service_active[1]; skipped: `when order.billing_from == "first_usage"` does not hold (home_fiber.blueprint:104)
            customer_acceptance: wait customer_accepted after service_active[1]; skipped: `when order.billing_from == "customer_acceptance"` does not hold (home_fiber.blueprint:149)
            billing_day: sleep after agreed_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:154)
            billing_start: let coalesce(if order.billing_from == "acceptance" then order.submitted_at else null, agreed_date, customer_acceptance?.finished_at, max(fiber.first_usage.first_at), max(fiber.prove.finished_at), order.submitted_at) after agreed_date, prove[1], service_active[1], first_usage[1], customer_acceptance, billing_day
            start_billing: billing.start after service_active[1], billing_start
            tell_active: messages.notify after start_billing
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
fn home_fiber_bundle() {
    check(
        "home_fiber_bundle",
        expect![[r#"
            home_fiber@1
            agreed_date: let order.billing_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:31)
            check_customer: crm.check after agreed_date
            reserve_port[1]: inventory.reserve after check_customer
            reserve_ont[1]: inventory.reserve after check_customer
            book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
            tell_appointment[1]: messages.notify after book_visit[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            record_port[1]: inventory.assign after reserve_port[1], activate[1]
            prove[1]: poll network.read after field_work[1], activate[1]
            service_active[1]: milestone after record_port[1], prove[1]
            first_usage[1]: poll network.usage after activate[1], service_active[1]; skipped: `when order.billing_from == "first_usage"` does not hold (home_fiber.blueprint:104)
            reserve_number[2]: inventory.reserve after check_customer
            activate_sim[2]: mobile.activate after reserve_number[2]
            bill_mobile[2]: billing.start after activate_sim[2]
            allocate[3]: ipam.allocate after check_customer, activate[1]
            entitle[4]: tv.entitle after check_customer, activate[1]
            customer_acceptance: wait customer_accepted after service_active[1]
            billing_day: sleep after agreed_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:154)
            billing_start: let coalesce(if order.billing_from == "acceptance" then order.submitted_at else null, agreed_date, customer_acceptance?.finished_at, max(fiber.first_usage.first_at), max(fiber.prove.finished_at), order.submitted_at) after agreed_date, prove[1], service_active[1], first_usage[1], customer_acceptance, billing_day
            start_billing: billing.start after service_active[1], reserve_number[2], activate_sim[2], bill_mobile[2], allocate[3], entitle[4], billing_start
            tell_active: messages.notify after start_billing
        "#]],
    );
}

#[test]
fn home_fiber_first_usage() {
    check(
        "home_fiber_first_usage",
        expect![[r#"
            home_fiber@1
            agreed_date: let order.billing_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:31)
            check_customer: crm.check after agreed_date
            reserve_port[1]: inventory.reserve after check_customer
            reserve_ont[1]: inventory.reserve after check_customer
            book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
            tell_appointment[1]: messages.notify after book_visit[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            record_port[1]: inventory.assign after reserve_port[1], activate[1]
            prove[1]: poll network.read after field_work[1], activate[1]
            service_active[1]: milestone after record_port[1], prove[1]
            first_usage[1]: poll network.usage after activate[1], service_active[1]
            customer_acceptance: wait customer_accepted after service_active[1]; skipped: `when order.billing_from == "customer_acceptance"` does not hold (home_fiber.blueprint:149)
            billing_day: sleep after agreed_date; skipped: `when order.billing_from == "date"` does not hold (home_fiber.blueprint:154)
            billing_start: let coalesce(if order.billing_from == "acceptance" then order.submitted_at else null, agreed_date, customer_acceptance?.finished_at, max(fiber.first_usage.first_at), max(fiber.prove.finished_at), order.submitted_at) after agreed_date, prove[1], service_active[1], first_usage[1], customer_acceptance, billing_day
            start_billing: billing.start after service_active[1], billing_start
            tell_active: messages.notify after start_billing
        "#]],
    );
}

#[test]
fn home_fiber_billing_date() {
    check(
        "home_fiber_billing_date",
        expect![[r#"
            home_fiber@1
            agreed_date: let order.billing_date
            check_customer: crm.check after agreed_date
            reserve_port[1]: inventory.reserve after check_customer
            reserve_ont[1]: inventory.reserve after check_customer
            book_visit[1]: workforce.book after reserve_port[1], reserve_ont[1]
            tell_appointment[1]: messages.notify after book_visit[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            record_port[1]: inventory.assign after reserve_port[1], activate[1]
            prove[1]: poll network.read after field_work[1], activate[1]
            service_active[1]: milestone after record_port[1], prove[1]
            first_usage[1]: poll network.usage after activate[1], service_active[1]; skipped: `when order.billing_from == "first_usage"` does not hold (home_fiber.blueprint:104)
            customer_acceptance: wait customer_accepted after service_active[1]; skipped: `when order.billing_from == "customer_acceptance"` does not hold (home_fiber.blueprint:149)
            billing_day: sleep after agreed_date
            billing_start: let coalesce(if order.billing_from == "acceptance" then order.submitted_at else null, agreed_date, customer_acceptance?.finished_at, max(fiber.first_usage.first_at), max(fiber.prove.finished_at), order.submitted_at) after agreed_date, prove[1], service_active[1], first_usage[1], customer_acceptance, billing_day
            start_billing: billing.start after service_active[1], billing_start
            tell_active: messages.notify after start_billing
        "#]],
    );
}

#[test]
fn internet_install() {
    check(
        "internet_install",
        expect![[r#"
            internet@1
            qualify[1]: network.qualify
            known_service[1]: let item.service; skipped: `when item.action == modify` does not hold (internet.blueprint:46)
            accepted: milestone after qualify[1], known_service[1]
            reserve_port[1]: inventory.reserve after accepted
            book_visit[1]: workforce.book after reserve_port[1]
            field_work[1]: wait technician_report after book_visit[1]
            activate[1]: network.activate after field_work[1]
            start_billing[1]: billing.start after activate[1]
            change_speed[1]: network.reprofile after known_service[1], accepted; skipped: `when item.action == modify` does not hold (internet.blueprint:90)
            change_price[1]: billing.change after known_service[1], change_speed[1]; skipped: `when item.action == modify` does not hold (internet.blueprint:100)
            online[1]: milestone after start_billing[1], change_price[1]
            tell_customer: messages.send after online[1]
        "#]],
    );
}

#[test]
fn internet_speed_change() {
    check(
        "internet_speed_change",
        expect![[r#"
            internet@1
            qualify[1]: network.qualify
            known_service[1]: let item.service
            accepted: milestone after qualify[1], known_service[1]
            reserve_port[1]: inventory.reserve after accepted; skipped: `when item.action == add` does not hold (internet.blueprint:51)
            book_visit[1]: workforce.book after reserve_port[1]; skipped: `when item.action == add` does not hold (internet.blueprint:55)
            field_work[1]: wait technician_report after book_visit[1]; skipped: `when item.action == add` does not hold (internet.blueprint:65)
            activate[1]: network.activate after field_work[1]; skipped: `when item.action == add` does not hold (internet.blueprint:72)
            start_billing[1]: billing.start after activate[1]; skipped: `when item.action == add` does not hold (internet.blueprint:81)
            change_speed[1]: network.reprofile after known_service[1], accepted
            change_price[1]: billing.change after known_service[1], change_speed[1]
            online[1]: milestone after start_billing[1], change_price[1]
            tell_customer: messages.send after online[1]
        "#]],
    );
}

#[test]
fn internet_extras() {
    check(
        "internet_extras",
        expect![[r#"
            internet@1
            accepted: milestone
            allocate_address[1]: ipam.allocate after accepted
            attach[1]: network.attach after accepted, allocate_address[1]
            bill_extra[1]: billing.start after attach[1]
            extra_ready[1]: milestone after bill_extra[1]
            allocate_address[2]: ipam.allocate after accepted; skipped: `when item.offering == "FIXED_IP"` does not hold (internet.blueprint:108)
            attach[2]: network.attach after accepted, allocate_address[2]
            bill_extra[2]: billing.start after attach[2]
            extra_ready[2]: milestone after bill_extra[2]
            tell_customer: messages.send after extra_ready[1], extra_ready[2]; skipped: `when order.contact != null` does not hold (internet.blueprint:196)
        "#]],
    );
}

#[test]
fn internet_suspend() {
    check(
        "internet_suspend",
        expect![[r#"
        internet@1
        check_arrears[1]: billing.arrears
        accepted: milestone after check_arrears[1]
        pause_billing[1]: billing.pause after accepted
        suspend[1]: network.suspend after pause_billing[1]
        tell_customer: messages.send after suspend[1]
    "#]],
    );
}

#[test]
fn internet_restore() {
    check(
        "internet_restore",
        expect![[r#"
        internet@1
        accepted: milestone
        check_payment[1]: poll payments.settled after accepted
        restore[1]: network.resume after check_payment[1]
        resume_billing[1]: billing.resume after restore[1]
        tell_customer: messages.send after resume_billing[1]
    "#]],
    );
}

#[test]
fn internet_disconnect() {
    check(
        "internet_disconnect",
        expect![[r#"
            internet@1
            accepted: milestone
            close_billing[1]: billing.close after accepted
            expect_modem[1]: warehouse.expect_return after accepted
            cease[1]: network.deactivate after close_billing[1], expect_modem[1]
            free_port[1]: inventory.release after cease[1]
            tell_customer: messages.send after cease[1]; skipped: `when order.contact != null` does not hold (internet.blueprint:196)
        "#]],
    );
}

#[test]
fn deprovision_subscriber() {
    check(
        "deprovision_subscriber",
        expect![[r#"
            deprovision_subscriber@1
            close_billing[1]: billing.close
            lock_account[1]: radius.lock after close_billing[1]
            cut_line[1]: olt.deactivate after lock_account[1]
            reset_device[1]: acs.reset after cut_line[1]
            delete_account[1]: radius.delete_account after cut_line[1]
            withdraw_address[1]: ipam.withdraw after delete_account[1]
            remove_subscriber[1]: subscribers.remove after reset_device[1], delete_account[1], withdraw_address[1]
            closed[1]: milestone after remove_subscriber[1]
        "#]],
    );
}

#[test]
fn activate_service() {
    check(
        "activate_service",
        expect![[r#"
            activate_service@1
            plugged_in[1]: poll olt.read
            activate[1]: olt.activate after plugged_in[1]
            start_billing[1]: billing.start after activate[1]
            online[1]: milestone after start_billing[1]
        "#]],
    );
}

#[test]
fn suspend_service() {
    check(
        "suspend_service",
        expect![[r#"
        suspend_service@1
        pause_billing[1]: billing.pause
        lock_account[1]: radius.lock after pause_billing[1]
        paused[1]: milestone after lock_account[1]
        day_of_return: sleep after paused[1]; skipped: `when order.until != null` does not hold (suspend_service.blueprint:30)
    "#]],
    );
}

#[test]
fn suspend_service_until() {
    check(
        "suspend_service_until",
        expect![[r#"
        suspend_service@1
        pause_billing[1]: billing.pause
        lock_account[1]: radius.lock after pause_billing[1]
        paused[1]: milestone after lock_account[1]
        day_of_return: sleep after paused[1]
        unlock_account[1]: radius.unlock after day_of_return
        resume_billing[1]: billing.resume after unlock_account[1]
    "#]],
    );
}

#[test]
fn migrate_service() {
    check(
        "migrate_service",
        expect![[r#"
            migrate_service@1
            reserve_port[1]: inventory.reserve
            prepare_line[1]: olt.activate after reserve_port[1]
            move_fibre[1]: manual for engineer after reserve_port[1], prepare_line[1]
            prove[1]: poll olt.read after reserve_port[1], move_fibre[1]
            fibres_moved: milestone after move_fibre[1]
            give_up_old_line[1]: olt.deactivate after prove[1], fibres_moved
            free_old_port[1]: inventory.release after give_up_old_line[1]
            moved[1]: milestone after free_old_port[1]
        "#]],
    );
}

#[test]
fn retail_order() {
    check(
        "retail_order",
        expect![[r#"
        retail_order@1
        reserve_stock[1]: warehouse.reserve
        total: let sum([line.price * line.quantity for line in device.items])
        shop_confirms: wait shop_confirmed after reserve_stock[1]
        ask_for_payment: payments.request after total, shop_confirms
        customer_pays: wait payment_answered after ask_for_payment
        capture: payments.capture after total, customer_pays
        dispatch[1]: warehouse.dispatch after reserve_stock[1], capture
        sent[1]: milestone after dispatch[1]
        tell_customer: messages.send after dispatch[1], sent[1]
    "#]],
    );
}

#[test]
fn retail_order_two_devices() {
    check(
        "retail_order_two_devices",
        expect![[r#"
        retail_order@1
        reserve_stock[1]: warehouse.reserve
        reserve_stock[2]: warehouse.reserve
        total: let sum([line.price * line.quantity for line in device.items])
        shop_confirms: wait shop_confirmed after reserve_stock[1], reserve_stock[2]
        ask_for_payment: payments.request after total, shop_confirms
        customer_pays: wait payment_answered after ask_for_payment
        capture: payments.capture after total, customer_pays
        dispatch[1]: warehouse.dispatch after reserve_stock[1], capture
        sent[1]: milestone after dispatch[1]
        dispatch[2]: warehouse.dispatch after reserve_stock[2], capture
        sent[2]: milestone after dispatch[2]
        tell_customer: messages.send after dispatch[1], sent[1], dispatch[2], sent[2]
    "#]],
    );
}

#[test]
fn parcel_order() {
    check(
        "parcel_order",
        expect![[r#"
        parcel_order@1
        validate[1]: courier.quote
        review[1]: manual for clerk after validate[1]
        approved: milestone after validate[1], review[1]
        charge: payments.charge after validate[1], approved
        corrected_address: wait address_corrected after charge
        label[1]: courier.label after corrected_address
        ship[1]: run ship_parcel after label[1]
        shipped[1]: milestone after ship[1]
    "#]],
    );
}

#[test]
fn parcel_order_express() {
    check(
        "parcel_order_express",
        expect![[r#"
        parcel_order@1
        validate[1]: courier.quote
        review[1]: manual for clerk after validate[1]
        validate[2]: courier.quote
        review[2]: manual for clerk after validate[2]
        approved: milestone after validate[1], review[1], validate[2], review[2]
        charge: payments.charge after validate[1], validate[2], approved
        corrected_address: wait address_corrected after charge
        label[1]: courier.label after corrected_address
        ship[1]: run ship_parcel after label[1]
        shipped[1]: milestone after ship[1]
        label[2]: courier.label after corrected_address
        ship[2]: run ship_parcel after label[2]
        shipped[2]: milestone after ship[2]
    "#]],
    );
}

#[test]
fn home_fiber_change() {
    check(
        "home_fiber_change",
        expect![[r#"
        home_fiber_change@1
        find_service: network.served
        change_speed[1]: network.reprofile after find_service
        changed: milestone after change_speed[1]
    "#]],
    );
}

#[test]
fn mobile_line() {
    check(
        "mobile_line",
        expect![[r#"
        mobile_line@1
        reserve_number[1]: inventory.reserve
        activate_sim[1]: mobile.activate after reserve_number[1]
        on_air[1]: milestone after activate_sim[1]
        start_billing[1]: billing.start after activate_sim[1], on_air[1]
        welcome: messages.send after on_air[1]
    "#]],
    );
}

#[test]
fn mobile_line_unannounced() {
    check(
        "mobile_line_unannounced",
        expect![[r#"
        mobile_line@1
        reserve_number[1]: inventory.reserve
        activate_sim[1]: mobile.activate after reserve_number[1]
        on_air[1]: milestone after activate_sim[1]
        start_billing[1]: billing.start after activate_sim[1], on_air[1]
        welcome: messages.send after on_air[1]; skipped: `when order.contact != null` does not hold (mobile_line.blueprint:47)
    "#]],
    );
}

#[test]
fn reconcile_service() {
    check(
        "reconcile_service",
        expect![[r#"
        reconcile_service@1
        noted[1]: inventory.find
        carried[1]: network.locate
        decide[1]: manual for engineer after noted[1], carried[1]
        correct_inventory[1]: inventory.note after noted[1], carried[1], decide[1]
        correct_network[1]: network.reroute after noted[1], carried[1], decide[1]
        noted_now[1]: inventory.find after decide[1], correct_inventory[1], correct_network[1]
        carried_now[1]: network.locate after decide[1], noted_now[1]
        agreed[1]: milestone after carried_now[1]
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
