//! Drift: what a page is built of, how far that is from what it was, and what a script would have to say where the portal has
//! changed.
//!
//! ```text
//! page ─▶ scrub ─▶ skeleton ─▶ digest, distance, changes      known pages ┐
//!                                                 the page as it is now ──┼▶ proposals ─▶ a person ─▶ another script
//!                                                    what a run failed by ┘       └ lessons of a person
//! ```
//!
//! All is computed on scrubbed pages, and nothing is healed while a portal is driven: what is proposed is another text of the
//! script, which a person accepts. Not here: where pages are kept, and runs.

mod anew;
mod counterpart;
mod known;
mod lesson;
mod mend;
mod propose;
mod relaid;
mod skeleton;
mod systematic;
mod text;
mod ticket;

pub use known::{KnownPage, known_page, nearest};
pub use lesson::{Lesson, LessonError, teach};
pub use propose::{Change, NoProposal, Proposal, propose};
pub use skeleton::{Changes, Distance, Skeleton};
pub use ticket::{Near, NowPage, Ticket, Trouble};
