//! What the OpenAPI document promises, held against a running coordinator, call by call:
//! each test goes through the document, so that a new call can't be forgotten.
//!
//! Not here: what calls are for; the fleet's tests follow an integrator through them.

mod calls;
mod command_line;
mod document;
mod idempotency;
mod life;
mod limits;
mod ownership;
mod two_coordinators;
mod world;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;
