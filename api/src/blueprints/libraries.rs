//! Compiled libraries, kept by the hash of their files. A published library never changes, so what is kept is
//! never stale.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use dsl::{Compiled, Library};
use model::Hash;
use sqlx::PgConnection;
use tokio::sync::Mutex;

use crate::error::ApiError;

/// How many libraries are kept: those of the versions that new orders are planned with, with room. The least
/// recently used goes first.
const KEPT: usize = 16;

/// The libraries at hand.
#[derive(Debug, Default)]
pub(crate) struct Libraries(Mutex<VecDeque<(Hash, Arc<Library>)>>);

impl Libraries {
    /// The published library of this hash.
    pub(crate) async fn get(
        &self,
        connection: &mut PgConnection,
        hash: &Hash,
    ) -> Result<Arc<Library>, ApiError> {
        // Held while compiling: those who need the same library wait for it instead of compiling it too.
        let mut kept = self.0.lock().await;
        let at = kept.iter().position(|(known, _)| known == hash);
        if let Some(entry) = at.and_then(|at| kept.remove(at)) {
            let library = Arc::clone(&entry.1);
            kept.push_front(entry);
            return Ok(library);
        }
        let gone = |why| ApiError::internal(format!("the published library {hash} {why}"));
        let stored = store::load_library(connection, hash).await?.ok_or_else(|| gone("is not there"))?;
        let compiled = compile(stored.sources).await?;
        let library = Arc::new(compiled.library.ok_or_else(|| gone("does not compile any more"))?);
        kept.push_front((hash.clone(), Arc::clone(&library)));
        kept.truncate(KEPT);
        Ok(library)
    }
}

/// Compiles files of a name and a text each, without keeping others from their work.
pub(super) async fn compile(files: BTreeMap<String, String>) -> Result<Compiled, ApiError> {
    let files: Vec<_> = files.into_iter().collect();
    tokio::task::spawn_blocking(move || Library::compile(&files)).await.map_err(ApiError::internal)
}
