//! `coordinator key create|list|rotate|expire|revoke`.
//!
//! Not here: what a key is made of, and how one is checked (`fleet`).

use domain::environment::Environment;
use domain::id::{EntityId, OrganizationId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{CommandError, FIRST_ORGANIZATION, Ground, organization_called, print_table, printable};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, MadeKey, NewKey, Scope};
use crate::store::{ApiKey, KeyFilter, KeyPageRequest, PageRequest, Refused};

/// How many keys are read from the store at once.
const PAGE: u32 = 500;
/// The external id of the entity that every tenant has from the start.
const FIRST_ENTITY: &str = "default";

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
        /// `live` for real banks, `test` for simulated portals; neither sees anything of
        /// the other.
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
    /// Make a key that takes over from another; it is printed this once.
    Rotate {
        /// The part of the old key between the environment and the secret.
        id: String,
        /// For how long the old key works on, as in `24h`; never for longer than it would have.
        #[arg(long, default_value = "24h", value_parser = span)]
        overlap: SignedDuration,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set when a key stops working.
    #[command(group(clap::ArgGroup::new("when").required(true)))]
    Expire {
        /// The part of the key between the environment and the secret.
        id: String,
        /// After how long, as in `7d` or `12h`.
        #[arg(long = "in", value_name = "SPAN", value_parser = span, group = "when")]
        within: Option<SignedDuration>,
        /// At this moment, by RFC 3339.
        #[arg(long, value_name = "MOMENT", group = "when")]
        at: Option<Timestamp>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a key; it stops working at once.
    Revoke {
        /// The part of the key between the environment and the secret.
        id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let (store, prefix) = (&*ground.store, &config.keys.prefix);
        match self {
            Self::Create { organization, name, environment, scopes, expires_in_days, json } => {
                let organization = organization_called(ground, &organization).await?.id;
                let new = NewKey {
                    tenant_id: fleet::tenant(store, &ground.vault, organization, environment).await?,
                    environment,
                    name,
                    scopes: Scope::parse_all(&scopes)?,
                    expires_at: expires_in_days
                        .map(|days| clock::now() + SignedDuration::from_hours(24 * i64::from(days))),
                };
                let made = new.create(store, prefix).await?;
                let mut shown = shown_whole(&made);
                // Whoever got a key can begin at once: a connection needs an entity.
                shown["defaultEntityId"] = json!(default_entity(ground, made.kept.tenant_id).await?);
                print_made(&made, &shown, json);
            }
            Self::List { json } => print_list(&all(ground).await?, json),
            Self::Rotate { id, overlap, json } => {
                let made = fleet::rotate_key(store, prefix, &id, overlap).await.map_err(|error| unknown(error, id))?;
                print_made(&made, &shown_whole(&made), json);
            }
            Self::Expire { id, within, at, json } => {
                let at = at.or_else(|| clock::now().checked_add(within?).ok());
                let at = at.ok_or_else(|| CommandError::Said("this moment is too far away".into()))?;
                let key = fleet::expire_key(store, &id, at).await.map_err(|error| unknown(error, id))?;
                print_changed(&key, json);
            }
            Self::Revoke { id, json } => {
                let revoked = store.revoke_key(&id, clock::now()).await;
                print_changed(&revoked.map_err(|refused| unknown(refused.into(), id))?, json);
            }
        }
        Ok(())
    }
}

async fn all(ground: &Ground) -> Result<Vec<ApiKey>, CommandError> {
    let mut keys = Vec::new();
    loop {
        let page = KeyPageRequest { after: keys.last().map(ApiKey::position), limit: PAGE };
        let read = ground.store.keys(KeyFilter::default(), page).await?;
        if read.is_empty() {
            return Ok(keys);
        }
        keys.extend(read);
    }
}

fn unknown(error: fleet::Error, id: String) -> CommandError {
    match error {
        fleet::Error::Refused(Refused::NotFound) => CommandError::Unknown { what: "key", name: id },
        error => error.into(),
    }
}

/// The entity that a tenant has from the start.
async fn default_entity(ground: &Ground, tenant: OrganizationId) -> Result<Option<EntityId>, CommandError> {
    let page = PageRequest { after: None, limit: 1 };
    let found = ground.store.entities(tenant, Some(FIRST_ENTITY), page).await?;
    Ok(found.first().map(|entity| entity.id))
}

fn shown_whole(made: &MadeKey) -> Value {
    let mut shown = shown(&made.kept);
    shown["key"] = made.whole.expose().into();
    shown
}

fn print_made(made: &MadeKey, shown: &Value, as_json: bool) {
    if as_json {
        outln!("{shown}");
    } else {
        outln!("{}", made.whole.expose());
        eprintln!("Keep it now: it can't be shown again.");
    }
}

fn print_changed(key: &ApiKey, as_json: bool) {
    if as_json {
        outln!("{}", shown(key));
    } else if let Some(revoked) = key.revoked_at {
        eprintln!("The key {} was ended at {revoked}.", key.id);
    } else if let Some(end) = key.expires_at {
        eprintln!("The key {} stops working at {end}.", key.id);
    }
}

fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "organizationId": key.organization_id,
        "organization": key.organization_slug,
        "environment": key.environment,
        "name": key.name,
        "scopes": key.scopes,
        "replaces": key.replaces,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at,
    })
}

fn print_list(keys: &[ApiKey], as_json: bool) {
    if as_json {
        outln!("{}", keys.iter().map(shown).collect::<Value>());
        return;
    }
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |moment| moment.to_string());
    let row = |key: &ApiKey| {
        vec![
            key.id.clone(),
            key.organization_slug.clone(),
            key.environment.to_string(),
            printable(&key.name),
            key.scopes.join(","),
            moment(key.expires_at),
            moment(key.revoked_at),
            moment(key.last_used_at),
        ]
    };
    let header = ["ID", "ORGANIZATION", "ENVIRONMENT", "NAME", "SCOPES", "EXPIRES", "REVOKED", "LAST USED"];
    print_table(&header, keys.iter().map(row));
}

/// A span such as `90m`, `24h` or `7d`, above zero or zero. Days have 24 hours.
fn span(text: &str) -> Result<SignedDuration, String> {
    let malformed = || format!("`{text}` isn't a span such as 90m, 24h or 7d");
    let span = match text.strip_suffix('d').map(str::parse::<i64>) {
        Some(Ok(days)) => days.checked_mul(24).and_then(SignedDuration::try_from_hours).ok_or_else(malformed)?,
        _ => text.parse().map_err(|_| malformed())?,
    };
    if span.is_negative() { Err(malformed()) } else { Ok(span) }
}
