//! `/v1/connections/{connectionId}/setupLinks`: links that an integrator shows its customer.
//!
//! Not here: the page that they lead to (`setup`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::ConnectionId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Ids, NoBody};
use crate::http::problem::Problem;

/// A link to the set-up page of one connection.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetupLink {
    /// What the audit trail names it by.
    #[schema(example = "9f86d081884c7d65")]
    id: String,
    /// Where the page is, for whoever has this address: it is shown once and kept nowhere.
    #[schema(format = Uri)]
    url: String,
    /// Until when it is good, unless the connection is active before, or it is ended.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Make a link to the page on which a customer sets a connection up by itself.
///
/// It shows how the delegated user is created, takes its credentials, and asks what the bank asks, until the connection
/// is active.
// Choice: the documents have no place for it.
#[utoipa::path(post, path = "/connections/{connectionId}/setupLinks", operation_id = "createSetupLink",
    tag = "Connections", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses(
        (status = 201, description = "The link.", body = SetupLink),
        (status = 409, description = "`illegal_state`: the connection isn't being set up."),
    ))]
pub(super) async fn create(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<(StatusCode, Json<SetupLink>), Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let made = app.fleet.create_setup_link(owner, ConnectionId(id)).await?;
    let link = SetupLink { id: made.id, url: made.url, expires_at: made.expires_at };
    Ok((StatusCode::CREATED, Json(link)))
}

/// End every link to a connection's set-up page.
#[utoipa::path(delete, path = "/connections/{connectionId}/setupLinks", operation_id = "revokeSetupLinks",
    tag = "Connections", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection.")),
    responses((status = 204, description = "None is good any more.")))]
pub(super) async fn revoke(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    app.fleet.revoke_setup_links(owner, ConnectionId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
