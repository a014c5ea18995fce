//! `/control/v1/simplefin/tokens`.
//!
//! Not here: what a token opens (`http::simplefin`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::environment::Environment;
use domain::id::{EntityId, OrganizationId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock;
use crate::fleet::{self, SimpleFinRequest};
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::body::{Body, Ids, NoBody};
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// A token of an application that speaks SimpleFIN, without its secrets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SimpleFinToken {
    id: Uuid,
    /// What is read: an organization's slug, with `/test` behind it for its test environment.
    #[schema(example = "acme")]
    tenant: String,
    /// The entity that it is narrowed to.
    #[schema(required)]
    entity_id: Option<Uuid>,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when it can be claimed.
    #[schema(value_type = String, format = DateTime)]
    claim_expires_at: Timestamp,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    claimed_at: Option<Timestamp>,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A token, and what the application is given, this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SimpleFinTokenCreated {
    #[serde(flatten)]
    kept: SimpleFinToken,
    /// The base64 of the address where it is claimed.
    setup_token: String,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSimpleFinToken, example = json!({
    "organizationId": "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "environment": "live", "name": "a budget",
}))]
pub(super) struct Create {
    organization_id: Uuid,
    #[schema(schema_with = schema::word::<Environment>)]
    environment: Environment,
    /// Of this entity alone.
    entity_id: Option<Uuid>,
    #[schema(min_length = 1, max_length = 255)]
    name: String,
}

/// List SimpleFIN tokens, oldest first.
#[utoipa::path(get, path = "/simplefin/tokens", operation_id = "listSimpleFinTokens", tag = "SimpleFIN",
    security(("operator" = [])), params(Paging),
    responses((status = 200, description = "A page of tokens.", body = List<SimpleFinToken>)))]
pub(super) async fn list(
    State(app): State<App>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<SimpleFinToken>>, Problem> {
    let page = listed.open::<Uuid>(&app, "control/simplefin/tokens", OPERATORS)?;
    let limit = usize::try_from(page.to_read()).unwrap_or(usize::MAX);
    let all = app.fleet.store.simplefin_tokens().await?.into_iter();
    let wanted = all.filter(|token| page.after.is_none_or(|after| token.id > after)).take(limit);
    Ok(Json(page.list(wanted.collect(), |token| token.id, SimpleFinToken::from)))
}

/// Make a SimpleFIN token; what the application is given is shown this once.
#[utoipa::path(post, path = "/simplefin/tokens", operation_id = "createSimpleFinToken", tag = "SimpleFIN",
    security(("operator" = [])), request_body = Create,
    responses(
        (status = 201, description = "The token.", body = SimpleFinTokenCreated),
        (status = 404, description = "`not_found`: there is no such organization or entity."),
    ))]
pub(super) async fn create(
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<SimpleFinTokenCreated>), Problem> {
    let (store, organization) = (&*app.fleet.store, OrganizationId(request.organization_id));
    let tenant_id = fleet::tenant(store, &app.fleet.vault, organization, request.environment).await?;
    let wanted = SimpleFinRequest { tenant_id, entity_id: request.entity_id.map(EntityId), name: request.name };
    let (kept, setup) = fleet::create_simplefin_token(store, &app.fleet.config.public_url(), wanted).await?;
    let made = SimpleFinTokenCreated { kept: kept.into(), setup_token: setup.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// End a SimpleFIN token; it stops working at once.
#[utoipa::path(post, path = "/simplefin/tokens/{tokenId}/revoke", operation_id = "revokeSimpleFinToken",
    tag = "SimpleFIN", security(("operator" = [])), params(("tokenId" = Uuid, Path, description = "The token.")),
    responses((status = 200, description = "The token.", body = SimpleFinToken)))]
pub(super) async fn revoke(
    State(app): State<App>,
    Ids([id]): Ids<1>,
    _: NoBody,
) -> Result<Json<SimpleFinToken>, Problem> {
    Ok(Json(app.fleet.store.revoke_simplefin_token(id, clock::now()).await?.into()))
}

impl From<store::SimpleFinToken> for SimpleFinToken {
    fn from(token: store::SimpleFinToken) -> Self {
        Self {
            id: token.id,
            tenant: token.tenant_slug,
            entity_id: token.entity_id.map(|id| id.0),
            name: token.name,
            created_at: token.created_at,
            claim_expires_at: token.claim_expires_at,
            claimed_at: token.claimed_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}
