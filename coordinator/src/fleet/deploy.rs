//! What the catalog's folder has comes into the store, and what the store says comes into the catalog: a revision
//! that nobody knew is kept and leads where the folder does, and an institution's script is the one that is current.
//!
//! Not here: which of them is (`domain::rollout`).

use super::Error;
use crate::catalog::{Catalog, KnownScript};
use crate::clock;
use crate::store::{Deployed, NewRevision, Store, StoreError};

/// What became of one script of the folder.
#[derive(Clone, Debug)]
pub struct DeployedScript {
    /// The bank.
    pub institution_id: String,
    /// The revision that the folder has.
    pub revision: String,
    /// What became of it.
    pub deployed: Deployed,
}

/// Keeps every script of a folder that was read just now.
///
/// # Errors
/// [`StoreError`]; what was kept by then stays kept.
pub async fn deploy(store: &dyn Store, folder: &Catalog) -> Result<Vec<DeployedScript>, StoreError> {
    let mut all = Vec::new();
    for (id, script) in folder.scripts() {
        let revision = script.text.revision.as_str();
        let new =
            NewRevision { institution: id, revision, source: &script.text.source, hosts: &script.hosts, note: None };
        let deployed = store.deploy_revision(new, clock::now()).await?;
        match deployed {
            Deployed::IsCurrent => tracing::info!(institution = id, revision, "the folder's script is current now"),
            Deployed::IsKept => {
                let hint = "`coordinator script promote` makes it current; what somebody chose stands until then";
                tracing::warn!(institution = id, revision, hint, "the folder's script is kept and isn't current");
            }
            Deployed::WasKnown => {}
        }
        all.push(DeployedScript { institution_id: id.to_owned(), revision: revision.to_owned(), deployed });
    }
    Ok(all)
}

/// The catalog with the scripts that are current; none if it has them already.
///
/// # Errors
/// [`Error`] if the store fails. A revision that this version can't read is left out.
pub async fn followed(store: &dyn Store, catalog: &Catalog) -> Result<Option<Catalog>, Error> {
    let mut scripts = Vec::new();
    for kept in store.rollouts().await? {
        let (id, current) = (kept.institution_id, kept.rollout.current.revision);
        let is_here = catalog.script(&id).is_some_and(|script| script.revision == current);
        if is_here || catalog.institution(&id).is_none() {
            continue;
        }
        let Some(source) = store.revision_source(&id, &current).await? else { continue };
        match KnownScript::read(source) {
            Ok((script, _)) => {
                if let Some(folders) = catalog.script(&id) {
                    let (revision, instead_of) = (current.as_str(), folders.revision.as_str());
                    tracing::info!(institution = id, revision, instead_of, "another script is current");
                }
                scripts.push((id, script));
            }
            Err(faults) => {
                let hint = "bring this coordinator up to date: a newer one took the script";
                tracing::error!(institution = id, revision = current, hint, %faults, "a script can't be read");
            }
        }
    }
    Ok((!scripts.is_empty()).then(|| catalog.with(scripts)))
}
