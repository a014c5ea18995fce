//! Credentials come in: sealed at once, merged over what was given before, and
//! tried by a run where the connection waited for them.

use std::collections::BTreeMap;

use domain::id::{ConnectionId, OrganizationId, RunId};
use domain::institution::CredentialName;
use domain::secret::Secret;
use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroize as _;

use super::{Error, Fleet};

impl Fleet {
    /// Keeps credentials of a connection.
    ///
    /// # Errors
    /// [`Error::Invalid`] if none is given or one is too long, otherwise [`Error`].
    pub async fn give_credentials(
        &self,
        organization_id: OrganizationId,
        id: ConnectionId,
        given: BTreeMap<CredentialName, Secret>,
    ) -> Result<(), Error> {
        if given.is_empty() {
            let reason = "give bankUsername, bankCustomerId or password".into();
            return Err(Error::Invalid { field: "", reason });
        }
        let mut merged = self.kept_credentials(organization_id, id).await?;
        merged.extend(given);
        let mut text = credentials_text(&merged);
        let sealed = self.sealer.seal(organization_id, &credentials_context(id), &Secret::new(text.clone())).await;
        text.zeroize();
        let run_id = RunId(Uuid::now_v7());
        let run = self.store.give_credentials(organization_id, id, sealed?, run_id, Timestamp::now()).await?;
        if let Some(run) = run {
            self.enqueue(&run).await;
        }
        Ok(())
    }

    async fn kept_credentials(
        &self,
        organization_id: OrganizationId,
        id: ConnectionId,
    ) -> Result<BTreeMap<CredentialName, Secret>, Error> {
        match self.store.credentials(organization_id, id).await? {
            None => Ok(BTreeMap::new()),
            Some(sealed) => self.open_credentials(organization_id, id, &sealed).await,
        }
    }

    pub(super) async fn open_credentials(
        &self,
        organization_id: OrganizationId,
        id: ConnectionId,
        sealed: &[u8],
    ) -> Result<BTreeMap<CredentialName, Secret>, Error> {
        let text = self.sealer.open(organization_id, &credentials_context(id), sealed).await?;
        serde_json::from_str(text.expose()).map_err(|_| crate::vault::VaultError::Unopenable.into())
    }
}

/// What travels to the agent, and what is kept: a JSON object of name and text.
pub(super) fn credentials_text(credentials: &BTreeMap<CredentialName, Secret>) -> String {
    let plain: BTreeMap<&str, &str> =
        credentials.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
    serde_json::json!(plain).to_string()
}

fn credentials_context(id: ConnectionId) -> String {
    format!("credentials of connection {id}")
}
