//! The blueprints that `up` brings along: where they are, and making them known.

use std::fs;
use std::path::{Path, PathBuf};

use super::children::Setting;
use super::report::say;
use crate::failure::Failure;
use crate::local::LocalError;
use crate::publish::{publish, summary};
use crate::remote::{Api, read};
use crate::sources::read_library;

/// The folder that is looked for where nobody says.
const USUAL: &str = "blueprints";

/// What stands in the file that is made where no blueprints say how systems are reached.
const NO_SYSTEMS: &str =
    "# How external systems are reached: one table [systems.NAME] each, with its `url`.\n";

/// The folder of blueprints: the one that is named, or the usual one if it is there.
pub(super) fn find(named: Option<PathBuf>) -> Option<PathBuf> {
    named.or_else(|| Some(PathBuf::from(USUAL)).filter(|folder| folder.is_dir()))
}

/// How the systems are reached: as the environment says, else as the file beside the blueprints says.
pub(super) fn systems(blueprints: Option<&Path>, data_dir: &Path) -> Result<Vec<Setting>, Failure> {
    const VARIABLE: &str = "ORDERWRIGHT_SYSTEMS";
    if std::env::var_os(VARIABLE).is_some() {
        return Ok(Vec::new());
    }
    let beside = blueprints.map(|folder| folder.join("systems.toml")).filter(|file| file.is_file());
    let file = match beside {
        Some(file) => file,
        None => {
            let file = data_dir.join("systems.toml");
            if !file.exists() {
                fs::write(&file, NO_SYSTEMS).map_err(LocalError::file("write", &file))?;
            }
            file
        }
    };
    Ok(vec![(VARIABLE, file.into())])
}

/// Publishes the blueprints and says what came of it. Servers run on without: the author mends the files and publishes them.
pub(super) async fn bring(folder: &Path, api: &Api) {
    let published = async { read(publish(api, read_library(folder)?).await?) };
    match published.await {
        Ok(published) => say(summary(&published)),
        Err(failure) => {
            say(format_args!("the blueprints of `{}` are not published\n{failure}", folder.display()))
        }
    }
}
