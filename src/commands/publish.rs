//! `orderwright publish`: makes blueprints known to the API.

use std::path::PathBuf;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::publish::{publish, summary};
use crate::remote::{ApiArgs, read};
use crate::sources::read_library;

/// Publish blueprints
///
/// Sends every `*.blueprint` file below a folder. They are checked together, and published all or not at all. A version that is
/// published can't change: raise the version of a blueprint that you change. New orders get the newest version; running orders
/// keep theirs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright check blueprints && orderwright publish blueprints")]
pub(crate) struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    #[command(flatten)]
    api: ApiArgs,
}

/// Sends them, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let files = read_library(&args.dir)?;
    block_on(async {
        let answer = publish(&api, files).await?;
        if args.api.json { print_json(&answer) } else { print(summary(&read(answer)?)) }
    })
}
