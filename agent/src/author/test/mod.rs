//! `agent test`: what a script makes of pages that were saved, or of a simulated portal, without a bank.
//!
//! Not here: one page (`page`), or the simulated portal (`truth`).

mod compare;
mod page;
mod truth;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{Table, presets};
use jiff::civil::Date;
use serde_json::json;
use url::Url;

use super::folder::{Folder, FolderError};
use super::pages::PageError;
use super::run::portal::PortalArguments;
use super::run::{RunError, today};
use super::{Listing, WriteError, print, print_json, say};
use crate::cli::Exit;
pub(super) use compare::bare;
use page::{Accept, Tried};
use truth::TruthError;

/// What is tried.
#[derive(Debug, Args)]
pub struct Test {
    /// The folder, whose pages/ holds saved pages: `account.html` or `account.empty.html` is the page `account`. Of each,
    /// its signs, its steps and what is read on it are tried. A saved page can't say what style sheets hide, nor what its
    /// scripts would do.
    folder: PathBuf,
    /// A simulated portal, as `fixtures serve` prints its address: the whole script is run against it, and what was read
    /// is compared with its truth.
    #[arg(long)]
    portal: Option<Url>,
    /// Keep what was read as what is expected from now on.
    #[arg(long, conflicts_with = "portal")]
    accept: bool,
    /// The day on which pages were saved that have no expectations yet; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    through: PortalArguments,
}

/// Why nothing was tried.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There are no pages.
    #[error("{} has no saved pages", .0.display())]
    NoPages(PathBuf),
    /// They can't be read.
    #[error(transparent)]
    Pages(#[from] PageError),
    /// Options of a run, and no portal to run on.
    #[error("without a portal nothing is run, so there is no {0}")]
    NothingRun(&'static str),
    /// The portal's truth can't be had.
    #[error(transparent)]
    Truth(#[from] TruthError),
    /// The script wasn't run.
    #[error(transparent)]
    Run(#[from] Box<RunError>),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl TestError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder(error) => error.hint(),
            Self::NoPages(_) => {
                Some("save a page of the portal as pages/NAME.html, NAME being that of a page of the script")
            }
            Self::Pages(error) => error.hint(),
            Self::NothingRun(_) => Some("name a simulated portal with --portal; a real one is driven by `agent run`"),
            Self::Truth(error) => error.hint(),
            Self::Run(error) => error.hint(),
            Self::Write(_) => None,
        }
    }
}

impl Test {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Tries the script.
    ///
    /// # Errors
    /// When it can't be tried.
    pub fn obey(self) -> Result<Exit, TestError> {
        let listing = self.listing();
        let folder = Folder::open(&self.folder)?;
        if let Some(portal) = self.portal {
            return truth::run(&folder, portal, &self.through, listing);
        }
        if let Some(wanted) = self.through.of_run() {
            return Err(TestError::NothingRun(wanted));
        }
        let files = saved(&folder.path.join("pages"))?;
        let day = self.today.unwrap_or_else(|| today(folder.script.timezone()));
        let accept = if self.accept { Accept::Read } else { Accept::Nothing };
        let mut tried = Vec::new();
        for file in &files {
            tried.push(page::tried(&folder, file, day, accept));
        }
        let is_sound = tried.iter().all(Tried::is_sound);
        match listing {
            Listing::Json => print_json(&json!({ "pages": tried, "notTried": not_tried(&folder, &tried) }))?,
            Listing::Text => {
                print(&listed(&tried))?;
                tell(&folder, &tried);
            }
        }
        Ok(if is_sound { Exit::Done } else { Exit::Faults })
    }
}

/// How many saved pages of a folder the script was tried on, and what isn't as it should be.
pub(crate) fn troubles(folder: &Folder, day: Date) -> Result<(usize, Vec<String>), TestError> {
    let files = saved(&folder.path.join("pages"))?;
    let tried: Vec<Tried> = files.iter().map(|file| page::tried(folder, file, day, Accept::Nothing)).collect();
    let unsound = tried.iter().filter(|tried| !tried.is_sound());
    Ok((tried.len(), unsound.flat_map(Tried::troubles).collect()))
}

/// The saved pages, by name, with those of which only what is expected is there.
fn saved(pages: &Path) -> Result<Vec<PathBuf>, TestError> {
    let entries = std::fs::read_dir(pages).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => TestError::NoPages(pages.to_owned()),
        _ => PageError::Unreadable { path: pages.to_owned(), source }.into(),
    })?;
    let files = entries.filter_map(|entry| page_of(&entry.ok()?.path()));
    let files: BTreeSet<PathBuf> = files.collect();
    if files.is_empty() {
        return Err(TestError::NoPages(pages.to_owned()));
    }
    Ok(files.into_iter().collect())
}

/// The saved page that a file is, or is about.
fn page_of(file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?.to_str()?;
    let stem = name.strip_suffix(".html").or_else(|| name.strip_suffix(".expected.json"))?;
    Some(file.with_file_name(format!("{stem}.html")))
}

/// The script's pages of which none is saved.
fn not_tried<'f>(folder: &'f Folder, tried: &[Tried]) -> Vec<&'f str> {
    folder.script.pages().filter(|page| !tried.iter().any(|tried| tried.page == *page)).collect()
}

/// A line for each page.
fn listed(tried: &[Tried]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(vec!["PAGE", "RECOGNISED AS", "STEPS", "READ", "EXPECTED", ""]);
    for tried in tried {
        table.add_row(tried.row());
    }
    format!("{}\n", table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"))
}

/// What isn't as it should be, in detail, and which pages nobody saved.
fn tell(folder: &Folder, tried: &[Tried]) {
    for line in tried.iter().flat_map(Tried::troubles) {
        say(&line);
    }
    if tried.iter().any(Tried::is_unsaid) {
        say("what was read isn't compared with anything yet: `agent test --accept` keeps it as what is expected");
    }
    let scrubbed: Vec<&str> = tried.iter().filter(|tried| tried.is_scrubbed()).map(Tried::file).collect();
    if !scrubbed.is_empty() {
        let files = scrubbed.join(", ");
        say(&format!("not read, as they are scrubbed: {files}"));
        say("hint: put examples in place of what was scrubbed, and take away the line that says so");
    }
    let missing = not_tried(folder, tried);
    if !missing.is_empty() {
        say(&format!("not tried, as no page was saved: {}", missing.join(", ")));
    }
    let count = tried.iter().filter(|tried| !tried.is_sound()).count();
    if count > 0 {
        let are = if count == 1 { "isn't as it" } else { "aren't as they" };
        say(&format!("{count} of {} pages {are} should be", tried.len()));
    }
}
