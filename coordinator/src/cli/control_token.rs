//! `coordinator control-token create|list|revoke`.
//!
//! Not here: what a token is made of, and how one is checked (`fleet`).

use domain::role::Role;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{CommandError, Ground, in_one_line, print_table};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, create_control_token};
use crate::store::{ControlToken, Refused};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a token; it is printed this once.
    Create {
        /// Who or what has it, such as `grafana`.
        #[arg(long)]
        name: String,
        /// `viewer` looks at the fleet, `operator` also steers it, `administrator` also reaches
        /// organizations, keys and records.
        #[arg(long)]
        role: Role,
        /// After how many days it stops working; never if not given.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in_days: Option<u32>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List tokens, without their secrets. The one of the settings isn't among them.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a token; it stops working at once.
    Revoke {
        /// The part of the token between `control` and the secret.
        id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let store = &*ground.store;
        match self {
            Self::Create { name, role, expires_in_days, json } => {
                let days = |days| clock::now() + SignedDuration::from_hours(24 * i64::from(days));
                let expires_at = expires_in_days.map(days);
                let made = create_control_token(store, &config.keys.prefix, name, role, expires_at).await?;
                if json {
                    let mut shown = shown(&made.kept);
                    shown["token"] = made.whole.expose().into();
                    outln!("{shown}");
                } else {
                    outln!("{}", made.whole.expose());
                    eprintln!("Keep it now: it can't be shown again.");
                }
            }
            Self::List { json } => {
                let tokens = store.control_tokens().await?;
                if json {
                    outln!("{}", tokens.iter().map(shown).collect::<Value>());
                } else {
                    print_table(&["ID", "NAME", "ROLE", "EXPIRES", "REVOKED", "LAST USED"], tokens.iter().map(row));
                }
            }
            Self::Revoke { id, json } => {
                let revoked = store.revoke_control_token(&id, clock::now()).await.map_err(|refused| match refused {
                    Refused::NotFound => CommandError::Unknown { what: "control token", name: id },
                    refused => fleet::Error::from(refused).into(),
                })?;
                if json {
                    outln!("{}", shown(&revoked));
                } else {
                    eprintln!("The control token {} is ended.", revoked.id);
                }
            }
        }
        Ok(())
    }
}

fn shown(token: &ControlToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "createdAt": token.created_at,
        "expiresAt": token.expires_at,
        "revokedAt": token.revoked_at,
        "lastUsedAt": token.last_used_at,
    })
}

fn row(token: &ControlToken) -> Vec<String> {
    let moment = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |moment| moment.to_string());
    vec![
        token.id.clone(),
        in_one_line(&token.name),
        token.role.to_string(),
        moment(token.expires_at),
        moment(token.revoked_at),
        moment(token.last_used_at),
    ]
}
