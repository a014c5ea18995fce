//! The asker of one agent: asks for a lease whenever a seat is free, and has a slot work
//! under each that it gets.
//!
//! One request at a time, however many seats are free: the coordinator answers at once
//! as long as there is work. A seat is kept for the request, so if a parked run goes on
//! meanwhile, one run more than there are seats is worked on for a while; giving the
//! request up instead could lose a lease on its way.
//!
//! Not here: working under a lease ([`crate::slot`]), and who may be let in
//! ([`crate::admission`]).

use std::sync::Arc;
use std::time::Duration;

use protocol::lease::{Acquire, Lease};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::coordinator::CallError;
use crate::member::Member;
use crate::slot::Slot;

/// How long the coordinator is asked to hold a request for a lease open.
const HELD: Duration = Duration::from_secs(20);
/// How long it rests at first, and at most, while the coordinator is away.
const FIRST_REST: Duration = Duration::from_millis(200);
const LAST_REST: Duration = Duration::from_secs(5);

/// Asks for leases until the agent drains.
pub struct Asker {
    member: Arc<Member>,
    rest: Duration,
}

/// A lease, and when it was asked for.
type Asked = (Lease, Instant);

impl Asker {
    /// For `member`.
    #[must_use]
    pub fn new(member: Arc<Member>) -> Self {
        Self { member, rest: FIRST_REST }
    }

    /// Asks until the agent drains, and then waits for the last slot.
    ///
    /// # Errors
    /// When the coordinator refuses the agent's token; by then the slots are empty.
    pub async fn run(mut self) -> Result<(), CallError> {
        let drain = self.member.drain.clone();
        let mut slots = JoinSet::new();
        let mut outcome = Ok(());
        while !drain.is_begun() {
            let free = tokio::select! {
                biased;
                () = drain.begun() => break,
                free = self.member.seats.free() => free,
            };
            let asked = tokio::select! {
                biased;
                // A request that is given up may be answered with a lease that nobody
                // hears of; it runs out by itself.
                () = drain.begun() => break,
                asked = self.run_once() => asked,
            };
            match asked {
                Ok(Some((lease, asked_at))) => {
                    let slot = Slot::new(Arc::clone(&self.member), free.granted());
                    slots.spawn(slot.run(lease, asked_at));
                }
                Ok(None) => {}
                Err(error) => {
                    // The slots may finish what they began.
                    outcome = Err(error);
                    drain.begin();
                }
            }
            while slots.try_join_next().is_some() {}
        }
        while slots.join_next().await.is_some() {}
        outcome
    }

    /// Asks once; a rest is part of it while the coordinator is away.
    ///
    /// # Errors
    /// When the coordinator refuses the agent's token.
    pub async fn run_once(&mut self) -> Result<Option<Asked>, CallError> {
        let member = &self.member;
        let acquire = Acquire {
            agent_id: member.agent_id,
            agent_name: member.name.clone(),
            public_key: member.key.public().clone(),
            wait_ms: u64::try_from(HELD.as_millis()).unwrap_or(u64::MAX),
            seats: Some(member.seats.told(&member.drain)),
        };
        let asked_at = Instant::now();
        match member.coordinator.acquire(&acquire).await {
            Ok(lease) => {
                member.coordinator_answers();
                self.rest = FIRST_REST;
                Ok(lease.map(|lease| (lease, asked_at)))
            }
            Err(CallError::Unauthorized) => Err(CallError::Unauthorized),
            Err(error) => {
                member.coordinator_is_away(&error);
                // Agents that lost it together don't come back together.
                sleep(jittered(self.rest)).await;
                self.rest = (self.rest * 2).min(LAST_REST);
                Ok(None)
            }
        }
    }
}

/// Somewhere between half of it and all of it.
fn jittered(rest: Duration) -> Duration {
    let half = rest / 2;
    let part = u32::from(Uuid::new_v4().as_bytes()[0]);
    half + half * part / 255
}
