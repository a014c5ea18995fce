//! The audit trail: who did what to what, one entry after the other in a chain of hashes.
//!
//! Each entry is hashed with SHA-256 over its canonical form, which holds the hash of the entry
//! before it. Whoever knows one hash can so tell whether anything up to it was altered, left out
//! or put in another order.
//!
//! **The canonical form**, so that an outsider can compute it without this program: the fields
//! below in this order, each as a netstring, which is the number of its bytes in decimal, a colon,
//! the bytes in UTF-8, and a comma (`5:hello,`). What is absent is the empty netstring `0:,`; no field
//! that is there is empty. Nothing stands before, between or after them.
//!
//! | | field | as |
//! |---|---|---|
//! | 1 | version | `bursar-audit-1` |
//! | 2 | position | decimal, from 1 |
//! | 3 | at | milliseconds since 1970-01-01T00:00:00Z, decimal |
//! | 4 | kind of the actor | a word of [`ActorKind`] |
//! | 5 | id of the actor | text |
//! | 6 | name of the actor at that time | text |
//! | 7 | action | a word of [`Action`] |
//! | 8 | organization | UUID, lower case with dashes |
//! | 9 | connection | UUID, lower case with dashes |
//! | 10 | subject | text: the id of what was acted on, where that isn't the connection |
//! | 11 | detail | JSON, byte for byte as it is kept |
//! | 12 | hash of the entry before | 64 hexadecimal digits in lower case; of the first entry, 64 zeros |
//!
//! Not here: hashing, which needs a library, or keeping entries; the store does both.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::word::words;

/// What the canonical form begins with.
const VERSION: &str = "bursar-audit-1";

/// The longest name of an actor that is kept, in characters.
const LONGEST_NAME: usize = 255;

words! {
    /// What kind of actor did something.
    pub enum ActorKind {
        /// A person who is signed in to the console.
        ConsoleUser = "consoleUser",
        /// An operator's program, by a control token that was made for it.
        ControlToken = "controlToken",
        /// Whoever has the control token of the settings.
        SettingsToken = "settingsToken",
        /// An integrator, by an API key.
        ApiKey = "apiKey",
        /// Somebody at the set-up page of a connection, by a link that an integrator made; the id is the link's.
        SetupLink = "setupLink",
        /// Whoever can run commands on the store; the name is that of the machine's user.
        CommandLine = "commandLine",
        /// Bursar itself.
        System = "system",
    }
}

words! {
    /// What was done.
    pub enum Action {
        /// An organization was added.
        OrganizationCreated = "organization.created",
        /// It was set what an organization says of banks' terms.
        OrganizationTermsSet = "organization.termsSet",
        /// It was set when somebody attends for an organization.
        OrganizationAttendanceSet = "organization.attendanceSet",
        /// An entity was deleted, with its connections.
        EntityDeleted = "entity.deleted",
        /// A connection was made.
        ConnectionCreated = "connection.created",
        /// A delegated user's credentials were given.
        ConnectionCredentialsGiven = "connection.credentialsGiven",
        /// The delegated user was said to be ready; the activation began.
        ConnectionSetupCompleted = "connection.setupCompleted",
        /// A sync was asked for.
        ConnectionSyncRequested = "connection.syncRequested",
        /// A planned sync was brought forward.
        ConnectionMadeDue = "connection.madeDue",
        /// A connection was switched off.
        ConnectionPaused = "connection.paused",
        /// A connection was switched on again.
        ConnectionResumed = "connection.resumed",
        /// A connection was ended for good.
        ConnectionRevoked = "connection.revoked",
        /// A connection went with its entity.
        ConnectionDeleted = "connection.deleted",
        /// A link to a connection's set-up page was made.
        SetupLinkCreated = "setupLink.created",
        /// The links to a connection's set-up page were ended.
        SetupLinksRevoked = "setupLink.revoked",
        /// A bank had the password changed, and took the one that was made.
        ConnectionPasswordChanged = "connection.passwordChanged",
        /// A bank had an authenticator enrolled.
        ConnectionAuthenticatorEnrolled = "connection.authenticatorEnrolled",
        /// A bank had answers to security questions set.
        ConnectionAnswersSet = "connection.answersSet",
        /// A bank's terms were accepted; the detail names them with the SHA-256 of their text.
        ConnectionTermsAccepted = "connection.termsAccepted",
        /// A bank's question was answered.
        ChallengeAnswered = "challenge.answered",
        /// The bank was to send a new code.
        ChallengeResendRequested = "challenge.resendRequested",
        /// A webhook endpoint was added.
        WebhookCreated = "webhook.created",
        /// A webhook endpoint was changed.
        WebhookChanged = "webhook.changed",
        /// A test event was sent to a webhook endpoint.
        WebhookTested = "webhook.tested",
        /// A webhook endpoint got another secret.
        WebhookSecretRotated = "webhook.secretRotated",
        /// A webhook endpoint was removed.
        WebhookDeleted = "webhook.deleted",
        /// A delivery was sent once more.
        DeliveryRepeated = "delivery.repeated",
        /// An API key was made.
        KeyCreated = "key.created",
        /// An API key took over from another.
        KeyRotated = "key.rotated",
        /// An API key got an end.
        KeyEndSet = "key.endSet",
        /// An API key was ended.
        KeyRevoked = "key.revoked",
        /// A control token was made.
        ControlTokenCreated = "controlToken.created",
        /// A control token was ended.
        ControlTokenRevoked = "controlToken.revoked",
        /// A SimpleFIN token was made.
        SimplefinTokenCreated = "simplefinToken.created",
        /// A SimpleFIN token was ended.
        SimplefinTokenRevoked = "simplefinToken.revoked",
        /// An institution was paused.
        InstitutionPaused = "institution.paused",
        /// An institution was resumed.
        InstitutionResumed = "institution.resumed",
        /// An institution's breaker was closed by hand.
        InstitutionBreakerReset = "institution.breakerReset",
        /// A script's revision was published.
        ScriptPublished = "script.published",
        /// A revision of the catalog's folder became current in place of another.
        ScriptDeployed = "script.deployed",
        /// A revision was begun to be read by beside the current one.
        ScriptShadowed = "script.shadowed",
        /// A share of connections was given a revision.
        ScriptGivenToCanary = "script.givenToCanary",
        /// A revision became current.
        ScriptPromoted = "script.promoted",
        /// A revision was taken back.
        ScriptRolledBack = "script.rolledBack",
        /// A revision was taken from the connections that tried it.
        ScriptHalted = "script.halted",
        /// A repair ticket was closed though no revision mended it.
        RepairTicketClosed = "repairTicket.closed",
        /// The catalog's folder was read again.
        CatalogReloaded = "catalog.reloaded",
        /// A connection was given its institution, which the catalog didn't know when it was made.
        ConnectionInstitutionFound = "connection.institutionFound",
        /// An agent was to get no further lease.
        AgentDrained = "agent.drained",
        /// An agent was to get leases again.
        AgentUndrained = "agent.undrained",
        /// Somebody began to look at a run as it goes on.
        RunWatched = "run.watched",
        /// Somebody took the wheel of a run.
        RunTaken = "run.taken",
        /// The wheel of a run was handed back, by whoever held it or since nobody heard of them.
        RunHandedBack = "run.handedBack",
        /// A run that was set aside was let go on.
        RunRevived = "run.revived",
        /// It was decided what transactions are.
        LedgerDecided = "ledger.decided",
        /// Such a decision was taken back.
        LedgerUndone = "ledger.undone",
        /// What was measured of an institution's references was forgotten.
        LedgerReferencesForgotten = "ledger.referencesForgotten",
        /// The balance that readings are proved from was dropped.
        LedgerAnchorDropped = "ledger.anchorDropped",
        /// A statement file was taken in.
        ImportTaken = "import.taken",
        /// A statement file was taken back.
        ImportTakenBack = "import.takenBack",
        /// A user of the console was made.
        UserCreated = "user.created",
        /// A user of the console got another role.
        UserRoleChanged = "user.roleChanged",
        /// A user of the console got another password.
        UserPasswordChanged = "user.passwordChanged",
        /// A user of the console was disabled.
        UserDisabled = "user.disabled",
        /// A user of the console was enabled again.
        UserEnabled = "user.enabled",
        /// Somebody signed in to the console.
        SessionOpened = "session.opened",
        /// A session of the console was ended.
        SessionClosed = "session.closed",
        /// A sign-in was tried so often in vain that no further one is looked at for a while.
        SignInBlocked = "signIn.blocked",
    }
}

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// Which: the id of the user, token or key.
    pub id: Option<String>,
    /// What it is called.
    pub name: Option<String>,
}

impl Actor {
    /// Bursar itself.
    pub const SYSTEM: Self = Self { kind: ActorKind::System, id: None, name: None };

    /// An actor; an empty id or name is none.
    #[must_use]
    pub fn new(kind: ActorKind, id: impl Into<String>, name: impl Into<String>) -> Self {
        let there =
            |text: String| Some(text.chars().take(LONGEST_NAME).collect::<String>()).filter(|text| !text.is_empty());
        Self { kind, id: there(id.into()), name: there(name.into()) }
    }
}

/// Who did something, as the trail keeps it: whatever stands there is shown and hashed, so that a word that
/// somebody put in, or that a later version knows, hides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptActor {
    /// A word of [`ActorKind`], if nobody altered it.
    pub kind: String,
    /// Which: the id of the user, token or key.
    #[serde(default)]
    pub id: Option<String>,
    /// What it was called at that time.
    #[serde(default)]
    pub name: Option<String>,
}

impl From<Actor> for KeptActor {
    fn from(Actor { kind, id, name }: Actor) -> Self {
        Self { kind: kind.as_str().to_owned(), id, name }
    }
}

/// One entry of the trail, but for its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its place in the chain, from 1.
    pub position: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: KeptActor,
    /// What: a word of [`Action`], if nobody altered it.
    pub action: String,
    /// Whose thing it was: a tenant.
    pub organization_id: Option<Uuid>,
    /// The connection that it was about.
    pub connection_id: Option<Uuid>,
    /// The id of what was acted on, where that isn't the connection.
    pub subject: Option<String>,
    /// JSON without secrets.
    pub detail: String,
    /// The hash of the entry before, in hexadecimal.
    pub previous_hash: String,
}

impl AuditEntry {
    /// What is hashed.
    #[must_use]
    pub fn canonical(&self) -> String {
        let (organization, connection) = (self.organization_id, self.connection_id);
        let id = |id: Option<Uuid>| id.map(|id| id.as_hyphenated().to_string()).unwrap_or_default();
        let fields = [
            VERSION.to_owned(),
            self.position.to_string(),
            self.at.as_millisecond().to_string(),
            self.actor.kind.clone(),
            self.actor.id.clone().unwrap_or_default(),
            self.actor.name.clone().unwrap_or_default(),
            self.action.clone(),
            id(organization),
            id(connection),
            self.subject.clone().unwrap_or_default(),
            self.detail.clone(),
            self.previous_hash.clone(),
        ];
        fields.iter().map(|field| format!("{}:{field},", field.len())).collect()
    }
}

/// What is wrong with a chain at one position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// What is kept doesn't have the hash that is kept with it.
    #[error("the entry at position {0} was altered: its hash isn't that of what it says")]
    Altered(i64),
    /// Nothing is kept there.
    #[error("the entry at position {0} is missing")]
    Missing(i64),
    /// Something is kept before the first position.
    #[error("the entry at position {0} was put in: the chain begins at position 1")]
    PutIn(i64),
    /// It doesn't follow on the entry before it.
    #[error(
        "the entry at position {0} doesn't follow on the one before it: entries were exchanged or put in another order"
    )]
    Reordered(i64),
    /// The chain's head says more or less than there is.
    #[error("the chain ends at position {there}, and its head says {said}: the end was cut off")]
    CutOff {
        /// The last position that is there.
        there: i64,
        /// The one that the head names.
        said: i64,
    },
    /// A head that was written down isn't in the chain.
    #[error(
        "the head that was written down for position {0} isn't in the chain: it was written anew, or cut off before"
    )]
    HeadGone(i64),
}

impl Broken {
    /// Where.
    #[must_use]
    pub const fn position(&self) -> i64 {
        match self {
            Self::Altered(position)
            | Self::Missing(position)
            | Self::PutIn(position)
            | Self::Reordered(position)
            | Self::HeadGone(position) => *position,
            Self::CutOff { there, .. } => *there + 1,
        }
    }

    /// The kind of fault, as programs tell them apart.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Altered(_) => "altered",
            Self::Missing(_) => "missing",
            Self::PutIn(_) => "putIn",
            Self::Reordered(_) => "reordered",
            Self::CutOff { .. } => "cutOff",
            Self::HeadGone(_) => "headGone",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Actor, ActorKind, AuditEntry};

    #[test]
    fn the_canonical_form_is_what_the_table_says() {
        let entry = AuditEntry {
            position: 7,
            at: "2026-11-26T09:00:00.123Z".parse().expect("a moment"),
            actor: Actor::new(ActorKind::ConsoleUser, "u1", "Zoë").into(),
            action: Action::ConnectionPaused.to_string(),
            organization_id: None,
            connection_id: "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b".parse().ok(),
            subject: None,
            detail: "{}".into(),
            previous_hash: "0".repeat(64),
        };
        let zeros = "0".repeat(64);
        let expected = format!(
            "14:bursar-audit-1,1:7,13:1795683600123,11:consoleUser,2:u1,4:Zoë,17:connection.paused,0:,\
             36:0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b,0:,2:{{}},64:{zeros},"
        );
        assert_eq!(entry.canonical(), expected);
    }

    #[test]
    fn what_moves_from_one_field_to_the_next_changes_the_form() {
        let with = |id: &str, name: &str| AuditEntry {
            position: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            actor: Actor::new(ActorKind::ApiKey, id, name).into(),
            action: Action::KeyCreated.to_string(),
            organization_id: None,
            connection_id: None,
            subject: None,
            detail: "{}".into(),
            previous_hash: String::new(),
        };
        assert_ne!(with("ab", "c").canonical(), with("a", "bc").canonical());
        assert_ne!(with("a,1:b", "").canonical(), with("a", "b").canonical());
    }
}
