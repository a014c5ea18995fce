//! Two coordinators on one database and one Redis: whatever is asked of either is as if
//! there were one.
//!
//! Not here: one of them dying; the fleet's tests have that.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::postgres::Postgres;
use tests::receiver::Receiver;
use tests::redis::Redis;
use tests::world::{Fleet, Plan};

use crate::Outcome;

type Failure = Box<dyn std::error::Error>;

const TOKEN: &str = "a token that both of the coordinators know of";

/// How many connections the agents hand records in for.
const CONNECTIONS: usize = 12;

struct Pair {
    first: Fleet,
    second: Fleet,
    _postgres: Postgres,
    _redis: Redis,
    _folder: tempfile::TempDir,
}

impl Pair {
    async fn start() -> Result<Self, Failure> {
        let postgres = Postgres::start().await?;
        let folder = tempfile::tempdir()?;
        let redis = Redis::start(folder.path()).await?;
        let plan = || {
            Plan::new()
                .agents(0)
                .with("store.url", &postgres.url())
                .with("redis.url", &redis.url())
                .with("vault.master_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
                .with("agents.token", TOKEN)
                .with("challenge.resend_every", "1s")
                .with("rate_limit.burst", "100000")
        };
        let (first, second) = tokio::join!(plan().start(), plan().start());
        Ok(Self { first: first?, second: second?, _postgres: postgres, _redis: redis, _folder: folder })
    }

    /// The same key at either of them.
    async fn integrators(&self) -> Result<[Integrator; 2], Failure> {
        let first = self.first.integrator("default").await?;
        let second = Integrator::new(self.second.address(), first.key());
        Ok([first, second])
    }

    fn agents(&self) -> Vec<BareAgent> {
        let addresses = [self.first.address(), self.second.address()];
        addresses.iter().cycle().take(4).map(|address| BareAgent::at(address, TOKEN)).collect()
    }
}

#[tokio::test]
async fn fifty_creates_at_once_make_one_connection() -> Outcome {
    let pair = Pair::start().await?;
    let integrators = pair.integrators().await?;
    let entity = integrators[0].default_entity().await?;
    let asked = [
        json!({ "entityId": entity, "institutionId": "harbour" }),
        json!({ "entityId": entity, "portalUrl": format!("{}#here", pair.first.portal.url()) }),
    ];
    let calls = (0..50).map(|number| {
        // An address is the bank's own only where the coordinator knows it by that.
        let body = if number % 4 == 0 { &asked[1] } else { &asked[0] };
        integrators[number % 2].call(reqwest::Method::POST, "/v1/connections", Some(body))
    });
    let answers = try_join_all(calls).await?;
    assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status)), "{answers:#?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "one made it");
    let ids: BTreeSet<&str> = answers.iter().filter_map(|answer| answer.body["id"].as_str()).collect();
    assert_eq!(ids.len(), 1, "all were given the same");
    assert_eq!(integrators[1].list("/v1/connections").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_reader_of_the_stream_misses_nothing_while_many_write_at_both() -> Outcome {
    let pair = Pair::start().await?;
    let integrators = pair.integrators().await?;
    let heads = join_all(integrators.iter().map(|integrator| integrator.get("/v1/transactions/sync"))).await;
    for number in 0..CONNECTIONS {
        onboard(&integrators[number % 2], number).await?;
    }
    let writers = pair.agents().into_iter().enumerate().map(|(number, agent)| async move {
        let mut completed = 0;
        while let Some(held) = agent.acquire(3_000).await? {
            agent.complete(&held, &accounts(2, 25, &held.connection_id)).await?;
            completed += 1;
        }
        Ok::<_, Failure>((number, completed))
    });
    let readers = integrators.iter().zip(heads).map(|(reader, head)| async move {
        let mut cursor = head?["nextCursor"].as_str().unwrap_or_default().to_owned();
        let mut read = Vec::new();
        let whole = eventually(async || {
            let page = reader.get(&format!("/v1/transactions/sync?limit=37&cursor={cursor}")).await.ok()?;
            read.extend(page["events"].as_array().cloned().unwrap_or_default());
            page["nextCursor"].as_str()?.clone_into(&mut cursor);
            (read.len() >= CONNECTIONS * 2 * 25).then(|| read.clone())
        });
        whole.await.ok_or::<Failure>("the whole stream".into())
    });
    let (written, read) = tokio::join!(try_join_all(writers), try_join_all(readers));
    let completed: usize = written?.iter().map(|(_, completed)| completed).sum();
    assert_eq!(completed, CONNECTIONS, "each run was leased once");
    let read = read?;
    let truth: BTreeMap<String, Value> = by_id(integrators[0].list("/v1/transactions?limit=500").await?.iter());
    for events in &read {
        assert!(events.iter().all(|event| event["type"] == "added"), "{events:?}");
        assert_eq!(events.len(), truth.len(), "no event came twice");
        assert_eq!(by_id(events.iter().map(|event| &event["transaction"])), truth);
    }
    let order = |events: &[Value]| events.iter().map(|event| event["eventId"].clone()).collect::<Vec<_>>();
    assert_eq!(order(&read[0]), order(&read[1]), "both coordinators give one order");
    Ok(())
}

#[tokio::test]
async fn new_codes_that_are_asked_for_at_both_stay_within_the_budget_of_a_run() -> Outcome {
    let pair = Pair::start().await?;
    let integrators = pair.integrators().await?;
    onboard(&integrators[0], 0).await?;
    let agent = pair.agents().swap_remove(0);
    let held = agent.acquire(10_000).await?.ok_or("the activation")?;
    let challenge = agent.ask_with_resends(&held, 5).await?;
    let path = format!("/v1/connections/{}/challenges/{challenge}/resend", held.connection_id);
    // The settings allow two to a run, a second apart here; each round asks twice at either.
    let mut taken = 0;
    let spent = eventually(async || {
        let calls = (0..4).map(|number| integrators[number % 2].call(reqwest::Method::POST, &path, None));
        let answers = try_join_all(calls).await.ok()?;
        agent.renew(&held).await.ok()?;
        let now = answers.iter().filter(|answer| answer.status == 202).count();
        assert!(now <= 1, "one of those who ask at once has a code sent");
        taken += now;
        answers.iter().any(|answer| answer.body["code"] == "resends_spent").then_some(())
    });
    spent.await.ok_or("the budget never ends")?;
    assert_eq!(taken, 2);
    Ok(())
}

#[tokio::test]
async fn an_event_is_delivered_once_by_either() -> Outcome {
    let pair = Pair::start().await?;
    let integrators = pair.integrators().await?;
    let receiver = Receiver::start().await?;
    let events = json!({ "url": receiver.url(), "events": ["account.created"] });
    let webhook = integrators[0].post("/v1/webhooks", &events).await?;
    receiver.trust(webhook["webhook"]["secret"].as_str().unwrap_or_default());
    for number in 0..CONNECTIONS {
        onboard(&integrators[number % 2], number).await?;
    }
    let agents = pair.agents();
    try_join_all(agents.iter().map(|agent| async move {
        while let Some(held) = agent.acquire(3_000).await? {
            agent.complete(&held, &accounts(20, 0, &held.connection_id)).await?;
        }
        Ok::<_, Failure>(())
    }))
    .await?;
    let path = format!("/v1/webhooks/{}/deliveries", webhook["webhook"]["id"].as_str().unwrap_or_default());
    let settled = eventually(async || {
        let deliveries = integrators[1].list(&path).await.ok()?;
        let is_done = |delivery: &Value| delivery["status"] == "delivered";
        (deliveries.len() == CONNECTIONS * 20 && deliveries.iter().all(is_done)).then_some(deliveries)
    });
    let deliveries = settled.await.ok_or("every event is delivered")?;
    assert!(deliveries.iter().all(|delivery| delivery["attempts"] == 1), "at the first attempt");
    let received = receiver.received();
    assert!(received.iter().all(|delivery| delivery.is_verified));
    let ids: BTreeSet<&str> = received.iter().filter_map(|delivery| delivery.event["id"].as_str()).collect();
    assert_eq!((received.len(), ids.len()), (CONNECTIONS * 20, CONNECTIONS * 20), "each event once");
    Ok(())
}

async fn onboard(integrator: &Integrator, number: usize) -> Outcome {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": format!("entity-{number}") })).await?;
    let asked = json!({ "entityId": entity["entityId"], "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let path = format!("/v1/connections/{}", connection["id"].as_str().unwrap_or_default());
    integrator
        .put(&format!("{path}/credentials"), &json!({ "bankUsername": "a user", "password": "a password" }))
        .await?;
    integrator.put(&format!("{path}/setupCompletion"), &Value::Null).await?;
    Ok(())
}

fn by_id<'a>(transactions: impl Iterator<Item = &'a Value>) -> BTreeMap<String, Value> {
    transactions.map(|item| (item["id"].as_str().unwrap_or_default().to_owned(), item.clone())).collect()
}
