//! What has become of each item.

use std::collections::BTreeMap;

use model::{ItemId, ItemState, Standing, TaskState};

use crate::isolate::Isolation;
use crate::run::{Ending, Phase};
use crate::{ItemRunView, Run};

impl Run {
    /// The items as readers see them. An item that nothing is done for goes with its order.
    pub(crate) fn items_view(&self) -> Vec<ItemRunView> {
        let mut tasks: BTreeMap<ItemId, Vec<TaskState>> = BTreeMap::new();
        for task in self.layout.indices() {
            if let Some(item) = self.layout.item(task) {
                tasks.entry(item.clone()).or_default().push(self.task(task).state);
            }
        }
        let paused = self.state.paused.is_some();
        let cancelled = matches!(self.state.phase, Phase::Backward { ending: Ending::Cancelled, .. });
        let items = self.plan().items().iter().map(|item| {
            let tasks = tasks.get(&item.id).map_or(&[][..], Vec::as_slice);
            let isolation = self.state.isolated.get(&item.id);
            let standing = match isolation.map_or(Standing::Wanted, Isolation::standing) {
                Standing::Wanted | Standing::Failing if cancelled => Standing::Cancelling,
                standing @ (Standing::Wanted
                | Standing::Failing
                | Standing::Failed
                | Standing::Cancelling
                | Standing::Cancelled) => standing,
            };
            ItemRunView {
                id: item.id.clone(),
                state: ItemState::of(self.state.order, paused, standing, tasks.iter().copied()),
                customer_status: self.state.item_statuses.get(&item.id).cloned(),
                reason: isolation.map(|isolation| isolation.reason.clone()),
            }
        });
        items.collect()
    }
}
