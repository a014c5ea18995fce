//! Files of recordings: one that is read, and one that is written where none is yet, for its author alone.
//!
//! Not here: what is in them; that is the script crate's.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use script::recording::{Recording, RecordingError};

use super::{ReadError, script_text};

/// Why there is no recording, or no file for one.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is none.
    #[error("{} is no recording", path.display())]
    NoRecording {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: RecordingError,
    },
    /// It can't be written.
    #[error("could not write {}", path.display())]
    Unwritten {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl RecordedError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoRecording { .. } => {
                Some("name a recording of `agent record` or `agent import`, or a folder that was recorded")
            }
            Self::Unwritten { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                Some("name a file that isn't there yet: nothing is written over")
            }
            Self::Read(_) | Self::Unwritten { .. } => None,
        }
    }
}

/// The recording in a file, or in the folder that was made of it.
pub(super) fn read(path: &Path) -> Result<Recording, RecordedError> {
    let path = if path.is_dir() { path.join("pages/recording.json") } else { path.to_owned() };
    let text = script_text(&path)?;
    Recording::read(&text).map_err(|source| RecordedError::NoRecording { path, source })
}

/// Writes a file that isn't there yet, which nobody else reads.
pub(super) fn create(path: &Path, text: &str) -> Result<(), RecordedError> {
    let unwritten = |source| RecordedError::Unwritten { path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unwritten)?;
    file.write_all(text.as_bytes()).map_err(unwritten)
}
