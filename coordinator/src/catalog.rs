//! The catalog: one folder an institution, with its record and, where somebody has
//! written one, the script that drives its portal; from a folder, a git repository or a bundle (`source`).
//!
//! Read when the coordinator starts, and again when somebody says so; a folder with a mistake keeps it from
//! starting, or changes nothing. A [`Catalog`] never changes: another one takes its place on the [`Shelf`].
//!
//! The script of an institution is the one that its runs get. That is the folder's unless the store says
//! otherwise ([`Catalog::with`]).
//!
//! Not here: what a script means; only that it has no mistakes.

mod bundle;
mod files;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::institution::Institution;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::lease::ScriptRevision;
use url::Url;

pub use bundle::{SIGNATURE, packed, signed};
pub use files::Files;
pub use source::{Wanted, files_of};

/// The largest script, in bytes.
pub const LARGEST_SCRIPT: usize = 256 << 10;

/// Everything that is known about banks before anyone signs in.
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone)]
struct Entry {
    institution: Institution,
    script: Option<Arc<KnownScript>>,
}

/// A script without mistakes, and what of it is asked for again and again.
pub struct KnownScript {
    /// The text, and its name.
    pub text: ScriptRevision,
    /// The hosts that it may reach beside the portal's own.
    pub hosts: Vec<String>,
    /// Where its dates are dates.
    zone: TimeZone,
    /// What the bank asks for at a sign-in.
    codes: Codes,
}

impl KnownScript {
    /// Reads a script.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(source: String) -> Result<(Self, script::Script), script::Diagnostics> {
        let script = script::Script::parse(&source)?;
        let zone = TimeZone::get(script.timezone()).unwrap_or_else(|_| {
            let timezone = script.timezone();
            tracing::warn!(timezone, "this machine doesn't know the time zone; the day is taken from UTC");
            TimeZone::UTC
        });
        let codes = if script.asks_for_device_codes() { Codes::OfDevice } else { Codes::OfNone };
        let text = ScriptRevision { revision: script::Script::revision(&source), source };
        Ok((Self { text, hosts: script.hosts().to_vec(), zone, codes }, script))
    }
}

/// Where the catalog of this coordinator lies, for whoever needs it. It is looked at as a whole: whoever has got it
/// keeps it, also while another one is put there.
pub struct Shelf {
    catalog: RwLock<Arc<Catalog>>,
    /// From which files a catalog was read last.
    read_from: Mutex<[u8; 32]>,
    /// Held by whoever makes another catalog of the one that is there.
    pub changing: tokio::sync::Mutex<()>,
    /// What this version can't read of what is current.
    pub unreadable: Unreadable,
}

impl Shelf {
    /// One with a catalog that was read from these files.
    #[must_use]
    pub fn new(catalog: Catalog, files: &Files) -> Self {
        let (catalog, changing) = (RwLock::new(Arc::new(catalog)), tokio::sync::Mutex::new(()));
        Self { catalog, read_from: Mutex::new(files.digest()), changing, unreadable: Unreadable::default() }
    }

    /// Whether these are the files from which a catalog was read last.
    #[must_use]
    pub fn was_read_from(&self, files: &Files) -> bool {
        *self.read_from.lock().unwrap_or_else(PoisonError::into_inner) == files.digest()
    }

    /// Puts another one there, which was read from these files.
    pub fn put_from(&self, catalog: Catalog, files: &Files) {
        self.put(catalog);
        *self.read_from.lock().unwrap_or_else(PoisonError::into_inner) = files.digest();
    }

    /// What lies there.
    #[must_use]
    pub fn get(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another one there.
    pub fn put(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }
}

/// Of each institution the current revision that this version can't read, if it can't: a newer one took it.
#[derive(Default)]
pub struct Unreadable(Mutex<BTreeMap<String, String>>);

impl Unreadable {
    /// Whether it is known of a revision that it can't be read.
    #[must_use]
    pub fn has(&self, institution: &str, revision: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(institution).is_some_and(|known| known == revision)
    }

    /// Remembers that a revision can't be read.
    pub fn note(&self, institution: String, revision: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(institution, revision);
    }
}

/// Whether a bank asks for codes of an authenticator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Codes {
    OfDevice,
    OfNone,
}

/// A folder that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder or a file in it can't be read.
    #[error("the catalog's {path} can't be read")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The record says something that it can't.
    #[error("the record {path} has a mistake: {reason}")]
    Record {
        /// Which.
        path: PathBuf,
        /// What.
        reason: String,
    },
    /// The script has mistakes.
    #[error("the script {path} has mistakes:\n{diagnostics}")]
    Script {
        /// Which.
        path: PathBuf,
        /// All of them, with line and column.
        diagnostics: String,
    },
    /// A file has more bytes than any record or script.
    #[error("the catalog's {path} has more than {LARGEST_SCRIPT} bytes")]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// An archive has something that can't be in one.
    #[error("of the catalog {place}, {path} {reason}")]
    Archive {
        /// Where it is from.
        place: PathBuf,
        /// What is in it.
        path: PathBuf,
        /// What is wrong with that.
        reason: String,
    },
    /// Nobody who may has signed a bundle.
    #[error("the bundle {place} isn't signed by a key of catalog.bundle_keys: {reason}")]
    Unsigned {
        /// Where it is from.
        place: PathBuf,
        /// Why.
        reason: String,
    },
    /// A repository can't be had.
    #[error("git {what}: {reason}")]
    Git {
        /// What of it.
        what: String,
        /// Why.
        reason: String,
    },
    /// A bundle can't be had.
    #[error("the bundle {address} can't be had: {reason}")]
    Address {
        /// Where it should be.
        address: Url,
        /// Why.
        reason: String,
    },
}

impl Catalog {
    /// Reads what is in the files; `portal_urls` take the place of the records' own.
    ///
    /// # Errors
    /// [`CatalogError`] names the file.
    pub fn read(files: &Files, portal_urls: &BTreeMap<String, Url>) -> Result<Self, CatalogError> {
        let mut entries = BTreeMap::new();
        for (name, folder) in &files.folders {
            let path = files.place.join(name);
            let record = path.join(files::RECORD);
            let Some(bytes) = &folder.record else { continue };
            let mistake = |reason: String| CatalogError::Record { path: record.clone(), reason };
            let text = str::from_utf8(bytes).map_err(|error| mistake(error.to_string()))?;
            let mut institution: Institution =
                serde_saphyr::from_str(text).map_err(|error| mistake(error.to_string()))?;
            if *name != institution.id {
                return Err(mistake(format!("its id is `{}` and its folder's name is another", institution.id)));
            }
            if let Some(url) = portal_urls.get(&institution.id) {
                institution.default_portal_url = url.clone();
            }
            let script = folder.script.as_ref().map(|bytes| read_script(&path.join(files::SCRIPT), bytes));
            let script = script.transpose()?.map(Arc::new);
            entries.insert(institution.id.clone(), Entry { institution, script });
        }
        if let Some(unknown) = portal_urls.keys().find(|id| !entries.contains_key(*id)) {
            let reason = format!("development.portal_urls names `{unknown}`, which has no folder here");
            return Err(CatalogError::Record { path: files.place.clone(), reason });
        }
        Ok(Self { entries })
    }

    /// One institution.
    #[must_use]
    pub fn institution(&self, id: &str) -> Option<&Institution> {
        self.entries.get(id).map(|entry| &entry.institution)
    }

    /// All of them, by id.
    pub fn institutions(&self) -> impl Iterator<Item = &Institution> {
        self.entries.values().map(|entry| &entry.institution)
    }

    /// The script that drives an institution's portal.
    #[must_use]
    pub fn script(&self, id: &str) -> Option<&ScriptRevision> {
        self.known_script(id).map(|script| &script.text)
    }

    /// The same, with what is known of it.
    #[must_use]
    pub fn known_script(&self, id: &str) -> Option<&KnownScript> {
        self.entries.get(id).and_then(|entry| entry.script.as_deref())
    }

    /// Those that have a script, by id.
    pub fn scripts(&self) -> impl Iterator<Item = (&str, &KnownScript)> {
        self.entries.iter().filter_map(|(id, entry)| Some((id.as_str(), entry.script.as_deref()?)))
    }

    /// The same catalog with these scripts in place of those that it has. Of an institution that it doesn't know
    /// nothing is kept.
    #[must_use]
    pub fn with(&self, scripts: Vec<(String, KnownScript)>) -> Self {
        let mut entries = self.entries.clone();
        for (id, script) in scripts {
            if let Some(entry) = entries.get_mut(&id) {
                entry.script = Some(Arc::new(script));
            }
        }
        Self { entries }
    }

    /// Whether an institution asks for codes of an authenticator, as far as its script knows.
    #[must_use]
    pub fn asks_for_device_codes(&self, id: &str) -> bool {
        self.known_script(id).is_some_and(|script| script.codes == Codes::OfDevice)
    }

    /// The day that it is at an institution; in UTC where no script says its time zone.
    #[must_use]
    pub fn today(&self, id: &str, now: Timestamp) -> Date {
        now.to_zoned(self.zone(id).clone()).date()
    }

    /// An institution's time zone; UTC where no script says it.
    #[must_use]
    pub fn zone(&self, id: &str) -> &TimeZone {
        static ELSEWHERE: TimeZone = TimeZone::UTC;
        self.known_script(id).map_or(&ELSEWHERE, |script| &script.zone)
    }

    /// The institution whose portal is at this address.
    #[must_use]
    pub fn institution_at(&self, portal: &Url) -> Option<&Institution> {
        self.institutions().find(|institution| institution.is_at(portal))
    }
}

fn read_script(path: &Path, bytes: &[u8]) -> Result<KnownScript, CatalogError> {
    let mistakes = |diagnostics: String| CatalogError::Script { path: path.to_owned(), diagnostics };
    let source = str::from_utf8(bytes).map_err(|error| mistakes(error.to_string()))?;
    let known = KnownScript::read(source.to_owned()).map_err(|diagnostics| mistakes(diagnostics.to_string()))?;
    Ok(known.0)
}
