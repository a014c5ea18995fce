//! What the catalog's folder has comes into the store, and what the store says comes into the catalog: a revision
//! that nobody knew is kept and leads where the folder does, and an institution's script is the one that is current.
//!
//! Not here: which of them is (`domain::rollout`).

use super::Error;
use crate::catalog::{Catalog, KnownScript, Unreadable};
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
        let new = NewRevision {
            institution: id,
            revision,
            source: &script.text.source,
            hosts: &script.hosts,
            note: None,
            mends: None,
        };
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

/// The catalog with the scripts that are current; none if it has them already. A revision that this version can't read
/// is left out, and remembered, so that it is neither read nor said again with each look.
///
/// # Errors
/// [`Error`] if the store fails.
pub async fn followed(store: &dyn Store, catalog: &Catalog, unreadable: &Unreadable) -> Result<Option<Catalog>, Error> {
    let mut scripts = Vec::new();
    for kept in store.rollouts().await? {
        let (id, current) = (kept.institution_id, kept.rollout.current.revision);
        let is_here = catalog.script(&id).is_some_and(|script| script.revision == current);
        if is_here || catalog.institution(&id).is_none() || unreadable.has(&id, &current) {
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
                unreadable.note(id, current);
            }
        }
    }
    Ok((!scripts.is_empty()).then(|| catalog.with(scripts)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::followed;
    use crate::catalog::{Catalog, Files, Unreadable};
    use crate::clock;
    use crate::store::{NewRevision, StoreUrl, Tables, open};

    #[tokio::test]
    async fn a_current_revision_that_can_t_be_read_is_remembered_until_another_is_current() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = StoreUrl::Sqlite(folder.path().join("t.sqlite"));
        let store = open(&url, Tables::BroughtUpToDate).await.expect("a store");
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts");
        let catalog = Files::of_folder(&scripts).and_then(|files| Catalog::read(&files, &BTreeMap::new()));
        let catalog = catalog.expect("a catalog");
        let deploy = async |revision, source| {
            let new = NewRevision { institution: "harbour", revision, source, hosts: &[], note: None, mends: None };
            store.deploy_revision(new, clock::now()).await.expect("kept")
        };
        deploy("newer", "script: 99").await;
        let unreadable = Unreadable::default();
        for _ in 0..2 {
            assert!(followed(&*store, &catalog, &unreadable).await.expect("an answer").is_none());
            assert!(unreadable.has("harbour", "newer"), "it isn't read with each look");
        }
        let own = catalog.script("harbour").expect("a script");
        deploy("fixed", &format!("{}# Fixed.\n", own.source)).await;
        let followed = followed(&*store, &catalog, &unreadable).await.expect("an answer").expect("another catalog");
        assert_ne!(followed.script("harbour").map(|script| &script.revision), Some(&own.revision));
    }
}
