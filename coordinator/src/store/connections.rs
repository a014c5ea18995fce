//! Connections, their credentials and what happened to them.
//!
//! Not here: which change is legal; `domain::connection` says that.

use async_trait::async_trait;
use domain::challenge::AuthenticatorState;
use domain::connection::{Actor, ConnectionState, ConnectionStatus};
use domain::failure::Failure;
use domain::id::{ConnectionId, EntityId, OrganizationId, RunId};
use domain::permissions::Permissions;
use domain::setup::{Credentials, OpenChallenge};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{Metadata, PageRequest, QueuedRun, Refused, StoreError, Supply};

/// Connections, their credentials and what happened to them.
#[async_trait]
pub trait Connections {
    /// Adds a connection, or returns the one with the same entity and anchor.
    async fn create_or_return_connection(
        &self,
        new: NewConnection,
        now: Timestamp,
    ) -> Result<CreatedOrReturned, Refused>;
    /// A page of connections, oldest first.
    async fn connections(
        &self,
        organization: OrganizationId,
        filter: ConnectionFilter,
        page: PageRequest,
    ) -> Result<Vec<Connection>, StoreError>;
    /// One connection.
    async fn connection(&self, organization: OrganizationId, id: ConnectionId) -> Result<Connection, Refused>;
    /// A page of what happened to a connection, oldest first.
    async fn connection_events(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<ConnectionEventRecord>, Refused>;
    /// What is kept of the credentials.
    async fn credentials(&self, organization: OrganizationId, id: ConnectionId) -> Result<Option<Vec<u8>>, Refused>;
    /// Keeps new credentials in place of `old` and lifts a refusal; refused as
    /// [`Refused::Changed`] if `old` isn't what is kept. What was given before doesn't
    /// lift a refusal for being wrong, and no count of doubts begins anew with it. Where
    /// the connection waited for credentials, a run under `run_id` is made to try them.
    /// What a bank refused of another connection is refused as [`Refused::BudgetSpent`].
    async fn give_credentials(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        old: Option<&[u8]>,
        given: GivenCredentials,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<Option<QueuedRun>, Refused>;
    /// Keeps of what the credentials are that a run was given, with the run, and with the
    /// connection unless those are others than `sealed` by now.
    async fn note_fingerprints(
        &self,
        run: RunId,
        id: ConnectionId,
        sealed: &[u8],
        fingerprints: Fingerprints,
    ) -> Result<(), StoreError>;
    /// Draft to pending activation, with an activation run.
    async fn complete_setup(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused>;
    /// Makes a sync run; refused while one is under way.
    async fn request_sync(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused>;
    /// Switches a connection off, with the run that is under way; its credentials stay.
    async fn pause_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<RunId>, Refused>;
    /// Switches a paused connection on again and makes a sync run.
    async fn resume_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused>;
    /// Ends a connection for good, with the run that is under way.
    async fn revoke_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<RunId>, Refused>;
    /// Those whose users may do more at the bank than look at accounts, in the order of their ids.
    async fn overprivileged(&self, page: PageRequest) -> Result<Vec<Overprivileged>, StoreError>;
}

/// A connection with what is known of it right now.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// On whose behalf it was made.
    pub entity_id: EntityId,
    /// The bank, where the catalog knows it.
    pub institution_id: Option<String>,
    /// Where the portal is.
    pub portal_url: Url,
    /// Where it stands.
    pub state: ConnectionState,
    /// Whether there is something to sign in with.
    pub credentials: Credentials,
    /// How its authenticator fares, where its secret was given.
    pub authenticator: Option<AuthenticatorState>,
    /// Whether the bank asks something of a person.
    pub challenge: OpenChallenge,
    /// The run that is under way.
    pub run: Option<OpenRun>,
    /// Why the last run came to nothing, until one succeeds.
    pub last_failure: Option<Failure>,
    /// When it first became active.
    pub activated_at: Option<Timestamp>,
    /// When records were last read.
    pub last_synced_at: Option<Timestamp>,
    /// The delegated user.
    pub instructions: Instructions,
    /// What the portal said last that this user may do.
    pub permissions: Option<SeenPermissions>,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A connection whose user may do more than look at accounts.
#[derive(Clone, Debug)]
pub struct Overprivileged {
    /// The connection.
    pub connection_id: ConnectionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The bank.
    pub institution_id: Option<String>,
    /// What the user may do.
    pub seen: SeenPermissions,
}

/// What a portal says its user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPermissions {
    /// What it is.
    pub permissions: Permissions,
    /// When it was read.
    pub seen_at: Timestamp,
}

/// A run that is under way.
#[derive(Clone, Debug)]
pub struct OpenRun {
    /// Why the attempt before this one failed.
    pub failure: Option<Failure>,
    /// When it is tried next, where it waits.
    pub not_before: Timestamp,
}

/// A connection to be made.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// On whose behalf.
    pub entity_id: EntityId,
    /// What makes a second request the same.
    pub anchor: String,
    /// The anchor of one that may still wait for its institution, and is returned where none has `anchor`.
    pub waiting_anchor: Option<String>,
    /// The bank, where the catalog knows it.
    pub institution_id: Option<String>,
    /// Where the portal is.
    pub portal_url: Url,
    /// The delegated user.
    pub instructions: Instructions,
    /// What it may be given of its own.
    pub supply: Supply,
    /// The integrator's values.
    pub metadata: Metadata,
}

/// What came of a create-or-return.
#[derive(Clone, Debug)]
pub enum CreatedOrReturned {
    /// It is new.
    Created(Connection),
    /// It was there.
    Returned(Connection),
}

/// Which connections are wanted.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// In this status.
    pub status: Option<ConnectionStatus>,
    /// Of this bank.
    pub institution_id: Option<String>,
    /// Of this entity.
    pub entity_id: Option<EntityId>,
}

/// Something that happened to a connection.
#[derive(Clone, Debug)]
pub struct ConnectionEventRecord {
    /// Its id, which orders.
    pub id: Uuid,
    /// What happened.
    pub cause: String,
    /// Who did it.
    pub actor: Actor,
    /// The status before.
    pub previous_status: Option<String>,
    /// The status after.
    pub status: String,
    /// The failure that came with it.
    pub failure: Option<Failure>,
    /// The run that it came from.
    pub run_id: Option<RunId>,
    /// When.
    pub created_at: Timestamp,
}

/// A portal that somebody has to describe before its connections can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPortal {
    /// Its scheme, host and port, such as `https://bank.example`.
    pub origin: String,
    /// How many connections wait for it; revoked ones don't.
    pub connections: u64,
    /// How many organizations they are of, an organization's two environments being one.
    pub organizations: u64,
    /// When the first of them was made.
    pub oldest_created_at: Timestamp,
}

/// Credentials that are to be kept.
#[derive(Clone, Debug)]
pub enum GivenCredentials {
    /// Others than before.
    New {
        /// Sealed by the vault.
        sealed: Vec<u8>,
        /// Of what they are; none where the bank isn't known yet.
        fingerprints: Option<Fingerprints>,
    },
    /// The same as before.
    Same {
        /// Of what they are; none where the bank isn't known yet.
        fingerprints: Option<Fingerprints>,
    },
}

/// Keyed hashes by which credentials of several connections are known to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// Of who signs in: the institution and every name that is given there.
    pub login: [u8; 32],
    /// Of that with the password.
    pub whole: [u8; 32],
}

/// The delegated user as the customer is to create it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instructions {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Postal address.
    pub address: Option<String>,
    /// Where the bank can write to.
    pub email: Option<String>,
    /// The sign-in name to ask for.
    pub username: String,
    /// Where the bank can send codes to.
    pub phone_number: Option<String>,
}

impl Instructions {
    /// The value of a field by its name in the API.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        match field {
            "firstName" => Some(&self.first_name),
            "lastName" => Some(&self.last_name),
            "address" => self.address.as_deref(),
            "email" => self.email.as_deref(),
            "username" => Some(&self.username),
            "phoneNumber" => self.phone_number.as_deref(),
            _ => None,
        }
    }
}
