//! Taking in a file over WebDriver: its browser puts it into a folder on this machine, which is looked
//! into until the file is whole. WebDriver itself has no words for that, so a browser on another
//! machine offers none.
//!
//! In Firefox a file has the name that the portal gave it, as far as the browser allows; nobody here
//! makes anything of it but to see that it isn't one that still grows. What lies there is removed once it
//! was read, and the folder goes with the session.
//!
//! A Firefox keeps what any page has it keep, asked for or not, and no word of WebDriver's stops that:
//! so the folder is weighed at every look at the page, and the session ends where it holds too much, or
//! where a file that isn't waited for any longer still grows. Not here: what is in the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use script::command::{Download, FILE_AT_MOST, NoFile, Observation};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::session::Session;
use crate::cdp::downloads::read;
use crate::driver::{Driver as _, DriverError, FILE_AFTER_A_PAGE, FILE_WHOLE};

/// How often the folder is looked into, and how many looks go by before the page is asked.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_A_PAGE: u32 = 5;
/// How long a file that is too large has to come to its end by itself.
const TOO_LARGE_ENDS: Duration = Duration::from_secs(5);
/// How many bytes the folder may hold, and how many a file takes of them at least.
const FOLDER_AT_MOST: u64 = 64 * 1024 * 1024;
const FILE_AT_LEAST: u64 = 4096;
/// How long the page has to say which it is.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How the names of files end that still grow.
const GROWING: [&str; 3] = [".crdownload", ".part", ".tmp"];

/// What lies in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lies {
    Nothing,
    /// Files that grow, of so many bytes.
    Growing(u64),
    /// One that doesn't seem to.
    File(PathBuf, u64),
}

impl Session {
    pub(super) async fn take_file(&mut self, download: &Download) -> Result<Observation, DriverError> {
        let Some(folder) = self.files().map(Path::to_owned) else {
            return Ok(Observation::NoFile(NoFile::NotOffered));
        };
        self.empty(&folder)?;
        self.let_download(Some(&folder)).await?;
        let seen = match self.act(&download.deed).await? {
            Observation::Acted => self.come(&folder, Duration::from_millis(download.patience_ms)).await?,
            other => other,
        };
        self.let_download(None).await?;
        self.empty(&folder)?;
        Ok(seen)
    }

    /// Sees that pages haven't put too much into the folder.
    pub(super) fn weigh(&self) -> Result<(), DriverError> {
        match self.files().map(weight) {
            Some(FOLDER_AT_MOST..) => Err(self.give_up("pages keep too much on the disk")),
            _ => Ok(()),
        }
    }

    /// Removes what lies in the folder, unless it grows: it would go on growing, unseen.
    fn empty(&self, folder: &Path) -> Result<(), DriverError> {
        if let Lies::Growing(_) = lies(folder) {
            return Err(self.give_up("a file that nobody waits for still grows, and can't be stopped"));
        }
        empty(folder);
        Ok(())
    }

    /// Nothing more comes in from now on.
    fn give_up(&self, why: &'static str) -> DriverError {
        if let Err(shut) = self.gate.check() {
            return shut.into();
        }
        tracing::warn!(why, "the session is given up");
        self.egress.cut();
        DriverError::Crashed
    }

    /// Lets what comes to be kept be put into the folder under a name of the browser's, or nowhere. Firefox was told so when it
    /// was started, and can't be told otherwise.
    async fn let_download(&self, into: Option<&Path>) -> Result<(), DriverError> {
        if !self.is_chromium {
            return Ok(());
        }
        let params = match into {
            Some(folder) => json!({ "behavior": "allowAndName", "downloadPath": folder }),
            None => json!({ "behavior": "deny" }),
        };
        let permit = self.gate.permit()?;
        let told = self.line.devtools(permit, "Browser.setDownloadBehavior", params, AT_ONCE).await;
        told.or_else(|error| self.verdict(error))
    }

    /// Waits for the file, and reads it.
    async fn come(&mut self, folder: &Path, patience: Duration) -> Result<Observation, DriverError> {
        let (mut until, mut is_replaced, mut has_begun) = (Instant::now() + patience, false, false);
        let document = self.recognised.as_ref().and_then(|page| self.seen_in.get(&page.page)).cloned();
        let (mut before, mut is_too_large) = (Lies::Nothing, false);
        for look in 1_u32.. {
            sleep(LOOK).await;
            self.gate.check()?;
            self.weigh()?;
            let now = lies(folder);
            if now != Lies::Nothing && !has_begun {
                (has_begun, until) = (true, Instant::now() + FILE_WHOLE);
            }
            let at_most = u64::try_from(FILE_AT_MOST).unwrap_or(u64::MAX);
            if matches!(now, Lies::Growing(bytes) if bytes > at_most) && !is_too_large {
                (is_too_large, until) = (true, until.min(Instant::now() + TOO_LARGE_ENDS));
            }
            // Twice as long as it was: between two looks a file may be renamed, and begin to grow.
            if let Lies::File(path, 1..) = &now
                && now == before
            {
                return Ok(read(path).await);
            }
            before = now;
            if !has_begun && !is_replaced && look % LOOKS_A_PAGE == 0 {
                let shows = match self.ask("where", json!({}), None, (None, AT_ONCE)).await {
                    Ok(told) => Some(told.document),
                    Err(error) => self.verdict(error).map(|()| None)?,
                };
                if shows.is_some() && shows != document {
                    (is_replaced, until) = (true, until.min(Instant::now() + FILE_AFTER_A_PAGE));
                }
            }
            if Instant::now() >= until {
                break;
            }
        }
        Ok(Observation::NoFile(match (has_begun, is_replaced) {
            (true, _) if is_too_large => NoFile::TooLarge,
            (true, _) => NoFile::BrokenOff,
            (false, true) => NoFile::Page,
            (false, false) => NoFile::None,
        }))
    }
}

fn lies(folder: &Path) -> Lies {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found = Lies::Nothing;
    let mut growing = 0;
    for entry in entries {
        let bytes = entry.metadata().map_or(0, |is| if is.is_file() { is.len() } else { 0 });
        let name = entry.file_name();
        if GROWING.iter().any(|end| name.to_string_lossy().ends_with(end)) {
            growing += bytes.max(1);
        } else {
            found = Lies::File(entry.path(), bytes);
        }
    }
    if growing > 0 { Lies::Growing(growing) } else { found }
}

/// How many bytes lie in the folder.
fn weight(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.metadata().map_or(0, |is| is.len()).max(FILE_AT_LEAST)).sum()
}

/// Removes what lies in the folder.
fn empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // What can't be removed now goes with the folder.
        let _ = std::fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE_AT_LEAST, Lies, empty, lies, weight};

    #[test]
    fn a_file_that_grows_is_not_taken_for_one_that_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        assert_eq!(lies(folder.path()), Lies::Nothing);
        put("a.ofx", "");
        put("x1.part", "OFX");
        assert_eq!(lies(folder.path()), Lies::Growing(3));
        assert_eq!(weight(folder.path()), 2 * FILE_AT_LEAST, "an empty one weighs as well");
        std::fs::rename(folder.path().join("x1.part"), folder.path().join("a.ofx")).expect("renamed");
        assert_eq!(lies(folder.path()), Lies::File(folder.path().join("a.ofx"), 3));
        empty(folder.path());
        assert_eq!(lies(folder.path()), Lies::Nothing);
    }
}
