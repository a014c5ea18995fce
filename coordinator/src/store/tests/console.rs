//! What the console reads: across organizations, narrowed to those that somebody reaches.
//!
//! Not here: the pages.

use domain::connection::ConnectionStatus;
use domain::failure::Fault;

use super::*;

#[tokio::test]
async fn connections_are_found_by_what_names_them_and_by_nobody_who_doesnt_reach_them() {
    for bench in benches().await {
        let store = &bench.store;
        let other = add_organization(&**store, "other").await;
        let mut made = Vec::new();
        for organization in [bench.organization, bench.organization, other] {
            let page = PageRequest { after: None, limit: 1 };
            let entity = store.entities(organization, None, page).await.expect("entities").remove(0).id;
            let new = NewConnection { organization_id: organization, ..bench.new_connection(entity) };
            store.create_or_return_connection(new.clone(), now()).await.expect("made");
            made.push((new.id, entity));
        }
        let found = async |reach: &Reach, filter: FoundFilter, after: Option<Uuid>| {
            let page = PageRequest { after, limit: 2 };
            let found = store.found_connections(reach, filter, page).await.expect("found");
            found.into_iter().map(|one| one.connection.id).collect::<Vec<_>>()
        };
        let (first, entity) = made[0];
        let (second, third) = (made[1].0, made[2].0);
        let none = FoundFilter::default;
        assert_eq!(found(&Reach::All, none(), None).await, [third, second], "the latest first on {}", bench.name);
        assert_eq!(found(&Reach::All, none(), Some(second.0)).await, [first]);
        let own = Reach::Tenants(vec![bench.organization, OrganizationId(Uuid::nil())]);
        assert_eq!(found(&own, none(), None).await, [second, first]);
        let key = |key: &str| FoundFilter { key: Some(key.into()), ..none() };
        assert_eq!(found(&Reach::All, key(&first.to_string()), None).await, [first]);
        assert_eq!(found(&own, key(&entity.to_string()), None).await, [second, first]);
        assert_eq!(found(&own, key(&third.to_string()), None).await, []);
        assert_eq!(found(&Reach::Tenants(vec![other]), key("default"), None).await, [third]);
        // However many others call one of theirs the same.
        for namesake in 0..25 {
            add_organization(&**store, &format!("namesake-{namesake}")).await;
        }
        assert_eq!(found(&own, key("default"), None).await, [second, first]);
        let status = |status| FoundFilter { status: Some(status), ..none() };
        assert_eq!(found(&own, status(ConnectionStatus::Draft), None).await, [second, first]);
        assert_eq!(found(&own, status(ConnectionStatus::Active), None).await, []);
        let elsewhere = store.owned_connection(&own, third).await;
        assert!(matches!(elsewhere, Err(Refused::NotFound)));
        assert_eq!(store.count_connections(&own).await.expect("counted"), [(ConnectionStatus::Draft, 2)]);
        assert_eq!(store.count_connections(&Reach::All).await.expect("counted"), [(ConnectionStatus::Draft, 3)]);
        let happened = store.happened_after(Uuid::nil(), 10).await.expect("events");
        let ids: Vec<_> = happened.iter().map(|one| one.connection_id).collect();
        assert_eq!(ids, [first, second, third]);
        let later = store.happened_after(happened[1].event_id, 10).await.expect("events");
        assert_eq!(later.len(), 1);
    }
}

#[tokio::test]
async fn how_runs_ended_adds_up_and_is_forgotten() {
    for bench in benches().await {
        let store = &bench.store;
        let rows = [("harbour".to_owned(), None, 3), ("harbour".to_owned(), Some(Fault::Bank), 1)];
        for hour in [10, 10, 11] {
            store.add_outcomes(hour, &rows).await.expect("added");
        }
        let counted = async |since| {
            let counts = store.outcomes(since).await.expect("read");
            counts.into_iter().map(|one| (one.hour, one.fault, one.runs)).collect::<Vec<_>>()
        };
        let bank = Some(Fault::Bank);
        assert_eq!(counted(0).await, [(10, bank, 2), (10, None, 6), (11, bank, 1), (11, None, 3)], "{}", bench.name);
        assert_eq!(store.prune_outcomes(11).await.expect("pruned"), 2);
        assert_eq!(counted(0).await.len(), 2);
    }
}

#[tokio::test]
async fn lists_are_short_walks_however_many_connections_there_are() {
    const ROWS: i64 = 30_000;
    let benches = benches().await;
    let bench = benches.iter().find(|bench| bench.name == "postgres").expect("PostgreSQL");
    let first = bench.connection().await;
    let server = bench._ground.downcast_ref::<Database>().expect("the server");
    let pool = sqlx::PgPool::connect(&server.url()).await.expect("the server");
    // One in a thousand is at a rare bank, one in two thousand is paused.
    let many =
        "INSERT INTO connections (id, organization_id, entity_id, anchor, institution_id, portal_url, status, state,
                     instructions, metadata, created_at, updated_at)
         SELECT gen_random_uuid(), c.organization_id, c.entity_id, 'many:' || n,
             CASE WHEN n % 1000 = 0 THEN 'rare' ELSE c.institution_id END, c.portal_url,
             CASE WHEN n % 2000 = 0 THEN 'paused' ELSE 'active' END,
             CASE WHEN n % 2000 = 0 THEN '{\"status\":\"paused\"}' ELSE '{\"status\":\"active\"}' END,
             c.instructions, c.metadata, c.created_at, c.updated_at
         FROM connections c, generate_series(1, $1) n WHERE c.id = $2";
    sqlx::query(many).bind(ROWS).bind(first.0).execute(&pool).await.expect("many");
    sqlx::query("ANALYZE connections").execute(&pool).await.expect("analyzed");
    let read = async || {
        let rows = "SELECT COALESCE(idx_scan, 0), seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_user_tables
                    WHERE relname = 'connections'";
        sqlx::query_as::<_, (i64, i64)>(rows).fetch_one(&pool).await.expect("statistics")
    };
    let own = Reach::Tenants(vec![bench.organization, OrganizationId(Uuid::nil())]);
    let filters = [
        FoundFilter::default(),
        FoundFilter { status: Some(ConnectionStatus::Paused), ..FoundFilter::default() },
        FoundFilter { institution_id: Some("rare".into()), ..FoundFilter::default() },
        FoundFilter { key: Some(first.to_string()), ..FoundFilter::default() },
        FoundFilter { key: Some("nobody".into()), ..FoundFilter::default() },
    ];
    let (scans, rows) = read().await;
    for reach in [&Reach::All, &own] {
        for filter in &filters {
            let page = PageRequest { after: None, limit: 51 };
            bench.store.found_connections(reach, filter.clone(), page).await.expect("found");
        }
    }
    // A session says what it read when it is done for a while.
    let told = ::tests::patience::eventually(async || {
        let (now, _) = read().await;
        (now >= scans + 15).then_some(())
    });
    assert!(told.await.is_some(), "the database doesn't say what was read");
    let (_, after) = read().await;
    assert!(after - rows < ROWS / 10, "{} rows were read for ten short lists", after - rows);
}
