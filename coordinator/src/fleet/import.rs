//! Takes a statement file that a person handed in into the ledger of an account, as a run
//! takes in pages: by the same rules, so that what is known already isn't added again.
//!
//! Not here: how files are read (`statement`), or how their rows are matched
//! (`domain::ledger`).

use domain::account::ObservedAccount;
use domain::account_match::{KnownAccount, Marks, match_accounts};
use domain::id::AccountId;
use jiff::Timestamp;
use jiff::civil::Date;
use statement::{How, Statement, StatementError};

use super::Error;
use crate::store::{AccountMarks, Completed, Keeping, Store};

/// What a file did to an account.
#[derive(Debug)]
pub struct Import {
    /// The first and the last day that it covers, if it says so.
    pub covers: (Option<Date>, Option<Date>),
    /// What changed.
    pub completed: Completed,
}

/// Why a file wasn't taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file can't be read.
    #[error(transparent)]
    File(#[from] StatementError),
    /// No statement in it is of that account.
    #[error("none of the {statements} statements in the file is of this account")]
    OtherAccount {
        /// How many there are.
        statements: usize,
    },
    /// Several statements in it are of that account, and don't follow each other.
    #[error("several statements in the file could be of this account")]
    Ambiguous,
    /// The store refused.
    #[error(transparent)]
    Fleet(#[from] Error),
}

/// Reads a file and takes what it says of an account into its ledger; with
/// [`Keeping::Nothing`] it only says what that would do.
///
/// # Errors
/// [`ImportError`]; nothing was changed then.
pub async fn import(
    store: &dyn Store,
    account: AccountId,
    bytes: &[u8],
    how: &How,
    (today, now): (Date, Timestamp),
    keeping: Keeping,
) -> Result<Import, ImportError> {
    let known = store.account_marks(account).await.map_err(Error::from)?;
    let statements = statement::joined(statement::read(bytes, how)?)?;
    let read = chosen(statements, account, &known)?;
    let covers = read.window.as_ref().map_or((None, None), |window| (window.from, window.to));
    let completed = store.import(account, &read, today, keeping, now).await.map_err(Error::from)?;
    if keeping == Keeping::Everything {
        tracing::info!(
            account_id = %account, transactions = completed.read, added = completed.added,
            modified = completed.modified, removed = completed.removed, "took in a statement file",
        );
    }
    Ok(Import { covers, completed })
}

/// The one statement that is of the account. One that is alone in its file needs no number,
/// as long as nothing in it says otherwise.
fn chosen(
    statements: Vec<Statement>,
    account: AccountId,
    known: &AccountMarks,
) -> Result<ObservedAccount, ImportError> {
    let count = statements.len();
    let key = if count == 1 { known.portal_key.clone() } else { String::new() };
    let mut read: Vec<ObservedAccount> =
        statements.into_iter().map(|statement| statement.observed(key.clone())).collect();
    let known = [KnownAccount { id: account, marks: known.marks() }];
    let is_of = |read: &ObservedAccount| {
        match_accounts(&known, &[Marks::from(read)]).observed.first().is_some_and(Option::is_some)
    };
    read.retain(is_of);
    match read.pop() {
        Some(one) if read.is_empty() => Ok(one),
        Some(_) => Err(ImportError::Ambiguous),
        None => Err(ImportError::OtherAccount { statements: count }),
    }
}
