//! Connections: made once, paused and resumed, and waiting for a script.
//!
//! Not here: what their runs do.

use super::*;

const CREATES: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_creates_of_one_anchor_at_once_make_one_connection() {
    for bench in benches().await {
        let page = PageRequest { after: None, limit: 1 };
        let entity = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
        let create = |_| {
            let new = NewConnection { anchor: "institution:harbour".into(), ..bench.new_connection(entity) };
            let store = bench.store.clone();
            tokio::spawn(async move { store.create_or_return_connection(new, now()).await })
        };
        let made = futures::future::join_all((0..CREATES).map(create)).await;
        let (mut created, mut ids) = (0, std::collections::BTreeSet::new());
        for made in made {
            match made.expect("it ended").expect("a connection") {
                CreatedOrReturned::Created(connection) => {
                    created += 1;
                    ids.insert(connection.id);
                }
                CreatedOrReturned::Returned(connection) => {
                    ids.insert(connection.id);
                }
            }
        }
        assert_eq!((created, ids.len()), (1, 1), "{}", bench.name);
        let page = PageRequest { after: None, limit: 10 };
        let all = bench.store.connections(bench.organization, ConnectionFilter::default(), page).await;
        assert_eq!(all.expect("connections").len(), 1);
    }
}

#[tokio::test]
async fn a_pause_ends_the_run_and_keeps_the_credentials() {
    for bench in benches().await {
        let new = NewWebhook {
            id: WebhookId(Uuid::now_v7()),
            organization_id: bench.organization,
            url: "https://hooks.example/in".parse().expect("a URL"),
            events: vec!["connection.status_changed".into()],
            secret_sealed: vec![1],
            metadata: Metadata::new(),
        };
        let (id, run) = (bench.active().await, RunId(Uuid::now_v7()));
        bench.store.create_webhook(new, 10, now()).await.expect("a webhook");
        bench.store.request_sync(bench.organization, id, run, now()).await.expect("a run");
        bench.grant(run, 2).await.expect("granted");
        let pause = async || bench.store.pause_connection(bench.organization, id, now()).await;
        assert_eq!(pause().await.expect("paused"), Some(run), "{}", bench.name);
        assert_eq!(bench.status(id).await, ConnectionStatus::Paused);
        let late = bench.store.complete(run, proof(2), handed_in(&[account(vec![transaction("tea")])]), now()).await;
        assert!(matches!(late, Err(Refused::LeaseLost)), "{late:?}");
        assert!(bench.store.credentials(bench.organization, id).await.expect("an answer").is_some());
        assert!(matches!(pause().await, Err(Refused::IllegalEvent(_))), "it is paused");
        let synced = bench.store.request_sync(bench.organization, id, RunId(Uuid::now_v7()), now()).await;
        assert!(matches!(synced, Err(Refused::NotActive(ConnectionStatus::Paused))), "{synced:?}");

        let next = RunId(Uuid::now_v7());
        let resume = async |run| bench.store.resume_connection(bench.organization, id, run, now()).await;
        let queued = resume(next).await.expect("resumed");
        assert_eq!((queued.id, queued.connection_id), (next, id));
        assert_eq!(bench.status(id).await, ConnectionStatus::Active);
        assert!(matches!(resume(RunId(Uuid::now_v7())).await, Err(Refused::IllegalEvent(_))), "it isn't paused");
        assert!(bench.grant(next, 3).await.is_some());

        let page = PageRequest { after: None, limit: 100 };
        let events = bench.store.connection_events(bench.organization, id, page).await.expect("events");
        let last: Vec<_> =
            events.iter().rev().take(2).map(|event| (event.cause.as_str(), event.status.as_str())).collect();
        assert_eq!(last, [("resumed", "active"), ("paused", "paused")], "{}", bench.name);
        let told = bench.claim_due(10).await;
        let told: Vec<_> = told.iter().map(|delivery| delivery.data["status"].as_str()).collect();
        assert_eq!(told, [Some("paused"), Some("active")], "{}", bench.name);
    }
}

#[tokio::test]
async fn a_connection_that_was_never_active_is_not_paused() {
    for bench in benches().await {
        let (id, _) = bench.activating().await;
        let refused = bench.store.pause_connection(bench.organization, id, now()).await;
        assert!(matches!(refused, Err(Refused::IllegalEvent(_))), "{}: {refused:?}", bench.name);
        assert_eq!(bench.store.open_runs(None, 10).await.expect("runs").len(), 1, "and its run goes on");
    }
}

#[tokio::test]
async fn portals_that_nobody_has_described_are_counted() {
    for bench in benches().await {
        let other = bench.neighbour().await;
        let create = async |bench: &Bench, url: &str, at: Timestamp| {
            let page = PageRequest { after: None, limit: 1 };
            let entity = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
            let portal_url = url.parse().expect("a URL");
            let new = NewConnection { institution_id: None, portal_url, ..bench.new_connection(entity) };
            let id = new.id;
            bench.store.create_or_return_connection(new, at).await.expect("a connection");
            id
        };
        let (early, late) = (now() - SignedDuration::from_hours(1), now());
        create(&bench, "https://small.example/login", late).await;
        create(&bench, "https://big.example/", late).await;
        create(&bench, "https://big.example/business", early).await;
        create(&other, "https://big.example:8443/", early).await;
        create(&other, "https://big.example/", late).await;
        let gone = create(&bench, "https://gone.example/", early).await;
        bench.store.revoke_connection(bench.organization, gone, now()).await.expect("revoked");
        bench.connection().await;
        let portals = bench.store.portals_without_institution().await.expect("portals");
        let portal = |origin: &str, connections, organizations, oldest: Timestamp| UnknownPortal {
            origin: origin.into(),
            connections,
            organizations,
            oldest_created_at: Timestamp::from_millisecond(oldest.as_millisecond()).expect("a moment"),
        };
        let expected = [
            portal("https://big.example", 3, 2, early),
            portal("https://big.example:8443", 1, 1, early),
            portal("https://small.example", 1, 1, late),
        ];
        assert_eq!(portals, expected, "{}", bench.name);
    }
}

#[tokio::test]
async fn between_an_institution_s_record_and_its_script_the_same_request_returns_the_connection_that_waits() {
    for bench in benches().await {
        let page = PageRequest { after: None, limit: 1 };
        let entity = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
        let at_portal = "portal:https://bank.example/";
        let new = || bench.new_connection(entity);
        let before = || NewConnection { anchor: at_portal.into(), institution_id: None, ..new() };
        let after =
            || NewConnection { anchor: "institution:harbour".into(), waiting_anchor: Some(at_portal.into()), ..new() };
        let create = async |new: NewConnection| match bench
            .store
            .create_or_return_connection(new, now())
            .await
            .expect("an answer")
        {
            CreatedOrReturned::Created(made) => ("created", made.id),
            CreatedOrReturned::Returned(there) => ("returned", there.id),
        };
        let (_, waits) = create(before()).await;
        assert_eq!(create(after()).await, ("returned", waits), "{}", bench.name);
        let page = bench.store.connections_without_institution(None, 10).await.expect("connections");
        let given = bench.store.give_institution(&page[0], "harbour", "institution:harbour", now()).await;
        assert!(given.expect("an answer"));
        assert_eq!(create(after()).await, ("returned", waits), "it has its institution");
        bench.store.revoke_connection(bench.organization, waits, now()).await.expect("revoked");
        let (how, made) = create(after()).await;
        assert_eq!(how, "created");
        assert_eq!(create(before()).await.0, "created", "an address that nobody knows is another connection");
        assert_eq!(create(after()).await, ("returned", made), "whoever has the institution is returned first");
    }
}

#[tokio::test]
async fn an_institution_is_given_once_and_to_nobody_who_is_gone_or_has_it_already() {
    for bench in benches().await {
        let page = PageRequest { after: None, limit: 1 };
        let entity = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
        let wait = async || {
            let new = NewConnection { institution_id: None, ..bench.new_connection(entity) };
            let (id, organization_id) = (new.id, bench.organization);
            let portal_url = new.portal_url.clone();
            bench.store.create_or_return_connection(new, now()).await.expect("a connection");
            WaitingConnection { id, organization_id, portal_url }
        };
        let give = async |waiting: &WaitingConnection| {
            bench.store.give_institution(waiting, "harbour", "institution:harbour", now()).await.expect("an answer")
        };
        let revoked = wait().await;
        bench.store.revoke_connection(bench.organization, revoked.id, now()).await.expect("revoked");
        assert!(!give(&revoked).await, "{}", bench.name);
        let first = wait().await;
        assert!(give(&first).await);
        assert!(!give(&first).await, "twice is once");
        let second = wait().await;
        assert!(!give(&second).await, "the entity has one at that institution");
        let left = bench.store.connections_without_institution(None, 10).await.expect("connections");
        assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [second.id], "it waits as it did");
        let nobodys = WaitingConnection { id: ConnectionId(Uuid::now_v7()), ..second };
        assert!(!give(&nobodys).await, "it went with its entity");
        let history = bench.store.connection(bench.organization, first.id).await.expect("a connection");
        assert_eq!(history.institution_id.as_deref(), Some("harbour"));
    }
}
