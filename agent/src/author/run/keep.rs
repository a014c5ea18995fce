//! Keeping the pages that a run recognises as saved pages, to try the script on: of each the first look, scrubbed as
//! evidence is but for what the script itself says and marked as such, shadow roots and frames in the standard's own form.
//! What is there already stays as it is, but for examples of `agent new` that nobody changed; and half a page never does: it
//! is written beside its place first.
//!
//! Not here: scrubbing. Amounts, names and days don't survive it, so nothing is read on such a page as the bank showed it.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use script::OwnWords;

use crate::author::new::is_example;
use crate::author::saved::headed;

/// Keeps pages in a folder.
pub(super) struct Keeper {
    folder: PathBuf,
    /// What stays on them: what the script itself says.
    own: OwnWords,
    /// The pages that were seen.
    seen: BTreeSet<String>,
    /// Those that were kept.
    kept: usize,
}

/// A page as it may be kept.
pub(super) struct Look {
    /// Where it was, as far as that may be said.
    pub(super) address: String,
    pub(super) html: String,
}

/// What became of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Kept {
        path: PathBuf,
        /// What was written.
        text: String,
    },
    /// It was looked at before in this run.
    SeenBefore,
    /// There is one of this name.
    ThereAlready(PathBuf),
}

impl Keeper {
    /// One that has a folder that it can write to.
    pub(super) fn open(folder: &Path, own: OwnWords) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        tempfile::NamedTempFile::new_in(folder)?;
        Ok(Self { folder: folder.to_owned(), own, seen: BTreeSet::new(), kept: 0 })
    }

    /// How many were kept.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    /// Keeps a page of this name, unless it is known; `look` is asked for then. Where it was is said as browsers do.
    pub(super) fn keep(&mut self, page: &str, look: impl FnOnce(&OwnWords) -> Look) -> io::Result<Keeping> {
        if !self.seen.insert(page.to_owned()) {
            return Ok(Keeping::SeenBefore);
        }
        let path = self.folder.join(format!("{page}.html"));
        // An example of `agent new` that nobody touched stands for the page that is kept now.
        if is_example(&path) {
            std::fs::remove_file(&path)?;
        }
        if path.symlink_metadata().is_ok() {
            return Ok(Keeping::ThereAlready(path));
        }
        let Look { address, html } = look(&self.own);
        let text = headed(&address, &html);
        // Nobody but its owner reads it.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Keeping::ThereAlready(path));
            }
            Err(error) => return Err(error.error),
        }
        self.kept += 1;
        Ok(Keeping::Kept { path, text })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use script::OwnWords;

    use super::{Keeper, Keeping, Look};
    use crate::author::saved::headed;

    fn look(html: &str) -> Look {
        Look { address: "https://bank.example/a".into(), html: html.into() }
    }

    #[test]
    fn the_first_look_of_a_page_is_kept_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let pages = folder.path().join("pages");
        let mut keeper = Keeper::open(&pages, OwnWords::default()).expect("a folder");
        let mut keep = |page: &str, html: &str| keeper.keep(page, |_| look(html)).expect("a file");
        let path = pages.join("account.html");
        let kept = headed("https://bank.example/a", "<p>one");
        let written = Keeping::Kept { path: path.clone(), text: kept.clone() };
        assert_eq!(keep("account", "<!doctype html>\n<p>one"), written);
        assert_eq!(keep("account", "<p>two"), Keeping::SeenBefore);
        assert_eq!(std::fs::read_to_string(&path).expect("a page"), kept);
        assert_eq!(std::fs::metadata(&path).expect("a page").permissions().mode() & 0o777, 0o600);
        let mut again = Keeper::open(&pages, OwnWords::default()).expect("a folder");
        let found = again.keep("account", |_| unreachable!("it isn't scrubbed"));
        assert_eq!((found.expect("a file"), again.kept()), (Keeping::ThereAlready(path.clone()), 0));
        assert_eq!(std::fs::read_to_string(path).expect("a page"), kept);
    }

    #[test]
    fn an_example_gives_way_unless_somebody_changed_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pages, example) = (folder.path(), include_str!("../new/pages/account.html"));
        let keep = |text: String| {
            std::fs::write(pages.join("account.html"), text).expect("a page");
            let mut keeper = Keeper::open(pages, OwnWords::default()).expect("a folder");
            matches!(keeper.keep("account", |_| look("<p>one")).expect("a file"), Keeping::Kept { .. })
        };
        assert!(keep(example.to_owned()));
        assert!(!keep(format!("{example}mine")));
    }

    #[test]
    fn a_page_that_comes_while_it_is_scrubbed_stays_and_nothing_half_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("account.html");
        let mut keeper = Keeper::open(folder.path(), OwnWords::default()).expect("a folder");
        let kept = keeper.keep("account", |_| {
            std::fs::write(&path, "mine").expect("a page");
            look("<p>one")
        });
        assert_eq!(kept.expect("a file"), Keeping::ThereAlready(path.clone()));
        assert_eq!(std::fs::read_to_string(&path).expect("a page"), "mine");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
