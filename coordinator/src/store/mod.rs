//! The store: what is true. SQLite by default, PostgreSQL at scale, one
//! implementation for both (`sql/`, compiled once for each).
//!
//! Every method is one transaction. Whatever changes a connection's state writes
//! the connection's event and the webhook outbox in that same transaction.
//!
//! Not here: who may run next (the queue's), what a state change means (the
//! domain's), or plaintext secrets (sealed by the vault before they come here).

mod audit;
mod authenticators;
mod balances;
mod candidates;
mod challenges;
mod columns;
mod connections;
mod console;
mod control_tokens;
mod dead_letters;
mod drift;
mod entities;
mod error;
mod idempotency;
mod identity;
mod imports;
mod inbound;
mod institutions;
mod intents;
mod keys;
mod ledger;
mod lines;
mod migrations;
mod organizations;
mod people;
mod pools;
mod portals;
mod postgres;
mod repairs;
mod resends;
mod retention;
mod revisions;
mod runs;
mod schedules;
mod setup_links;
mod simplefin;
mod sqlite;
mod stream;
#[cfg(test)]
mod tests;
mod verify_audit;
mod ways;
mod webhooks;
mod wheel;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use audit::*;
pub use authenticators::*;
pub use balances::*;
pub use candidates::*;
pub use challenges::*;
pub use connections::*;
pub use console::*;
pub use control_tokens::*;
pub use dead_letters::*;
pub use drift::*;
pub use entities::*;
pub use error::{Refused, StoreError};
pub use idempotency::*;
pub use identity::*;
pub use imports::*;
pub use inbound::*;
pub use institutions::*;
pub use intents::*;
pub use keys::*;
pub use ledger::*;
pub use lines::*;
pub use migrations::{Step, StepState, Tables};
pub use organizations::*;
pub use people::*;
pub use pools::*;
pub use portals::*;
pub use repairs::*;
pub use resends::*;
pub use retention::*;
pub use revisions::*;
pub use runs::*;
pub use schedules::*;
pub use setup_links::*;
pub use simplefin::*;
pub use stream::*;
pub use verify_audit::{AuditFault, verify_audit};
pub use ways::*;
pub use webhooks::*;
pub use wheel::*;

/// Opens the store that `url` names; `tables` says what happens if its tables aren't up
/// to date.
///
/// # Errors
/// [`StoreError`] if it can't be reached, lacks steps that aren't to be taken, or is too
/// new for this program.
pub async fn open(url: &StoreUrl, tables: Tables) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        StoreUrl::Sqlite(file) => Ok(Arc::new(sqlite::open(file, tables).await?)),
        StoreUrl::Postgres(url) => Ok(Arc::new(postgres::open(url, tables).await?)),
    }
}

/// The steps of the tables at `url`, in order; nothing is changed.
///
/// # Errors
/// [`StoreError`] if it can't be reached, or a step isn't what this program knows it as.
pub async fn steps(url: &StoreUrl) -> Result<Vec<Step>, StoreError> {
    match url {
        StoreUrl::Sqlite(file) => sqlite::steps(file).await,
        StoreUrl::Postgres(url) => postgres::steps(url).await,
    }
}

/// Where the store is.
#[derive(Clone, Debug)]
pub enum StoreUrl {
    /// A file of its own.
    Sqlite(std::path::PathBuf),
    /// A database on a server.
    Postgres(domain::secret::Secret),
}

/// Everything that is kept, and every change that can be made to it.
#[async_trait]
pub trait Store:
    Organizations
    + Keys
    + ControlTokens
    + Entities
    + Connections
    + Runs
    + DeadLetters
    + Institutions
    + Revisions
    + Schedules
    + Intents
    + Challenges
    + Resends
    + Wheels
    + Lines
    + Authenticators
    + Candidates
    + Ledger
    + Identity
    + Imports
    + Balances
    + Stream
    + Webhooks
    + Idempotency
    + Outbox
    + Retention
    + SetupLinks
    + Pools
    + Portals
    + Inbound
    + SimpleFin
    + Ways
    + Drift
    + Repairs
    + Audit
    + People
    + ConsoleReads
    + Send
    + Sync
{
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Free values that an integrator keeps with a thing.
pub type Metadata = Map<String, Value>;

/// Which part of a list is wanted, in the order of ids.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// From after this one.
    pub after: Option<Uuid>,
    /// At most so many.
    pub limit: u32,
}
