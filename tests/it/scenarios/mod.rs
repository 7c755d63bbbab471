//! The situations that every order system of an operator must master, through everything: API, Temporal, Postgres, and systems
//! over HTTP. The same ones, told in virtual time, are tests of the sample blueprints that are called `scenario: …`, in the files
//! `blueprints/*_tests.blueprint`.
//!
//! | | scenario | here | blueprint tests of |
//! |---|---|---|---|
//! | 1 | a mobile activation | `installs` | `mobile_line` |
//! | 2 | a fibre install | `installs` | `home_fiber` |
//! | 3 | the technician has no access, and comes again | `people` | `home_fiber` |
//! | 4 | a reservation is refused, the alternative taken, then none is left | `reservations` | `mobile_line`, `home_fiber` |
//! | 5 | an activation times out, and is read back as done | `read_back` | `home_fiber` |
//! | 6 | it is read back as absent, and made again | `read_back` | `home_fiber` |
//! | 7 | the same order twice is one order | `people` | `mobile_line` |
//! | 8 | the same report twice is one report | `people` | `home_fiber` |
//! | 9 | a cancel before the reservation | `cancels` | `home_fiber` |
//! | 10 | a cancel after the reservation | `cancels` | `home_fiber` |
//! | 11 | a cancel after the activation | `cancels` | `home_fiber` |
//! | 12 | billing is not ready: the service stays, the order is open | `open_ends` | `mobile_line` |
//! | 13 | inventories that disagree are found and made to agree | `open_ends` | `reconcile_service` |
//! | 14 | a bundle ends partial | `open_ends` | `home_fiber` |
//! | 15 | another appointment touches the visit and its message only | `amendments` | `home_fiber` |
//! | 16 | another speed after the activation; too late, refused with an order that asks for it | `amendments` | `home_fiber`, `home_fiber_change` |

mod amendments;
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
    site.until_visit(order).await;
    let said = site.report(order);
    assert_eq!(said.code, 0, "{said:?}");
    order
}
