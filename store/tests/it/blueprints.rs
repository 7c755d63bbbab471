//! Publishing: a version never changes.

use model::{Actor, BlueprintRef};
use sqlx::{PgConnection, PgPool};
use store::{
    NewLibrary, PublishError, Published, list_blueprints, load_blueprint, load_library, newest_blueprints,
    publish_library,
};

use crate::fixture::{at, blueprints, hash, sources};

async fn publish(
    conn: &mut PgConnection,
    library: char,
    versions: &[(&str, char)],
) -> Result<Published, PublishError> {
    let (hash, sources, blueprints) = (hash(library), sources(), blueprints(versions));
    let by = Actor::new("grace");
    let library = NewLibrary { hash: &hash, sources: &sources, blueprints: &blueprints, by: &by };
    publish_library(conn, &library, at(1)).await
}

fn names(blueprints: &[BlueprintRef]) -> Vec<String> {
    blueprints.iter().map(ToString::to_string).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn publishing_again_changes_nothing(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let first = publish(conn, '1', &[("b@1", 'b'), ("a@1", 'a')]).await.unwrap();
    assert_eq!((names(&first.new), names(&first.known)), (vec!["a@1".into(), "b@1".into()], vec![]));
    let again = publish(conn, '1', &[("b@1", 'b'), ("a@1", 'a')]).await.unwrap();
    assert_eq!((names(&again.new), names(&again.known)), (vec![], vec!["a@1".into(), "b@1".into()]));
    let more = publish(conn, '2', &[("a@1", 'a'), ("a@2", 'c')]).await.unwrap();
    assert_eq!((names(&more.new), names(&more.known)), (vec!["a@2".to_owned()], vec!["a@1".to_owned()]));

    let old = load_blueprint(conn, &"a".parse().unwrap(), Some(1)).await.unwrap().unwrap();
    assert_eq!((old.hash, old.library), (hash('a'), hash('1')), "it stays with the library it came in");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_changed_version_is_refused_with_all_others_like_it(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    publish(conn, '1', &[("a@1", 'a'), ("b@1", 'b'), ("c@1", 'c')]).await.unwrap();
    let refused = publish(conn, '2', &[("a@1", 'd'), ("b@1", 'b'), ("c@1", 'e'), ("d@1", 'd')]).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.to_string(), "`a@1`, `c@1` are published already with other content");
    let PublishError::Conflicts(conflicts) = refused else { panic!("{refused:?}") };
    assert_eq!((&conflicts[0].published, &conflicts[0].found), (&hash('a'), &hash('d')));
    assert_eq!(
        load_blueprint(conn, &"d".parse().unwrap(), None).await.unwrap(),
        None,
        "nothing is published"
    );
    assert_eq!(load_library(conn, &hash('2')).await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_newest_version_is_the_one_with_the_highest_number(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    publish(conn, '1', &[("a@10", 'a'), ("a@9", 'b'), ("b@1", 'c')]).await.unwrap();
    let newest = load_blueprint(conn, &"a".parse().unwrap(), None).await.unwrap().unwrap();
    assert_eq!(newest.blueprint.to_string(), "a@10");
    let all = newest_blueprints(conn).await.unwrap();
    assert_eq!(all.iter().map(|b| b.blueprint.to_string()).collect::<Vec<_>>(), ["a@10", "b@1"]);
    let listed = list_blueprints(conn, None).await.unwrap();
    assert_eq!(listed.iter().map(|b| b.blueprint.to_string()).collect::<Vec<_>>(), ["a@9", "a@10", "b@1"]);
    let rest = list_blueprints(conn, Some(&listed[1].blueprint)).await.unwrap();
    assert_eq!(rest, listed[2..]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_library_is_read_back_as_it_was_sent(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    publish(conn, '1', &[("a@1", 'a')]).await.unwrap();
    let library = load_library(conn, &hash('1')).await.unwrap().unwrap();
    assert_eq!((library.sources, library.published_at), (sources(), at(1)));
    assert_eq!(library.published_by, Actor::new("grace"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_racing_contents_one_is_published(pool: PgPool) {
    let racers = ['a', 'b', 'c', 'd'].map(|digit| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut conn = pool.acquire().await.unwrap();
            publish(&mut conn, digit, &[("a@1", digit), ("b@1", 'f')]).await.is_ok()
        })
    });
    let mut published = 0;
    for racer in racers {
        published += u32::from(racer.await.unwrap());
    }
    assert_eq!(published, 1);
}
