//! The world of the scale bench: two coordinators on one PostgreSQL and one Redis, a catalog of
//! many institutions, and as many connections as are asked for, put into the store in bulk.
//!
//! One connection is made through the API and activated by a bare agent; the others are copies
//! of its row, each of an entity of its own, spread over organizations and institutions. They
//! have no credentials: nobody opens them, and a row can't be copied that is sealed for one.
//!
//! Not here: what is measured.

use std::path::Path;

use serde_json::json;
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::postgres::Postgres;
use tests::redis::Redis;
use tests::world::{Fleet, Plan, scripts};

use super::database::Database;
use crate::Failure;
use crate::progress::Progress;
use ::tests::usage::cpu_seconds;

/// What both of the coordinators know of.
const AGENTS: &str = "the token of the agents of this bench";
const OPERATORS: &str = "the token of the operators of this bench";
const INSTITUTIONS: usize = 200;
const ORGANIZATIONS: usize = 200;

/// How often a connection is synced in a day.
pub(super) const A_DAY: f64 = 4.0;

pub(super) struct World {
    pub(super) coordinators: [Fleet; 2],
    pub(super) database: Database,
    pub(super) redis: Redis,
    pub(super) operator: Integrator,
    _postgres: Postgres,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn start() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let catalog = folder.path().join("catalog");
        write_catalog(&catalog)?;
        let postgres = Postgres::start().await?;
        let redis = Redis::start(folder.path()).await?;
        let plan = || {
            Plan::new()
                .agents(0)
                .with("store.url", &postgres.url())
                .with("redis.url", &redis.url())
                .with("catalog.folder", &catalog.display().to_string())
                .with("vault.master_key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
                .with("agents.token", AGENTS)
                .with("control.token", OPERATORS)
                // As they are where nobody is in a hurry.
                .with("lease.term", "15s")
                .with("lease.expire_every", "1s")
                .with("rate_limit.requests_per_second", "1000000")
                .with("rate_limit.burst", "1000000")
                .with("log.filter", "warn")
        };
        let coordinators = [plan().start().await?, plan().start().await?];
        let database = Database::of(&postgres).await?;
        let operator = Integrator::new(coordinators[0].address(), OPERATORS);
        Ok(Self { coordinators, database, redis, operator, _postgres: postgres, _folder: folder })
    }

    /// So many agents without a browser, half of them at each coordinator.
    pub(super) fn agents(&self, count: usize) -> Vec<BareAgent> {
        let first = [0, 1].map(|number: usize| BareAgent::at(self.coordinators[number].address(), AGENTS));
        (0..count).map(|number| first[number % 2].another()).collect()
    }

    /// The CPU time of both coordinators, in seconds.
    pub(super) fn coordinators_cpu(&self) -> f64 {
        let pids = self.coordinators.iter().filter_map(|fleet| fleet.coordinator.as_ref()?.pid());
        pids.map(cpu_seconds).sum()
    }

    /// Puts `count` connections in, the first `unplanned` of them without a next sync; the others
    /// are due from in an hour on, within the time between two syncs.
    pub(super) async fn fill(&self, count: usize, unplanned: usize, progress: &Progress) -> Result<(), Failure> {
        progress.say(format!("filling the store with {count} connections"));
        for number in 0..ORGANIZATIONS {
            self.operator.post("/control/v1/organizations", &json!({ "slug": format!("org-{number}") })).await?;
        }
        let integrator = self.coordinators[0].integrator("default").await?;
        let entity = integrator.default_entity().await?;
        let template = integrator.set_up_for(&entity, "bank-000", "template", "unused").await?;
        let agent = &self.agents(1)[0];
        let held = agent.acquire(20_000).await?.ok_or("a lease")?;
        agent.complete(&held, &accounts(1, 10, "template")).await?;
        let database = &self.database;
        // Ids in the order in which they were made, as the coordinator's own are.
        let id = |kind: char| {
            format!(
                "(lpad(to_hex(1764000000000 + n), 12, '0') || '7{kind}' || substr(md5(n::text), 1, 2) || '8' || \
                 substr(md5(n::text), 3, 15))::uuid"
            )
        };
        let organization = format!("o.ids[1 + (n / {INSTITUTIONS}) % {ORGANIZATIONS}]");
        let organizations = "(SELECT array_agg(id ORDER BY id) AS ids FROM organizations WHERE live_id IS NULL AND slug LIKE 'org-%') o";
        let entity_id = id('e');
        database
            .run(&format!(
                "INSERT INTO entities (id, organization_id, external_entity_id, is_default, name, contact_emails, \
                                       metadata, created_at, updated_at)
                 SELECT {entity_id}, {organization}, 'customer-' || n, FALSE, NULL, e.contact_emails, e.metadata, \
                        e.created_at, e.updated_at
                 FROM generate_series(1, {count}) n, {organizations}, (SELECT * FROM entities WHERE id = '{entity}') e"
            ))
            .await?;
        let (connection_id, between) = (id('c'), 86_400_000.0 / A_DAY);
        database
            .run(&format!(
                "INSERT INTO connections (id, organization_id, entity_id, anchor, institution_id, portal_url, status, \
                     state, activated_at, last_synced_at, instructions, metadata, created_at, updated_at, next_sync_at)
                 SELECT {connection_id}, {organization}, {entity_id}, c.anchor, \
                     'bank-' || lpad((n % {INSTITUTIONS})::text, 3, '0'), c.portal_url, c.status, c.state, \
                     c.activated_at, NULL, c.instructions, c.metadata, c.created_at, c.updated_at, \
                     CASE WHEN n > {unplanned} THEN (extract(epoch FROM now()) * 1000 + 3600000 \
                                                     + n::bigint * {between} / {count})::bigint END
                 FROM generate_series(1, {count}) n, {organizations}, (SELECT * FROM connections WHERE id = '{template}') c"
            ))
            .await?;
        // What a store that grew by and by has behind it: nothing of it is for the runs to pay.
        database.run("VACUUM (ANALYZE)").await?;
        database.run("CHECKPOINT").await?;
        Ok(())
    }

    /// The address of an organization's own API for one of its connections: an integrator with a
    /// key, and some of its connections.
    pub(super) async fn customer(&self, connections: usize) -> Result<(Integrator, Vec<String>), Failure> {
        let made = self.coordinators[0].succeed(&["key", "create", "--organization", "org-0"]).await?;
        let listed = format!(
            "SELECT c.id FROM connections c JOIN organizations o ON o.id = c.organization_id
             WHERE o.slug = 'org-0' AND o.live_id IS NULL AND c.next_sync_at < {NEVER} ORDER BY c.id LIMIT {connections}"
        );
        let ids = self.database.run(&listed).await?.lines().map(str::to_owned).collect();
        Ok((Integrator::new(self.coordinators[0].address(), made.trim()), ids))
    }
}

/// Larger than any time at which something is due.
pub(super) const NEVER: i64 = i64::MAX - 1;

/// The simulated bank, whose address every fleet of the tests is given, and copies of its record
/// that ask for no code, so that nobody has to attend.
fn write_catalog(folder: &Path) -> Result<(), Failure> {
    let harbour = scripts().join("harbour");
    std::fs::create_dir_all(folder.join("harbour"))?;
    for file in ["institution.yaml", "script.yaml", "NOTES.md"] {
        std::fs::copy(harbour.join(file), folder.join("harbour").join(file))?;
    }
    let record = std::fs::read_to_string(harbour.join("institution.yaml"))?;
    for number in 0..INSTITUTIONS {
        let bank = folder.join(format!("bank-{number:03}"));
        std::fs::create_dir_all(&bank)?;
        let every = 24.0 / A_DAY;
        let record = record
            .replace("id: harbour", &format!("id: bank-{number:03}\nschedule: {{ every: {every}h }}"))
            .replace("mfa: always", "mfa: none")
            .replace("portal.harbour.example", &format!("portal-{number:03}.harbour.example"));
        std::fs::write(bank.join("institution.yaml"), record)?;
        let script = std::fs::read_to_string(harbour.join("script.yaml"))?;
        let script = script.replace("institution: harbour", &format!("institution: bank-{number:03}"));
        std::fs::write(bank.join("script.yaml"), script)?;
        std::fs::copy(harbour.join("NOTES.md"), bank.join("NOTES.md"))?;
    }
    Ok(())
}
