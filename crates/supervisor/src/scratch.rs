//! Folders that don't outlive their owner: a browser's profile, a private server's data.
//!
//! Beside each folder `x` lies `x.scratch-lock`, held with a shared `flock` by its owner and by the supervisor that works in it.
//! The kernel lets go of it when they end, however they end. [`sweep`] removes just those folders whose lock it can take
//! for itself alone. The lock file is there before the folder and goes after it, so no folder is ever without one. Both
//! sides look again, once they have the lock, whether it is still the file that the path names: a sweep may be quicker
//! than the owner that has just made the file, and the owner then takes another name.
//!
//! Not for anything worth keeping, and not for network file systems that don't lock.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// How long a busy folder is tried again.
const BUSY_PATIENCE: Duration = Duration::from_secs(2);
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// Unlike any other file's, so that a sweep of a folder shared with others takes nothing of theirs.
const LOCK: &str = "scratch-lock";

/// A folder of this process's own, readable by its user alone, removed on drop and, failing that, by a [`sweep`].
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
    /// Held, not read.
    _lock: File,
}

impl ScratchDir {
    /// Makes a new folder below `base`, which is made too if it isn't there; its name starts with `prefix`.
    pub fn create(base: &Path, prefix: &str) -> io::Result<Self> {
        fs::create_dir_all(base)?;
        // An absolute path stays right in a supervisor that works elsewhere.
        let base = fs::canonicalize(base)?;
        loop {
            let made = tempfile::Builder::new()
                .prefix(&format!("{prefix}-"))
                .suffix(&format!(".{LOCK}"))
                .rand_bytes(10)
                .tempfile_in(&base)?;
            let (lock, lock_path) = made.keep().map_err(|kept| kept.error)?;
            lock_with(&lock, FlockOperation::LockShared)?;
            if !is_at(&lock, &lock_path) {
                continue;
            }
            let path = lock_path.with_extension("");
            if let Err(error) = DirBuilder::new().mode(0o700).create(&path) {
                let _ = fs::remove_file(&lock_path);
                return Err(error);
            }
            return Ok(ScratchDir { path, _lock: lock });
        }
    }

    /// Where it is; always absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // One try: whoever drops it may not be allowed to block, and a sweep will come.
        let _ = remove_once(&self.path);
    }
}

/// Removes the folders below `base` whose owners are dead, and returns them. Any number of sweeps and owners may race.
///
/// A folder that can't be removed is left for the next sweep and logged. Files that no [`ScratchDir`] made are left alone.
pub fn sweep(base: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(base) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut removed = Vec::new();
    for entry in entries {
        let entry = entry?;
        let lock_path = entry.path();
        if lock_path.extension().is_none_or(|extension| extension != LOCK) || !entry.file_type()?.is_file() {
            continue;
        }
        let path = lock_path.with_extension("");
        match remove_if_dead(&lock_path, &path) {
            Ok(true) => removed.push(path),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(folder = %path.display(), %error, "could not remove a dead owner's folder");
            }
        }
    }
    Ok(removed)
}

/// Joins the owner in holding the lock of a folder, as long as the result lives; `None` if the folder has none.
pub(crate) fn hold(dir: &Path) -> Option<File> {
    let lock = File::open(lock_path(dir)).ok()?;
    lock_with(&lock, FlockOperation::LockShared).ok()?;
    Some(lock)
}

/// Removes a folder and its lock file, trying again for a while where files are busy. Blocks.
pub(crate) fn remove(dir: &Path) -> io::Result<()> {
    let deadline = Instant::now() + BUSY_PATIENCE;
    loop {
        match remove_once(dir) {
            Err(_) if Instant::now() < deadline => thread::sleep(BUSY_PAUSE),
            done => return done,
        }
    }
}

fn remove_if_dead(lock_path: &Path, path: &Path) -> io::Result<bool> {
    let lock = match File::open(lock_path) {
        Ok(lock) => lock,
        // Another sweep, or the owner itself, was quicker.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match lock_with(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) if is_at(&lock, lock_path) => remove(path).map(|()| true),
        Ok(()) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

fn remove_once(dir: &Path) -> io::Result<()> {
    absent_is_fine(fs::remove_dir_all(dir))?;
    absent_is_fine(fs::remove_file(lock_path(dir)))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn lock_path(dir: &Path) -> PathBuf {
    let mut name = OsString::from(dir);
    name.push(".");
    name.push(LOCK);
    name.into()
}

/// Whether the path still names this very file.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn lock_with(file: &File, operation: FlockOperation) -> io::Result<()> {
    loop {
        match flock(file, operation) {
            Err(Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}
