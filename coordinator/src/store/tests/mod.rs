//! What every store has to hold: the same tests on SQLite and on PostgreSQL.
//!
//! Not here: HTTP, the queue or agents; the fleet's own tests have those.

mod accounts;
mod audit;
mod authenticators;
mod balances;
mod candidates;
mod challenges;
mod connections;
mod console;
mod decisions;
mod drift;
mod entities;
mod fleet;
mod idempotency;
mod identity;
mod imports;
mod keys;
mod lines;
mod lockout;
mod migrations;
mod organizations;
mod people;
mod pools;
mod resends;
mod revisions;
mod runs;
mod seen;
mod simplefin;
mod stream;
mod webhooks;
mod wheel;

use std::sync::Arc;

use ::tests::postgres::Database;
use domain::account::{AccountStatus, AccountType, ObservedAccount};
use domain::challenge::{ChallengeKind, Question};
use domain::connection::{ConnectionState, ConnectionStatus};
use domain::failure::{Failure, FailureCode, Stage};
use domain::fence::Fence;
use domain::id::{AgentId, ChallengeId, ConnectionId, EntityId, IntentId, OrganizationId, RunId, WebhookId};
use domain::run::{DOUBTS_ALLOWED, Effect, EffectOutcome};
use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
use jiff::{SignedDuration, Timestamp};
use protocol::lease::{Proof, Verdict};
use protocol::sealed::PrivateKey;
use uuid::Uuid;

use super::migrations::POSTGRES;
use super::*;

/// One store with an organization, and the server or folder that it lives in.
struct Bench {
    store: Arc<dyn Store>,
    organization: OrganizationId,
    name: &'static str,
    _ground: Box<dyn std::any::Any>,
}

/// Both stores, each with an organization of its own.
async fn benches() -> Vec<Bench> {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite =
        open(&StoreUrl::Sqlite(folder.path().join("t.sqlite")), Tables::BroughtUpToDate).await.expect("SQLite");
    let up_to_date = async |url: String| {
        let pool = sqlx::PgPool::connect(&url).await.expect("PostgreSQL");
        POSTGRES.run(&pool).await.expect("tables");
        pool.close().await;
    };
    let database = Database::create_prepared(up_to_date).await.expect("PostgreSQL");
    let postgres = open(&StoreUrl::Postgres(domain::secret::Secret::new(database.url())), Tables::BroughtUpToDate)
        .await
        .expect("PostgreSQL");
    let grounds: [(_, _, Box<dyn std::any::Any>); 2] =
        [("sqlite", sqlite, Box::new(folder)), ("postgres", postgres, Box::new(database))];
    let mut benches = Vec::new();
    for (name, store, ground) in grounds {
        let organization = add_organization(&*store, "default").await;
        benches.push(Bench { store, organization, name, _ground: ground });
    }
    benches
}

/// Adds an organization; its live tenant.
async fn add_organization(store: &dyn Store, slug: &str) -> OrganizationId {
    let tenant = |key| NewTenant { id: OrganizationId(Uuid::now_v7()), data_key: vec![key] };
    let new = NewOrganization { slug: slug.into(), live: tenant(1), test: tenant(2) };
    let organization = new.live.id;
    store.create_organization(new, now()).await.expect("an organization");
    organization
}

fn now() -> Timestamp {
    Timestamp::now()
}

fn proof(counter: u32) -> Proof {
    Proof { agent_id: AgentId(Uuid::nil()), fence: Fence { generation: 1, counter } }
}

pub(crate) fn transaction(description: &str) -> ObservedTransaction {
    ObservedTransaction {
        status: TransactionStatus::Posted,
        posted_date: "2026-10-03".parse().ok(),
        amount: "-4.50".into(),
        currency: "USD".into(),
        entry_type: EntryType::Debit,
        description: description.into(),
        raw_description: None,
        rail: Rail::Card,
        bank_reference: None,
        customer_reference: None,
        bai_code: None,
        category: None,
        subcategory: None,
        mcc: None,
        merchant_name: None,
        counterparty_name: None,
        counterparty_account_masked: None,
        transaction_date: None,
        running_balance: None,
    }
}

/// A bank that asks for a code.
fn code() -> Question {
    Question {
        kind: ChallengeKind::OneTimeCode,
        medium: None,
        masked_target: None,
        prompt: "Enter the code.".into(),
        institution_message: None,
        attempts_left: 3,
        resends_left: 0,
        answer_parts: None,
        terms: None,
    }
}

/// A question that is asked for five minutes, of which nothing is known and for which no new code is sent.
fn challenge(question: Question) -> NewChallenge {
    NewChallenge {
        id: ChallengeId(Uuid::now_v7()),
        question,
        expires_at: now() + SignedDuration::from_mins(5),
        resends_a_run: 0,
        resend_after: now(),
        agreed: Agreed::Unknown,
        heard: Vec::new(),
        people_at: now(),
    }
}

/// What a run hands in on a day in October.
fn handed_in(accounts: &[ObservedAccount]) -> HandedIn<'_> {
    HandedIn {
        accounts,
        today: jiff::civil::date(2026, 10, 9),
        revision: Some("0123456789ab"),
        permissions: None,
        steps: &[],
    }
}

pub(crate) fn account(transactions: Vec<ObservedTransaction>) -> ObservedAccount {
    ObservedAccount {
        portal_key: "a1".into(),
        account_type: AccountType::Checking,
        currency: "USD".into(),
        name: "Operating".into(),
        status: AccountStatus::Open,
        official_name: None,
        masked_number: None,
        account_number: None,
        routing_number: None,
        swift_bic: None,
        current_balance: Some("10.00".into()),
        available_balance: None,
        balance_as_of: None,
        transactions,
        window: None,
        balances: Vec::new(),
        failure: None,
        sheets: Vec::new(),
    }
}

impl Bench {
    fn new_connection(&self, entity_id: EntityId) -> NewConnection {
        NewConnection {
            id: ConnectionId(Uuid::now_v7()),
            organization_id: self.organization,
            entity_id,
            anchor: format!("portal:{}", Uuid::now_v7()),
            waiting_anchor: None,
            institution_id: Some("harbour".into()),
            portal_url: "https://bank.example/".parse().expect("a URL"),
            instructions: Instructions {
                first_name: "A".into(),
                last_name: "B".into(),
                address: None,
                email: None,
                username: "ab".into(),
                phone_number: None,
            },
            supply: Supply::default(),
            metadata: Metadata::new(),
        }
    }

    async fn connection(&self) -> ConnectionId {
        let page = PageRequest { after: None, limit: 1 };
        let entities = self.store.entities(self.organization, None, page).await.expect("entities");
        let new = self.new_connection(entities[0].id);
        let id = new.id;
        let made = self.store.create_or_return_connection(new, now()).await.expect("a connection");
        assert!(matches!(made, CreatedOrReturned::Created(_)));
        id
    }

    /// A connection whose activation is open, not granted yet.
    async fn activating(&self) -> (ConnectionId, RunId) {
        let (id, run) = (self.connection().await, RunId(Uuid::now_v7()));
        self.give_credentials(id).await;
        self.store.complete_setup(self.organization, id, run, now()).await.expect("a run");
        (id, run)
    }

    async fn give_credentials(&self, id: ConnectionId) {
        let run = RunId(Uuid::now_v7());
        let new = GivenCredentials::New { sealed: vec![1], fingerprints: None };
        let old = self.store.credentials(self.organization, id).await.expect("an answer");
        let given = self.store.give_credentials(self.organization, id, old.as_deref(), new, run, now());
        given.await.expect("kept");
    }

    /// Has the database itself do something, with the rights of a coordinator.
    async fn runs(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        if let Some(folder) = self._ground.downcast_ref::<tempfile::TempDir>() {
            let file = format!("sqlite://{}", folder.path().join("t.sqlite").display());
            let pool = sqlx::SqlitePool::connect(&file).await?;
            sqlx::query(sql).execute(&pool).await.map(|_| ())
        } else {
            let server = self._ground.downcast_ref::<Database>().expect("one of the two databases");
            let pool = sqlx::PgPool::connect(&server.url()).await?;
            sqlx::query(sql).execute(&pool).await.map(|_| ())
        }
    }

    async fn grant(&self, run: RunId, counter: u32) -> Option<GrantedRun> {
        self.grant_at(run, counter, now()).await
    }

    async fn grant_at(&self, run: RunId, counter: u32, at: Timestamp) -> Option<GrantedRun> {
        let key = PrivateKey::generate();
        match self.store.grant(run, proof(counter), key.public(), at).await.expect("an answer") {
            Grant::Granted(run) => Some(*run),
            Grant::NotDue(_) | Grant::LoginInUse | Grant::Refused => None,
        }
    }

    async fn status(&self, id: ConnectionId) -> ConnectionStatus {
        self.store.connection(self.organization, id).await.expect("a connection").state.status()
    }

    async fn fail(&self, run: RunId, counter: u32, code: FailureCode, then: AfterFailure) -> Result<Told, Refused> {
        let failure = Failure::new(code, Stage::Login);
        self.store.fail(run, proof(counter), failure, Kept::default(), then, now()).await
    }

    async fn declare(&self, run: RunId, counter: u32, effect: Effect) -> Result<IntentId, Refused> {
        let id = IntentId(Uuid::now_v7());
        let declared = self.store.declare_intent(run, proof(counter), id, effect, None, now()).await;
        declared.map(|declared| declared.intent_id)
    }

    async fn settle(&self, run: RunId, counter: u32, outcome: EffectOutcome) {
        self.store.settle_intents(run, proof(counter), outcome, now()).await.expect("settled");
    }

    /// Another organization in the same store.
    async fn neighbour(&self) -> Self {
        let organization = add_organization(&*self.store, &Uuid::now_v7().to_string()).await;
        Self { store: self.store.clone(), organization, name: self.name, _ground: Box::new(()) }
    }

    /// A connection that was activated under the fence's counter 1 and has read nothing.
    async fn active(&self) -> ConnectionId {
        let (id, run) = self.activating().await;
        self.grant(run, 1).await.expect("granted");
        self.store.complete(run, proof(1), handed_in(&[]), now()).await.expect("completed");
        id
    }

    async fn many_active(&self, count: usize) -> Vec<ConnectionId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.active().await);
        }
        ids
    }

    /// One run of an active connection, from asking for it to its end.
    async fn sync(&self, id: ConnectionId, counter: u32, transactions: Vec<ObservedTransaction>) {
        self.sync_at(id, counter, transactions, now()).await;
    }

    async fn sync_at(&self, id: ConnectionId, counter: u32, read: Vec<ObservedTransaction>, at: Timestamp) {
        self.sync_account(id, counter, account(read), at).await;
    }

    async fn sync_account(&self, id: ConnectionId, counter: u32, read: ObservedAccount, at: Timestamp) {
        let run = RunId(Uuid::now_v7());
        self.store.request_sync(self.organization, id, run, at).await.expect("a run");
        let key = PrivateKey::generate();
        let granted = self.store.grant(run, proof(counter), key.public(), at).await;
        assert!(matches!(granted, Ok(Grant::Granted(_))), "{}: {granted:?}", self.name);
        self.store.complete(run, proof(counter), handed_in(&[read]), at).await.expect("completed");
    }

    /// Every transaction's id, sorted.
    async fn transaction_ids(&self) -> Vec<domain::id::TransactionId> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = TransactionPageRequest { after: after.take(), limit: 500 };
            let (filter, sort) = (TransactionFilter::default(), TransactionSort::PostedDate);
            let page = self.store.transactions(self.organization, filter, sort, page).await.expect("transactions");
            let Some(last) = page.last() else { break };
            after = Some((TransactionPosition::Date(last.sort_date.clone()), last.id.0));
            ids.extend(page.into_iter().map(|transaction| transaction.id));
        }
        ids.sort();
        ids
    }

    async fn transactions(&self) -> usize {
        let page = TransactionPageRequest { after: None, limit: 500 };
        let (filter, sort) = (TransactionFilter::default(), TransactionSort::PostedDate);
        self.store.transactions(self.organization, filter, sort, page).await.expect("transactions").len()
    }
}
