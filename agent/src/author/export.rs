//! `agent export RECORDING`: a recording as Chrome's DevTools Recorder imports it, with placeholders where something was typed.
//!
//! Not here: what that recorder knows; that is the script crate's.

use std::path::PathBuf;

use clap::Args;
use script::recording::foreign::{Exported, Refusals, export_devtools};
use serde_json::{Value, json};

use super::import::tell;
use super::recorded::{RecordedError, create, read};
use super::{Listing, WriteError, print, print_json};
use crate::cli::Exit;

/// What is exported.
#[derive(Debug, Args)]
pub struct Export {
    /// A recording, or a folder that was recorded.
    recording: PathBuf,
    /// Write it there, into a file that isn't there yet. Without it it is printed.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// What the recorder is to call it; the recording's file or folder unless given.
    #[arg(long)]
    title: Option<String>,
    /// One JSON value, for programs: what was made, and what isn't in it.
    #[arg(long)]
    json: bool,
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no recording, or no file can be written.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// That recorder would do something else.
    #[error("{} isn't exported\n\n{}", path.display(), refusals)]
    Refused {
        /// The recording.
        path: PathBuf,
        /// Every reason.
        refusals: Refusals,
    },
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl ExportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Recorded(error) => error.hint(),
            Self::Refused { .. } | Self::Write(_) => None,
        }
    }
}

impl Export {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Writes the recording, and says what isn't in it.
    ///
    /// # Errors
    /// When it can't be read, is none, or the file can't be written.
    pub fn obey(&self) -> Result<Exit, ExportError> {
        let is_folder = self.recording.is_dir();
        let recording = read(&self.recording)?;
        let own = if is_folder { self.recording.file_name() } else { self.recording.file_stem() };
        let title = self.title.clone().or_else(|| Some(own?.to_string_lossy().into_owned()));
        let Exported { json, left } = export_devtools(title.as_deref().unwrap_or("recording"), &recording)
            .map_err(|refusals| ExportError::Refused { path: self.recording.clone(), refusals })?;
        if let Some(path) = &self.into {
            create(path, &json)?;
        }
        if self.json {
            let made: Option<Value> = self.into.is_none().then(|| serde_json::from_str(&json).unwrap_or_default());
            print_json(&json!({ "left": left, "made": made }))?;
            return Ok(Exit::Done);
        }
        tell(&left);
        match &self.into {
            Some(path) => print(&format!("{}\n", path.display()))?,
            None => print(&json)?,
        }
        Ok(Exit::Done)
    }
}
