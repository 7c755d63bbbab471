//! An order's events as they happen, through lost connections.

use std::time::Duration;

use model::{OrderEvent, OrderId};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::api::{Api, read};
use crate::failure::{Exit, Failure};

/// How long to wait before the first try to connect again, doubled with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest wait between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long the API may be away before a reader gives up: a restart takes less.
const PATIENCE: Duration = Duration::from_secs(120);

/// Largest event, in bytes: the largest result, written as JSON, with room.
const EVENT_BYTES: usize = 2 * model::limits::RESULT_BYTES + 65_536;

/// The events of one order, each once and in order, until its last.
#[derive(Debug)]
pub(crate) struct EventStream {
    api: Api,
    order: OrderId,
    connection: Option<Response>,
    lines: Lines,
    seen: Option<u64>,
    ended: bool,
}

/// One event, as the API wrote it and as we understand it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// As it came.
    pub(crate) document: Value,
    /// As it is understood.
    pub(crate) event: OrderEvent,
}

impl EventStream {
    pub(super) fn new(api: Api, order: OrderId) -> Self {
        Self { api, order, connection: None, lines: Lines::default(), seen: None, ended: false }
    }

    /// Waits for the next event; none after the order's last. May be dropped while it waits, and nothing is lost.
    ///
    /// Gives up when the API has been away for two minutes.
    pub(crate) async fn next(&mut self) -> Result<Option<Received>, Failure> {
        let mut away: Option<(Instant, Duration)> = None;
        loop {
            if let Some(received) = self.take()? {
                return Ok(Some(received));
            }
            if self.ended {
                return Ok(None);
            }
            let Err(failure) = self.read_on().await else {
                away = None;
                continue;
            };
            let (since, pause) = away.unwrap_or((Instant::now(), FIRST_PAUSE));
            if failure.exit != Exit::Unavailable || since.elapsed() > PATIENCE {
                return Err(failure);
            }
            sleep(pause).await;
            away = Some((since, pause.saturating_mul(2).min(LONGEST_PAUSE)));
        }
    }

    /// The next event of what has been received, if it is complete.
    fn take(&mut self) -> Result<Option<Received>, Failure> {
        while let Some(data) = self.lines.next_data() {
            let document: Value = serde_json::from_str(&data).map_err(|_| {
                Failure::unavailable(anyhow::anyhow!("the API's stream of events is not one"))
            })?;
            let event: OrderEvent = read(document.clone())?;
            // Invariant: numbers have no gaps, so what is not the next one has been seen.
            if self.seen.is_some_and(|seen| event.number <= seen) {
                continue;
            }
            self.seen = Some(event.number);
            self.ended = event.fact.order_state().is_some_and(model::OrderState::is_final);
            return Ok(Some(Received { document, event }));
        }
        Ok(None)
    }

    /// Receives more, connecting first where needed.
    async fn read_on(&mut self) -> Result<(), Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                self.lines = Lines::default();
                let response = self.api.open_stream(self.order, self.seen).await?;
                if response.status() == StatusCode::NO_CONTENT {
                    self.ended = true;
                    return Ok(());
                }
                self.connection.insert(response)
            }
        };
        match connection.chunk().await {
            Ok(Some(bytes)) => self.lines.push(&bytes),
            // The API ends its streams when it stops: the next connection goes on after the last event.
            Ok(None) => {
                self.connection = None;
                Err(Failure::unavailable(anyhow::anyhow!("the API ended the stream of events")))
            }
            Err(error) => {
                self.connection = None;
                Err(Failure::unavailable(error))
            }
        }
    }
}

/// Received text, cut into lines (server-sent events; we only need the lines that begin with `data:`).
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > EVENT_BYTES && !self.bytes.contains(&b'\n') {
            return Err(Failure::no(anyhow::anyhow!("an event has more than {EVENT_BYTES} bytes")));
        }
        Ok(())
    }

    /// The data of the next event: our API writes it on one line.
    fn next_data(&mut self) -> Option<String> {
        loop {
            let end = self.bytes.iter().position(|byte| *byte == b'\n')?;
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(data) = line.trim_end().strip_prefix("data:") {
                return Some(data.trim_start().to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_found_however_the_text_is_cut() {
        let text = "retry: 2000\n\n: alive\n\nid: 0\nevent: OrderAccepted\ndata: {\"é\":1}\n\ndata:{}\n";
        for size in 1..text.len() {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for chunk in text.as_bytes().chunks(size) {
                lines.push(chunk).unwrap();
                found.extend(std::iter::from_fn(|| lines.next_data()));
            }
            assert_eq!(found, ["{\"é\":1}", "{}"]);
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; EVENT_BYTES]).unwrap();
        assert!(lines.push(b"x").is_err());
    }
}
