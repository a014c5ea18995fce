//! The portals that wait for somebody to write a script, in the order in which they came.
//!
//! Not here: which scripts there are; the catalog knows those.

use crate::store::{Store, StoreError, UnknownPortal};

/// The portals that no institution of the catalog stands for, the one that waits longest
/// first.
///
/// # Errors
/// [`StoreError`].
pub async fn wanted_scripts(store: &dyn Store) -> Result<Vec<UnknownPortal>, StoreError> {
    let mut portals = store.portals_without_institution().await?;
    portals.sort_by(|one, other| (one.oldest_created_at, &one.origin).cmp(&(other.oldest_created_at, &other.origin)));
    Ok(portals)
}
