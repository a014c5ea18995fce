//! `agent repair TICKET`: what a script would have to say where its portal has changed, each proposal as what changes, how sure
//! it is and why; the one that a person takes is written, tried on saved pages and, where that is asked for, published to be
//! tried by a shadow or a canary.
//!
//! ```text
//! ticket (file or coordinator) ─▶ proposals, or a lesson ─▶ a person ─▶ script ─▶ check, saved pages ─▶ publish ─▶ shadow, canary
//! ```
//!
//! Not here: what is proposed, which is the script crate's; and promoting it, which nobody but a person does.

mod desk;
mod show;

use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::failure::FailureCode;
use script::drift::{Lesson, LessonError, NoProposal, Proposal, Ticket, propose, teach};
use script::{Script, Sureness};
use serde_json::{Value, json};
use url::Url;

use super::folder::{Folder, FolderError};
use super::run::today;
use super::test::{TestError, troubles};
use super::{Listing, ReadError, WriteError, plain, print, print_json, say, script_file, script_text};
use crate::cli::Exit;
use desk::{Desk, DeskError, Trying};

/// What is repaired.
#[derive(Debug, Args)]
pub struct Repair {
    /// A file with a repair ticket, as `agent run --ticket` writes it; or the id of one that a coordinator has.
    ticket: String,
    /// The institution's folder: the script in it is written anew, and its saved pages are what it is tried on.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Write the script there instead, into a file that isn't there yet.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Where the coordinator is. Its control token is in BURSAR_CONTROL_TOKEN, or in a file.
    #[arg(long, env = "BURSAR_CONTROL_URL", value_name = "URL")]
    coordinator: Option<Url>,
    /// A file with the control token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Take the proposal with this number.
    #[arg(long, value_name = "N", conflicts_with = "yes")]
    accept: Option<usize>,
    /// Take the first proposal that is likely and leaves nothing to a person.
    #[arg(long)]
    yes: bool,
    /// Say that the page on which it failed is this page of the script, changed.
    #[arg(long, value_name = "PAGE", conflicts_with_all = ["press", "refusal", "accept", "yes"])]
    page: Option<String>,
    /// Say that on the page on which it failed this button or link, by its words or a selector, is pressed to go on. Words that
    /// the ticket has scrubbed, as those of links are, find nothing: the error names the selectors.
    #[arg(long, value_name = "BUTTON", conflicts_with_all = ["refusal", "accept", "yes"])]
    press: Option<String>,
    /// Say that the page on which it failed is the portal's no: portal.maintenance, auth.locked …
    #[arg(long, value_name = "CODE", conflicts_with_all = ["accept", "yes"])]
    refusal: Option<FailureCode>,
    /// What the bank's words of that stand in, a selector.
    #[arg(long, value_name = "SELECTOR", requires = "refusal")]
    message: Option<String>,
    /// Publish what was taken, and have it tried: in the sessions of runs, or, where the sign-in itself is broken, by a share of
    /// the connections.
    #[arg(long)]
    publish: bool,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
}

/// Why nothing was repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The ticket can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file holds something else.
    #[error("{path} holds no repair ticket")]
    Form {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The coordinator can't be asked.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Nothing is taught by what was said.
    #[error("that teaches nothing: {0}")]
    Lesson(LessonError),
    /// There is no proposal with this number.
    #[error("there is no proposal {0}")]
    NoSuch(usize),
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder's script isn't the one that failed.
    #[error("the script in {} is revision {there}, and the ticket is about {wanted}", path.display())]
    Another {
        /// The folder.
        path: PathBuf,
        /// Its script's revision.
        there: String,
        /// The ticket's.
        wanted: String,
    },
    /// The saved pages can't be tried.
    #[error(transparent)]
    Pages(#[from] TestError),
    /// The script can't be written.
    #[error("could not write {}", path.display())]
    Unwritten {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl RepairError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Form { .. } => {
                Some("`agent run FOLDER --ticket FILE` writes one where a fault of the script ends the run")
            }
            Self::Desk(error) => error.hint(),
            Self::Folder(error) => error.hint(),
            Self::Another { .. } => Some("say with --into where the script is to be written, and compare the two"),
            Self::NoSuch(_) => Some("without --accept all proposals are shown with their numbers"),
            Self::Pages(error) => error.hint(),
            Self::Read(_) | Self::Lesson(_) | Self::Unwritten { .. } | Self::Write(_) => None,
        }
    }
}

/// What a person has taken.
struct Taken {
    source: String,
    /// The number of the proposal; none of a lesson.
    number: Option<usize>,
}

impl Repair {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Shows what can be proposed, and writes what is taken.
    ///
    /// # Errors
    /// When there is no ticket, or what was taken can't be written or tried.
    pub fn obey(&self) -> Result<Exit, RepairError> {
        let ticket = self.ticket()?;
        let proposals = propose(&ticket.source, &ticket.known, page_now(&ticket), &ticket.trouble());
        if self.listing() == Listing::Text {
            print(&show::ticket(&ticket, &proposals))?;
        }
        let taken = self.taken(&ticket, &proposals)?;
        let Some(taken) = taken else {
            if self.listing() == Listing::Json {
                print_json(&told(&ticket, &proposals, &Value::Null))?;
            }
            return Ok(Exit::Faults);
        };
        let came = self.carry_out(&ticket, &taken)?;
        if self.listing() == Listing::Json {
            print_json(&told(&ticket, &proposals, &came))?;
        }
        Ok(if came["troubles"].as_array().is_none_or(Vec::is_empty) { Exit::Done } else { Exit::Faults })
    }

    fn ticket(&self) -> Result<Ticket, RepairError> {
        let path = Path::new(&self.ticket);
        if !path.exists() {
            return Ok(self.desk()?.ticket(&self.ticket)?);
        }
        let text = script_text(path)?;
        serde_json::from_str(&text).map_err(|source| RepairError::Form { path: plain(&self.ticket), source })
    }

    fn desk(&self) -> Result<Desk, DeskError> {
        Desk::open(self.coordinator.as_ref(), self.token_file.as_deref())
    }

    /// What the person takes, or teaches; none where it is nothing.
    fn taken(
        &self,
        ticket: &Ticket,
        proposals: &Result<Vec<Proposal>, NoProposal>,
    ) -> Result<Option<Taken>, RepairError> {
        if let Some(lesson) = self.lesson() {
            let source =
                teach(&ticket.source, &ticket.known, page_now(ticket), &lesson).map_err(RepairError::Lesson)?;
            return Ok(Some(Taken { source, number: None }));
        }
        let all = proposals.as_deref().unwrap_or_default();
        let number = match (self.accept, self.yes) {
            (Some(number), _) => Some(number),
            (None, true) => {
                let is_sure =
                    |proposal: &&Proposal| proposal.sureness >= Sureness::Likely && proposal.needs_person.is_empty();
                let found = all.iter().find(is_sure).map(|proposal| proposal.number);
                if found.is_none() && !all.is_empty() {
                    say("none of them is sure enough to be taken unseen: choose one with --accept");
                }
                found
            }
            (None, false) if !all.is_empty() && !self.json && super::run::is_attended() => asked(all.len()),
            (None, false) => None,
        };
        let Some(number) = number else { return Ok(None) };
        let found = all.iter().find(|proposal| proposal.number == number).ok_or(RepairError::NoSuch(number))?;
        Ok(Some(Taken { source: found.source.clone(), number: Some(number) }))
    }

    fn lesson(&self) -> Option<Lesson> {
        if let Some(page) = &self.page {
            return Some(Lesson::Is { page: page.clone() });
        }
        if let Some(press) = &self.press {
            return Some(Lesson::Passage { press: press.clone() });
        }
        self.refusal.map(|code| Lesson::Failure { code, message: self.message.clone() })
    }

    /// Writes the script, tries it, and publishes it where that is asked for.
    fn carry_out(&self, ticket: &Ticket, taken: &Taken) -> Result<Value, RepairError> {
        let revision = Script::revision(&taken.source);
        let written = self.write(ticket, &taken.source)?;
        let (mut tried, mut found) = (0, Vec::new());
        if let Some(folder) =
            self.folder.as_deref().filter(|folder| folder.join("pages").is_dir() && self.into.is_none())
        {
            let folder = Folder::open(folder)?;
            (tried, found) = troubles(&folder, today(folder.script.timezone()))?;
        }
        let mut came = json!({
            "number": taken.number, "revision": revision, "written": written.as_ref().map(|path| path.display().to_string()),
            "pagesTried": tried, "troubles": found,
        });
        if self.listing() == Listing::Text {
            match &written {
                Some(path) => say(&format!("written: {}, revision {revision}", path.display())),
                None => print(&taken.source)?,
            }
            if tried > 0 {
                say(&format!("tried on {tried} saved pages of the folder"));
            }
            found.iter().for_each(|line| say(line));
        }
        if self.publish && found.is_empty() {
            let trying = if signs_in(ticket) { Trying::Shadow } else { Trying::Canary };
            let published = self.desk()?.publish(ticket, &taken.source, trying)?;
            let promote = format!("coordinator script promote {} {revision}", ticket.institution);
            if self.listing() == Listing::Text {
                say(&format!("published, and tried as a {}; once it fares well: {promote}", trying.as_str()));
            }
            came["published"] = published;
            came["tried"] = trying.as_str().into();
            came["promote"] = promote.into();
        }
        Ok(came)
    }

    /// Where the script was written; none where nobody said.
    fn write(&self, ticket: &Ticket, source: &str) -> Result<Option<PathBuf>, RepairError> {
        let unwritten = |path: &Path, why: &dyn std::error::Error| {
            let source = io::Error::other(why.to_string());
            RepairError::Unwritten { path: path.to_owned(), source }
        };
        if let Some(path) = &self.into {
            super::recorded::create(path, source).map_err(|error| unwritten(path, &error))?;
            return Ok(Some(path.clone()));
        }
        let Some(folder) = &self.folder else { return Ok(None) };
        let path = script_file(folder);
        let there = script_text(&path)?;
        if there != ticket.source {
            let (there, wanted) = (Script::revision(&there), ticket.revision.clone());
            return Err(RepairError::Another { path: folder.clone(), there, wanted });
        }
        super::fmt::replace(&path, source).map_err(|error| unwritten(&path, &error))?;
        Ok(Some(path))
    }
}

fn page_now(ticket: &Ticket) -> &str {
    ticket.now.as_ref().map_or("", |now| now.html.as_str())
}

/// Whether runs still sign in, so that another revision can read in their sessions.
fn signs_in(ticket: &Ticket) -> bool {
    let script = Script::parse(&ticket.source).ok();
    let reads = script.as_ref().is_some_and(|script| {
        use domain::failure::Stage::{Accounts, Transactions};
        [Accounts, Transactions]
            .iter()
            .any(|stage| script.read_at(*stage) == ticket.page.as_deref() && ticket.page.is_some())
    });
    reads && ticket.code != FailureCode::PageUnrecognised
}

/// Which proposal the author takes; none where it is none.
fn asked(all: usize) -> Option<usize> {
    loop {
        say(&format!("take which one? 1 to {all}, or nothing [nothing]"));
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            return None;
        }
        match line.trim().parse() {
            Ok(number) if (1..=all).contains(&number) => return Some(number),
            _ => say("that is none of them"),
        }
    }
}

/// All of it, for programs.
fn told(ticket: &Ticket, proposals: &Result<Vec<Proposal>, NoProposal>, came: &Value) -> Value {
    let nothing = proposals.as_ref().err().map(ToString::to_string);
    json!({
        "ticket": ticket.id, "institution": ticket.institution, "revision": ticket.revision, "code": ticket.code,
        "page": ticket.page, "nearest": show::near(ticket), "changes": show::changes(ticket),
        "proposals": proposals.as_deref().unwrap_or_default(), "nothing": nothing, "taken": came,
    })
}
