//! The Rust way of checking a webhook, from the guide, as a program: compiled from the
//! very file that integrators copy.
//!
//! Not here: any of it.

use std::process::ExitCode;

#[path = "../../../docs/guide/verify-webhooks/verify.rs"]
mod verify;

fn main() -> ExitCode {
    verify::main()
}
