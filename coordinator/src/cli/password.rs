//! A password that somebody types: it stays out of the shell's history and out of the list of processes.
//!
//! Not here: what it opens.

use std::io::{BufRead as _, IsTerminal as _};

use domain::secret::Secret;

use super::CommandError;

fn unreadable(error: std::io::Error) -> CommandError {
    CommandError::Said(format!("no password could be read: {error}"))
}

/// Asks for a new one on a terminal, twice; else it is the first line of stdin.
pub(super) fn new() -> Result<Secret, CommandError> {
    if !std::io::stdin().is_terminal() {
        return first_line();
    }
    let first = Secret::new(rpassword::prompt_password("Password: ").map_err(unreadable)?);
    let again = Secret::new(rpassword::prompt_password("Once more: ").map_err(unreadable)?);
    if first.expose() != again.expose() {
        return Err(CommandError::Said("the two weren't the same".into()));
    }
    Ok(first)
}

/// Asks for one that is known on a terminal; else it is the first line of stdin.
pub(super) fn known() -> Result<Secret, CommandError> {
    if !std::io::stdin().is_terminal() {
        return first_line();
    }
    Ok(Secret::new(rpassword::prompt_password("Password: ").map_err(unreadable)?))
}

fn first_line() -> Result<Secret, CommandError> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(unreadable)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Secret::new(password.strip_suffix('\r').unwrap_or(password).to_owned()))
}
