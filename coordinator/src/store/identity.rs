//! Why a transaction is the one that it is, and what operators decided of that.
//!
//! Decisions reach over organizations, as operators do; no integrator comes here.
//!
//! Not here: the tiers that match rows; `domain::ledger` has them.

use async_trait::async_trait;
use domain::account::{AccountType, ObservedAccount};
use domain::account_match::Marks;
use domain::id::{AccountId, ConnectionId, RunId, TransactionId};
use domain::ledger::references::ReferenceRecord;
use domain::ledger::{DecisionKind, Grounds, RemovalCause, Rule};
use domain::observation::Source;
use domain::transaction::ObservedTransaction;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{PageRequest, Refused, StoreError};

/// Why a transaction is the one that it is, and what operators decided of that.
#[async_trait]
pub trait Identity {
    /// All that is known of how a transaction came to be, be it live or removed.
    async fn explanation(&self, id: TransactionId) -> Result<Explanation, Refused>;
    /// Carries out what an operator decided, and keeps it.
    ///
    /// Refused as [`Refused::Undecidable`] where it makes no sense.
    async fn decide(&self, new: NewDecision, now: Timestamp) -> Result<Decision, Refused>;
    /// Takes a decision back, with its effect.
    async fn undo(&self, decision: Uuid, now: Timestamp) -> Result<Decision, Refused>;
    /// Every decision, oldest first, undone ones included; of one account, or of all.
    async fn decisions(&self, account: Option<AccountId>) -> Result<Vec<Decision>, StoreError>;
    /// The accounts of a connection.
    async fn accounts_of(&self, connection: ConnectionId) -> Result<Vec<AccountId>, StoreError>;
    /// Accounts at an institution, those that were read last first.
    async fn accounts_at(&self, institution: &str, limit: u32) -> Result<Vec<AccountId>, StoreError>;
    /// The institution that an account is at, if it is known.
    async fn institution_of(&self, account: AccountId) -> Result<Option<String>, Refused>;
    /// The readings of an account that are kept, latest first.
    async fn observations(&self, account: AccountId, limit: u32) -> Result<Vec<Observation>, StoreError>;
    /// Reads again what was read: for each observation, latest first, the rows as another
    /// reading gives them, in the same order. Returns what differs, and keeps it if asked to:
    /// then the reading says from now on what the cells say to the other revision.
    async fn replay(
        &self,
        account: AccountId,
        rereads: &[Reread],
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<Replayed, Refused>;
    /// What an account can be told by.
    async fn account_marks(&self, account: AccountId) -> Result<AccountMarks, Refused>;
    /// What was measured of each institution's references.
    async fn reference_records(&self) -> Result<Vec<InstitutionReferences>, StoreError>;
    /// A page of the readings of an account that are kept, latest first, without what was read.
    async fn readings(&self, account: AccountId, page: PageRequest) -> Result<Vec<KeptReading>, Refused>;
    /// Forgets the anchor of an account: the next reading that sees a balance sets another.
    async fn drop_anchor(&self, account: AccountId, now: Timestamp) -> Result<(), Refused>;
    /// Measures an institution's references anew, as if they had never been seen.
    async fn forget_references(&self, institution: &str, now: Timestamp) -> Result<u64, StoreError>;
}

/// What an account can be told by.
#[derive(Clone, Debug)]
pub struct AccountMarks {
    /// The portal's own key.
    pub portal_key: String,
    /// The whole number, where it is known.
    pub account_number: Option<String>,
    /// The numbers that files named which operators vouched for, oldest first. What the portal
    /// says outranks them.
    pub vouched_numbers: Vec<String>,
    /// The number as the portal masks it.
    pub masked_number: Option<String>,
    /// What kind it is.
    pub account_type: AccountType,
    /// Upper-case code.
    pub currency: String,
    /// The customer's name for it.
    pub name: String,
}

impl AccountMarks {
    /// As accounts are matched by them.
    #[must_use]
    pub fn marks(&self) -> Marks<'_> {
        Marks {
            portal_key: &self.portal_key,
            account_number: self.account_number.as_ref().or(self.vouched_numbers.first()).map(String::as_str),
            masked_number: self.masked_number.as_deref(),
            account_type: self.account_type,
            currency: &self.currency,
            name: &self.name,
        }
    }
}

/// A reading of an account, as it was handed in.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Its id.
    pub id: Uuid,
    /// The run that read it; none for a file that a person handed in.
    pub run_id: Option<RunId>,
    /// The script's revision.
    pub revision: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// The bank's day.
    pub today: Date,
    /// When it was handed in.
    pub observed_at: Timestamp,
    /// What was read.
    pub account: ObservedAccount,
}

/// A reading that is kept, without what was read.
#[derive(Clone, Debug)]
pub struct KeptReading {
    /// Its id.
    pub id: Uuid,
    /// The run that read it; none for a file that a person handed in.
    pub run_id: Option<RunId>,
    /// The script's revision.
    pub revision: Option<String>,
    /// Where it was read.
    pub source: Source,
    /// The bank's day.
    pub today: Date,
    /// How many transactions it has.
    pub rows: u64,
    /// When it was handed in.
    pub observed_at: Timestamp,
}

/// How a transaction came to be what it is.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The transaction.
    pub id: TransactionId,
    /// Its account.
    pub account_id: AccountId,
    /// Where the account is, if that is known.
    pub institution_id: Option<String>,
    /// Where it was read first.
    pub source: Source,
    /// What is known of it.
    pub row: ObservedTransaction,
    /// Its description in the other source.
    pub alias: Option<String>,
    /// When it was first read.
    pub created_at: Timestamp,
    /// How many readings in a row have proved it gone.
    pub absences: u32,
    /// Why it isn't in the ledger, if it isn't.
    pub removed: Option<Removed>,
    /// The reading that it came from, if that is known.
    pub origin: Option<Sighting>,
    /// Why rows were taken for it that were known otherwise, oldest first.
    pub matches: Vec<MatchedRow>,
    /// What operators decided of it, oldest first.
    pub decisions: Vec<Decision>,
    /// Where it stands in the latest reading that is kept, if it does.
    pub latest: Option<Sighting>,
    /// What was measured of the references of its institution and source.
    pub references: ReferenceRecord,
}

/// A match with the row that was taken for the transaction.
#[derive(Clone, Debug)]
pub struct MatchedRow {
    /// Why it was.
    pub found: Match,
    /// Where the row stands.
    pub sighting: Sighting,
    /// The row as it was handed in, where its reading is kept.
    pub row: Option<ObservedTransaction>,
}

/// Why a transaction isn't in the ledger.
#[derive(Clone, Debug)]
pub struct Removed {
    /// Why.
    pub cause: RemovalCause,
    /// What it was merged into.
    pub merged_into: Option<TransactionId>,
    /// When.
    pub at: Timestamp,
}

/// A row of a reading.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The reading.
    pub observation_id: Uuid,
    /// The run that read it.
    pub run_id: Option<RunId>,
    /// The script's revision.
    pub revision: Option<String>,
    /// When it was handed in; none where the reading isn't kept any more.
    pub observed_at: Option<Timestamp>,
    /// The row, from 0.
    pub row: i64,
    /// Of how many, where the reading is kept.
    pub rows: Option<usize>,
    /// The cells that it was read from, by header; empty where they aren't kept.
    pub cells: Vec<(String, String)>,
}

/// Why a row was taken for a transaction.
#[derive(Clone, Debug)]
pub struct Match {
    /// Its id.
    pub id: Uuid,
    /// Why.
    pub grounds: Grounds,
    /// What was known before, by field; null where nothing was.
    pub changed: Map<String, Value>,
    /// The reading.
    pub observation_id: Uuid,
    /// The row in it, from 0.
    pub row: i64,
    /// When.
    pub at: Timestamp,
}

impl Match {
    /// Whether it says that nothing was matched, and why not.
    #[must_use]
    pub fn is_kept_apart(&self) -> bool {
        matches!(self.grounds.rule, Rule::KeptApart | Rule::BecameAnother)
    }
}

/// What an operator wants.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// Its id.
    pub id: Uuid,
    /// What.
    pub wish: Wish,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

/// What an operator wants of two transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The other is this one: it goes, this one stays.
    Merge {
        /// What stays.
        transaction: TransactionId,
        /// What goes.
        other: TransactionId,
    },
    /// A row was wrongly taken for this transaction: it gets back what it was before, and
    /// the row a transaction of its own.
    Split {
        /// What it was taken for.
        transaction: TransactionId,
        /// By which match; the latest if none is named.
        by: Option<Uuid>,
        /// The id for the row's own.
        new: TransactionId,
    },
    /// These two are two, whatever the rules say.
    KeepApart {
        /// The one.
        transaction: TransactionId,
        /// The other.
        other: TransactionId,
    },
}

impl Wish {
    /// The transaction that it is about first of all.
    #[must_use]
    pub const fn transaction(self) -> TransactionId {
        match self {
            Self::Merge { transaction, .. } | Self::Split { transaction, .. } | Self::KeepApart { transaction, .. } => {
                transaction
            }
        }
    }
}

/// What an operator decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Its id.
    pub id: Uuid,
    /// What kind it is.
    pub kind: DecisionKind,
    /// The account.
    pub account_id: AccountId,
    /// What it is about.
    pub transaction_id: TransactionId,
    /// The other one: merged into it, split off, or kept apart.
    pub other_id: TransactionId,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub undone_at: Option<Timestamp>,
}

/// A reading and what another revision makes of it.
#[derive(Clone, Debug)]
pub struct Reread {
    /// The reading.
    pub observation_id: Uuid,
    /// The rows as they were read last.
    pub before: Vec<ObservedTransaction>,
    /// The account with the same rows, read again, in the same order.
    pub after: ObservedAccount,
    /// The revision that read it again.
    pub revision: String,
    /// Where it was read.
    pub source: Source,
    /// The bank's day of the reading.
    pub today: Date,
}

/// Whether differences are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They are only shown.
    Nothing,
    /// They are kept and told.
    Everything,
}

/// What another reading makes of an account's transactions.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Those that differ.
    pub differences: Vec<Difference>,
    /// Those that were read again and stay as they are.
    pub unchanged: Vec<TransactionId>,
    /// How many rows stand for nothing that is in the ledger now.
    pub unmatched: usize,
}

/// What another reading makes of a transaction.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The transaction.
    pub id: TransactionId,
    /// What was known, by field; null where nothing was.
    pub before: Map<String, Value>,
    /// What is known then, by field.
    pub after: Map<String, Value>,
}

/// What was measured of an institution's references.
#[derive(Clone, Debug)]
pub struct InstitutionReferences {
    /// The institution.
    pub institution_id: String,
    /// Where they are read.
    pub source: Source,
    /// What was measured.
    pub record: ReferenceRecord,
    /// When they were found broken.
    pub demoted_at: Option<Timestamp>,
}
