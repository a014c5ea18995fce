//! Seals and opens what is kept for an organization, with its data key: the vault
//! together with the wrapped keys in the store.
//!
//! Not here: what anything is sealed for; whoever seals says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::id::OrganizationId;
use domain::secret::Secret;

use crate::store::{Refused, Store};
use crate::vault::{DataKey, Vault, VaultError};

/// The vault together with the wrapped keys in the store.
#[derive(Clone)]
pub struct Sealer {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    keys: Arc<Mutex<HashMap<OrganizationId, Arc<DataKey>>>>,
}

/// Something couldn't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealerError {
    /// The organization's key can't be had.
    #[error(transparent)]
    Key(#[from] Refused),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Sealer {
    /// A sealer on one store and one vault.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>) -> Self {
        Self { store, vault, keys: Arc::default() }
    }

    /// Seals a secret for one purpose.
    ///
    /// # Errors
    /// [`SealerError`] if the organization's key can't be had.
    pub async fn seal(&self, owner: OrganizationId, context: &str, secret: &Secret) -> Result<Vec<u8>, SealerError> {
        Ok(self.key(owner).await?.seal(context, secret)?)
    }

    /// Opens what was sealed for that purpose.
    ///
    /// # Errors
    /// [`SealerError`] if the organization's key can't be had, or isn't the one.
    pub async fn open(&self, owner: OrganizationId, context: &str, sealed: &[u8]) -> Result<Secret, SealerError> {
        Ok(self.key(owner).await?.open(context, sealed)?)
    }

    async fn key(&self, owner: OrganizationId) -> Result<Arc<DataKey>, SealerError> {
        let kept = self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&owner).cloned();
        if let Some(key) = kept {
            return Ok(key);
        }
        let wrapped = self.store.data_key(owner).await?;
        let key = Arc::new(self.vault.data_key(&owner.to_string(), &wrapped)?);
        let mut keys = self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(keys.entry(owner).or_insert(key).clone())
    }
}
