//! The recorder's browser: opened on the portal, watched until its person is done, and gone with the recorder however that
//! ends.
//!
//! It has the way out that every session has: a portal is spoken to in secret, private addresses aren't reached. But which
//! hosts belong to the portal is what the person finds out, so that any may be reached.
//!
//! Not here: what is made of what was seen (`trail`).

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use protocol::lease::AllowLoopback;
use script::command::Observation;
use script::recording::Deed;
use tokio::time::Instant;
use url::Url;

use super::trail::{Trail, Trodden};
use super::view::View;
use crate::author::say;
use crate::cdp::{Browsers, OpenError, Seen, Watching, Window};
use crate::driver::{Driver as _, DriverError, Session as _};
use crate::egress::Egress;
use crate::gate::{Gate, TrustWindow};
use crate::hosts::Hosts;

/// What runs in every document.
const WATCH: &str = include_str!("watch.js");
/// For how long a session may live; there is no lease that ends it.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// The session has no way out, or the live view no port.
    #[error("there is no port on loopback to be had")]
    Port(#[source] io::Error),
    /// There is no session.
    #[error("no session could be opened")]
    Session(#[source] OpenError),
    /// The browser ended before anything was seen.
    #[error("the browser ended before the portal was there")]
    Browser(#[from] DriverError),
    /// The portal didn't come.
    #[error("{0} can't be reached")]
    Unreachable(Url),
}

/// Where a person goes, and in what.
pub(super) struct Browse {
    pub(super) portal: Url,
    pub(super) loopback: AllowLoopback,
    pub(super) window: Window,
    pub(super) browsers: Browsers,
}

impl Browse {
    /// Lets a person go through the portal until `done`, or until they close the window.
    pub(super) async fn go(self, done: impl Future<Output = ()>) -> Result<Trodden, BrowseError> {
        let gate = Gate::new(TrustWindow::new(Instant::now(), LONGEST, Duration::ZERO));
        let hosts = Hosts::any(&self.portal, self.loopback);
        let egress =
            Egress::open_at(Ipv4Addr::LOCALHOST.into(), hosts, gate.clone()).await.map_err(BrowseError::Port)?;
        let egress = Arc::new(egress);
        let opened = self.browsers.session(gate.clone(), Arc::clone(&egress), self.portal.clone()).await;
        let mut session = opened.map_err(BrowseError::Session)?;
        let ending = session.ending();
        let mut watching = session.watch_person(WATCH).await?;
        let came = session.visit(&self.portal).await?;
        if !matches!(came, Observation::Visited) {
            ending.end().await;
            self.browsers.end().await;
            return Err(BrowseError::Unreachable(self.portal));
        }
        // From now on a person has the wheel, and nobody else.
        let _ = gate.hold();
        let view = match (self.window, session.screencast()) {
            (Window::None, Some(screencast)) => {
                Some(View::open(screencast, gate.clone()).await.map_err(BrowseError::Port)?)
            }
            _ => None,
        };
        let mut trail = Trail::new(self.portal.clone());
        match &view {
            Some(view) => say(&format!("go through the portal at {}", view.address())),
            None => say("go through the portal in the window that opened"),
        }
        say("sign in, open an account, look at its next page, go back to the list, sign out; then press Enter here");
        let done = async {
            match &view {
                Some(view) => tokio::select! { () = done => {}, () = view.done() => {} },
                None => done.await,
            }
        };
        watch(&mut watching, &mut trail, done).await;
        let last = watching.ask(|script| {
            format!("(() => {{ const trail = {script}; trail.flush(); return JSON.stringify(trail.whole()); }})()")
        });
        let last = last.await;
        // What that made it report is there by now.
        while let Some(Some(seen)) = watching.next().now_or_never() {
            hear(&mut trail, seen);
        }
        ending.end().await;
        self.browsers.end().await;
        Ok(trail.end(last))
    }
}

/// Takes in what is seen until it is enough.
async fn watch(watching: &mut Watching, trail: &mut Trail, done: impl Future<Output = ()>) {
    let mut done = std::pin::pin!(done);
    loop {
        tokio::select! {
            biased;
            seen = watching.next() => match seen {
                Some(seen) => hear(trail, seen),
                None => return,
            },
            () = &mut done => return,
        }
    }
}

fn hear(trail: &mut Trail, seen: Seen) {
    match seen {
        Seen::Said { window, report } => trail.hear(window, &report),
        Seen::Opened(_) => trail.came(Deed::Open),
        Seen::Offered => trail.came(Deed::Download),
    }
}
