//! `/console/webhooks`: integrators' endpoints and what was delivered to them.
//!
//! Not here: adding or changing one; its integrator does that.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::event::DeliveryState;
use domain::id::{OrganizationId, WebhookId};
use domain::role::Role;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{Asked, TO_READ, address, back_to, cut, id};
use crate::clock;
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{Tone, act_on, badge, further, moment_of, moment_or_dash, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::store::{DeliveryRecord, Organization, PageRequest, Reach, Webhook, event_name};

/// The organizations that somebody reaches, and the one that is looked at.
pub(super) async fn organizations(
    console: &Console,
    visitor: &Visitor,
    asked: &Asked,
) -> Result<(Vec<Organization>, Option<Organization>), Refusal> {
    let mut all = console.fleet.store.organizations().await?;
    if let Reach::Tenants(tenants) = visitor.reach() {
        all.retain(|one| tenants.contains(&one.id));
    }
    let chosen = match asked.get("organization") {
        None => all.first().cloned(),
        Some(slug) => Some(all.iter().find(|one| one.slug == slug).cloned().ok_or_else(Refusal::not_found)?),
    };
    Ok((all, chosen))
}

/// Lets one choose an organization, where there are several.
pub(super) fn choice(path: &str, all: &[Organization], chosen: Option<&Organization>) -> Markup {
    html! {
        @if all.len() > 1 {
            form.filter method="get" action=(path) {
                label { "Organization"
                    select name="organization" {
                        @for one in all {
                            option value=(one.slug) selected[chosen.is_some_and(|chosen| chosen.id == one.id)] { (one.slug) }
                        }
                    }
                }
                button type="submit" { "Show" }
            }
        }
    }
}

/// The endpoints of an organization.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let (all, chosen) = organizations(&console, &visitor, &asked).await?;
    let mut rows = Vec::new();
    for (tenant, environment) in chosen.iter().flat_map(tenants) {
        // As many as an organization may have.
        let page = PageRequest { after: None, limit: console.fleet.config.webhooks.endpoints };
        let webhooks = console.fleet.store.webhooks(tenant, page).await?;
        rows.extend(webhooks.into_iter().map(|webhook| (tenant, environment, webhook)));
    }
    let shown = html! {
        @for (tenant, environment, webhook) in &rows {
            tr {
                th scope="row" { a href=(path(*tenant, webhook.id)) { (webhook.url.host_str().unwrap_or("–")) } }
                td { (environment) }
                td { (state(webhook)) }
                td { (webhook.events.join(", ")) }
                td { (moment_or_dash(now, webhook.last_delivered_at)) }
            }
        }
    };
    let body = html! {
        (choice(Section::Webhooks.path(), &all, chosen.as_ref()))
        section id="webhooks" data-live="tick" {
            @if rows.is_empty() {
                (nothing("There is no endpoint.", "An integrator adds one with POST /v1/webhooks."))
            } @else {
                (table("Endpoints", &["Receiver", "Environment", "State", "Events", "Last arrival"], &shown))
            }
        }
    };
    let title = "Webhooks";
    Ok(Page { visitor: &visitor, section: Section::Webhooks, title, said: None, body }.into_response())
}

fn tenants(organization: &Organization) -> impl Iterator<Item = (OrganizationId, &'static str)> + use<> {
    std::iter::once((organization.id, "live")).chain(organization.test_id.map(|test| (test, "test")))
}

fn path(tenant: OrganizationId, id: WebhookId) -> String {
    format!("/console/webhooks/{tenant}/{id}")
}

fn state(webhook: &Webhook) -> Markup {
    match (webhook.active, webhook.disabled_at) {
        (true, _) => badge(Tone::Good, "Active"),
        (false, Some(_)) => badge(Tone::Bad, "Switched off by Bursar"),
        (false, None) => badge(Tone::Quiet, "Switched off"),
    }
}

/// One endpoint and its deliveries.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path((tenant, webhook)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let tenant = visitor.reached(OrganizationId(id(&tenant)?))?;
    let webhook = console.fleet.store.webhook(tenant, WebhookId(id(&webhook)?)).await?;
    let page = PageRequest { after: asked.after(), limit: TO_READ };
    let deliveries = console.fleet.store.deliveries(tenant, webhook.id, page).await?;
    let here = path(tenant, webhook.id);
    let (deliveries, next) =
        cut(deliveries, |last: &DeliveryRecord| address(&here, &[("after", Some(last.id.to_string()))]));
    let said =
        asked.get("said").filter(|said| said == "repeat").map(|_| "It is sent once more, as a delivery of its own.");
    let body = html! {
        div id="webhook" data-live="tick" {
            p.lead { (state(&webhook)) }
            dl.facts {
                div { dt { "Receiver" } dd { (webhook.url.host_str().unwrap_or("–")) } }
                div { dt { "Events" } dd { (webhook.events.join(", ")) } }
                div { dt { "Last arrival" } dd { (moment_or_dash(now, webhook.last_delivered_at)) } }
                @if let Some(at) = webhook.disabled_at { div { dt { "Switched off" } dd { (moment_of(now, at)) } } }
            }
            h2 { "Deliveries" }
            @if deliveries.is_empty() {
                (nothing("Nothing was delivered.", "What its integrator subscribed to comes up here as it happens."))
            } @else {
                (table("Deliveries, the latest first", &["Event", "State", "#Attempts", "Answer", "Queued", "Next try", "Acts"],
                    &rows(&visitor, &webhook, &here, &deliveries, now)))
            }
            (further(next))
        }
    };
    let title = format!("Webhook {}", webhook.url.host_str().unwrap_or_default());
    Ok(Page { visitor: &visitor, section: Section::Webhooks, title: &title, said, body }.into_response())
}

fn rows(visitor: &Visitor, webhook: &Webhook, here: &str, deliveries: &[DeliveryRecord], now: Timestamp) -> Markup {
    html! {
        @for delivery in deliveries {
            @let (tone, word) = match delivery.state {
                DeliveryState::Pending => (Tone::Waiting, "Pending"),
                DeliveryState::Delivered => (Tone::Good, "Delivered"),
                DeliveryState::Failed => (Tone::Bad, "Failed"),
            };
            tr {
                th scope="row" { (delivery.event_type) " " (short(event_name(delivery.event_id))) }
                td { (badge(tone, word)) @if delivery.redelivers.is_some() { " " span.quiet { "once more" } } }
                td.number { (delivery.attempts) }
                td {
                    @match delivery.last_status { Some(status) => (status), None => "–" }
                    @if let Some(error) = &delivery.last_error { " " span.quiet { (error) } }
                }
                td { (moment_of(now, delivery.created_at)) }
                td { (moment_or_dash(now, delivery.due_at)) }
                td {
                    @if visitor.may(Role::Operator) && webhook.active {
                        @let path = format!("{here}/deliveries/{}/repeat", delivery.id);
                        (act_on(visitor, &path, "Send again", &event_name(delivery.event_id)))
                    }
                }
            }
        }
    }
}

/// Sends a delivery once more.
pub(in crate::console) async fn repeat(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path((tenant, webhook, delivery)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let tenant = visitor.reached(OrganizationId(id(&tenant)?))?;
    let webhook = WebhookId(id(&webhook)?);
    let here = path(tenant, webhook);
    let done = console.fleet.redeliver(tenant, webhook, id(&delivery)?).await;
    done.map_err(|error| Refusal::from(error).back(&here))?;
    Ok(back_to(&here, "repeat").into_response())
}
