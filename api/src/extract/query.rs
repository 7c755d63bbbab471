//! Query parameters: all faults at once, and no parameter that means nothing is let pass.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query as AxumQuery};
use http::request::Parts;

use crate::error::{ApiError, ParameterFault};
use crate::extract::path::cut;

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
    given: BTreeMap<String, String>,
    known: Vec<&'static str>,
    faults: Vec<ParameterFault>,
}

impl Parameters {
    fn new(parts: &Parts) -> Result<Self, ApiError> {
        let AxumQuery(pairs) =
            AxumQuery::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|wrong| {
                ApiError::InvalidParameters(vec![ParameterFault::new("?", wrong.body_text())])
            })?;
        let mut given = BTreeMap::new();
        let mut faults = Vec::new();
        for (name, value) in pairs {
            if given.insert(name.clone(), value).is_some() {
                faults.push(ParameterFault::new(cut(&name), "given more than once"));
            }
        }
        Ok(Self { given, known: Vec::new(), faults })
    }

    /// The parameter `name`, if it is there, not empty, and `read` takes it.
    pub(crate) fn take<T, E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.known.push(name);
        let text = self.given.remove(name)?;
        if text.is_empty() {
            self.faults.push(ParameterFault::new(name, "expected a value, found nothing"));
            return None;
        }
        read(&text).map_err(|wrong| self.faults.push(ParameterFault::new(name, wrong.to_string()))).ok()
    }

    fn finish(mut self) -> Result<(), ApiError> {
        let known = self.known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        for name in self.given.keys() {
            self.faults.push(ParameterFault::new(cut(name), format!("unknown parameter: known are {known}")));
        }
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::InvalidParameters(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Page {
        limit: Option<u8>,
        q: Option<String>,
    }

    impl QueryDocument for Page {
        fn read(parameters: &mut Parameters) -> Self {
            Self {
                limit: parameters.take("limit", |text| text.parse().map_err(|_| "expected 0 to 255")),
                q: parameters.take("q", |text| Ok::<_, String>(text.to_owned())),
            }
        }
    }

    async fn read(query: &str) -> Result<(Option<u8>, Option<String>), Vec<String>> {
        let (mut parts, ()) =
            http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        match Query::<Page>::from_request_parts(&mut parts, &()).await {
            Ok(Query(page)) => Ok((page.limit, page.q)),
            Err(ApiError::InvalidParameters(faults)) => {
                Err(faults.into_iter().map(|fault| format!("{}: {}", fault.name, fault.detail)).collect())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn parameters_are_decoded_and_read() {
        assert_eq!(read("q=a%20b&limit=7").await, Ok((Some(7), Some("a b".to_owned()))));
        assert_eq!(read("").await, Ok((None, None)));
    }

    #[tokio::test]
    async fn everything_that_is_wrong_is_named() {
        assert_eq!(
            read("limit=300&stat=held&q=&q=x").await.unwrap_err(),
            [
                "q: given more than once",
                "limit: expected 0 to 255",
                "stat: unknown parameter: known are `limit`, `q`"
            ]
        );
    }
}
