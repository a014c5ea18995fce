//! `/control/v1/institutions/…/revisions`: the revisions of a script that are kept, and publishing another.
//!
//! Not here: trying one and making it current (`rollouts`).

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::id::RepairTicketId;
use domain::rollout::Origin;
use domain::rollout::difference::Difference;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rollouts::{Rollout, Trial};
use crate::fleet::{LookedThrough, Publication, PublishError};
use crate::http::App;
use crate::http::body::{Body, NoQuery};
use crate::http::listing::List;
use crate::http::problem::{FieldError, Problem};
use crate::http::schema;
use crate::store::{self, Refused, Told};

/// A revision of a script.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Revision {
    /// The first digits of its source's SHA-256.
    revision: String,
    #[schema(schema_with = schema::word_with_meanings::<Origin>)]
    origin: Origin,
    /// The hosts that it may reach beside the portal's own.
    hosts: Vec<String>,
    #[schema(required)]
    note: Option<String>,
    /// Who published it; nobody where a coordinator found it in its folder.
    #[schema(required)]
    published_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    published_at: Timestamp,
    /// How it fared since it was last begun to be tried.
    #[schema(required)]
    trial: Option<Trial>,
}

/// A revision with its text.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct RevisionSource {
    revision: String,
    source: String,
}

/// A script that is to be published.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PublishRequest)]
pub(in crate::http::control) struct Request {
    /// The script's text, 256 KiB at most.
    source: String,
    /// For other operators.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// The revision that you believe to be current.
    #[serde(default)]
    expected_current: Option<String>,
    /// The hosts to which you agree that it reaches, beyond those of the current revision.
    #[serde(default)]
    agreed_hosts: Vec<String>,
    /// The open repair ticket that it is to mend.
    #[serde(default)]
    mends: Option<Uuid>,
}

impl From<Request> for Publication {
    fn from(request: Request) -> Self {
        let Request { source, note, expected_current, agreed_hosts, mends } = request;
        Self { source, note, expected: expected_current, agreed_hosts, mends: mends.map(RepairTicketId) }
    }
}

/// What is known of a script before anybody works by it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct ScriptLookedThrough {
    revision: String,
    /// The hosts that it may reach beside the portal's own.
    hosts: Vec<String>,
    /// Those of them that the current revision doesn't reach.
    hosts_added: Vec<String>,
    reread: Reread,
}

/// What a script makes of the latest readings that are kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Reread {
    accounts: usize,
    /// How many readings were read again.
    readings: usize,
    /// How many couldn't be.
    unreadable: usize,
    /// Why the first of them couldn't.
    #[schema(required)]
    because: Option<String>,
    /// How many transactions stay as they are.
    unchanged: usize,
    /// How many would be others.
    changed: u32,
    /// In which fields.
    fields: Vec<String>,
}

/// A script that was published.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Published {
    #[serde(flatten)]
    looked: ScriptLookedThrough,
    rollout: Rollout,
}

/// List the revisions of an institution's script that are kept, the latest first.
#[utoipa::path(get, path = "/institutions/{institutionId}/revisions", operation_id = "listRevisions", tag = "Scripts",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 200, description = "All that are kept.", body = List<Revision>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<List<Revision>>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    app.fleet.catalog().institution(&id).ok_or(Refused::NotFound)?;
    let revisions = app.fleet.store.revisions(&id).await?;
    Ok(Json(List::whole(revisions.into_iter().map(Revision::from).collect())))
}

/// Read the text of a revision.
#[utoipa::path(get, path = "/institutions/{institutionId}/revisions/{revision}", operation_id = "getRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution."),
        ("revision" = String, Path, description = "The revision.")),
    responses((status = 200, description = "The revision.", body = RevisionSource)))]
pub(in crate::http::control) async fn show(
    State(app): State<App>,
    _: NoQuery,
    named: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<RevisionSource>, Problem> {
    let Path((id, revision)) = named.map_err(|_| Problem::not_found())?;
    let source = app.fleet.store.revision_source(&id, &revision).await?.ok_or(Refused::NotFound)?;
    Ok(Json(RevisionSource { revision, source }))
}

/// Publish a revision. It is kept, and nobody works by it yet, unless the institution had no script. Doing it again
/// changes nothing.
#[utoipa::path(post, path = "/institutions/{institutionId}/revisions", operation_id = "publishRevision", tag = "Scripts",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    request_body = Request,
    responses(
        (status = 200, description = "It was published before.", body = Published),
        (status = 201, description = "It is published.", body = Published),
        (status = 409, description = "`hosts_not_agreed`: it reaches hosts that the current revision doesn't, and \
            `agreedHosts` doesn't name them; `changed`: another revision is current than was expected."),
        (status = 422, description = "`script_faulty`: each of `errors` is a fault with its line; `validation_failed`: it is \
            another institution's, or too large."),
    ))]
pub(in crate::http::control) async fn publish(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(request): Body<Request>,
) -> Result<(StatusCode, Json<Published>), Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    let (looked, _, told) = app.fleet.publish(&id, &request.into()).await?;
    let status = if told == Told::Now { StatusCode::CREATED } else { StatusCode::OK };
    let rollout = Rollout::of(app.fleet.rollout(&id).await?);
    Ok((status, Json(Published { looked: looked.into(), rollout })))
}

/// Say what publishing a script would come to, and keep nothing.
#[utoipa::path(post, path = "/institutions/{institutionId}/revisions/check", operation_id = "checkRevision",
    tag = "Scripts", security(("operator" = [])),
    params(("institutionId" = String, Path, description = "The institution.")), request_body = Request,
    responses(
        (status = 200, description = "What is known of it.", body = ScriptLookedThrough),
        (status = 422, description = "`script_faulty`: each of `errors` is a fault with its line; `validation_failed`: it is \
            another institution's, or too large."),
    ))]
pub(in crate::http::control) async fn check(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
    Body(request): Body<Request>,
) -> Result<Json<ScriptLookedThrough>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    Ok(Json(app.fleet.look_through(&id, &request.into()).await?.into()))
}

impl From<store::Revision> for Revision {
    fn from(revision: store::Revision) -> Self {
        Self {
            revision: revision.revision,
            origin: revision.origin,
            hosts: revision.hosts,
            note: revision.note,
            published_by: revision.published_by,
            published_at: revision.published_at,
            trial: revision.trial.map(Trial::from),
        }
    }
}

impl From<LookedThrough> for ScriptLookedThrough {
    fn from(looked: LookedThrough) -> Self {
        let Difference { rows_changed, fields, .. } = looked.reread.difference;
        Self {
            revision: looked.revision,
            hosts: looked.hosts,
            hosts_added: looked.hosts_added,
            reread: Reread {
                accounts: looked.reread.accounts,
                readings: looked.reread.readings,
                unreadable: looked.reread.unreadable,
                because: looked.reread.because,
                unchanged: looked.reread.unchanged,
                changed: rows_changed,
                fields: fields.into_iter().collect(),
            },
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let said = error.to_string();
        match error {
            PublishError::Faulty(faults) => {
                let field = |fault: &script::Diagnostic| FieldError {
                    pointer: "/source".into(),
                    code: fault.code.as_str(),
                    message: match &fault.hint {
                        Some(hint) => {
                            format!("line {}, column {}: {}; {hint}", fault.line, fault.column, fault.message)
                        }
                        None => format!("line {}, column {}: {}", fault.line, fault.column, fault.message),
                    },
                };
                Self::faulty_script(faults.iter().map(field).collect())
            }
            PublishError::Unfit(reason) => Self::field("/source", &reason),
            PublishError::HostsNotAgreed(_) => Self::conflict("hosts_not_agreed", said),
            PublishError::Failed(error) => error.into(),
        }
    }
}
