//! Connections that were made for a portal that nobody knew get the institution that stands for it, once the catalog
//! has one with a script: then what is to be done next isn't Bursar's any more.
//!
//! Not here: portals that still wait (`wanted_scripts`).

use domain::anchor::institution_anchor;

use super::{Error, Fleet};
use crate::clock;

/// How many are looked at at once.
const PAGE: u32 = 500;

impl Fleet {
    /// Gives each connection that waits its institution, where there is one; how many got one.
    ///
    /// # Errors
    /// [`Error`]; those that got one by then keep it.
    pub(super) async fn find_institutions(&self) -> Result<usize, Error> {
        let (catalog, mut after, mut found) = (self.catalog(), None, 0);
        loop {
            let waiting = self.store.connections_without_institution(after, PAGE).await?;
            let Some(last) = waiting.last() else { return Ok(found) };
            after = Some(last.id);
            for connection in &waiting {
                let known = catalog.institution_at(&connection.portal_url);
                let Some(id) = known.map(|known| &known.id).filter(|id| catalog.script(id).is_some()) else { continue };
                let anchor = institution_anchor(id);
                if self.store.give_institution(connection, id, &anchor, clock::now()).await? {
                    tracing::info!(connection_id = %connection.id, institution = id, "a portal that waited is known now");
                    found += 1;
                }
            }
        }
    }
}
