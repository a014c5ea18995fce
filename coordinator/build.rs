//! Makes Rust of `proto/externalscaler.proto`, what KEDA asks, and rebuilds the coordinator
//! when a migration is added, which the compiler can't see. It needs no `protoc`: a compiler
//! in Rust reads the file.
//!
//! Not here: the answers, which are in `src/keda/`.

use std::error::Error;

const FOLDER: &str = "proto";
const FILE: &str = "proto/externalscaler.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed={FILE}");
    let read = protox::compile([FILE], [FOLDER])?;
    tonic_prost_build::configure().build_client(false).build_transport(false).compile_fds(read)?;
    Ok(())
}
