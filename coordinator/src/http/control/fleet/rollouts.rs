//! `/control/v1/institutions/…/rollout`: by which revision of its script an institution's connections are worked, and
//! what operators do about it.
//!
//! Not here: which step goes with which stage (`domain::rollout`), or publishing what is tried (`revisions`).

use std::num::NonZeroU32;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use domain::failure::FailureCode;
use domain::rollout::{self, Named, Share, Stage, StageName, Try, trial};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::body::{Body, NoQuery};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{KeptRollout, RolloutStep};

/// By which revision an institution's connections are worked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Rollout {
    institution_id: String,
    #[schema(schema_with = schema::word_with_meanings::<StageName>)]
    stage: StageName,
    /// What whoever isn't told otherwise works by.
    current: String,
    /// What was current before.
    #[schema(required)]
    previous: Option<String>,
    /// What is tried, or was until it was halted.
    #[schema(required)]
    candidate: Option<String>,
    /// By how many connections in a hundred.
    #[schema(required)]
    share: Option<u32>,
    /// After how many clean runs in a row it is promoted.
    #[schema(required)]
    promote_after: Option<u32>,
    /// Why it was halted.
    #[schema(required)]
    halted_because: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
}

/// How a revision fares that is tried.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Trial {
    /// Runs by it that ended.
    runs: u32,
    /// Those of them that found settled transactions again and changed nothing settled.
    clean: u32,
    /// How many of the last ones were, without a break.
    clean_in_a_row: u32,
    /// Runs that failed for a reason of the script's.
    failed: u32,
    /// Runs that failed for another reason.
    failed_otherwise: u32,
    /// From what was settled runs strayed that were taken back, in words.
    #[schema(required)]
    strayed: Option<String>,
    /// Sessions in which it read beside the current revision.
    shadows: u32,
    /// Those in which both read the same.
    shadows_same: u32,
    /// Those in which it came to nothing.
    shadows_failed: u32,
    /// Those in which it read where the current revision came to nothing.
    shadows_alone: u32,
    /// What it read in the last of those, in words.
    #[schema(required)]
    alone: Option<String>,
    /// In what the others differed, in words that name fields and no values.
    #[schema(required)]
    difference: Option<String>,
    /// What it failed with last.
    #[schema(required, schema_with = schema::failure_code)]
    last_failure: Option<FailureCode>,
}

/// A revision that is to be tried beside the current one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http::control) struct ShadowRequest {
    revision: String,
    /// In the sessions of so many connections in a hundred; all unless given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    share: Option<u32>,
    /// The revision that you believe to be current.
    #[serde(default)]
    expected_current: Option<String>,
}

/// A revision that some connections are to be worked by.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http::control) struct CanaryRequest {
    revision: String,
    /// So many connections in a hundred. Those of a share are in each greater one, too.
    #[schema(minimum = 1, maximum = 100)]
    share: u32,
    /// After so many clean runs in a row it is promoted by itself. Unless given, that stays as it was asked for while it is in
    /// this canary, and is never where it wasn't.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1)]
    promote_after: Option<NonZeroU32>,
    /// The revision that you believe to be current.
    #[serde(default)]
    expected_current: Option<String>,
}

/// The revision that is meant.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::http::control) struct StepRequest {
    revision: String,
    /// The revision that you believe to be current.
    #[serde(default)]
    expected_current: Option<String>,
}

/// Say by which revision an institution's connections are worked.
#[utoipa::path(get, path = "/institutions/{institutionId}/rollout", operation_id = "getRollout", tag = "Scripts",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 200, description = "The rollout.", body = Rollout)))]
pub(in crate::http::control) async fn show(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Rollout>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    Ok(Json(Rollout::of(app.fleet.rollout(&id).await?)))
}

/// Have a revision read beside the current one, in the same sessions. Nothing of it is kept but in what it differs.
#[utoipa::path(post, path = "/institutions/{institutionId}/rollout/shadow", operation_id = "shadowRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")), request_body = ShadowRequest,
    responses(
        (status = 200, description = "The rollout.", body = Rollout),
        (status = 409, description = "`stale_rollout`: another revision is tried, or it is current; `changed`."),
    ))]
pub(in crate::http::control) async fn shadow(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(request): Body<ShadowRequest>,
) -> Result<Json<Rollout>, Problem> {
    let ShadowRequest { revision, share, expected_current } = request;
    let share = request_share(share.unwrap_or(Share::ALL.percent()))?;
    step(&app, id, &revision, RolloutStep::Begin(Try::Shadow(share)), expected_current).await
}

/// Give a revision to a share of the connections, or to another share.
#[utoipa::path(post, path = "/institutions/{institutionId}/rollout/canary", operation_id = "canaryRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")), request_body = CanaryRequest,
    responses(
        (status = 200, description = "The rollout.", body = Rollout),
        (status = 409, description = "`stale_rollout`: another revision is tried, or it is current; `changed`."),
    ))]
pub(in crate::http::control) async fn canary(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(request): Body<CanaryRequest>,
) -> Result<Json<Rollout>, Problem> {
    let CanaryRequest { revision, share, promote_after, expected_current } = request;
    let share = request_share(share)?;
    let how = RolloutStep::Begin(Try::Canary { share, promote_after });
    step(&app, id, &revision, how, expected_current).await
}

/// Make a revision current: what is tried, or, where nothing is, any that is kept.
#[utoipa::path(post, path = "/institutions/{institutionId}/rollout/promote", operation_id = "promoteRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")), request_body = StepRequest,
    responses(
        (status = 200, description = "The rollout.", body = Rollout),
        (status = 409, description = "`stale_rollout`: another revision is tried; `changed`."),
    ))]
pub(in crate::http::control) async fn promote(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(StepRequest { revision, expected_current }): Body<StepRequest>,
) -> Result<Json<Rollout>, Problem> {
    step(&app, id, &revision, RolloutStep::Promote, expected_current).await
}

/// Take a revision back: what is tried is dropped; in place of the current one what was before is current again.
#[utoipa::path(post, path = "/institutions/{institutionId}/rollout/rollback", operation_id = "rollBackRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")), request_body = StepRequest,
    responses(
        (status = 200, description = "The rollout.", body = Rollout),
        (status = 409, description = "`stale_rollout`: it is neither tried nor current, or nothing was before; `changed`."),
    ))]
pub(in crate::http::control) async fn roll_back(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(StepRequest { revision, expected_current }): Body<StepRequest>,
) -> Result<Json<Rollout>, Problem> {
    step(&app, id, &revision, RolloutStep::RollBack, expected_current).await
}

/// Take a revision from every connection that tries it. It stays to be looked at.
#[utoipa::path(post, path = "/institutions/{institutionId}/rollout/halt", operation_id = "haltRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")), request_body = StepRequest,
    responses(
        (status = 200, description = "The rollout.", body = Rollout),
        (status = 409, description = "`stale_rollout`: it isn't tried; `changed`."),
    ))]
pub(in crate::http::control) async fn halt(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(StepRequest { revision, expected_current }): Body<StepRequest>,
) -> Result<Json<Rollout>, Problem> {
    step(&app, id, &revision, RolloutStep::Halt(rollout::Halt::Asked), expected_current).await
}

fn request_share(percent: u32) -> Result<Share, Problem> {
    Share::try_from(percent).map_err(|none| Problem::field("/share", &none.to_string()))
}

async fn step(
    app: &App,
    id: Result<Path<String>, PathRejection>,
    revision: &str,
    step: RolloutStep,
    expected: Option<String>,
) -> Result<Json<Rollout>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    Ok(Json(Rollout::of(app.fleet.steer_rollout(&id, revision, step, expected.as_deref()).await?)))
}

impl Rollout {
    pub(super) fn of(kept: KeptRollout) -> Self {
        let (share, promote_after, halted_because) = match &kept.rollout.stage {
            Stage::Settled => (None, None, None),
            Stage::Shadow { share, .. } => (Some(share.percent()), None, None),
            Stage::Canary { share, promote_after, .. } => {
                (Some(share.percent()), promote_after.map(NonZeroU32::get), None)
            }
            Stage::Halted { why, .. } => (None, None, Some(why.to_string())),
        };
        let revision = |named: &Named| named.revision.clone();
        Self {
            institution_id: kept.institution_id,
            stage: kept.rollout.stage(),
            current: revision(&kept.rollout.current),
            previous: kept.rollout.previous.as_ref().map(revision),
            candidate: kept.rollout.candidate().map(revision),
            share,
            promote_after,
            halted_because,
            changed_at: kept.changed_at,
        }
    }
}

impl From<trial::Trial> for Trial {
    fn from(trial: trial::Trial) -> Self {
        Self {
            runs: trial.runs,
            clean: trial.clean,
            clean_in_a_row: trial.clean_in_a_row,
            failed: trial.failed,
            failed_otherwise: trial.failed_otherwise,
            strayed: (!trial.strayed.is_nothing()).then(|| trial.strayed.to_string()),
            shadows: trial.shadows,
            shadows_same: trial.shadows_same,
            shadows_failed: trial.shadows_failed,
            shadows_alone: trial.shadows_alone,
            alone: trial.told_alone(),
            difference: (!trial.difference.is_none()).then(|| trial.difference.to_string()),
            last_failure: trial.last_failure,
        }
    }
}
