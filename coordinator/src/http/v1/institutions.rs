//! `/v1/institutions`: the catalog, which is the same for everyone.
//!
//! Not here: scripts; that there is one is all that integrators see of it.

use axum::Json;
use axum::extract::{Path, State};
use domain::institution::Institution;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::Query;
use crate::http::cursor::Listing;
use crate::http::problem::Problem;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    query: Option<String>,
    #[serde(skip_serializing)]
    cursor: Option<String>,
    #[serde(skip_serializing)]
    limit: Option<String>,
}

pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let listing = Listing::new(&app, "institutions", owner, &filter, filter.limit.as_deref())?;
    let after = listing.position::<String>(filter.cursor.as_deref())?;
    let catalog = &app.fleet.catalog;
    let wanted = |institution: &&Institution| {
        filter.query.as_deref().is_none_or(|query| institution.matches(query))
            && after.as_deref().is_none_or(|after| institution.id.as_str() > after)
    };
    let limit = usize::try_from(listing.to_read()).unwrap_or(usize::MAX);
    let institutions: Vec<&Institution> = catalog.institutions().filter(wanted).take(limit).collect();
    let show = |institution: &Institution| shown(institution, catalog.script(&institution.id).is_some());
    Ok(Json(listing.envelope(institutions, |institution| institution.id.clone(), show)))
}

pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    integrator.with(Scope::ConnectionsRead)?;
    let institution = app.fleet.catalog.institution(&id).ok_or_else(Problem::not_found)?;
    Ok(Json(shown(institution, app.fleet.catalog.script(&id).is_some())))
}

fn shown(institution: &Institution, is_supported: bool) -> Value {
    json!({
        "institutionId": institution.id,
        "name": institution.name,
        "defaultPortalUrl": institution.default_portal_url,
        "additionalPortalUrls": institution.additional_portal_urls,
        "setupGuideUrl": institution.setup_guide_url,
        "mfa": institution.mfa,
        // Choice: a health object, which says for now whether a script is there.
        "status": { "supported": is_supported, "simulated": institution.simulated },
    })
}
