//! What a driver does: four verbs on one page of one session, each answered with what was seen; to
//! keep what a portal answers its page, where it can; to go on without its browser, and to tell when
//! the session is gone. A session is that, with its end.
//!
//! Not here: how ([`crate::cdp`], [`crate::webdriver`], [`crate::http`]), which driver a
//! session is opened with ([`crate::openers`]), or what the answers mean (the script's runner).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use protocol::lease::WayCount;
use script::command::{Capture, Collect, Deed, Download, Observation, Problem, Watch};
use url::Url;

use crate::gate::Shut;
use crate::live::Screencast;
use crate::pictures::Picture;
use crate::requests::Request;

/// How long a file may take from its beginning to its end.
pub(crate) const FILE_WHOLE: Duration = Duration::from_secs(60);
/// How long a file may still begin after another page came.
pub(crate) const FILE_AFTER_A_PAGE: Duration = Duration::from_secs(1);

/// One session with a portal.
///
/// Every verb may be abandoned half-way by dropping its future; the session is then
/// good for nothing but to be ended.
#[async_trait]
pub trait Driver: Send {
    /// Opens an address and waits until its document has loaded.
    async fn visit(&mut self, url: &Url) -> Result<Observation, DriverError>;

    /// Waits until a page is recognised.
    async fn watch(&mut self, watch: &Watch) -> Result<Observation, DriverError>;

    /// Does something on the page that is showing.
    async fn act(&mut self, deed: &Deed) -> Result<Observation, DriverError>;

    /// Keeps the portal's answers to its own page that fit, from now on. A driver that sees none
    /// says so.
    async fn capture(&mut self, _: &Capture) -> Result<Observation, DriverError> {
        Ok(Observation::Kept)
    }

    /// Hands over those that came since.
    async fn collect(&mut self, _: &Collect) -> Result<Observation, DriverError> {
        Ok(Observation::Captured(Vec::new()))
    }

    /// How the ways to find things fared so far.
    fn ways(&self) -> Vec<WayCount>;

    /// Lists what the page asks for from now on, where the driver sees it.
    async fn list_requests(&mut self) -> Result<(), DriverError> {
        Ok(())
    }

    /// What was listed so far.
    fn requests(&self) -> Vec<Request> {
        Vec::new()
    }

    /// Looks at what a selector fits, with all that is over it, as a person would. A driver without a window sees
    /// nothing.
    async fn picture(&mut self, _: &str) -> Result<Look, DriverError> {
        Ok(Look::Nowhere)
    }

    /// Does something on the page that is showing that makes a file come, and takes the file in.
    async fn download(&mut self, download: &Download) -> Result<Observation, DriverError>;

    /// A session that goes on as this one does and takes no browser: with its cookies, at nothing
    /// yet. None where there is no browser to be left, or its cookies aren't to be had.
    async fn without_browser(&mut self) -> Result<Option<Box<dyn Driver>>, DriverError>;

    /// Waits until the session is gone, with its page or its browser, which is all that is
    /// looked at while a person thinks; how it went.
    async fn gone(&mut self) -> DriverError;
}

/// What came of looking at a picture.
#[derive(Debug)]
pub enum Look {
    /// It shows.
    At(Picture),
    /// It can't be found.
    Stuck(Problem),
    /// There is nothing to look with.
    Nowhere,
}

/// A driver with its end.
pub trait Session: Driver {
    /// What ends it.
    fn ending(&self) -> Arc<dyn Ending>;

    /// What shows it to a person who looks on; none of a session that has no picture.
    fn screencast(&self) -> Option<Arc<dyn Screencast>> {
        None
    }
}

/// The end of a session, whoever calls for it.
#[async_trait]
pub trait Ending: Send + Sync {
    /// Ends the session: its connections at once, its pages within a second; what doesn't
    /// obey is killed, if it is this agent's. May be called by anybody, any time.
    async fn end(&self);
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What it takes couldn't be started.
    #[error("nothing could be started to open a session in")]
    NotStarted {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do about it.
        hint: &'static str,
    },
    /// The gate is shut.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// What there is opens none.
    #[error("the browser opens no session")]
    Refused,
}

/// Why there is no observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The lease's gate is shut.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// The browser, or the page's part of it, ended or answers no more, or had to be given up.
    #[error("the browser ended or answers no more")]
    Crashed,
    /// The page's part of the browser used up its memory.
    #[error("the browser ran out of memory")]
    OutOfMemory,
}
