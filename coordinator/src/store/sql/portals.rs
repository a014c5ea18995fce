//! Portals without an institution, in SQL.
//!
//! Not here: which institution stands for which portal (the catalog).

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::audit::Action;
use domain::connection::Actor;
use domain::event::EventType;
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::audit::commit_act;
use super::transition::{Happening, note, take};
use super::{SqlStore, failed, from_ms, is_duplicate, to_ms, webhooks};
use crate::store::{Act, Portals, Refused, StoreError, UnknownPortal, WaitingConnection};

#[async_trait]
impl Portals for SqlStore {
    async fn portals_without_institution(&self) -> Result<Vec<UnknownPortal>, StoreError> {
        let rows = sqlx::query_as::<_, (String, Uuid, i64, i64)>(
            "SELECT c.portal_url, COALESCE(o.live_id, o.id), COUNT(*), MIN(c.created_at)
             FROM connections c JOIN organizations o ON o.id = c.organization_id
             WHERE c.institution_id IS NULL AND c.status <> 'revoked'
             GROUP BY c.portal_url, COALESCE(o.live_id, o.id)",
        );
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list portals without an institution"))?;
        // One portal may have been given by several of its addresses.
        let mut portals: BTreeMap<String, (u64, BTreeSet<Uuid>, i64)> = BTreeMap::new();
        for (url, organization, count, oldest) in rows {
            let url: url::Url = super::from_word(&url, "portal URL")?;
            let portal = portals.entry(url.origin().ascii_serialization()).or_insert((0, BTreeSet::new(), oldest));
            portal.0 += count.unsigned_abs();
            portal.1.insert(organization);
            portal.2 = portal.2.min(oldest);
        }
        let read = |(origin, (connections, organizations, oldest)): (_, (_, BTreeSet<_>, _))| {
            let organizations = u64::try_from(organizations.len()).unwrap_or(u64::MAX);
            Ok::<_, StoreError>(UnknownPortal {
                origin,
                connections,
                organizations,
                oldest_created_at: from_ms(oldest)?,
            })
        };
        let mut portals = portals.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        portals.sort_by_key(|portal| (std::cmp::Reverse(portal.connections), portal.oldest_created_at));
        Ok(portals)
    }

    async fn connections_without_institution(
        &self,
        after: Option<ConnectionId>,
        limit: u32,
    ) -> Result<Vec<WaitingConnection>, StoreError> {
        let rows = sqlx::query_as::<_, (Uuid, Uuid, String)>(
            "SELECT id, organization_id, portal_url FROM connections
             WHERE institution_id IS NULL AND id > $1 AND status <> 'revoked' ORDER BY id LIMIT $2",
        );
        let rows = rows.bind(after.map_or(Uuid::nil(), |after| after.0)).bind(i64::from(limit)).fetch_all(&self.read);
        let rows = rows.await.map_err(failed("list connections without an institution"))?;
        let read = |(id, organization, url): (Uuid, Uuid, String)| {
            let (id, organization_id) = (ConnectionId(id), OrganizationId(organization));
            Ok(WaitingConnection { id, organization_id, portal_url: super::from_word(&url, "portal URL")? })
        };
        rows.into_iter().map(read).collect()
    }

    async fn give_institution(
        &self,
        waiting: &WaitingConnection,
        institution: &str,
        anchor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (organization, id) = (waiting.organization_id, waiting.id);
        let mut tx = self.begin().await?;
        let state = match take(&mut tx, organization, id).await {
            Ok(state) => state,
            Err(Refused::Store(error)) => return Err(error),
            // It went with its entity.
            Err(_) => return Ok(false),
        };
        let given = sqlx::query(
            "UPDATE connections SET institution_id = $2, anchor = $3, updated_at = $4
             WHERE id = $1 AND institution_id IS NULL AND status <> 'revoked'",
        );
        let given = given.bind(id.0).bind(institution.to_owned()).bind(anchor.to_owned()).bind(to_ms(now));
        match given.execute(&mut *tx).await {
            Ok(given) if given.rows_affected() > 0 => {}
            Ok(_) => return Ok(false),
            Err(error) if is_duplicate(&error) => return Ok(false),
            Err(error) => return Err(failed("give a connection its institution")(error)),
        }
        let happening =
            Happening { connection_id: id, cause: "institutionFound", actor: Actor::Platform, run_id: None };
        note(&mut tx, Some(&state), &state, None, happening, now).await?;
        // The status is the same, and what is to be done next is another thing.
        let data = json!({
            "connectionId": id, "previousStatus": state.status(), "status": state.status(),
            "errorCode": null, "errorMessage": null, "failure": null,
        });
        webhooks::emit(&mut tx, organization, EventType::ConnectionStatusChanged, data, now).await?;
        let act = Act::new(Action::ConnectionInstitutionFound).of(organization).on(id).to(institution);
        commit_act(tx, act, now).await?;
        Ok(true)
    }
}
