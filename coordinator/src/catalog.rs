//! The catalog: one folder an institution, with its record and, where somebody has
//! written one, the script that drives its portal.
//!
//! Read once when the coordinator starts; a folder with a mistake keeps it from
//! starting, with every mistake named.
//!
//! Not here: what a script means; only that it has no mistakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::institution::Institution;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::lease::ScriptRevision;
use url::Url;

/// Everything that is known about banks before anyone signs in.
pub struct Catalog {
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    institution: Institution,
    script: Option<ScriptRevision>,
    /// Where its dates are dates, as its script says.
    zone: TimeZone,
    /// What its script says that the bank asks for at a sign-in.
    codes: Codes,
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
}

impl Catalog {
    /// Reads `folder`; `portal_urls` take the place of the records' own.
    ///
    /// # Errors
    /// [`CatalogError`] names the file.
    pub fn load(folder: &Path, portal_urls: &BTreeMap<String, Url>) -> Result<Self, CatalogError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| CatalogError::Unreadable { path, source }
        };
        let mut entries = BTreeMap::new();
        for item in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let item = item.map_err(unreadable(folder))?.path();
            let record = item.join("institution.yaml");
            if !record.is_file() {
                continue;
            }
            let text = std::fs::read_to_string(&record).map_err(unreadable(&record))?;
            let mut institution = read_record(&record, &text)?;
            let mistake = |reason: String| CatalogError::Record { path: record.clone(), reason };
            if item.file_name().is_none_or(|name| name != institution.id.as_str()) {
                return Err(mistake(format!("its id is `{}` and its folder's name is another", institution.id)));
            }
            if let Some(url) = portal_urls.get(&institution.id) {
                institution.default_portal_url = url.clone();
            }
            let file = item.join("script.yaml");
            let (script, zone, codes) = match file.is_file() {
                true => read_script(&file).map(|(script, zone, codes)| (Some(script), zone, codes))?,
                false => (None, TimeZone::UTC, Codes::OfNone),
            };
            entries.insert(institution.id.clone(), Entry { institution, script, zone, codes });
        }
        if let Some(unknown) = portal_urls.keys().find(|id| !entries.contains_key(*id)) {
            let reason = format!("development.portal_urls names `{unknown}`, which has no folder here");
            return Err(CatalogError::Record { path: folder.to_owned(), reason });
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
        self.entries.get(id).and_then(|entry| entry.script.as_ref())
    }

    /// Whether an institution asks for codes of an authenticator, as far as its script knows.
    #[must_use]
    pub fn asks_for_device_codes(&self, id: &str) -> bool {
        self.entries.get(id).is_some_and(|entry| entry.codes == Codes::OfDevice)
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
        self.entries.get(id).map_or(&ELSEWHERE, |entry| &entry.zone)
    }

    /// The institution whose portal is at this address.
    #[must_use]
    pub fn institution_at(&self, portal: &Url) -> Option<&Institution> {
        self.institutions().find(|institution| institution.is_at(portal))
    }
}

fn read_record(path: &Path, text: &str) -> Result<Institution, CatalogError> {
    serde_saphyr::from_str(text)
        .map_err(|error| CatalogError::Record { path: path.to_owned(), reason: error.to_string() })
}

fn read_script(path: &Path) -> Result<(ScriptRevision, TimeZone, Codes), CatalogError> {
    let source =
        std::fs::read_to_string(path).map_err(|source| CatalogError::Unreadable { path: path.to_owned(), source })?;
    match script::Script::parse(&source) {
        Ok(script) => {
            let zone = TimeZone::get(script.timezone()).unwrap_or_else(|_| {
                let timezone = script.timezone();
                tracing::warn!(timezone, "this machine doesn't know the time zone; the day is taken from UTC");
                TimeZone::UTC
            });
            let codes = if script.asks_for_device_codes() { Codes::OfDevice } else { Codes::OfNone };
            Ok((ScriptRevision { revision: script::Script::revision(&source), source }, zone, codes))
        }
        Err(diagnostics) => Err(CatalogError::Script { path: path.to_owned(), diagnostics: diagnostics.to_string() }),
    }
}
