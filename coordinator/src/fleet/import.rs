//! Takes a statement file that a person handed in into the ledger of an account, as a run
//! takes in pages: by the same rules, so that what is known already isn't added again.
//!
//! A file has to be proved to be of the account, by the account's own number in it, or else
//! an operator has to say so. What contradicts the account is refused whoever says what.
//!
//! Not here: how files are read (`statement`), how their rows are matched
//! (`domain::ledger`), or how a file is taken back (`store`).

use domain::account::ObservedAccount;
use domain::account_match::{AccountProof, KnownAccount, Marks, is_same_number, match_accounts};
use domain::id::AccountId;
use jiff::Timestamp;
use jiff::civil::Date;
use statement::{How, Statement, StatementError};
use uuid::Uuid;

use super::Error;
use super::complete::check;
use crate::store::{AccountMarks, Completed, Keeping, NewImport, Store};

/// What a file did to an account.
#[derive(Debug)]
pub struct Import {
    /// By which it can be taken back, if it was kept.
    pub id: Option<Uuid>,
    /// The first and the last day that it covers, if it says so.
    pub covers: (Option<Date>, Option<Date>),
    /// What changed.
    pub completed: Completed,
    /// Why nothing in the file proves that it is of the account, if nothing does.
    pub doubt: Option<Doubt>,
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
    /// Nothing proves that it is of that account.
    #[error("nothing proves that the file is of this account: {0}")]
    Unproven(Doubt),
    /// The store refused.
    #[error(transparent)]
    Fleet(#[from] Error),
}

/// Why nothing proves that a file is of an account. Numbers are masked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The file has no number.
    #[error("it names no account number")]
    NamesNone,
    /// The account has no number.
    #[error("it names the account {named}, and this account's number isn't known")]
    NotKnown {
        /// As the file names it.
        named: String,
    },
    /// Both have one, and too little of it is the same.
    #[error("it names the account {named}, which has too little of this account's number")]
    TooShort {
        /// As the file names it.
        named: String,
    },
}

/// Reads a file and takes what it says of an account into its ledger; with
/// [`Keeping::Nothing`] it only says what that would do. `proof` is what has to say at least
/// that the file is of the account.
///
/// # Errors
/// [`ImportError`]; nothing was changed then.
pub async fn import(
    store: &dyn Store,
    account: AccountId,
    bytes: &[u8],
    how: &How,
    proof: AccountProof,
    (today, now): (Date, Timestamp),
    keeping: Keeping,
) -> Result<Import, ImportError> {
    let known = store.account_marks(account).await.map_err(Error::from)?;
    let statements = statement::joined(statement::read(bytes, how)?)?;
    let (read, format) = chosen(statements, account, &known)?;
    check(std::slice::from_ref(&read))?;
    let doubt = doubt((read.account_number.as_deref(), read.masked_number.as_deref()), &known);
    let proof = match (&doubt, proof, keeping) {
        (None, ..) => AccountProof::Number,
        (Some(doubt), AccountProof::Number, Keeping::Everything) => {
            return Err(ImportError::Unproven(doubt.clone()));
        }
        (Some(_), ..) => AccountProof::Operator,
    };
    let covers = read.window.as_ref().map_or((None, None), |window| (window.from, window.to));
    let new = NewImport { read: &read, today, format, proof };
    let imported = store.import(account, new, keeping, now).await.map_err(Error::from)?;
    let completed = imported.completed;
    if let Some(import_id) = imported.id {
        tracing::info!(
            account_id = %account, %import_id, proof = proof.as_str(), transactions = completed.read,
            added = completed.added, modified = completed.modified, removed = completed.removed,
            "took in a statement file",
        );
    }
    Ok(Import { id: imported.id, covers, completed, doubt })
}

/// The one statement that is of the account, and what it was read from. One that is alone in
/// its file needs no number, as long as nothing in it says otherwise.
fn chosen(
    statements: Vec<Statement>,
    account: AccountId,
    known: &AccountMarks,
) -> Result<(ObservedAccount, &'static str), ImportError> {
    let count = statements.len();
    let key = if count == 1 { known.portal_key.clone() } else { String::new() };
    let observed = |statement: Statement| {
        let format = statement.format.as_str();
        let mut read = statement.observed(key.clone());
        // A field that is there and empty names nothing.
        if read.account_number.as_ref().is_some_and(|number| !number.contains(char::is_alphanumeric)) {
            (read.account_number, read.masked_number) = (None, None);
        }
        (read, format)
    };
    let mut read: Vec<(ObservedAccount, &'static str)> = statements.into_iter().map(observed).collect();
    let known = [KnownAccount { id: account, marks: known.marks() }];
    let is_of = |read: &ObservedAccount| {
        match_accounts(&known, &[Marks::from(read)]).observed.first().is_some_and(Option::is_some)
    };
    read.retain(|(read, _)| is_of(read));
    match read.pop() {
        Some(one) if read.is_empty() => Ok(one),
        Some(_) => Err(ImportError::Ambiguous),
        None => Err(ImportError::OtherAccount { statements: count }),
    }
}

/// Why the number that a file names, and how it is masked, don't prove that it is of the
/// account; none if they do.
fn doubt((number, masked): (Option<&str>, Option<&str>), known: &AccountMarks) -> Option<Doubt> {
    let Some(number) = number else { return Some(Doubt::NamesNone) };
    let mut numbers = known.account_number.iter().chain(&known.vouched_numbers).peekable();
    let named = masked.unwrap_or_default().to_owned();
    if numbers.peek().is_none() {
        return Some(Doubt::NotKnown { named });
    }
    let is_proved = numbers.any(|known| is_same_number(known, number));
    (!is_proved).then_some(Doubt::TooShort { named })
}

#[cfg(test)]
mod tests {
    use domain::account::AccountType;

    use super::{Doubt, doubt};
    use crate::store::AccountMarks;

    fn check(named: Option<&str>, known: Option<&str>, vouched: &[&str], expected: Option<&str>) {
        let masked = named.map(|_| "•••• 4711");
        let known = AccountMarks {
            portal_key: "a1".into(),
            account_number: known.map(str::to_owned),
            vouched_numbers: vouched.iter().map(|number| (*number).to_owned()).collect(),
            masked_number: None,
            account_type: AccountType::Checking,
            currency: "USD".into(),
            name: "Operating".into(),
        };
        assert_eq!(doubt((named, masked), &known).as_ref().map(Doubt::to_string).as_deref(), expected, "{named:?}");
    }

    #[test]
    fn only_the_accounts_own_number_proves_that_a_file_is_of_it() {
        let unknown = "it names the account •••• 4711, and this account's number isn't known";
        let short = "it names the account •••• 4711, which has too little of this account's number";
        check(None, None, &[], Some("it names no account number"));
        check(None, Some("1000004711"), &[], Some("it names no account number"));
        check(Some("1000004711"), None, &[], Some(unknown));
        check(Some("1000004711"), Some("10 0000 4711"), &[], None);
        check(Some("1000004711"), Some("DE02 1203 0000 1000 0047 11"), &[], None);
        check(Some("4711"), Some("DE02 1203 0000 1000 0047 11"), &[], Some(short));
        check(Some("4711"), Some("DE02 1203 0000 1000 0047 11"), &["4711"], None);
        check(Some("1000004711"), None, &["1000004711"], None);
    }
}
