//! What outsiders make of Bursar: programs that nobody here wrote, and the lines that the
//! guide gives to integrators, against a running coordinator.
//!
//! Not here: whether what the service does is right; the fleet's tests say that.

mod client;
mod contract;
mod document;
mod keda;
mod recordings;
mod signatures;

use tests::world::Ran;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Ends the test with the program's own words unless it succeeded.
#[track_caller]
fn succeeded(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
}
