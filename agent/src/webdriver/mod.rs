//! Driving any browser over WebDriver: Firefox, and browsers of a Selenium Grid.
//!
//! ```text
//! Webdriver ── Session ──┬── Line (fantoccini) ── remote end ── browser : Driver
//!                        └── a driver's process of its own, unless the end is remote
//! ```
//!
//! It acts as the first driver does: the same function is called in pages (`page.js`), by
//! a wrapper (`call.js`) that says in which document it ran. WebDriver has no events and
//! lets nothing past a command that waits, so what may wait for long is asked in slices.
//!
//! Not here: what a page means, or whether a command may be sent; each needs a
//! [`Permit`](crate::gate::Permit).

mod capabilities;
mod downloads;
mod line;
mod process;
mod screencast;
mod session;
mod settings;
mod troubles;
mod verbs;
mod windows;

pub use session::{Ending, Session, Webdriver};
pub use settings::{Browser, RemoteEnd, WebdriverError, WebdriverSettings};
