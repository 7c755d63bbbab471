//! Tasks that ask nobody anything: they let time pass, or compute a value.

use std::collections::BTreeMap;

use model::{Timestamp, Value, limits};
use plan::{EvalError, Formula, Sleep, TaskIndex};

use crate::Run;

impl Run {
    /// Lets time pass; none, if the time to sleep until has come.
    pub(crate) fn sleep(&mut self, task: TaskIndex, sleep: &Sleep) {
        let until = match sleep {
            Sleep::For(length) => Ok(self.state.now.plus(*length)),
            Sleep::Until(time) => self.evaluate(task, time).and_then(|value| {
                let read = value.as_text().and_then(|text| text.parse::<Timestamp>().ok());
                read.ok_or_else(|| EvalError {
                    text: time.text.clone(),
                    line: time.line,
                    problem: format!("expected a time, found {}", value.kind()),
                })
            }),
        };
        let until = match until {
            Ok(until) => until,
            Err(wrong) => return self.hold_for_fault(task, &wrong),
        };
        match sleep {
            Sleep::For(length) => self.note_read(task, format!("sleep {length}"), &Value::Null),
            Sleep::Until(time) => {
                let until = self.evaluate(task, time).unwrap_or(Value::Null);
                self.note_read(task, "sleep".to_owned(), &Value::record([("until", until)]));
            }
        }
        let waiting_for = self.waits_for(task);
        let left = until.since(self.state.now);
        if left == model::Duration::ZERO {
            self.started(task, None, None, Value::Null);
            return self.check(task, Value::Record(BTreeMap::new()));
        }
        let timer = self.start_timer(task, left, format!("{} sleeps until {until}", self.id(task)));
        let run = self.task_mut(task);
        run.timer = Some(timer);
        run.until = Some(until);
        self.started(task, waiting_for, None, Value::Null);
        self.foresee_waking(task, until);
    }

    /// Computes a value.
    pub(crate) fn compute(&mut self, task: TaskIndex, value: &Formula) {
        let found = self.evaluate(task, value).and_then(|found| {
            let size = found.to_string().len();
            if size <= limits::RESULT_BYTES {
                return Ok(found);
            }
            let problem =
                format!("its value has {size} bytes, and at most {} are kept", limits::RESULT_BYTES);
            Err(EvalError { text: value.text.clone(), line: value.line, problem })
        });
        match found {
            Ok(found) => {
                let value = Value::record([("value", found.clone())]);
                self.note_read(task, "let".to_owned(), &value);
                self.started(task, None, None, Value::Null);
                self.check(task, found);
            }
            Err(wrong) => self.hold_for_fault(task, &wrong),
        }
    }
}
