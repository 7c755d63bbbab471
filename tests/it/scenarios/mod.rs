//! The situations that every order system of an operator must master, through everything: API, Temporal, Postgres, and systems
//! over HTTP. The same ones, told in virtual time, are the tests of the sample blueprints that are called `scenario: …`.
//!
//! | scenario | where |
//! |---|---|
//! | a mobile activation; a fibre install | `installs` |
//! | the technician has no access; the same report twice; the same order twice | `people` |
//! | a reservation is refused, the alternative taken, then none is left | `reservations` |
//! | an activation times out, and is read back as done; as absent | `read_back` |
//! | a cancel before and after the reservation, and after the activation | `cancels` |
//! | billing is not ready; inventories disagree; a bundle ends partial | `open_ends` |

mod cancels;
mod installs;
mod open_ends;
mod people;
mod read_back;
mod reservations;

use model::OrderId;

use crate::support::{Effect, Site, assert_each_once, held};

/// What the systems hold for an order, sorted; each of it once.
async fn holds(site: &Site, order: OrderId) -> Vec<String> {
    let effects: Vec<Effect> = site.effects(order).await;
    assert_each_once(&effects);
    let mut held: Vec<String> = held(&effects).into_iter().map(str::to_owned).collect();
    held.sort();
    held
}

/// An order of `home_fiber` whose technician has been there.
async fn installed(site: &Site, name: &str) -> OrderId {
    let order = site.submit(name);
    site.until_task(order, "field_work[1]", "running").await;
    let said = site.report(order);
    assert_eq!(said.code, 0, "{said:?}");
    order
}
