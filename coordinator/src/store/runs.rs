//! Runs and the leases under which they are worked on.
//!
//! Not here: who may run next; the queue says that.

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode};
use domain::history::Past;
use domain::id::{AgentId, ConnectionId, EvidenceId, OrganizationId, RunId};
use domain::permissions::Permissions;
use domain::run::{RunClass, RunKind};
use jiff::Timestamp;
use jiff::civil::Date;
use protocol::lease::{Evidence, OpenIntent, Proof, RunStep};
use protocol::sealed::PublicKey;

use super::{Fingerprints, NewTicket, Refused, RunRevision, StoreError};

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
    /// Notes that a run's lease lapsed that nobody renewed; returns how often that happened.
    async fn count_lapse(&self, run_id: RunId) -> Result<u32, StoreError>;
    /// Takes a run back unfinished; the attempt doesn't count. Doing it again under the
    /// same fence changes nothing.
    async fn release(&self, run_id: RunId, proof: Proof, now: Timestamp) -> Result<(), Refused>;
    /// Stores what was read, marks the run succeeded and moves the connection on, all
    /// or nothing. Doing it again under the same fence changes nothing, and is nothing.
    async fn complete(
        &self,
        run_id: RunId,
        proof: Proof,
        handed_in: HandedIn<'_>,
        now: Timestamp,
    ) -> Result<Option<Completed>, Refused>;
    /// Ends a run, or puts it off, with a failure. Doing it again under the same fence
    /// changes nothing.
    async fn fail(
        &self,
        run_id: RunId,
        proof: Proof,
        failure: Failure,
        kept: Kept<'_>,
        then: AfterFailure,
        now: Timestamp,
    ) -> Result<Told, Refused>;
    /// Ends a run that no agent holds, and sets it aside for an operator.
    async fn abandon(&self, run_id: RunId, code: FailureCode, now: Timestamp) -> Result<(), StoreError>;
    /// A page that was kept with a failure.
    async fn evidence(&self, id: EvidenceId) -> Result<Option<Evidence>, StoreError>;
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
    /// Which of its flow's runs go first.
    pub class: RunClass,
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

/// What came of granting a run.
#[derive(Clone, Debug)]
pub enum Grant {
    /// It is the asker's.
    Granted(Box<GrantedRun>),
    /// It was put off, and is not due yet.
    NotDue(Timestamp),
    /// Its user at the bank is signed in for another connection. It is nobody's, and it cost no attempt.
    LoginInUse,
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
    /// Which runs it goes before.
    pub class: RunClass,
    /// What was read of the connection's lists before.
    pub past: Past,
    /// When a run last read every account.
    pub all_read_at: Option<Timestamp>,
    /// Of what the credentials are, where that is kept.
    pub fingerprints: Option<Fingerprints>,
    /// By what it is worked; none where nobody said so yet.
    pub by: Option<RunRevision>,
}

/// Whether something is told for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is.
    Now,
    /// It was told before, and its answer was lost.
    Before,
    /// It is, and the run is tried again at once whatever was to follow: with the other of two passwords.
    TriedAgain,
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

/// What a run hands in.
#[derive(Clone, Copy, Debug)]
pub struct HandedIn<'a> {
    /// What was read.
    pub accounts: &'a [ObservedAccount],
    /// The day, in the bank's time zone.
    pub today: Date,
    /// The revision of the script that read it.
    pub revision: Option<&'a str>,
    /// What the portal says its user may do; none where nobody read it.
    pub permissions: Option<Permissions>,
    /// What was done on the way.
    pub steps: &'a [RunStep],
}

/// What explains later why a run failed.
#[derive(Clone, Debug, Default)]
pub struct Kept<'a> {
    /// The page that was showing.
    pub page: Option<Evidence>,
    /// What was done on the way.
    pub steps: &'a [RunStep],
    /// The ticket that it opens, where it is over with it.
    pub ticket: Option<NewTicket>,
}

/// What completing a run changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completed {
    /// Transactions that weren't known, or came back.
    pub added: usize,
    /// Transactions of which something that is shown changed.
    pub modified: usize,
    /// Transactions that the bank provably shows no more.
    pub removed: usize,
    /// Transactions that were read.
    pub read: usize,
    /// Those of them that were settled before.
    pub held: usize,
}

impl std::ops::AddAssign for Completed {
    fn add_assign(&mut self, more: Self) {
        self.added += more.added;
        self.modified += more.modified;
        self.removed += more.removed;
        self.read += more.read;
        self.held += more.held;
    }
}

/// The holder that a proof names, as the store keeps it.
pub(crate) fn fence_of(proof: Proof) -> (AgentId, i64) {
    (proof.agent_id, proof.fence.to_i64())
}
