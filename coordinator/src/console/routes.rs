//! Which address is which page, and which role it needs.
//!
//! Not here: whose things a page shows; each page narrows that down to what its visitor reaches.

use axum::Router;
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::role::Role;

use super::pages::{
    account, agents, attendance, audit, challenges, connection, connections, dead_letters, institutions, keys, live,
    oidc, overview, repairs, rollout, run, setup_links, sign_in, users, webhooks,
};
use super::refusal::Refusal;
use super::{Console, assets, door, events, viewer};

pub(super) fn router(console: Console) -> Router {
    let role =
        |router: Router<Console>, role: Role| router.route_layer(middleware::from_fn_with_state(role, door::role));
    let inside = role(viewers(), Role::Viewer)
        .merge(role(operators(), Role::Operator))
        .merge(role(administrators(), Role::Administrator))
        // The last is the outermost: who it is, then whether the form is theirs.
        .route_layer(middleware::from_fn_with_state(console.clone(), door::form))
        .route_layer(middleware::from_fn_with_state(console.clone(), door::signed_in));
    let outside = Router::new()
        .route("/console/login", get(sign_in::show).post(sign_in::sign_in))
        .route_layer(middleware::from_fn_with_state(console.clone(), door::form))
        .route("/console/oidc/start", get(oidc::begin))
        .route("/console/oidc/callback", get(oidc::finish))
        .route("/console/runs/{id}/live/passed-on", get(viewer::open_from_elsewhere))
        .route("/console/assets/{name}", get(assets::serve))
        .route("/console/{*rest}", get(nowhere).post(nowhere));
    inside.merge(outside).layer(middleware::from_fn(door::headers)).with_state(console)
}

/// Who looks.
fn viewers() -> Router<Console> {
    Router::new()
        .route("/console", get(overview::show))
        .route("/console/", get(overview::show))
        .route("/console/events", get(events::listen))
        .route("/console/challenges", get(challenges::list))
        .route("/console/attendance", get(attendance::show))
        .route("/console/connections", get(connections::list))
        .route("/console/connections/{id}", get(connection::show))
        .route("/console/runs/{id}", get(run::show))
        .route("/console/runs/{id}/evidence/{evidence}", get(run::evidence))
        .route("/console/runs/{id}/live", get(live::show))
        .route("/console/runs/{id}/live/socket", get(viewer::open))
        .route("/console/institutions", get(institutions::list))
        .route("/console/institutions/{id}", get(institutions::show))
        .route("/console/repair-tickets", get(repairs::list))
        .route("/console/repair-tickets/{id}", get(repairs::show))
        .route("/console/repair-tickets/{id}/pages/{which}", get(repairs::page))
        .route("/console/agents", get(agents::list))
        .route("/console/dead-letters", get(dead_letters::list))
        .route("/console/webhooks", get(webhooks::list))
        .route("/console/webhooks/{tenant}/{id}", get(webhooks::show))
        .route("/console/account", get(account::show))
        .route("/console/account/password", post(account::change_password))
        .route("/console/account/sessions/{id}/end", post(account::end_session))
        .route("/console/account/sessions/end", post(account::end_all))
        .route("/console/logout", post(sign_in::sign_out))
}

/// Who also steers.
fn operators() -> Router<Console> {
    Router::new()
        .route("/console/challenges/{id}/answer", post(challenges::answer))
        .route("/console/challenges/{id}/resend", post(challenges::resend))
        .route("/console/attendance", post(attendance::set))
        .route("/console/connections/{id}/sync", post(connection::sync))
        .route("/console/connections/{id}/pause", post(connection::pause))
        .route("/console/connections/{id}/resume", post(connection::resume))
        .route("/console/connections/{id}/revoke", get(connection::ask_revoke).post(connection::revoke))
        .route("/console/connections/{id}/setup-links", post(setup_links::make))
        .route("/console/connections/{id}/setup-links/end", post(setup_links::end))
        .route("/console/institutions/{id}/pause", post(institutions::pause))
        .route("/console/institutions/{id}/resume", post(institutions::resume))
        .route("/console/institutions/{id}/reset", post(institutions::reset))
        .route("/console/repair-tickets/{id}/close", post(repairs::close))
        .route("/console/agents/{id}/drain", post(agents::drain))
        .route("/console/agents/{id}/undrain", post(agents::undrain))
        .route("/console/dead-letters/{id}/revive", post(dead_letters::revive))
        .route("/console/webhooks/{tenant}/{id}/deliveries/{delivery}/repeat", post(webhooks::repeat))
}

/// Who also has keys, users and the trail.
fn administrators() -> Router<Console> {
    Router::new()
        .route("/console/keys", get(keys::list).post(keys::create))
        .route("/console/keys/{id}/rotate", post(keys::rotate))
        .route("/console/keys/{id}/end", post(keys::set_end))
        .route("/console/keys/{id}/revoke", post(keys::revoke))
        .route("/console/users", get(users::list).post(users::create))
        .route("/console/users/{id}/role", post(users::set_role))
        .route("/console/users/{id}/disable", post(users::disable))
        .route("/console/users/{id}/enable", post(users::enable))
        .route("/console/users/{id}/password", post(users::set_password))
        .route("/console/institutions/{id}/revisions/{revision}/promote", post(rollout::promote))
        .route("/console/institutions/{id}/revisions/{revision}/rollback", post(rollout::roll_back))
        .route("/console/institutions/{id}/revisions/{revision}/halt", post(rollout::halt))
        .route("/console/repair-tickets/{id}/accept", post(repairs::accept))
        .route("/console/repair-tickets/{id}/teach", post(repairs::teach))
        .route("/console/institutions/{id}/revisions/{revision}/canary", post(rollout::canary))
        .route("/console/audit", get(audit::list))
}

async fn nowhere() -> Response {
    Refusal::not_found().into_response()
}
