//! Rebuilds the coordinator when a migration is added, which the compiler can't see.
//!
//! Not here: generated code; nothing else is done at build time.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
