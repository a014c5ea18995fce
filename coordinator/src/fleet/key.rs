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
use zeroize::Zeroizing;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{ApiKey, NewApiKey, RotatedKey, Store, StoreError};
use crate::vault::random;

/// How exactly the last use is kept.
pub(super) const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// How long a key works on at most after another took over from it.
pub const LONGEST_OVERLAP: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How long a key works on after another took over from it, unless it is said.
pub const USUAL_OVERLAP: SignedDuration = SignedDuration::from_hours(24);

const LONGEST_NAME: usize = 255;

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

    /// The scopes of those names, all of them if there are none.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown name.
    pub fn parse_all(names: &[String]) -> Result<Vec<Self>, Error> {
        if names.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let mut scopes = Vec::new();
        for name in names {
            let scope = Self::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Self::ALL.iter().map(|scope| scope.as_str()).collect();
                let reason = format!("each is one of {}", known.join(", "));
                Error::Invalid { field: "/scopes", reason }
            })?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Ok(scopes)
    }
}

/// A key to be made.
pub struct NewKey {
    /// The tenant that it reaches, of the organization and environment that it is for.
    pub tenant_id: OrganizationId,
    /// What the key is for: real banks, or simulated portals.
    pub environment: Environment,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made, and the whole of it, this once.
pub struct MadeKey {
    /// What is kept of it.
    pub kept: ApiKey,
    /// What its owner gets.
    pub whole: Secret,
}

impl NewKey {
    /// Makes the key and keeps it.
    ///
    /// # Errors
    /// [`Error`] if it can't be so, or the store or the system's randomness fails.
    pub async fn create(self, store: &dyn Store, prefix: &str) -> Result<MadeKey, Error> {
        let now = clock::now();
        if !(1..=LONGEST_NAME).contains(&self.name.trim().chars().count()) {
            return Err(Error::Invalid { field: "/name", reason: "use 1 to 255 characters".into() });
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::Invalid { field: "/expiresAt", reason: "this moment is over".into() });
        }
        let parts = Parts::new()?;
        let key = NewApiKey {
            id: parts.id.clone(),
            tenant_id: self.tenant_id,
            environment: self.environment,
            name: self.name,
            scopes: self.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            secret_hash: parts.hash(),
            expires_at: self.expires_at,
        };
        let kept = store.create_key(key, now).await?;
        Ok(MadeKey { whole: parts.whole(prefix, kept.environment.as_str()), kept })
    }
}

/// Makes a key that takes over from another, which works on for `overlap` at most.
///
/// # Errors
/// [`Refused::KeyEnded`](crate::store::Refused::KeyEnded) and
/// [`Refused::KeyReplaced`](crate::store::Refused::KeyReplaced) where it can't be
/// rotated; [`Error::Invalid`] for a negative overlap, or one above [`LONGEST_OVERLAP`].
pub async fn rotate_key(store: &dyn Store, prefix: &str, id: &str, overlap: SignedDuration) -> Result<MadeKey, Error> {
    if overlap.is_negative() || overlap > LONGEST_OVERLAP {
        return Err(Error::Invalid { field: "/overlapSeconds", reason: "use 0 to 365 days".into() });
    }
    let (parts, now) = (Parts::new()?, clock::now());
    let new = RotatedKey { id: parts.id.clone(), secret_hash: parts.hash() };
    let kept = store.rotate_key(id, new, now + overlap, now).await?;
    Ok(MadeKey { whole: parts.whole(prefix, kept.environment.as_str()), kept })
}

/// Sets when a key that is in force stops working; it may also be later than before.
///
/// # Errors
/// [`Error::Invalid`] for a moment that is over: revoking ends a key at once.
pub async fn expire_key(store: &dyn Store, id: &str, at: Timestamp) -> Result<ApiKey, Error> {
    let now = clock::now();
    if at <= now {
        let reason = "this moment is over; revoking ends a key at once".into();
        return Err(Error::Invalid { field: "/at", reason });
    }
    Ok(store.expire_key(id, at, now).await?)
}

/// What a key is made of.
pub(super) struct Parts {
    id: String,
    secret: Zeroizing<String>,
}

impl Parts {
    pub(super) fn new() -> Result<Self, Error> {
        let id = random::<8>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()).replace(['-', '_'], "x");
        Ok(Self { id, secret: Zeroizing::new(secret) })
    }

    /// The part that names it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// SHA-256 of its secret.
    pub(super) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.secret.as_bytes()).to_vec()
    }

    /// All of it; `kind` says what it is for.
    pub(super) fn whole(&self, prefix: &str, kind: &str) -> Secret {
        Secret::new(format!("{prefix}_{kind}_{}_{}", self.id, self.secret.as_str()))
    }
}

/// Whether a secret is the one of which `hash` was kept.
pub(super) fn is_secret_of(secret: &str, hash: &[u8]) -> bool {
    bool::from(Sha256::digest(secret.as_bytes()).as_slice().ct_eq(hash))
}

/// Who is calling, once a key was checked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// On whose behalf: the tenant of the key's environment.
    pub organization_id: OrganizationId,
    /// The key's id, for logs.
    pub key_id: String,
    /// What the key is for, in its owner's words.
    pub key_name: String,
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
        // An older coordinator may have made a test key in the live tenant.
        let is_live_tenant = key.tenant_id == key.organization_id;
        let in_place = (key.environment == Environment::Live) == is_live_tenant;
        if !is_secret_of(secret, &key.secret_hash)
            || key.environment.as_str() != environment
            || !key.is_in_force(now)
            || !in_place
        {
            return Err(KeyRefused::Invalid);
        }
        if key.last_used_at.is_none_or(|last| now.duration_since(last) > TOUCH_EVERY) {
            // A reader doesn't wait for a writer, nor fail with one.
            let (store, id) = (Arc::clone(&self.store), key.id.clone());
            tokio::spawn(async move { store.touch_key(&id, now).await });
        }
        Ok(Caller {
            organization_id: key.tenant_id,
            key_id: key.id,
            key_name: key.name,
            environment: key.environment,
            scopes: key.scopes.iter().filter_map(|name| Scope::parse(name)).collect(),
        })
    }
}
