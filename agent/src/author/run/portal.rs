//! The options of a run that an author starts: with what, as whom, how fast, and where the report goes.
//!
//! Not here: which portal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use domain::driver::{DriverKind, Drivers};

use crate::cdp::Window;
use crate::cli::BrowserArguments;

/// How a portal is driven.
#[derive(Debug, Args)]
pub struct PortalArguments {
    /// By what the portal is driven; the first that its record names, unless given.
    #[arg(long)]
    driver: Option<DriverKind>,
    /// A JSON file with the credentials, readable by you alone: `{"bankUsername": "…", "password": "…"}`. Without it they
    /// are taken from BURSAR_CREDENTIAL_BANK_USERNAME and the like, or asked for.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Show the browser's window. Over DevTools alone, and with a Chromium that has one.
    #[arg(long)]
    headed: bool,
    /// Wait so many milliseconds before each thing that is done.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    slow: u64,
    /// Write what happened, page by page, into one HTML file. Nothing secret is in it.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Keep each page that is recognised in this folder, the folder's own `pages` unless given: scrubbed but for the words
    /// of the script, as NAME.html, the first look of each, and never over one that is there. The bank's amounts and days
    /// aren't kept, so that what is read on such a page isn't what the bank showed. Look through them before anybody else
    /// sees them.
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    save_pages: Option<Option<PathBuf>>,
    /// Where a fault of the script ends the run, write a repair ticket there, for `agent repair`: the script, its pages as
    /// they were by the folder's pages/, and the page as it is, all scrubbed.
    #[arg(long, value_name = "FILE")]
    ticket: Option<PathBuf>,
    /// Where what is set at the bank is written before the bank is told it: a new password, an authenticator's secret,
    /// answers to questions. Readable by you alone. Without it a page that wants such a thing ends the run.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) browser: BrowserArguments,
}

impl PortalArguments {
    /// The driver that is used, where the record wants these.
    pub(super) fn driver(&self, wanted: &Drivers) -> DriverKind {
        self.driver.or_else(|| wanted.iter().next()).unwrap_or(DriverKind::Cdp)
    }

    pub(crate) fn credentials(&self) -> Option<&Path> {
        self.credentials.as_deref()
    }

    pub(super) fn window(&self) -> Window {
        if self.headed { Window::Shown } else { Window::None }
    }

    pub(super) fn slow(&self) -> Duration {
        Duration::from_millis(self.slow)
    }

    /// Where recognised pages are kept, if they are.
    pub(super) fn saved_pages(&self, folder: &Path) -> Option<PathBuf> {
        let said = self.save_pages.as_ref()?;
        Some(said.clone().unwrap_or_else(|| folder.join("pages")))
    }

    /// Where what is set at the bank is kept, if it is.
    pub(super) fn secrets(&self) -> Option<&Path> {
        self.secrets.as_deref()
    }

    /// What only a run makes and was asked for, if anything was.
    pub(crate) fn of_run(&self) -> Option<&'static str> {
        let report = self.report.as_ref().map(|_| "report");
        let saved = || self.save_pages.as_ref().map(|_| "page to save");
        report.or_else(saved).or_else(|| self.ticket.as_ref().map(|_| "ticket"))
    }

    pub(super) fn ticket(&self) -> Option<&Path> {
        self.ticket.as_deref()
    }

    pub(super) fn report(&self) -> Option<&Path> {
        self.report.as_deref()
    }
}
