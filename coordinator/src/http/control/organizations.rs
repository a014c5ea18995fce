//! `/control/v1/organizations`.
//!
//! Not here: removing one; that would take everything that it owns along.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::challenge::TermsPolicy;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::fleet;
use crate::http::App;
use crate::http::attendance::Attendance;
use crate::http::auth::OPERATORS;
use crate::http::body::{Body, present};
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, OrganizationChange};

/// A customer of this installation: live and test, which see nothing of each other.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organization {
    id: Uuid,
    /// What commands call it.
    #[schema(example = "acme")]
    slug: String,
    /// The id under which its test environment is kept.
    #[schema(required)]
    test_id: Option<Uuid>,
    /// What it says of terms that banks have accepted.
    #[schema(schema_with = schema::word_with_meanings::<TermsPolicy>)]
    terms: TermsPolicy,
    /// When somebody attends for it; null: as the fleet's settings say.
    #[schema(required)]
    attendance: Option<Attendance>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// An organization to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewOrganization, example = json!({ "slug": "acme" }))]
pub(super) struct Create {
    /// Lower-case letters, digits and dashes.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z0-9-]+$")]
    slug: String,
}

/// List organizations, oldest first.
#[utoipa::path(get, path = "/organizations", operation_id = "listOrganizations", tag = "Organizations",
    security(("operator" = [])), params(Paging),
    responses((status = 200, description = "A page of organizations.", body = List<Organization>)))]
pub(super) async fn list(
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<Organization>>, Problem> {
    let page = listed.open::<(i64, Uuid)>(&app, "control/organizations", OPERATORS)?;
    let position = |known: &store::Organization| (known.created_at.as_millisecond(), known.id.0);
    let limit = usize::try_from(page.to_read()).unwrap_or(usize::MAX);
    let all = app.fleet.store.organizations().await?.into_iter();
    let wanted = all.filter(|known| page.after.is_none_or(|after| position(known) > after)).take(limit);
    Ok(Json(page.list(wanted.collect(), position, Organization::from)))
}

/// Make an organization, with a default entity in each environment.
#[utoipa::path(post, path = "/organizations", operation_id = "createOrganization", tag = "Organizations",
    security(("operator" = [])), request_body = Create,
    responses(
        (status = 201, description = "The organization.", body = Organization),
        (status = 409, description = "`duplicate`: the slug is taken."),
    ))]
pub(super) async fn create(
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Organization>), Problem> {
    let made = fleet::create_organization(&*app.fleet.store, &app.fleet.vault, &request.slug).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// What is changed of an organization, in both environments; what isn't given stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganizationChange, example = json!({ "terms": "accept" }))]
pub(super) struct Change {
    /// What it says of terms that banks have accepted.
    #[serde(default, deserialize_with = "present")]
    #[schema(schema_with = schema::word_with_meanings::<TermsPolicy>, required = false)]
    terms: Option<TermsPolicy>,
    /// When somebody attends for it; null: as the fleet's settings say.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Attendance>)]
    attendance: Option<Option<Attendance>>,
}

/// Say whether banks' terms are accepted, or a person is asked, and when somebody attends.
#[utoipa::path(patch, path = "/organizations/{slug}", operation_id = "changeOrganization", tag = "Organizations",
    security(("operator" = [])), request_body = Change,
    params(("slug" = String, Path, description = "What commands call the organization.")),
    responses((status = 200, description = "The organization as it is now.", body = Organization)))]
pub(super) async fn change(
    State(app): State<App>,
    Path(slug): Path<String>,
    Body(request): Body<Change>,
) -> Result<Json<Organization>, Problem> {
    let attendance = request.attendance.map(|given| given.map(Attendance::checked).transpose()).transpose()?;
    let change = OrganizationChange { terms: request.terms, attended: attendance };
    if change == OrganizationChange::default() {
        return Err(Problem::field("/terms", "give `terms` or `attendance`"));
    }
    Ok(Json(app.fleet.store.change_organization(&slug, change, clock::now()).await?.into()))
}

impl From<store::Organization> for Organization {
    fn from(organization: store::Organization) -> Self {
        Self {
            id: organization.id.0,
            slug: organization.slug,
            test_id: organization.test_id.map(|id| id.0),
            terms: organization.terms,
            attendance: organization.attended.map(Attendance::from),
            created_at: organization.created_at,
        }
    }
}
