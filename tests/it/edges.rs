//! Which part may import which, as ARCHITECTURE.md says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// Everything that each part imports of ours; nothing else may be.
const EDGES: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("plan", &["model"]),
    ("dsl", &["model", "plan"]),
    ("graph", &["dsl", "model", "plan"]),
    ("engine", &["model", "plan"]),
    ("testing", &["dsl", "engine", "model", "plan"]),
    ("contract", &["engine", "model", "plan"]),
    ("store", &["model", "plan"]),
    ("systems", &["model"]),
    ("worker", &["contract", "engine", "model", "plan", "store", "systems"]),
    ("api", &["contract", "dsl", "engine", "graph", "model", "plan", "store"]),
    ("lsp", &["dsl"]),
    (
        "orderwright",
        &[
            "api", "contract", "dsl", "engine", "graph", "lsp", "model", "plan", "store", "systems",
            "testing", "worker",
        ],
    ),
];

/// The parts without a clock, a network or a thread of their own.
const PURE: [&str; 7] = ["model", "plan", "dsl", "graph", "engine", "testing", "lsp"];

/// What those must not even reach through others.
const IMPURE: [&str; 5] = ["tokio", "sqlx", "axum", "reqwest", "temporalio"];

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    // What only other platforms need has not been downloaded.
    command.other_options(["--offline", "--filter-platform", &this_platform()].map(str::to_owned));
    command.exec().unwrap()
}

/// The platform that the compiler runs on, such as `x86_64-unknown-linux-gnu`.
fn this_platform() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// The parts of ours that a package imports, in its tests only or also in its code.
fn imports(package: &Package, ours: &BTreeSet<&str>, kind: DependencyKind) -> BTreeSet<String> {
    let dependencies = package.dependencies.iter().filter(|dependency| dependency.kind == kind);
    dependencies.map(|d| d.name.clone()).filter(|name| ours.contains(name.as_str())).collect()
}

#[test]
fn parts_import_what_the_architecture_says_and_nothing_else() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, BTreeSet<String>> = EDGES
        .iter()
        .map(|(part, imports)| (*part, imports.iter().map(|i| (*i).to_owned()).collect()))
        .collect();
    let ours: BTreeSet<&str> = allowed.keys().copied().collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        // The benchmarks stand outside and may look at everything.
        let Some(allowed) = allowed.get(name) else {
            assert_eq!(name, "bench", "the part `{name}` is not in the list");
            continue;
        };
        assert_eq!(imports(package, &ours, DependencyKind::Normal), *allowed, "what `{name}` imports");
        let tests = imports(package, &ours, DependencyKind::Development);
        assert!(tests.is_subset(allowed), "the tests of `{name}` import {tests:?}");
    }
}

#[test]
fn pure_parts_reach_no_clock_no_network_and_no_database() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().unwrap();
    let name = |id: &PackageId| metadata[id].name.as_str().to_owned();
    for part in PURE {
        let start = metadata.workspace_packages().into_iter().find(|p| p.name.as_str() == part).unwrap();
        let (mut reached, mut open) = (BTreeSet::new(), vec![start.id.clone()]);
        while let Some(id) = open.pop() {
            if !reached.insert(id.clone()) {
                continue;
            }
            let node = resolve.nodes.iter().find(|node| node.id == id).unwrap();
            let used = node
                .deps
                .iter()
                .filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
            open.extend(used.map(|dep| dep.pkg.clone()));
        }
        let impure: Vec<String> = reached
            .iter()
            .map(name)
            .filter(|name| {
                IMPURE.iter().any(|banned| name == banned || name.starts_with(&format!("{banned}-")))
            })
            .collect();
        assert!(impure.is_empty(), "`{part}` reaches {impure:?}");
    }
}
