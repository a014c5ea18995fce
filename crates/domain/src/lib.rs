//! The facts and rules of bank portals: what can be said about a connection,
//! a run, a challenge, an account and a transaction, and what follows from it.
//!
//! Not here: anything that could fail for a reason outside its arguments. This
//! crate has no clock (callers pass `now`), no randomness, no files, no network,
//! no async and no floats.

pub mod account;
pub mod account_match;
pub mod address;
pub mod anchor;
pub mod audit;
pub mod balance;
pub mod breaker;
pub mod calendar;
pub mod challenge;
pub mod codes;
pub mod completeness;
pub mod connection;
pub mod driver;
pub mod environment;
pub mod event;
pub mod failure;
pub mod fence;
pub mod history;
pub mod id;
pub mod institution;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod observation;
pub mod password_rules;
pub mod permissions;
pub mod presence;
pub mod repair;
pub mod role;
pub mod rollout;
pub mod run;
pub mod scale;
pub mod schedule;
pub mod secret;
pub mod setup;
pub mod shortfall;
pub mod sign_in;
pub mod transaction;
pub mod word;
