//! The catalog is read again while everything goes on, from wherever it comes. One with a fault changes nothing at all, here
//! or in the store.
//!
//! It is this coordinator's. What it has becomes known to all by the store, one script after the other: where the
//! store fails in between, those that it took are known and this coordinator's catalog stays as it was, until the next
//! reload or look at the store. Which institutions there are, each coordinator takes from its own.
//!
//! Not here: who asks for it.

use super::deploy::{DeployedScript, deploy, followed};
use super::{Error, Fleet};
use crate::catalog::{Catalog, CatalogError, Files, Wanted, files_of};
use crate::clock;
use crate::store::Act;
use domain::audit::Action;
use serde_json::json;

/// What a folder has that was read again.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// How many institutions.
    pub institutions: usize,
    /// What became of each script.
    pub scripts: Vec<DeployedScript>,
}

/// Why the catalog stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] CatalogError),
    /// What it takes failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Fleet {
    /// Reads the catalog again.
    ///
    /// # Errors
    /// [`ReloadError`]; the catalog stays as it was.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        // Of two reloads the later one reads what is there later.
        let _changing = self.shelf.changing.lock().await;
        let files = self.newest().await?;
        self.take_in(files).await
    }

    /// Reads the catalog again if what it comes from isn't what it was.
    ///
    /// # Errors
    /// As [`reload`](Self::reload).
    pub(super) async fn reload_if_changed(&self) -> Result<Option<Reloaded>, ReloadError> {
        let _changing = self.shelf.changing.lock().await;
        let files = self.newest().await?;
        if self.shelf.was_read_from(&files) {
            return Ok(None);
        }
        self.take_in(files).await.map(Some)
    }

    async fn newest(&self) -> Result<Files, CatalogError> {
        files_of(&self.config.catalog.source(), self.config.data(), Wanted::Newest).await
    }

    async fn take_in(&self, files: Files) -> Result<Reloaded, ReloadError> {
        let urls = self.config.development.portal_urls.clone();
        let read = tokio::task::spawn_blocking(move || Catalog::read(&files, &urls).map(|catalog| (catalog, files)));
        let (folder, files) = read.await.map_err(|_| Error::Busy)??;
        let institutions = folder.institutions().count();
        let scripts = deploy(&*self.store, &folder).await.map_err(Error::from)?;
        let catalog = followed(&*self.store, &folder, &self.shelf.unreadable).await?.unwrap_or(folder);
        let act = Act::new(Action::CatalogReloaded).with(json!({ "institutions": institutions }));
        self.store.note_act(act, clock::now()).await.map_err(Error::from)?;
        self.shelf.put_from(catalog, &files);
        tracing::info!(institutions, "the catalog was read again");
        Ok(Reloaded { institutions, scripts })
    }
}
