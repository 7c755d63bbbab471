//! Messages on a stream: a header that says how long they are, then JSON.

use std::io::{self, BufRead, Write};

use serde_json::Value;

/// Largest message that is read, in bytes. The largest file has one million, and a change of it may carry it escaped.
pub const MESSAGE_BYTES: usize = 64_000_000;

/// Longest line of a header, and most lines: there are two of thirty characters or so.
const HEADER_BYTES: u64 = 4_096;
const HEADERS: usize = 32;

/// What was read.
#[derive(Debug)]
pub(crate) enum Frame {
    /// A message, whatever is in it.
    Message(Value),
    /// Something that is no JSON; what follows it can be read.
    NotJson(String),
    /// The stream is over.
    End,
}

/// Reads the next message.
///
/// # Errors
/// The stream fails, or where the next message begins can't be known any more.
pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Frame> {
    let Some(length) = length(input)? else { return Ok(Frame::End) };
    if length > MESSAGE_BYTES {
        let title = format!("a message of {length} bytes, and at most {MESSAGE_BYTES} are read");
        return Err(io::Error::new(io::ErrorKind::InvalidData, title));
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(match serde_json::from_slice(&body) {
        Ok(message) => Frame::Message(message),
        Err(wrong) => Frame::NotJson(wrong.to_string()),
    })
}

/// How long the message is, from its header; none at the end of the stream.
fn length(input: &mut impl BufRead) -> io::Result<Option<usize>> {
    let broken = |title: &str| io::Error::new(io::ErrorKind::InvalidData, title.to_owned());
    let mut length = None;
    for n in 0..=HEADERS {
        let mut line = String::new();
        let read = io::Read::take(&mut *input, HEADER_BYTES).read_line(&mut line)?;
        if read == 0 {
            return if n == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if !line.ends_with('\n') {
            return Err(broken("a line of a header has no end"));
        }
        let line = line.trim_end();
        if line.is_empty() {
            return length.map(Some).ok_or_else(|| broken("a header does not say how long the message is"));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse().map_err(|_| broken("the length of a message is no number"))?);
        }
    }
    Err(broken("a header has too many lines"))
}

/// Writes a message.
///
/// # Errors
/// The stream fails.
pub(crate) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was_written() {
        let mut stream = Vec::new();
        let message = serde_json::json!({ "method": "é😀", "id": 12_345_678_901_u64 });
        write(&mut stream, &message).unwrap();
        let Frame::Message(read) = read(&mut stream.as_slice()).unwrap() else { panic!("no message") };
        assert_eq!(read, message);
    }

    #[test]
    fn what_is_no_json_is_skipped_and_what_has_no_length_ends_it() {
        let mut stream: &[u8] = b"content-length: 3\r\nX: y\r\n\r\n{,}Content-Length: 4\r\n\r\nnull";
        assert!(matches!(read(&mut stream).unwrap(), Frame::NotJson(_)));
        assert!(matches!(read(&mut stream).unwrap(), Frame::Message(Value::Null)));
        assert!(matches!(read(&mut stream).unwrap(), Frame::End));
        for broken in [
            "Content-Length: x\r\n\r\n",
            "Content-Type: x\r\n\r\n",
            "Content-Length: 99999999999\r\n\r\n",
            "Content-Length: 5\r\n\r\n{}",
            "Content-Length: 5",
            &"a".repeat(10_000),
            &"a: b\r\n".repeat(100),
        ] {
            assert!(read(&mut broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
