//! Between our types and Temporal's payloads.
//!
//! Payloads are decoded here, inside handlers, and never by the SDK: a payload that the SDK can't decode fails the
//! workflow task for ever, while one that we can't decode is an answer like any other.

use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;

const ENCODING: &str = "encoding";
const JSON: &[u8] = b"json/plain";
const NULL: &[u8] = b"binary/null";

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
    let data = serde_json::to_vec(value).unwrap_or_default();
    let metadata = [(ENCODING.to_owned(), JSON.to_vec())].into();
    RawValue::new(vec![Payload { metadata, data, ..Payload::default() }])
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
        JSON => payload.data.as_slice(),
        NULL => b"null",
        other => {
            return Err(PayloadError::Encoding {
                found: String::from_utf8_lossy(other).chars().take(80).collect(),
            });
        }
    };
    serde_json::from_slice(data).map_err(|cause| PayloadError::Shape { cause })
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
