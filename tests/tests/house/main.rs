//! The rules of this house, held by tests: which crate may know which, where a
//! foreign crate may be used, what every file begins with, and that whatever a
//! document mentions exists.
//!
//! Not here: what clippy, rustfmt and the compiler hold (`Cargo.toml`, the
//! `clippy.toml` of the crates without I/O). Nothing is started but `cargo metadata`,
//! nothing is waited for; files are read.

mod arrows;
mod documents;
mod files;
mod habits;
mod migrations;
mod modules;
mod mutants;

/// Fails with every fault that was found, one a line.
fn no(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
