//! Whose turn it is: a lane for each endpoint that something was claimed for, so that a
//! slow or dead endpoint holds up what waits in its own lane and nothing else.
//!
//! Not here: sending, and what is kept of it; this only counts.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use domain::id::WebhookId;
use jiff::Timestamp;

use crate::store::{Claim, Delivery, DueEndpoint};

/// How many deliveries a lane holds at most. One that isn't known to be fast holds no
/// more than what is sent at once: what is claimed is nobody else's for a while.
const LONGEST: usize = 64;

/// Deliveries that were claimed, an endpoint a lane.
pub(super) struct Lanes {
    lanes: BTreeMap<WebhookId, Lane>,
    per_endpoint: usize,
    at_once: usize,
    /// How many are being sent.
    sending: usize,
    /// How many wait in all lanes.
    waiting: usize,
    /// The lane that had its turn last.
    turn: Option<WebhookId>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<(Delivery, Timestamp)>,
    sending: usize,
    /// Tried, and not settled yet.
    unsettled: usize,
    /// How many arrived since the last claim.
    arrived: usize,
    /// A try came to nothing: nothing more is begun until all is settled.
    halted: bool,
}

impl Lane {
    fn is_empty(&self) -> bool {
        self.unsettled + self.sending + self.waiting.len() == 0
    }
}

/// What came of a try, as far as the lane is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It arrived.
    Well,
    /// It didn't.
    Badly,
}

impl Lanes {
    pub(super) fn new(per_endpoint: usize, at_once: usize) -> Self {
        Self { lanes: BTreeMap::new(), per_endpoint, at_once, sending: 0, waiting: 0, turn: None }
    }

    /// How many are being sent.
    pub(super) fn sending(&self) -> usize {
        self.sending
    }

    /// How many more may be claimed.
    pub(super) fn room(&self) -> usize {
        (2 * self.at_once).saturating_sub(self.sending + self.waiting)
    }

    /// How much to claim for each endpoint that has something due, until there is no more
    /// room. An endpoint that fails is probed by one delivery at a time.
    pub(super) fn wanted(&self, due: &[DueEndpoint]) -> Vec<Claim> {
        let (mut room, mut claims) = (self.room(), Vec::new());
        for endpoint in due {
            let wanted = match self.lanes.get(&endpoint.webhook_id) {
                None if endpoint.failures > 0 => 1,
                None => self.per_endpoint,
                Some(lane) if lane.halted || endpoint.failures > 0 => 0,
                Some(lane) => {
                    // Twice what went through since the last claim, so that a fast one fills
                    // up and a slow one doesn't.
                    let length = (2 * lane.arrived).min(LONGEST).max(self.per_endpoint);
                    let held = lane.waiting.len() + lane.sending;
                    if 2 * held > length && held >= self.per_endpoint { 0 } else { length.saturating_sub(held) }
                }
            };
            let wanted = wanted.min(room);
            if wanted > 0 {
                room -= wanted;
                claims.push(Claim { endpoint: *endpoint, at_most: u32::try_from(wanted).unwrap_or(u32::MAX) });
            }
            if room == 0 {
                break;
            }
        }
        claims
    }

    /// Takes in what was claimed until `until`.
    pub(super) fn take_in(&mut self, deliveries: Vec<Delivery>, until: Timestamp) {
        for delivery in deliveries {
            let lane = self.lanes.entry(delivery.webhook_id).or_default();
            lane.arrived = 0;
            lane.waiting.push_back((delivery, until));
            self.waiting += 1;
        }
    }

    /// The next delivery to be sent; the lanes take turns.
    pub(super) fn next(&mut self) -> Option<Delivery> {
        if self.sending >= self.at_once {
            return None;
        }
        let may = |lane: &Lane| !lane.halted && lane.sending < self.per_endpoint && !lane.waiting.is_empty();
        let after = self.turn.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.lanes.range((after, Bound::Unbounded)).find(|(_, lane)| may(lane));
        let id = *later.or_else(|| self.lanes.iter().find(|(_, lane)| may(lane)))?.0;
        let lane = self.lanes.get_mut(&id)?;
        let (delivery, _) = lane.waiting.pop_front()?;
        lane.sending += 1;
        self.sending += 1;
        self.waiting -= 1;
        self.turn = Some(id);
        Some(delivery)
    }

    /// Notes that a try has ended. What else waits for an endpoint that fails comes back,
    /// to be given back.
    pub(super) fn finish(&mut self, id: WebhookId, went: Went) -> Vec<Delivery> {
        let Some(lane) = self.lanes.get_mut(&id) else { return Vec::new() };
        lane.sending = lane.sending.saturating_sub(1);
        self.sending = self.sending.saturating_sub(1);
        lane.unsettled += 1;
        if went == Went::Well {
            lane.arrived += 1;
            return Vec::new();
        }
        lane.halted = true;
        self.waiting -= lane.waiting.len();
        lane.unsettled += lane.waiting.len();
        lane.waiting.drain(..).map(|(delivery, _)| delivery).collect()
    }

    /// Whatever waits under a claim that ends before `until`, to be given back.
    pub(super) fn overdue(&mut self, until: Timestamp) -> Vec<Delivery> {
        let mut overdue = Vec::new();
        for lane in self.lanes.values_mut() {
            while lane.waiting.front().is_some_and(|(_, claimed_until)| *claimed_until < until) {
                overdue.extend(lane.waiting.pop_front().map(|(delivery, _)| delivery));
                lane.unsettled += 1;
            }
        }
        self.waiting -= overdue.len();
        overdue
    }

    /// Notes that a try, or what was given back, is settled.
    pub(super) fn settled(&mut self, id: WebhookId) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        lane.unsettled = lane.unsettled.saturating_sub(1);
        if lane.halted && lane.is_empty() {
            self.lanes.remove(&id);
        }
    }

    /// Forgets empty lanes, and with them that they were fast; after a claim, which makes
    /// use of that.
    pub(super) fn tidy(&mut self) {
        self.lanes.retain(|_, lane| !lane.is_empty());
    }
}
