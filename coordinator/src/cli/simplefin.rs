//! `coordinator simplefin create|list|revoke`.
//!
//! Not here: what a token opens (`http::simplefin`).

use domain::environment::Environment;
use domain::id::EntityId;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CommandError, FIRST_ORGANIZATION, Ground, organization_called, print_table, printable};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, SimpleFinRequest};
use crate::store::{Refused, SimpleFinToken};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a setup token for an application; it is printed this once and claimed once.
    Create {
        /// Whose records it reads.
        #[arg(long, default_value = FIRST_ORGANIZATION)]
        organization: String,
        /// `live` for real banks, `test` for simulated portals.
        #[arg(long, default_value_t = Environment::Live)]
        environment: Environment,
        /// Of this entity alone.
        #[arg(long, value_name = "ID")]
        entity: Option<Uuid>,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List tokens, without their secrets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a token; it stops working at once.
    Revoke {
        /// Its id.
        id: Uuid,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let store = &*ground.store;
        match self {
            Self::Create { organization, environment, entity, name, json } => {
                let organization = organization_called(ground, &organization).await?.id;
                let tenant_id = fleet::tenant(store, &ground.vault, organization, environment).await?;
                let request = SimpleFinRequest { tenant_id, entity_id: entity.map(EntityId), name };
                let made = fleet::create_simplefin_token(store, &config.public_url(), request).await;
                let (token, setup) = made.map_err(|error| match (error, entity) {
                    (fleet::Error::Refused(Refused::NotFound), Some(entity)) => {
                        CommandError::Unknown { what: "entity", name: entity.to_string() }
                    }
                    (error, _) => error.into(),
                })?;
                if json {
                    let mut shown = shown(&token);
                    shown["setupToken"] = setup.expose().into();
                    outln!("{shown}");
                } else {
                    outln!("{}", setup.expose());
                    eprintln!("Give it to the application within a day; it can't be shown again.");
                }
            }
            Self::List { json } => list(&store.simplefin_tokens().await?, json),
            Self::Revoke { id } => match store.revoke_simplefin_token(id, clock::now()).await {
                Err(Refused::NotFound) => {
                    return Err(CommandError::Unknown { what: "SimpleFIN token", name: id.to_string() });
                }
                revoked => drop(revoked.map_err(fleet::Error::from)?),
            },
        }
        Ok(())
    }
}

fn shown(token: &SimpleFinToken) -> Value {
    json!({
        "id": token.id,
        "tenant": token.tenant_slug,
        "entityId": token.entity_id,
        "name": token.name,
        "createdAt": token.created_at,
        "claimExpiresAt": token.claim_expires_at,
        "claimedAt": token.claimed_at,
        "revokedAt": token.revoked_at,
        "lastUsedAt": token.last_used_at,
    })
}

fn list(tokens: &[SimpleFinToken], as_json: bool) {
    if as_json {
        outln!("{}", tokens.iter().map(shown).collect::<Value>());
        return;
    }
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |moment| moment.to_string());
    let row = |token: &SimpleFinToken| {
        vec![
            token.id.to_string(),
            token.tenant_slug.clone(),
            token.entity_id.map_or_else(|| "all".to_owned(), |entity| entity.to_string()),
            printable(&token.name),
            moment(token.claimed_at),
            moment(token.revoked_at),
            moment(token.last_used_at),
        ]
    };
    print_table(&["ID", "TENANT", "ENTITY", "NAME", "CLAIMED", "REVOKED", "LAST USED"], tokens.iter().map(row));
}
