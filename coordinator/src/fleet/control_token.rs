//! Control tokens: `<prefix>_control_<id>_<secret>`, each with a role, beside the one token
//! of the settings, which opens everything.
//!
//! Not here: which call needs which role; `http` says that.

use std::sync::Arc;

use domain::role::Role;
use domain::secret::Secret;
use jiff::Timestamp;

use super::key::{Parts, TOUCH_EVERY, is_secret_of};
use super::{Error, Fleet, KeyRefused};
use crate::clock;
use crate::store::{ControlToken, NewControlToken, Store};

/// What stands where an API key names its environment.
const KIND: &str = "control";

const LONGEST_NAME: usize = 255;

/// A token that was made, and the whole of it, this once.
pub struct MadeControlToken {
    /// What is kept of it.
    pub kept: ControlToken,
    /// What its owner gets.
    pub whole: Secret,
}

/// Makes a control token and keeps it.
///
/// # Errors
/// [`Error::Invalid`] for a name that is empty or too long, or an end that is over;
/// otherwise [`Error`] if the store or the system's randomness fails.
pub async fn create_control_token(
    store: &dyn Store,
    prefix: &str,
    name: String,
    role: Role,
    expires_at: Option<Timestamp>,
) -> Result<MadeControlToken, Error> {
    let now = clock::now();
    if !(1..=LONGEST_NAME).contains(&name.trim().chars().count()) {
        return Err(Error::Invalid { field: "/name", reason: "use 1 to 255 characters".into() });
    }
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Invalid { field: "/expiresAt", reason: "this moment is over".into() });
    }
    let parts = Parts::new()?;
    let new = NewControlToken { id: parts.id().to_owned(), name, role, secret_hash: parts.hash(), expires_at };
    let kept = store.create_control_token(new, now).await?;
    Ok(MadeControlToken { whole: parts.whole(prefix, KIND), kept })
}

impl Fleet {
    /// Checks a control token that isn't the settings'. How long it takes doesn't tell how
    /// much of a secret is right.
    ///
    /// # Errors
    /// [`KeyRefused`].
    pub async fn authenticate_operator(&self, presented: &str, now: Timestamp) -> Result<ControlToken, KeyRefused> {
        let rest = presented.strip_prefix(self.config.keys.prefix.as_str()).and_then(|rest| rest.strip_prefix('_'));
        let rest = rest.and_then(|rest| rest.strip_prefix(KIND)).and_then(|rest| rest.strip_prefix('_'));
        let (id, secret) = rest.and_then(|rest| rest.split_once('_')).ok_or(KeyRefused::Invalid)?;
        if id.len() > 64 {
            return Err(KeyRefused::Invalid);
        }
        let token = self.store.control_token(id).await?.ok_or(KeyRefused::Invalid)?;
        if !is_secret_of(secret, &token.secret_hash) || !token.is_in_force(now) {
            return Err(KeyRefused::Invalid);
        }
        if token.last_used_at.is_none_or(|last| now.duration_since(last) > TOUCH_EVERY) {
            let (store, id) = (Arc::clone(&self.store), token.id.clone());
            tokio::spawn(async move { store.touch_control_token(&id, now).await });
        }
        Ok(token)
    }
}
