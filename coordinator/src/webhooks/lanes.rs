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

#[cfg(test)]
mod tests {
    use super::{LONGEST, Lanes, Went};
    use crate::store::{Delivery, DueEndpoint};
    use domain::id::{OrganizationId, WebhookId};
    use jiff::{SignedDuration, Timestamp};
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn id(number: u128) -> WebhookId {
        WebhookId(Uuid::from_u128(number))
    }

    fn due(number: u128, failures: u32) -> DueEndpoint {
        DueEndpoint { webhook_id: id(number), failures }
    }

    fn deliveries(webhook: u128, count: usize) -> Vec<Delivery> {
        let one = Delivery {
            id: Uuid::nil(),
            organization_id: OrganizationId(Uuid::nil()),
            webhook_id: id(webhook),
            url: "https://hooks.example/in".parse().expect("a URL"),
            secret_sealed: Vec::new(),
            previous_secret_sealed: None,
            event_id: Uuid::nil(),
            event_type: "test".into(),
            data: serde_json::Value::Null,
            created_at: NOW,
            queued_at: NOW,
            attempt: 1,
            failures: 0,
        };
        vec![one; count]
    }

    fn later() -> Timestamp {
        NOW + SignedDuration::from_secs(30)
    }

    fn wanted(lanes: &Lanes, due: &[DueEndpoint]) -> Vec<u32> {
        lanes.wanted(due).iter().map(|claim| claim.at_most).collect()
    }

    #[test]
    fn lanes_take_turns_within_their_bound_and_the_common_one() {
        let mut lanes = Lanes::new(2, 5);
        for webhook in 1..=3 {
            lanes.take_in(deliveries(webhook, 4), later());
        }
        let turns: Vec<u128> =
            std::iter::from_fn(|| lanes.next()).map(|delivery| delivery.webhook_id.0.as_u128()).collect();
        assert_eq!(turns, [1, 2, 3, 1, 2], "five at once");
        lanes.finish(id(1), Went::Well);
        assert_eq!(lanes.next().map(|delivery| delivery.webhook_id), Some(id(3)), "whose turn it is, not who is done");
        assert!(lanes.next().is_none());
        assert_eq!((lanes.sending(), lanes.room()), (5, 0));
    }

    #[test]
    fn a_failure_halts_the_lane_until_all_of_it_is_settled() {
        let mut lanes = Lanes::new(2, 10);
        lanes.take_in(deliveries(1, 5), later());
        assert!(lanes.next().is_some() && lanes.next().is_some() && lanes.next().is_none());
        assert_eq!(lanes.finish(id(1), Went::Badly).len(), 3, "what waits comes back");
        assert!(wanted(&lanes, &[due(1, 0)]).is_empty(), "the store doesn't know of it yet");
        (0..4).for_each(|_| lanes.settled(id(1)));
        assert!(wanted(&lanes, &[due(1, 1)]).is_empty(), "one is still under way");
        lanes.finish(id(1), Went::Badly);
        lanes.settled(id(1));
        assert_eq!(wanted(&lanes, &[due(1, 1)]), [1], "a probe");
        assert_eq!((lanes.sending(), lanes.room()), (0, 20));
    }

    #[test]
    fn a_fast_lane_fills_up_and_a_slow_one_does_not() {
        let mut lanes = Lanes::new(4, 1_000);
        let (mut held, mut lengths) = (0, Vec::new());
        for _ in 0..6 {
            let more = wanted(&lanes, &[due(1, 0)]).first().copied().unwrap_or_default() as usize;
            lanes.take_in(deliveries(1, more), later());
            held += more;
            lengths.push(held);
            while lanes.next().is_some() {
                lanes.finish(id(1), Went::Well);
                held -= 1;
            }
        }
        assert_eq!(lengths, [4, 8, 16, 32, LONGEST, LONGEST]);
        lanes.take_in(deliveries(2, 4), later());
        while lanes.next().is_some() {}
        assert!(wanted(&lanes, &[due(2, 0)]).is_empty(), "all that may be sent to it is under way");
    }

    #[test]
    fn what_waits_for_too_long_is_given_back() {
        let mut lanes = Lanes::new(1, 10);
        lanes.take_in(deliveries(1, 3), later());
        assert!(lanes.next().is_some());
        assert!(lanes.overdue(later()).is_empty());
        assert_eq!(lanes.overdue(later() + SignedDuration::from_secs(1)).len(), 2);
        assert_eq!(lanes.room(), 19);
    }
}
