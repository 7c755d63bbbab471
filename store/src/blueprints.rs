//! Published blueprints: a version never changes once it is here.

use std::collections::BTreeMap;

use model::{Actor, BlueprintName, BlueprintRef, Hash, Timestamp, Value};
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};

use crate::columns::{At, Whole, Word, column, json, text};
use crate::database::{DatabaseError, cannot};

/// Most blueprint versions that one call loads.
const PAGE: u32 = 1_000;

/// Every blueprint file below one folder, checked as a whole.
#[derive(Clone, Debug)]
pub struct NewLibrary<'a> {
    /// The SHA-256 of its files.
    pub hash: &'a Hash,
    /// File name to text.
    pub sources: &'a BTreeMap<String, String>,
    /// The blueprints in it.
    pub blueprints: &'a [NewBlueprint],
    /// Who publishes it.
    pub by: &'a Actor,
}

/// One blueprint of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBlueprint {
    /// Its name and version.
    pub blueprint: BlueprintRef,
    /// The SHA-256 of what it means.
    pub hash: Hash,
    /// What an order of it must carry, for display.
    pub signature: Value,
}

/// What publishing a library changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Versions that were not there before, by name.
    pub new: Vec<BlueprintRef>,
    /// Versions that were there, with the same content.
    pub known: Vec<BlueprintRef>,
}

/// A version that is there with other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The version.
    pub blueprint: BlueprintRef,
    /// The hash it was published with.
    pub published: Hash,
    /// The hash it came with now.
    pub found: Hash,
}

/// Why a library was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Versions that are published already have changed.
    #[error("{}", changed(.0))]
    Conflicts(Vec<Conflict>),
    /// Postgres could not write it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

fn changed(conflicts: &[Conflict]) -> String {
    let names: Vec<String> = conflicts.iter().map(|c| format!("`{}`", c.blueprint)).collect();
    match names.len() {
        1 => format!("{} is published already with other content", names.concat()),
        _ => format!("{} are published already with other content", names.join(", ")),
    }
}

/// Publishes a library: all of it, or nothing if a version in it is published with other content.
///
/// # Errors
/// All such versions, or Postgres is away; nothing is published.
pub async fn publish_library(
    conn: &mut PgConnection,
    library: &NewLibrary<'_>,
    now: Timestamp,
) -> Result<Published, PublishError> {
    let mut blueprints: Vec<&NewBlueprint> = library.blueprints.iter().collect();
    // In one order for everyone, so that two who publish at once don't wait in a circle.
    blueprints.sort_unstable_by(|a, b| a.blueprint.cmp(&b.blueprint));

    let mut tx = conn.begin().await.map_err(cannot("begin to publish a library"))?;
    insert_library(&mut tx, library, now).await.map_err(cannot("write a library"))?;
    let new = insert_versions(&mut tx, library.hash, &blueprints, now)
        .await
        .map_err(cannot("write blueprint versions"))?;
    let stored = load_hashes(&mut tx, &blueprints).await.map_err(cannot("read blueprint versions"))?;
    let conflicts: Vec<Conflict> = blueprints
        .iter()
        .filter_map(|found| {
            let published = stored.get(&found.blueprint).filter(|hash| **hash != found.hash)?.clone();
            Some(Conflict { blueprint: found.blueprint.clone(), published, found: found.hash.clone() })
        })
        .collect();
    if !conflicts.is_empty() {
        return Err(PublishError::Conflicts(conflicts));
    }
    tx.commit().await.map_err(cannot("commit a library"))?;
    let (new, known) =
        blueprints.iter().map(|b| b.blueprint.clone()).partition(|blueprint| new.contains(blueprint));
    Ok(Published { new, known })
}

async fn insert_library(
    conn: &mut PgConnection,
    library: &NewLibrary<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into libraries (hash, sources, published_at, published_by)
        values ($1, $2::text::json, $3, $4)
        on conflict do nothing
        "#,
        library.hash.as_str(),
        json(library.sources)?,
        At(now) as _,
        text(library.by.as_str()) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_versions(
    conn: &mut PgConnection,
    library: &Hash,
    blueprints: &[&NewBlueprint],
    now: Timestamp,
) -> Result<Vec<BlueprintRef>, sqlx::Error> {
    let mut signatures = Vec::with_capacity(blueprints.len());
    for blueprint in blueprints {
        signatures.push(json(&blueprint.signature)?);
    }
    let rows = sqlx::query!(
        r#"
        insert into blueprint_versions (name, version, hash, signature, library_hash, published_at)
        select name, version, hash, signature::json, $5, $6
        from unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
            with ordinality as new (name, version, hash, signature, place)
        order by place
        on conflict do nothing
        returning name as "name: Word<BlueprintName>", version as "version: Whole<u32>"
        "#,
        &column(blueprints, |b| b.blueprint.name.as_str()) as _,
        &column(blueprints, |b| i64::from(b.blueprint.version)),
        &column(blueprints, |b| b.hash.as_str()) as _,
        &signatures,
        library.as_str(),
        At(now) as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| BlueprintRef { name: row.name.0, version: row.version.0 }).collect())
}

async fn load_hashes(
    conn: &mut PgConnection,
    blueprints: &[&NewBlueprint],
) -> Result<BTreeMap<BlueprintRef, Hash>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select name as "name: Word<BlueprintName>", version as "version: Whole<u32>", hash as "hash: Word<Hash>"
        from blueprint_versions
        where (name, version) in (select * from unnest($1::text[], $2::bigint[]))
        "#,
        &column(blueprints, |b| b.blueprint.name.as_str()) as _,
        &column(blueprints, |b| i64::from(b.blueprint.version)),
    )
    .fetch_all(conn)
    .await?;
    let entry = |name, version, hash| (BlueprintRef { name, version }, hash);
    Ok(rows.into_iter().map(|row| entry(row.name.0, row.version.0, row.hash.0)).collect())
}

/// A published version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlueprintVersion {
    /// Its name and version.
    pub blueprint: BlueprintRef,
    /// The SHA-256 of what it means.
    pub hash: Hash,
    /// The library it was published with first.
    pub library: Hash,
    /// When.
    pub published_at: Timestamp,
    /// What an order of it must carry, for display.
    pub signature: Value,
}

struct VersionColumns {
    name: Word<BlueprintName>,
    version: Whole<u32>,
    hash: Word<Hash>,
    library_hash: Word<Hash>,
    published_at: At,
    signature: Json<Value>,
}

impl From<VersionColumns> for BlueprintVersion {
    fn from(row: VersionColumns) -> Self {
        Self {
            blueprint: BlueprintRef { name: row.name.0, version: row.version.0 },
            hash: row.hash.0,
            library: row.library_hash.0,
            published_at: row.published_at.0,
            signature: row.signature.0,
        }
    }
}

/// The version asked for, or the newest of that name. None if there is none.
///
/// # Errors
/// Postgres is away, or the stored version can't be read.
pub async fn load_blueprint(
    conn: &mut PgConnection,
    name: &BlueprintName,
    version: Option<u32>,
) -> Result<Option<BlueprintVersion>, DatabaseError> {
    let row = sqlx::query_as!(
        VersionColumns,
        r#"
        select
            name as "name: _", version as "version: _", hash as "hash: _", library_hash as "library_hash: _",
            published_at as "published_at: _", signature as "signature: _"
        from blueprint_versions
        where name = $1 and version = coalesce($2, version)
        order by version desc
        limit 1
        "#,
        name.as_str(),
        version.map(i64::from),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("load a blueprint"))?;
    Ok(row.map(Into::into))
}

/// The newest version of every blueprint, by name; at most 1,000.
///
/// # Errors
/// Postgres is away, or a stored version can't be read.
pub async fn newest_blueprints(conn: &mut PgConnection) -> Result<Vec<BlueprintVersion>, DatabaseError> {
    let rows = sqlx::query_as!(
        VersionColumns,
        r#"
        select distinct on (name)
            name as "name: _", version as "version: _", hash as "hash: _", library_hash as "library_hash: _",
            published_at as "published_at: _", signature as "signature: _"
        from blueprint_versions
        order by name, version desc
        limit $1
        "#,
        i64::from(PAGE),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("load the newest blueprints"))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Every published version, by name and version, from the first or after `after`; at most 1,000.
///
/// # Errors
/// Postgres is away, or a stored version can't be read.
pub async fn list_blueprints(
    conn: &mut PgConnection,
    after: Option<&BlueprintRef>,
) -> Result<Vec<BlueprintVersion>, DatabaseError> {
    let rows = sqlx::query_as!(
        VersionColumns,
        r#"
        select
            name as "name: _", version as "version: _", hash as "hash: _", library_hash as "library_hash: _",
            published_at as "published_at: _", signature as "signature: _"
        from blueprint_versions
        where (name, version) > ($1, $2)
        order by name, version
        limit $3
        "#,
        after.map_or("", |blueprint| blueprint.name.as_str()),
        after.map_or(0, |blueprint| i64::from(blueprint.version)),
        i64::from(PAGE),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("list blueprints"))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// A published library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// File name to text.
    pub sources: BTreeMap<String, String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who published it.
    pub published_by: Actor,
}

/// The library of this hash.
///
/// # Errors
/// Postgres is away, or the stored library can't be read.
pub async fn load_library(conn: &mut PgConnection, hash: &Hash) -> Result<Option<Library>, DatabaseError> {
    let row = sqlx::query!(
        r#"
        select
            sources as "sources: Json<BTreeMap<String, String>>", published_at as "published_at: At",
            published_by as "published_by: Word<Actor>"
        from libraries
        where hash = $1
        "#,
        hash.as_str(),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("load a library"))?;
    Ok(row.map(|row| Library {
        sources: row.sources.0,
        published_at: row.published_at.0,
        published_by: row.published_by.0,
    }))
}
