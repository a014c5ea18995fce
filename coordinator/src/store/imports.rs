//! Statement files that persons handed in: taken into an account's ledger, listed, and
//! taken back.
//!
//! Not here: how a file is read, or what says that it is of an account (`fleet`).

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::account_match::AccountProof;
use domain::id::AccountId;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{Completed, Keeping, PageRequest, Refused};

/// Statement files that persons handed in.
#[async_trait]
pub trait Imports {
    /// Takes a file into an account's ledger, or only says what that would do.
    async fn import(
        &self,
        account: AccountId,
        new: NewImport<'_>,
        keeping: Keeping,
        now: Timestamp,
    ) -> Result<Imported, Refused>;
    /// A page of what was imported into an account, latest first, with what was taken back.
    async fn imports(&self, account: AccountId, page: PageRequest) -> Result<Vec<Import>, Refused>;
    /// Takes back what a file alone put into the ledger, or only says what that would do.
    /// What other readings show too goes back to what they say.
    ///
    /// Refused as [`Refused::TakenBackBefore`], as [`Refused::DecidedSince`] where a decision
    /// hangs on it, and as [`Refused::ReadingGone`] where it can't be told any more what
    /// others have read.
    async fn take_back(&self, import: Uuid, keeping: Keeping, now: Timestamp) -> Result<TakenBack, Refused>;
}

/// A file that is to be taken in.
#[derive(Clone, Copy, Debug)]
pub struct NewImport<'a> {
    /// What it says of the account.
    pub read: &'a ObservedAccount,
    /// The bank's day.
    pub today: Date,
    /// What kind of file it is.
    pub format: &'static str,
    /// What says that it is of the account. The number of a file that an operator vouches
    /// for is remembered with the import.
    pub proof: AccountProof,
}

/// What came of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// By which it can be taken back, if it was kept.
    pub id: Option<Uuid>,
    /// What changed.
    pub completed: Completed,
}

/// A file that was taken in.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its id, which is that of the reading too.
    pub id: Uuid,
    /// The account.
    pub account_id: AccountId,
    /// What kind of file it is.
    pub format: String,
    /// What says that it is of the account.
    pub proof: AccountProof,
    /// The account's number as the file names it, masked.
    pub masked_number: Option<String>,
    /// The first and the last day that it covers, if it says so.
    pub covers: (Option<Date>, Option<Date>),
    /// What it changed.
    pub completed: Completed,
    /// When.
    pub imported_at: Timestamp,
    /// When it was taken back.
    pub taken_back_at: Option<Timestamp>,
}

/// What taking a file back does.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// The file.
    pub import: Import,
    /// How many transactions go: no other reading has them.
    pub removed: usize,
    /// How many become what the other readings say.
    pub modified: usize,
}
