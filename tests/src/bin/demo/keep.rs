//! `--keep`: everything goes on, this process with it, until it is asked to end. It
//! lets go of the terminal, so that whoever started it gets the prompt back.
//!
//! Not here: starting or ending the parts.

use std::fs::OpenOptions;
use std::io::Write as _;

use tokio::signal::unix::{SignalKind, signal};

use crate::Outcome;
use crate::parts::{CONSOLE_LOGIN, Parts};
use crate::story::{Story, calls};

/// Where people are told how to go on: not on stdout when that is for a program.
#[derive(Clone, Copy)]
pub(crate) enum Channel {
    Stdout,
    Stderr,
}

/// Prints how to go on, lets go of the terminal, and waits to be asked to end.
pub(crate) async fn keep(parts: &Parts, story: &Story, channel: Channel) -> Outcome<()> {
    let id = story.connection["id"].as_str().unwrap_or_default();
    let key = parts.integrator.key();
    let bank = parts.bank["url"].as_str().unwrap_or_default();
    let said = format!(
        "\nEverything goes on.\n  \
         API key      {key}\n  \
         API          {}\n  \
         console      {}/console, as {CONSOLE_LOGIN} with {}\n  \
         the bank     {bank}\n  \
         its phone    {bank}_phone\n  \
         webhooks to  {}\n  \
         folder       {}\n\
         Try:\n  {}\n\
         End it with: kill {}",
        parts.address,
        parts.address,
        parts.password,
        parts.receiver.url(),
        parts.folder.path().display(),
        calls(&parts.address, key, id).join("\n  "),
        std::process::id(),
    );
    match channel {
        Channel::Stdout => println!("{said}"),
        Channel::Stderr => eprintln!("{said}"),
    }
    std::io::stdout().flush()?;
    let log = OpenOptions::new().create(true).append(true).open(parts.folder.path().join("demo.log"))?;
    // Of no terminal's session any more: closing the window doesn't end it. It fails
    // where this process leads a session already, which is as good.
    let _ = rustix::process::setsid();
    rustix::stdio::dup2_stderr(&log)?;
    rustix::stdio::dup2_stdout(&log)?;
    asked_to_end().await;
    Ok(())
}

/// Waits for SIGTERM, SIGINT, or the end of the terminal.
pub(crate) async fn asked_to_end() {
    let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = kinds.map(signal) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
}
