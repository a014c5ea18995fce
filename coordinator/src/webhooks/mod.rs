//! Webhooks: what is told, how it is signed, and how it is delivered.
//!
//! Not here: when something is told; the store writes the outbox in the transaction
//! that changes something.

mod dispatcher;
mod egress;
mod lanes;
mod sender;
mod signature;
#[cfg(test)]
mod tests;

pub use dispatcher::Dispatcher;
pub use egress::client;
pub use sender::{Sender, webhook_secret_context};
pub use signature::new_secret;
