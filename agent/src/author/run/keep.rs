//! Keeping the pages that a run recognises as saved pages, to try the script on: of each the first look, scrubbed as
//! evidence is but for what the script itself says, shadow roots and frames in the standard's own form. What is there already
//! stays as it is.
//!
//! Not here: scrubbing. Amounts, names and days don't survive it, so nothing is read on such a page as the bank showed it.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use script::OwnWords;

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

/// What became of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Kept(PathBuf),
    /// It was looked at before in this run.
    SeenBefore,
    /// There is one of this name.
    ThereAlready(PathBuf),
}

impl Keeper {
    pub(super) fn new(folder: &Path, own: OwnWords) -> Self {
        Self { folder: folder.to_owned(), own, seen: BTreeSet::new(), kept: 0 }
    }

    /// How many were kept.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    /// Keeps a page of this name, unless it is known; `scrubbed` is asked for then. Where it was is said as browsers do.
    pub(super) fn keep(
        &mut self,
        page: &str,
        address: &str,
        scrubbed: impl FnOnce(&OwnWords) -> String,
    ) -> io::Result<Keeping> {
        if !self.seen.insert(page.to_owned()) {
            return Ok(Keeping::SeenBefore);
        }
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{page}.html"));
        let mut file = match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Keeping::ThereAlready(path)),
            Err(error) => return Err(error),
        };
        let html = scrubbed(&self.own);
        let html = html.strip_prefix("<!doctype html>\n").unwrap_or(&html);
        // An address holds no `>`, and so doesn't end the comment.
        let from = format!("<!-- saved from url=({:04}){address} -->", address.len());
        file.write_all(format!("<!doctype html>\n{from}\n{html}\n").as_bytes())?;
        self.kept += 1;
        Ok(Keeping::Kept(path))
    }
}

#[cfg(test)]
mod tests {
    use script::OwnWords;

    use super::{Keeper, Keeping};

    #[test]
    fn the_first_look_of_a_page_is_kept_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let pages = folder.path().join("pages");
        let mut keeper = Keeper::new(&pages, OwnWords::default());
        let mut keep = |page: &str, html: &str| {
            let html = html.to_owned();
            keeper.keep(page, "https://bank.example/a", move |_| html).expect("a file")
        };
        let path = pages.join("account.html");
        assert_eq!(keep("account", "<!doctype html>\n<p>one"), Keeping::Kept(path.clone()));
        assert_eq!(keep("account", "<p>two"), Keeping::SeenBefore);
        let kept = "<!doctype html>\n<!-- saved from url=(0022)https://bank.example/a -->\n<p>one\n";
        assert_eq!(std::fs::read_to_string(&path).expect("a page"), kept);
        let mut again = Keeper::new(&pages, OwnWords::default());
        let found = again.keep("account", "https://bank.example/a", |_| unreachable!("it isn't scrubbed"));
        assert_eq!((found.expect("a file"), again.kept()), (Keeping::ThereAlready(path.clone()), 0));
        assert_eq!(std::fs::read_to_string(path).expect("a page"), kept);
    }
}
