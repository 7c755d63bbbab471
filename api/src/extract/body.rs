//! JSON bodies: read within a limit and a time, and checked whole.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::{FromRequest, Request};
use futures::StreamExt as _;
use http::{HeaderMap, header};
use model::{Fault, Field, Pointer, Type, UnknownFields, Value, limits};

use crate::error::ApiError;

/// What bodies are sent as, in words.
const JSON: &str = "`application/json`";

/// How long a body may take to arrive. The largest takes a second at a megabyte per second.
const BODY_TIME: Duration = Duration::from_secs(15);

/// How much of a body that is too large is still taken in, so that its sender gets to read the answer instead
/// of a broken connection. Beyond it the connection is closed.
const DRAINED_BYTES: usize = 16_000_000;

/// A document that a caller can send.
pub(crate) trait Document: Sized {
    /// What it is called in messages.
    const NAME: &'static str;
    /// How many bytes it may have.
    const LIMIT: usize;

    /// Reads it.
    ///
    /// # Errors
    /// Every fault, each with its place.
    fn read(document: Value) -> Result<Self, Vec<Fault>>;
}

/// The body of a request as a document.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Sync, T: Document> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        let stream = request.into_body().into_data_stream();
        let bytes = tokio::time::timeout(BODY_TIME, collect(stream, T::NAME, T::LIMIT))
            .await
            .map_err(|_| ApiError::BodyTimeout(BODY_TIME))??;
        let document = Value::read_document(&bytes)?;
        T::read(document).map(Self).map_err(ApiError::InvalidDocument)
    }
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Err(ApiError::UnsupportedMediaType { expected: JSON, found: None });
    };
    let given = String::from_utf8_lossy(given.as_bytes());
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        Ok(())
    } else {
        Err(ApiError::UnsupportedMediaType { expected: JSON, found: Some(essence) })
    }
}

async fn collect(mut stream: BodyDataStream, what: &'static str, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut seen: usize = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::BodyLost)?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            bytes.extend_from_slice(&chunk);
        } else if seen > DRAINED_BYTES {
            break;
        }
    }
    if seen > limit { Err(ApiError::PayloadTooLarge { what, limit }) } else { Ok(bytes) }
}

/// Makes a document a record of the given fields, without any others.
pub(crate) fn record(document: Value, fields: &[(&str, Type)]) -> Result<Value, Vec<Fault>> {
    let fields =
        fields.iter().map(|(name, of)| Field { name: (*name).to_owned(), of: of.clone(), default: None });
    Type::Record(fields.collect()).conform(document, &Pointer::root(), UnknownFields::Refuse)
}

/// A text that a person reads later: not empty and not longer than a reason may be.
pub(crate) fn required_text(fields: &Value, name: &str) -> Result<String, Vec<Fault>> {
    let text = fields.field(name).and_then(Value::as_text).unwrap_or_default();
    let limit = limits::REASON_BYTES;
    let wrong = if text.trim().is_empty() {
        "expected a text that is not empty".to_owned()
    } else if text.len() > limit {
        format!("expected at most {limit} bytes, found {}", text.len())
    } else {
        return Ok(text.to_owned());
    };
    Err(vec![Fault::new(Pointer::root().key(name), wrong)])
}

#[cfg(test)]
mod tests {
    use axum::body::Body as Bytes;

    use super::*;

    #[derive(Debug)]
    struct Small(Value);

    impl Document for Small {
        const NAME: &'static str = "a small document";
        const LIMIT: usize = 40;

        fn read(document: Value) -> Result<Self, Vec<Fault>> {
            record(document, &[("a", Type::Int), ("b", Type::Any)]).map(Self)
        }
    }

    async fn read(content_type: &str, body: &str) -> Result<String, ApiError> {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, content_type)
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        Body::<Small>::from_request(request, &()).await.map(|Body(Small(value))| value.to_string())
    }

    async fn refused(content_type: &str, body: &str) -> String {
        read(content_type, body).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn json_in_all_its_names_is_read() {
        for name in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert_eq!(read(name, r#"{"a": 1.0}"#).await.unwrap(), r#"{"a":1,"b":null}"#);
        }
    }

    #[tokio::test]
    async fn what_is_not_json_is_refused_by_its_name() {
        assert_eq!(refused("text/plain", "{}").await, "expected `application/json`, found `text/plain`");
        let bare = Request::builder().body(Bytes::from("{}")).unwrap();
        let refused = Body::<Small>::from_request(bare, &()).await.unwrap_err();
        assert_eq!(refused.to_string(), "expected `application/json`, found no content type");
    }

    #[tokio::test]
    async fn a_slip_of_the_pen_has_a_line_and_a_column() {
        assert_eq!(
            refused("application/json", "{\"a\": 1,\n  b: 2}").await,
            "line 2, column 3: key must be a string"
        );
        assert_eq!(refused("application/json", "").await, "line 1, column 0: EOF while parsing a value");
    }

    #[tokio::test]
    async fn the_limit_is_exact() {
        let at = format!("{{\"a\": 1{}}}", " ".repeat(40 - 8));
        assert!(read("application/json", &at).await.is_ok());
        assert_eq!(
            refused("application/json", &format!("{at} ")).await,
            "a small document may have at most 40 bytes"
        );
    }

    #[tokio::test]
    async fn what_could_be_taken_in_two_ways_is_a_fault_in_its_place() {
        let ApiError::InvalidDocument(faults) =
            read("application/json", r#"{"a": 1e400, "b": {"c": 1, "c": 2}}"#).await.unwrap_err()
        else {
            panic!("expected faults");
        };
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            ["/b/c: `c` is given twice", "/a: the number `1e+400` has more than 28 digits or is too large",]
        );
    }

    #[tokio::test]
    async fn nesting_without_end_is_refused() {
        let deep = "[".repeat(39);
        assert!(refused("application/json", &deep).await.contains("EOF"));
        let deeper = Value::read_document("[".repeat(500).as_bytes()).unwrap_err();
        assert!(ApiError::from(deeper).to_string().ends_with("recursion limit exceeded"));
    }
}
