//! The people of the console: added, let in, shown out. Of a password only its argon2id hash is kept, of
//! what a browser shows only SHA-256.
//!
//! Who is turned away learns nothing but that: a name that nobody has takes as long and is answered the
//! same as a wrong password. Attempts are counted in the store, by name and by address, so that it
//! makes no difference how many coordinators are asked.
//!
//! Not here: hashing (`hashing`), people for whom an OpenID provider vouches (`vouching`), cookies and forms (`console`), or which page needs which role.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::Action;
use domain::id::{OrganizationId, SessionId, UserId};
use domain::role::Role;
use domain::secret::Secret;
use domain::sign_in::{fit_password, login};
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::hashing::{self, Place, hash};
use super::{Error, Fleet};
use crate::clock;
use crate::store::{
    Access, Act, Attempted, Bucket, Counted, Forgives, NewSession, NewUser, ProvenBy, Reach, Refused, Session, SignsIn,
    Store, StoreError, User, acting, actor,
};
use crate::vault::{mac, random};

/// How exactly the last use of a session is kept, where it may be idle for so long.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(20);

/// The longest name that is shown of somebody, in characters.
pub(super) const LONGEST_NAME: usize = 100;

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
}

/// Somebody who has shown who they are.
pub struct Known {
    pub(super) user: User,
    /// What they showed.
    pub(super) proven_by: ProvenBy,
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
        proven_by: ProvenBy::Password(hash(request.password).await?),
    };
    Ok(store.create_user(new, clock::now()).await?)
}

/// Gives a user another password; every session of theirs ends.
///
/// # Errors
/// [`Error::Invalid`] for a password that can't be one.
pub async fn set_password(store: &dyn Store, user: &User, password: Secret) -> Result<User, Error> {
    fit(user, &password)?;
    let hash = hash(password).await?;
    Ok(store.set_password(user.id, hash, clock::now()).await?)
}

/// Gives a user another role, which counts at once, in sessions that are open too.
///
/// # Errors
/// [`Error::Invalid`] for somebody who has theirs from the OpenID provider: the next sign-in would take it away again.
pub async fn set_role(store: &dyn Store, user: &User, role: Role) -> Result<User, Error> {
    if user.signs_in == SignsIn::ThroughProvider {
        return Err(invalid("/role", "they sign in through the OpenID provider, whose groups give them theirs"));
    }
    Ok(store.set_role(user.id, role, clock::now()).await?)
}

/// Whether a password may be this user's.
///
/// # Errors
/// [`Error::Invalid`] says why not.
pub fn fit(user: &User, password: &Secret) -> Result<(), Error> {
    if user.signs_in == SignsIn::ThroughProvider {
        return Err(invalid("/password", "they sign in through the OpenID provider, which has their password"));
    }
    fit_password(&user.login, password.expose()).map_err(|unfit| invalid("/password", unfit))
}

impl Fleet {
    /// Lets somebody in, or not; with the session comes what the browser is to show, this once.
    ///
    /// # Errors
    /// [`SignInRefused`].
    pub async fn sign_in(&self, attempt: Attempt, browser: &str) -> Result<(Session, Secret), SignInRefused> {
        let address = attempt.address.clone();
        let known = self.look_at(attempt).await?;
        let opened = self.open_session(known, address, browser).await.map_err(|error| match error {
            Error::Refused(Refused::NotFound) => SignInRefused::Wrong,
            error => error.into(),
        })?;
        metrics::counter!("bursar_sign_ins_total", "outcome" => "succeeded").increment(1);
        Ok(opened)
    }

    /// Counts an attempt and looks at it; it opens nothing.
    ///
    /// # Errors
    /// [`SignInRefused`].
    pub async fn look_at(&self, attempt: Attempt) -> Result<Known, SignInRefused> {
        // Whoever isn't looked at for want of a place isn't counted either.
        let place = hashing::place()?;
        let name = attempt.login.trim().to_lowercase();
        let settings = &self.config.console;
        let buckets = [
            Bucket {
                name: format!("name:{}", self.digest(&name)),
                allowed: settings.attempts_per_name,
                forgives: Forgives::All,
            },
            Bucket {
                name: format!("address:{}", attempt.address),
                allowed: settings.attempts_per_address,
                forgives: Forgives::Itself,
            },
        ];
        let named = self.store.user_called(&name).await?;
        // In a task of its own: whoever hangs up keeps nothing out of the counts and the trail.
        let looked_at = look_at(Arc::clone(&self.store), buckets, named, place, attempt.password);
        tokio::spawn(acting(actor(), looked_at)).await.unwrap_or(Err(SignInRefused::Failed(Error::Busy)))
    }

    /// Opens a session for somebody who was found to be a user.
    pub(super) async fn open_session(
        &self,
        Known { user, proven_by }: Known,
        address: String,
        browser: &str,
    ) -> Result<(Session, Secret), Error> {
        let token = Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()));
        let now = clock::now();
        let longest = SignedDuration::try_from(self.config.console.longest).unwrap_or(SignedDuration::from_hours(12));
        let browser = browser.chars().filter(|letter| !letter.is_control()).take(LONGEST_BROWSER).collect();
        let new = NewSession {
            id: SessionId(Uuid::now_v7()),
            user_id: user.id,
            proven_by,
            token_hash: token_hash(token.expose()),
            browser,
            address,
            ends_at: now.saturating_add(longest).unwrap_or(now),
        };
        let by = domain::audit::Actor::new(domain::audit::ActorKind::ConsoleUser, user.id.to_string(), &user.login);
        let session = acting(by, self.store.open_session(new, now)).await?;
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

/// Counts an attempt before it looks at it, and takes that back of one that is right.
async fn look_at(
    store: Arc<dyn Store>,
    buckets: [Bucket; 2],
    named: Option<(User, Option<String>)>,
    place: Place,
    password: Secret,
) -> Result<Known, SignInRefused> {
    let counted = match store.begin_sign_in(&buckets, clock::now()).await? {
        Attempted::Counted(counted) => counted,
        Attempted::Blocked { until } => {
            metrics::counter!("bursar_sign_ins_total", "outcome" => "blocked").increment(1);
            return Err(SignInRefused::Blocked { until });
        }
    };
    let (user, kept) = named.map_or((None, None), |(user, kept)| (Some(user), kept));
    let is_right = hashing::verify(place, password, kept.clone()).await;
    match (user, kept) {
        (Some(user), Some(password_hash)) if is_right && user.access == Access::Enabled => {
            store.forgive_sign_in(&counted).await?;
            Ok(Known { user, proven_by: ProvenBy::Password(password_hash) })
        }
        (user, _) => {
            metrics::counter!("bursar_sign_ins_total", "outcome" => "refused").increment(1);
            tell_blocks(&store, user.as_ref(), &counted);
            Err(SignInRefused::Wrong)
        }
    }
}

/// Tells of blocks that came to be. Only a user's is written down: of names that nobody has, and of
/// addresses, anybody can make as many as they like.
fn tell_blocks(store: &Arc<dyn Store>, user: Option<&User>, counted: &[Counted]) {
    for attempt in counted.iter().filter(|attempt| attempt.blocks_until.is_some()) {
        let of = match (attempt.forgives, user) {
            (Forgives::Itself, _) => "address",
            (Forgives::All, None) => "unknownName",
            (Forgives::All, Some(user)) => {
                let act = Act::new(Action::SignInBlocked).to(user.id).with(json!({ "attempts": attempt.attempts }));
                let act = user.organization_id.map_or(act.clone(), |organization| act.of(organization));
                let store = Arc::clone(store);
                // Nobody waits for it: how long an answer takes doesn't tell who there is.
                tokio::spawn(acting(actor(), async move {
                    if let Err(error) = store.note_act(act, clock::now()).await {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(error, "a block of sign-ins isn't in the audit trail");
                    }
                }));
                "user"
            }
        };
        metrics::counter!("bursar_sign_in_blocks_total", "of" => of).increment(1);
    }
}

/// 32 random bytes need no slow hash.
fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

fn invalid(field: &'static str, reason: impl ToString) -> Error {
    Error::Invalid { field, reason: reason.to_string() }
}
