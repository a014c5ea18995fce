//! Taking in a file that a page makes come: it is let into a folder of its own for as long as that
//! takes, is called as the browser numbers it, and is gone from the disk once it was read.
//!
//! ```text
//! let in ─▶ act ─▶ it begins ─▶ it grows, within its bound ─▶ it is whole ─▶ read, removed ─▶ let in no more
//!                    └─ a page came instead, or nothing in time
//! ```
//!
//! Whose a download is shows by the folder that it is in: sessions share a browser. What comes
//! goes the session's own way out, as pages do. Not here: what is in the file.

use std::path::Path;
use std::time::Duration;

use script::command::{Download, FILE_AT_MOST, FileBytes, NoFile, Observation};
use serde_json::Value;
use supervisor::ScratchDir;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::session::Session;
use super::wire::WireError;
use crate::driver::{Driver as _, DriverError, FILE_AFTER_A_PAGE, FILE_WHOLE};

/// How far a download of some session has come.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The browser's name for it, by which its file is called.
    pub(super) guid: String,
    pub(super) received: u64,
    /// 0 where nothing says it.
    pub(super) total: u64,
    pub(super) state: Fetching,
}

/// Whether a download goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetching {
    GoesOn,
    Done,
    Cancelled,
}

/// What the browser says of a download. It writes sizes as numbers with a point.
pub(super) fn progress(params: &Value) -> Option<Progress> {
    let size = |name: &str| params[name].to_string().split('.').next().and_then(|size| size.parse().ok()).unwrap_or(0);
    let guid = params["guid"].as_str()?;
    // It is a part of a path later on.
    let is_plain = guid.len() <= 64 && guid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let state = match params["state"].as_str()? {
        "completed" => Fetching::Done,
        "canceled" => Fetching::Cancelled,
        _ => Fetching::GoesOn,
    };
    let progress =
        Progress { guid: guid.to_owned(), received: size("receivedBytes"), total: size("totalBytes"), state };
    is_plain.then_some(progress)
}

impl Session {
    pub(super) async fn take_file(&mut self, download: &Download) -> Result<Observation, DriverError> {
        let folder = match ScratchDir::create(self.folder(), "file") {
            Ok(folder) => folder,
            Err(error) => {
                tracing::warn!(%error, hint = "see that the disk isn't full", "could not make a folder for a file");
                return Ok(Observation::NoFile(NoFile::NotOffered));
            }
        };
        // Before anything is done, so that nothing is missed.
        let mut told = self.line.wire.downloads();
        let document = self.showing.borrow().document;
        if let Err(error) = self.let_download(Some(folder.path())).await {
            self.verdict(error)?;
            return Ok(Observation::NoFile(NoFile::NotOffered));
        }
        let seen = match self.act(&download.deed).await? {
            Observation::Acted => {
                let patience = Duration::from_millis(download.patience_ms);
                self.come(folder.path(), &mut told, document, patience).await?
            }
            other => other,
        };
        // Some pages open a window for nothing but the file.
        self.close_newer();
        if let Err(error) = self.let_download(None).await {
            self.verdict(error)?;
        }
        Ok(seen)
    }

    /// Waits for the file, and reads it.
    async fn come(
        &mut self,
        folder: &Path,
        told: &mut tokio::sync::broadcast::Receiver<Progress>,
        document: u64,
        patience: Duration,
    ) -> Result<Observation, DriverError> {
        let mut showing = self.showing.clone();
        let mut until = Instant::now() + patience;
        let (mut begun, mut is_replaced): (Option<String>, bool) = (None, false);
        loop {
            let progress = tokio::select! {
                progress = told.recv() => progress,
                changed = showing.wait_for(|now| now.document != document || now.gone.is_some()), if !is_replaced => {
                    if changed.is_ok_and(|now| now.gone.is_none()) {
                        is_replaced = true;
                        until = until.min(Instant::now() + FILE_AFTER_A_PAGE);
                        continue;
                    }
                    self.verdict(WireError::Gone)?;
                    return Err(DriverError::Crashed);
                }
                () = sleep_until(until) => {
                    self.gate.check()?;
                    return Ok(Observation::NoFile(match (begun, is_replaced) {
                        (Some(guid), _) => {
                            self.cancel_download(&guid);
                            NoFile::BrokenOff
                        }
                        (None, true) => NoFile::Page,
                        (None, false) => NoFile::None,
                    }));
                }
            };
            self.gate.check()?;
            let progress = match progress {
                Ok(progress) => progress,
                // More was said than is kept; what comes next says the same.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => {
                    self.verdict(WireError::Gone)?;
                    return Err(DriverError::Crashed);
                }
            };
            let path = folder.join(&progress.guid);
            let is_ours =
                begun.as_ref() == Some(&progress.guid) || path.exists() || path.with_extension("crdownload").exists();
            if !is_ours {
                continue;
            }
            if begun.is_none() {
                until = Instant::now() + FILE_WHOLE;
            }
            let at_most = u64::try_from(FILE_AT_MOST).unwrap_or(u64::MAX);
            if progress.received > at_most || progress.total > at_most {
                self.cancel_download(&progress.guid);
                return Ok(Observation::NoFile(NoFile::TooLarge));
            }
            match progress.state {
                Fetching::GoesOn => begun = Some(progress.guid),
                Fetching::Cancelled => return Ok(Observation::NoFile(NoFile::BrokenOff)),
                Fetching::Done => return Ok(read(&path).await),
            }
        }
    }
}

/// Reads a file that is whole, unless it is too large.
pub(crate) async fn read(path: &Path) -> Observation {
    match tokio::fs::metadata(path).await {
        Ok(is) if is.len() > u64::try_from(FILE_AT_MOST).unwrap_or(u64::MAX) => {
            return Observation::NoFile(NoFile::TooLarge);
        }
        Ok(_) => {}
        Err(_) => return Observation::NoFile(NoFile::BrokenOff),
    }
    match tokio::fs::read(path).await {
        Ok(bytes) => Observation::Downloaded(FileBytes(bytes)),
        Err(_) => Observation::NoFile(NoFile::BrokenOff),
    }
}
