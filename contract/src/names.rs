//! Every name that crosses the wire. Histories hold them for years, so none is ever changed.

/// The workflow type.
pub const WORKFLOW: &str = "order";

/// The task queue that orders and their calls run on where a deployment names no other.
pub const TASK_QUEUE: &str = "orderwright";

/// The activity type of a call to a system.
pub const CALL: &str = "call";

/// The activity type of a look at a call that is to be settled.
pub const INQUIRE: &str = "inquire";

/// The signal and the update that ask for a cancel.
pub const CANCEL: &str = "cancel";

/// The signal and the update that hand over an external event.
pub const DELIVER: &str = "deliver";

/// The update that tries a held task again.
pub const RETRY: &str = "retry";

/// The update that gives up on a held task and rolls the order back.
pub const ROLLBACK: &str = "rollback";

/// The update by which a person says what came of a task that is theirs to do.
pub const COMPLETE: &str = "complete";

/// The signal by which a parent has a child order undo itself.
pub const RECALL: &str = "recall";

/// The signal by which a parent lets a child order pass points of no return.
pub const PASS: &str = "pass";

/// The signal by which a parent lets a child order end.
pub const RELEASE: &str = "release";

/// The signal by which a child order tells its parent what it has come to.
pub const REPORT: &str = "report";

/// The query for the order as it stands.
pub const STATE: &str = "state";

/// The query for the plan.
pub const PLAN: &str = "plan";

/// The query for order events from a number on.
pub const DELTAS: &str = "deltas";
