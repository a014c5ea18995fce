//! `/console/attendance`: when somebody is there to answer what banks ask, for each organization.
//!
//! Not here: the hours of single entities, which their integrators set, and when a run starts then.

use axum::extract::{Extension, State};
use axum::response::{IntoResponse as _, Response};
use domain::role::Role;
use domain::schedule::AttendedHours;
use maud::{Markup, html};

use super::keys::owner;
use super::webhooks::organizations;
use super::{Asked, back_to};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, Visitor};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::table;
use crate::console::refusal::Refusal;
use crate::fleet;
use crate::store::Organization;

const PATH: &str = "/console/attendance";

/// The hours of each organization that the visitor reaches.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (all, _) = organizations(&console, &visitor, &asked).await?;
    let said = asked.get("said").map(|_| "Kept. What is planned already is looked at again when it is due.");
    let rows = html! {
        @for one in &all {
            tr {
                th scope="row" { (one.slug) }
                td { (hours(one.attended.as_ref())) }
                @if visitor.may(Role::Operator) { td { (form(&visitor, one)) } }
            }
        }
    };
    let head: &[&str] = if visitor.may(Role::Operator) {
        &["Organization", "Attended", "Change"]
    } else {
        &["Organization", "Attended"]
    };
    let body = html! {
        p { "Connections whose bank asks for a code each time are synced by themselves only while somebody attends, all of an \
             entity together, once an hour at most. An entity may have hours of its own." }
        (table("Attended hours", head, &rows))
    };
    let (section, title) = (Section::Challenges, "Attended hours");
    Ok(Page { visitor: &visitor, section, title, said, body }.into_response())
}

fn hours(attended: Option<&AttendedHours>) -> Markup {
    html! {
        @match attended {
            None => span.quiet { "as the fleet's settings say" },
            Some(hours) if hours.windows().is_empty() => "never",
            Some(hours) => { (hours.hours()) " " span.quiet { (hours.zone()) } },
        }
    }
}

fn form(visitor: &Visitor, organization: &Organization) -> Markup {
    let attended = organization.attended.as_ref();
    html! {
        form.act method="post" action=(PATH) {
            (token(visitor))
            input type="hidden" name="organization" value=(organization.slug);
            label { span.hidden { "Hours of " (organization.slug) }
                input name="hours" maxlength=(AttendedHours::LONGEST) placeholder="mon-fri 09:00-17:00"
                    value=[attended.map(AttendedHours::hours)];
            }
            label { span.hidden { "Time zone of " (organization.slug) }
                input name="zone" maxlength=(AttendedHours::LONGEST_ZONE) placeholder="Europe/Berlin; empty: the fleet's hours"
                    value=[attended.map(AttendedHours::zone)];
            }
            button type="submit" { "Keep" }
        }
    }
}

/// Keeps the hours of an organization; without a time zone those of the fleet count.
pub(in crate::console) async fn set(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
) -> Result<Response, Refusal> {
    let organization = owner(&console, &visitor, |one| one.slug == fields.get("organization")).await?;
    let (hours, zone) = (fields.get("hours").trim(), fields.get("zone").trim());
    let attended = match (hours, zone) {
        ("", "") => None,
        (_, "") => return Err(Refusal::invalid("Hours are on somebody's clock; name its time zone.").back(PATH)),
        _ => Some(fleet::attended(hours, zone).map_err(|error| Refusal::from(error).back(PATH))?),
    };
    console.fleet.store.change_organization(&organization.slug, attended.into(), clock::now()).await?;
    Ok(back_to(PATH, "kept").into_response())
}
