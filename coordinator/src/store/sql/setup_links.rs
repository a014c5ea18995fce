//! Links to set-up pages: a number of the connection's own row.
//!
//! Not here: what a link says.

use async_trait::async_trait;
use domain::audit::Action;
use domain::connection::ConnectionState;
use domain::id::{ConnectionId, OrganizationId};
use jiff::Timestamp;

use super::audit::commit_act;
use super::transition::take;
use super::{SqlStore, failed};
use crate::store::{Act, Refused, SetupLinks, StoreError};

#[async_trait]
impl SetupLinks for SqlStore {
    async fn create_setup_link(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        link: &str,
        now: Timestamp,
    ) -> Result<i64, Refused> {
        let mut tx = self.begin().await?;
        match take(&mut tx, organization, id).await? {
            ConnectionState::Draft { .. } | ConnectionState::PendingActivation => {}
            state => return Err(Refused::NotInSetup(state.status())),
        }
        let number = sqlx::query_scalar("SELECT setup_links FROM connections WHERE id = $1").bind(id.0);
        let number = number.fetch_one(&mut *tx).await.map_err(failed("read the number of set-up links"))?;
        commit_act(tx, Act::new(Action::SetupLinkCreated).of(organization).on(id).to(link), now).await?;
        Ok(number)
    }

    async fn revoke_setup_links(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        take(&mut tx, organization, id).await?;
        sqlx::query("UPDATE connections SET setup_links = setup_links + 1 WHERE id = $1")
            .bind(id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("end set-up links"))?;
        Ok(commit_act(tx, Act::new(Action::SetupLinksRevoked).of(organization).on(id), now).await?)
    }

    async fn setup_links_number(&self, id: ConnectionId) -> Result<Option<i64>, StoreError> {
        let number = sqlx::query_scalar("SELECT setup_links FROM connections WHERE id = $1").bind(id.0);
        number.fetch_optional(&self.read).await.map_err(failed("read the number of set-up links"))
    }
}
