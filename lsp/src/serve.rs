//! The loop: a message in, messages out.

use std::io::{self, BufRead, Write};

use crate::disk::Disk;
use crate::frame::{self, Frame};
use crate::message::{Fault, Incoming, Outgoing};
use crate::server::Server;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The editor shut it down, and then said that it should exit.
    Orderly,
    /// The editor left without shutting it down.
    Abrupt,
}

/// Serves an editor until it leaves.
///
/// # Errors
/// A stream fails, or what comes in is not the protocol.
pub fn serve(mut input: impl BufRead, mut output: impl Write, disk: Box<dyn Disk>) -> io::Result<End> {
    let mut server = Server::new(disk);
    loop {
        let messages = match frame::read(&mut input)? {
            Frame::End => return Ok(End::Abrupt),
            Frame::NotJson(wrong) => vec![Outgoing::refusal(None, Fault::NotJson, &wrong)],
            Frame::Message(message) => match Incoming::read(message) {
                Some(incoming) => server.handle(incoming),
                None => {
                    vec![Outgoing::refusal(None, Fault::InvalidRequest, "this is no message of the protocol")]
                }
            },
        };
        for message in messages {
            frame::write(&mut output, message.as_json())?;
        }
        if let Some(end) = server.end() {
            return Ok(end);
        }
    }
}
