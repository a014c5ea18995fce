//! The portal language: how a script says what a bank's portal looks like, and the
//! machine that drives a portal by it.
//!
//! A script is a map of recognisable pages and not a list of steps: after a submit
//! a bank may show the accounts, a code prompt, a refusal or an advert, and the
//! runner looks, finds the page, does what the script says of it, and looks again.
//!
//! `LANGUAGE.md` beside this crate's manifest is the reference of the language.
//!
//! ```
//! use std::sync::Arc;
//!
//! use script::command::{Command, Observation};
//! use script::{Plan, Runner, Script};
//!
//! # let reference = include_str!("../LANGUAGE.md");
//! # let source = reference.split("```").nth(1).and_then(|block| block.strip_prefix("yaml")).unwrap();
//! let script = Script::parse(source).unwrap_or_else(|faults| panic!("{}", faults.render("script.yaml")));
//! let plan = Plan {
//!     portal_url: "https://portal.example/".parse()?,
//!     credentials: [].into(),
//!     open_intents: Vec::new(),
//!     today: jiff::civil::date(2026, 11, 20),
//!     since: None,
//!     compares: script::Compares::No,
//! };
//! let mut runner = Runner::new(Arc::new(script), plan);
//! let mut observation = None;
//! let failure = loop {
//!     observation = match runner.next(observation) {
//!         Command::Visit(_) => Some(Observation::Visited),
//!         Command::Finish(_) => unreachable!("nothing was read"),
//!         Command::Fail(failure) => break failure,
//!         _ => unreachable!("a driver would do it"),
//!     };
//! };
//! assert_eq!(failure.code.as_str(), "auth.credentials.missing");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: browsers, networks, clocks or files. The runner takes an
//! [`Observation`](command::Observation) and gives a [`Command`](command::Command);
//! whoever holds it carries the command out.

mod asked;
mod bounds;
pub mod command;
mod controls;
mod css;
mod diagnostic;
mod document;
mod draft;
pub mod drift;
mod explain;
mod form;
mod format;
pub mod frames;
mod grammar;
mod json;
mod label;
mod language;
mod letter;
mod link;
mod markup;
mod node;
mod parse;
pub mod plain;
mod read;
mod record;
pub mod recording;
mod rehearse;
mod repeated;
mod roots;
mod runner;
mod saved;
mod scrub;
mod simulate;
mod table;
mod ways;

pub use diagnostic::{Diagnostic, DiagnosticCode, Diagnostics, UnknownCode};
pub use draft::{
    Draft, DraftedPage, Finding, Question, SavedPage, Sureness, draft, draft_recording, join_pages, yaml_text,
};
pub use explain::{explain, explanations};
pub use format::format;
pub use grammar::{record_reference, record_schema, reference, schema};
pub use language::Script;
pub use letter::letter_text;
pub use link::shown_target;
pub use record::{Around, check_record};
pub use rehearse::{PageRead, Sight, SignSeen, Trial, TrialEnd, UnknownWord, WayTried};
pub use runner::{Compares, Plan, Runner, UnknownPages};
pub use saved::{read_transactions, reread};
pub use scrub::{
    Belongings, OwnWords, Scrubbed, ShareError, Shareable, Shared, SourceKind, Survivor, SurvivorKind, masked, scrub,
    scrub_keeping, shared, without,
};
pub use simulate::{
    Recorded, SimulateError, SimulatedChoice, SimulatedCode, SimulatedField, SimulatedLink, SimulatedPage,
    SimulatedPortal, SimulatedStep, Simulation, natural, simulate,
};
