//! Rebuilds the crate when a migration is added: `migrate!` alone notices only those that change.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
