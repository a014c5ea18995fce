//! How a connection is shown: as `setup` until it was activated, as `ready` after.
//!
//! Not here: the states and whose turn it is (`domain`); this only shows them.

use domain::challenge::AuthenticatorState;
use domain::connection::{Actor, ConnectionKind, ConnectionState, ConnectionStatus, SyncStatus};
use domain::failure::{self, Action, Explained, FailureCode, Fault, Retry, Stage};
use domain::setup::{Credentials, NextAction, Party, Portal, ProvisioningStatus, SetupFacts, SetupStatus};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::catalog::Catalog;
use crate::http::schema;
use crate::store::{self, ConnectionEventRecord, Metadata, SeenPermissions};

/// A connection of one entity to one portal: `setup` until it was activated, `ready`
/// after.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct Connection {
    id: Uuid,
    entity_id: Uuid,
    /// The bank, where the catalog knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    institution_id: Option<String>,
    #[schema(schema_with = schema::word::<ConnectionStatus>)]
    status: ConnectionStatus,
    #[schema(schema_with = schema::word::<ConnectionKind>)]
    kind: ConnectionKind,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    portal_url: Url,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    institution_name: Option<String>,
    #[schema(schema_with = schema::metadata)]
    metadata: Metadata,
    /// Of a `setup` connection alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    setup: Option<Setup>,
    /// Of a `ready` connection alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<SyncStatus>, required = false)]
    sync_status: Option<SyncStatus>,
    /// When records were last read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    last_synced_at: Option<Timestamp>,
    /// Why the last run came to nothing, or what it left out, until one leaves nothing out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::failure_code, required = false)]
    error_code: Option<FailureCode>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error_message: Option<String>,
    /// The same with what follows from it. Of a `ready` connection alone; one in set-up has
    /// `setup.lastFailure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<Failure>,
    /// How the delegated user's authenticator fares, where its secret was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word_with_meanings::<AuthenticatorState>, required = false)]
    authenticator: Option<AuthenticatorState>,
    /// The challenge that waits for an answer.
    // Choice: a `ready` connection shows by it that its run waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<NextAction>, required = false)]
    next_action: Option<NextAction>,
    /// What the portal says that the delegated user may do, as it was read last. Of a `ready` connection alone, and only
    /// where the portal shows it.
    // Choice: the documents have no place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    permissions: Option<Permissions>,
}

/// What the portal says that the delegated user may do, on any of its accounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct Permissions {
    /// Look at balances and transactions.
    view: bool,
    /// Make payments, or prepare them.
    initiate: bool,
    /// Approve the payments of others.
    approve: bool,
    /// Whether that is more than reading needs.
    exceeds_view: bool,
    /// When it was read.
    #[schema(value_type = String, format = DateTime)]
    observed_at: Timestamp,
}

/// How far a set-up is, what is next, and whose turn it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct Setup {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<SetupStatus>, required = false)]
    status: Option<SetupStatus>,
    instructions: Instructions,
    /// Whether credentials were given; they are never shown.
    credentials_present: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<Party>, required = false)]
    action_required_by: Option<Party>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<NextAction>, required = false)]
    next_action: Option<NextAction>,
    /// Why the last activation came to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_failure: Option<Failure>,
    /// When the activation is tried again by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    next_attempt_at: Option<Timestamp>,
}

/// The delegated user as the customer is to create it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct Instructions {
    first_name: String,
    last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address: Option<String>,
    /// Where the bank can write to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    /// The sign-in name to ask for.
    username: String,
    /// Where the bank can send codes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phone_number: Option<String>,
    #[schema(schema_with = schema::word::<ProvisioningStatus>)]
    email_provisioning_status: ProvisioningStatus,
    #[schema(schema_with = schema::word::<ProvisioningStatus>)]
    phone_number_provisioning_status: ProvisioningStatus,
    /// The bank's own words and steps, filled with the values above.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    guide: Option<Guide>,
}

/// How an administrator of the business creates the delegated user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct Guide {
    title: String,
    #[schema(required)]
    intro: Option<String>,
    steps: Vec<String>,
}

/// What a portal answered instead of data: what happened, and what follows from it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct Failure {
    #[schema(schema_with = schema::failure_code)]
    code: FailureCode,
    /// Whose doing it is.
    #[schema(schema_with = schema::word::<Fault>)]
    fault: Fault,
    /// What somebody has to do about it.
    #[schema(schema_with = schema::word::<Action>)]
    action: Action,
    /// When it may be tried again.
    #[schema(schema_with = schema::word::<Retry>)]
    retry: Retry,
    /// How far the run had come.
    #[schema(schema_with = schema::word::<Stage>)]
    stage: Stage,
    message: String,
    /// The bank's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    institution_message: Option<String>,
    /// The scrubbed page that operators can look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    evidence_id: Option<Uuid>,
    /// Until when it lasts, where the bank says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    until: Option<Timestamp>,
}

/// Something that happened to a connection.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::v1) struct ConnectionEvent {
    id: Uuid,
    /// What happened.
    #[schema(example = "setupCompleted")]
    cause: String,
    /// Who did it.
    #[schema(schema_with = schema::word::<Actor>)]
    actor: Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<ConnectionStatus>, required = false)]
    previous_status: Option<String>,
    #[schema(schema_with = schema::word::<ConnectionStatus>)]
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    failure: Option<Failure>,
    /// The run that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    run_id: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl Connection {
    pub(super) fn of(catalog: &Catalog, connection: store::Connection) -> Self {
        let institution = connection.institution_id.as_deref().and_then(|id| catalog.institution(id));
        let is_ready = connection.activated_at.is_some();
        let asked = connection.challenge.turn().filter(|_| is_ready);
        let failure = failure_of(&connection).filter(|_| is_ready);
        let sync_status = if connection.run.is_some() { SyncStatus::Syncing } else { SyncStatus::Idle };
        Self {
            id: connection.id.0,
            entity_id: connection.entity_id.0,
            status: connection.state.status(),
            kind: if is_ready { ConnectionKind::Ready } else { ConnectionKind::Setup },
            institution_name: institution.map(|institution| institution.name.clone()),
            setup: (!is_ready).then(|| Setup::of(catalog, &connection)),
            sync_status: is_ready.then_some(sync_status),
            last_synced_at: connection.last_synced_at.filter(|_| is_ready),
            error_code: failure.map(|failure| failure.code),
            error_message: failure.map(|failure| failure.message.clone()),
            failure: failure.map(Failure::of),
            authenticator: connection.authenticator,
            permissions: connection.permissions.filter(|_| is_ready).map(Permissions::of),
            next_action: asked.map(|(next_action, _)| next_action),
            created_at: connection.created_at,
            updated_at: connection.updated_at,
            institution_id: connection.institution_id,
            portal_url: connection.portal_url,
            metadata: connection.metadata,
        }
    }
}

impl Permissions {
    fn of(seen: SeenPermissions) -> Self {
        let SeenPermissions { permissions, seen_at } = seen;
        let domain::permissions::Permissions { view, initiate, approve } = permissions;
        Self { view, initiate, approve, exceeds_view: permissions.exceed_view(), observed_at: seen_at }
    }
}

/// A failure that passes by itself shows while the run waits for its next attempt.
fn failure_of(connection: &store::Connection) -> Option<&failure::Failure> {
    let waiting = connection.run.as_ref().and_then(|run| run.failure.as_ref());
    waiting.or(connection.state.failure()).or(connection.last_failure.as_ref())
}

impl Setup {
    fn of(catalog: &Catalog, connection: &store::Connection) -> Self {
        let institution = connection.institution_id.as_deref();
        let is_known = institution.is_some_and(|id| catalog.script(id).is_some());
        let facts = SetupFacts {
            credentials: connection.credentials,
            challenge: connection.challenge,
            portal: if is_known { Portal::Known } else { Portal::Unknown },
        };
        let progress = connection.state.setup_progress(facts);
        let next_attempt = connection.run.as_ref().filter(|run| run.failure.is_some()).map(|run| run.not_before);
        let is_pending = matches!(connection.state, ConnectionState::PendingActivation);
        Self {
            status: progress.map(|progress| progress.status),
            instructions: Instructions::of(catalog, connection),
            credentials_present: connection.credentials != Credentials::Absent,
            action_required_by: progress.map(|progress| progress.action_required_by),
            next_action: progress.map(|progress| progress.next_action),
            last_failure: failure_of(connection).map(Failure::of),
            next_attempt_at: next_attempt.filter(|_| is_pending),
        }
    }
}

impl Instructions {
    fn of(catalog: &Catalog, connection: &store::Connection) -> Self {
        let instructions = &connection.instructions;
        let institution = connection.institution_id.as_deref().and_then(|id| catalog.institution(id));
        let guide = institution.and_then(|bank| bank.guide.as_ref());
        let guide = guide.map(|guide| guide.filled(|field| instructions.value(field)));
        let provisioning = |value: &Option<String>, otherwise| match value {
            Some(_) => ProvisioningStatus::Provisioned,
            None => otherwise,
        };
        Self {
            // An address is made with the connection or never; a number comes as soon as the pool has one, unless the user is
            // there by then, who has another.
            email_provisioning_status: provisioning(&instructions.email, ProvisioningStatus::Failed),
            phone_number_provisioning_status: provisioning(
                &instructions.phone_number,
                match connection.credentials {
                    Credentials::Absent => ProvisioningStatus::Pending,
                    Credentials::Present | Credentials::Refused => ProvisioningStatus::Failed,
                },
            ),
            guide: guide.map(|guide| Guide { title: guide.title, intro: guide.intro, steps: guide.steps }),
            first_name: instructions.first_name.clone(),
            last_name: instructions.last_name.clone(),
            address: instructions.address.clone(),
            email: instructions.email.clone(),
            username: instructions.username.clone(),
            phone_number: instructions.phone_number.clone(),
        }
    }
}

impl Failure {
    fn of(failure: &failure::Failure) -> Self {
        let Explained { code, fault, action, retry, stage, message, until } = Explained::of(failure);
        Self {
            code,
            fault,
            action,
            retry,
            stage,
            message: message.to_owned(),
            until,
            institution_message: failure.institution_message.clone(),
            evidence_id: failure.evidence_id.map(|id| id.0),
        }
    }
}

impl From<ConnectionEventRecord> for ConnectionEvent {
    fn from(event: ConnectionEventRecord) -> Self {
        Self {
            id: event.id,
            cause: event.cause,
            actor: event.actor,
            previous_status: event.previous_status,
            status: event.status,
            failure: event.failure.as_ref().map(Failure::of),
            run_id: event.run_id.map(|id| id.0),
            created_at: event.created_at,
        }
    }
}
