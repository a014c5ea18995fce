//! `coordinator key create|list|revoke`.
//!
//! Not here: what a key is made of, and how one is checked (`fleet`).

use domain::environment::Environment;
use domain::id::OrganizationId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{CommandError, FIRST_ORGANIZATION, Ground, print_table};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, NewKey, Scope};
use crate::store::ApiKey;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a key; it is printed this once.
    Create {
        /// Whose key it is.
        #[arg(long, default_value = FIRST_ORGANIZATION)]
        organization: String,
        /// What the key is for.
        #[arg(long, default_value = "key")]
        name: String,
        /// What stands in the key, to tell keys apart.
        #[arg(long, default_value_t = Environment::Live)]
        environment: Environment,
        /// What the key may do, with commas; all of it if not given.
        #[arg(long, value_delimiter = ',', value_name = "SCOPES")]
        scopes: Vec<String>,
        /// After how many days it stops working; never if not given.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in_days: Option<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List keys, without their secrets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a key; it stops working at once.
    Revoke {
        /// The part of the key between the environment and the secret.
        id: String,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        match self {
            Self::Create { organization, name, environment, scopes, expires_in_days, json } => {
                let new = NewKey {
                    organization_id: organization_called(ground, &organization).await?,
                    environment,
                    name,
                    scopes: read_scopes(&scopes)?,
                    expires_at: expires_in_days
                        .map(|days| clock::now() + SignedDuration::from_hours(24 * i64::from(days))),
                };
                let (id, key) = new.create(&*ground.store, &config.keys.prefix).await?;
                if json {
                    println!("{}", json!({ "id": id, "key": key.expose() }));
                } else {
                    println!("{}", key.expose());
                    eprintln!("Keep it now: it can't be shown again.");
                }
            }
            Self::List { json } => list(&ground.store.keys().await?, json),
            Self::Revoke { id } => match ground.store.revoke_key(&id, clock::now()).await {
                Err(crate::store::Refused::NotFound) => {
                    return Err(CommandError::Unknown { what: "key", name: id });
                }
                revoked => revoked.map_err(fleet::Error::from)?,
            },
        }
        Ok(())
    }
}

fn list(keys: &[ApiKey], as_json: bool) {
    if as_json {
        let shown = keys.iter().map(|key| {
            json!({
                "id": key.id,
                "organizationId": key.organization_id,
                "environment": key.environment,
                "name": key.name,
                "scopes": key.scopes,
                "createdAt": key.created_at,
                "expiresAt": key.expires_at,
                "revokedAt": key.revoked_at,
                "lastUsedAt": key.last_used_at,
            })
        });
        println!("{}", shown.collect::<serde_json::Value>());
        return;
    }
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |moment| moment.to_string());
    let row = |key: &ApiKey| {
        vec![
            key.id.clone(),
            key.name.clone(),
            key.environment.to_string(),
            key.scopes.join(","),
            moment(key.expires_at),
            moment(key.revoked_at),
            moment(key.last_used_at),
        ]
    };
    print_table(&["ID", "NAME", "ENVIRONMENT", "SCOPES", "EXPIRES", "REVOKED", "LAST USED"], keys.iter().map(row));
}

async fn organization_called(ground: &Ground, slug: &str) -> Result<OrganizationId, CommandError> {
    let organizations = ground.store.organizations().await?;
    let found = organizations.into_iter().find(|organization| organization.slug == slug);
    found
        .map(|organization| organization.id)
        .ok_or_else(|| CommandError::Unknown { what: "organization", name: slug.to_owned() })
}

fn read_scopes(names: &[String]) -> Result<Vec<Scope>, CommandError> {
    if names.is_empty() {
        return Ok(Scope::ALL.to_vec());
    }
    let read = |name: &String| {
        Scope::parse(name).ok_or_else(|| {
            let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            let reason = format!("`{name}` isn't one of {}", known.join(", "));
            fleet::Error::Invalid { field: "scopes", reason }.into()
        })
    };
    names.iter().map(read).collect()
}
