//! Every name that crosses the wire. Histories hold them for years, so none is ever changed.

/// The workflow type.
pub const WORKFLOW: &str = "order";

/// The task queue that orders and their calls run on where a deployment names no other.
pub const TASK_QUEUE: &str = "orderwright";

/// The activity type of a call to a system.
pub const CALL: &str = "call";

/// The activity type of a look at a call that is to be settled.
pub const INQUIRE: &str = "inquire";

/// The activity that asks how a child order came to its end that is to be begun, and was begun before.
pub const OUTCOME: &str = "outcome";

/// The signal and the update that ask for a cancel.
pub const CANCEL: &str = "cancel";

/// The signal and the update that hand over an external event.
pub const DELIVER: &str = "deliver";

/// The update that tries a held task again.
pub const RETRY: &str = "retry";

/// The update that gives up on a held task and rolls back its item alone, or the order.
pub const ROLLBACK: &str = "rollback";

/// The update by which a person says what came of a task: one that is theirs to do, or that is held.
pub const COMPLETE: &str = "complete";

/// The update by which a person has an order go on without a held task.
pub const SKIP: &str = "skip";

/// The update by which a person says that what a task left was taken back by hand.
pub const UNDONE: &str = "undone";

/// The update by which a person accepts that what a task left stays.
pub const ACCEPT: &str = "accept";

/// The signal by which a parent has a child order undo itself.
pub const RECALL: &str = "recall";

/// The signal by which a parent that has been amended hands that on to a child order.
pub const HAND_ON: &str = "hand_on";

/// The signal by which a parent lets a child order pass points of no return.
pub const PASS: &str = "pass";

/// The signal by which a parent lets a child order end.
pub const RELEASE: &str = "release";

/// The signal by which a child order tells its parent what it has come to.
pub const REPORT: &str = "report";

/// The signal by which an order asks another whether it is still there, before it goes on in another workflow run.
pub const HAIL: &str = "hail";

/// The signal that tells an order that one which it comes after has ended.
pub const ORDER_ENDED: &str = "order_ended";

/// The update by which a person has nothing more of an order begun.
pub const PAUSE: &str = "pause";

/// The update by which a person lets a paused order go on.
pub const RESUME: &str = "resume";

/// The update that amends an order with a plan of what it is to be, and the signal that has such a plan made first.
pub const AMEND: &str = "amend";

/// The activity type of making the plan of an order that a signal wants amended.
pub const REPLAN: &str = "replan";

/// The query for what an amendment would do.
pub const ASSESS: &str = "assess";

/// The query for the order as it stands.
pub const STATE: &str = "state";

/// The query for the plan.
pub const PLAN: &str = "plan";

/// The query for order events from a number on.
pub const DELTAS: &str = "deltas";
