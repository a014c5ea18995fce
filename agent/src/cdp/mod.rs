//! Driving Chromium over the DevTools protocol, as cheaply as it can be done: few
//! commands, one call into the page for each verb, no domain that isn't used.
//!
//! ```text
//! Browsers ── Browser (process, Wire) ──┬── Session (context, page) : Driver
//!   one an agent, renewed when worn     └── Session …
//! ```
//!
//! Of `chromiumoxide` only the connection is used, and only in `wire`: its handler
//! attaches to every target, turns on domains that nobody here reads, and writes raw
//! messages to the log.
//!
//! Not here: what a page means, or whether a command may be sent; each needs a
//! [`Permit`](crate::gate::Permit).

mod answers;
mod browser;
mod browsers;
pub(crate) mod downloads;
mod frames;
mod launch;
mod limits;
pub(crate) mod page;
mod scales;
mod screencast;
mod session;
mod showing;
mod traffic;
mod verbs;
mod watching;
mod windows;
mod wire;

pub use browsers::Browsers;
pub use launch::{BrowserSettings, FindError, LaunchError, Sandbox, Window};
pub use limits::BrowserLimits;
pub use session::{Ending, OpenError, Session};
pub use watching::{Seen, Watching};
