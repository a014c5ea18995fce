//! `agent draft`: a script to begin with, made of pages that were saved, and how sure each part of it is.
//!
//! Not here: finding it; that is the script crate's. What a portal does, nobody knows from pages alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{Table, presets};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use script::recording::{Page, PageKind, Recording};
use script::{Draft as Drafted, SavedPage, Script, Sureness, draft, draft_recording};
use url::Url;

use super::new::{Login, New, NewError};
use super::pages::{PageError, text};
use super::recorded::{RecordedError, read};
use super::saved::saved_from;
use super::{Listing, WriteError, plain, print, print_json, say};
use crate::cli::Exit;

/// What is drafted.
#[derive(Debug, Args)]
pub struct Draft {
    /// Pages of the portal, saved from a browser: the one that asks for the password, the one that refuses it, the list of
    /// accounts, an account with its transactions, the one after signing out. What was typed into them isn't looked at.
    #[arg(required = true)]
    pages: Vec<PathBuf>,
    /// What was done on these pages, as `agent import` and `agent record` keep it: says what was filled and clicked, and which
    /// page came then. Pages belong to it by their addresses.
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
    /// Make this folder, with the script, the pages and a record, as `agent new` makes one. Its last part is the
    /// institution's id. Without it the script is printed.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Where the pages were, where they don't say it themselves.
    #[arg(long, default_value = "https://portal.example/", value_parser = super::new::portal)]
    portal: Url,
    /// The day on which the pages were saved; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
}

/// Why nothing was drafted.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A page can't be read.
    #[error(transparent)]
    Page(#[from] PageError),
    /// There is no recording.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// No page has a list of accounts, without which there is no script.
    #[error("no page has a list of accounts, so there is no script to make")]
    NoAccounts,
    /// The folder can't be made.
    #[error(transparent)]
    New(#[from] NewError),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl DraftError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Page(error) => error.hint(),
            Self::NoAccounts => {
                Some("save the page with the list of accounts, and name it too; it has to be a table with headers")
            }
            Self::New(error) => error.hint(),
            Self::Recorded(error) => error.hint(),
            Self::Write(_) => None,
        }
    }
}

impl Draft {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Looks through the pages, says what was found, and prints or writes the script.
    ///
    /// # Errors
    /// When a page can't be read, there is no list of accounts, or the folder can't be made.
    pub fn obey(&self) -> Result<Exit, DraftError> {
        let mut texts = Vec::with_capacity(self.pages.len());
        for path in &self.pages {
            let html = text(path, &self.portal)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let url = saved_from(&html).unwrap_or_else(|| self.portal.clone());
            texts.push((name, url, html));
        }
        let id = match &self.into {
            Some(folder) => New::id_of(folder)?,
            None => "first-bank".to_owned(),
        };
        let today = self.today.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date());
        let refused = |(file, reason): (String, &'static str)| PageError::Refused { path: file.into(), reason };
        let drafted = match &self.recording {
            Some(path) => {
                let mut recording = read(path)?;
                texts = joined(&mut recording, texts);
                draft_recording(&id, &recording, &BTreeMap::new(), today).map_err(refused)?
            }
            None => {
                let pages = texts.iter().map(|(file, url, html)| SavedPage { file, url, html });
                draft(&id, &pages.collect::<Vec<_>>(), today).map_err(refused)?
            }
        };
        if self.listing() == Listing::Json {
            print_json(&drafted)?;
        } else {
            tell(&drafted);
        }
        let Some(script) = &drafted.script else {
            // A program reads it in what was found.
            return if self.json { Ok(Exit::Faults) } else { Err(DraftError::NoAccounts) };
        };
        match &self.into {
            Some(folder) => self.write(folder, &id, &drafted, script, &texts)?,
            None if self.json => {}
            None => print(script)?,
        }
        Ok(if Script::parse(script).is_ok() { Exit::Done } else { Exit::Faults })
    }

    /// Makes the folder of an institution of what was drafted.
    fn write(
        &self,
        folder: &Path,
        id: &str,
        drafted: &Drafted,
        script: &str,
        texts: &[(String, Url, String)],
    ) -> Result<(), DraftError> {
        let is = |page: PageKind| drafted.pages.iter().any(|drafted| drafted.page == Some(page));
        let login = if is(PageKind::Code) { Login::PasswordAndCode } else { Login::Password };
        let of_page = |page: PageKind| drafted.pages.iter().position(|drafted| drafted.page == Some(page));
        let first = of_page(PageKind::User).or_else(|| of_page(PageKind::SignIn)).and_then(|at| texts.get(at));
        let mut portal = first.map_or_else(|| self.portal.clone(), |(_, url, _)| url.clone());
        portal.set_query(None);
        portal.set_fragment(None);
        let new =
            New::like(folder.to_owned(), portal, (drafted.locale, drafted.currency.clone(), drafted.timezone), login);
        let mut files: Vec<(String, String)> = new
            .files(id)
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .filter(|(name, _)| !name.starts_with("pages/"))
            .collect();
        for (name, text) in &mut files {
            if name == "script.yaml" {
                *text = script.to_owned();
            }
        }
        let of_script =
            drafted.pages.iter().zip(texts).filter_map(|(drafted, (_, _, html))| Some((drafted.page?, html)));
        files.extend(of_script.map(|(page, html)| (format!("pages/{}.html", page.as_str()), html.clone())));
        new.make(&files)?;
        print(&format!("{}\n", folder.display()))?;
        say(&format!(
            "The pages stand in pages/ as they were saved: they hold what your bank shows, so keep them to yourself.\n\
             next: agent check {0}\n      agent test {0}",
            folder.display()
        ));
        Ok(())
    }
}

/// Gives a recording the pages that were saved, each to the next of its own that is at the same address and has none; what is left
/// comes behind. They are returned in the order that they have there.
fn joined(recording: &mut Recording, texts: Vec<(String, Url, String)>) -> Vec<(String, Url, String)> {
    let mut placed: Vec<(usize, (String, Url, String))> = Vec::with_capacity(texts.len());
    for text in texts {
        let is_free = |at: usize| placed.iter().all(|(taken, _)| *taken != at);
        let mut pages = recording.pages.iter().enumerate();
        let own = pages.find(|(at, page)| is_free(*at) && page.html.is_none() && page.url.path() == text.1.path());
        let at = own.map_or(recording.pages.len(), |(at, _)| at);
        if at == recording.pages.len() {
            recording.pages.push(Page { url: text.1.clone(), window: 0, html: None, kind: None });
        }
        placed.push((at, text));
    }
    for (at, (_, _, html)) in &placed {
        if let Some(page) = recording.pages.get_mut(*at) {
            page.html = Some(html.clone());
        }
    }
    placed.sort_by_key(|(at, _)| *at);
    placed.into_iter().map(|(_, text)| text).collect()
}

/// Says what was found, the least sure first within each page.
pub(super) fn tell(drafted: &Drafted) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(vec!["PAGE", "WHAT", "FOUND", "HOW SURE", "WHY"]);
    for finding in &drafted.findings {
        let sure = match finding.sureness {
            Sureness::Proven => "proven",
            Sureness::Likely => "likely",
            Sureness::Guess => "GUESS",
        };
        table.add_row([&finding.file, &finding.what, &finding.value, sure, &finding.why].map(plain));
    }
    say(&table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
    for page in drafted.pages.iter().filter(|page| page.page.is_none()) {
        say(&format!("{}: nothing was found on it", page.file));
    }
    for what in &drafted.missing {
        say(&format!("not saved: {what}"));
    }
}
