//! The sample blueprints and the sample deployment belong together.

use std::collections::BTreeSet;
use std::fs;

use dsl::Library;
use model::{Field, Pointer, Type, UnknownFields};
use serde_json::{Value, json};
use systems::Directory;
use systems::sim::{self, Options};
use tokio::net::TcpListener;

use crate::support::project;

fn library() -> Library {
    let paths = fs::read_dir(project().join("blueprints")).unwrap().map(|entry| entry.unwrap().path());
    let blueprints = paths.filter(|path| path.extension().is_some_and(|extension| extension == "blueprint"));
    // Tests name orders, which are other files.
    let files: Vec<_> = blueprints
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .filter(|(name, _)| !name.ends_with("_tests.blueprint"))
        .collect();
    Library::compile(&files).library.unwrap()
}

#[test]
fn the_sample_deployment_has_the_systems_that_the_samples_declare() {
    let directory = Directory::load(&project().join("blueprints/systems.toml")).unwrap();
    let deployed: BTreeSet<_> = directory.names().map(ToString::to_string).collect();
    let declared: BTreeSet<_> = library().systems().iter().map(|system| system.name.to_string()).collect();
    assert_eq!(deployed, declared);
}

/// So that everything that can be ordered can be tried.
#[tokio::test]
async fn the_simulator_answers_all_that_the_samples_declare() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options { seed: 1, data_dir: None, api_url: None, answers: None };
    let serving = tokio::spawn(sim::serve(listener, options, std::future::pending()));
    let http = reqwest::Client::new();
    let mut seen = 0;
    for system in library().systems() {
        for operation in &system.operations {
            let name = format!("{}/{}", system.name, operation.name);
            let argument = |field: &Field| (field.name.clone(), some(&field.of, &field.name));
            let arguments: serde_json::Map<_, _> = operation.parameters.iter().map(argument).collect();
            let response = http.put(format!("{url}/{name}")).json(&arguments).send().await.unwrap();
            assert!(response.status().is_success(), "{name}: {response:?}");
            let answer = model::Value::from_json(response.json().await.unwrap()).unwrap();
            let answered = operation.result.conform(answer.clone(), &Pointer::root(), UnknownFields::Drop);
            assert!(answered.is_ok(), "{name}: {answered:?} in {answer}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
    serving.abort();
}

/// Something of a type.
fn some(of: &Type, name: &str) -> Value {
    match of {
        Type::Any | Type::Text => json!(format!("a {name}")),
        Type::Int | Type::Decimal => json!(1),
        Type::Bool => json!(true),
        Type::Time => json!("2026-01-05T09:00:00Z"),
        Type::Date => json!("2026-01-05"),
        Type::Duration => json!("1h"),
        Type::OneOf(texts) => json!(texts[0]),
        Type::List(of) => json!([some(of, name)]),
        Type::Record(fields) => fields.iter().map(|f| (f.name.clone(), some(&f.of, &f.name))).collect(),
        Type::Optional(of) => some(of, name),
    }
}
