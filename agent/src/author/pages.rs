//! Reading pages that were saved.
//!
//! Not here: what stands at their head (`saved`), and what is made of them.

use std::io;
use std::path::{Path, PathBuf};

use script::natural;
use url::Url;

use super::plain_file;
use super::saved::saved_from;
use crate::http::charset::decode;

/// How large a saved page may be; the reader of pages is stricter still.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Why a page, or what is expected of it, can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A file can't be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is expected can't be written.
    #[error("could not write {}", path.display())]
    Unwritten {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There are expectations of a page that isn't there.
    #[error("{} isn't compared with anything: its page isn't there", .0.display())]
    NoPage(PathBuf),
    /// A page that is no page.
    #[error("{} is far too large for a page", .0.display())]
    TooLarge(PathBuf),
    /// The expectations aren't any.
    #[error("{} isn't what `agent test --accept` writes", path.display())]
    Expectations {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
    /// There are expectations of a page on which nothing is read.
    #[error("{} isn't compared with anything: its page is scrubbed", .0.display())]
    NothingToCompare(PathBuf),
    /// The page isn't looked into.
    #[error("{}: {reason}", path.display())]
    Refused {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
}

impl PageError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Expectations { .. } => Some("take the file away, and run `agent test --accept` again"),
            Self::NothingToCompare(_) => {
                Some("put examples into the page and take the line away that says so, or take the file away")
            }
            Self::NoPage(_) => Some("save its page again under that name, or take the file away"),
            Self::Unreadable { .. } | Self::Unwritten { .. } | Self::TooLarge(_) | Self::Refused { .. } => None,
        }
    }
}

/// A page's text, whatever it is written in: one that was saved here is in UTF-8, whatever the bank's said of itself.
pub(super) fn text(path: &Path, portal: &Url) -> Result<String, PageError> {
    let text = String::from_utf8(bytes(path)?);
    Ok(text.unwrap_or_else(|other| decode(other.as_bytes(), None, portal).0))
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, PageError> {
    let failed = |source| PageError::Unreadable { path: path.to_owned(), source };
    match plain_file(path).map_err(failed)? {
        size if size > LARGEST => Err(PageError::TooLarge(path.to_owned())),
        _ => std::fs::read(path).map_err(failed),
    }
}

/// A page of a folder.
pub(super) struct SavedPage {
    /// Its file, such as `account.2.html`.
    pub(super) file: String,
    /// The page of the script that it is called after.
    pub(super) page: String,
    /// Where it was.
    pub(super) address: Option<Url>,
    /// Its text.
    pub(super) html: String,
}

/// The pages that are saved in a folder; the second of a list before the tenth.
pub(super) fn saved_in(folder: &Path, portal: &Url) -> Result<Vec<SavedPage>, PageError> {
    let within = folder.join("pages");
    let unreadable = |source| PageError::Unreadable { path: within.clone(), source };
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(&within).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "html") {
            files.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path));
        }
    }
    files.sort_by_cached_key(|(file, _)| natural(file));
    let read = |(file, path): (String, PathBuf)| {
        let html = text(&path, portal)?;
        let page = file.split('.').next().unwrap_or_default().to_owned();
        Ok(SavedPage { page, file, address: saved_from(&html), html })
    };
    files.into_iter().map(read).collect()
}
