//! Where a catalog comes from: a folder, a git repository, or a bundle that somebody signed.
//!
//! What isn't on this machine is kept in the data folder, so that a coordinator that starts while it can't be reached goes
//! on with what it had. A repository is fetched and never checked out: its archive is read as a bundle's is.
//!
//! Not here: what is in the files (`files`), or when it is looked (`fleet`).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Url;
use tokio::process::Command;

use super::CatalogError;
use super::bundle::{SIGNATURE, opened};
use super::files::Files;
use crate::config::{CatalogSource, Place};

/// How long something elsewhere may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The largest bundle, in bytes.
const LARGEST_BUNDLE: usize = 64 << 20;

/// What of a source is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What is there now.
    Newest,
    /// What is there now, or else what was kept of it.
    NewestOrKept,
    /// What was kept, or else what is there now.
    KeptOrNewest,
}

/// Reads what a source has. `data` is the coordinator's data folder.
///
/// # Errors
/// [`CatalogError`].
pub async fn files_of(source: &CatalogSource, data: &Path, wanted: Wanted) -> Result<Files, CatalogError> {
    match source {
        CatalogSource::Folder(folder) => {
            let folder = folder.clone();
            off_thread(move || Files::of_folder(&folder)).await
        }
        CatalogSource::Git { repository, reference, folder } => {
            let kept = Clone::of(data);
            let is_kept = wanted == Wanted::KeptOrNewest && kept.has_it().await;
            if !is_kept {
                let fetched = kept.fetch(repository, reference).await;
                let is_enough = wanted != Wanted::Newest && kept.has_it().await;
                went_on_with_kept(fetched, is_enough)?;
            }
            let (archive, place, top) = (kept.archive().await?, PathBuf::from(repository), folder.clone());
            off_thread(move || Files::of_archive(archive.as_slice(), &place, &top)).await
        }
        CatalogSource::Bundle { place: Place::File(file), keys } => {
            let (file, keys) = (file.clone(), keys.clone());
            off_thread(move || {
                let unreadable = |path: PathBuf| move |source| CatalogError::Unreadable { path, source };
                let bundle = std::fs::read(&file).map_err(unreadable(file.clone()))?;
                let beside = with_signature(&file);
                let signature = std::fs::read_to_string(&beside).map_err(unreadable(beside))?;
                opened(&bundle, &signature, &keys, &file)
            })
            .await
        }
        CatalogSource::Bundle { place: Place::Address(address), keys } => {
            let kept = data.join("catalog.bundle");
            let (place, keys) = (PathBuf::from(address.as_str()), keys.clone());
            let is_kept = wanted == Wanted::KeptOrNewest && kept.is_file();
            if !is_kept {
                // What isn't signed isn't kept either.
                let downloaded = match downloaded(address).await {
                    Ok((bundle, signature)) => {
                        let (place, keys, kept) = (place.clone(), keys.clone(), kept.clone());
                        off_thread(move || {
                            opened(&bundle, &signature, &keys, &place)?;
                            keep(&kept, &bundle, &signature)
                        })
                        .await
                    }
                    Err(error) => Err(error),
                };
                went_on_with_kept(downloaded, wanted != Wanted::Newest && kept.is_file())?;
            }
            off_thread(move || {
                let unreadable = |source| CatalogError::Unreadable { path: kept.clone(), source };
                let bundle = std::fs::read(&kept).map_err(unreadable)?;
                let signature = std::fs::read_to_string(with_signature(&kept)).map_err(unreadable)?;
                opened(&bundle, &signature, &keys, &place)
            })
            .await
        }
    }
}

/// Says so where what is elsewhere couldn't be had, and goes on where what was kept is enough.
fn went_on_with_kept(had: Result<(), CatalogError>, is_enough: bool) -> Result<(), CatalogError> {
    match had {
        Err(error) if is_enough => {
            let hint = "what was kept of it counts until it can be had again";
            tracing::warn!(error = &error as &dyn std::error::Error, hint, "the catalog's source can't be had");
            Ok(())
        }
        had => had,
    }
}

/// The clone of a repository in the data folder.
struct Clone(PathBuf);

/// What was fetched last.
const FETCHED: &str = "refs/bursar/catalog";

impl Clone {
    fn of(data: &Path) -> Self {
        Self(data.join("catalog.git"))
    }

    /// Whether something was fetched once.
    async fn has_it(&self) -> bool {
        self.0.is_dir() && self.git(&["rev-parse", "--quiet", "--verify", FETCHED]).await.is_ok()
    }

    /// Fetches what `reference` is now.
    async fn fetch(&self, repository: &str, reference: &str) -> Result<(), CatalogError> {
        self.git(&["init", "--quiet", "--bare"]).await?;
        let mapped = format!("+{reference}:{FETCHED}");
        let fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force", "--"];
        self.git(&[&fetch[..], &[repository, &mapped]].concat()).await.map(|_| ())
    }

    /// All that was fetched, as a tar archive.
    async fn archive(&self) -> Result<Vec<u8>, CatalogError> {
        self.git(&["archive", "--format=tar", FETCHED]).await
    }

    /// What git prints. It asks nobody for anything, and talks to nothing but files, ssh and https.
    async fn git(&self, arguments: &[&str]) -> Result<Vec<u8>, CatalogError> {
        let failed =
            |reason: String| CatalogError::Git { what: (*arguments.first().unwrap_or(&"")).to_owned(), reason };
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(&self.0).args(["-c", "protocol.allow=never"]);
        for known in ["file", "ssh", "https"] {
            git.args(["-c", &format!("protocol.{known}.allow=always")]);
        }
        git.args(arguments).env("GIT_TERMINAL_PROMPT", "0").env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let ran = tokio::time::timeout(PATIENCE, git.output()).await;
        let ran = ran.map_err(|_| failed(format!("it took more than {} seconds", PATIENCE.as_secs())))?;
        let output = ran.map_err(|error| failed(format!("the program `git` can't be started: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(failed(said.trim().to_owned()));
        }
        Ok(output.stdout)
    }
}

/// A bundle that is elsewhere, and its signature.
async fn downloaded(address: &Url) -> Result<(Vec<u8>, String), CatalogError> {
    let failed = |reason: String| CatalogError::Address { address: address.clone(), reason };
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::limited(5));
    let client = client.build().map_err(|error| failed(error.to_string()))?;
    let get = async |url: Url, most: usize| {
        let away = |error: reqwest::Error| failed(error.without_url().to_string());
        let mut answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status).map_err(away)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(away)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > most {
                return Err(failed(format!("it has more than {most} bytes")));
            }
        }
        Ok(bytes)
    };
    let mut beside = address.clone();
    beside.set_path(&format!("{}{SIGNATURE}", address.path()));
    let signature = get(beside, 4_096).await?;
    let signature = String::from_utf8(signature).map_err(|_| failed("its signature is no text".into()))?;
    Ok((get(address.clone(), LARGEST_BUNDLE).await?, signature))
}

/// Keeps a bundle with its signature. Where that breaks off the two don't fit each other, and it is fetched again.
fn keep(kept: &Path, bundle: &[u8], signature: &str) -> Result<(), CatalogError> {
    for (path, bytes) in [(kept.to_owned(), bundle), (with_signature(kept), signature.as_bytes())] {
        let unwritable = |source| CatalogError::Unreadable { path: path.clone(), source };
        let mut part = path.clone().into_os_string();
        part.push(".part");
        std::fs::write(&part, bytes).and_then(|()| std::fs::rename(&part, &path)).map_err(unwritable)?;
    }
    Ok(())
}

fn with_signature(bundle: &Path) -> PathBuf {
    let mut path = bundle.to_owned().into_os_string();
    path.push(SIGNATURE);
    path.into()
}

/// Reads where nothing waits for it.
async fn off_thread<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, CatalogError> + Send + 'static,
) -> Result<T, CatalogError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}
