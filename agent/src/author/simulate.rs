//! `agent simulate FOLDER --into PORTAL`: an institution's folder with its saved pages as a portal that `fixtures serve
//! --recorded PORTAL` runs, with users that are made up and the truth that the script reads.
//!
//! Not here: what leads where on a page; that is the script crate's. Answering requests; `fixtures` does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use domain::account::ObservedAccount;
use jiff::civil::Date;
use script::{Recorded, SimulateError, SimulatedPortal, Simulation, simulate};
use serde_json::{Map, Value, json};

use super::folder::{Folder, FolderError};
use super::pages::{PageError, SavedPage, saved_in};
use super::proof::contradictions;
use super::run::today;
use super::saved::{Values, is_made_up, values};
use super::test::bare;
use super::{Listing, WriteError, plain, print, print_json, say};
use crate::cli::Exit;

/// The version of what is written.
const VERSION: u64 = 1;
/// How long what is made up is, where its field takes as much.
const LONGEST: usize = 10;

/// What a portal is made of.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The folder of an institution, whose pages/ holds saved pages: those of `agent scrub`, or with values for you alone. An
    /// account's second page of transactions is `account.2.html`.
    folder: PathBuf,
    /// Make this folder, with portal.json and the pages as they are served.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// The day on which the pages were saved; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
}

/// Why no portal was made.
#[derive(Debug, thiserror::Error)]
pub enum SimulateCommandError {
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A page can't be read.
    #[error(transparent)]
    Page(#[from] PageError),
    /// No portal comes of the pages.
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    /// A page is read, and holds shapes in place of values.
    #[error("{0} is scrubbed, so nothing is read on it")]
    Scrubbed(String),
    /// What is read contradicts itself.
    #[error("account `{account}`: {what}")]
    Contradiction {
        /// Its key.
        account: String,
        /// What contradicts what.
        what: String,
    },
    /// The folder is there already.
    #[error("{} is there already, and isn't empty", .0.display())]
    Taken(PathBuf),
    /// A file can't be written.
    #[error("could not write {}", path.display())]
    Unwritten {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no randomness.
    #[error("the system gave no randomness")]
    NoRandomness,
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl SimulateCommandError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Folder(error) => error.hint(),
            Self::Page(error) => error.hint(),
            Self::Simulate(SimulateError::NoPage(_)) => {
                Some("record with `--keep-values`, or save the page from a browser into pages/")
            }
            Self::Simulate(SimulateError::File { .. }) => Some("`agent test` tells what the script makes of it"),
            Self::Simulate(SimulateError::Unsupported(_)) => {
                Some("save pages that need none of it, or try the script on them with `agent test`")
            }
            Self::Scrubbed(_) => Some("record with `--keep-values`, and make the values up with `agent scrub`"),
            Self::Contradiction { .. } => Some("`agent test` tells where; a page of the list may be missing"),
            Self::Taken(_) => Some("name a folder that isn't there yet: nothing is written over"),
            Self::Unwritten { .. } | Self::NoRandomness | Self::Write(_) => None,
        }
    }
}

impl Simulate {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Makes the portal.
    ///
    /// # Errors
    /// When something can't be read, isn't read soundly by the script, or can't be written.
    pub fn obey(&self) -> Result<Exit, SimulateCommandError> {
        let folder = Folder::open(&self.folder)?;
        if std::fs::read_dir(&self.into).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(SimulateCommandError::Taken(self.into.clone()));
        }
        let day = self.today.unwrap_or_else(|| today(folder.script.timezone()));
        let saved = saved_in(&folder.path, &folder.record.default_portal_url)?;
        let is_known = |page: &&SavedPage| folder.script.pages().any(|known| known == page.page);
        let saved: Vec<&SavedPage> = saved.iter().filter(is_known).collect();
        for page in saved.iter().filter(|page| values(&page.html) == Values::Scrubbed) {
            let read = folder.script.read_page(&page.page, &page.html, day);
            let reads_nothing =
                read.is_ok_and(|read| read.accounts.is_none() && read.account.is_none() && read.transactions.is_none());
            if !reads_nothing {
                return Err(SimulateCommandError::Scrubbed(page.file.clone()));
            }
        }
        let recorded: Vec<Recorded<'_>> = saved
            .iter()
            .map(|page| Recorded {
                file: &page.file,
                page: &page.page,
                html: &page.html,
                address: page.address.as_ref(),
                today: day,
            })
            .collect();
        let made = simulate(&folder.script, &recorded)?;
        for account in &made.truth {
            if let Some(what) = contradictions(account).into_iter().next() {
                return Err(SimulateCommandError::Contradiction { account: account.portal_key.clone(), what });
            }
        }
        self.write(folder.script.institution(), &made)?;
        let theirs: Vec<&str> = saved
            .iter()
            .filter(|page| !is_made_up(&page.html) && values(&page.html) == Values::Told)
            .map(|page| page.file.as_str())
            .collect();
        self.tell(&made, &theirs)?;
        Ok(Exit::Done)
    }

    fn write(&self, institution: &str, made: &Simulation) -> Result<(), SimulateCommandError> {
        let unwritten = |path: &Path| {
            let path = path.to_owned();
            move |source| SimulateCommandError::Unwritten { path, source }
        };
        let mut said = json!({ "portal": VERSION, "institution": institution });
        if let Value::Object(said) = &mut said {
            said.extend(user(&made.portal)?);
            if let Value::Object(portal) = json!(made.portal) {
                said.extend(portal);
            }
            said.insert("truth".to_owned(), truth(institution, &made.truth));
        }
        let within = self.into.join("pages");
        std::fs::create_dir_all(&within).map_err(unwritten(&within))?;
        for (file, text) in &made.files {
            let path = within.join(file);
            std::fs::write(&path, text).map_err(unwritten(&path))?;
        }
        let path = self.into.join("portal.json");
        let text = serde_json::to_string_pretty(&said).map_err(std::io::Error::other).map_err(unwritten(&path))?;
        std::fs::write(&path, format!("{text}\n")).map_err(unwritten(&path))
    }

    /// Says what was made, and which pages show what a bank showed.
    fn tell(&self, made: &Simulation, theirs: &[&str]) -> Result<(), SimulateCommandError> {
        let rows: usize = made.truth.iter().map(|account| account.transactions.len()).sum();
        if self.json {
            return Ok(print_json(&json!({
                "pages": made.portal.pages.len(),
                "accounts": made.truth.len(),
                "transactions": rows,
                "leftOut": made.left_out,
                "withValues": theirs,
            }))?);
        }
        print(&format!("{}\n", self.into.display()))?;
        say(&format!("{} pages, {} accounts, {rows} transactions", made.portal.pages.len(), made.truth.len()));
        for what in &made.left_out {
            say(&format!("left out: {}", plain(what)));
        }
        if !theirs.is_empty() {
            say(&format!(
                "warning: what these show isn't made up, so keep the portal to yourself: {}\n\
                 hint: `agent scrub` makes it up",
                plain(&theirs.join(", "))
            ));
        }
        say(&format!("next: fixtures serve --recorded {}", self.into.display()));
        Ok(())
    }
}

/// A user whom nobody has at any bank, and the answer that only they know.
fn user(portal: &SimulatedPortal) -> Result<Map<String, Value>, SimulateCommandError> {
    let fields = || portal.steps.iter().flat_map(|step| &step.fields);
    let wanted: BTreeMap<&str, usize> = fields()
        .filter(|field| !field.takes.starts_with("code"))
        .map(|field| (field.takes.as_str(), field.at_most.unwrap_or(LONGEST).clamp(1, LONGEST)))
        .collect();
    let mut credentials = Map::new();
    for (name, length) in wanted {
        let signs: &[u8] = if name == "password" { b"abcdefghkmnpqrstuvwxyz23456789" } else { b"0123456789" };
        credentials.insert(name.to_owned(), random(signs, length)?.into());
    }
    let mut user = Map::from_iter([("credentials".to_owned(), Value::Object(credentials))]);
    let known = portal.steps.iter().filter_map(|step| step.code).find(|code| !code.by_phone);
    if let Some(code) = known {
        user.insert("answer".to_owned(), random(b"0123456789", code.digits)?.into());
    }
    Ok(user)
}

fn random(signs: &[u8], length: usize) -> Result<String, SimulateCommandError> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|_| SimulateCommandError::NoRandomness)?;
    Ok(bytes
        .iter()
        .filter_map(|byte| signs.get(usize::from(*byte) % signs.len()))
        .map(|sign| char::from(*sign))
        .collect())
}

/// What was read, in the shape of a portal's `/_truth`.
fn truth(institution: &str, accounts: &[ObservedAccount]) -> Value {
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for account in accounts {
        let mut told = bare(json!(account));
        let own = told.as_object_mut().and_then(|fields| fields.remove("transactions")).unwrap_or_default();
        for mut row in own.as_array().cloned().unwrap_or_default() {
            row["accountKey"] = account.portal_key.as_str().into();
            rows.push(row);
        }
        all.push(told);
    }
    json!({ "institutionId": institution, "accounts": all, "transactions": rows })
}
