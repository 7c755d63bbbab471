//! Amending a running order: what is asked of its workflow, and what the workflow asks of a worker.
//!
//! An amendment is a plan. The API makes it and sends it with the update. Whoever signals has none, so the workflow has a worker
//! make it, by the activity [`replan`](crate::names::REPLAN). Both carry the routes of calls that only the new plan makes, so that
//! the history alone says how they are made.

use engine::{Assessment, Rejected};
use model::{Actor, DeliveryId, Hash, OrderId, TaskChange, Value};
use plan::Plan;
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::RawValue;

use crate::payload::decode;
use crate::request::Fields;
use crate::{Malformed, Proposal, Routes};

/// Has an order be another one from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AmendRequest {
    /// Names the request; the same one again gets the same answer.
    pub id: DeliveryId,
    /// The plan of the order as it is to be.
    pub plan: Box<Plan>,
    /// How its calls are made.
    #[serde(default)]
    pub routes: Routes,
    /// Who asks.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// That of the preview that they have seen, if they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Hash>,
    /// What was written down of it, for those who make the order's rows in Postgres again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Box<Proposal>>,
    /// The tasks that speak against it because the orders that they run do. Then it is refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opposed: Vec<TaskChange>,
}

/// Asks what an amendment would do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AssessRequest {
    /// The plan of the order as it is to be.
    pub plan: Plan,
    /// Whether the order that this one is part of would hand it on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub handed_on: bool,
}

/// What an amendment would do, or why the order can't be amended at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum AssessAnswer {
    /// What it would do.
    Assessed {
        /// To each task.
        assessment: Box<Assessment>,
    },
    /// The order can't be amended in its state.
    Rejected {
        /// Why not.
        rejected: Rejected,
    },
}

impl From<Result<Assessment, Rejected>> for AssessAnswer {
    fn from(assessed: Result<Assessment, Rejected>) -> Self {
        match assessed {
            Ok(assessment) => Self::Assessed { assessment: Box::new(assessment) },
            Err(rejected) => Self::Rejected { rejected },
        }
    }
}

/// What an order is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// This: a whole order document.
    Order(Value),
    /// What it is, with this merge patch (RFC 7396) applied to its document.
    Patch(Value),
    /// What it is, carried out by this version of its blueprint.
    Version(u32),
}

/// Wants an order amended, and leaves the plan to be made. Sent as a signal, perhaps by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amend {
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// Who asks.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// What the order is to be: the member `order`, `patch` or `version`.
    #[serde(flatten)]
    pub wanted: Wanted,
    /// The token of the preview that they have seen, if they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Hash>,
}

/// Has a worker make the plan of an order as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replan {
    /// The order.
    pub order: OrderId,
    /// Which version of it is carried out now.
    pub version: u32,
    /// Who asks for what, and why.
    pub amend: Amend,
}

/// What came of making the plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Replanned {
    /// The plan, and how its calls are made.
    Planned {
        /// The plan.
        plan: Box<Plan>,
        /// How its calls are made.
        #[serde(default)]
        routes: Routes,
        /// What was written down of it, for those who make the order's rows in Postgres again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposal: Option<Box<Proposal>>,
        /// The order's own part of the preview that the token of the request is of, if it still holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<Hash>,
        /// The tasks that speak against it because the orders that they run do. Then it is refused.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        opposed: Vec<TaskChange>,
    },
    /// The version that it was asked for is not the order's latest any more: another amendment has come in between.
    Outdated {},
    /// There is no plan for what is wanted.
    Refused {
        /// Why not.
        reason: String,
    },
}

impl AmendRequest {
    /// Reads a request that the API has made.
    ///
    /// # Errors
    /// It is none.
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Result<Self, Malformed> {
        decode(raw).map_err(|wrong| Malformed::unreadable(unnamed, &wrong))
    }
}

impl Amend {
    /// Reads a request. It says what is wanted in exactly one of three fields: `order` is a whole order document, `patch` a merge
    /// patch of the one there is, `version` another version of the blueprint.
    ///
    /// # Errors
    /// It is not a record, one of its fields is of another kind, or there is none or more than one of the three.
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Result<Self, Malformed> {
        let fields = Fields::read(raw, unnamed, None)?;
        let by = Actor::new(fields.text("by")?.unwrap_or_default());
        let reason = fields.text("reason")?.unwrap_or_default().to_owned();
        let malformed = |reason: String| Malformed { id: fields.id.clone(), reason };
        let token = fields.text("token")?.map(str::parse);
        let token = token
            .transpose()
            .map_err(|_| malformed("`token`: expected the token of a preview".to_owned()))?;
        let said = |name: &str| fields.value.field(name).filter(|value| !value.is_null());
        let record = |name: &str, value: &Value| {
            if let Value::Record(_) = value {
                return Ok(value.clone());
            }
            Err(malformed(format!("`{name}`: expected a record, found {}", value.kind())))
        };
        let wanted = match (said("order"), said("patch"), said("version")) {
            (Some(order), None, None) => Wanted::Order(record("order", order)?),
            (None, Some(patch), None) => Wanted::Patch(record("patch", patch)?),
            (None, None, Some(version)) => {
                let number = version.as_int().and_then(|number| u32::try_from(number).ok());
                let wrong = || malformed("`version`: expected the number of a version".to_owned());
                Wanted::Version(number.ok_or_else(wrong)?)
            }
            _ => return Err(malformed("expected one of `order`, `patch` and `version`".to_owned())),
        };
        Ok(Self { id: fields.id, by, reason, wanted, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::encode;

    fn read(text: &str) -> Result<Amend, Malformed> {
        let sent: serde_json::Value = serde_json::from_str(text).unwrap();
        Amend::read(&encode(&sent), DeliveryId::new("unnamed-1").unwrap())
    }

    #[test]
    fn what_is_sent_is_read_as_it_was_written() {
        let speed = || Value::record([("speed", Value::from(500))]);
        for wanted in [Wanted::Order(speed()), Wanted::Patch(speed()), Wanted::Version(4)] {
            let amend = Amend {
                id: DeliveryId::new("a-1").unwrap(),
                by: Actor::new("ann"),
                reason: "more speed".to_owned(),
                wanted,
                token: Some("a".repeat(64).parse().unwrap()),
            };
            assert_eq!(Amend::read(&encode(&amend), DeliveryId::new("u").unwrap()).unwrap(), amend);
            let order = "0192f0c1-2d3e-7000-8000-000000000001".parse().unwrap();
            let replan = Replan { order, version: 2, amend };
            assert_eq!(decode::<Replan>(&encode(&replan)).unwrap(), replan);
        }
    }

    #[test]
    fn a_signal_by_hand_needs_no_more_than_what_is_wanted() {
        let amend = read(r#"{"patch": {"notes": ["ring twice"]}}"#).unwrap();
        assert_eq!(
            (amend.id.as_str(), amend.by.as_str(), amend.reason.as_str()),
            ("unnamed-1", "unknown", "")
        );
        assert_eq!(amend.token, None);
    }

    #[test]
    fn what_can_not_be_understood_is_named_and_never_guessed() {
        for (sent, expected) in [
            (r#"["patch"]"#, "expected a record, found a list"),
            ("{}", "expected one of `order`, `patch` and `version`"),
            (r#"{"patch": {}, "order": {}}"#, "expected one of `order`, `patch` and `version`"),
            (r#"{"patch": 7}"#, "`patch`: expected a record, found a number"),
            (r#"{"order": "x"}"#, "`order`: expected a record, found a text"),
            (r#"{"version": -1}"#, "`version`: expected the number of a version"),
            (r#"{"version": "4"}"#, "`version`: expected the number of a version"),
            (r#"{"patch": {}, "token": "soon"}"#, "`token`: expected the token of a preview"),
            (r#"{"patch": {}, "by": 7}"#, "`by`: expected a text, found a number"),
        ] {
            assert_eq!(read(sent).unwrap_err().reason, expected, "{sent}");
        }
        assert_eq!(read(r#"{"id": "a-9"}"#).unwrap_err().id.as_str(), "a-9");
    }
}
