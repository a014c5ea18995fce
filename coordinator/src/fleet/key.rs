//! API keys: `<prefix>_<live|test>_<key id>_<secret>`, of which only the id and the
//! secret's SHA-256 are kept. The secret is 32 random bytes, so a slow hash would
//! add nothing.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::environment::Environment;
use domain::id::OrganizationId;
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{ApiKey, Store, StoreError};
use crate::vault::random;

/// How exactly the last use is kept.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read entities.
    EntitiesRead,
    /// Add and change entities.
    EntitiesWrite,
    /// Read connections and institutions.
    ConnectionsRead,
    /// Make and change connections.
    ConnectionsWrite,
    /// Read accounts and balances.
    AccountsRead,
    /// Read transactions.
    TransactionsRead,
    /// Read webhooks.
    WebhooksRead,
    /// Add and change webhooks.
    WebhooksWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::EntitiesRead,
        Self::EntitiesWrite,
        Self::ConnectionsRead,
        Self::ConnectionsWrite,
        Self::AccountsRead,
        Self::TransactionsRead,
        Self::WebhooksRead,
        Self::WebhooksWrite,
    ];

    /// The scope's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EntitiesRead => "entities:read",
            Self::EntitiesWrite => "entities:write",
            Self::ConnectionsRead => "connections:read",
            Self::ConnectionsWrite => "connections:write",
            Self::AccountsRead => "accounts:read",
            Self::TransactionsRead => "transactions:read",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A key to be made.
pub struct NewKey {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What the key is for: real banks, or simulated portals.
    pub environment: Environment,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// Makes the key and keeps it; the whole key is returned this once.
    ///
    /// # Errors
    /// [`Error`] if the store or the system's randomness fails.
    pub async fn create(self, store: &dyn Store, prefix: &str) -> Result<(String, Secret), Error> {
        let id: String = random::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()).replace(['-', '_'], "x");
        let key = Secret::new(format!("{prefix}_{}_{id}_{secret}", self.environment));
        store
            .create_key(ApiKey {
                id: id.clone(),
                organization_id: self.organization_id,
                environment: self.environment,
                name: self.name,
                scopes: self.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
                secret_hash: Sha256::digest(secret.as_bytes()).to_vec(),
                created_at: clock::now(),
                expires_at: self.expires_at,
                revoked_at: None,
                last_used_at: None,
            })
            .await?;
        Ok((id, key))
    }
}

/// Who is calling, once a key was checked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// On whose behalf.
    pub organization_id: OrganizationId,
    /// The key's id, for logs.
    pub key_id: String,
    /// What the key is for.
    pub environment: Environment,
    scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the key has the scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// Why a key isn't taken. The caller is told the same for all but the store.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefused {
    /// Malformed, unknown, revoked or expired.
    #[error("the key isn't valid")]
    Invalid,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fleet {
    /// Checks an API key. How long it takes doesn't tell how much of a secret is right.
    ///
    /// # Errors
    /// [`KeyRefused`].
    pub async fn authenticate(&self, presented: &str, now: Timestamp) -> Result<Caller, KeyRefused> {
        let mut parts = presented.splitn(4, '_');
        let (Some(prefix), Some(environment), Some(id), Some(secret)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyRefused::Invalid);
        };
        if prefix != self.config.keys.prefix || id.len() > 64 {
            return Err(KeyRefused::Invalid);
        }
        let key = self.store.key(id).await?.ok_or(KeyRefused::Invalid)?;
        let same = Sha256::digest(secret.as_bytes()).ct_eq(key.secret_hash.as_slice());
        let in_force = key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end);
        if !bool::from(same) || key.environment.as_str() != environment || !in_force {
            return Err(KeyRefused::Invalid);
        }
        if key.last_used_at.is_none_or(|last| now.duration_since(last) > TOUCH_EVERY) {
            // A reader doesn't wait for a writer, nor fail with one.
            let (store, id) = (Arc::clone(&self.store), key.id.clone());
            tokio::spawn(async move { store.touch_key(&id, now).await });
        }
        Ok(Caller {
            organization_id: key.organization_id,
            key_id: key.id,
            environment: key.environment,
            scopes: key.scopes.iter().filter_map(|name| Scope::parse(name)).collect(),
        })
    }
}
