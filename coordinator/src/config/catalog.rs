//! Where the catalog comes from.
//!
//! Not here: reading it (`catalog`).

use std::path::PathBuf;
use std::time::Duration;

use domain::anchor::Loopback;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::values::{names, span};

/// The settings as they are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    folder: PathBuf,
    git: String,
    git_reference: String,
    git_folder: String,
    #[serde(deserialize_with = "place_or_empty")]
    bundle: Option<Place>,
    #[serde(deserialize_with = "names")]
    bundle_keys: Vec<String>,
    /// How often it is looked whether there is something else; zero for only when somebody asks.
    #[serde(deserialize_with = "span")]
    pub reload_every: Duration,
}

/// Where institutions and their scripts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogSource {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A git repository.
    Git {
        /// What `git fetch` takes.
        repository: String,
        /// A branch, a tag or a commit.
        reference: String,
        /// The folder in it, without slashes around; empty for its top.
        folder: String,
    },
    /// A file that somebody signed, or where it is to be had.
    Bundle {
        /// Where it is.
        place: Place,
        /// Who may have signed it, as minisign writes public keys; one at least.
        keys: Vec<String>,
    },
}

/// Where a bundle is; its signature is beside it, with `.minisig` after its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    File(PathBuf),
    /// Elsewhere.
    Address(Url),
}

/// A file, an address or empty for none.
fn place_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Place>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    if !text.starts_with("http:") && !text.starts_with("https:") {
        return Ok(Some(Place::File(text.into())));
    }
    let address = Url::parse(&text).ok().filter(|url| {
        url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    });
    // What was given may hold a password.
    let malformed = || serde::de::Error::custom("not a file, nor an address without user and fragment");
    address.map(|url| Some(Place::Address(url))).ok_or_else(malformed)
}

impl Catalog {
    /// Where it comes from.
    #[must_use]
    pub fn source(&self) -> CatalogSource {
        if !self.git.is_empty() {
            let (repository, reference) = (self.git.clone(), self.git_reference.clone());
            let folder = self.git_folder.trim_matches('/').to_owned();
            return CatalogSource::Git { repository, reference, folder };
        }
        match &self.bundle {
            Some(place) => CatalogSource::Bundle { place: place.clone(), keys: self.bundle_keys.clone() },
            None => CatalogSource::Folder(self.folder.clone()),
        }
    }

    /// What of it makes no sense: the setting, and why.
    pub(super) fn fault(&self, loopback: Loopback) -> Option<(&'static str, &'static str)> {
        if !self.git.is_empty() && self.bundle.is_some() {
            return Some(("catalog.git", "it and catalog.bundle aren't given together"));
        }
        // What begins with a dash would be an option of git's, and what has two colons a program of this machine.
        if self.git.starts_with('-') || self.git.contains("::") {
            return Some(("catalog.git", "it must be a path, or an address such as https://… or ssh://…"));
        }
        // It would show in the list of processes.
        if Url::parse(&self.git).is_ok_and(|url| url.password().is_some()) {
            return Some((
                "catalog.git",
                "it can't hold a password: leave that to ~/.netrc or a credential helper of git's",
            ));
        }
        let is_odd = |sign: char| sign.is_whitespace() || sign.is_control() || "-:^~?*[\\".contains(sign);
        let reference = &self.git_reference;
        if !self.git.is_empty() && (reference.is_empty() || reference.starts_with(is_odd) || reference.contains(':')) {
            return Some(("catalog.git_reference", "it must be a branch, a tag or a commit"));
        }
        if self.git_folder.split('/').any(|part| part == "..") {
            return Some(("catalog.git_folder", "it must be a folder of the repository"));
        }
        if self.bundle.is_some() && self.bundle_keys.is_empty() {
            return Some((
                "catalog.bundle_keys",
                "a bundle is taken only from somebody whose public key is named here",
            ));
        }
        if let Some(Place::Address(address)) = &self.bundle
            && address.scheme() != "https"
            && loopback == Loopback::Refused
        {
            return Some(("catalog.bundle", "it must be a file, or an address that begins with https://"));
        }
        None
    }
}
