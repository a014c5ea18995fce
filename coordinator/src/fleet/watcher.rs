//! The watcher: a background role that sees what changes in the store and the queue, and says so to whoever
//! looks at the console on this coordinator.
//!
//! It looks once a second, and only while somebody listens. What it says comes from the store, so it makes no
//! difference which coordinator made the change. Ids of connections' events grow with time, but may become
//! visible a little late; so each round looks a few seconds back and passes over what it has told before.
//!
//! Not here: who may hear of what; the console narrows it down.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::id::{AgentId, ChallengeId, OrganizationId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::{PendingChallenge, Reach};

/// How far back each round looks for events that became visible late.
const LOOK_BACK: SignedDuration = SignedDuration::from_secs(10);

/// How many events are told of in one round; of more, the rest with the next.
const AT_ONCE: u32 = 5_000;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing.
    pub topic: Topic,
    /// Whose it is; nobody's of what is the whole fleet's.
    pub organization: Option<OrganizationId>,
    /// Which, where that is told.
    pub id: Option<Uuid>,
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A connection.
    Connection,
    /// A run.
    Run,
    /// A challenge.
    Challenge,
    /// An institution as the fleet sees it.
    Institution,
    /// An agent: its seats, or whether it gets leases.
    Agent,
    /// The audit trail grew.
    Audit,
}

impl Topic {
    /// As pages name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Run => "run",
            Self::Challenge => "challenge",
            Self::Institution => "institution",
            Self::Agent => "agent",
            Self::Audit => "audit",
        }
    }
}

/// Sees what changes.
pub struct Watcher {
    fleet: Arc<Fleet>,
    seen: Option<Seen>,
}

/// What was seen in the last round.
struct Seen {
    told: HashMap<Uuid, Timestamp>,
    challenges: HashSet<PendingChallenge>,
    institutions: String,
    agents: HashMap<AgentId, String>,
    audit: i64,
}

impl Watcher {
    /// A watcher that has seen nothing.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, seen: None }
    }

    /// One round.
    ///
    /// # Errors
    /// [`Error`]; the next round says what this one couldn't.
    pub async fn run_once(&mut self) -> Result<(), Error> {
        if self.fleet.changes.receiver_count() == 0 {
            self.seen = None;
            return Ok(());
        }
        let now = clock::now();
        let (seen, changes) = self.look(now).await?;
        self.seen = Some(seen);
        for change in changes {
            // Nobody listening any more is nothing to mind.
            let _ = self.fleet.changes.send(change);
        }
        Ok(())
    }

    /// What there is now, and what of it is new.
    async fn look(&self, now: Timestamp) -> Result<(Seen, Vec<Change>), Error> {
        let (store, mut changes) = (&self.fleet.store, Vec::new());
        let happened = store.happened_after(first_id_at(now - LOOK_BACK), AT_ONCE).await?;
        let challenges: HashSet<PendingChallenge> = store.pending_challenges(&Reach::All).await?.into_iter().collect();
        let institutions = format!("{:?}{:?}", store.institution_states().await?, store.rollouts().await?);
        let agents = self.fleet.queue.agents().await.unwrap_or_default();
        let agents = agents.into_iter().map(|agent| (agent.id, format!("{:?}{:?}", agent.seats, agent.drain)));
        let (agents, audit) = (agents.collect::<HashMap<_, _>>(), store.audit_head().await?.position);
        let mut told = HashMap::new();
        for one in happened {
            let before = self.seen.as_ref().and_then(|seen| seen.told.get(&one.event_id));
            told.insert(one.event_id, before.copied().unwrap_or(now));
            if before.is_none() && self.seen.is_some() {
                let organization = Some(one.organization_id);
                changes.push(Change { topic: Topic::Connection, organization, id: Some(one.connection_id.0) });
                changes.extend(one.run_id.map(|run| Change { topic: Topic::Run, organization, id: Some(run.0) }));
            }
        }
        if let Some(seen) = &self.seen {
            let differing = seen.challenges.symmetric_difference(&challenges);
            let ids: HashMap<ChallengeId, OrganizationId> =
                differing.map(|challenge| (challenge.id, challenge.organization_id)).collect();
            let told = |(id, organization): (ChallengeId, _)| Change {
                topic: Topic::Challenge,
                organization: Some(organization),
                id: Some(id.0),
            };
            changes.extend(ids.into_iter().map(told));
            let whole = |topic| Change { topic, organization: None, id: None };
            changes.extend((seen.institutions != institutions).then(|| whole(Topic::Institution)));
            changes.extend((seen.agents != agents).then(|| whole(Topic::Agent)));
            changes.extend((seen.audit != audit).then(|| whole(Topic::Audit)));
        }
        Ok((Seen { told, challenges, institutions, agents, audit }, changes))
    }
}

/// The smallest id (UUID version 7) that is made at a moment.
fn first_id_at(moment: Timestamp) -> Uuid {
    let milliseconds = u128::from(moment.as_millisecond().unsigned_abs());
    Uuid::from_u128((milliseconds << 80) | (0x7 << 76) | (0x2 << 62))
}
