//! Reads again what was read: the cells that are kept of an account, by another revision
//! of the script that read them.
//!
//! A reading that can't be read again says why, and the others go on without it.
//!
//! Not here: how cells are read (`script`), or what becomes of what differs (`store`).

use domain::failure::Failure;
use domain::id::AccountId;
use jiff::Timestamp;
use script::{Script, reread};
use uuid::Uuid;

use super::Error;
use crate::catalog::Catalog;
use crate::store::{Keeping, Observation, Replayed, Reread, Store};

/// So many of the latest readings of an account are read again where nobody waits for it.
pub const READINGS: u32 = 500;

/// What came of reading an account again.
#[derive(Debug)]
pub struct AccountReplay {
    /// The account.
    pub account_id: AccountId,
    /// How many readings were read again.
    pub reread: usize,
    /// Those that couldn't be.
    pub unreadable: Vec<UnreadableReading>,
    /// What differs, and what doesn't.
    pub replayed: Replayed,
}

/// A reading that couldn't be read again.
#[derive(Debug)]
pub struct UnreadableReading {
    /// Which.
    pub observation_id: Uuid,
    /// When it was handed in.
    pub observed_at: Timestamp,
    /// Why.
    pub reason: Unreadable,
}

/// Why a reading can't be read again.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The script can't make anything of its cells.
    #[error("{code}: {message}", code = .0.code, message = .0.message)]
    Failed(Failure),
    /// Its cells make other rows than there were.
    #[error("it has {before} rows, and its cells make {after}")]
    OtherRows {
        /// As it was handed in.
        before: usize,
        /// As they are read now.
        after: usize,
    },
}

/// Reads so many of an account's readings again, the latest, by a script with its revision or else by the catalog's
/// own; what differs is kept if asked to.
///
/// # Errors
/// [`Error::ScriptMissing`] if there is no script, [`Error::Invalid`] if it is another
/// institution's, otherwise what the store says.
pub async fn replay(
    store: &dyn Store,
    catalog: &Catalog,
    account: AccountId,
    script: Option<(&Script, &str)>,
    (readings, keeping): (u32, Keeping),
    now: Timestamp,
) -> Result<AccountReplay, Error> {
    let institution = store.institution_of(account).await?.ok_or(Error::ScriptMissing)?;
    let current;
    let script = match script {
        Some((script, _)) if script.institution() != institution => {
            let reason = format!("it is for `{}`, and the account is at `{institution}`", script.institution());
            return Err(Error::Invalid { field: "script", reason });
        }
        Some(script) => script,
        None => {
            let revision = catalog.script(&institution).ok_or(Error::ScriptMissing)?;
            // The catalog holds no script with mistakes.
            current = Script::parse(&revision.source).map_err(|_| Error::ScriptMissing)?;
            (&current, revision.revision.as_str())
        }
    };
    let (mut rereads, mut unreadable) = (Vec::new(), Vec::new());
    for observation in store.observations(account, readings).await? {
        match again(script, &observation) {
            Ok(reread) => rereads.push(reread),
            Err(reason) => unreadable.push(UnreadableReading {
                observation_id: observation.id,
                observed_at: observation.observed_at,
                reason,
            }),
        }
    }
    let replayed = store.replay(account, &rereads, keeping, now).await?;
    Ok(AccountReplay { account_id: account, reread: rereads.len(), unreadable, replayed })
}

fn again((script, revision): (&Script, &str), observation: &Observation) -> Result<Reread, Unreadable> {
    let before = &observation.account.transactions;
    let after = reread(script, &observation.account, observation.today).map_err(Unreadable::Failed)?;
    if before.len() != after.transactions.len() {
        return Err(Unreadable::OtherRows { before: before.len(), after: after.transactions.len() });
    }
    Ok(Reread {
        observation_id: observation.id,
        before: before.clone(),
        after,
        revision: revision.to_owned(),
        source: observation.source,
        today: observation.today,
    })
}
