//! The way in for SimpleFIN applications: a setup token is claimed once, for an access
//! URL with a user name and a secret that open reading and nothing else.
//!
//! Not here: what is read (`http::simplefin`).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::id::{EntityId, OrganizationId};
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{NewSimpleFinToken, Refused, SimpleFinToken, Store};
use crate::vault::random;

/// What the bridge's addresses begin with.
pub const SIMPLEFIN_ROOT: &str = "/simplefin";

/// How long a setup token can be claimed.
const CLAIMABLE: SignedDuration = SignedDuration::from_hours(24);

/// How exactly the last use is kept.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(1);

const LONGEST_NAME: usize = 255;

/// What a SimpleFIN token is for.
pub struct SimpleFinRequest {
    /// The tenant that is read.
    pub tenant_id: OrganizationId,
    /// The entity that it is narrowed to.
    pub entity_id: Option<EntityId>,
    /// What it is for.
    pub name: String,
}

/// Makes a setup token, the base64 of the address where it is claimed; it is returned
/// this once.
///
/// # Errors
/// [`Refused::NotFound`] if the entity isn't the tenant's, otherwise [`Error`].
pub async fn create_simplefin_token(
    store: &dyn Store,
    public_url: &str,
    request: SimpleFinRequest,
) -> Result<(SimpleFinToken, Secret), Error> {
    if !(1..=LONGEST_NAME).contains(&request.name.trim().chars().count()) {
        return Err(Error::Invalid { field: "/name", reason: "use 1 to 255 characters".into() });
    }
    let (claim, now) = (new_secret()?, clock::now());
    let new = NewSimpleFinToken {
        id: Uuid::now_v7(),
        tenant_id: request.tenant_id,
        entity_id: request.entity_id,
        name: request.name,
        claim_hash: hash(claim.expose()),
        claim_expires_at: now.saturating_add(CLAIMABLE).unwrap_or(now),
    };
    let token = store.create_simplefin_token(new, now).await?;
    let address = format!("{}/claim/{}", root(public_url), claim.expose());
    Ok((token, Secret::new(STANDARD.encode(address))))
}

impl Fleet {
    /// Claims a setup token; the access URL is returned this once.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if there is nothing to claim: unknown, claimed before, too
    /// old or revoked.
    pub async fn claim_simplefin_token(&self, claim: &str) -> Result<Secret, Error> {
        let secret = new_secret()?;
        let hashes = (hash(claim), hash(secret.expose()));
        let id = self.store.claim_simplefin_token(&hashes.0, &hashes.1, clock::now()).await?;
        let root = root(&self.config.public_url());
        let (scheme, rest) = root.split_once("://").unwrap_or(("https", &root));
        Ok(Secret::new(format!("{scheme}://{}:{}@{rest}", id.simple(), secret.expose())))
    }

    /// The token that a user name and secret belong to, while it is in force.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for anything else.
    pub async fn simplefin_token(&self, user: &str, secret: &str, now: Timestamp) -> Result<SimpleFinToken, Error> {
        let id = Uuid::parse_str(user).map_err(|_| Refused::NotFound)?;
        let (token, kept) = self.store.simplefin_token(id).await?.ok_or(Refused::NotFound)?;
        if !bool::from(hash(secret).ct_eq(&kept)) || token.revoked_at.is_some() {
            return Err(Refused::NotFound.into());
        }
        if token.last_used_at.is_none_or(|last| now.duration_since(last) > TOUCH_EVERY) {
            // A reader doesn't wait for a writer, nor fail with one.
            let store = Arc::clone(&self.store);
            tokio::spawn(async move { store.touch_simplefin_token(id, now).await });
        }
        Ok(token)
    }
}

fn root(public_url: &str) -> String {
    format!("{public_url}{SIMPLEFIN_ROOT}")
}

fn new_secret() -> Result<Secret, Error> {
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice())))
}

/// 32 random bytes need no slow hash.
fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
