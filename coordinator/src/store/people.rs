//! The people of the console: users, their sessions, and sign-ins that came to nothing.
//!
//! Not here: passwords (only hashes come here), or what a role lets somebody do.

use async_trait::async_trait;
use domain::id::{OrganizationId, SessionId, UserId};
use domain::role::Role;
use jiff::Timestamp;

use super::{Refused, StoreError};

/// The people of the console.
#[async_trait]
pub trait People {
    /// The tenants of an organization, live and test.
    async fn tenants_of(&self, organization: OrganizationId) -> Result<Vec<OrganizationId>, StoreError>;
    /// Adds a user; [`Refused::Duplicate`] if the login name is taken.
    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, Refused>;
    /// The user whom a provider calls so, with the name, role and organization that it says now; added if there is none
    /// yet. [`Refused::Duplicate`] if the login name is somebody else's.
    async fn admit(&self, new: NewUser, now: Timestamp) -> Result<User, Refused>;
    /// All users, by login name; those of one organization, if it is given.
    async fn users(&self, organization: Option<OrganizationId>) -> Result<Vec<User>, StoreError>;
    /// One user.
    async fn user(&self, id: UserId) -> Result<User, Refused>;
    /// The user of a login name, with the hash of the password.
    async fn user_called(&self, login: &str) -> Result<Option<(User, Option<String>)>, StoreError>;
    /// Takes another password, and ends every session.
    async fn set_password(&self, id: UserId, hash: String, now: Timestamp) -> Result<User, Refused>;
    /// Gives another role; [`Refused::LastAdministrator`] if nobody would be left who administers the whole fleet.
    async fn set_role(&self, id: UserId, role: Role, now: Timestamp) -> Result<User, Refused>;
    /// Lets a user in or not; one that isn't let in has no session any more. [`Refused::LastAdministrator`] if nobody
    /// would be left who administers the whole fleet.
    async fn set_active(&self, id: UserId, access: Access, now: Timestamp) -> Result<User, Refused>;
    /// Counts an attempt in each bucket before anybody looks at it, unless one is blocked.
    async fn begin_sign_in(&self, buckets: &[Bucket], now: Timestamp) -> Result<Attempted, StoreError>;
    /// Takes back what an attempt counted that came to something, and the block that it began.
    async fn forgive_sign_in(&self, counted: &[Counted]) -> Result<(), StoreError>;
    /// Opens a session; [`Refused::NotFound`] if its user isn't let in, or proves who they are otherwise by now.
    async fn open_session(&self, new: NewSession, now: Timestamp) -> Result<Session, Refused>;
    /// The session of a token, with its user, if it hasn't ended and its user is let in.
    async fn session(
        &self,
        token_hash: &[u8],
        seen_after: Timestamp,
        now: Timestamp,
    ) -> Result<Option<(Session, User)>, StoreError>;
    /// Notes that a session is in use.
    async fn touch_session(&self, id: SessionId, user: UserId, now: Timestamp) -> Result<(), StoreError>;
    /// The sessions of a user, the latest first.
    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;
    /// Ends a session of a user, or all of them; how many.
    async fn close_sessions(&self, user: UserId, which: Option<SessionId>, now: Timestamp) -> Result<u64, StoreError>;
    /// Forgets sessions that have ended and attempts that are forgiven; how many.
    async fn prune_people(&self, forgiven_before: Timestamp, now: Timestamp) -> Result<u64, StoreError>;
}

/// Whether a user is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// They are.
    Enabled,
    /// They aren't.
    Disabled,
}

/// What shows that somebody is who they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvenBy {
    /// A password, by its argon2id hash in PHC form.
    Password(String),
    /// An OpenID provider, by the name that it has for them, with its own before it.
    Provider(String),
}

/// How somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignsIn {
    /// With a password.
    WithPassword,
    /// Through an OpenID provider.
    ThroughProvider,
}

/// A person who signs in to the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What they type, in lower case.
    pub login: String,
    /// What they are called.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// The one organization that they reach; all if there is none.
    pub organization_id: Option<OrganizationId>,
    /// Whether they are let in.
    pub access: Access,
    /// How they sign in.
    pub signs_in: SignsIn,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they last used the console, to the minute.
    pub seen_at: Option<Timestamp>,
}

/// A user to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// In lower case.
    pub login: String,
    /// What they are called.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// The one organization that they reach; all if there is none.
    pub organization_id: Option<OrganizationId>,
    /// What they show.
    pub proven_by: ProvenBy,
}

/// A sign-in that lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the browser calls itself.
    pub browser: String,
    /// Where it was opened from.
    pub address: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// What they showed.
    pub proven_by: ProvenBy,
    /// SHA-256 of what the browser keeps.
    pub token_hash: Vec<u8>,
    /// What the browser calls itself.
    pub browser: String,
    /// Where it is opened from.
    pub address: String,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// What a sign-in that succeeds takes back of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgives {
    /// All of it.
    All,
    /// Itself: whoever knows one password may still be guessing others.
    Itself,
}

/// Where attempts to sign in are counted together.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// How many attempts are free.
    pub allowed: u32,
    /// What a sign-in that succeeds takes back of the count.
    pub forgives: Forgives,
}

/// What became of an attempt before anybody looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// There were too many; it counts nowhere.
    Blocked {
        /// When the next is looked at.
        until: Timestamp,
    },
    /// It is counted, once in each bucket.
    Counted(Vec<Counted>),
}

/// An attempt in one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The bucket's name.
    pub bucket: String,
    /// What a sign-in that succeeds takes back of it.
    pub forgives: Forgives,
    /// How many attempts it makes.
    pub attempts: u32,
    /// Until when it has no further one looked at, should it come to nothing.
    pub blocks_until: Option<Timestamp>,
}
