//! Migrations that a database may have had are never changed.

use std::fmt::Write as _;

use expect_test::expect;

#[test]
fn an_applied_migration_stays_as_it_was() {
    let mut listed = String::new();
    for migration in store::MIGRATOR.iter() {
        let checksum: String = migration.checksum.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        writeln!(listed, "{} {checksum} {}", migration.version, migration.description).unwrap();
    }
    // sqlx refuses a database whose migrations are not these, be it for a comment: a line is added here, and none is changed.
    expect![[r#"
        1 570a4226c7d0 create orders
        2 d870fd1850c7 create order events
        3 9abaa26379b4 create intents
        4 9fbc1a08bdca create idempotency keys
        5 90d5233e8ffe create blueprints
        6 f6bb823d84cf create workers
        7 26085b464f33 show retries
        8 fc7897e69094 index kept signals
        9 60fa4ede894b show stopped orders
        10 9920510e89f5 show late and child orders
        11 52f90fec1f00 list fallout
        12 4dab59c9f5b1 follow orders
        13 da85cec005d5 show items
        14 3e68bf01351b keep versions
        15 673953bc6f35 find families
        16 65e79ecccac2 show why at risk
        17 ea4d7a251c12 index amendments
    "#]]
    .assert_eq(&listed);
}
