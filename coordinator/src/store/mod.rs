//! The store: what is true. SQLite by default, PostgreSQL at scale, one
//! implementation for both (`sql/`, compiled once for each).
//!
//! Every method is one transaction. Whatever changes a connection's state writes
//! the connection's event and the webhook outbox in that same transaction.
//!
//! Not here: who may run next (the queue's), what a state change means (the
//! domain's), or plaintext secrets (sealed by the vault before they come here).

mod error;
mod migrations;
mod postgres;
mod records;
mod sqlite;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::challenge::Question;
use domain::failure::{Failure, FailureCode};
use domain::id::{
    AccountId, AgentId, ChallengeId, ConnectionId, EntityId, EvidenceId, IntentId, OrganizationId, RunId,
    TransactionId, WebhookId,
};
use domain::run::{Effect, EffectOutcome, RunKind};
use jiff::Timestamp;
use protocol::lease::{Evidence, OpenIntent, Proof, Verdict};
use protocol::sealed::PublicKey;

pub use error::{Refused, StoreError};
pub use records::*;

/// Opens the store that `url` names and brings its tables up to date.
///
/// # Errors
/// [`StoreError`] if it can't be reached or is newer than this program.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        StoreUrl::Sqlite(file) => Ok(Arc::new(sqlite::open(file).await?)),
        StoreUrl::Postgres(url) => Ok(Arc::new(postgres::open(url).await?)),
    }
}

/// Where the store is.
#[derive(Clone, Debug)]
pub enum StoreUrl {
    /// A file of its own.
    Sqlite(std::path::PathBuf),
    /// A database on a server.
    Postgres(domain::secret::Secret),
}

/// Everything that is kept, and every change that can be made to it.
#[async_trait]
pub trait Store:
    Organizations + Entities + Connections + Runs + Intents + Challenges + Ledger + Webhooks + Send + Sync
{
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Tenants and their API keys.
#[async_trait]
pub trait Organizations {
    /// Adds an organization with its default entity.
    async fn create_organization(&self, new: NewOrganization, now: Timestamp) -> Result<(), Refused>;
    /// All of them, oldest first.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    /// The organization's wrapped data key.
    async fn data_key(&self, organization: OrganizationId) -> Result<Vec<u8>, Refused>;
    /// Keeps a new API key.
    async fn create_key(&self, key: ApiKey) -> Result<(), StoreError>;
    /// All keys, oldest first.
    async fn keys(&self) -> Result<Vec<ApiKey>, StoreError>;
    /// One key.
    async fn key(&self, id: &str) -> Result<Option<ApiKey>, StoreError>;
    /// Notes that a key was used.
    async fn touch_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Ends a key; a second time changes nothing.
    async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<(), Refused>;
}

/// Entities.
#[async_trait]
pub trait Entities {
    /// Adds an entity.
    async fn create_entity(&self, new: NewEntity, now: Timestamp) -> Result<Entity, Refused>;
    /// A page of entities, oldest first.
    async fn entities(
        &self,
        organization: OrganizationId,
        external_entity_id: Option<&str>,
        page: PageRequest,
    ) -> Result<Vec<Entity>, StoreError>;
    /// One entity.
    async fn entity(&self, organization: OrganizationId, id: EntityId) -> Result<Entity, Refused>;
}

/// Connections, their credentials and what happened to them.
#[async_trait]
pub trait Connections {
    /// Adds a connection, or returns the one with the same entity and anchor.
    async fn create_or_return_connection(
        &self,
        new: NewConnection,
        now: Timestamp,
    ) -> Result<CreatedOrReturned, Refused>;
    /// A page of connections, oldest first.
    async fn connections(
        &self,
        organization: OrganizationId,
        filter: ConnectionFilter,
        page: PageRequest,
    ) -> Result<Vec<Connection>, StoreError>;
    /// One connection.
    async fn connection(&self, organization: OrganizationId, id: ConnectionId) -> Result<Connection, Refused>;
    /// A page of what happened to a connection, oldest first.
    async fn connection_events(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<ConnectionEventRecord>, Refused>;
    /// What is kept of the credentials.
    async fn credentials(&self, organization: OrganizationId, id: ConnectionId) -> Result<Option<Vec<u8>>, Refused>;
    /// Keeps new credentials in place of `old` and lifts a refusal; refused as
    /// [`Refused::Changed`] if `old` isn't what is kept. What was given before doesn't
    /// lift a refusal for being wrong, and no count of doubts begins anew with it. Where
    /// the connection waited for credentials, a run under `run_id` is made to try them.
    async fn give_credentials(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        old: Option<&[u8]>,
        given: GivenCredentials,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<Option<QueuedRun>, Refused>;
    /// Draft to pending activation, with an activation run.
    async fn complete_setup(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused>;
    /// Makes a sync run; refused while one is under way.
    async fn request_sync(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused>;
    /// Ends a connection for good, with the run that is under way.
    async fn revoke_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<RunId>, Refused>;
}

/// Runs and the leases under which they are worked on.
#[async_trait]
pub trait Runs {
    /// How often the queue was built anew.
    async fn generation(&self) -> Result<u32, StoreError>;
    /// Moves on from `seen`; returns the generation that is current then.
    async fn advance_generation(&self, seen: u32) -> Result<u32, StoreError>;
    /// Open runs in the order of their ids, from after `after`.
    async fn open_runs(&self, after: Option<RunId>, limit: u32) -> Result<Vec<QueuedRun>, StoreError>;
    /// Binds an open run that is due to a holder, under a fence greater than any before.
    async fn grant(
        &self,
        run_id: RunId,
        proof: Proof,
        agent_key: &PublicKey,
        now: Timestamp,
    ) -> Result<Grant, StoreError>;
    /// How often a run was tried.
    async fn attempt(&self, run_id: RunId) -> Result<u32, StoreError>;
    /// Whether a run is still to be done.
    async fn is_open(&self, run_id: RunId) -> Result<bool, StoreError>;
    /// Notes that a run's holder went silent; returns how often that happened.
    async fn count_crash(&self, run_id: RunId) -> Result<u32, StoreError>;
    /// Takes a run back unfinished; the attempt doesn't count. Doing it again under the
    /// same fence changes nothing.
    async fn release(&self, run_id: RunId, proof: Proof, now: Timestamp) -> Result<(), Refused>;
    /// Stores what was read, marks the run succeeded and moves the connection on, all
    /// or nothing. Doing it again under the same fence changes nothing.
    async fn complete(
        &self,
        run_id: RunId,
        proof: Proof,
        accounts: &[ObservedAccount],
        now: Timestamp,
    ) -> Result<Completed, Refused>;
    /// Ends a run, or puts it off, with a failure. Doing it again under the same fence
    /// changes nothing.
    async fn fail(
        &self,
        run_id: RunId,
        proof: Proof,
        failure: Failure,
        evidence: Option<Evidence>,
        then: AfterFailure,
        now: Timestamp,
    ) -> Result<(), Refused>;
    /// Ends a run that no agent holds.
    async fn abandon(&self, run_id: RunId, code: FailureCode, now: Timestamp) -> Result<(), StoreError>;
    /// A page that was kept with a failure.
    async fn evidence(&self, id: EvidenceId) -> Result<Option<Evidence>, StoreError>;
}

/// Effects at a bank, of which each declaration may happen once.
#[async_trait]
pub trait Intents {
    /// Keeps that an effect is about to happen. The same effect under the same fence,
    /// while it is unsettled, is the same intent.
    async fn declare_intent(
        &self,
        run_id: RunId,
        proof: Proof,
        intent_id: IntentId,
        effect: Effect,
        now: Timestamp,
    ) -> Result<IntentId, Refused>;
    /// Keeps what became of the open intents of the run's connection, whichever run
    /// declared them.
    async fn settle_intents(
        &self,
        run_id: RunId,
        proof: Proof,
        outcome: EffectOutcome,
        now: Timestamp,
    ) -> Result<(), Refused>;
}

/// Questions of banks.
#[async_trait]
pub trait Challenges {
    /// Opens a challenge for a run. The same question under the same fence, while it is
    /// open, is the same challenge.
    async fn open_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        new: NewChallenge,
        now: Timestamp,
    ) -> Result<Challenge, Refused>;
    /// A challenge as the run that asked sees it.
    async fn challenge_of_run(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
    ) -> Result<(Challenge, Option<Vec<u8>>, PublicKey), Refused>;
    /// Keeps what the portal made of the answer, and forgets the answer.
    async fn settle_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), Refused>;
    /// A page of a connection's challenges, oldest first.
    async fn challenges(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<Challenge>, Refused>;
    /// Every challenge that waits for a person, oldest first, at most 1,000.
    async fn waiting_challenges(&self) -> Result<Vec<Challenge>, StoreError>;
    /// Keeps a sealed answer.
    async fn answer_challenge(
        &self,
        organization: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
        sealed: Vec<u8>,
        now: Timestamp,
    ) -> Result<Challenge, Refused>;
    /// Closes challenges whose time is up; returns how many.
    async fn expire_challenges(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// What was read.
#[async_trait]
pub trait Ledger {
    /// A page of accounts, oldest first.
    async fn accounts(
        &self,
        organization: OrganizationId,
        filter: AccountFilter,
        page: PageRequest,
    ) -> Result<Vec<Account>, StoreError>;
    /// One account.
    async fn account(&self, organization: OrganizationId, id: AccountId) -> Result<Account, Refused>;
    /// A page of transactions in the order asked for.
    async fn transactions(
        &self,
        organization: OrganizationId,
        filter: TransactionFilter,
        sort: TransactionSort,
        page: TransactionPageRequest,
    ) -> Result<Vec<Transaction>, StoreError>;
    /// One transaction.
    async fn transaction(&self, organization: OrganizationId, id: TransactionId) -> Result<Transaction, Refused>;
}

/// Endpoints and the outbox.
#[async_trait]
pub trait Webhooks {
    /// Adds an endpoint.
    async fn create_webhook(&self, new: NewWebhook, now: Timestamp) -> Result<Webhook, Refused>;
    /// A page of endpoints, oldest first.
    async fn webhooks(&self, organization: OrganizationId, page: PageRequest) -> Result<Vec<Webhook>, StoreError>;
    /// One endpoint.
    async fn webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<Webhook, Refused>;
    /// Removes an endpoint with its deliveries.
    async fn delete_webhook(&self, organization: OrganizationId, id: WebhookId) -> Result<(), Refused>;
    /// Takes deliveries that are due, each for one worker: they are due again at
    /// `until` unless they are settled before.
    async fn claim_deliveries(&self, limit: u32, until: Timestamp, now: Timestamp)
    -> Result<Vec<Delivery>, StoreError>;
    /// Keeps what came of a delivery.
    async fn settle_delivery(
        &self,
        delivery: &Delivery,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// When the next delivery is due.
    async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError>;
}

/// A challenge to be opened.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// What the bank asks.
    pub question: Question,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// What the queue needs to know of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRun {
    /// The run.
    pub id: RunId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// The bank.
    pub institution_id: String,
    /// Not to be started before.
    pub not_before: Timestamp,
    /// Whether somebody may be at work on it.
    pub holder: Holder,
}

/// Whether somebody may be at work on a run, as far as the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody: it was never granted, or was handed back.
    None,
    /// Whoever it was granted to last, unless their lease has lapsed.
    Perhaps,
}

/// Credentials that are to be kept.
#[derive(Clone, Debug)]
pub enum GivenCredentials {
    /// Others than before, sealed.
    New(Vec<u8>),
    /// The same as before.
    Same,
}

/// What came of granting a run.
#[derive(Clone, Debug)]
pub enum Grant {
    /// It is the asker's.
    Granted(Box<GrantedRun>),
    /// It was put off, and is not due yet.
    NotDue(Timestamp),
    /// It isn't open any more, or was granted under a fence as great.
    Refused,
}

/// A run that was bound to a holder, with what the holder needs.
#[derive(Clone, Debug)]
pub struct GrantedRun {
    /// What it is for.
    pub kind: RunKind,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it is about.
    pub connection_id: ConnectionId,
    /// The bank.
    pub institution_id: String,
    /// Where the portal is.
    pub portal_url: url::Url,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// Effects that nobody settled.
    pub open_intents: Vec<OpenIntent>,
    /// Sealed by the vault.
    pub credentials: Option<Vec<u8>>,
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The run is over.
    End,
    /// The run is tried again.
    TryAgain {
        /// Not before.
        not_before: Timestamp,
    },
}

/// What completing a run changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completed {
    /// Transactions that weren't known.
    pub added: usize,
    /// Transactions that were read.
    pub read: usize,
}

/// The holder that a proof names, as the store keeps it.
pub(crate) fn fence_of(proof: Proof) -> (AgentId, i64) {
    (proof.agent_id, proof.fence.to_i64())
}
