//! `/control/v1/scripts`.
//!
//! Not here: what a script says; scripts are files of the catalog.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fleet;
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::store::UnknownPortal;

/// A portal for which a script has to be written.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WantedScript {
    /// The portal's scheme, host and port.
    #[schema(example = "https://portal.meadow.example")]
    origin: String,
    /// How many connections wait for it.
    connections: u64,
    /// How many organizations those are of.
    organizations: u64,
    /// When the first of them was made.
    #[schema(value_type = String, format = DateTime)]
    oldest_created_at: Timestamp,
}

/// List portals for which a script has to be written, the one that waits longest first.
#[utoipa::path(get, path = "/scripts/wanted", operation_id = "listWantedScripts", tag = "Scripts",
    security(("operator" = [])), params(Paging),
    responses((status = 200, description = "A page of portals.", body = List<WantedScript>)))]
pub(super) async fn wanted(
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<WantedScript>>, Problem> {
    let page = listed.open::<(i64, String)>(&app, "control/scripts/wanted", OPERATORS)?;
    let position = |portal: &UnknownPortal| (portal.oldest_created_at.as_millisecond(), portal.origin.clone());
    let limit = usize::try_from(page.to_read()).unwrap_or(usize::MAX);
    let all = fleet::wanted_scripts(&*app.fleet.store).await?.into_iter();
    let portals = all.filter(|portal| page.after.as_ref().is_none_or(|after| position(portal) > *after)).take(limit);
    Ok(Json(page.list(portals.collect(), position, WantedScript::from)))
}

impl From<UnknownPortal> for WantedScript {
    fn from(portal: UnknownPortal) -> Self {
        Self {
            origin: portal.origin,
            connections: portal.connections,
            organizations: portal.organizations,
            oldest_created_at: portal.oldest_created_at,
        }
    }
}
