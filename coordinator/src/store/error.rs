//! Why the store didn't do what it was asked: because it couldn't, or because what it
//! keeps doesn't allow it.
//!
//! Not here: what a caller is told; that is made in `http`.

use domain::challenge::IllegalChallengeEvent;
use domain::connection::{ConnectionStatus, IllegalEvent};
use domain::event::EventType;

/// The store couldn't do what it was asked; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or went away.
    #[error("the store couldn't {doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The tables couldn't be brought up to date.
    #[error("the store's tables couldn't be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// The tables lack steps, and weren't to be changed.
    #[error("the store's tables lack {missing} steps, and store.migrate is off")]
    StepsMissing {
        /// How many.
        missing: usize,
    },
    /// A later program has changed the tables so that this one would do harm.
    #[error("the store can only be used by programs that know step {oldest} of its tables; this one knows {newest}")]
    TooNew {
        /// The lowest step that a program has to know.
        oldest: i64,
        /// The newest that this one knows.
        newest: i64,
    },
    /// Something in the store can't be read as what it should be.
    #[error("the store holds a {what} that can't be read")]
    Unreadable {
        /// What it should be.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether it is worth trying again: the database is away or busy, and not at odds
    /// with what it was asked.
    #[must_use]
    pub fn passes(&self) -> bool {
        use sqlx::Error as E;
        let Self::Database { source, .. } = self else { return false };
        match source {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
            // PostgreSQL: connection exceptions, serialization and deadlock, out of
            // resources, shut-downs. SQLite: busy and locked.
            E::Database(error) => error.code().is_some_and(|code| {
                ["08", "40", "53", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class))
                    || matches!(code.as_ref(), "5" | "6")
            }),
            _ => false,
        }
    }
}

/// Why a change wasn't made, where that isn't the store's fault.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such thing, or it is another organization's.
    #[error("not found")]
    NotFound,
    /// The connection's state doesn't allow it.
    #[error(transparent)]
    IllegalEvent(#[from] IllegalEvent),
    /// The challenge's state doesn't allow it.
    #[error(transparent)]
    IllegalChallengeEvent(#[from] IllegalChallengeEvent),
    /// The bank has no way to send a new code for this, or none that its script knows.
    #[error("no new code can be asked for here")]
    ResendImpossible,
    /// As many new codes were asked for as may be.
    #[error("as many new codes were asked for as may be")]
    ResendsSpent,
    /// A new code may be asked for only later.
    #[error("a new code can't be asked for before {0}")]
    ResendTooSoon(jiff::Timestamp),
    /// Only an active connection can be synced.
    #[error("the connection is {0} and not active")]
    NotActive(ConnectionStatus),
    /// Only a connection that is being set up has a set-up page.
    #[error("the connection is {0} and isn't being set up")]
    NotInSetup(ConnectionStatus),
    /// No credentials were given.
    #[error("no credentials were given")]
    CredentialsMissing,
    /// A run is under way.
    #[error("a run is under way")]
    RunUnderWay,
    /// Somebody else changed it in between.
    #[error("somebody else changed it in between")]
    Changed,
    /// Something with that name is there already.
    #[error("it exists already")]
    Duplicate,
    /// The key was revoked, or its time is over.
    #[error("the key was revoked or has expired")]
    KeyEnded,
    /// Another key took over from this one already.
    #[error("another key took over from this one already")]
    KeyReplaced,
    /// The lease isn't held under that fence any more.
    #[error("the lease is lost")]
    LeaseLost,
    /// The bank refused these credentials before.
    #[error("the bank refused these credentials before")]
    BudgetSpent,
    /// The bank never said what it made of the last passwords.
    #[error("the bank never said what it made of the last passwords")]
    DoubtSpent,
    /// Another connection's session of the same user at the bank is under way.
    #[error("another session of the same user at the bank is under way")]
    LoginInUse,
    /// Nobody would be left who administers the whole fleet.
    #[error("nobody would be left who administers the whole fleet")]
    LastAdministrator,
    /// Somebody holds the wheel of the run.
    #[error("{by} holds the wheel of the run")]
    WheelHeld {
        /// Who.
        by: String,
    },
    /// An earlier effect wasn't settled.
    #[error("an earlier effect wasn't settled")]
    IntentOpen,
    /// The stream of changes doesn't reach back to that position any more, or doesn't
    /// reach it yet, as after a restore: what came in between can't be told.
    #[error("the stream doesn't reach from that position")]
    PositionGone,
    /// An organization's default entity stays.
    #[error("the default entity can't be deleted")]
    DefaultEntity,
    /// A run of one of the entity's connections is under way.
    #[error("a run of one of the entity's connections is under way")]
    EntitySyncing,
    /// The organization has as many webhook endpoints as it may have.
    #[error("the organization has as many webhook endpoints as it may have")]
    WebhookLimit,
    /// The webhook endpoint is switched off.
    #[error("the webhook endpoint is switched off")]
    WebhookInactive,
    /// The webhook endpoint didn't subscribe to that event.
    #[error("the webhook endpoint didn't subscribe to {0}")]
    NotSubscribed(EventType),
    /// What an operator wants of transactions makes no sense.
    #[error("{0}")]
    Undecidable(&'static str),
    /// The import was taken back before.
    #[error("the import was taken back before")]
    TakenBackBefore,
    /// What an import did can't be told from what others did any more.
    #[error("the import's reading isn't kept any more, so that nothing tells what it alone put in")]
    ReadingGone,
    /// An operator decided something of what an import brought.
    #[error("decision {0} was made since and is about one of its transactions")]
    DecidedSince(uuid::Uuid),
    /// A revision on trial read something else than what was settled; nothing of it was kept.
    #[error("what a revision on trial read isn't what was settled: {0}")]
    Strayed(domain::rollout::trial::Strayed),
    /// The rollout has gone on, or never was where this would make sense.
    #[error(transparent)]
    StaleRollout(#[from] domain::rollout::Stale),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
