//! A process between a bench and a program that it measures: whatever the program leaves behind
//! becomes this process' child, so that its CPU time is counted and it can be found.
//!
//! Not here: measuring (`processes`).

use std::ffi::OsString;
use std::process::{Child, Command};

use rustix::io::Errno;
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

use crate::Failure;

/// What is kept.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<OsString>,
}

/// Starts the program and waits for all that comes of it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    set_child_subreaper(Some(getpid()))?;
    let (program, rest) = arguments.words.split_first().ok_or("there is nothing to keep")?;
    let _child: Child = Command::new(program).args(rest).spawn()?;
    loop {
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::CHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A call of this very program that keeps `command`, its environment included.
pub(crate) fn kept(command: &tokio::process::Command) -> std::io::Result<tokio::process::Command> {
    let command = command.as_std();
    let mut keeper = tokio::process::Command::new(std::env::current_exe()?);
    keeper.arg("keep").arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => keeper.env(name, value),
            None => keeper.env_remove(name),
        };
    }
    Ok(keeper)
}
