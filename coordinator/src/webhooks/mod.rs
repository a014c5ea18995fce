//! Webhooks: what is told, how it is signed, and how it is delivered.
//!
//! Not here: when something is told; the store writes the outbox in the transaction
//! that changes something.

mod dispatcher;
mod egress;
mod signature;

pub use dispatcher::{Dispatcher, webhook_secret_context};
pub use egress::client;
pub use signature::new_secret;
