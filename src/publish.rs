//! Publishing a library through the API, for `publish`, `up` and `demo`.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::remote::{Api, Published};
use crate::show::diagnostic_lines;

/// Sends the files of a library and gives the API's answer.
pub(crate) async fn publish(api: &Api, files: Vec<(String, String)>) -> Result<Value, Failure> {
    let files: Map<String, Value> = files.into_iter().map(|(name, text)| (name, text.into())).collect();
    api.post(&["v1", "blueprints"], None, &json!({ "files": files })).await
}

/// What came of it, for people.
pub(crate) fn summary(published: &Published) -> String {
    let Published { new, known, warnings } = published;
    let mut lines: Vec<String> = warnings.iter().flat_map(diagnostic_lines).collect();
    lines.extend(new.iter().map(|blueprint| format!("published {blueprint}")));
    lines.extend(known.iter().map(|blueprint| format!("{blueprint} was published before")));
    lines.join("\n")
}
