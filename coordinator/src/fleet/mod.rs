//! The use cases: what integrators, agents and operators can do, each in one file.
//! A use case decides nothing that the domain can decide; it brings the store, the
//! queue, the vault and the catalog together.
//!
//! Not here: HTTP (`http`), SQL (`store`) or Lua (`queue`).

mod acquire;
mod agents;
mod answer_challenge;
mod attend;
mod authenticator;
mod canary;
mod challenge;
mod complete;
mod control_token;
mod create_connection;
mod create_organization;
mod decide;
mod deploy;
mod drift;
mod explain;
mod fail;
mod find_institutions;
mod fingerprints;
mod first_login;
mod follower;
mod gatekeeper;
mod give_credentials;
mod hashing;
mod import;
mod inbound;
mod institution;
mod intent;
mod key;
mod lines;
pub mod live;
mod outcomes;
mod people;
mod pools;
mod pruner;
mod publish;
mod reload;
mod renew;
mod repair;
mod replay;
pub mod roles;
mod rollout;
mod scale;
mod scheduler;
mod setup_link;
mod simplefin;
mod start_run;
mod steward;
mod takeover;
mod vouching;
mod wanted_scripts;
pub mod watcher;
mod ways;
mod webhook;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::catalog::{Catalog, Shelf};
use crate::clock;
use crate::config::Config;
use crate::queue::{Queue, QueueError};
use crate::sealer::{Sealer, SealerError};
use crate::store::{QueuedRun, Refused, Store, StoreError};
use crate::vault::{Vault, VaultError};

pub use answer_challenge::answer_challenge;
pub use attend::attended;
pub use challenge::request_resend;
pub use control_token::create_control_token;
pub use create_connection::ConnectionRequest;
pub use create_organization::{complete_organizations, create_organization, tenant};
pub use decide::DecisionRequest;
pub use deploy::{DeployedScript, deploy, followed};
pub use drift::DriftingPage;
pub use explain::{Story, changes, rivals};
pub use follower::Follower;
pub use gatekeeper::Gatekeeper;
pub use import::{ImportError, import};
pub use inbound::Message;
pub use key::{Caller, KeyRefused, MadeKey, NewKey, Scope, USUAL_OVERLAP, expire_key, rotate_key};
pub use lines::Noted;
pub use outcomes::{Bookkeeper, Outcomes, hour_of};
pub use people::{Attempt, Presence, SignInRefused, SignedIn, UserRequest, create_user, fit, set_password, set_role};
pub use pools::Provisioner;
pub use pruner::{ANSWERS_KEPT, Pruner};
pub use publish::{LookedThrough, Publication, PublishError};
pub use reload::ReloadError;
pub use repair::{Decision, TicketStory};
pub use replay::{AccountReplay, READINGS, UnreadableReading, replay};
pub use scale::{Measured, Meter, dwell_p95, held};
pub use scheduler::Scheduler;
pub use setup_link::{SetupLink, SetupStanding};
pub use simplefin::{SIMPLEFIN_ROOT, SimpleFinRequest, create_simplefin_token};
pub use steward::{Agents, Crew, NoAgent, Steward, find_agent};
pub use takeover::NotTaken;
pub use vouching::{Provider, Returned, VouchError};
pub use wanted_scripts::wanted_scripts;
pub use watcher::{Change, Watcher};
pub use webhook::{WebhookChange, WebhookRequest};

/// Everything that the use cases work with; one a coordinator.
pub struct Fleet {
    pub store: Arc<dyn Store>,
    pub queue: Queue,
    pub vault: Arc<Vault>,
    pub sealer: Sealer,
    pub shelf: Shelf,
    pub config: Config,
    /// Told whenever a person answered, so that the agent that waits here hears at once.
    pub answered: Notify,
    /// Held by the one waiting request for a run that looks when time has passed.
    pub lookout: tokio::sync::Mutex<()>,
    /// How runs ended since that was last added to the store.
    pub outcomes: Outcomes,
    /// Who vouches for people.
    pub provider: Provider,
    /// Who looks at runs as they go on.
    pub live: Arc<live::Hub>,
    /// What changes is said here, while somebody listens.
    pub changes: tokio::sync::broadcast::Sender<Change>,
}

/// Why a use case came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It isn't allowed, or there is no such thing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What was asked for makes no sense.
    #[error("{field}: {reason}")]
    Invalid {
        /// JSON pointer into what was asked.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// More is asked for than can be done right now.
    #[error("too many passwords are being looked at right now")]
    Busy,
    /// No script describes the portal yet.
    #[error("no script describes this portal yet")]
    ScriptMissing,
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<SealerError> for Error {
    fn from(error: SealerError) -> Self {
        match error {
            SealerError::Key(refused) => Self::Refused(refused),
            SealerError::Vault(error) => Self::Vault(error),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Refused(Refused::Store(error))
    }
}

impl Fleet {
    /// The catalog as it is now. It stays so for whoever has got it.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shelf.get()
    }

    /// Puts a run that the store has into the queue. When Redis is away the run isn't
    /// lost: the rebuilder puts it in later.
    async fn enqueue(&self, run: &QueuedRun) {
        if let Err(error) = self.queue.enqueue(run, clock::now()).await {
            tracing::warn!(run_id = %run.id, error = &error as &dyn std::error::Error, "a run waits for the queue");
        }
    }

    /// Takes a run that the store has ended out of the queue; when Redis is away, the
    /// store refuses to grant it later.
    async fn forget(&self, run: domain::id::RunId) {
        if let Err(error) = self.queue.forget(run).await {
            tracing::warn!(run_id = %run, error = &error as &dyn std::error::Error, "an ended run is still in the queue");
        }
    }
}
