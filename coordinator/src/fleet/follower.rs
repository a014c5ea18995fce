//! The follower: a background role that has this coordinator's catalog follow what the store says is current,
//! whichever coordinator was told of it.
//!
//! Not here: by what a run is worked that is given out; the store says that with each grant, so nothing hangs on
//! how soon this looks.

use std::sync::Arc;

use super::deploy::followed;
use super::{Error, Fleet};

/// Has the catalog follow.
pub struct Follower(pub Arc<Fleet>);

impl Follower {
    /// One round.
    ///
    /// # Errors
    /// [`Error`]; the next round follows what this one didn't.
    pub async fn run_once(&self) -> Result<(), Error> {
        self.0.follow().await
    }
}

impl Fleet {
    /// Has the catalog follow at once.
    ///
    /// # Errors
    /// [`Error`].
    pub(super) async fn follow(&self) -> Result<(), Error> {
        let _changing = self.shelf.changing.lock().await;
        if let Some(catalog) = followed(&*self.store, &self.catalog()).await? {
            self.shelf.put(catalog);
        }
        Ok(())
    }
}
