//! A coordinator with one of everything in it, on either store.
//!
//! Not here: a browser; a bare agent hands in the records.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::postgres::Postgres;
use tests::receiver::Receiver;
use tests::world::{Fleet, Plan};

type Failure = Box<dyn std::error::Error>;

/// A coordinator, its owner's key, and the ids of one of everything.
pub(crate) struct World {
    pub(crate) fleet: Fleet,
    pub(crate) owner: Integrator,
    /// By the name of the path's parameter.
    pub(crate) ids: BTreeMap<&'static str, String>,
    pub(crate) document: Value,
    _postgres: Option<Postgres>,
    _receiver: Receiver,
}

/// The same world on both stores.
pub(crate) async fn worlds() -> Result<[World; 2], Failure> {
    let postgres = Postgres::start().await?;
    let plan =
        || Plan::new().agents(0).with("rate_limit.requests_per_second", "100000").with("rate_limit.burst", "100000");
    let on_postgres = plan().with("store.url", &postgres.url());
    Ok([World::made(plan(), None).await?, World::made(on_postgres, Some(postgres)).await?])
}

impl World {
    async fn made(plan: Plan, postgres: Option<Postgres>) -> Result<Self, Failure> {
        let fleet = plan.start().await?;
        let owner = fleet.integrator("default").await?;
        let document = owner.get("/openapi.json").await?;
        let receiver = Receiver::start().await?;
        let mut ids = BTreeMap::new();
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("an id");

        let entity = owner.post("/v1/entities", &json!({ "externalEntityId": "contract" })).await?;
        ids.insert("entityId", text(&entity["entityId"])?);
        ids.insert("institutionId", "harbour".to_owned());
        let events = json!({ "url": receiver.url(), "events": ["connection.status_changed", "test"] });
        let webhook = owner.post("/v1/webhooks", &events).await?;
        ids.insert("webhookId", text(&webhook["webhook"]["id"])?);
        receiver.trust(&text(&webhook["webhook"]["secret"])?);

        // An activation that asks for a code, and then reads.
        let connection = owner.set_up("harbour", "contract", "a password").await?;
        let agent = BareAgent::of(&fleet)?;
        let held = agent.acquire(20_000).await?.ok_or("a lease")?;
        ids.insert("challengeId", agent.ask(&held).await?);
        agent.complete(&held, &accounts(2, 40, "contract")).await?;
        let first = |list: Vec<Value>, field: &str| {
            list.first().and_then(|item| item[field].as_str()).map(str::to_owned).ok_or("one of everything")
        };
        ids.insert("accountId", first(owner.list("/v1/accounts").await?, "id")?);
        ids.insert("transactionId", first(owner.list("/v1/transactions").await?, "id")?);
        let deliveries = format!("/v1/webhooks/{}/deliveries", ids["webhookId"]);
        let settled = eventually(async || {
            let deliveries = owner.list(&deliveries).await.ok()?;
            deliveries.iter().all(|delivery| delivery["status"] == "delivered").then_some(deliveries)
        });
        ids.insert("deliveryId", first(settled.await.ok_or("deliveries arrive")?, "id")?);
        ids.insert("connectionId", connection);
        Ok(Self { fleet, owner, ids, document, _postgres: postgres, _receiver: receiver })
    }

    /// A key of `organization` with these scopes alone.
    pub(crate) async fn key(&self, organization: &str, scopes: &[&str]) -> Result<Integrator, Failure> {
        let scopes = scopes.join(",");
        let arguments = ["key", "create", "--organization", organization, "--scopes", &scopes];
        let key = self.fleet.succeed(&arguments).await?;
        Ok(Integrator::new(self.fleet.address(), key.trim()))
    }

    /// The owner's id for a place in a path.
    pub(crate) fn id(&self, place: &str) -> String {
        let id = self.ids.get(place).cloned();
        assert!(id.is_some(), "say in `World::made` where the {place} of a call comes from");
        id.unwrap_or_default()
    }
}
