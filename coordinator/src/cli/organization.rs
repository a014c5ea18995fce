//! `coordinator organization create|list|terms|attendance`.
//!
//! Not here: removing one; that would take everything that it owns along.

use domain::challenge::TermsPolicy;
use domain::schedule::AttendedHours;
use serde_json::json;

use super::{CommandError, Ground, print_table};
use crate::clock;
use crate::fleet;
use crate::store::Refused;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add an organization with a default entity.
    Create {
        /// Lower-case letters, digits and dashes.
        slug: String,
    },
    /// Say whether banks' terms are accepted for an organization, or a person is asked each time.
    Terms {
        /// The organization.
        slug: String,
        /// `accept` or `ask`.
        policy: TermsPolicy,
    },
    /// Say when somebody attends for an organization; without hours, as the fleet's settings say.
    Attendance {
        /// The organization.
        slug: String,
        /// When, such as `mon-fri 09:00-17:00; sat 10:00-12:00`; empty for never.
        #[arg(long, requires = "zone")]
        hours: Option<String>,
        /// On the clock of this time zone.
        #[arg(long, requires = "hours")]
        zone: Option<String>,
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
                outln!("{}", made.id);
            }
            Self::Terms { slug, policy } => {
                match ground.store.change_organization(&slug, policy.into(), clock::now()).await {
                    Err(Refused::NotFound) => {
                        return Err(CommandError::Unknown { what: "organization", name: slug });
                    }
                    set => set.map_err(fleet::Error::from)?,
                };
                eprintln!("Terms of banks: {policy}.");
            }
            Self::Attendance { slug, hours, zone } => {
                let given = hours.zip(zone);
                let attended = given.map(|(hours, zone)| fleet::attended(&hours, &zone)).transpose()?;
                let set = match ground.store.change_organization(&slug, attended.into(), clock::now()).await {
                    Err(Refused::NotFound) => {
                        return Err(CommandError::Unknown { what: "organization", name: slug });
                    }
                    set => set.map_err(fleet::Error::from)?,
                };
                eprintln!("Somebody attends: {}.", shown(set.attended.as_ref()));
            }
            Self::List { json: true } => {
                let organizations = ground.store.organizations().await?;
                let shown = organizations.iter().map(|organization| {
                    json!({
                        "id": organization.id,
                        "testId": organization.test_id,
                        "slug": organization.slug,
                        "terms": organization.terms,
                        "attendance": organization.attended,
                        "createdAt": organization.created_at,
                    })
                });
                outln!("{}", shown.collect::<serde_json::Value>());
            }
            Self::List { json: false } => {
                let organizations = ground.store.organizations().await?;
                let row = |organization: crate::store::Organization| {
                    let test = organization.test_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
                    let (id, terms) = (organization.id.to_string(), organization.terms.to_string());
                    let attended = shown(organization.attended.as_ref());
                    vec![organization.slug, id, test, terms, attended, organization.created_at.to_string()]
                };
                print_table(
                    &["SLUG", "ID", "TEST ID", "TERMS", "ATTENDED", "CREATED"],
                    organizations.into_iter().map(row),
                );
            }
        }
        Ok(())
    }
}

fn shown(attended: Option<&AttendedHours>) -> String {
    match attended {
        None => "as the fleet's settings say".to_owned(),
        Some(hours) if hours.windows().is_empty() => "never".to_owned(),
        Some(hours) => format!("{} ({})", hours.hours(), hours.zone()),
    }
}
