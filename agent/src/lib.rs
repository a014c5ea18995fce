//! The fleet member: holds leases, and drives portals under them.
//!
//! ```text
//! member ── asker ──▶ seats ◀── surveyor
//!             └─ slot ──┬── renewer ──▶ gate ◀── watchdog ──▶ ends the session
//!                       └── run ──┬── coordinator             ▲
//!                                 └── driver (cdp, webdriver, http) ── gate ── egress ── portal
//! ```
//!
//! An agent knows the coordinator and nothing else: no queue, no store, no other
//! agent. Not here: what a portal's pages mean (`script`), or who may run next (the
//! coordinator).

mod addresses;
pub mod admission;
pub mod apart;
pub mod asker;
pub mod author;
pub mod cdp;
mod chromium;
pub mod cli;
pub mod coordinator;
pub mod doctor;
pub mod drain;
pub mod driver;
pub mod egress;
pub mod gate;
pub mod holding;
pub mod hosts;
pub mod http;
pub mod leavable;
pub mod live;
pub mod logs;
pub mod making;
pub mod measure;
pub mod member;
pub mod openers;
pub mod pace;
mod patience;
pub mod pictures;
pub mod quantity;
pub mod renewer;
pub mod requests;
pub mod run;
pub mod seats;
pub mod sizing;
pub mod slot;
mod steps;
pub mod surveyor;
pub mod tally;
mod told;
pub mod watchdog;
pub mod webdriver;
