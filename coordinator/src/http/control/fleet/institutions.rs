//! `/control/v1/institutions`: whether runs start there, and operators' pauses.
//!
//! Not here: what is known of a bank; that is under `/v1`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::breaker::Breaker;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::body::{Body, NoBody, NoQuery};
use crate::http::listing::List;
use crate::http::problem::{FieldError, Problem};
use crate::store::Refused;

/// The longest reason, in characters.
const LONGEST: usize = 500;

/// An institution as the fleet sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct InstitutionState {
    /// Its id in the catalog.
    id: String,
    name: String,
    /// How many leases it may have at once.
    at_once: u32,
    /// How many runs may start there in a minute.
    starts_per_minute: u32,
    breaker: BreakerState,
    /// Until when its open breaker lets none through.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    open_until: Option<Timestamp>,
    /// Since when an operator pauses it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    paused_at: Option<Timestamp>,
    #[schema(required)]
    pause_reason: Option<String>,
}

/// Whether an institution's runs are let through.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum BreakerState {
    /// All are.
    Closed,
    /// None is.
    Open,
    /// One is, to see how it fares.
    HalfOpen,
}

/// Why an institution is paused.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PauseRequest, example = json!({ "reason": "the bank asked us to wait" }))]
pub(in crate::http::control) struct Request {
    /// For other operators.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// List institutions as the fleet sees them, by id.
#[utoipa::path(get, path = "/institutions", operation_id = "listInstitutionStates", tag = "Fleet",
    security(("operator" = [])),
    responses((status = 200, description = "Every institution of the catalog.", body = List<InstitutionState>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    _: NoQuery,
) -> Result<Json<List<InstitutionState>>, Problem> {
    Ok(Json(List::whole(states(&app).await?)))
}

/// Start no run at an institution until it is resumed. What is under way goes on.
#[utoipa::path(post, path = "/institutions/{institutionId}/pause", operation_id = "pauseInstitution", tag = "Fleet",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    request_body = Request,
    responses((status = 200, description = "The institution.", body = InstitutionState)))]
pub(in crate::http::control) async fn pause(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(request): Body<Request>,
) -> Result<Json<InstitutionState>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    if request.reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST) {
        let message = format!("a reason has {LONGEST} characters at most");
        return Err(Problem::invalid(vec![FieldError { pointer: "/reason".into(), code: "too_long", message }]));
    }
    app.fleet.pause_institution(&id, request.reason.as_deref()).await?;
    one(&app, &id).await
}

/// Let runs start at an institution again.
#[utoipa::path(post, path = "/institutions/{institutionId}/resume", operation_id = "resumeInstitution", tag = "Fleet",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 200, description = "The institution.", body = InstitutionState)))]
pub(in crate::http::control) async fn resume(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    _: NoBody,
) -> Result<Json<InstitutionState>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    app.fleet.resume_institution(&id).await?;
    one(&app, &id).await
}

/// Close an institution's breaker, whatever the last runs said.
#[utoipa::path(post, path = "/institutions/{institutionId}/breaker/reset", operation_id = "resetBreaker", tag = "Fleet",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 200, description = "The institution.", body = InstitutionState)))]
pub(in crate::http::control) async fn reset(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    _: NoBody,
) -> Result<Json<InstitutionState>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    app.fleet.reset_breaker(&id).await?;
    one(&app, &id).await
}

async fn one(app: &App, id: &str) -> Result<Json<InstitutionState>, Problem> {
    let state = states(app).await?.into_iter().find(|state| state.id == id);
    Ok(Json(state.ok_or(Refused::NotFound)?))
}

async fn states(app: &App) -> Result<Vec<InstitutionState>, Problem> {
    let known = app.fleet.store.institution_states().await?;
    let state = |institution: &domain::institution::Institution| {
        let known = known.iter().find(|known| known.institution_id == institution.id);
        let breaker = known.map_or(Breaker::NEW, |known| known.breaker);
        let pause = known.and_then(|known| known.pause.as_ref());
        InstitutionState {
            id: institution.id.clone(),
            name: institution.name.clone(),
            at_once: institution.limits.at_once(),
            starts_per_minute: institution.limits.starts_per_minute(),
            open_until: match breaker {
                Breaker::Open { until, .. } => Some(until),
                Breaker::Closed { .. } | Breaker::HalfOpen { .. } => None,
            },
            breaker: match breaker {
                Breaker::Closed { .. } => BreakerState::Closed,
                Breaker::Open { .. } => BreakerState::Open,
                Breaker::HalfOpen { .. } => BreakerState::HalfOpen,
            },
            paused_at: pause.map(|pause| pause.at),
            pause_reason: pause.and_then(|pause| pause.reason.clone()),
        }
    };
    Ok(app.fleet.catalog().institutions().map(state).collect())
}
