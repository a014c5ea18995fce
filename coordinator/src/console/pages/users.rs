//! `/console/users`: who signs in, and what they may do.
//!
//! Those who see one organization alone see and make its users alone.
//!
//! Not here: signing in, or one's own password (`account`).

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::{OrganizationId, UserId};
use domain::role::Role;
use domain::secret::Secret;
use jiff::Timestamp;
use maud::{Markup, html};

use super::keys::owner;
use super::{Asked, back_to, id};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, Visitor};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{Tone, act_on, badge, moment_or_dash, table};
use crate::console::refusal::Refusal;
use crate::fleet::{UserRequest, create_user, set_password as give_password, set_role as give_role};
use crate::store::{Access, Organization, SignsIn, User};

/// The users, and a form for another.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let own = visitor.signed_in.user.organization_id;
    let users = console.fleet.store.users(own).await?;
    let mut organizations = console.fleet.store.organizations().await?;
    organizations.retain(|one| visitor.reach().has(one.id));
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "create" => Some("The user is made and can sign in."),
        "role" => Some("The user has another role now."),
        "disable" => Some("The user is shut out, and their sessions have ended."),
        "enable" => Some("The user can sign in again."),
        "password" => Some("The user has another password, and their sessions have ended."),
        _ => None,
    });
    let body = html! {
        (table("Users, by name", &["User", "Role", "Organization", "State", "Last seen", "Acts"],
            &rows(&visitor, &users, &organizations, now)))
        (form(&visitor, &organizations))
    };
    Ok(Page { visitor: &visitor, section: Section::Users, title: "Users", said, body }.into_response())
}

fn rows(visitor: &Visitor, users: &[User], organizations: &[Organization], now: Timestamp) -> Markup {
    let slug = |id: OrganizationId| organizations.iter().find(|one| one.id == id).map(|one| one.slug.clone());
    html! {
        @for user in users {
            @let path = format!("/console/users/{}", user.id);
            tr {
                th scope="row" { (user.display_name) " " code { (user.login) } }
                td { (user.role) }
                td { (user.organization_id.map_or_else(|| "all".to_owned(), |id| slug(id).unwrap_or_default())) }
                td {
                    @match user.access {
                        Access::Enabled => (badge(Tone::Good, "Let in")),
                        Access::Disabled => (badge(Tone::Quiet, "Shut out")),
                    }
                }
                td { (moment_or_dash(now, user.seen_at)) }
                td {
                    @if user.id == visitor.signed_in.user.id {
                        span.quiet { "you" }
                    } @else {
                        details {
                            summary { "Change" span.hidden { " " (user.login) } }
                            (changes(visitor, user, &path))
                        }
                    }
                }
            }
        }
    }
}

fn changes(visitor: &Visitor, user: &User, path: &str) -> Markup {
    html! {
        @match user.signs_in {
            SignsIn::ThroughProvider => p.quiet { "Role and password are the OpenID provider's." },
            SignsIn::WithPassword => {
                form.act method="post" action=(format!("{path}/role")) {
                    (token(visitor))
                    label { "Role" (roles(user.role)) }
                    button type="submit" { "Give" }
                }
                form.act method="post" action=(format!("{path}/password")) {
                    (token(visitor))
                    label { "Another password"
                        input type="password" name="password" autocomplete="new-password" minlength="12" required;
                    }
                    button type="submit" { "Set" }
                }
            }
        }
        @match user.access {
            Access::Enabled => (act_on(visitor, &format!("{path}/disable"), "Shut out", &user.login)),
            Access::Disabled => (act_on(visitor, &format!("{path}/enable"), "Let in again", &user.login)),
        }
    }
}

fn roles(chosen: Role) -> Markup {
    html! {
        select name="role" {
            @for role in Role::ALL { option value=(role) selected[chosen == *role] { (role) } }
        }
    }
}

fn form(visitor: &Visitor, organizations: &[Organization]) -> Markup {
    html! {
        section aria-labelledby="add" {
            h2 id="add" { "Add a user" }
            form.stack method="post" action=(Section::Users.path()) {
                (token(visitor))
                label { "Name to sign in with"
                    input name="login" maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" required;
                }
                label { "Called" input name="displayName" maxlength="100" autocomplete="off"; }
                label { "Role" (roles(Role::Viewer)) }
                label { "Organization"
                    select name="organization" {
                        @if visitor.sees_all() { option value="" { "all" } }
                        @for one in organizations { option value=(one.slug) { (one.slug) } }
                    }
                }
                label { "Password, 12 characters at least"
                    input type="password" name="password" autocomplete="new-password" minlength="12" required;
                }
                button.primary type="submit" { "Add" }
            }
        }
    }
}

/// Adds a user.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
) -> Result<Response, Refusal> {
    let path = Section::Users.path();
    let organization_id = match fields.get("organization") {
        "" => {
            visitor.whole_fleet()?;
            None
        }
        slug => Some(owner(&console, &visitor, |one| one.slug == slug).await?.id),
    };
    let request = UserRequest {
        login: fields.get("login").to_owned(),
        display_name: fields.get("displayName").to_owned(),
        role: role_of(&fields)?,
        organization_id,
        password: Secret::new(fields.get("password").to_owned()),
    };
    let made = create_user(&*console.fleet.store, request).await;
    made.map_err(|error| Refusal::from(error).back(path))?;
    Ok(back_to(path, "create").into_response())
}

fn role_of(fields: &Fields) -> Result<Role, Refusal> {
    let unknown = |_| Refusal::invalid("A role is viewer, operator or administrator.").back(Section::Users.path());
    fields.get("role").parse().map_err(unknown)
}

/// A user that the visitor may change: of their reach, and another than themselves.
async fn other(console: &Console, visitor: &Visitor, text: &str) -> Result<User, Refusal> {
    let user = console.fleet.store.user(UserId(id(text)?)).await?;
    match user.organization_id {
        Some(organization) => visitor.reached(organization).map(|_| ())?,
        None => visitor.whole_fleet()?,
    }
    if user.id == visitor.signed_in.user.id {
        let said = "Nobody changes their own role or shuts themselves out; another administrator does.";
        return Err(Refusal::conflict(said).back(Section::Users.path()));
    }
    Ok(user)
}

/// Gives another role.
pub(in crate::console) async fn set_role(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(user): Path<String>,
) -> Result<Response, Refusal> {
    let (path, user) = (Section::Users.path(), other(&console, &visitor, &user).await?);
    let given = give_role(&*console.fleet.store, &user, role_of(&fields)?).await;
    given.map_err(|error| Refusal::from(error).back(path))?;
    Ok(back_to(path, "role").into_response())
}

/// Shuts a user out.
pub(in crate::console) async fn disable(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(user): Path<String>,
) -> Result<Response, Refusal> {
    let user = other(&console, &visitor, &user).await?;
    console.fleet.store.set_active(user.id, Access::Disabled, clock::now()).await?;
    Ok(back_to(Section::Users.path(), "disable").into_response())
}

/// Lets a user in again.
pub(in crate::console) async fn enable(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(user): Path<String>,
) -> Result<Response, Refusal> {
    let user = other(&console, &visitor, &user).await?;
    console.fleet.store.set_active(user.id, Access::Enabled, clock::now()).await?;
    Ok(back_to(Section::Users.path(), "enable").into_response())
}

/// Gives another password.
pub(in crate::console) async fn set_password(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(user): Path<String>,
) -> Result<Response, Refusal> {
    let (path, user) = (Section::Users.path(), other(&console, &visitor, &user).await?);
    let password = Secret::new(fields.get("password").to_owned());
    let given = give_password(&*console.fleet.store, &user, password).await;
    given.map_err(|error| Refusal::from(error).back(path))?;
    Ok(back_to(path, "password").into_response())
}
