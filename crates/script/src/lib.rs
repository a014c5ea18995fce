//! The portal language: how a script says what a bank's portal looks like, and the
//! machine that drives a portal by it.
//!
//! A script is a map of recognisable pages and not a list of steps: after a submit
//! a bank may show the accounts, a code prompt, a refusal or an advert, and the
//! runner looks, finds the page, does what the script says of it, and looks again.
//!
//! Not here: browsers, networks, clocks or files. The runner takes an
//! [`Observation`](command::Observation) and gives a [`Command`](command::Command);
//! whoever holds it carries the command out.

pub mod command;
mod css;
mod diagnostic;
mod document;
mod form;
mod language;
mod node;
mod parse;
mod read;
mod runner;
mod scrub;
mod table;

pub use diagnostic::{Diagnostic, DiagnosticCode, Diagnostics};
pub use language::Script;
pub use runner::{Plan, Runner};
pub use scrub::scrub;
