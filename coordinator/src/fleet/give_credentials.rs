//! Credentials come in: sealed at once, merged over what was given before, and
//! tried by a run where the connection waited for them.
//!
//! Not here: reading them back; there is no such call.

use std::collections::BTreeMap;

use domain::id::{ConnectionId, OrganizationId, RunId};
use domain::institution::CredentialName;
use domain::secret::Secret;
use uuid::Uuid;

use super::fingerprints::fingerprints;
use super::{Error, Fleet};
use crate::clock;
use crate::store::{GivenCredentials, Refused};

/// How often a merge is tried when somebody else gives credentials at the same time.
const TRIES: u32 = 5;

impl Fleet {
    /// Keeps credentials of a connection.
    ///
    /// # Errors
    /// [`Error::Invalid`] if none is given, one is too long or the authenticator's secret is none, otherwise [`Error`].
    pub async fn give_credentials(
        &self,
        organization_id: OrganizationId,
        id: ConnectionId,
        given: BTreeMap<CredentialName, Secret>,
        totp_secret: Option<Secret>,
    ) -> Result<(), Error> {
        if let Some(secret) = &totp_secret {
            self.give_authenticator(organization_id, id, secret).await?;
            if given.is_empty() && self.store.credentials(organization_id, id).await?.is_none() {
                return Ok(());
            }
        } else if given.is_empty() {
            let reason = "give bankUsername, bankCustomerId, password or totpSecret".into();
            return Err(Error::Invalid { field: "", reason });
        }
        for _ in 0..TRIES {
            match self.merge_credentials(organization_id, id, &given).await {
                Err(Error::Refused(Refused::Changed)) => {}
                merged => return merged,
            }
        }
        Err(Refused::Changed.into())
    }

    async fn merge_credentials(
        &self,
        organization_id: OrganizationId,
        id: ConnectionId,
        given: &BTreeMap<CredentialName, Secret>,
    ) -> Result<(), Error> {
        let old = self.store.credentials(organization_id, id).await?;
        let mut merged = match &old {
            None => BTreeMap::new(),
            Some(sealed) => self.open_credentials(organization_id, id, sealed).await?,
        };
        let before = credentials_text(&merged);
        merged.extend(given.clone());
        let text = credentials_text(&merged);
        let institution = self.store.connection(organization_id, id).await?.institution_id;
        let fingerprints = institution.map(|institution| fingerprints(&self.vault, &institution, &merged));
        let given = if old.is_some() && text.expose() == before.expose() {
            GivenCredentials::Same { fingerprints }
        } else {
            let sealed = self.sealer.seal(organization_id, &credentials_context(id), &text).await?;
            GivenCredentials::New { sealed, fingerprints }
        };
        let (run_id, now) = (RunId(Uuid::now_v7()), clock::now());
        let run = self.store.give_credentials(organization_id, id, old.as_deref(), given, run_id, now).await?;
        if let Some(run) = run {
            self.enqueue(&run).await;
        }
        Ok(())
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
pub(super) fn credentials_text(credentials: &BTreeMap<CredentialName, Secret>) -> Secret {
    let plain: BTreeMap<&str, &str> =
        credentials.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
    // A map of texts can't fail to be written.
    Secret::new(serde_json::to_string(&plain).unwrap_or_default())
}

pub(super) fn credentials_context(id: ConnectionId) -> String {
    format!("credentials of connection {id}")
}
