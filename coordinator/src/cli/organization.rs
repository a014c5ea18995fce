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
                let made = fleet::create_organization(&*ground.store, &ground.vault, &slug).await?;
                println!("{}", made.id);
            }
            Self::List { json: true } => {
                let organizations = ground.store.organizations().await?;
                let shown = organizations.iter().map(|organization| {
                    json!({
                        "id": organization.id,
                        "testId": organization.test_id,
                        "slug": organization.slug,
                        "createdAt": organization.created_at,
                    })
                });
                println!("{}", shown.collect::<serde_json::Value>());
            }
            Self::List { json: false } => {
                let organizations = ground.store.organizations().await?;
                let row = |organization: crate::store::Organization| {
                    let test = organization.test_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
                    vec![organization.slug, organization.id.to_string(), test, organization.created_at.to_string()]
                };
                print_table(&["SLUG", "ID", "TEST ID", "CREATED"], organizations.into_iter().map(row));
            }
        }
        Ok(())
    }
}
