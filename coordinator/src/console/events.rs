//! `/console/events`: what changes, as server-sent events, for the pages that are open.
//!
//! An event says what kind of thing changed and which, never how: the page asks for itself again, as the visitor
//! that it is. It ends with the session.
//!
//! Not here: seeing that something changed (`fleet::Watcher`).

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Console;
use super::door::{Visitor, token};
use crate::fleet::{Change, Presence, SignedIn};
use crate::store::Reach;

/// How often pages are told to look at what changes all the time, and whether the session goes on.
const TICK: Duration = Duration::from_secs(5);

/// How often something is said, so that what stands between doesn't take the line for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// For how long changes are gathered to be told together.
const TOGETHER: Duration = Duration::from_millis(200);

/// How many changes are named; of more, pages look at everything anew.
const MOST_NAMED: usize = 50;

/// Somebody who listens.
struct Listener {
    console: Console,
    token: String,
    signed_in: SignedIn,
    changes: Receiver<Change>,
    ticks: Interval,
}

/// Says what changes until the session ends.
pub(super) async fn listen(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> ([(HeaderName, &'static str); 1], Sse<impl Stream<Item = Result<Event, Infallible>>>) {
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let changes = console.fleet.changes.subscribe();
    let token = token(&headers).unwrap_or_default();
    let listener = Listener { console, token, signed_in: visitor.signed_in, changes, ticks };
    let first = futures::stream::iter([Ok(Event::default().event("hello").data("{}"))]);
    let rest = unfold(Some(listener), |listener| async {
        let mut listener = listener?;
        match listener.next().await {
            Some(event) => Some((Ok(event), Some(listener))),
            // The last word; pages ask to sign in again.
            None => Some((Ok(Event::default().event("ended").data("{}")), None)),
        }
    });
    let said = Sse::new(futures::StreamExt::chain(first, rest)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Proxies that know this one don't hold anything back.
    ([(HeaderName::from_static("x-accel-buffering"), "no")], said)
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) if hears(&self.signed_in.reach, &change) => return Some(self.gather(change).await),
                    Ok(_) => {}
                    // Too much at once: pages look at everything anew.
                    Err(RecvError::Lagged(_)) => return Some(everything()),
                    Err(RecvError::Closed) => return None,
                },
                _ = self.ticks.tick() => {
                    let known = self.console.fleet.signed_in(&self.token, Presence::ByItself).await;
                    match known {
                        Ok(Some(signed_in)) => self.signed_in = signed_in,
                        Ok(None) => return None,
                        // Nobody is shown out because the store is away.
                        Err(_) => continue,
                    }
                    return Some(Event::default().event("tick").data("{}"));
                }
            }
        }
    }

    /// A change with those that come right after it, each thing once: a busy fleet has hundreds in a second, and
    /// no page looks as often.
    async fn gather(&mut self, first: Change) -> Event {
        let mut changes = HashSet::from([(first.topic, first.id)]);
        tokio::time::sleep(TOGETHER).await;
        loop {
            match self.changes.try_recv() {
                Ok(change) if hears(&self.signed_in.reach, &change) => drop(changes.insert((change.topic, change.id))),
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => return everything(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if changes.len() > MOST_NAMED {
            return everything();
        }
        let said = changes.into_iter().map(|(topic, id)| json!({ "topic": topic.as_str(), "id": id }));
        Event::default().event("changes").data(said.collect::<Value>().to_string())
    }
}

fn everything() -> Event {
    Event::default().event("everything").data("{}")
}

/// Whether somebody may know of a change. What is nobody's in particular is for those who see the whole fleet.
fn hears(reach: &Reach, change: &Change) -> bool {
    match change.organization {
        Some(organization) => reach.has(organization),
        None => *reach == Reach::All,
    }
}

#[cfg(test)]
mod tests {
    use domain::id::OrganizationId;
    use uuid::Uuid;

    use super::*;
    use crate::fleet::watcher::Topic;

    #[test]
    fn nobody_hears_of_another_organization() {
        let (own, other) = (OrganizationId(Uuid::from_u128(1)), OrganizationId(Uuid::from_u128(2)));
        let of = |organization| Change { topic: Topic::Connection, organization, id: None };
        let narrow = Reach::Tenants(vec![own]);
        assert!(hears(&narrow, &of(Some(own))));
        assert!(!hears(&narrow, &of(Some(other))));
        assert!(!hears(&narrow, &of(None)));
        assert!(hears(&Reach::All, &of(Some(other))) && hears(&Reach::All, &of(None)));
    }
}
