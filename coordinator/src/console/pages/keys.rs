//! `/console/keys`: what integrators show to be let in: made, rotated, ended.
//!
//! Not here: what a key is made of (`fleet`).

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::environment::Environment;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::webhooks::{choice, organizations};
use super::{Asked, TO_READ, address, cut};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, Visitor};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{Tone, act_on, badge, further, moment_or_dash, nothing, table};
use crate::console::refusal::Refusal;
use crate::fleet::{self, MadeKey, NewKey, Scope, USUAL_OVERLAP};
use crate::store::{ApiKey, KeyFilter, KeyPageRequest, KeyPosition, Organization};

/// The longest life of a key that can be given here, in days.
const LONGEST_LIFE: i64 = 36_500;

/// The keys of an organization, and a form for another.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let (all, chosen) = organizations(&console, &visitor, &asked).await?;
    let filter = KeyFilter { organization_id: chosen.as_ref().map(|one| one.id), environment: None };
    let after = asked.get("at").and_then(|at| at.parse().ok()).zip(asked.get("id"));
    let after = after.map(|(at, id)| KeyPosition(at, id));
    let page = KeyPageRequest { after, limit: TO_READ };
    // Without an organization there is nothing; a filter without one would be for all of them.
    let keys = if chosen.is_some() { console.fleet.store.keys(filter, page).await? } else { Vec::new() };
    let slug = chosen.as_ref().map(|one| one.slug.clone());
    let (keys, next) = cut(keys, |last: &ApiKey| {
        let KeyPosition(at, id) = last.position();
        let parameters = [("organization", slug.clone()), ("at", Some(at.to_string())), ("id", Some(id))];
        address(Section::Keys.path(), &parameters)
    });
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "end" => Some("The key has another end now."),
        "revoke" => Some("The key is ended; it stopped working at once."),
        _ => None,
    });
    let body = html! {
        (choice(Section::Keys.path(), &all, chosen.as_ref()))
        @if keys.is_empty() {
            (nothing("There is no key.", "Make one below; an integrator sends it with each request."))
        } @else {
            (table("Keys, oldest first", &["Key", "Environment", "Scopes", "State", "Last used", "Ends", "Acts"],
                &rows(&visitor, &keys, now)))
        }
        (further(next))
        @if let Some(chosen) = &chosen { (form(&visitor, chosen)) }
    };
    Ok(Page { visitor: &visitor, section: Section::Keys, title: "API keys", said, body }.into_response())
}

fn rows(visitor: &Visitor, keys: &[ApiKey], now: Timestamp) -> Markup {
    html! {
        @for key in keys {
            @let of_it = format!("/console/keys/{}", key.id);
            tr {
                th scope="row" { (key.name) " " code { (key.id) } }
                td { (key.environment) }
                td { (key.scopes.join(", ")) }
                td {
                    @if key.revoked_at.is_some() { (badge(Tone::Quiet, "Ended")) }
                    @else if !key.is_in_force(now) { (badge(Tone::Quiet, "Expired")) }
                    @else { (badge(Tone::Good, "In force")) }
                }
                td { (moment_or_dash(now, key.last_used_at)) }
                td { (moment_or_dash(now, key.expires_at)) }
                td {
                    @if key.is_in_force(now) {
                        div.acts {
                            (act_on(visitor, &format!("{of_it}/rotate"), "Rotate", &key.name))
                            form.act method="post" action=(format!("{of_it}/end")) {
                                (token(visitor))
                                label { span.hidden { "Days until " (key.name) " ends" }
                                    input type="number" name="days" min="1" max=(LONGEST_LIFE) value="30" required;
                                }
                                button type="submit" { "End in days" }
                            }
                            (act_on(visitor, &format!("{of_it}/revoke"), "Revoke", &key.name))
                        }
                    }
                }
            }
        }
    }
}

fn form(visitor: &Visitor, organization: &Organization) -> Markup {
    html! {
        section aria-labelledby="make" {
            h2 id="make" { "Make a key of " (organization.slug) }
            form.stack method="post" action=(Section::Keys.path()) {
                (token(visitor))
                input type="hidden" name="organization" value=(organization.slug);
                label { "What it is for" input name="name" maxlength="255" required; }
                label { "Environment"
                    select name="environment" {
                        @for environment in Environment::ALL { option value=(environment) { (environment) } }
                    }
                }
                fieldset {
                    legend { "What it may do" }
                    @for scope in Scope::ALL {
                        label.check { input type="checkbox" name="scope" value=(scope.as_str()) checked; (scope.as_str()) }
                    }
                }
                label { "Days until it ends; empty for never"
                    input type="number" name="days" min="1" max=(LONGEST_LIFE);
                }
                button.primary type="submit" { "Make the key" }
            }
        }
    }
}

/// Makes a key and shows it, this once.
pub(in crate::console) async fn create(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
) -> Result<Response, Refusal> {
    let organization = owner(&console, &visitor, |one| one.slug == fields.get("organization")).await?;
    let invalid = |said: &str| Refusal::invalid(said).back(path(&organization));
    let environment: Environment =
        fields.get("environment").parse().map_err(|_| invalid("An environment is live or test."))?;
    let scopes = fields.all("scope");
    if scopes.is_empty() {
        return Err(invalid("A key has one scope at least."));
    }
    let (store, fleet) = (&*console.fleet.store, &console.fleet);
    let new = NewKey {
        tenant_id: fleet::tenant(store, &fleet.vault, organization.id, environment).await?,
        environment,
        name: fields.get("name").to_owned(),
        scopes: Scope::parse_all(&scopes).map_err(|error| Refusal::from(error).back(path(&organization)))?,
        expires_at: match fields.get("days") {
            "" => None,
            days => Some(in_days(days).ok_or_else(|| invalid("A key ends in 1 to 36,500 days."))?),
        },
    };
    let made = new.create(store, &fleet.config.keys.prefix).await;
    let made = made.map_err(|error| Refusal::from(error).back(path(&organization)))?;
    Ok(shown(&visitor, &organization, &made))
}

/// Makes a key that takes over from another and shows it, this once.
pub(in crate::console) async fn rotate(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let of = owner_of(&console, &visitor, &id).await?;
    let (store, prefix) = (&*console.fleet.store, &console.fleet.config.keys.prefix);
    let made = fleet::rotate_key(store, prefix, &id, USUAL_OVERLAP).await;
    Ok(shown(&visitor, &of, &made.map_err(|error| Refusal::from(error).back(path(&of)))?))
}

/// Gives a key an end.
pub(in crate::console) async fn set_end(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let of = owner_of(&console, &visitor, &id).await?;
    let invalid = || Refusal::invalid("A key ends in 1 to 36,500 days.").back(path(&of));
    let at = in_days(fields.get("days")).ok_or_else(invalid)?;
    fleet::expire_key(&*console.fleet.store, &id, at).await.map_err(|error| Refusal::from(error).back(path(&of)))?;
    Ok(back_to_those(&of, "end"))
}

/// Ends a key at once.
pub(in crate::console) async fn revoke(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let of = owner_of(&console, &visitor, &id).await?;
    console.fleet.store.revoke_key(&id, clock::now()).await?;
    Ok(back_to_those(&of, "revoke"))
}

fn in_days(text: &str) -> Option<Timestamp> {
    let days = text.parse::<i64>().ok().filter(|days| (1..=LONGEST_LIFE).contains(days))?;
    clock::now().checked_add(SignedDuration::from_hours(24 * days)).ok()
}

/// An organization that the visitor reaches.
pub(super) async fn owner(
    console: &Console,
    visitor: &Visitor,
    wanted: impl Fn(&Organization) -> bool,
) -> Result<Organization, Refusal> {
    let all = console.fleet.store.organizations().await?;
    let found = all.into_iter().find(|one| wanted(one) && visitor.reach().has(one.id));
    found.ok_or_else(Refusal::not_found)
}

/// The organization of a key, which the visitor has to reach.
async fn owner_of(console: &Console, visitor: &Visitor, id: &str) -> Result<Organization, Refusal> {
    let key = console.fleet.store.key(id).await?.ok_or_else(Refusal::not_found)?;
    owner(console, visitor, |one| one.id == key.organization_id).await
}

/// Where the keys of an organization are listed; without its name another's would be.
fn path(of: &Organization) -> String {
    address(Section::Keys.path(), &[("organization", Some(of.slug.clone()))])
}

/// Back to an organization's keys, which say what was done.
fn back_to_those(of: &Organization, said: &str) -> Response {
    let parameters = [("organization", Some(of.slug.clone())), ("said", Some(said.to_owned()))];
    Redirect::to(&address(Section::Keys.path(), &parameters)).into_response()
}

fn shown(visitor: &Visitor, of: &Organization, made: &MadeKey) -> Response {
    let body = html! {
        p.said role="status" { "This is the whole key, this once: it can't be shown again." }
        p.secret { code id="secret" { (made.whole.expose()) } button type="button" data-copy="secret" hidden { "Copy" } }
        dl.facts {
            div { dt { "For" } dd { (made.kept.name) } }
            div { dt { "Environment" } dd { (made.kept.environment) } }
            div { dt { "Scopes" } dd { (made.kept.scopes.join(", ")) } }
        }
        p { a.button href=(path(of)) { "I have kept it" } }
    };
    let page = Page { visitor, section: Section::Keys, title: "A new key", said: None, body };
    (StatusCode::CREATED, page).into_response()
}
