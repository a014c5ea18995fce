//! The short life between the supervisor's fork and the child's program: it ties the child to the supervisor.
//!
//! It exists because a parent-death signal must be set in the child itself, and doing that between fork and exec would
//! need unsafe code. Not a place for anything else: it has the child's environment, folder and output already.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::order::{EXIT_NO_PROGRAM, EXIT_SUPERVISOR, Enter};

/// Becomes the program; returns an exit code only if that failed, having written the error's number to the socket that
/// is its standard input. The socket closes in silence when the program starts.
pub(crate) fn run(order: &Enter) -> i32 {
    let Ok(socket) = std::io::stdin().as_fd().try_clone_to_owned() else {
        return EXIT_SUPERVISOR;
    };
    let mut socket = UnixStream::from(socket);
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        let _ = write!(socket, "{}", error.raw_os_error());
        return EXIT_SUPERVISOR;
    }
    // It may have died before the signal was set.
    if getppid() != Some(order.supervisor) {
        return EXIT_SUPERVISOR;
    }
    let error = Command::new(&order.program).args(&order.args).stdin(Stdio::null()).exec();
    let _ = write!(socket, "{}", error.raw_os_error().unwrap_or(0));
    EXIT_NO_PROGRAM
}
