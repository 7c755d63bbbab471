//! Between our types and Temporal's payloads.
//!
//! Payloads are decoded here, inside handlers, and never by the SDK: a payload that the SDK can't decode fails the
//! workflow task for ever, while one that we can't decode is an answer like any other.
//!
//! What is small is plain JSON, which people read in the Web UI. What is large is compressed: the plan of an order of thousands
//! of tasks says much the same of each.

use std::borrow::Cow;
use std::io::Read as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;

const ENCODING: &str = "encoding";
const JSON: &[u8] = b"json/plain";
const DEFLATED: &[u8] = b"json/deflate";
const NULL: &[u8] = b"binary/null";

/// JSON of more bytes is compressed. Temporal warns of payloads from half a megabyte on, and nobody reads that much.
const PLAIN_BYTES: usize = 400_000;

/// Most bytes of JSON that a compressed payload may hold: several times what the largest order comes to, and little enough
/// for every process that reads it.
const JSON_BYTES: u64 = 64_000_000;

/// Most bytes of a payload that are sent to Temporal, which takes 2 MB.
pub const PAYLOAD_BYTES: usize = 1_900_000;

/// A payload that does not say what it should.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Not one argument.
    #[error("expected one argument, found {found}")]
    Count {
        /// How many.
        found: usize,
    },
    /// Not JSON.
    #[error("expected the encoding `json/plain`, found `{found}`")]
    Encoding {
        /// What it says it is.
        found: String,
    },
    /// Compressed, and not as we do it.
    #[error("the payload can't be decompressed")]
    Compression {
        /// What is wrong with it.
        #[source]
        cause: std::io::Error,
    },
    /// More than any of ours would be.
    #[error("the payload holds more than {limit} bytes")]
    Size {
        /// The most that is read.
        limit: u64,
    },
    /// JSON of another shape.
    #[error("the JSON is not of the expected shape")]
    Shape {
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
}

/// Encodes a value as one argument.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> RawValue {
    // Serialising our own data to memory fails for no input: every map key is a string.
    let json = serde_json::to_vec(value).unwrap_or_default();
    let (encoding, data) = if json.len() > PLAIN_BYTES { (DEFLATED, deflated(&json)) } else { (JSON, json) };
    let metadata = [(ENCODING.to_owned(), encoding.to_vec())].into();
    RawValue::new(vec![Payload { metadata, data, ..Payload::default() }])
}

/// How many bytes an encoded value has.
#[must_use]
pub fn size(raw: &RawValue) -> usize {
    raw.payloads.iter().map(|payload| payload.data.len()).sum()
}

fn deflated(json: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    // Reading from memory fails for no input.
    let _ = flate2::read::ZlibEncoder::new(json, flate2::Compression::fast()).read_to_end(&mut compressed);
    compressed
}

fn inflated(data: &[u8]) -> Result<Vec<u8>, PayloadError> {
    let mut json = Vec::new();
    let mut reader = flate2::read::ZlibDecoder::new(data).take(JSON_BYTES + 1);
    reader.read_to_end(&mut json).map_err(|cause| PayloadError::Compression { cause })?;
    if json.len() as u64 > JSON_BYTES { Err(PayloadError::Size { limit: JSON_BYTES }) } else { Ok(json) }
}

/// Reads the one argument there should be.
///
/// # Errors
/// There is none or there are several, it is not JSON, or it is of another shape.
pub fn decode<T: DeserializeOwned>(raw: &RawValue) -> Result<T, PayloadError> {
    let [payload] = raw.payloads.as_slice() else {
        return Err(PayloadError::Count { found: raw.payloads.len() });
    };
    let encoding = payload.metadata.get(ENCODING).map_or(&[][..], Vec::as_slice);
    let data = match encoding {
        JSON => Cow::Borrowed(payload.data.as_slice()),
        DEFLATED => Cow::Owned(inflated(&payload.data)?),
        NULL => Cow::Borrowed(&b"null"[..]),
        other => {
            return Err(PayloadError::Encoding {
                found: String::from_utf8_lossy(other).chars().take(80).collect(),
            });
        }
    };
    serde_json::from_slice(&data).map_err(|cause| PayloadError::Shape { cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_with_every_digit() {
        let value: model::Value = serde_json::from_str(r#"{"price": 12345678901234567.89}"#).unwrap();
        assert_eq!(decode::<model::Value>(&encode(&value)).unwrap(), value);
    }

    #[test]
    fn what_is_large_is_compressed_and_read_again() {
        let small = "x".repeat(PLAIN_BYTES - 2);
        assert_eq!(size(&encode(&small)), PLAIN_BYTES);
        let large = "x".repeat(PLAIN_BYTES - 1);
        let encoded = encode(&large);
        assert!(size(&encoded) < PLAIN_BYTES / 50, "{}", size(&encoded));
        assert_eq!(decode::<String>(&encoded).unwrap(), large);
    }

    #[test]
    fn a_compressed_payload_that_is_broken_or_endless_is_refused() {
        let mut broken = encode(&"x".repeat(PLAIN_BYTES));
        broken.payloads[0].data.truncate(20);
        assert!(matches!(decode::<String>(&broken), Err(PayloadError::Compression { .. })));
        let mut endless = broken;
        endless.payloads[0].data = deflated(&vec![b' '; JSON_BYTES as usize + 1]);
        assert!(matches!(decode::<String>(&endless), Err(PayloadError::Size { limit: JSON_BYTES })));
    }

    #[test]
    fn other_payloads_are_refused_with_what_was_found() {
        let two = RawValue::new([encode(&1).payloads, encode(&2).payloads].concat());
        assert_eq!(decode::<u32>(&two).unwrap_err().to_string(), "expected one argument, found 2");
        let none = decode::<u32>(&RawValue::new(vec![])).unwrap_err();
        assert_eq!(none.to_string(), "expected one argument, found 0");
        let unnamed = decode::<u32>(&RawValue::new(vec![Payload::default()])).unwrap_err();
        assert_eq!(unnamed.to_string(), "expected the encoding `json/plain`, found ``");
        assert!(matches!(decode::<u32>(&encode(&"text")), Err(PayloadError::Shape { .. })));
    }
}
