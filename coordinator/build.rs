//! Rebuilds the coordinator when a migration is added, which the compiler can't see.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
