//! An answer of the API, taken apart.

use http::{HeaderMap, StatusCode};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn to(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header `{name}` in {self:?}")).to_str().unwrap()
    }

    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> serde_json::Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_str(&self.text).unwrap()
    }

    /// The problem document, of an answer with this status and of this kind; checked for what every one must
    /// have.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> serde_json::Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: serde_json::Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{}", self.text);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        assert!(problem["instance"].as_str().unwrap().starts_with('/'));
        problem
    }

    /// The faults of a problem document: `place: detail` each.
    #[track_caller]
    pub(crate) fn faults(&self, status: u16, kind: &str) -> Vec<String> {
        let problem = self.problem(status, kind);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors in {problem}"));
        let place = |e: &serde_json::Value| {
            ["pointer", "parameter", "blueprint"].iter().find_map(|key| e[key].as_str().map(str::to_owned))
        };
        errors.iter().map(|e| format!("{}: {}", place(e).unwrap(), e["detail"].as_str().unwrap())).collect()
    }
}
