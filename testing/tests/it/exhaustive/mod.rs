//! Every sample order in every way that it can go: on the engine, in virtual time, with systems that keep a ledger.
//!
//! Each task fails, is refused, gets no answer (with its work done and not done), gets an answer of another shape; each undo
//! likewise; whoever is asked says nothing, or no; everything is delivered twice; between any two events the order
//! or one of its items is cancelled, it is paused, it is amended in each of its attributes and items, and what carries it out
//! crashes. People see to every task that needs one, in each way that there is.
//! However it goes, the order ends, and the systems then hold what its end allows, each thing once (see `judge`).

mod amendments;
mod answers;
mod between;
mod concerns;
mod judge;
mod ledger;
mod sweep;
mod systems;
mod trial;
mod troubles;

use crate::support::{sample_library, samples};

/// One test for each blueprint, so that they run side by side.
macro_rules! swept {
    ($($blueprint:ident)*) => {
        const SWEPT: &[&str] = &[$(stringify!($blueprint)),*];
        $(
            #[test]
            fn $blueprint() {
                sweep::sweep(stringify!($blueprint));
            }
        )*
    };
}

swept! {
    activate_service
    deprovision_subscriber
    home_fiber
    home_fiber_change
    internet
    migrate_service
    mobile_line
    number_hold
    parcel_order
    provision_subscriber
    reconcile_service
    retail_order
    suspend_service
}

#[test]
fn every_blueprint_with_a_sample_order_is_among_them() {
    let samples = samples(&sample_library().0);
    let mut names: Vec<String> =
        samples.iter().map(|sample| sample.plan.blueprint().name.to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names, SWEPT);
}
