//! The whole fleet from outside: real programs, started on free ports in folders of
//! their own, and an integrator who knows nothing but the public API.
//!
//! The demo is the first customer of what stands here, the tests are the others.
//! Nothing here reaches into the coordinator or the agent; what can't be seen through
//! HTTP, the command line or the process table isn't seen.

pub mod bare_agent;
pub mod chaos;
pub mod client;
pub mod integrator;
pub mod patience;
pub mod person;
pub mod postgres;
pub mod programs;
pub mod receiver;
pub mod recorder;
pub mod redis;
pub mod repairs;
pub mod rows;
pub mod socket;
pub mod statements;
pub mod terminal;
pub mod tools;
pub mod usage;
pub mod verdict;
pub mod world;
pub mod zoo;
