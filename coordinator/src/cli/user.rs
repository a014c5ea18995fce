//! `coordinator user create|list|role|password|disable|enable`: the people of the console.
//!
//! A password is asked for on a terminal or read from stdin, so that it stays out of the shell's history and
//! out of the list of processes.
//!
//! Not here: signing in (`console`).

use domain::role::Role;
use serde_json::{Value, json};

use super::{CommandError, Ground, in_one_line, organization_called, password, print_table};
use crate::clock;
use crate::fleet::{self, UserRequest};
use crate::store::{Access, Organization, SignsIn, User};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Add a user; the password is asked for, or read from stdin.
    Create {
        /// What they type to sign in.
        login: String,
        /// `viewer` looks, `operator` also steers and answers what banks ask, `administrator` also has keys, users
        /// and the audit trail.
        #[arg(long)]
        role: Role,
        /// What they are called.
        #[arg(long, default_value = "")]
        name: String,
        /// The one organization that they see; all unless given.
        #[arg(long, value_name = "SLUG")]
        organization: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List users.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a user another role.
    Role {
        /// Who.
        login: String,
        /// The role.
        role: Role,
    },
    /// Give a user another password, asked for or read from stdin; their sessions end.
    Password {
        /// Who.
        login: String,
    },
    /// Shut a user out; their sessions end.
    Disable {
        /// Who.
        login: String,
    },
    /// Let a user in again.
    Enable {
        /// Who.
        login: String,
    },
}

impl Command {
    pub(super) async fn run(self, ground: &Ground) -> Result<(), CommandError> {
        let (store, now) = (&*ground.store, clock::now());
        match self {
            Self::Create { login, role, name, organization, json } => {
                let organization = match organization {
                    Some(slug) => Some(organization_called(ground, &slug).await?),
                    None => None,
                };
                let request = UserRequest {
                    login,
                    display_name: name,
                    role,
                    organization_id: organization.as_ref().map(|one| one.id),
                    password: password::new()?,
                };
                let user = fleet::create_user(store, request).await?;
                if json {
                    outln!("{}", shown(&user, organization.as_slice()));
                } else {
                    outln!("{}", user.id);
                    eprintln!("{} can sign in at /console.", user.login);
                }
            }
            Self::List { json } => {
                let (users, organizations) = (store.users(None).await?, store.organizations().await?);
                if json {
                    outln!("{}", users.iter().map(|user| shown(user, &organizations)).collect::<Value>());
                } else {
                    let rows = users.iter().map(|user| row(user, &organizations));
                    print_table(&["NAME", "CALLED", "ROLE", "ORGANIZATION", "STATE", "LAST SEEN"], rows);
                }
            }
            Self::Role { login, role } => {
                let user = called(ground, &login).await?;
                let user = fleet::set_role(store, &user, role).await?;
                eprintln!("{} is {} now.", user.login, user.role);
            }
            Self::Password { login } => {
                let user = called(ground, &login).await?;
                fleet::set_password(store, &user, password::new()?).await?;
                eprintln!("{} has another password; their sessions have ended.", user.login);
            }
            Self::Disable { login } => {
                let user = called(ground, &login).await?;
                store.set_active(user.id, Access::Disabled, now).await.map_err(fleet::Error::from)?;
                eprintln!("{} is shut out; their sessions have ended.", user.login);
            }
            Self::Enable { login } => {
                let user = called(ground, &login).await?;
                store.set_active(user.id, Access::Enabled, now).await.map_err(fleet::Error::from)?;
                eprintln!("{} can sign in again.", user.login);
            }
        }
        Ok(())
    }
}

async fn called(ground: &Ground, login: &str) -> Result<User, CommandError> {
    let known = ground.store.user_called(&login.trim().to_lowercase()).await?;
    known.map(|(user, _)| user).ok_or_else(|| CommandError::Unknown { what: "user", name: login.to_owned() })
}

fn organization<'a>(user: &User, organizations: &'a [Organization]) -> Option<&'a str> {
    let of = organizations.iter().find(|one| Some(one.id) == user.organization_id);
    of.map(|one| one.slug.as_str())
}

fn shown(user: &User, organizations: &[Organization]) -> Value {
    json!({
        "id": user.id,
        "login": user.login,
        "displayName": user.display_name,
        "role": user.role,
        "organization": organization(user, organizations),
        "active": user.access == Access::Enabled,
        "signsIn": match user.signs_in {
            SignsIn::WithPassword => "withPassword",
            SignsIn::ThroughProvider => "throughProvider",
        },
        "createdAt": user.created_at,
        "lastSeenAt": user.seen_at,
    })
}

fn row(user: &User, organizations: &[Organization]) -> Vec<String> {
    vec![
        user.login.clone(),
        in_one_line(&user.display_name),
        user.role.to_string(),
        organization(user, organizations).unwrap_or("all").to_owned(),
        if user.access == Access::Enabled { "enabled" } else { "disabled" }.to_owned(),
        user.seen_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
    ]
}
