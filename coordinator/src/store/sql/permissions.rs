//! What a portal says its user may do, as a column.
//!
//! Not here: what follows from it.

use domain::permissions::{Permissions, Right};

use super::from_ms;
use crate::store::{SeenPermissions, StoreError};

/// What the columns say. A word that a newer coordinator wrote is passed over.
pub(super) fn of_columns(words: Option<&str>, at: Option<i64>) -> Result<Option<SeenPermissions>, StoreError> {
    let (Some(words), Some(at)) = (words, at) else { return Ok(None) };
    let mut permissions = Permissions::default();
    for right in words.split_whitespace().filter_map(|word| word.parse::<Right>().ok()) {
        permissions = permissions.with(right);
    }
    Ok(Some(SeenPermissions { permissions, seen_at: from_ms(at)? }))
}

/// What the column is to say.
pub(super) fn write(permissions: Permissions) -> String {
    let Permissions { view, initiate, approve } = permissions;
    let rights = [(view, Right::View), (initiate, Right::Initiate), (approve, Right::Approve)];
    let granted = rights.iter().filter(|(is_granted, _)| *is_granted).map(|(_, right)| right.as_str());
    granted.collect::<Vec<_>>().join(" ")
}
