//! `coordinator organization create|list`.
//!
//! Not here: removing one; that would take everything that it owns along.

use serde_json::json;

use super::{CommandError, Ground, print_table};
use crate::fleet;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add an organization with a default entity.
    Create {
        /// Lower-case letters, digits and dashes.
        slug: String,
    },
    /// List organizations.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground) -> Result<(), CommandError> {
        match self {
            Self::Create { slug } => {
                let id = fleet::create_organization(&*ground.store, &ground.vault, &slug).await?;
                println!("{id}");
            }
            Self::List { json: true } => {
                let organizations = ground.store.organizations().await?;
                let shown = organizations.iter().map(|organization| {
                    json!({ "id": organization.id, "slug": organization.slug, "createdAt": organization.created_at })
                });
                println!("{}", shown.collect::<serde_json::Value>());
            }
            Self::List { json: false } => {
                let organizations = ground.store.organizations().await?;
                let row = |organization: crate::store::Organization| {
                    vec![organization.slug, organization.id.to_string(), organization.created_at.to_string()]
                };
                print_table(&["SLUG", "ID", "CREATED"], organizations.into_iter().map(row));
            }
        }
        Ok(())
    }
}
