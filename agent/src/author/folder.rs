//! A folder of the catalog as an author has it: the script, the record beside it, and the pages that were saved.
//!
//! Not here: whether the script is sound; that is `agent check`'s to say at length.

use std::path::{Path, PathBuf};

use domain::institution::Institution;
use script::{Around, Diagnostics, OwnWords, Script, check_record};

use super::{RECORD, ReadError, script_file, script_text};

/// What is in the folder.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) script: Script,
    /// What the script itself says.
    pub(crate) own: OwnWords,
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
    /// The record has faults.
    #[error("the record has faults\n\n{0}")]
    Record(String),
    /// The record is another institution's.
    #[error("the id of {} is `{id}`, and the script is of `{script}`", path.display())]
    Another {
        /// The record.
        path: PathBuf,
        /// Its id.
        id: String,
        /// The script's.
        script: String,
    },
}

impl FolderError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Script(_) | Self::Record(_) => Some("`agent explain CODE` says what a code in brackets means"),
            Self::Another { .. } => Some("the id, the script's `institution` and the folder's name are the same"),
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
        let source = script_text(&file)?;
        let (script, own) = (Script::parse(&source).map_err(faults)?, OwnWords::of(&source));
        let file = folder.join(RECORD);
        let faults = |faults: Diagnostics| FolderError::Record(faults.render(&file.display().to_string()));
        let record = check_record(&script_text(&file)?, Around::default()).map_err(faults)?;
        if record.id != script.institution() {
            let (id, script) = (record.id, script.institution().to_owned());
            return Err(FolderError::Another { path: file, id, script });
        }
        Ok(Self { path: folder, script, own, record })
    }
}
