//! A library: all blueprint files of one folder, checked together.

use model::{BlueprintName, Fault, Field, OperationName, OrderRequest, Pointer, SystemName, Type};
use plan::Scope;

use crate::blueprint::Blueprint;
use crate::check::{Checked, check};
use crate::diagnostic::{self, Code, Diagnostic, FileId, SourceMap, Span};
use crate::index::Part;
use crate::lower::with_items;
use crate::resolve::{self, Declarations, Outline};
use crate::suggest::{listing, near_miss};
use crate::syntax;
use crate::testing::{self, Test};

/// Largest library, in bytes. A hundred thousand lines are three or four megabytes.
pub(crate) const LIBRARY_BYTES: usize = 10_000_000;

/// Blueprints and the systems they call, free of errors.
///
/// ```
/// let text = r#"
///     system net { query look(site: text) -> { free: int } }
///     blueprint survey version 1 {
///         accepts order where order.category == "survey"
///         order { site: text }
///         item line where true { }
///         task look { call net.look(site: order.site) }
///     }"#;
/// let compiled = dsl::Library::compile(&[("survey.blueprint".to_owned(), text.to_owned())]);
/// assert!(compiled.diagnostics.is_empty());
/// assert_eq!(compiled.library.unwrap().blueprints()[0].reference().to_string(), "survey@1");
/// ```
#[derive(Clone, Debug)]
pub struct Library {
    blueprints: Vec<Blueprint>,
    systems: Vec<SystemDeclaration>,
    pub(crate) tests: Vec<Test>,
}

/// What came of compiling a library.
#[derive(Debug)]
pub struct Compiled {
    /// The library, if nothing in it is wrong; there may be warnings.
    pub library: Option<Library>,
    /// Everything that was found, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The files, to show diagnostics with.
    pub sources: SourceMap,
}

/// An external system as a library declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemDeclaration {
    /// Its name.
    pub name: SystemName,
    /// The lines of `///` above it.
    pub docs: String,
    /// What it can be asked, by name.
    pub operations: Vec<OperationDeclaration>,
}

/// An operation or query of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationDeclaration {
    /// Its name.
    pub name: OperationName,
    /// The lines of `///` above it.
    pub docs: String,
    /// Whether it changes anything out there: an operation does, a query does not.
    pub effect: bool,
    /// Whether it may be called again with other arguments to the same end.
    pub repeatable: bool,
    /// Its arguments, in the order of their declaration.
    pub parameters: Vec<Field>,
    /// What it answers; an empty record type if it answers nothing.
    pub result: Type,
}

impl Library {
    /// Compiles files of a name and a text each. Reports everything that is wrong in all of them at once; the
    /// library comes only without errors.
    #[must_use]
    pub fn compile(sources: &[(String, String)]) -> Compiled {
        let sources = SourceMap::new(sources);
        let (library, diagnostics) = compile(&sources);
        let diagnostics = diagnostic::settle(diagnostics);
        Compiled { library, diagnostics, sources }
    }

    /// Its blueprints, by file and place.
    #[must_use]
    pub fn blueprints(&self) -> &[Blueprint] {
        &self.blueprints
    }

    /// The systems it declares, by name.
    #[must_use]
    pub fn systems(&self) -> &[SystemDeclaration] {
        &self.systems
    }

    /// The blueprint of a name and version; without a version, the newest.
    #[must_use]
    pub fn blueprint(&self, name: &BlueprintName, version: Option<u32>) -> Option<&Blueprint> {
        let named = self.blueprints.iter().filter(|blueprint| blueprint.reference().name == *name);
        match version {
            Some(version) => named.into_iter().find(|blueprint| blueprint.reference().version == version),
            None => named.max_by_key(|blueprint| blueprint.reference().version),
        }
    }

    /// The blueprint for an order: the one it names, or else the only one that accepts it. Of several versions
    /// of a blueprint, the newest.
    ///
    /// # Errors
    /// There is no such blueprint, or none accepts the order, or several do.
    pub fn select(&self, request: &OrderRequest) -> Result<&Blueprint, Vec<Fault>> {
        let at = Pointer::root().key("blueprint");
        let fault = |detail: String| Err(vec![Fault::new(at.clone(), detail)]);
        if let Some(name) = &request.blueprint {
            let versions = self.blueprints.iter().map(Blueprint::reference).filter(|r| r.name == *name);
            let versions: Vec<String> = versions.map(|r| r.version.to_string()).collect();
            return match self.blueprint(name, request.version) {
                Some(blueprint) => Ok(blueprint),
                None if versions.is_empty() => {
                    let known = self.blueprints.iter().map(|b| b.reference().name.as_str());
                    let hint = near_miss(name.as_str(), known)
                        .map_or_else(String::new, |meant| format!(", did you mean `{meant}`?"));
                    fault(format!("there is no blueprint `{name}`{hint}"))
                }
                None => {
                    let version = request.version.unwrap_or_default();
                    let known = listing(versions.iter().map(String::as_str), 10);
                    fault(format!("there is no version {version} of the blueprint `{name}`, it has {known}"))
                }
            };
        }
        let newest = self.blueprints.iter().filter(|blueprint| {
            self.blueprint(&blueprint.reference().name, None)
                .is_some_and(|n| n.reference() == blueprint.reference())
        });
        let (mut accepting, mut tried) = (Vec::new(), Vec::new());
        for blueprint in newest.filter(|blueprint| blueprint.parts.accepts.is_some()) {
            tried.push(blueprint.reference().name.as_str());
            if blueprint.accepts(request)? {
                accepting.push(blueprint);
            }
        }
        match accepting.as_slice() {
            [only] => Ok(only),
            [] if tried.is_empty() => fault("no blueprint accepts orders by itself: name one".to_owned()),
            [] => fault(format!("no blueprint accepts this order, asked were {}", listing(tried, 10))),
            several => {
                let names = several.iter().map(|blueprint| blueprint.reference().name.as_str());
                fault(format!("{} accept this order: name one of them", listing(names, 10)))
            }
        }
    }
}

impl Blueprint {
    /// Whether it takes this order without being named: whether its `accepts` holds. False if it has none.
    ///
    /// # Errors
    /// That can't be told, because the condition can't be evaluated.
    pub fn accepts(&self, request: &OrderRequest) -> Result<bool, Vec<Fault>> {
        let Some(accepts) = &self.parts.accepts else { return Ok(false) };
        let order = with_items(request.standard_fields(), &request.items);
        let scope = Scope::of_order(&order, &[]);
        accepts.holds(&scope).map_err(|wrong| {
            let name = &self.reference().name;
            let detail = format!("whether `{name}` accepts the order can't be told: {wrong}");
            vec![Fault::new(Pointer::root().key("blueprint"), detail)]
        })
    }
}

fn compile(sources: &SourceMap) -> (Option<Library>, Vec<Diagnostic>) {
    if let Some(too_large) = too_large(sources) {
        return (None, vec![too_large]);
    }
    let (files, mut diagnostics): (Vec<_>, Vec<Vec<_>>) =
        sources.files().map(|(id, file)| syntax::parse(id, &file.text)).unzip();
    let (declarations, outlines, resolved) = resolve::resolve(&files);
    diagnostics.push(resolved);
    examine(&declarations, &outlines, sources, diagnostics.into_iter().flatten().collect())
}

/// Reports a library that is not read because of its size.
pub(crate) fn too_large(sources: &SourceMap) -> Option<Diagnostic> {
    let bytes: usize = sources.files().map(|(_, file)| file.text.len()).sum();
    let title = format!("the library has {bytes} bytes, and at most {LIBRARY_BYTES} are read");
    let at = Span { file: FileId::FIRST, start: 0, end: 0 };
    (bytes > LIBRARY_BYTES).then(|| Diagnostic::new(Code::FileTooLarge, at, title))
}

/// Checks what has been resolved. Adds to what was found so far.
pub(crate) fn examine(
    declarations: &Declarations<'_>,
    outlines: &[Outline<'_>],
    sources: &SourceMap,
    mut diagnostics: Vec<Diagnostic>,
) -> (Option<Library>, Vec<Diagnostic>) {
    let tests = testing::resolve(declarations, outlines, &mut diagnostics);
    let Checked { blueprints, diagnostics: checked, advice } =
        check(declarations, outlines, sources, Part::Whole);
    // Where a block is not closed, what stands in which block is not known.
    let unclosed: Vec<FileId> =
        diagnostics.iter().filter(|d| d.code == Code::MissingBrace).map(|d| d.span().file).collect();
    diagnostics.extend(
        checked.into_iter().filter(|d| d.code != Code::NotVisible || !unclosed.contains(&d.span().file)),
    );
    if diagnostics.iter().any(|d| d.severity == crate::Severity::Error) {
        return (None, diagnostics);
    }
    diagnostics.extend(advice);
    // What is wrong may be what uses it; and without a blueprint nothing is used, nor needs to be.
    if !blueprints.is_empty() {
        declarations.unused(outlines, &mut diagnostics);
    }
    let library = Library { blueprints, systems: systems(declarations), tests };
    let unbound = library.faults_of_tests();
    let sound = unbound.is_empty();
    diagnostics.extend(unbound);
    (sound.then_some(library), diagnostics)
}

fn systems(declarations: &Declarations<'_>) -> Vec<SystemDeclaration> {
    let operation = |operation: &resolve::Operation| OperationDeclaration {
        name: operation.name.clone(),
        docs: operation.docs.clone(),
        effect: operation.effect,
        repeatable: operation.repeatable,
        parameters: operation.parameters.clone(),
        result: operation.result.clone(),
    };
    let system = |system: &resolve::System| SystemDeclaration {
        name: system.name.clone(),
        docs: system.docs.clone(),
        operations: system.operations.values().map(operation).collect(),
    };
    declarations.systems.values().map(system).collect()
}
