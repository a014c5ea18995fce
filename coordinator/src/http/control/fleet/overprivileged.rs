//! `/control/v1/overprivileged`: connections whose delegated users may do more at the bank than look at accounts.
//!
//! Not here: what a connection's own integrator is shown of it (`http::v1`).

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::store;

/// A connection whose user may do more than look at accounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Overprivileged {
    connection_id: Uuid,
    /// The tenant whose connection it is.
    tenant_id: Uuid,
    #[schema(required)]
    institution_id: Option<String>,
    /// Make payments, or prepare them.
    initiate: bool,
    /// Approve the payments of others.
    approve: bool,
    /// When the portal said so last.
    #[schema(value_type = String, format = DateTime)]
    observed_at: Timestamp,
}

/// List connections whose users may do more than look at accounts, in the order in which they were made.
#[utoipa::path(get, path = "/overprivileged", operation_id = "listOverprivileged", tag = "Fleet",
    security(("operator" = [])), params(Paging),
    responses((status = 200, description = "A page of them.", body = List<Overprivileged>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<Overprivileged>>, Problem> {
    let page = listed.open::<Uuid>(&app, "control/overprivileged", OPERATORS)?;
    let found = app.fleet.store.overprivileged(page.page()).await?;
    Ok(Json(page.list(found, |one| one.connection_id.0, Overprivileged::from)))
}

impl From<store::Overprivileged> for Overprivileged {
    fn from(one: store::Overprivileged) -> Self {
        Self {
            connection_id: one.connection_id.0,
            tenant_id: one.organization_id.0,
            institution_id: one.institution_id,
            initiate: one.seen.permissions.initiate,
            approve: one.seen.permissions.approve,
            observed_at: one.seen.seen_at,
        }
    }
}
