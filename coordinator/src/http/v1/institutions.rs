//! `/v1/institutions`: the catalog, of which a test key sees the simulated part.
//!
//! Not here: scripts; that there is one is all that integrators see of it.

use axum::Json;
use axum::extract::{Path, State};
use domain::institution::{self, Mfa};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;

/// A bank that the catalog knows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Institution {
    #[schema(example = "harbour")]
    institution_id: String,
    #[schema(example = "Harbour Business Bank")]
    name: String,
    /// Where customers sign in.
    default_portal_url: Url,
    /// Further addresses of the same portal.
    additional_portal_urls: Vec<Url>,
    /// The bank's own page on delegated users.
    #[schema(required)]
    setup_guide_url: Option<Url>,
    /// Whether the portal asks for a second factor.
    #[schema(schema_with = schema::word::<Mfa>)]
    mfa: Mfa,
    status: InstitutionStatus,
}

/// What can be expected of an institution's portal right now.
// Choice: a health object, which says for now whether a script is there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstitutionStatus {
    /// Whether a script describes the portal, so that connections can be activated.
    supported: bool,
    /// Whether it is a simulated portal and no bank; test keys reach only those.
    simulated: bool,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Part of the name, the id, a portal URL or its domain, in any case.
    query: Option<String>,
}

/// List institutions by id.
#[utoipa::path(get, path = "/institutions", operation_id = "listInstitutions", tag = "Institutions",
    security(("key" = ["connections:read"])), params(Filter, Paging),
    responses((status = 200, description = "A page of institutions.", body = List<Institution>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Institution>>, Problem> {
    let caller = integrator.with(Scope::ConnectionsRead)?;
    let page = listed.open::<String>(&app, "institutions", caller.organization_id)?;
    let wanted = |institution: &&institution::Institution| {
        caller.environment.reaches(institution)
            && listed.filter.query.as_deref().is_none_or(|query| institution.matches(query))
            && page.after.as_deref().is_none_or(|after| institution.id.as_str() > after)
    };
    let limit = usize::try_from(page.to_read()).unwrap_or(usize::MAX);
    let catalog = app.fleet.catalog();
    let institutions: Vec<_> = catalog.institutions().filter(wanted).take(limit).collect();
    Ok(Json(page.list(institutions, |institution| institution.id.clone(), |institution| shown(&app, institution))))
}

/// Read an institution.
#[utoipa::path(get, path = "/institutions/{institutionId}", operation_id = "getInstitution", tag = "Institutions",
    security(("key" = ["connections:read"])), params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 200, description = "The institution.", body = Institution)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Json<Institution>, Problem> {
    let caller = integrator.with(Scope::ConnectionsRead)?;
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    let catalog = app.fleet.catalog();
    let institution = catalog.institution(&id).filter(|known| caller.environment.reaches(known));
    Ok(Json(shown(&app, institution.ok_or_else(Problem::not_found)?)))
}

fn shown(app: &App, institution: &institution::Institution) -> Institution {
    Institution {
        institution_id: institution.id.clone(),
        name: institution.name.clone(),
        default_portal_url: institution.default_portal_url.clone(),
        additional_portal_urls: institution.additional_portal_urls.clone(),
        setup_guide_url: institution.setup_guide_url.clone(),
        mfa: institution.mfa,
        status: InstitutionStatus {
            supported: app.fleet.catalog().script(&institution.id).is_some(),
            simulated: institution.simulated,
        },
    }
}
