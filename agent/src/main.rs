//! The agent's process.
//!
//! Not here: what it does; that is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: this executable is also the supervisor of its browsers.
    supervisor::run_if_asked();
    agent::cli::main()
}
