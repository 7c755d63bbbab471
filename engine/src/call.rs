//! Calls of systems on their way out: what they carry, under which key, and with which patience.

use model::{Direction, Duration, IdempotencyKey, Value};
use plan::{Call, CallBody, Retry, TaskIndex};

use crate::{CallEffect, CallId, Effect, Run};

/// How long a call goes on.
struct Patience {
    timeout: Duration,
    within: Option<Duration>,
    retry: Retry,
}

impl Run {
    /// Makes the call that does what a task is for, or takes it back.
    pub(crate) fn send(
        &mut self,
        task: TaskIndex,
        direction: Direction,
        call: &Call,
        arguments: Value,
        body: &CallBody,
    ) {
        let (retry, within) = match direction {
            Direction::Forward => (body.retry, body.within),
            // An undo should not give up sooner than anything else would.
            Direction::Undo if body.retry.attempts < Retry::DEFAULT.attempts => (Retry::DEFAULT, None),
            Direction::Undo => (body.retry, None),
        };
        let alternative = self.task(task).alternative;
        // A fallback is another effect, so it has a key of its own.
        let purpose = match direction {
            Direction::Forward if alternative > 0 => format!("forward-{alternative}"),
            Direction::Forward | Direction::Undo => direction.as_str().to_owned(),
        };
        let patience = Patience { timeout: body.timeout, within, retry };
        self.dispatch(task, direction, call, arguments, &purpose, patience);
    }

    /// Makes the call that changes what a task did.
    pub(crate) fn send_change(&mut self, task: TaskIndex, call: &Call, arguments: Value, body: &CallBody) {
        let patience = Patience { timeout: body.timeout, within: body.within, retry: body.retry };
        self.dispatch(task, Direction::Forward, call, arguments, "amend", patience);
    }

    /// Asks a system something that a task needs to know, for `purpose`: `verify`, `poll`. A system may answer the same key
    /// the same way, so every question has its own.
    pub(crate) fn query(
        &mut self,
        task: TaskIndex,
        query: &Call,
        arguments: Value,
        purpose: &str,
        (timeout, retry): (Duration, Retry),
    ) {
        let run = self.task_mut(task);
        run.queries += 1;
        let purpose = format!("{purpose}-{}", run.queries);
        let patience = Patience { timeout, within: None, retry };
        self.dispatch(task, Direction::Forward, query, arguments, &purpose, patience);
    }

    fn dispatch(
        &mut self,
        task: TaskIndex,
        direction: Direction,
        call: &Call,
        arguments: Value,
        purpose: &str,
        Patience { timeout, within, retry }: Patience,
    ) {
        self.state.last_call += 1;
        let id = CallId(self.state.last_call);
        self.state.calls.insert(id, (task, direction));
        let run = self.task_mut(task);
        run.call = Some(id);
        let generation = run.generation;
        let effect = CallEffect {
            id,
            task: self.id(task),
            generation,
            direction,
            system: call.system.clone(),
            operation: call.operation.clone(),
            arguments,
            key: self.key(task, purpose),
            timeout,
            within,
            retry,
        };
        self.state.effects.push_back(Effect::Call(Box::new(effect)));
    }

    /// Order, task, generation and purpose; never the attempt.
    #[expect(
        clippy::expect_used,
        reason = "ids are printable ASCII and short; checked at the limits in a test"
    )]
    fn key(&self, task: TaskIndex, purpose: &str) -> IdempotencyKey {
        let generation = self.task(task).generation;
        let key = format!("{}/{}/{generation}/{purpose}", self.state.id, self.id(task));
        IdempotencyKey::new(&key).expect("a key of ids is a key")
    }
}
