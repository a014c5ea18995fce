//! Repair tickets: scripts that fit their portals no more, once for all runs that fail alike, until a run reads whole again
//! by another revision or somebody closes them. Of all organizations together.
//!
//! Not here: what is to be changed in a script (the script crate), or when a failure is a ticket's (`fleet`).

use async_trait::async_trait;
use domain::failure::{FailureCode, Stage};
use domain::id::RepairTicketId;
use domain::repair::TicketState;
use jiff::Timestamp;
use protocol::lease::Evidence;
use script::drift::Distance;

use super::{Refused, StoreError};

/// Repair tickets.
#[async_trait]
pub trait Repairs {
    /// Tickets, the latest seen first, at most so many.
    async fn repair_tickets(&self, filter: TicketFilter<'_>, limit: u32) -> Result<Vec<RepairTicket>, StoreError>;
    /// One.
    async fn repair_ticket(&self, id: RepairTicketId) -> Result<RepairTicket, Refused>;
    /// The page as it was known, and as it showed.
    async fn ticket_pages(&self, id: RepairTicketId) -> Result<TicketPages, Refused>;
    /// Closes one that is open, with a reason; one that isn't open any more stays as it is.
    async fn close_ticket(&self, id: RepairTicketId, because: &str, now: Timestamp) -> Result<RepairTicket, Refused>;
    /// Removes tickets that ended before `before`.
    async fn prune_tickets(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}

/// Which tickets are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct TicketFilter<'a> {
    /// Those of one bank.
    pub institution: Option<&'a str>,
    /// Those that are so far.
    pub state: Option<TicketState>,
}

/// A failure that opens a ticket, or is one more of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTicket {
    /// The page of the script that showed.
    pub page: Option<String>,
    /// What was looked for.
    pub target: Option<String>,
    /// The known page that what showed is nearest to.
    pub nearest: Option<(String, Distance)>,
    /// The page as it was known. As it showed is the failure's evidence.
    pub before: Option<String>,
}

/// A repair ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairTicket {
    /// Which.
    pub id: RepairTicketId,
    /// The bank.
    pub institution_id: String,
    /// The revision of its script that fails.
    pub revision: String,
    /// What runs end with.
    pub code: FailureCode,
    /// How far the first of them had come.
    pub stage: Stage,
    /// Our words.
    pub message: String,
    /// The page of the script that showed.
    pub page: Option<String>,
    /// What was looked for.
    pub target: Option<String>,
    /// The known page that what showed is nearest to.
    pub nearest: Option<(String, Distance)>,
    /// How far the repair is.
    pub state: TicketState,
    /// How many runs ended so.
    pub runs: u64,
    /// Of how many connections.
    pub connections: u64,
    /// When the first of them did.
    pub first_seen_at: Timestamp,
    /// When the last of them did.
    pub last_seen_at: Timestamp,
    /// When it was mended or closed.
    pub ended_at: Option<Timestamp>,
    /// The revision that was published to mend it.
    pub mending_revision: Option<String>,
    /// The revision by which a connection was read whole again.
    pub mended_by: Option<String>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// Why.
    pub closed_because: Option<String>,
}

/// The pages of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketPages {
    /// As it was known when the ticket was opened.
    pub before: Option<String>,
    /// As it showed last, as long as evidence is kept.
    pub now: Option<Evidence>,
}
