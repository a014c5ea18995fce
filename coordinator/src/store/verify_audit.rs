//! Walking through the audit trail: whether its chain holds from the first entry to its head, and
//! whether a head that was written down earlier is still in it.
//!
//! Not here: writing into it; each change in the store does that itself.

use domain::audit::Broken;

use super::{AuditFilter, AuditHead, HashedEntry, Store, StoreError, audit_hash};

/// How many entries are read at once.
const BATCH: u32 = 1_000;

/// What the first entry follows on.
const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why the trail can't be vouched for.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// The chain is broken.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Walks through the whole chain; its head, where it holds. `written_down` is a head that somebody
/// kept elsewhere: without one, nobody can tell that the end was cut off together with the head.
///
/// # Errors
/// [`AuditFault::Broken`] names the first position that doesn't hold.
pub async fn verify_audit(store: &dyn Store, written_down: Option<&AuditHead>) -> Result<AuditHead, AuditFault> {
    if let Some(before) = store.audit_entries(AuditFilter::default(), Some(1), 1).await?.first() {
        return Err(Broken::PutIn(before.entry.position).into());
    }
    let mut last = AuditHead { position: 0, hash: ZEROS.to_owned() };
    let mut is_there = written_down.is_none_or(|head| *head == last);
    loop {
        let entries = store.audit_chain(last.position, BATCH).await?;
        if entries.is_empty() {
            let head = store.audit_head().await?;
            if head.position > last.position && !store.audit_chain(last.position, 1).await?.is_empty() {
                // Somebody added to it just now.
                continue;
            }
            let there = last.position;
            if head.position != there {
                return Err(Broken::CutOff { there, said: head.position }.into());
            }
            if head.hash != last.hash {
                return Err(Broken::Altered(there).into());
            }
            return match written_down {
                Some(head) if !is_there => Err(Broken::HeadGone(head.position).into()),
                _ => Ok(last),
            };
        }
        for entry in &entries {
            last = follow(&last, entry)?;
            is_there |= written_down == Some(&last);
        }
    }
}

/// The head after an entry that follows on `last`.
fn follow(last: &AuditHead, HashedEntry { entry, hash }: &HashedEntry) -> Result<AuditHead, Broken> {
    let wanted = last.position + 1;
    if entry.position != wanted {
        return Err(Broken::Missing(wanted));
    }
    if entry.previous_hash != last.hash {
        return Err(Broken::Reordered(wanted));
    }
    if audit_hash(entry) != *hash {
        return Err(Broken::Altered(wanted));
    }
    Ok(AuditHead { position: wanted, hash: hash.clone() })
}
