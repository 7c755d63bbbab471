//! `POST /v1/blueprints`: publishes a library, all of it or nothing.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dsl::{Compiled, DiagnosticDocument, DiagnosticsDocument, Library};
use http::StatusCode;
use model::{Fault, Hash, Pointer, Type, Value};
use serde::Serialize;
use store::{NewBlueprint, NewLibrary, PublishError};
use utoipa::ToSchema;

use crate::app::{App, now};
use crate::blueprints::libraries::compile;
use crate::blueprints::view::signature;
use crate::error::ApiError;
use crate::extract::{Body, Document, RequestActor, record};
use crate::hash::sha256;

/// How many files a library may have.
const FILES: usize = 1_000;

/// How long the name of a file may be, in bytes. It stands in plans and diagnostics.
const FILE_NAME_BYTES: usize = 255;

/// A library: all blueprint files below one folder.
#[derive(Debug, ToSchema)]
pub(crate) struct LibraryDocument {
    /// The text of each file by its name, which ends in `.blueprint`; at most 1,000 files and 10 MB.
    #[schema(example = json!({"home_fiber.blueprint": "blueprint home_fiber version 1 { … }"}))]
    files: BTreeMap<String, String>,
}

impl Document for LibraryDocument {
    const NAME: &'static str = "a library";
    // What the compiler reads, and room for escapes.
    const LIMIT: usize = 12_000_000;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(document, &[("files", Type::Any)])?;
        let at = Pointer::root().key("files");
        let files = fields.field("files").cloned().unwrap_or_default();
        let Value::Record(files) = files else {
            let detail = format!("expected a record of files by name, found {}", files.kind());
            return Err(vec![Fault::new(at, detail)]);
        };
        if files.is_empty() || files.len() > FILES {
            let detail = format!("expected 1 to {FILES} files, found {}", files.len());
            return Err(vec![Fault::new(at, detail)]);
        }
        let mut faults = Vec::new();
        let mut sources = BTreeMap::new();
        for (name, text) in files {
            let at = at.key(&name);
            if !is_file_name(&name) {
                let detail = format!(
                    "expected a file name that ends in `.blueprint`, without control characters and of at most {FILE_NAME_BYTES} bytes"
                );
                faults.push(Fault::new(at.clone(), detail));
            }
            let kind = text.kind();
            if let Value::Text(text) = text {
                sources.insert(name, text);
            } else {
                faults.push(Fault::new(at, format!("expected a text, found {kind}")));
            }
        }
        if faults.is_empty() { Ok(Self { files: sources }) } else { Err(faults) }
    }
}

fn is_file_name(name: &str) -> bool {
    let stem = name.strip_suffix(".blueprint");
    stem.is_some_and(|stem| !stem.is_empty())
        && name.len() <= FILE_NAME_BYTES
        && !name.chars().any(char::is_control)
}

/// What came of publishing a library.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Published)]
pub(crate) struct PublishedView {
    /// The SHA-256 of its files.
    #[schema(value_type = String)]
    library: Hash,
    /// Versions that were not there before.
    #[schema(example = json!(["home_fiber@3"]))]
    new: Vec<String>,
    /// Versions that were there already, with the same meaning.
    known: Vec<String>,
    /// What the compiler warns of.
    warnings: Vec<DiagnosticDocument>,
}

/// Publish a library
///
/// The files are checked together: errors come back all at once, as data (422), and nothing is published. So does every call
/// that the deployment does not say how to make (`BP0505`). A version that is published already must mean what it meant: otherwise each that differs is named (409), and
/// nothing is published. New orders get the newest versions from now on; orders that are there keep theirs.
/// Publishing the same library again does no harm (200).
#[utoipa::path(
    post, path = "/v1/blueprints", tag = "blueprints",
    params(("X-Actor" = Option<String>, Header, description = "Who publishes; on the record")),
    request_body(content = LibraryDocument, content_type = "application/json"),
    responses(
        (status = CREATED, description = "There are new versions", body = PublishedView),
        (status = OK, description = "Everything was published before", body = PublishedView),
        (status = CONFLICT, description = "Published versions would change; each is named"),
        (status = PAYLOAD_TOO_LARGE, description = "The library has more than 12,000,000 bytes"),
        (status = UNPROCESSABLE_ENTITY, description = "The blueprints have errors (`diagnostics`), or the document has faults (`errors`)"),
    )
)]
pub(crate) async fn publish_blueprints(
    State(app): State<App>,
    RequestActor(by): RequestActor,
    Body(LibraryDocument { files }): Body<LibraryDocument>,
) -> Result<Response, ApiError> {
    let Compiled { library, diagnostics, sources } = compile(files.clone()).await?;
    let found = DiagnosticsDocument::new(&diagnostics, &sources);
    let Some(library) = library else { return Err(ApiError::InvalidBlueprints(found)) };
    let routing = &app.config().routing;
    let unserved = library.unserved(&sources, |system, operation| routing.gap(system, operation));
    if !unserved.is_empty() {
        return Err(ApiError::InvalidBlueprints(DiagnosticsDocument::new(&unserved, &sources)));
    }
    let hash = sha256(&serde_json::to_vec(&files).map_err(ApiError::internal)?);
    let new = NewLibrary { hash: &hash, sources: &files, blueprints: &blueprints(&library), by: &by };
    let published = match store::publish_library(&mut *app.database().await?, &new, now()).await {
        Ok(published) => published,
        Err(PublishError::Conflicts(conflicts)) => {
            return Err(ApiError::VersionTaken(conflicts.into_iter().map(|c| c.blueprint).collect()));
        }
        Err(PublishError::Database(error)) => return Err(error.into()),
    };
    let status = if published.new.is_empty() { StatusCode::OK } else { StatusCode::CREATED };
    let names = |refs: &[model::BlueprintRef]| refs.iter().map(ToString::to_string).collect();
    let view = PublishedView {
        library: hash,
        new: names(&published.new),
        known: names(&published.known),
        warnings: found.diagnostics,
    };
    Ok((status, Json(view)).into_response())
}

fn blueprints(library: &Library) -> Vec<NewBlueprint> {
    let new = |blueprint: &dsl::Blueprint| NewBlueprint {
        blueprint: blueprint.reference().clone(),
        hash: blueprint.hash().clone(),
        signature: signature(blueprint),
    };
    library.blueprints().iter().map(new).collect()
}

#[cfg(test)]
mod tests {
    use dsl::{DiagnosticsDocument, Gap, Library};
    use sqlx::PgPool;

    use crate::Routing;
    use crate::testing::{FIBER, ORDER, TestApp, config, library, no_temporal};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_library_is_published_once(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let body = library(&[("fiber.blueprint", FIBER)]);
        let first = api.post("/v1/blueprints", &body).await.json(201);
        assert_eq!(
            (&first["new"], &first["known"]),
            (&["fiber@1"].as_slice().into(), &serde_json::json!([]))
        );
        let again = api.post("/v1/blueprints", &body).await.json(200);
        assert_eq!((&again["known"], &again["library"]), (&["fiber@1"].as_slice().into(), &first["library"]));

        let listed = api.get("/v1/blueprints").await.json(200);
        assert_eq!(listed["blueprints"][0]["name"], "fiber");
        assert_eq!(
            listed["blueprints"][0]["signature"],
            serde_json::json!({"docs": "",
                "order": [{"name": "site", "type": "text"}, {"name": "floor", "type": "int?"}],
                "items": [{"kind": "line", "fields": [{"name": "speed", "type": "int"}]}],
                "signals": [{"name": "report", "fields": "{ done: bool }"}]})
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_published_version_does_not_change_and_orders_keep_theirs(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let first = api.post("/v1/orders", ORDER).await;
        first.json(202);

        let slower = FIBER.replace("within 10d", "within 5d");
        let refused = api.post("/v1/blueprints", &library(&[("fiber.blueprint", &slower)])).await;
        assert_eq!(
            refused.faults(409, "version-taken"),
            ["fiber@1: version 1 of `fiber` is published with a different meaning"]
        );
        let commented = format!("// the same in other words\n{FIBER}");
        api.post("/v1/blueprints", &library(&[("fiber.blueprint", &commented)])).await.json(200);

        let second = slower.replace("version 1", "version 2");
        api.post("/v1/blueprints", &library(&[("fiber.blueprint", &second)])).await.json(201);
        let read = api.get(&format!("{}/plan", first.header("location"))).await.json(200);
        assert_eq!((&read["blueprint"], &read["tasks"][1]["within"]), (&"fiber@1".into(), &"10d".into()));
        let newer = api.post("/v1/orders", ORDER).await;
        assert_eq!(newer.json(202)["blueprint"]["version"], 2);
        let older = api.post("/v1/orders", &ORDER.replacen('{', r#"{"blueprint": "fiber@1", "#, 1)).await;
        assert_eq!(older.json(202)["blueprint"]["version"], 1);

        let versions = api.get("/v1/blueprints/fiber").await.json(200);
        let versions: Vec<_> =
            versions["versions"].as_array().unwrap().iter().map(|v| &v["version"]).collect();
        assert_eq!(versions, [2, 1]);
        api.get("/v1/blueprints/copper").await.problem(404, "not-found");
        api.get("/v1/blueprints/a-b").await.problem(404, "not-found");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn ten_errors_in_two_files_come_back_as_data(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let calls: String = (1..=9)
            .map(|n| format!("  task t{n} {{ call inventory.reserv(site: order.sight)  no undo \"x\" }}\n"))
            .collect();
        let broken = format!("blueprint broken version 1 {{\n  order {{ site: text }}\n{calls}}}\n");
        let sources =
            [("a.blueprint", broken), ("b.blueprint", FIBER.replace("site: text, ", "site: txt, "))];
        let files = library(&sources.each_ref().map(|(name, text)| (*name, text.as_str())));
        let problem = api.post("/v1/blueprints", &files).await.problem(422, "invalid-blueprints");
        let diagnostics = problem["diagnostics"].as_array().unwrap();
        let errors: Vec<_> = diagnostics.iter().filter(|d| d["severity"] == "error").collect();
        assert!(errors.len() >= 10, "{problem:#}");
        let first = errors.iter().find(|d| d["line"] == 3).unwrap();
        assert_eq!((&first["file"], &first["column"]), (&"a.blueprint".into(), &28.into()), "{first}");
        assert!(first["code"].as_str().unwrap().starts_with("BP"));
        let last = errors.last().unwrap();
        assert_eq!((&last["file"], &last["line"]), (&"b.blueprint".into(), &2.into()));
        assert_eq!(last["help"], "did you mean `text`?");

        let compiled = Library::compile(&sources.map(|(name, text)| (name.to_owned(), text)));
        let checked = DiagnosticsDocument::new(&compiled.diagnostics, &compiled.sources);
        let as_checked = serde_json::to_value(checked.diagnostics).unwrap();
        assert_eq!(problem["diagnostics"], as_checked, "they are what `orderwright check` shows");
        assert_eq!(api.get("/v1/blueprints").await.json(200), serde_json::json!({"blueprints": []}));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn calls_that_the_deployment_can_not_make_are_not_published(pool: PgPool) {
        let mut config = config();
        config.routing = Routing::new(
            |_| contract::Routes::default(),
            |system, operation| {
                (operation.as_str() == "reserve").then(|| Gap {
                    what: format!("`{system}` has no such operation here"),
                    help: "did you mean `reserve_port`?".to_owned(),
                })
            },
        );
        let api = TestApp::with(config, pool, no_temporal()).await;
        let files = library(&[("fiber.blueprint", FIBER)]);
        let problem = api.post("/v1/blueprints", &files).await.problem(422, "invalid-blueprints");
        let [only] = problem["diagnostics"].as_array().unwrap().as_slice() else { panic!("{problem:#}") };
        let line = FIBER.lines().position(|line| line.contains("call inventory.reserve(")).unwrap() + 1;
        assert_eq!((&only["code"], &only["file"]), (&"BP0505".into(), &"fiber.blueprint".into()));
        assert_eq!(only["line"], line);
        assert_eq!(
            only["title"],
            "`reserve` calls `inventory.reserve`, and `inventory` has no such operation here"
        );
        assert_eq!(only["help"], "did you mean `reserve_port`?");
        assert_eq!(api.get("/v1/blueprints").await.json(200), serde_json::json!({"blueprints": []}));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_not_a_library_is_told_why(pool: PgPool) {
        let api = TestApp::start(pool).await;
        for (body, faults) in [
            ("{}", vec!["/files: expected a record of files by name, found null"]),
            (r#"{"files": {}}"#, vec!["/files: expected 1 to 1000 files, found 0"]),
            (
                r#"{"files": {"a/b.blueprint": 1, "notes.txt": ""}}"#,
                vec![
                    "/files/a~1b.blueprint: expected a text, found a number",
                    "/files/notes.txt: expected a file name that ends in `.blueprint`, without control characters and of at most 255 bytes",
                ],
            ),
        ] {
            assert_eq!(api.post("/v1/blueprints", body).await.faults(422, "invalid-document"), faults);
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn blueprints_published_apart_accept_orders_together(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let copper = FIBER.replace("blueprint fiber", "blueprint copper").replace("consumer", "business");
        api.post("/v1/blueprints", &library(&[("copper.blueprint", &copper)])).await.json(201);
        assert_eq!(api.post("/v1/orders", ORDER).await.json(202)["blueprint"]["name"], "fiber");
        let business = ORDER.replace("consumer", "business");
        assert_eq!(api.post("/v1/orders", &business).await.json(202)["blueprint"]["name"], "copper");

        let both =
            FIBER.replace("blueprint fiber", "blueprint anything").replace("== \"consumer\"", "!= \"none\"");
        api.post("/v1/blueprints", &library(&[("both.blueprint", &both)])).await.json(201);
        assert_eq!(
            api.post("/v1/orders", ORDER).await.faults(422, "invalid-document"),
            ["/blueprint: `anything`, `fiber` accept this order: name one of them"]
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn only_the_newest_versions_are_asked_whichever_library_they_are_in(pool: PgPool) {
        let api = TestApp::start(pool).await;
        // Published last, this library knows `fiber` only in a version that is not the newest, and `copper` beside it.
        let newer = FIBER.replace("version 1", "version 2").replace("consumer", "business");
        api.post("/v1/blueprints", &library(&[("fiber.blueprint", &newer)])).await.json(201);
        let copper = FIBER.split_once("blueprint").unwrap().1.replacen("fiber", "copper", 1);
        let older = format!("{FIBER}blueprint{copper}");
        api.post("/v1/blueprints", &library(&[("older.blueprint", &older)])).await.json(201);
        let taken_by = async |order: &str| {
            let blueprint = api.post("/v1/orders", order).await.json(202)["blueprint"].clone();
            format!("{}@{}", blueprint["name"].as_str().unwrap(), blueprint["version"])
        };
        assert_eq!(taken_by(ORDER).await, "copper@1");
        assert_eq!(taken_by(&ORDER.replace("consumer", "business")).await, "fiber@2");
    }
}
