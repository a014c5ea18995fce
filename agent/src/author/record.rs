//! A folder of the catalog as an author has it: the script, the record beside it, and the pages that were saved.
//!
//! Not here: whether the script is sound; that is `agent check`'s to say at length.

use std::path::{Path, PathBuf};

use domain::institution::Institution;
use script::{Diagnostics, Script};

use super::{ReadError, script_file, script_text};

/// What is in the folder.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) script: Script,
    pub(crate) record: Institution,
}

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The script has faults.
    #[error("the script has faults\n\n{0}")]
    Script(String),
    /// The record says something that it can't.
    #[error("the record {} has a mistake: {reason}", path.display())]
    Record {
        /// Which.
        path: PathBuf,
        /// What.
        reason: String,
    },
}

impl FolderError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Script(_) => Some("`agent explain CODE` says what a code in brackets means"),
            Self::Record { .. } => {
                Some("a record has id, name, defaultPortalUrl, mfa and credentials; see scripts/harbour")
            }
            Self::Read(_) => Some("name a folder with script.yaml and institution.yaml, as `agent new` makes one"),
        }
    }
}

impl Folder {
    /// Reads script and record.
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        let file = script_file(path);
        let folder = file.parent().unwrap_or(path).to_owned();
        let faults = |faults: Diagnostics| FolderError::Script(faults.render(&file.display().to_string()));
        let script = Script::parse(&script_text(&file)?).map_err(faults)?;
        let file = folder.join("institution.yaml");
        let mistake = |reason: String| FolderError::Record { path: file.clone(), reason };
        let record: Institution =
            serde_saphyr::from_str(&script_text(&file)?).map_err(|error| mistake(error.to_string()))?;
        if record.id != script.institution() {
            let reason = format!("its id is `{}`, and the script is of `{}`", record.id, script.institution());
            return Err(mistake(reason));
        }
        Ok(Self { path: folder, script, record })
    }
}
