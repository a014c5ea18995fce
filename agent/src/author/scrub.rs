//! `agent scrub FOLDER --into FOLDER`: an institution's folder with pages that hold what a bank showed, as one that may be given
//! away: names, numbers and amounts are made up, and what the script reads of them still adds up.
//!
//! Not here: what becomes of a text; that is the script crate's.

use std::path::{Path, PathBuf};

use clap::Args;
use domain::secret::Secret;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use script::{Belongings, OwnWords, Script, ShareError, Shareable, Shared, SourceKind, Survivor, SurvivorKind, shared};
use serde_json::json;
use url::Url;

use super::pages::{PageError, SavedPage, saved_in};
use super::run::credentials::{CredentialsError, typed};
use super::saved::{Values, headed_made_up, values};
use super::{Listing, RECORD, ReadError, SCRIPT, WriteError, plain, print, print_json, say, script_file, script_text};
use crate::cli::Exit;

/// How often it is made up where something survived: by chance a number that is made up is one of the customer's, and by another
/// key it isn't. What is there without chance survives each time.
const TRIES: usize = 3;

/// What is scrubbed.
#[derive(Debug, Args)]
pub struct Scrub {
    /// The folder of an institution, with pages that were saved or recorded with their values.
    folder: PathBuf,
    /// Make this folder, with the script, the record, and the pages as they may be given away.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// What was typed at the sign-in, which is taken out wherever it stands: a file as `agent run` takes it.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Somebody's name, which is replaced in headings, labels and buttons, too. Words that also stand in other texts of a
    /// customer's are replaced there by themselves.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// The day on which the pages were saved; today unless given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum ScrubError {
    /// The script or the record can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A page can't be read.
    #[error(transparent)]
    Page(#[from] PageError),
    /// What was typed can't be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The script has faults.
    #[error("the script has faults\n\n{0}")]
    Script(String),
    /// There are no pages, or none with values.
    #[error("{} holds no page with values", .0.display())]
    NoPages(PathBuf),
    /// A page can't be made up.
    #[error("{page}: {source}")]
    Share {
        /// Its file.
        page: String,
        /// Why not.
        source: ShareError,
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

impl ScrubError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Page(error) => error.hint(),
            Self::Credentials(error) => error.hint(),
            Self::Script(_) => Some("`agent explain CODE` says what a code in brackets means"),
            Self::NoPages(_) => Some("record with `--keep-values`, or save pages from a browser into pages/"),
            Self::Share { .. } => Some("`agent test` tells what the script reads on it"),
            Self::Taken(_) => Some("name a folder that isn't there yet: nothing is written over"),
            Self::Read(_) | Self::Unwritten { .. } | Self::NoRandomness | Self::Write(_) => None,
        }
    }
}

impl Scrub {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Makes the folder, and looks for what survived.
    ///
    /// # Errors
    /// When something can't be read, made up or written. Nothing is written where something survived.
    pub fn obey(&self) -> Result<Exit, ScrubError> {
        let file = script_file(&self.folder);
        let folder = file.parent().unwrap_or(&self.folder);
        let source = script_text(&file)?;
        let faults = |faults: script::Diagnostics| ScrubError::Script(faults.render(&file.display().to_string()));
        let (script, own) = (Script::parse(&source).map_err(faults)?, OwnWords::of(&source));
        let record = script_text(&folder.join(RECORD))?;
        if std::fs::read_dir(&self.into).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(ScrubError::Taken(self.into.clone()));
        }
        let pages = saved(folder)?;
        let day = self.today.unwrap_or_else(|| Timestamp::now().to_zoned(TimeZone::UTC).date());
        let known = self.credentials.as_deref().map(typed).transpose()?.unwrap_or_default();
        let secrets: Vec<&str> = known.iter().map(|(_, secret)| secret.expose()).collect();
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let given: Vec<Shareable<'_>> = pages
            .iter()
            .map(|saved| Shareable {
                page: &saved.page,
                html: &saved.html,
                address: saved.address.as_ref(),
                today: day,
            })
            .collect();
        let before: Vec<&str> = pages.iter().map(|saved| saved.html.as_str()).collect();
        let belongings =
            Belongings::of(&before, &own, &names, &secrets).map_err(|(page, reason)| refused(&pages, page, reason))?;
        let make = || {
            let made = shared(&script, &own, &given, (&secrets, &names), &new_key()?).map_err(|source| {
                let (ShareError::Unread { page, .. } | ShareError::Otherwise { page, .. }) = source;
                ScrubError::Share { page: pages.get(page).map_or_else(String::new, |saved| saved.file.clone()), source }
            })?;
            let survivors = on_pages(&belongings, &pages, &made)?;
            Ok::<_, ScrubError>((made, survivors))
        };
        let (mut made, mut survivors) = make()?;
        for _ in 1..TRIES {
            if !survivors.is_empty() {
                (made, survivors) = make()?;
            }
        }
        for (file, kind, text) in [(SCRIPT, SourceKind::Script, &source), (RECORD, SourceKind::Record, &record)] {
            let found = belongings.in_source(kind, text).into_iter();
            survivors.extend(found.map(|(line, survivor)| Left { file, line: Some(line), survivor }));
        }
        if survivors.is_empty() {
            self.write(&source, &record, &pages, &made)?;
        }
        for (saved, shared) in pages.iter().zip(&made) {
            if shared.page.is_cut || shared.page.emptied_frames > 0 {
                say(&format!("{}: not all of it was kept, as it is too large", saved.file));
            }
        }
        self.tell(&pages, &survivors)?;
        Ok(if survivors.is_empty() { Exit::Done } else { Exit::Faults })
    }

    fn write(&self, source: &str, record: &str, pages: &[SavedPage], made: &[Shared]) -> Result<(), ScrubError> {
        let put = |path: &Path, text: &str| {
            let unwritten = |source| ScrubError::Unwritten { path: path.to_owned(), source };
            std::fs::write(path, text).map_err(unwritten)
        };
        let within = self.into.join("pages");
        std::fs::create_dir_all(&within).map_err(|source| ScrubError::Unwritten { path: within.clone(), source })?;
        put(&self.into.join(SCRIPT), source)?;
        put(&self.into.join(RECORD), record)?;
        for (saved, shared) in pages.iter().zip(made) {
            put(&within.join(&saved.file), &headed_made_up(shared.address.as_deref(), &shared.page.html))?;
        }
        Ok(())
    }

    fn tell(&self, pages: &[SavedPage], survivors: &[Left<'_>]) -> Result<(), ScrubError> {
        if self.json {
            let told: Vec<_> = survivors
                .iter()
                .map(|left| json!({ "file": left.file, "line": left.line, "kind": left.survivor.kind, "shape": left.survivor.shape }))
                .collect();
            let files: Vec<&str> = pages.iter().map(|saved| saved.file.as_str()).collect();
            return Ok(print_json(&json!({ "pages": files, "survivors": told }))?);
        }
        for Left { file, line, survivor } in survivors {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            say(&format!("{file}{line}: {} survived: {}", looks(survivor.kind), plain(&survivor.shape)));
        }
        if !survivors.is_empty() {
            say(
                "nothing was written\nhint: take it out of the file by hand; a name that Bursar can't know is said with `--name`",
            );
            return Ok(());
        }
        print(&format!("{}\n", self.into.display()))?;
        say(&format!(
            "{} pages are made up. Look at them before you give them away: a name that stands in a heading alone is as it was (`--name`).\n\
             Notes, expectations and the recording stay where they are.\nnext: agent test {into}, and agent simulate {into} --into PORTAL",
            pages.len(),
            into = self.into.display()
        ));
        Ok(())
    }
}

/// A key that nobody has afterwards.
fn new_key() -> Result<Secret, ScrubError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| ScrubError::NoRandomness)?;
    Ok(Secret::new(key.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// What survived, and where; of a page the line says nothing, as it is written anew.
struct Left<'f> {
    file: &'f str,
    line: Option<usize>,
    survivor: Survivor,
}

/// What survived on the pages as they will be written, with where they were as somewhere to go; the portal's host is no
/// customer's.
fn on_pages<'p>(belongings: &Belongings, pages: &'p [SavedPage], made: &[Shared]) -> Result<Vec<Left<'p>>, PageError> {
    let leads = |address: &String| {
        let path = Url::parse(address).map_or_else(|_| address.clone(), |url| url.path().to_owned());
        format!("<a href=\"{}\"></a>", path.replace('"', "%22"))
    };
    let mut survivors = Vec::new();
    for (place, (saved, shared)) in pages.iter().zip(made).enumerate() {
        let html = shared.address.as_ref().map(leads).unwrap_or_default() + &shared.page.html;
        let found = belongings.on_page(&html).map_err(|reason| refused(pages, place, reason))?;
        survivors.extend(found.into_iter().map(|survivor| Left { file: &saved.file, line: None, survivor }));
    }
    Ok(survivors)
}

fn refused(pages: &[SavedPage], page: usize, reason: &'static str) -> PageError {
    PageError::Refused { path: pages.get(page).map_or_else(PathBuf::new, |saved| saved.file.clone().into()), reason }
}

/// The pages of a folder that hold values.
fn saved(folder: &Path) -> Result<Vec<SavedPage>, ScrubError> {
    let within = folder.join("pages");
    let portal: Url = "https://portal.example/".parse().map_err(|_| ScrubError::NoPages(folder.to_owned()))?;
    let mut pages = saved_in(folder, &portal)?;
    pages.retain(|page| values(&page.html) != Values::Scrubbed);
    if pages.is_empty() { Err(ScrubError::NoPages(within)) } else { Ok(pages) }
}

const fn looks(kind: SurvivorKind) -> &'static str {
    match kind {
        SurvivorKind::Card => "the number of a card",
        SurvivorKind::Iban => "an IBAN",
        SurvivorKind::Email => "an e-mail address",
        SurvivorKind::Phone => "a phone number",
        SurvivorKind::Number => "a number",
        SurvivorKind::Name => "a word that may be a name",
        SurvivorKind::Typed => "what was typed",
    }
}
