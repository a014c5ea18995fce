//! The people of the console: added, let in, shown out. Of a password only its argon2id hash is kept, of
//! what a browser shows only SHA-256.
//!
//! Who is turned away learns nothing but that: a name that nobody has takes as long and is answered the
//! same as a wrong password. Attempts are counted in the store, by name and by address, so that it
//! makes no difference how many coordinators are asked.
//!
//! Another system that vouches for people (OpenID Connect) would come in at [`Fleet::open_session`], with
//! a user that it found by `vouched_as`; none does yet.
//!
//! Not here: hashing (`hashing`), cookies and forms (`console`), or which page needs which role.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{OrganizationId, SessionId, UserId};
use domain::role::Role;
use domain::secret::Secret;
use domain::sign_in::{fit_password, login};
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::hashing::{self, hash};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{Access, Bucket, Forgives, NewSession, NewUser, Reach, Session, Store, StoreError, User};
use crate::vault::{mac, random};

/// How exactly the last use of a session is kept, where it may be idle for so long.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(20);

/// The longest name that is shown of somebody, in characters.
const LONGEST_NAME: usize = 100;

/// The longest that a browser says of itself, in characters.
const LONGEST_BROWSER: usize = 200;

/// A user that is asked for.
pub struct UserRequest {
    /// What they type.
    pub login: String,
    /// What they are called; the login name if it is empty.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// The one organization that they reach.
    pub organization_id: Option<OrganizationId>,
    /// What they sign in with.
    pub password: Secret,
}

/// An attempt to sign in.
pub struct Attempt {
    /// What was typed as the name.
    pub login: String,
    /// What was typed as the password.
    pub password: Secret,
    /// Where from.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefused {
    /// There is no such user, or it is another password, or they were shut out.
    #[error("the name or the password isn't right")]
    Wrong,
    /// There were too many attempts.
    #[error("there were too many attempts")]
    Blocked {
        /// When the next is looked at.
        until: Timestamp,
    },
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<StoreError> for SignInRefused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Who is signed in, and what they reach.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user: User,
    /// What they reach.
    pub reach: Reach,
}

/// Whether a request shows that somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It does: the session goes on.
    Active,
    /// The page asks by itself.
    ByItself,
}

/// Adds a user.
///
/// # Errors
/// [`Error::Invalid`] names the field; `Refused::Duplicate` for a login name that is taken.
pub async fn create_user(store: &dyn Store, request: UserRequest) -> Result<User, Error> {
    let login = login(&request.login).map_err(|unfit| invalid("/login", unfit))?;
    fit_password(&login, request.password.expose()).map_err(|unfit| invalid("/password", unfit))?;
    let name = request.display_name.trim();
    let is_plain = !name.chars().any(char::is_control) && name.chars().count() <= LONGEST_NAME;
    if !is_plain {
        return Err(invalid("/displayName", "use 100 characters at most, in one line"));
    }
    let display_name = if name.is_empty() { login.clone() } else { name.to_owned() };
    let new = NewUser {
        id: UserId(Uuid::now_v7()),
        login,
        display_name,
        role: request.role,
        organization_id: request.organization_id,
        password_hash: hash(request.password).await?,
    };
    Ok(store.create_user(new, clock::now()).await?)
}

/// Gives a user another password; every session of theirs ends.
///
/// # Errors
/// [`Error::Invalid`] for a password that can't be one.
pub async fn set_password(store: &dyn Store, user: &User, password: Secret) -> Result<User, Error> {
    fit_password(&user.login, password.expose()).map_err(|unfit| invalid("/password", unfit))?;
    let hash = hash(password).await?;
    Ok(store.set_password(user.id, hash, clock::now()).await?)
}

impl Fleet {
    /// Lets somebody in, or not; with the session comes what the browser is to show, this once.
    ///
    /// # Errors
    /// [`SignInRefused`].
    pub async fn sign_in(&self, attempt: Attempt) -> Result<(Session, Secret), SignInRefused> {
        // Whoever isn't looked at for want of a place isn't counted either.
        let place = hashing::place()?;
        let (name, now) = (attempt.login.trim().to_lowercase(), clock::now());
        let settings = &self.config.console;
        let known = self.store.user_called(&name).await?;
        // A name that nobody has may be a password in the wrong field, so it is kept nowhere.
        let named = known.as_ref().map_or_else(|| "a name that nobody has".to_owned(), |(user, _)| user.id.to_string());
        let buckets = [
            Bucket {
                name: format!("name:{}", self.digest(&name)),
                allowed: settings.attempts_per_name,
                forgives: Forgives::All,
                subject: named,
            },
            Bucket {
                name: format!("address:{}", attempt.address),
                allowed: settings.attempts_per_address,
                forgives: Forgives::Itself,
                subject: attempt.address.clone(),
            },
        ];
        if let Some(until) = self.store.begin_sign_in(&buckets, now).await? {
            metrics::counter!("bursar_sign_ins_total", "outcome" => "blocked").increment(1);
            return Err(SignInRefused::Blocked { until });
        }
        let (user, kept) = known.map_or((None, None), |(user, kept)| (Some(user), kept));
        let is_right = hashing::verify(place, attempt.password, kept).await;
        let user = user.filter(|user| is_right && user.access == Access::Enabled).ok_or_else(|| {
            metrics::counter!("bursar_sign_ins_total", "outcome" => "refused").increment(1);
            SignInRefused::Wrong
        })?;
        let opened = self.open_session(&user, attempt.address, &attempt.browser, &buckets).await?;
        metrics::counter!("bursar_sign_ins_total", "outcome" => "succeeded").increment(1);
        Ok(opened)
    }

    /// Opens a session for somebody who was found to be a user.
    async fn open_session(
        &self,
        user: &User,
        address: String,
        browser: &str,
        buckets: &[Bucket],
    ) -> Result<(Session, Secret), Error> {
        let token = Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()));
        let now = clock::now();
        let longest = SignedDuration::try_from(self.config.console.longest).unwrap_or(SignedDuration::from_hours(12));
        let browser = browser.chars().filter(|letter| !letter.is_control()).take(LONGEST_BROWSER).collect();
        let new = NewSession {
            id: SessionId(Uuid::now_v7()),
            user_id: user.id,
            token_hash: token_hash(token.expose()),
            browser,
            address,
            ends_at: now.saturating_add(longest).unwrap_or(now),
        };
        let by = domain::audit::Actor::new(domain::audit::ActorKind::ConsoleUser, user.id.to_string(), &user.login);
        let session = crate::store::acting(by, self.store.open_session(new, buckets, now)).await?;
        Ok((session, token))
    }

    /// Who shows this token, if their session hasn't ended.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn signed_in(&self, token: &str, presence: Presence) -> Result<Option<SignedIn>, Error> {
        let now = clock::now();
        let idle = SignedDuration::try_from(self.config.console.idle).unwrap_or(SignedDuration::from_mins(30));
        let seen_after = now.saturating_sub(idle).unwrap_or(Timestamp::MIN);
        let Some((session, user)) = self.store.session(&token_hash(token), seen_after, now).await? else {
            return Ok(None);
        };
        if presence == Presence::Active && now.duration_since(session.seen_at) > TOUCH_EVERY.min(idle / 10) {
            // A reader doesn't wait for a writer, nor fail with one.
            let (store, id, user) = (Arc::clone(&self.store), session.id, user.id);
            tokio::spawn(async move { store.touch_session(id, user, now).await });
        }
        let reach = self.reach_of(&user).await?;
        Ok(Some(SignedIn { session, user, reach }))
    }

    async fn reach_of(&self, user: &User) -> Result<Reach, Error> {
        Ok(match user.organization_id {
            None => Reach::All,
            Some(organization) => Reach::Tenants(self.store.tenants_of(organization).await?),
        })
    }

    /// A keyed hash, by which nobody finds out what was typed.
    fn digest(&self, text: &str) -> String {
        let mut mac = mac(&self.vault.derived_key("sign-in names"));
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// 32 random bytes need no slow hash.
fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn invalid(field: &'static str, reason: impl ToString) -> Error {
    Error::Invalid { field, reason: reason.to_string() }
}
