//! `agent import FILE`: a recording of Chrome's DevTools Recorder or of Selenium IDE as one of Bursar's, or not at all.
//!
//! Not here: what becomes of each step; that is the script crate's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use script::recording::Value;
use script::recording::foreign::{Imported, Left, Refusals, Typed, import_devtools, import_side};
use serde_json::json;

use super::recorded::{RecordedError, create};
use super::run::credentials::{CredentialsError, typed};
use super::{Listing, ReadError, WriteError, plain, print, print_json, say, script_text};
use crate::cli::Exit;

/// What is imported.
#[derive(Debug, Args)]
pub struct Import {
    /// What the DevTools Recorder exports as JSON, or a project that Selenium IDE saves as `.side`.
    file: PathBuf,
    /// Write the recording there, into a file that isn't there yet. Without it the recording is printed.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// What was typed at the sign-in: a file as `agent run` takes it. Texts of it are known wherever they were typed.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// What was typed in a step, where its field doesn't say it: `3=username`. Kinds are customer, username, password, code,
    /// answer, day, other.
    #[arg(long = "value", value_name = "STEP=KIND", value_parser = said)]
    values: Vec<(usize, Value)>,
    /// Which test, where a project of Selenium IDE has several.
    #[arg(long, value_name = "NAME")]
    test: Option<String>,
    /// Which program's file it is; by its name and content unless given.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
}

/// Whose a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Chrome's DevTools Recorder.
    Devtools,
    /// Selenium IDE.
    Side,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was typed can't be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// It isn't carried over.
    #[error("{} isn't carried over\n\n{}", path.display(), refusals)]
    Refused {
        /// The file.
        path: PathBuf,
        /// Every reason.
        refusals: Refusals,
    },
    /// The recording can't be written.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// What was made can't be read again.
    #[error("what was made of {} is no recording", .0.display())]
    Unsound(PathBuf, #[source] script::recording::RecordingError),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl ImportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Credentials(error) => error.hint(),
            Self::Refused { refusals, .. } if refusals.ask_what_was_typed() => {
                Some("`--credentials FILE` knows what was typed; `--value STEP=KIND` says it, as `--value 3=username`")
            }
            Self::Refused { .. } => Some("take those steps out where it was recorded, or record with `agent record`"),
            Self::Recorded(error) => error.hint(),
            Self::Read(_) | Self::Unsound(..) | Self::Write(_) => None,
        }
    }
}

impl Import {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Carries the file over, and says what isn't in the recording.
    ///
    /// # Errors
    /// When it can't be read, isn't carried over, or the recording can't be written.
    pub fn obey(&self) -> Result<Exit, ImportError> {
        let text = script_text(&self.file)?;
        let known = self.credentials.as_deref().map(typed).transpose()?.unwrap_or_default();
        let typed = Typed { known, said: self.values.iter().copied().collect::<BTreeMap<_, _>>() };
        let imported = match self.format(&text) {
            Format::Devtools => import_devtools(&text, &typed),
            Format::Side => import_side(&text, self.test.as_deref(), &typed),
        };
        let Imported { title, recording, left } = match imported {
            Ok(imported) => imported,
            Err(refusals) => return Err(ImportError::Refused { path: self.file.clone(), refusals }),
        };
        let written = recording.write().map_err(|error| ImportError::Unsound(self.file.clone(), error))?;
        if let Some(path) = &self.into {
            create(path, &written)?;
        }
        let counts = (recording.acts.len(), recording.pages.len());
        if self.json {
            let recording = self.into.is_none().then_some(&recording);
            print_json(&json!({
                "title": title, "acts": counts.0, "pages": counts.1, "left": left, "recording": recording,
            }))?;
            return Ok(Exit::Done);
        }
        say(&format!("{}: {} acts on {} pages", plain(&title), counts.0, counts.1));
        tell(&left);
        match &self.into {
            Some(path) => print(&format!("{}\n", path.display()))?,
            None => print(&written)?,
        }
        Ok(Exit::Done)
    }

    fn format(&self, text: &str) -> Format {
        let is_side = || {
            let says_so = self.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("side"));
            says_so || (text.contains("\"commands\"") && text.contains("\"tests\""))
        };
        self.format.unwrap_or_else(|| if is_side() { Format::Side } else { Format::Devtools })
    }
}

/// Says what wasn't carried over.
pub(super) fn tell(left: &[Left]) {
    if left.is_empty() {
        return;
    }
    let mut said = String::from("not carried over:\n");
    for Left { what, why, steps } in left {
        let steps: Vec<String> = steps.iter().map(usize::to_string).collect();
        let at = match steps.len() {
            0 => String::new(),
            1 => format!(" (step {})", steps[0]),
            2..=8 => format!(" (steps {})", steps.join(", ")),
            count => format!(" ({count} steps, the first {})", steps[0]),
        };
        said.push_str(&format!("  {}{at}: {why}\n", plain(what)));
    }
    say(said.trim_end());
}

/// `3=username`.
fn said(text: &str) -> Result<(usize, Value), String> {
    let kinds = [
        ("customer", Value::Customer),
        ("username", Value::Username),
        ("password", Value::Password),
        ("code", Value::Code),
        ("answer", Value::Answer),
        ("day", Value::Day),
        ("other", Value::Other),
    ];
    let (step, kind) = text.split_once('=').ok_or("write it as 3=username")?;
    let step = step.trim().parse().ok().filter(|step| *step > 0).ok_or("a step is a number from 1")?;
    let value = kinds.iter().find(|(name, _)| *name == kind.trim()).map(|(_, value)| *value);
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    Ok((step, value.ok_or_else(|| format!("a kind is one of {}", names.join(", ")))?))
}
