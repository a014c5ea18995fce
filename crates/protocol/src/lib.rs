//! What coordinator and agents say to each other under `/agent/v1`: the messages,
//! and the box in which secrets travel between them.
//!
//! Not here: how the messages are carried, who may send them, or what follows from
//! them. Agents send no clock values; every time in a message is a span in
//! milliseconds from the moment at which the message is sent.

pub mod intent;
pub mod lease;
pub mod live;
pub mod report;
pub mod sealed;
pub mod shadow;
