//! The servers that all tests share.

/// The address of the shared PostgreSQL cluster, as its superuser.
pub(crate) fn database_url() -> String {
    variable("DATABASE_URL")
}

/// The shared Temporal server, as `host:port`.
pub(crate) fn temporal_address() -> String {
    variable("ORDERWRIGHT_TEST_TEMPORAL")
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("`{name}` is not set: run the tests with `./dev test`"))
}
