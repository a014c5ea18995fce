//! Chaos with fixed seeds, and single faults of which a random plan proves little. Long
//! random plans are played by `cargo xtask chaos`.
//!
//! Not here: single faults that the fleet's and the agent's own tests throw, such as a killed
//! agent's processes or a browser that is found to be frozen.

mod seeds;
mod single;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), tests::chaos::Failure>;
