//! Reading the order events of an order from its workflow, page by page.
//!
//! Each workflow run has the order events that it told, and names the run before it. A worker replays a run that has ended for
//! every question, so none is asked twice for the same: what the runs say on the way back is kept for the way forward.

use model::{OrderEvent, OrderId};

use super::connection::OrderClient;
use super::error::ClientError;
use crate::{Deltas, DeltasRequest, names};

/// The order events of one order from some number on, in the order of their numbers. See [`OrderClient::events_from`].
#[derive(Debug)]
pub struct Reading<'a> {
    client: &'a OrderClient,
    order: OrderId,
    /// The number of the event that comes next.
    from: u64,
    is_begun: bool,
    /// What runs have said that have events from there on, the latest run first: one page of each at most.
    ahead: Vec<Said>,
}

/// What a workflow run has said.
#[derive(Debug)]
struct Said {
    /// The run; none stands for the latest, whichever that is.
    run: Option<String>,
    page: Deltas,
}

impl OrderClient {
    /// Reads the order events of an order from the number `from` on, whichever of its workflow runs has them. Event 0 is not
    /// the workflow's.
    #[must_use]
    pub const fn events_from(&self, order: OrderId, from: u64) -> Reading<'_> {
        Reading { client: self, order, from, is_begun: false, ahead: Vec::new() }
    }

    /// The first page of them, and the number of the event that the order will write next.
    ///
    /// # Errors
    /// As [`Reading::next_page`].
    pub async fn deltas(&self, order: OrderId, from: u64) -> Result<Deltas, ClientError> {
        let mut reading = self.events_from(order, from);
        reading.ask(None).await?;
        let next = reading.ahead.first().map_or(from, |latest| latest.page.next);
        let first = reading.ahead.pop();
        Ok(Deltas { events: first.map(|first| first.page.events).unwrap_or_default(), next, before: None })
    }
}

impl Reading<'_> {
    /// The events that come next, up to a megabyte of them; none if there were no more when that was asked.
    ///
    /// # Errors
    /// No worker answers within 10 s, Temporal is away, has no such order, or has forgotten a run that has events. The
    /// reading ends with that.
    pub async fn next_page(&mut self) -> Result<Option<Vec<OrderEvent>>, ClientError> {
        if !self.is_begun {
            self.ask(None).await?;
            self.is_begun = true;
        }
        while let Some(Said { run, page: Deltas { mut events, next, before: _ } }) = self.ahead.pop() {
            events.retain(|event| event.number >= self.from);
            match events.last() {
                Some(last) => {
                    self.from = last.number.saturating_add(1);
                    let rest = Deltas { events: Vec::new(), next, before: None };
                    self.ahead.push(Said { run, page: rest });
                    return Ok(Some(events));
                }
                None if self.from < next => self.ask(run).await?,
                None => {}
            }
        }
        Ok(None)
    }

    /// Asks a run, and those before it back to the one that has the event that comes next.
    async fn ask(&mut self, run: Option<String>) -> Result<(), ClientError> {
        let mut said = Vec::new();
        let mut to_ask = Some(run);
        // Each run is asked only because the one after it says that it was before: they come to an end.
        while let Some(run) = to_ask {
            let page = self.page(run.as_deref()).await?;
            to_ask = page.run_with(self.from).map(|before| Some(before.to_owned()));
            said.push(Said { run, page });
        }
        self.ahead.append(&mut said);
        Ok(())
    }

    async fn page(&self, run: Option<&str>) -> Result<Deltas, ClientError> {
        let handle = match run {
            Some(run) => self.client.run(self.order, run).await?,
            None => self.client.handle(self.order).await?,
        };
        self.client.ask(handle, names::DELTAS, &DeltasRequest { from: self.from }).await
    }
}
