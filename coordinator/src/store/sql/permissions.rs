//! What a portal says its user may do, as a column, and whose users may do more than look.
//!
//! Not here: what follows from it.

use domain::id::{ConnectionId, OrganizationId};
use domain::permissions::{Permissions, Right};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::{failed, from_ms, push_page};
use crate::store::{Overprivileged, PageRequest, SeenPermissions, StoreError};

#[derive(FromRow)]
struct SeenRow {
    id: Uuid,
    organization_id: Uuid,
    institution_id: Option<String>,
    permissions: String,
    permissions_at: i64,
}

/// The connections whose users may do more than look at accounts.
pub(super) async fn overprivileged(
    pool: &sqlx::Pool<Db>,
    page: PageRequest,
) -> Result<Vec<Overprivileged>, StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT id, organization_id, institution_id, permissions, permissions_at FROM connections
         WHERE status <> 'revoked' AND permissions_at IS NOT NULL
           AND (permissions LIKE '%initiate%' OR permissions LIKE '%approve%')",
    );
    push_page(&mut query, "id", page);
    let rows = query.build_query_as::<SeenRow>().fetch_all(pool).await;
    let read = |row: SeenRow| {
        let seen = of_columns(Some(&row.permissions), Some(row.permissions_at))?;
        Ok(Overprivileged {
            connection_id: ConnectionId(row.id),
            organization_id: OrganizationId(row.organization_id),
            institution_id: row.institution_id,
            seen: seen.ok_or(StoreError::Unreadable { what: "permissions" })?,
        })
    };
    rows.map_err(failed("list whose users may do more than look"))?.into_iter().map(read).collect()
}

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
