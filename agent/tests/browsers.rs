//! What the agent does at real browsers, at portals of a few pages and at a coordinator that a test speaks for; one program,
//! since each takes long to link.
//!
//! Not here: whole fleets.

mod agent;
mod answers;
mod author;
mod author_manners;
mod author_proofs;
mod check;
mod doctor;
mod draft;
mod drain;
mod driver;
mod egress;
mod files;
mod foreign;
mod frames;
mod http;
mod live;
mod pictures;
mod popups;
mod roots;
mod seats;
mod shareable;
mod ways;
mod wear;
mod webdriver;
#[expect(clippy::panic, reason = "a test may panic")]
mod world;
