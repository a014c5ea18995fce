//! What an address shows to somebody who just came: one session, one page, nothing done on it.
//!
//! Not here: what is made of the page (`draft`).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::driver::{DriverKind, Drivers};
use protocol::lease::AllowLoopback;
use script::command::{Condition, Observation, Popups, Recogniser, Trouble, Watch};
use tokio::time::Instant;
use url::Url;

use crate::cdp::Window;
use crate::cli::{BrowserArguments, BrowserError};
use crate::driver::{DriverError, OpenError, Session};
use crate::egress::Egress;
use crate::gate::{Gate, TrustWindow};
use crate::hosts::Hosts;
use crate::measure;
use crate::sizing::browser_memory;

/// How long a page has to show something that one can type into, which a sign-in has.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(120);

/// Why no page was seen.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// There is nothing to visit it with.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The session has no way out.
    #[error("there is no port on loopback to be had")]
    Port(#[source] io::Error),
    /// There is no session.
    #[error("no session could be opened")]
    Session(#[source] OpenError),
    /// The browser ended.
    #[error("the browser ended before the page was there")]
    Ended(#[from] DriverError),
    /// The page didn't come.
    #[error("{0} can't be reached: {1}")]
    Unreachable(Url, &'static str),
    /// Nothing was made to wait in.
    #[error("could not start")]
    Runtime(#[source] io::Error),
}

impl VisitError {
    /// What to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Browser(error) => Some(error.hint()),
            Self::Unreachable(..) => Some("see that the address is right and the portal is up"),
            Self::Port(_) | Self::Session(_) | Self::Ended(_) | Self::Runtime(_) => None,
        }
    }
}

/// Where the browser is by then, and the document as it stands.
pub(super) fn visit(
    portal: &Url,
    loopback: AllowLoopback,
    kind: DriverKind,
    browser: &BrowserArguments,
) -> Result<(Url, String), VisitError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(VisitError::Runtime)?;
    let seen = runtime.block_on(async {
        let drivers = Drivers::new(vec![kind]).unwrap_or_default();
        let openers = browser.openers(drivers, browser_memory(measure::machine()), Window::None)?;
        let gate = Gate::new(TrustWindow::new(Instant::now(), LONGEST, Duration::ZERO));
        let hosts = Hosts::any(portal, loopback);
        let egress = Egress::open_at(openers.way_out(kind), hosts, gate.clone()).await.map_err(VisitError::Port)?;
        let mut session =
            openers.open(kind, gate, Arc::new(egress), portal.clone()).await.map_err(VisitError::Session)?;
        let ending = session.ending();
        let seen = look(&mut *session, portal).await;
        ending.end().await;
        openers.end().await;
        seen
    });
    runtime.shutdown_background();
    seen
}

async fn look(session: &mut dyn Session, portal: &Url) -> Result<(Url, String), VisitError> {
    let unreachable = |trouble| Err(VisitError::Unreachable(portal.clone(), said(trouble)));
    if let Observation::Unreachable(trouble) = session.visit(portal).await? {
        return unreachable(trouble);
    }
    let field = "input:is([type=text], [type=email], [type=password], [type=tel], :not([type]))";
    // Frames and shadow roots are taken along where a selector looks into them.
    let recognised = |page: &str, selector: String| Recogniser {
        page: page.to_owned(),
        conditions: vec![Condition::Visible(selector)],
    };
    let watch = Watch {
        pages: vec![recognised("form", field.to_owned()), recognised("within", format!(":root >>> {field}"))],
        busy: Vec::new(),
        left: None,
        popups: Popups::Close,
        patience_ms: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX),
    };
    match session.watch(&watch).await? {
        Observation::Recognised { url, html, .. } | Observation::Unrecognised { url, html, .. } => Ok((url, html)),
        Observation::Unreachable(trouble) => unreachable(trouble),
        _ => unreachable(Trouble::Reset),
    }
}

const fn said(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Dns => "its name doesn't resolve",
        Trouble::Tls => "there is no secure connection to it",
        Trouble::Timeout => "it doesn't answer in time",
        Trouble::Reset => "the connection was refused or ended",
        Trouble::Status(_) => "it answers with an error",
        Trouble::Forbidden => "it leads to an address that isn't reached",
    }
}
