//! Content addresses.

use model::Hash;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of some bytes.
#[expect(clippy::expect_used, reason = "64 lower-case hex digits are a hash")]
pub(crate) fn sha256(bytes: &[u8]) -> Hash {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Hash::new(&hex).expect("64 lower-case hex digits")
}
