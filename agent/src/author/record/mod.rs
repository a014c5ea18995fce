//! `agent record URL --into FOLDER`: an author goes through a portal once, and gets a folder whose script does the same.
//!
//! ```text
//! browse ── reports ──▶ trail ──▶ recording ──▶ draft ◀── questions ◀── terminal
//!  (browser, view)        │         └─ keypad ─┐  └──▶ folder: script, record, pages, notes, ways
//!                         └─ secrets ──────────┴──▶ taken out of all of it
//! ```
//!
//! Not here: what is found in a recording; that is the script crate's.

mod browse;
mod folder;
mod keypad;
mod trail;
mod view;
mod ways;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use clap::Args;
use domain::secret::Secret;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::lease::AllowLoopback;
use script::recording::{Act, Deed, Recording};
use script::{Draft, Script, draft_recording};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;
use url::Url;

use super::answers::{AnswerArguments, Answers, AnswersError, Settled};
use super::draft::tell;
use super::new::{New, NewError};
use super::run::loopback;
use super::terminal::Terminal;
use super::{Listing, WriteError, print, print_json, say};
use crate::cdp::Window;
use crate::cli::{BrowserArguments, BrowserError, Exit};
use crate::measure;
use crate::sizing::browser_memory;
use browse::{Browse, BrowseError};
use folder::{Claim, FolderError, Kept, Written};
use trail::Trodden;

/// What is said of pages that are kept as they were.
const KEEP_TO_YOURSELF: &str = "The pages stand in pages/ with what your bank shows, so keep them to yourself: out of a repository and of a catalog that others have. \
     `agent scrub` makes a folder that may be given away.";

/// What is recorded.
#[derive(Debug, Args)]
pub struct Record {
    /// Where customers sign in.
    url: Url,
    /// Make this folder, with the script, the pages, a record and notes. Its last part is the institution's id.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// Show the portal on a page of the recorder's own, on loopback, as is done where there is no desk for a window.
    #[arg(long)]
    headless: bool,
    #[command(flatten)]
    answering: AnswerArguments,
    /// Keep what the pages show: amounts, names and days, so that `agent test` reads them. Without it they are scrubbed, and
    /// only what the script itself says is left of them. What was typed is in neither.
    #[arg(long)]
    keep_values: bool,
    /// The day on which it is recorded; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    browser: BrowserArguments,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The address is no portal's.
    #[error("{0} isn't the address of a portal: it has to begin with https://")]
    Portal(Url),
    /// The address holds what somebody signs in with, and would be kept and told.
    #[error("the address has a user's name or a password in it")]
    Userinfo,
    /// There is no browser.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The portal wasn't gone through.
    #[error(transparent)]
    Browse(#[from] BrowseError),
    /// The answers can't be used.
    #[error(transparent)]
    Answers(#[from] AnswersError),
    /// A page can't be looked into.
    #[error("page {page} of the recording isn't looked into: {reason}")]
    Page {
        /// Which, from 0.
        page: String,
        /// Why not.
        reason: &'static str,
    },
    /// No page has a list of accounts, without which there is no script.
    #[error("no page that was shown has a list of accounts, so that only pages and the trail are written")]
    NoAccounts {
        /// What was found all the same, for programs.
        told: Box<Map<String, Value>>,
    },
    /// Nothing was done, so that there is nothing to keep either.
    #[error("nothing was done on the portal, so there is no script to make")]
    Nothing,
    /// The folder can't be made.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its name is no id.
    #[error(transparent)]
    New(#[from] NewError),
    /// The runtime didn't start.
    #[error("could not start")]
    Runtime(#[source] io::Error),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl RecordError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Portal(_) => {
                Some("only a simulated portal on this machine, such as http://127.0.0.1:4000/, may do without")
            }
            Self::Userinfo => {
                Some("take all before the `@` out of it; what the portal asks for is typed into its pages")
            }
            Self::Browser(error) => Some(error.hint()),
            Self::NoAccounts { .. } | Self::Nothing => Some(
                "sign in, go to the list of accounts, and open one; the list has to be a table with headers, or things that are alike",
            ),
            Self::Folder(error) => error.hint(),
            Self::New(error) => error.hint(),
            Self::Browse(BrowseError::Unreachable(_)) => Some("see that the address is right and the portal is up"),
            Self::Browse(_) | Self::Answers(_) | Self::Page { .. } | Self::Runtime(_) | Self::Write(_) => None,
        }
    }
}

/// What is told of a recording beside the draft.
struct Told {
    /// How many questions were asked.
    asked: usize,
    /// How much of what pages reported isn't in it.
    lost: usize,
    /// What of the folder is cut, or isn't there.
    lacks: Vec<String>,
}

impl Told {
    /// For programs, with what was found. What was typed is in none of it.
    fn beside(&self, drafted: &Draft, secrets: &[Secret]) -> Map<String, Value> {
        let drafted = folder::clean(drafted, secrets);
        let told = [
            ("questionsAsked", json!(self.asked)),
            ("lost", json!(self.lost)),
            ("lacks", json!(self.lacks)),
            ("draft", json!(drafted)),
        ];
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

impl Record {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Lets the author go through the portal, and makes the folder.
    ///
    /// # Errors
    /// When there is no browser, the portal doesn't come, nothing is found, or the folder can't be made.
    pub fn obey(&self) -> Result<Exit, RecordError> {
        let id = New::id_of(&self.into)?;
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(RecordError::Userinfo);
        }
        let allowed = loopback(&self.url).map_err(|_| RecordError::Portal(self.url.clone()))?;
        let answers = self.answering.answers()?;
        let window = if self.headless || !has_desk() { Window::None } else { Window::Shown };
        // Before a bank is asked for anything: what was done there can't be done again for a folder.
        let claim = Claim::of(&self.into)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(RecordError::Runtime)?;
        let ended = self.within(&runtime, &id, &answers, (allowed, window));
        // Something that still waits would keep the runtime from ending.
        runtime.shutdown_background();
        drop(claim);
        ended
    }

    fn within(
        &self,
        runtime: &Runtime,
        id: &str,
        answers: &Answers,
        (allowed, window): (AllowLoopback, Window),
    ) -> Result<Exit, RecordError> {
        let (trodden, mut terminal) = runtime.block_on(async {
            let mut terminal = Terminal::open().map_err(RecordError::Runtime)?;
            // Folders of browsers are looked after in the runtime.
            let browsers = self.browser.browsers(browser_memory(measure::machine()), window)?;
            let browse = Browse { portal: self.url.clone(), loopback: allowed, window, browsers };
            let trodden = browse.go(terminal.enough()).await?;
            Ok::<_, RecordError>((trodden, terminal))
        })?;
        let Trodden { mut recording, mut secrets, lost } = trodden;
        if lost > 0 {
            say(&format!("{lost} of the things that pages reported were too many or too large, or couldn't be read"));
        }
        let today = self.today.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date());
        let make = |recording: &Recording, given: &BTreeMap<String, String>| {
            draft_recording(id, recording, given, today).map_err(|(page, reason)| RecordError::Page { page, reason })
        };
        // Which page is the first behind the sign-in the draft says, and before that keys are secrets.
        let first = make(&recording, &BTreeMap::new())?;
        secrets.extend(keypad::fold(&mut recording, &first));
        let settled = answers.settle(&mut terminal, &secrets, |given| make(&recording, given));
        let Settled { drafted, given } = match runtime.block_on(settled)? {
            Some(settled) => settled,
            // What was done at a bank isn't lost over a question.
            None => {
                say("nothing more is asked: what is proposed is taken");
                Settled { drafted: make(&recording, &BTreeMap::new())?, given: BTreeMap::new() }
            }
        };
        let told = |lacks: &[String]| Told { asked: given.len(), lost, lacks: lacks.to_vec() };
        let source = drafted.script.as_deref();
        let is_done = |act: &Act| !matches!(act.does, Deed::Navigate { .. });
        if source.is_none() && !recording.acts.iter().any(is_done) {
            return Err(RecordError::Nothing);
        }
        let kept = if self.keep_values { Kept::Values } else { Kept::Scrubbed };
        let found = folder::Found { recording: &recording, drafted: &drafted, source };
        let Written { lacks, typed } = folder::write(&self.into, id, &found, &secrets, kept)?;
        lacks.iter().for_each(|lack| say(lack));
        if kept == Kept::Values {
            say(KEEP_TO_YOURSELF);
        }
        if let Some(line) = typed {
            return Err(FolderError::Typed(line).into());
        }
        let Some(source) = source else {
            let told = told(&lacks).beside(&drafted, &secrets);
            if !self.json {
                tell(&folder::clean(&drafted, &secrets));
            }
            return Err(RecordError::NoAccounts { told: Box::new(told) });
        };
        self.tell(&drafted, &secrets, &told(&lacks))?;
        if !self.json {
            print(&format!("{}\n", self.into.display()))?;
            say(&format!("next: agent check {0}\n      agent test {0}\n      agent run {0}", self.into.display()));
        }
        Ok(if Script::parse(source).is_ok() { Exit::Done } else { Exit::Faults })
    }

    /// Says what was found. What was typed is in none of it.
    fn tell(&self, drafted: &Draft, secrets: &[Secret], told: &Told) -> Result<(), WriteError> {
        if self.json {
            return print_json(&told.beside(drafted, secrets));
        }
        tell(&folder::clean(drafted, secrets));
        say(&format!("{} questions were asked", told.asked));
        Ok(())
    }
}

/// Whether a window can be shown.
fn has_desk() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
