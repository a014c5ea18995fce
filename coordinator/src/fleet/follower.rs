//! The follower: a background role that has this coordinator's catalog follow what the store says is current,
//! whichever coordinator was told of it, and then looks for connections that waited for what came.
//!
//! Not here: by what a run is worked that is given out; the store says that with each grant, so nothing hangs on
//! how soon this looks.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::deploy::followed;
use super::{Error, Fleet};
use crate::catalog::Catalog;

/// How often it is looked for waiting connections though the catalog is the same: one may have been made by a catalog
/// that was put away meanwhile.
const LOOK_ANYWAY: Duration = Duration::from_secs(60);

/// Has the catalog follow.
pub struct Follower {
    fleet: Arc<Fleet>,
    /// By which catalog it was looked for waiting connections, and when.
    looked: Option<(Arc<Catalog>, Instant)>,
}

impl Follower {
    /// One that has looked for nothing yet.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, looked: None }
    }

    /// One round.
    ///
    /// # Errors
    /// [`Error`]; the next round follows what this one didn't.
    pub async fn run_once(&mut self) -> Result<(), Error> {
        self.fleet.follow().await?;
        let catalog = self.fleet.catalog();
        let is_same = |(by, at): &(Arc<Catalog>, Instant)| Arc::ptr_eq(by, &catalog) && at.elapsed() < LOOK_ANYWAY;
        if !self.looked.as_ref().is_some_and(is_same) {
            self.fleet.find_institutions().await?;
            self.looked = Some((catalog, Instant::now()));
        }
        Ok(())
    }
}

impl Fleet {
    /// Has the catalog follow at once.
    ///
    /// # Errors
    /// [`Error`].
    pub(super) async fn follow(&self) -> Result<(), Error> {
        let _changing = self.shelf.changing.lock().await;
        if let Some(catalog) = followed(&*self.store, &self.catalog(), &self.shelf.unreadable).await? {
            self.shelf.put(catalog);
        }
        Ok(())
    }
}
