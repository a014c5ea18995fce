//! `agent draft`: a script to begin with, made of pages that were saved or of what an address shows, and how sure each part of it
//! is.
//!
//! Not here: finding it; that is the script crate's. What a portal does, nobody knows from pages alone.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{Table, presets};
use domain::driver::DriverKind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use script::recording::{PageKind, Recording};
use script::{Draft as Drafted, SavedPage, Script, Sureness, draft, draft_recording, join_pages};
use tokio::runtime::Builder;
use url::Url;

use super::answers::{AnswerArguments, AnswersError};
use super::new::{Login, New, NewError, asking};
use super::pages::{PageError, text};
use super::recorded::{RecordedError, read};
use super::run::{RunError, loopback};
use super::saved::{headed_with_values, saved_from};
use super::terminal::Terminal;
use super::visit::{VisitError, visit};
use super::{Listing, WriteError, plain, print, print_json, say};
use crate::cli::{BrowserArguments, Exit};

/// What is drafted.
#[derive(Debug, Args)]
pub struct Draft {
    /// Pages of the portal, saved from a browser: the one that asks for the password, the one that refuses it, the list of
    /// accounts, an account with its transactions, the one after signing out. What was typed into them isn't looked at. An
    /// address, such as https://portal.example/login, is visited, and nothing is done there.
    #[arg(required = true, value_name = "PAGE|URL")]
    pages: Vec<PathBuf>,
    /// What was done on these pages, as `agent import` and `agent record` keep it: says what was filled and clicked, and which
    /// page came then. Pages belong to it by their addresses.
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
    /// Of a recording, what its pages don't tell is asked, as `agent record` does.
    #[command(flatten)]
    answering: AnswerArguments,
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
    /// By what an address is visited.
    #[arg(long, default_value = "cdp")]
    driver: DriverKind,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    browser: BrowserArguments,
}

/// Why nothing was drafted.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// A page can't be read.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The address can't be visited.
    #[error(transparent)]
    Address(Box<RunError>),
    /// It shows nothing.
    #[error(transparent)]
    Visit(#[from] Box<VisitError>),
    /// There is no recording.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The answers can't be used.
    #[error(transparent)]
    Answers(#[from] AnswersError),
    /// The author pressed Ctrl-C.
    #[error("it was ended before anything was made")]
    Interrupted,
    /// The runtime didn't start.
    #[error("could not start")]
    Runtime(#[source] io::Error),
    /// No page has a list of accounts, without which there is no script, nor a sign-in to begin one with.
    #[error("no page has a list of accounts or a sign-in, so there is no script to make")]
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
            Self::NoAccounts => Some(
                "save the page with the list of accounts, and name it too; it has to be a table with headers, or things that are alike",
            ),
            Self::New(error) => error.hint(),
            Self::Address(error) => error.hint(),
            Self::Visit(error) => error.hint(),
            Self::Recorded(error) => error.hint(),
            Self::Answers(_) | Self::Interrupted | Self::Runtime(_) | Self::Write(_) => None,
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
        for page in &self.pages {
            texts.push(self.seen(page)?);
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
                self.settled(|given| draft_recording(&id, &recording, given, today).map_err(refused))?
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
            if drafted.sign_in.is_empty() {
                return if self.json { Ok(Exit::Faults) } else { Err(DraftError::NoAccounts) };
            }
            match &self.into {
                Some(folder) => self.write(folder, &id, &drafted, None, &texts)?,
                None if self.json => {}
                None => {
                    let pages: String = drafted.sign_in.iter().map(|(_, text)| text.as_str()).collect();
                    print(&format!("pages:\n{pages}"))?;
                }
            }
            say(
                "the sign-in is the beginning of a script: what comes after it has to be seen by somebody who can sign in",
            );
            return Ok(Exit::Done);
        };
        match &self.into {
            Some(folder) => self.write(folder, &id, &drafted, Some(script), &texts)?,
            None if self.json => {}
            None => print(script)?,
        }
        Ok(if Script::parse(script).is_ok() { Exit::Done } else { Exit::Faults })
    }

    /// A draft of a recording, with what was answered for it.
    fn settled(
        &self,
        make: impl Fn(&BTreeMap<String, String>) -> Result<Drafted, PageError>,
    ) -> Result<Drafted, DraftError> {
        let answers = self.answering.answers()?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(DraftError::Runtime)?;
        let settled = runtime.block_on(async {
            let mut terminal = Terminal::open().map_err(DraftError::Runtime)?;
            // Nothing that was typed is in a recording.
            answers.settle(&mut terminal, &[], make).await.map_err(DraftError::from)
        })?;
        Ok(settled.ok_or(DraftError::Interrupted)?.drafted)
    }

    /// A page that was saved, or that an address shows: what it is called, where it was, and what it holds.
    fn seen(&self, page: &Path) -> Result<(String, Url, String), DraftError> {
        let address = page.to_str().filter(|text| text.starts_with("https://") || text.starts_with("http://"));
        if let Some(address) = address.and_then(|text| text.parse::<Url>().ok()) {
            let allowed = loopback(&address).map_err(|error| DraftError::Address(Box::new(error)))?;
            let seen = visit(&address, allowed, self.driver, &self.browser).map_err(Box::new)?;
            let (mut url, html) = seen;
            let name = url.host_str().unwrap_or_default().to_owned();
            // What follows may be a session's.
            url.set_query(None);
            url.set_fragment(None);
            return Ok((name, url.clone(), headed_with_values(url.as_str(), &html)));
        }
        let html = text(page, &self.portal)?;
        let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let url = saved_from(&html).unwrap_or_else(|| self.portal.clone());
        Ok((name, url, html))
    }

    /// Makes the folder of an institution of what was drafted; where there is no script, that of `agent new`, in which the
    /// sign-in that was found takes the place of the example's.
    fn write(
        &self,
        folder: &Path,
        id: &str,
        drafted: &Drafted,
        script: Option<&str>,
        texts: &[(String, Url, String)],
    ) -> Result<(), DraftError> {
        let is = |page: PageKind| drafted.pages.iter().any(|drafted| drafted.page == Some(page));
        let login = if is(PageKind::Code) { Login::PasswordAndCode } else { Login::Password };
        let of_page = |page: PageKind| drafted.pages.iter().position(|drafted| drafted.page == Some(page));
        let first = of_page(PageKind::User).or_else(|| of_page(PageKind::SignIn)).and_then(|at| texts.get(at));
        let portal = first.map_or(&self.portal, |(_, url, _)| url);
        let new =
            New::like(folder.to_owned(), portal, (drafted.locale, drafted.currency.clone(), drafted.timezone), login);
        let mut files: Vec<(String, String)> = new
            .files(id)
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text))
            .filter(|(name, _)| script.is_none() || !name.starts_with("pages/"))
            .collect();
        for (_, text) in files.iter_mut().filter(|(name, _)| name == "script.yaml") {
            *text = match script {
                Some(script) => script.to_owned(),
                None => drafted.sign_in.iter().fold(text.clone(), |text, (page, found)| instead(&text, *page, found)),
            };
        }
        let source = files.iter().find(|(name, _)| name == "script.yaml").map(|(_, text)| text.clone());
        for (_, text) in files.iter_mut().filter(|(name, _)| name == "institution.yaml") {
            *text = asking(text, source.as_deref().unwrap_or_default());
        }
        let of_script =
            drafted.pages.iter().zip(texts).filter_map(|(drafted, (_, _, html))| Some((drafted.page?, html)));
        for (page, html) in of_script {
            let name = format!("pages/{}.html", page.as_str());
            files.retain(|(known, _)| *known != name);
            files.push((name, html.clone()));
        }
        new.make(&files)?;
        print(&format!("{}\n", folder.display()))?;
        let kept = match script {
            Some(_) => {
                "The pages stand in pages/ as they were saved: they hold what your bank shows, so keep them to yourself."
            }
            None => "What comes after the sign-in is still the example of `agent new`, in script.yaml and in pages/.",
        };
        say(&format!(
            "{kept}\n\
             next: agent check {0}\n      agent test {0}",
            folder.display()
        ));
        Ok(())
    }
}

/// A script in which what was found of a page takes the place of what stands there, or comes before all others.
fn instead(script: &str, page: PageKind, found: &str) -> String {
    let head = format!("  {}:", page.as_str());
    let mut lines: Vec<&str> = script.lines().collect();
    let is_next = |line: &&str| line.is_empty() || line.starts_with("  #") || !line.starts_with("   ");
    let at = match lines.iter().position(|line| *line == head) {
        Some(at) => {
            let length = lines.iter().skip(at + 1).position(is_next).map_or(lines.len() - at, |length| length + 1);
            lines.drain(at..at + length);
            at
        }
        None => lines.iter().position(|line| *line == "pages:").map_or(0, |at| at + 1),
    };
    lines.splice(at..at, found.lines());
    format!("{}\n", lines.join("\n"))
}

/// Gives a recording the pages that were saved, those of a folder of ours in the order of a session; they are returned in the
/// order that they have there, a page that showed twice twice.
fn joined(recording: &mut Recording, mut texts: Vec<(String, Url, String)>) -> Vec<(String, Url, String)> {
    texts.sort_by_key(|(file, ..)| turn(file));
    let saved: Vec<SavedPage<'_>> = texts.iter().map(|(file, url, html)| SavedPage { file, url, html }).collect();
    let places = join_pages(recording, &saved);
    places.into_iter().filter_map(|at| texts.get(at).cloned()).collect()
}

/// When a page shows, by the name that its file has in a folder of ours: `sign_in.html` before `account.html`, and that before
/// `account.2.html`. Others keep the order that they were named in.
fn turn(file: &str) -> Option<(PageKind, u32)> {
    let stem = file.strip_suffix(".html")?;
    let (name, number) = stem.split_once('.').unwrap_or((stem, "1"));
    let kind = PageKind::ALL.into_iter().find(|kind| kind.as_str() == name)?;
    Some((kind, number.parse().ok()?))
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

#[cfg(test)]
mod tests {
    use super::turn;

    #[test]
    fn pages_of_a_folder_come_in_the_order_of_a_session() {
        let mut files = ["account.2.html", "account.html", "accounts.html", "refused.html", "sign_in.html"];
        files.sort_by_key(|file| turn(file));
        assert_eq!(files, ["sign_in.html", "refused.html", "accounts.html", "account.html", "account.2.html"]);
        assert_eq!((turn("b.html"), turn("a.html")), (None, None));
    }
}
