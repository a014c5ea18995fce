//! The windows of a session: the one that shows is the newest that is still there, and when it is
//! closed, whoever closes it, the one before it shows again as it was known.
//!
//! ```text
//! first ──a page opens one──▶ popup ──another──▶ popup        at most so many; any more are closed at once
//!   ▲                           │  ▲               │
//!   └──────────closed───────────┘  └────closed─────┘
//! ```
//!
//! What holds a session holds all its windows from their first byte on: its way out, and what may be
//! kept, are those of the context that windows share, so none has to be stopped before it is known.
//!
//! Not here: which page shows in one, or whether windows are followed at all (the script says so).

use std::collections::BTreeMap;
use std::time::Duration;

use script::command::{Observation, Popups, Problem, Recogniser};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;
use url::Url;

use super::page::PageLine;
use super::session::{Session, World};
use super::showing::Showing;
use super::wire::WireError;
use crate::driver::DriverError;
use crate::patience::within;

/// How long a window may take to be closed.
const CLOSE: Duration = Duration::from_secs(5);

/// How long it may take to be heard of, once nobody answers in it.
const HEARD: Duration = Duration::from_secs(1);

/// A window behind the one that shows.
pub(super) struct Behind {
    pub(super) line: PageLine,
    showing: watch::Receiver<Showing>,
    world: Option<World>,
    recognised: Option<Recogniser>,
    seen_in: BTreeMap<String, u64>,
    address: Url,
}

impl Session {
    /// Whether the window that was looked at last was closed and others are there.
    pub(super) fn is_closed(&self) -> bool {
        let windows = self.windows.borrow();
        !windows.is_empty() && !windows.contains(&self.line.target)
    }

    /// Whether the popup that was looked at last was closed. That nobody answers there any more may be
    /// heard before that.
    async fn was_closed(&self) -> bool {
        let (mut windows, target) = (self.windows.clone(), &self.line.target);
        let closed = windows.wait_for(|windows| !windows.contains(target));
        !self.behind.is_empty() && matches!(timeout(HEARD, closed).await, Ok(Ok(_)))
    }

    /// What a failed call comes to, where it may be that the popup was closed; whether it was.
    pub(super) async fn closed_or(&self, error: WireError) -> Result<bool, DriverError> {
        self.gate.check()?;
        if error == WireError::Gone && self.was_closed().await {
            return Ok(true);
        }
        self.verdict(error).map(|()| self.is_closed())
    }

    /// Looks at the newest window from now on.
    pub(super) async fn face(&mut self, popups: Popups) -> Result<(), WireError> {
        self.treat_popups(popups);
        loop {
            let newest = self.windows.borrow_and_update().last().cloned();
            let Some(newest) = newest.filter(|newest| *newest != self.line.target) else { return Ok(()) };
            if let Some(place) = self.behind.iter().position(|window| window.line.target == newest) {
                // Those that were opened after it are closed.
                for window in self.behind.drain(place + 1..) {
                    window.line.wire.forget(&window.line.session);
                }
                if let Some(window) = self.behind.pop() {
                    self.turn_to(window);
                }
                continue;
            }
            let attached = Self::attach(self.line.wire.clone(), newest.clone()).await;
            let (line, showing) = match attached {
                Ok(attached) => attached,
                // It may be gone by now.
                Err(_) if self.windows.borrow().last() != Some(&newest) => continue,
                Err(error) => return Err(error),
            };
            tracing::debug!("follows a window that a page has opened");
            let is_closed = self.is_closed();
            let (world, recognised, seen_in) = (None, None, BTreeMap::new());
            let before =
                self.turn_to(Behind { line, showing, world, recognised, seen_in, address: self.address.clone() });
            if !is_closed {
                self.behind.push(before);
            }
        }
    }

    /// Looks at a window; the one that was looked at before.
    fn turn_to(&mut self, window: Behind) -> Behind {
        let is_closed = self.is_closed();
        let before = Behind {
            line: std::mem::replace(&mut self.line, window.line),
            showing: std::mem::replace(&mut self.showing, window.showing),
            world: std::mem::replace(&mut self.world, window.world),
            recognised: std::mem::replace(&mut self.recognised, window.recognised),
            seen_in: std::mem::replace(&mut self.seen_in, window.seen_in),
            address: std::mem::replace(&mut self.address, window.address),
        };
        if is_closed {
            self.line.wire.forget(&before.line.session);
        }
        before
    }

    /// Closes the popup that shows; why it can't be, if it can't.
    pub(super) async fn close_popup(&mut self) -> Result<Option<Observation>, DriverError> {
        if self.behind.is_empty() {
            let (target, html) = ("popup".to_owned(), String::new());
            return Ok(Some(Observation::Stuck { target, problem: Problem::Missing, html }));
        }
        let permit = self.gate.permit()?;
        let target = self.line.target.clone();
        let close = json!({ "targetId": target });
        // A page that asks whether it may be left isn't asked: its window goes.
        if let Err(error) = self.line.send_to_browser(permit, "Target.closeTarget", close, CLOSE).await {
            self.verdict(error)?;
        }
        let mut windows = self.windows.clone();
        let closed = windows.wait_for(|windows| !windows.contains(&target));
        if within(CLOSE, closed).await.is_err() {
            tracing::warn!("a window doesn't close");
            return Err(DriverError::Crashed);
        }
        Ok(None)
    }

    /// Closes the windows that were opened after the one that shows.
    pub(super) fn close_newer(&self) {
        let newer = self
            .windows
            .borrow()
            .iter()
            .skip_while(|window| **window != self.line.target)
            .skip(1)
            .cloned()
            .collect::<Vec<_>>();
        for target in newer {
            self.line.wire.tell("Target.closeTarget", json!({ "targetId": target }));
        }
    }
}
