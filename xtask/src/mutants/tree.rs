//! The copy of the source tree that mutants are made in, below cargo's target folder: the
//! files that git knows or would take in, as they are now. Nobody's working files are touched.
//!
//! A file is written only where it differs, so that cargo builds again just what changed since
//! the last time. Not here: building.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::list::Mutant;

/// The copy.
pub(crate) struct Tree {
    folder: PathBuf,
}

/// A mutant in the copy, until it is dropped.
pub(crate) struct Applied {
    path: PathBuf,
    original: String,
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How often a mutant's text is in its file.
///
/// # Errors
/// That the file can't be read.
pub(crate) fn count(mutant: &Mutant) -> Result<usize, String> {
    Ok(read(&root().join(mutant.file))?.matches(mutant.find).count())
}

impl Tree {
    /// Brings the copy up to date.
    ///
    /// # Errors
    /// Which file can't be read or written.
    pub(crate) fn copy() -> Result<Self, String> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let folder = std::path::absolute(target.join("mutants")).map_err(|error| format!("no folder: {error}"))?;
        let tree = Self { folder };
        let names = files()?;
        for name in &names {
            let (from, to) = (root().join(name), tree.source().join(name));
            // What was deleted and not committed yet is still in the list.
            let Ok(wanted) = fs::read(&from) else { continue };
            if fs::read(&to).ok().as_ref() != Some(&wanted) {
                let parent = to.parent().unwrap_or(&to);
                let written = fs::create_dir_all(parent).and_then(|()| fs::write(&to, wanted));
                written.map_err(|error| format!("{} can't be written: {error}", to.display()))?;
            }
        }
        tree.sweep(&tree.source(), &names)?;
        Ok(tree)
    }

    /// Where the copied files are.
    pub(crate) fn source(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Where they are built.
    pub(crate) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Where the last call of cargo wrote what it said.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// Takes the guard out of the copy.
    ///
    /// # Errors
    /// That the file can't be read or written.
    pub(crate) fn apply(&self, mutant: &Mutant) -> Result<Applied, String> {
        let path = self.source().join(mutant.file);
        let original = read(&path)?;
        write(&path, &original.replacen(mutant.find, mutant.replace, 1))?;
        Ok(Applied { path, original })
    }

    /// Removes what is in the copy and no longer in the list.
    fn sweep(&self, folder: &Path, names: &BTreeSet<PathBuf>) -> Result<(), String> {
        let unreadable = |error| format!("{} can't be read: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                self.sweep(&path, names)?;
                continue;
            }
            let is_known =
                path.strip_prefix(self.source()).is_ok_and(|name| names.contains(name) && root().join(name).is_file());
            if !is_known {
                fs::remove_file(&path).map_err(|error| format!("{} can't be removed: {error}", path.display()))?;
            }
        }
        Ok(())
    }
}

impl Drop for Applied {
    fn drop(&mut self) {
        // A copy that stays mutated differs from the original, so the next start mends it.
        let _ = fs::write(&self.path, &self.original);
    }
}

/// The repository's files, from its top.
fn files() -> Result<BTreeSet<PathBuf>, String> {
    let asked = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(asked).current_dir(root()).output();
    let output = output.map_err(|error| format!("git couldn't be started: {error}\nhint: install git"))?;
    if !output.status.success() {
        return Err(format!("git doesn't list the files: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} can't be read: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} can't be written: {error}", path.display()))
}
