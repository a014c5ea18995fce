//! `coordinator evidence ID`.
//!
//! Not here: scrubbing; the agent did that before it let the page out of its hands.

use super::{CommandError, Ground, printable};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The `evidenceId` of a failure.
    id: String,
}

impl Arguments {
    pub(super) async fn run(self, ground: &Ground) -> Result<(), CommandError> {
        let unknown = || CommandError::Unknown { what: "evidence", name: self.id.clone() };
        let id = self.id.parse().map_err(|_| unknown())?;
        let evidence = ground.store.evidence(id).await?.ok_or_else(unknown)?;
        eprintln!("The page was at {}.", printable(&evidence.url));
        outln!("{}", printable(&evidence.html));
        Ok(())
    }
}
