//! What the tests of this crate share.

use model::{CallRequest, Direction, Duration};

/// The first attempt of a call to do something, for the order and task that every test uses.
pub(crate) fn call(system: &str, operation: &str, arguments: &str) -> CallRequest {
    let order = "019376a0-0000-7000-8000-000000000001";
    CallRequest {
        order: order.parse().unwrap(),
        task: "reserve_port[1]".parse().unwrap(),
        direction: Direction::Forward,
        system: system.parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: serde_json::from_str(arguments).unwrap(),
        key: format!("{order}/reserve_port[1]/0/forward").parse().unwrap(),
        attempt: 1,
        timeout: Duration::from_secs(10),
    }
}
