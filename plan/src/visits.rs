//! Which tasks are looked at, so that tests can tell that an event costs no more than the tasks that it touches.
//!
//! Only programs with debug assertions note anything; of the others nothing of this is left.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::TaskIndex;

thread_local! {
    static LOOKED_AT: RefCell<Option<BTreeSet<TaskIndex>>> = const { RefCell::new(None) };
}

/// Notes that a task is looked at. Whatever hands out what is known of one task says so here.
#[inline]
pub fn visit(task: TaskIndex) {
    if cfg!(debug_assertions) {
        LOOKED_AT.with_borrow_mut(|looked_at| looked_at.as_mut().map(|tasks| tasks.insert(task)));
    }
}

/// Does some work, and says which tasks are looked at for it; `None` without debug assertions.
pub fn visited<T>(work: impl FnOnce() -> T) -> (T, Option<BTreeSet<TaskIndex>>) {
    let before = LOOKED_AT.replace(cfg!(debug_assertions).then(BTreeSet::new));
    let done = work();
    (done, LOOKED_AT.replace(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_noted_while_somebody_asks() {
        visit(TaskIndex(1));
        let ((), inner) = visited(|| visit(TaskIndex(2)));
        assert_eq!(inner, Some(BTreeSet::from([TaskIndex(2)])));
        let ((), nothing) = visited(|| ());
        assert_eq!(nothing, Some(BTreeSet::new()));
    }
}
