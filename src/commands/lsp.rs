//! `orderwright lsp`: the language server, for editors.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use lsp::{Disk, End, serve};

use crate::failure::Failure;
use crate::sources::{any_files_below, files_in, read_text};

/// Serve an editor: the language server of blueprints
///
/// Editors start it and speak the Language Server Protocol with it over standard input and output. It shows faults while they are
/// typed, completes, explains what stands under the cursor, finds declarations and uses, renames, and formats.
///
/// The files below a folder that the editor has open are one library, in its folder `blueprints` if it has one. How editors are
/// set up is in docs/editors.md.
///
/// The exit code is 0 if the editor has shut it down, and 1 if it left otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright lsp")]
pub(crate) struct Args {
    /// Accepted because many editors give it; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Serves until the editor leaves.
pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    let end = serve(io::stdin().lock(), io::stdout().lock(), Box::new(Files));
    match end.context("the editor can't be understood any more").map_err(Failure::no)? {
        End::Orderly => Ok(()),
        End::Abrupt => Err(Failure::no(anyhow!("the editor left without shutting the server down"))),
    }
}

/// The files of this machine.
struct Files;

impl Disk for Files {
    fn files_below(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        any_files_below(folder).map_err(|failure| said(&failure))
    }

    fn files_in(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        files_in(folder).map_err(|failure| said(&failure))
    }

    fn read(&self, path: &Path) -> Result<Option<String>, String> {
        if !path.is_file() {
            return Ok(None);
        }
        read_text(path).map(Some).map_err(|failure| said(&failure))
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }
}

/// What a failure says, without saying that it is one.
fn said(failure: &Failure) -> String {
    let text = failure.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}
