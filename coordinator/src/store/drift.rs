//! How the pages of portals are known to be built, and how far they drift from day to day. Of all organizations together:
//! nothing of a customer's is in it.
//!
//! Not here: what a page is built of, and how far one is from another (the script crate).

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use protocol::report::KnownDigest;
use script::drift::Distance;

use super::StoreError;

/// How pages drift.
#[async_trait]
pub trait Drift {
    /// Each page of an institution's, with how it showed last.
    async fn known_digests(&self, institution: &str) -> Result<Vec<KnownDigest>, StoreError>;
    /// Each page of an institution's, by name.
    async fn known_pages(&self, institution: &str) -> Result<Vec<KeptPage>, StoreError>;
    /// Keeps how pages show now in whole runs, and counts how far each page of a run was from its reference. Of an
    /// institution that has very many pages already no further one is kept or counted.
    async fn note_pages(&self, institution: &str, pages: &[PageNote], at: Timestamp) -> Result<(), StoreError>;
    /// How far pages were on each day from `since` on, by page and day.
    async fn page_days(&self, institution: &str, since: Date) -> Result<Vec<PageDay>, StoreError>;
    /// Forgets days before `before`.
    async fn prune_page_days(&self, before: Date, limit: u32) -> Result<u64, StoreError>;
}

/// A page as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPage {
    /// As the script calls it.
    pub page: String,
    /// The revision that saw it first as the reference is.
    pub revision: String,
    /// That from which distances are measured.
    pub reference: PageLook,
    /// How it showed last.
    pub latest: PageLook,
    /// How far that is.
    pub distance: Distance,
}

/// How a page showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLook {
    /// The page, without anything of a customer's.
    pub html: String,
    /// The digest of its skeleton.
    pub digest: String,
    /// When.
    pub at: Timestamp,
}

/// What a run tells of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageNote {
    /// As the script calls it.
    pub page: String,
    /// How far it was from its reference.
    pub distance: Distance,
    /// What is kept of it.
    pub kept: PageKept,
}

/// What is kept of a page that a run saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageKept {
    /// Nothing but how far it was: it showed as it did last, or the run wasn't whole.
    Nothing,
    /// It shows so now.
    Latest(PageLook),
    /// It shows so now, and this revision saw it so first.
    Reference(String, PageLook),
    /// As it showed last, it is what a revision saw first.
    LatestIsReference(String),
}

/// How far a page was on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageDay {
    /// As the script calls it.
    pub page: String,
    /// The day, in UTC.
    pub day: Date,
    /// In how many runs it showed.
    pub runs: u64,
    /// In how many it wasn't built as its reference.
    pub changed: u64,
    /// How far it was on average.
    pub mean: Distance,
    /// How far it was at most.
    pub most: Distance,
}
