//! Query parameters: all faults at once, and no parameter that means nothing is let pass.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query as AxumQuery};
use http::request::Parts;

use crate::error::ApiError;
use crate::extract::path::cut;
use crate::problem::ProblemError;

/// What an endpoint takes as query parameters.
pub(crate) trait QueryDocument: Sized {
    /// Takes its parameters out of those given. Whatever is left is refused.
    fn read(parameters: &mut Parameters) -> Self;
}

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Sync, T: QueryDocument> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut parameters = Parameters::new(parts)?;
        let document = T::read(&mut parameters);
        parameters.finish().map(|()| Self(document))
    }
}

/// The parameters of one request, and what is wrong with them.
#[derive(Debug)]
pub(crate) struct Parameters {
    given: BTreeMap<String, Vec<String>>,
    known: Vec<&'static str>,
    faults: Vec<ProblemError>,
}

impl Parameters {
    fn new(parts: &Parts) -> Result<Self, ApiError> {
        let AxumQuery(pairs) =
            AxumQuery::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|wrong| {
                ApiError::InvalidParameters(vec![ProblemError::parameter("?", wrong.body_text())])
            })?;
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            given.entry(name).or_default().push(value);
        }
        Ok(Self { given, known: Vec::new(), faults: Vec::new() })
    }

    /// The parameter `name`, if it is there, not empty, and `read` takes it.
    pub(crate) fn take<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.known.push(name);
        let mut texts = self.given.remove(name)?;
        let text = texts.pop().filter(|_| texts.is_empty());
        let Some(text) = text else {
            self.faults.push(ProblemError::parameter(name, "given more than once"));
            return None;
        };
        self.read(name, &text, read)
    }

    /// Every value of the parameter `name`: it may be given several times, and each time with several values between
    /// commas.
    pub(crate) fn take_each<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        self.known.push(name);
        let texts = self.given.remove(name).unwrap_or_default();
        let values = texts.iter().flat_map(|text| text.split(','));
        values.filter_map(|text| self.read(name, text, &read)).collect()
    }

    fn read<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        text: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if text.is_empty() {
            self.faults.push(ProblemError::parameter(name, "expected a value, found nothing"));
            return None;
        }
        read(text).map_err(|wrong| self.faults.push(ProblemError::parameter(name, wrong.to_string()))).ok()
    }

    fn finish(mut self) -> Result<(), ApiError> {
        let known = self.known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        for name in self.given.keys() {
            self.faults
                .push(ProblemError::parameter(cut(name), format!("unknown parameter: known are {known}")));
        }
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::InvalidParameters(self.faults)) }
    }
}

/// A yes or a no.
pub(crate) fn read_flag(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "expected `true` or `false`")
}

/// How many a page is to have.
pub(crate) fn read_limit(text: &str, most: u32) -> Result<u32, String> {
    let read = text.parse().ok().filter(|limit| (1..=most).contains(limit));
    read.ok_or_else(|| format!("expected 1 to {most}"))
}

/// A text that Postgres can look for.
pub(crate) fn read_text(text: &str, most: usize) -> Result<String, String> {
    if text.len() > most {
        Err(format!("expected at most {most} bytes, found {}", text.len()))
    } else if text.contains('\0') {
        Err("expected a text without the character NUL".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::FaultPlace;

    struct Page {
        limit: Option<u8>,
        q: Option<String>,
        ids: Vec<u8>,
    }

    impl QueryDocument for Page {
        fn read(parameters: &mut Parameters) -> Self {
            Self {
                limit: parameters.take("limit", |text| text.parse().map_err(|_| "expected 0 to 255")),
                q: parameters.take("q", |text| Ok::<_, String>(text.to_owned())),
                ids: parameters.take_each("id", |text| text.parse().map_err(|_| "expected 0 to 255")),
            }
        }
    }

    async fn read(query: &str) -> Result<(Option<u8>, Option<String>, Vec<u8>), Vec<String>> {
        let (mut parts, ()) =
            http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        match Query::<Page>::from_request_parts(&mut parts, &()).await {
            Ok(Query(page)) => Ok((page.limit, page.q, page.ids)),
            Err(ApiError::InvalidParameters(faults)) => Err(faults
                .into_iter()
                .map(|fault| match fault.at {
                    FaultPlace::Parameter(name) => format!("{name}: {}", fault.detail),
                    other @ (FaultPlace::Pointer(_) | FaultPlace::Blueprint(_)) => {
                        panic!("a parameter is no {other:?}")
                    }
                })
                .collect()),
            Err(other) => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn parameters_are_decoded_and_read() {
        assert_eq!(read("q=a%20b&limit=7").await, Ok((Some(7), Some("a b".to_owned()), vec![])));
        assert_eq!(read("").await, Ok((None, None, vec![])));
        assert_eq!(read("id=1,2&id=3").await, Ok((None, None, vec![1, 2, 3])));
    }

    #[tokio::test]
    async fn everything_that_is_wrong_is_named() {
        assert_eq!(
            read("limit=300&stat=held&q=&q=x&id=1,,x").await.unwrap_err(),
            [
                "limit: expected 0 to 255",
                "q: given more than once",
                "id: expected a value, found nothing",
                "id: expected 0 to 255",
                "stat: unknown parameter: known are `limit`, `q`, `id`"
            ]
        );
    }
}
