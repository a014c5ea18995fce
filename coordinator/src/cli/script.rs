//! `coordinator script wanted`.
//!
//! Not here: checking a script; `agent check` does that.

use serde_json::{Value, json};

use super::{CommandError, Ground, print_table};
use crate::fleet;
use crate::store::UnknownPortal;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List portals for which a script has to be written, the one that waits longest first.
    Wanted {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground) -> Result<(), CommandError> {
        let Self::Wanted { json } = self;
        let portals = fleet::wanted_scripts(&*ground.store).await?;
        if json {
            println!("{}", portals.iter().map(shown).collect::<Value>());
            return Ok(());
        }
        let row = |portal: &UnknownPortal| {
            vec![
                portal.origin.clone(),
                portal.connections.to_string(),
                portal.organizations.to_string(),
                portal.oldest_created_at.to_string(),
            ]
        };
        print_table(&["PORTAL", "CONNECTIONS", "ORGANIZATIONS", "SINCE"], portals.iter().map(row));
        Ok(())
    }
}

fn shown(portal: &UnknownPortal) -> Value {
    json!({
        "origin": portal.origin,
        "connections": portal.connections,
        "organizations": portal.organizations,
        "oldestCreatedAt": portal.oldest_created_at,
    })
}
