//! Large libraries, made of the examples.

use std::path::Path;

use anyhow::{Context as _, ensure};

/// The examples: blueprints that take orders, and what they use.
pub(crate) struct Examples {
    shared: String,
    blueprints: Vec<String>,
}

/// The files of a library.
pub(crate) struct Sources(Vec<(String, String)>);

pub(crate) fn examples(folder: &Path) -> anyhow::Result<Examples> {
    let files = std::fs::read_dir(folder).context("there is no folder of blueprints")?;
    let mut paths = files.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "blueprint"));
    paths.sort();
    let (mut shared, mut blueprints) = (String::new(), Vec::new());
    for path in paths {
        for declaration in declarations(&std::fs::read_to_string(path)?) {
            let takes_orders = || declaration.lines().next().is_some_and(|head| head.contains(" version "));
            if declaration.starts_with("blueprint ") && takes_orders() {
                blueprints.push(declaration);
            } else if !declaration.starts_with("test ") {
                shared.push_str(&declaration);
            }
        }
    }
    ensure!(!blueprints.is_empty(), "there are no blueprints in {}", folder.display());
    Ok(Examples { shared, blueprints })
}

/// The declarations of a formatted file, each with what follows it up to the next.
fn declarations(text: &str) -> Vec<String> {
    let words = ["type ", "system ", "retry ", "blueprint ", "test "];
    let mut found: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match found.last_mut() {
            Some(last) if !words.iter().any(|word| line.starts_with(word)) => last.push_str(line),
            _ => found.push(line.to_owned()),
        }
    }
    found
}

impl Sources {
    /// So many lines in so many files: the blueprints of the examples under other names, for other orders.
    pub(crate) fn new(examples: &Examples, lines: usize, files: usize) -> Self {
        let mut made = vec![("shared.blueprint".to_owned(), examples.shared.clone())];
        let mut written = examples.shared.lines().count();
        let mut blueprints = examples.blueprints.iter().cycle().enumerate();
        for file in 1..files {
            let mut text = String::new();
            while written < lines * (file + 1) / files {
                let Some((n, blueprint)) = blueprints.next() else { break };
                text.push_str(&renamed(blueprint, n));
                written += blueprint.lines().count();
            }
            made.push((format!("{file}.blueprint"), text));
        }
        Self(made)
    }

    /// The same, with a misspelt word and a misspelt name in every file.
    pub(crate) fn with_faults(&self) -> Self {
        let fault = |(name, text): &(String, String)| {
            (
                name.clone(),
                text.replacen("timeout ", "timout ", 1).replacen("order.customer", "order.custmer", 1),
            )
        };
        Self(self.0.iter().map(fault).collect())
    }

    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.0
    }

    pub(crate) fn lines(&self) -> usize {
        self.0.iter().map(|(_, text)| text.lines().count()).sum()
    }
}

fn renamed(blueprint: &str, n: usize) -> String {
    let head = blueprint.split_whitespace().nth(1).unwrap_or_default();
    blueprint
        .replacen(&format!("blueprint {head} "), &format!("blueprint {head}_{n} "), 1)
        .replace("accepts order where ", &format!("accepts order where order.external_id == \"{n}\" and "))
}
