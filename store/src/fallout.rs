//! Finds what waits for people over all orders: held tasks, undos that failed, tasks that a person does, orders that are paused.
//!
//! What waits in an order whose workflow was ended from outside is left out: nobody can act on it there.

use model::{
    Actor, BlueprintName, BlueprintRef, Customer, ExternalId, Hash, HoldFor, OperationName, OrderId,
    RoleName, SystemName, TaskId, TaskState, Value,
};
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::attempts::AttemptOutcome;
use crate::columns::{At, Whole, Word, column, text};
use crate::database::{DatabaseError, cannot};
use crate::tasks::CallError;
use crate::work_item::{
    FalloutFilter, Person, WorkCursor, WorkExample, WorkGroup, WorkItem, WorkKey, WorkKind, WorkPage,
};

/// Most work items on one page of a list, and most groups of alike ones.
pub const FALLOUT_PAGE: u32 = 200;

/// Selects from `work`: the work items that a filter lets through. What follows that, and its arguments from `$15` on.
macro_rules! select_work {
    ($columns:ident, $filter:expr, $rest:literal, $($argument:expr),* $(,)?) => {{
        let filter: &FalloutFilter = $filter;
        let (kinds, people) = (&filter.kinds, &filter.waits_for);
        let kinds = column(kinds, |kind| kind.as_str());
        let people = column(people, |who| who.as_str());
        let among = filter.among.as_deref();
        let orders = among.map(|tasks| column(tasks, |(order, _)| order.uuid()));
        let tasks = among.map(|tasks| column(tasks, |(_, task)| task.to_string()));
        sqlx::query_as!(
            $columns,
            r#"
            with waiting as (
                select
                    order_id, task, person_since as since,
                    case
                        when state = 'undo_failed' then 'undo_failed'
                        when hold_for is not null then 'held'
                        else 'manual'
                    end as kind,
                    case when hold_for is null then role end as role, hold_for,
                    case when state = 'undo_failed' then undo_call else call end as call,
                    case when hold_for is null then waiting_for else reason end as reason
                from tasks
                where person_since is not null
                union all
                select
                    orders.id, paused_task, paused_at, 'paused', null, paused_for, tasks.call, paused_reason
                from orders
                join tasks on tasks.order_id = orders.id and tasks.task = orders.paused_task
                where paused_at is not null and tasks.person_since is null
            ),
            work as (
                select
                    waiting.order_id, waiting.task, since, kind, waiting.role, waiting.hold_for, waiting.call,
                    coalesce(waiting.reason, '') as reason, orders.external_id, orders.blueprint_name,
                    orders.blueprint_version, orders.blueprint_hash, orders.customer_id, orders.customer_name, orders.at_risk_since,
                    orders.overdue_since,
                    case when kind = 'paused' then orders.paused_by end as paused_by
                from waiting
                join orders on orders.id = waiting.order_id
                where orders.ended_at is null and orders.stopped_at is null
                  and ($1::text[] is null or kind = any($1))
                  and ($2::text[] is null or coalesce(waiting.hold_for, 'role') = any($2))
                  and ($3::text is null or waiting.role = $3)
                  and ($4::text is null or starts_with(waiting.call, $4 || '.'))
                  and ($5::text is null or split_part(waiting.call, '.', 2) = $5)
                  and ($6::text is null or strpos(lower(waiting.reason), lower($6)) > 0)
                  and ($7::text is null or reason_pattern(coalesce(waiting.reason, '')) = $7)
                  and ($8::text is null or orders.blueprint_name = $8)
                  and ($9::text is null or orders.customer_id = $9)
                  and ($10::uuid is null or waiting.order_id = any (array(select order_family($10))))
                  and ($11::timestamptz is null or since <= $11)
                  and (
                      $12::uuid[] is null or exists (
                          select from unnest($12, $13::text[]) as wanted (order_id, task)
                          where wanted.order_id = waiting.order_id and wanted.task = waiting.task
                      )
                  )
                  and not ($14 and kind = 'paused' and orders.paused_by is not null)
            )
            "# + $rest,
            (!kinds.is_empty()).then_some(kinds.as_slice()) as _,
            (!people.is_empty()).then_some(people.as_slice()) as _,
            filter.role.as_ref().map(RoleName::as_str),
            filter.system.as_ref().map(SystemName::as_str),
            filter.operation.as_ref().map(OperationName::as_str),
            filter.reason.as_deref().map(text) as _,
            filter.pattern.as_deref().map(text) as _,
            filter.blueprint.as_ref().map(BlueprintName::as_str),
            filter.customer.as_deref().map(text) as _,
            filter.order.map(|order| order.uuid()),
            filter.before.map(At) as _,
            orders.as_deref() as _,
            tasks.as_deref() as _,
            filter.no_pause_of_person,
            $($argument),*
        )
    }};
}

struct WorkColumns {
    order_id: Uuid,
    external_id: Option<Word<ExternalId>>,
    blueprint_name: Word<BlueprintName>,
    blueprint_version: Whole<u32>,
    blueprint_hash: Word<Hash>,
    customer_id: String,
    customer_name: Option<String>,
    at_risk_since: Option<At>,
    overdue_since: Option<At>,
    task: Word<TaskId>,
    title: String,
    state: Word<TaskState>,
    kind: Word<WorkKind>,
    hold_for: Option<Word<HoldFor>>,
    role: Option<Word<RoleName>>,
    paused_by: Option<Word<Actor>>,
    call: Option<String>,
    reason: String,
    since: At,
    until: Option<At>,
    attempts: Whole<u32>,
    last_attempt: Option<Whole<u32>>,
    last_ended_at: Option<At>,
    outcome: Option<Word<AttemptOutcome>>,
    error: Option<String>,
    begun: Option<Json<Value>>,
}

impl TryFrom<WorkColumns> for WorkItem {
    type Error = sqlx::Error;
    fn try_from(row: WorkColumns) -> Result<Self, sqlx::Error> {
        let arguments = row.begun.and_then(|data| data.0.field("arguments").cloned()).unwrap_or_default();
        Ok(Self {
            order: OrderId::new(row.order_id),
            external_id: row.external_id.map(|id| id.0),
            blueprint: BlueprintRef { name: row.blueprint_name.0, version: row.blueprint_version.0 },
            blueprint_hash: row.blueprint_hash.0,
            customer: Customer { id: row.customer_id, name: row.customer_name },
            at_risk_since: row.at_risk_since.map(|at| at.0),
            overdue_since: row.overdue_since.map(|at| at.0),
            person: person(row.hold_for, row.role)?,
            paused_by: row.paused_by.map(|by| by.0),
            task: row.task.0,
            title: row.title,
            state: row.state.0,
            kind: row.kind.0,
            call: row.call,
            reason: row.reason,
            since: row.since.0,
            until: row.until.map(|at| at.0),
            attempts: row.attempts.0,
            last_error: CallError::of(row.last_attempt, row.last_ended_at, row.outcome, row.error),
            arguments,
        })
    }
}

/// Whom a row waits for. There is always somebody.
fn person(hold_for: Option<Word<HoldFor>>, role: Option<Word<RoleName>>) -> Result<Person, sqlx::Error> {
    let person = hold_for.map(|who| Person::Holder(who.0)).or_else(|| role.map(|role| Person::Role(role.0)));
    person.ok_or_else(|| sqlx::Error::Decode("a work item waits for nobody".into()))
}

/// Lists work items, the one that has waited longest first, from the first or after `after`, at most `limit` and at most
/// [`FALLOUT_PAGE`]. Not to be called within a transaction: it begins its own.
///
/// # Errors
/// Postgres is away, or a stored value can't be read.
pub async fn list_fallout(
    conn: &mut PgConnection,
    filter: &FalloutFilter,
    after: Option<&WorkCursor>,
    limit: u32,
) -> Result<WorkPage, DatabaseError> {
    let limit = limit.clamp(1, FALLOUT_PAGE);
    let mut tx = conn.begin().await.map_err(cannot("begin to list work items"))?;
    plan_for_this_filter(&mut tx).await?;
    let rows = select_items(&mut tx, filter, after, limit).await;
    let rows = rows.map_err(cannot("list work items"))?;
    tx.commit().await.map_err(cannot("finish listing work items"))?;
    let items = rows.into_iter().map(WorkItem::try_from).collect::<Result<Vec<_>, _>>();
    let mut items = items.map_err(cannot("read work items"))?;
    let more = items.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        items.pop();
    }
    let next = items.last().filter(|_| more);
    let next = next.map(|last| WorkCursor { since: last.since, order: last.order, task: last.task.clone() });
    Ok(WorkPage { items, next })
}

/// One statement for every combination of filters: planned for the one at hand, it uses that one's index.
async fn plan_for_this_filter(conn: &mut PgConnection) -> Result<(), DatabaseError> {
    sqlx::query!("set local plan_cache_mode = force_custom_plan")
        .execute(conn)
        .await
        .map_err(cannot("prepare to look for work items"))?;
    Ok(())
}

/// One more than `limit`, to see whether there are more.
async fn select_items(
    conn: &mut PgConnection,
    filter: &FalloutFilter,
    after: Option<&WorkCursor>,
    limit: u32,
) -> Result<Vec<WorkColumns>, sqlx::Error> {
    select_work!(
        WorkColumns,
        filter,
        r#",
        page as (
            select * from work
            where $15::timestamptz is null or (since, order_id, task) > ($15, $16::uuid, $17::text)
            order by since, order_id, task
            limit $18
        )
        select
            page.order_id as "order_id!", external_id as "external_id: _", blueprint_name as "blueprint_name!: _",
            blueprint_version as "blueprint_version!: _", blueprint_hash as "blueprint_hash!: _", customer_id as "customer_id!", customer_name,
            at_risk_since as "at_risk_since: _", overdue_since as "overdue_since: _", page.task as "task!: _",
            t.title as "title!", t.state as "state!: _", kind as "kind!: _", page.hold_for as "hold_for: _",
            page.role as "role: _", paused_by as "paused_by: _", page.call,
            page.reason as "reason!", since as "since!: _", t.until as "until: _",
            coalesce(made.attempts, 0) as "attempts!: _", last.attempt as "last_attempt?: _",
            last.ended_at as "last_ended_at?: _", last.outcome as "outcome?: _", last.error as "error?",
            begun.data as "begun?: _"
        from page
        join tasks t on t.order_id = page.order_id and t.task = page.task
        left join lateral (
            select max(attempt) as attempts from task_attempts a
            where a.order_id = t.order_id and a.task = t.task and a.generation = t.generation
              and a.direction = case when kind = 'undo_failed' then 'undo' else 'forward' end
        ) made on true
        left join lateral (
            select attempt, ended_at, outcome, error from task_attempts a
            where a.order_id = t.order_id and a.task = t.task and a.generation = t.generation
              and a.direction = case when kind = 'undo_failed' then 'undo' else 'forward' end
              and a.ended_at is not null
            order by attempt desc
            limit 1
        ) last on true
        left join order_events begun on begun.order_id = t.order_id
            and begun.number = case when kind = 'undo_failed' then t.undo_event else t.begun_event end
        order by since, page.order_id, page.task
        "#,
        after.map(|cursor| At(cursor.since)) as _,
        after.map(|cursor| cursor.order.uuid()),
        after.map(|cursor| cursor.task.to_string()),
        i64::from(limit) + 1,
    )
    .fetch_all(conn)
    .await
}

struct GroupColumns {
    kind: Word<WorkKind>,
    hold_for: Option<Word<HoldFor>>,
    role: Option<Word<RoleName>>,
    is_paused_by_person: bool,
    call: Option<String>,
    pattern: String,
    count: Whole<u64>,
    orders: Whole<u64>,
    at_risk: Whole<u64>,
    newest: At,
    order_id: Uuid,
    task: Word<TaskId>,
    reason: String,
    since: At,
}

impl TryFrom<GroupColumns> for WorkGroup {
    type Error = sqlx::Error;
    fn try_from(row: GroupColumns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.kind.0,
            person: person(row.hold_for, row.role)?,
            is_paused_by_person: row.is_paused_by_person,
            call: row.call,
            pattern: row.pattern,
            count: row.count.0,
            orders: row.orders.0,
            at_risk: row.at_risk.0,
            newest: row.newest.0,
            oldest: WorkExample {
                order: OrderId::new(row.order_id),
                task: row.task.0,
                reason: row.reason,
                since: row.since.0,
            },
        })
    }
}

/// Counts alike work items: the largest groups first, at most `limit` and at most [`FALLOUT_PAGE`].
///
/// # Errors
/// Postgres is away, or a stored value can't be read.
pub async fn group_fallout(
    conn: &mut PgConnection,
    filter: &FalloutFilter,
    limit: u32,
) -> Result<Vec<WorkGroup>, DatabaseError> {
    let rows = select_work!(
        GroupColumns,
        filter,
        r#"
        select
            kind as "kind!: _", hold_for as "hold_for: _", role as "role: _",
            paused_by is not null as "is_paused_by_person!", call,
            reason_pattern(reason) as "pattern!", count(*) as "count!: _",
            count(distinct order_id) as "orders!: _",
            count(*) filter (where at_risk_since is not null or overdue_since is not null) as "at_risk!: _",
            max(since) as "newest!: _",
            (array_agg(order_id order by since, order_id, task))[1] as "order_id!",
            (array_agg(task order by since, order_id, task))[1] as "task!: _",
            (array_agg(reason order by since, order_id, task))[1] as "reason!",
            min(since) as "since!: _"
        from work
        group by kind, hold_for, role, paused_by is not null, call, reason_pattern(reason)
        order by count(*) desc, min(since), kind, hold_for, role, paused_by is not null, call, reason_pattern(reason)
        limit $15
        "#,
        i64::from(limit.clamp(1, FALLOUT_PAGE)),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("group work items"))?;
    let groups = rows.into_iter().map(WorkGroup::try_from).collect::<Result<Vec<_>, _>>();
    groups.map_err(cannot("read groups of work items"))
}

/// Which tasks wait for a person, those that have waited longest first, at most `limit`.
///
/// # Errors
/// Postgres is away, or a stored value can't be read.
pub async fn find_fallout(
    conn: &mut PgConnection,
    filter: &FalloutFilter,
    limit: u32,
) -> Result<Vec<WorkKey>, DatabaseError> {
    struct Row {
        order_id: Uuid,
        task: Word<TaskId>,
        kind: Word<WorkKind>,
        is_paused_by_person: bool,
    }
    let rows = select_work!(
        Row,
        filter,
        r#"
        select
            order_id as "order_id!", task as "task!: _", kind as "kind!: _",
            paused_by is not null as "is_paused_by_person!"
        from work
        order by since, order_id, task
        limit $15
        "#,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("find work items"))?;
    let key = |row: Row| WorkKey {
        order: OrderId::new(row.order_id),
        task: row.task.0,
        kind: row.kind.0,
        is_paused_by_person: row.is_paused_by_person,
    };
    Ok(rows.into_iter().map(key).collect())
}
