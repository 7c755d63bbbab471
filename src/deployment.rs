//! What a deployment says about the calls of blueprints, in the words of those who check blueprints.

use dsl::Gap;
use model::{OperationName, SystemName};
use systems::Directory;

/// What keeps a deployment from making a call; nothing if it can.
pub(crate) fn gap(deployment: &Directory, system: &SystemName, operation: &OperationName) -> Option<Gap> {
    let gap = deployment.gap(system, operation)?;
    Some(Gap { what: gap.to_string(), help: gap.remedy() })
}
