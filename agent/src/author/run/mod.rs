//! `agent run FOLDER`: drives a portal by a script from the author's terminal, without a coordinator.
//!
//! ```text
//! credentials ─┐
//! script ──────┴▶ drive ──▶ session ──▶ portal
//!                  │ └─▶ trace ──▶ standard error, report
//!                  └─▶ person: the terminal
//! ```
//!
//! Nothing is kept but what is asked for: records on standard output, a report in a file. Not here: the fleet's runs, which
//! are under leases ([`crate::slot`]).

pub(crate) mod credentials;
mod drive;
mod keep;
mod maker;
mod person;
pub mod portal;
mod records;
mod redact;
mod report;
mod ticket;
mod trace;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::account::ObservedAccount;
use domain::driver::DriverKind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;
use url::Url;

use super::folder::{Folder, FolderError};
use super::{Listing, ReadError, WriteError, print, print_json, say};
use crate::cli::{BrowserArguments, BrowserError, Exit};
use crate::driver::OpenError;
use credentials::CredentialsError;
pub(crate) use drive::{Outcome, Run, loopback};
pub(crate) use person::{Asked, Person, Terminal};
use portal::PortalArguments;

/// What is driven, and what is made of it.
#[derive(Debug, Args)]
pub struct Driving {
    /// Another address of the portal than the record's own. One on this machine may be plain `http://`.
    #[arg(long, requires = "folder")]
    portal: Option<Url>,
    /// From which day on transactions are wanted; whole lists unless given.
    #[arg(long, value_name = "YYYY-MM-DD", requires = "folder")]
    since: Option<Date>,
    /// The records as JSON on standard output, and no table.
    #[arg(long, requires = "folder")]
    json: bool,
    #[command(flatten)]
    through: PortalArguments,
}

/// Why nothing was driven.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A credential isn't there.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The address is no portal's.
    #[error("{0} isn't the address of a portal: it has to begin with https://")]
    Portal(Url),
    /// The driver has no window to show.
    #[error("the driver {0} shows no window")]
    NoWindow(DriverKind),
    /// There is nothing to drive it with.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The session has no way out.
    #[error("there is no port for the session's way out")]
    WayOut(#[source] io::Error),
    /// There is no session.
    #[error("no session could be opened")]
    Session(#[source] OpenError),
    /// The runtime didn't start.
    #[error("could not start")]
    Runtime(#[source] io::Error),
    /// The report or the pages can't be written.
    #[error("could not write {}", path.display())]
    Unwritten {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The script's text isn't there any more.
    #[error(transparent)]
    Source(#[from] ReadError),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl RunError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder(error) => error.hint(),
            Self::Credentials(error) => error.hint(),
            Self::Portal(_) => {
                Some("only a simulated portal on this machine, such as http://127.0.0.1:4000/, may do without")
            }
            Self::NoWindow(_) => Some("take --headed away, or say `--driver cdp`"),
            Self::Browser(error) => Some(error.hint()),
            Self::Session(OpenError::NotStarted { hint, .. }) => Some(hint),
            Self::Session(_)
            | Self::WayOut(_)
            | Self::Runtime(_)
            | Self::Unwritten { .. }
            | Self::Source(_)
            | Self::Write(_) => None,
        }
    }
}

impl Driving {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// What portals are driven with.
    pub(crate) fn browser(&self) -> &BrowserArguments {
        &self.through.browser
    }

    /// Drives the portal of the script in `folder`.
    ///
    /// # Errors
    /// When it can't even be begun.
    pub fn obey(&self, folder: &Path) -> Result<Exit, RunError> {
        let folder = Folder::open(folder)?;
        let portal = self.portal.clone().unwrap_or_else(|| folder.record.default_portal_url.clone());
        drive::loopback(&portal)?;
        let credentials = credentials::gather(&folder.script, self.through.credentials())?;
        let run = Run { folder: &folder, portal, credentials, since: self.since, through: &self.through };
        let outcome = run.go(Terminal)?;
        match (&outcome, self.listing()) {
            (outcome, Listing::Json) => print_json(&shown(outcome))?,
            (Outcome::Finished(accounts), Listing::Text) => print(&records::table(accounts))?,
            (Outcome::Failed(_) | Outcome::Interrupted, Listing::Text) => {}
        }
        if let Some(path) = self.through.report() {
            say(&format!("report: {}", path.display()));
        }
        let is_all = |accounts: &[ObservedAccount]| accounts.iter().all(|account| account.failure.is_none());
        Ok(match &outcome {
            Outcome::Finished(accounts) if is_all(accounts) && !drive::contradictions(&outcome).is_empty() => {
                Exit::Faults
            }
            Outcome::Finished(accounts) if is_all(accounts) => Exit::Done,
            Outcome::Finished(_) | Outcome::Failed(_) | Outcome::Interrupted => Exit::Failed,
        })
    }
}

/// What came of a run, for programs.
fn shown(outcome: &Outcome) -> serde_json::Value {
    match outcome {
        Outcome::Finished(accounts) => {
            let contradictions = drive::contradictions(outcome);
            let contradictions =
                contradictions.iter().map(|(account, what)| json!({ "account": account, "what": what }));
            json!({ "accounts": records::bare(accounts), "contradictions": contradictions.collect::<Vec<_>>() })
        }
        Outcome::Failed(failure) => json!({ "failure": failure }),
        Outcome::Interrupted => json!({ "interrupted": true }),
    }
}

/// The day it is in the bank's time zone.
pub(crate) fn today(timezone: &str) -> Date {
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    Timestamp::now().to_zoned(zone).date()
}

/// Whether somebody sits at the terminal who can be asked.
pub(crate) fn is_attended() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
