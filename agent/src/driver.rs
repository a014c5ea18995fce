//! What a driver does: three verbs on one page of one session, each answered with
//! what was seen; and to tell when the session is gone.
//!
//! Not here: how ([`crate::cdp`]), or what the answers mean (the script's runner).

use async_trait::async_trait;
use script::command::{Act, Observation, Watch};
use url::Url;

use crate::gate::Shut;

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

    /// Does these on the page that is showing.
    async fn act(&mut self, acts: &[Act]) -> Result<Observation, DriverError>;

    /// Waits until the session is gone, with its page or its browser, which is all that is
    /// looked at while a person thinks; how it went.
    async fn gone(&mut self) -> DriverError;
}

/// Why there is no observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// The lease's gate is shut.
    #[error(transparent)]
    Shut(#[from] Shut),
    /// The browser, or the page's part of it, ended or answers no more.
    #[error("the browser ended or answers no more")]
    Crashed,
    /// The page's part of the browser used up its memory.
    #[error("the browser ran out of memory")]
    OutOfMemory,
}
