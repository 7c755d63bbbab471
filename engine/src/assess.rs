//! What an amendment would do, as it is told before it is done.

use model::{BlueprintRef, Difference, Hash, TaskChange, Verdict};
use plan::Plan;
use serde::{Deserialize, Serialize};

use crate::hand_on::ChildAmendment;
use crate::{Rejected, Run};

/// What an amendment would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Stands for everything below and for the plan that it was made with. An amendment that is sent with it is refused if
    /// it would do anything else by now.
    pub token: Hash,
    /// Which version of the order it would be, from 2.
    pub version: u32,
    /// The blueprint that its plan is made by.
    pub blueprint: BlueprintRef,
    /// What is different in the order, and in the time that its blueprint allows it.
    pub differences: Vec<Difference>,
    /// What is done to each task: those of the new plan in its order, then those that are gone.
    pub tasks: Vec<TaskChange>,
    /// The orders that it is handed on to, as far as it is known what with: the first 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ChildAmendment>,
}

impl Assessment {
    /// The tasks that speak against it: none if it can be done.
    pub fn refused(&self) -> impl Iterator<Item = &TaskChange> {
        self.tasks.iter().filter(|change| change.verdict == Verdict::Refused)
    }
}

impl Run {
    /// What an amendment with this plan would do. The run is as before.
    ///
    /// # Errors
    /// The order can't be amended in the state it is in, whatever the amendment is.
    pub fn assess(&self, plan: Plan) -> Result<Assessment, Rejected> {
        self.may_be_amended()?;
        self.assess_handed_on(plan)
    }

    /// What an amendment with this plan would do that the order which this one is part of hands on. The run is as before.
    ///
    /// # Errors
    /// As [`Run::assess`].
    pub fn assess_handed_on(&self, plan: Plan) -> Result<Assessment, Rejected> {
        self.chart(plan).map(|chart| chart.assessment)
    }

    /// Whether the order can be amended in the state it is in, whatever the amendment is.
    ///
    /// # Errors
    /// Why it can't. One that is part of another order is amended with that.
    pub fn may_be_amended(&self) -> Result<(), Rejected> {
        if self.is_child() && self.over().is_none() {
            return Err(Rejected::ChildAmended);
        }
        self.takes_amendments()
    }

    /// Whether there is something left of it that can be another way, and it has not been too often.
    pub(crate) fn takes_amendments(&self) -> Result<(), Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        if self.goes_back() {
            return Err(Rejected::BeingUndone);
        }
        let limit = model::limits::AMENDMENTS;
        if self.layout.latest() >= limit { Err(Rejected::TooManyAmendments { limit }) } else { Ok(()) }
    }
}
