//! The catalog's folder is read again while everything goes on. A folder with a fault changes nothing at all, here or in
//! the store.
//!
//! It is this coordinator's folder. What it has becomes known to all by the store, one script after the other: where the
//! store fails in between, those that it took are known and this coordinator's catalog stays as it was, until the next
//! reload or look at the store. Which institutions there are, each coordinator takes from its own.
//!
//! Not here: who asks for it.

use super::deploy::{DeployedScript, deploy, followed};
use super::{Error, Fleet};
use crate::catalog::{Catalog, CatalogError};
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
    /// Reads the catalog's folder again.
    ///
    /// # Errors
    /// [`ReloadError`]; the catalog stays as it was.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let settings = &self.config;
        let (path, urls) = (settings.catalog.folder.clone(), settings.development.portal_urls.clone());
        // Of two reloads the later one reads the later folder.
        let changing = self.shelf.changing.lock().await;
        let read = tokio::task::spawn_blocking(move || Catalog::load(&path, &urls)).await;
        let folder = read.map_err(|_| Error::Busy)??;
        let institutions = folder.institutions().count();
        let scripts = deploy(&*self.store, &folder).await.map_err(Error::from)?;
        let catalog = followed(&*self.store, &folder, &self.shelf.unreadable).await?.unwrap_or(folder);
        let act = Act::new(Action::CatalogReloaded).with(json!({ "institutions": institutions }));
        self.store.note_act(act, clock::now()).await.map_err(Error::from)?;
        self.shelf.put(catalog);
        drop(changing);
        tracing::info!(institutions, "the catalog's folder was read again");
        Ok(Reloaded { institutions, scripts })
    }
}
