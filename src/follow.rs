//! Following an order to its end: a live list of tasks on a terminal, otherwise one line per order event.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use model::{OrderEvent, OrderId, OrderState, TaskId, Timestamp};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::failure::{Exit, Failure};
use crate::output;
use crate::remote::{Api, EventStream, Order, Received, read};
use crate::show::{Live, attempt_line, date, event_line, order_heading, order_state, progress};

/// How often the order is read though nothing has happened to it: a call that is tried again is no event.
const LOOK: Duration = Duration::from_secs(1);

/// How often the list is drawn anew: fast enough for a spinner to turn.
const REDRAW: Duration = Duration::from_millis(120);

/// An order that is being followed.
#[derive(Debug)]
pub(crate) struct Follower {
    api: Api,
    order: OrderId,
    events: EventStream,
    screen: Screen,
    last_state: Option<OrderState>,
}

/// Where and how it is shown.
#[derive(Debug)]
enum Screen {
    /// A list that is drawn over again and again.
    Live(Box<Drawing>),
    /// A line per order event, and one for each attempt of a call that did no good and is followed by another.
    Lines(Attempts),
    /// A JSON document per order event.
    Json,
}

/// The live list, and what is on it.
#[derive(Debug)]
struct Drawing {
    live: Live,
    ticks: Interval,
    frame: usize,
    /// None when something has happened since it was read.
    order: Option<Order>,
    read_at: Instant,
}

/// Attempts that did no good, as they become known.
#[derive(Debug)]
struct Attempts {
    looks: Interval,
    /// When the last one ended that was told, by task.
    told: BTreeMap<TaskId, Timestamp>,
    /// The day of the last line, at first today: lines only have the time of day.
    day: String,
}

impl Follower {
    /// Begins at the order's first event.
    pub(crate) async fn start(api: &Api, order: OrderId) -> Result<Self, Failure> {
        let screen = if api.prints_json() {
            Screen::Json
        } else if let Some(live) = Live::on_terminal() {
            let ticks = every(REDRAW);
            Screen::Live(Box::new(Drawing { live, ticks, frame: 0, order: None, read_at: Instant::now() }))
        } else {
            Screen::Lines(Attempts { looks: every(LOOK), told: BTreeMap::new(), day: date(now()) })
        };
        if matches!(screen, Screen::Lines(_)) {
            let document: Order = read(api.order(order).await?)?;
            output::print(order_heading(&document))?;
        }
        Ok(Self { api: api.clone(), order, events: api.events(order), screen, last_state: None })
    }

    /// Waits for the next event and shows it; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<OrderEvent>, Failure> {
        let received = match &mut self.screen {
            Screen::Live(drawing) => drawing.wait(&self.api, self.order, &mut self.events).await?,
            Screen::Lines(attempts) => attempts.wait(&self.api, self.order, &mut self.events).await?,
            Screen::Json => self.events.next().await?,
        };
        let Some(Received { document, event }) = received else { return Ok(None) };
        match &mut self.screen {
            Screen::Live(_) => {}
            Screen::Lines(lines) => lines.print(event.at, &event_line(&event))?,
            Screen::Json => output::print_json_line(&document)?,
        }
        self.last_state = event.fact.order_state().or(self.last_state);
        Ok(Some(event))
    }

    /// Follows the order to its end and gives the state it ended in.
    pub(crate) async fn finish(mut self) -> Result<OrderState, Failure> {
        while self.next().await?.is_some() {}
        self.end().await
    }

    /// Shows how an order that has ended did so.
    pub(crate) async fn end(mut self) -> Result<OrderState, Failure> {
        let order: Order = read(self.api.order(self.order).await?)?;
        match &mut self.screen {
            Screen::Live(drawing) => {
                let live = &mut drawing.live;
                let (_, columns) = live.size();
                // What stays is not drawn over: all of it may be shown.
                live.draw(progress(&order, 0, usize::MAX, columns)).map_err(cannot_draw)?;
            }
            Screen::Lines(_) => {
                let reason = order.why().map(|reason| format!(": {reason}")).unwrap_or_default();
                output::print(format_args!("{}{reason}", order_state(order.state)))?;
            }
            Screen::Json => {}
        }
        // Invariant: the read model is never behind the events, which come from the same tables.
        Ok(self.last_state.unwrap_or(order.state))
    }
}

/// Follows an order for a command whose exit code says how it ended.
pub(crate) async fn follow(api: &Api, order: OrderId) -> Result<(), Failure> {
    let ended = Follower::start(api, order).await?.finish().await?;
    if ended == OrderState::Completed { Ok(()) } else { Err(Failure::told(Exit::No)) }
}

impl Drawing {
    /// Waits for the next event and draws the order meanwhile. However many events come between two drawings, the order is
    /// read once.
    async fn wait(
        &mut self,
        api: &Api,
        id: OrderId,
        events: &mut EventStream,
    ) -> Result<Option<Received>, Failure> {
        loop {
            tokio::select! {
                received = events.next() => {
                    self.order = None;
                    return received;
                }
                _ = self.ticks.tick() => {}
            }
            if self.read_at.elapsed() >= LOOK {
                self.order = None;
            }
            let order = match &mut self.order {
                Some(order) => order,
                None => {
                    self.read_at = Instant::now();
                    self.order.insert(read(api.order(id).await?)?)
                }
            };
            if order.attention.is_some() {
                return Ok(None);
            }
            let (rows, columns) = self.live.size();
            self.live.draw(progress(order, self.frame, rows, columns)).map_err(cannot_draw)?;
            self.frame += 1;
        }
    }
}

impl Attempts {
    /// Prints a line about something that happened then, below its date if that is another than that of the line before.
    fn print(&mut self, at: Timestamp, line: &str) -> Result<(), Failure> {
        let day = date(at);
        if day != self.day {
            output::print(format_args!("── {day}"))?;
            self.day = day;
        }
        output::print(line)
    }

    /// Waits for the next event and meanwhile tells of attempts.
    async fn wait(
        &mut self,
        api: &Api,
        id: OrderId,
        events: &mut EventStream,
    ) -> Result<Option<Received>, Failure> {
        loop {
            tokio::select! {
                received = events.next() => return received,
                _ = self.looks.tick() => {}
            }
            let order: Order = read(api.order(id).await?)?;
            for task in &order.tasks {
                if let Some((at, line)) = attempt_line(task)
                    && self.told.insert(task.id.clone(), at) != Some(at)
                {
                    self.print(at, &line)?;
                }
            }
            if order.attention.is_some() {
                return Ok(None);
            }
        }
    }
}

/// Ticks that are left out when nobody waits for them.
fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

fn cannot_draw(error: io::Error) -> Failure {
    Failure::no(anyhow::Error::new(error).context("could not draw on the terminal"))
}
