//! `/console/connections/{id}`: one connection, what happened to it, and what can be done about it.
//!
//! Not here: its records; those are its integrator's.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::connection::{ConnectionState, ConnectionStatus};
use domain::failure::Failure;
use domain::id::ConnectionId;
use domain::role::Role;
use domain::rollout::Part;
use domain::setup::{Credentials, Portal, SetupFacts};
use jiff::Timestamp;
use maud::{Markup, html};

use super::challenges::{Beside, Focus};
use super::{Asked, back_to, challenges, id, setup_links};
use crate::clock;
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{Tone, act, badge, failure, moment_of, moment_or_dash, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::store::{
    Account, AccountFilter, AuditFilter, Challenge, Connection, ConnectionEventRecord, HashedEntry, NextSync,
    OwnedConnection, PageRequest, RunRecord,
};

/// How many of its events, runs and accounts are shown.
const SHOWN: u32 = 30;

/// What is shown of a connection.
struct Shown {
    owned: OwnedConnection,
    accounts: Vec<Account>,
    events: Vec<ConnectionEventRecord>,
    runs: Vec<RunRecord>,
    acts: Vec<HashedEntry>,
    asked: Vec<Challenge>,
    next_sync: NextSync,
}

/// Shows a connection.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let id = ConnectionId(id(&connection)?);
    let (store, page) = (&console.fleet.store, PageRequest { after: None, limit: SHOWN });
    let owned = store.owned_connection(visitor.reach(), id).await?;
    let owner = owned.organization_id;
    let filter = AccountFilter { connection_id: Some(id), ..AccountFilter::default() };
    let of_it = AuditFilter { connection: Some(id), ..AuditFilter::default() };
    let runs = store.runs_of(id, page).await?;
    let mut open = Vec::new();
    for run in runs.iter().filter(|run| run.finished_at.is_none()) {
        open.extend(store.challenges_of_run(run.id).await?);
    }
    open.retain(|challenge| challenge.state == domain::challenge::ChallengeState::Open);
    let shown = Shown {
        accounts: store.accounts(owner, filter, page).await?,
        events: store.events_of(id, page).await?,
        acts: store.audit_entries(of_it, None, SHOWN).await?,
        next_sync: store.next_sync(id).await?.0,
        asked: open,
        runs,
        owned,
    };
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "sync" => Some("A sync is queued."),
        "pause" => Some("The connection is paused."),
        "resume" => Some("The connection goes on; a sync is queued."),
        "links" => Some("No link to its set-up page is good any more."),
        "revoke" => Some("The connection is revoked, and its credentials are forgotten."),
        _ => None,
    });
    let body = body(&console, &visitor, &shown);
    let connection = &shown.owned.connection;
    let title = name(&console, connection);
    Ok(Page { visitor: &visitor, section: Section::Connections, title: &title, said, body }.into_response())
}

pub(super) fn name(console: &Console, connection: &Connection) -> String {
    let institution = connection.institution_id.as_deref();
    let catalog = console.fleet.catalog();
    let known = institution.and_then(|id| catalog.institution(id)).map(|known| known.name.clone());
    known.unwrap_or_else(|| connection.portal_url.host_str().unwrap_or("Connection").to_owned())
}

fn body(console: &Console, visitor: &Visitor, shown: &Shown) -> Markup {
    let (now, connection) = (clock::now(), &shown.owned.connection);
    let live = format!("connection:{} challenge run", connection.id);
    html! {
        div id="connection" data-live=(live) data-announce=(wording::status(connection.state.status()).1) {
            section aria-labelledby="state" {
                h2.hidden id="state" { "State" }
                (state(console, shown, now))
                @if visitor.may(Role::Operator) { (acts(visitor, connection)) }
            }
            @if !shown.asked.is_empty() {
                section aria-labelledby="asked" {
                    h2 id="asked" { "The bank asks" }
                    ol.cards {
                        @for one in &shown.asked { (challenges::card(visitor, one, &Beside::default(), Focus::Left, now)) }
                    }
                }
            }
            section aria-labelledby="accounts" {
                h2 id="accounts" { "Accounts" }
                @if shown.accounts.is_empty() {
                    (nothing("No account was read yet.", "The first run that succeeds reads them."))
                } @else {
                    (table("Accounts, and how complete the last reading was", &["Account", "Kind", "Currency",
                        "Completeness", "Changed"], &accounts(&shown.accounts, now)))
                }
            }
            section aria-labelledby="runs" {
                h2 id="runs" { "Runs" }
                @if shown.runs.is_empty() {
                    (nothing("No run was made yet.", "The activation makes the first, once the set-up is complete."))
                } @else {
                    (table("Runs, the latest first", &["Run", "State", "#Attempts", "Script", "Made", "Ended", "Failure"],
                        &runs(&shown.runs, now)))
                }
            }
            section aria-labelledby="history" {
                h2 id="history" { "What happened" }
                (table("Events, the latest first", &["When", "What", "By", "State after", "Run"],
                    &events(&shown.events, now)))
            }
            section aria-labelledby="trail" {
                h2 id="trail" { "Who did what" }
                @if shown.acts.is_empty() {
                    (nothing("Nobody did anything yet.", "What people, programs and integrators do to it stands here."))
                } @else {
                    (table("Acts, the latest first", &["When", "Who", "Act"], &trail(&shown.acts, now)))
                }
            }
        }
    }
}

/// A failure that passes by itself shows while the run waits for its next attempt.
fn failure_of(connection: &Connection) -> Option<&Failure> {
    let waiting = connection.run.as_ref().and_then(|run| run.failure.as_ref());
    waiting.or(connection.state.failure()).or(connection.last_failure.as_ref())
}

fn state(console: &Console, shown: &Shown, now: Timestamp) -> Markup {
    let connection = &shown.owned.connection;
    let (tone, word) = wording::status(connection.state.status());
    let institution = connection.institution_id.as_deref();
    let is_known = institution.is_some_and(|id| console.fleet.catalog().script(id).is_some());
    let facts = SetupFacts {
        credentials: connection.credentials,
        challenge: connection.challenge,
        portal: if is_known { Portal::Known } else { Portal::Unknown },
    };
    let progress = connection.state.setup_progress(facts);
    let permissions = connection.permissions;
    html! {
        p.lead { (badge(tone, word)) @if connection.run.is_some() { " " (badge(Tone::Waiting, "Run under way")) } }
        dl.facts {
            @if let Some(progress) = progress {
                div { dt { "Next" } dd { (wording::next_action(progress.next_action)) } }
                div { dt { "Whose turn" } dd { (wording::party(progress.action_required_by)) } }
            }
            div { dt { "Portal" } dd { (connection.portal_url.host_str().unwrap_or("–")) } }
            div { dt { "Entity" } dd { (shown.owned.external_entity_id) } }
            div { dt { "Delegated user" } dd { code { (connection.instructions.username) } } }
            div { dt { "Credentials" } dd {
                @match connection.credentials {
                    Credentials::Absent => "none were given",
                    Credentials::Present => "given",
                    Credentials::Refused => (badge(Tone::Bad, "refused by the bank")),
                }
            } }
            @if let Some(seen) = permissions {
                div { dt { "May do" } dd {
                    @if seen.permissions.exceed_view() { (badge(Tone::Bad, "more than look")) " " }
                    @else { (badge(Tone::Good, "look, and nothing else")) " " }
                    @if seen.permissions.initiate { "make payments " }
                    @if seen.permissions.approve { "approve payments " }
                    (moment_of(now, seen.seen_at))
                } }
            }
            div { dt { "Last synced" } dd { (moment_or_dash(now, connection.last_synced_at)) } }
            div { dt { "Next sync" } dd {
                @match shown.next_sync {
                    NextSync::At(at) => (moment_of(now, at)),
                    NextSync::UnderWay => "a run is under way",
                    NextSync::OnDemand => "only when somebody asks",
                    NextSync::Unplanned => "not planned",
                }
            } }
            div { dt { "Made" } dd { (moment_of(now, connection.created_at)) } }
            div { dt { "Id" } dd { code { (connection.id) } } }
        }
        @if let Some(shown) = failure_of(connection) { (failure(shown)) }
    }
}

fn acts(visitor: &Visitor, connection: &Connection) -> Markup {
    let path = format!("/console/connections/{}", connection.id);
    let status = connection.state.status();
    let may_pause =
        matches!(status, ConnectionStatus::Active | ConnectionStatus::Errored | ConnectionStatus::ReauthRequired);
    html! {
        div.acts {
            @if connection.state == ConnectionState::Active && connection.run.is_none() {
                (act(visitor, &format!("{path}/sync"), "Sync now"))
            }
            (setup_links::acts(visitor, connection))
            @if may_pause { (act(visitor, &format!("{path}/pause"), "Pause")) }
            @if status == ConnectionStatus::Paused { (act(visitor, &format!("{path}/resume"), "Resume")) }
            @if status != ConnectionStatus::Revoked { a.button.danger href=(format!("{path}/revoke")) { "Revoke…" } }
        }
    }
}

fn accounts(accounts: &[Account], now: Timestamp) -> Markup {
    html! {
        @for account in accounts {
            tr {
                th scope="row" { (account.name) " " span.quiet { (account.masked_number.as_deref().unwrap_or_default()) } }
                td { (account.account_type) }
                td { (account.currency) }
                td {
                    @match &account.completeness {
                        Some(graded) => {
                            @let (tone, word) = wording::grade(graded.completeness.grade);
                            (badge(tone, word))
                        }
                        None => span.quiet { "not graded yet" },
                    }
                }
                td { (moment_of(now, account.updated_at)) }
            }
        }
    }
}

fn runs(runs: &[RunRecord], now: Timestamp) -> Markup {
    html! {
        @for run in runs {
            @let (tone, word) = wording::run(run.state);
            tr {
                th scope="row" {
                    a href=(format!("/console/runs/{}", run.id)) { (wording::run_kind(run.kind)) " " (short(run.id)) }
                }
                td { (badge(tone, word)) }
                td.number { (run.attempt) }
                td { @match &run.by { Some(by) => { code { (by.revision) } @if by.part == Part::Canary { " canary" } }, None => "–" } }
                td { (moment_of(now, run.created_at)) }
                td { (moment_or_dash(now, run.finished_at)) }
                td { @if let Some(failure) = &run.failure { code { (failure.code) } } @else { span.quiet { "–" } } }
            }
        }
    }
}

fn events(events: &[ConnectionEventRecord], now: Timestamp) -> Markup {
    html! {
        @for event in events {
            tr {
                td { (moment_of(now, event.created_at)) }
                td {
                    (wording::cause(&event.cause))
                    @if let Some(failure) = &event.failure { " " code { (failure.code) } }
                }
                td { (event.actor) }
                td {
                    @match event.status.parse() {
                        Ok(status) => (wording::status(status).1),
                        Err(_) => (event.status),
                    }
                }
                td {
                    @match event.run_id {
                        Some(run) => a href=(format!("/console/runs/{run}")) { (short(run)) },
                        None => span.quiet { "–" },
                    }
                }
            }
        }
    }
}

fn trail(acts: &[HashedEntry], now: Timestamp) -> Markup {
    html! {
        @for HashedEntry { entry, .. } in acts {
            tr {
                td { (moment_of(now, entry.at)) }
                td { (wording::actor(&entry.actor)) }
                td { code { (entry.action) } }
            }
        }
    }
}

/// Has a sync queued.
pub(in crate::console) async fn sync(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let done = console.fleet.request_sync(owned.organization_id, owned.connection.id).await;
    done.map_err(|error| Refusal::from(error).back(&path))?;
    Ok(back_to(&path, "sync").into_response())
}

/// Switches a connection off.
pub(in crate::console) async fn pause(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let done = console.fleet.pause_connection(owned.organization_id, owned.connection.id).await;
    done.map_err(|error| Refusal::from(error).back(&path))?;
    Ok(back_to(&path, "pause").into_response())
}

/// Switches a connection on again.
pub(in crate::console) async fn resume(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let done = console.fleet.resume_connection(owned.organization_id, owned.connection.id).await;
    done.map_err(|error| Refusal::from(error).back(&path))?;
    Ok(back_to(&path, "resume").into_response())
}

/// Asks once more before a connection is ended for good.
pub(in crate::console) async fn ask_revoke(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let body = html! {
        p {
            "The connection to " strong { (name(&console, &owned.connection)) } " of " strong { (owned.external_entity_id) }
            " ends for good, with the run that is under way. Its credentials are forgotten; what was read stays. This \
             can't be taken back: its integrator would have to make another one."
        }
        form.acts method="post" action=(format!("{path}/revoke")) {
            (token(&visitor))
            button.danger type="submit" { "Revoke for good" }
            a.button href=(path) { "Keep it" }
        }
    };
    let title = "Revoke this connection?";
    Ok(Page { visitor: &visitor, section: Section::Connections, title, said: None, body }.into_response())
}

/// Ends a connection for good.
pub(in crate::console) async fn revoke(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(connection): Path<String>,
) -> Result<Response, Refusal> {
    let (owned, path) = reached(&console, &visitor, &connection).await?;
    let done = console.fleet.revoke_connection(owned.organization_id, owned.connection.id).await;
    done.map_err(|error| Refusal::from(error).back(&path))?;
    Ok(back_to(&path, "revoke").into_response())
}

pub(super) async fn reached(
    console: &Console,
    visitor: &Visitor,
    text: &str,
) -> Result<(OwnedConnection, String), Refusal> {
    let id = ConnectionId(id(text)?);
    let owned = console.fleet.store.owned_connection(visitor.reach(), id).await?;
    Ok((owned, format!("/console/connections/{id}")))
}
