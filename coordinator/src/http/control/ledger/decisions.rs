//! `/control/v1/ledger/decisions`.
//!
//! Not here: what a decision does (`store`), or why a transaction is what it is
//! (`explain`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::id::{AccountId, TransactionId};
use domain::ledger::DecisionKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::clock;
use crate::fleet::DecisionRequest;
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::body::{Body, Ids};
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// What an operator decided of two transactions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Decision {
    id: Uuid,
    #[schema(schema_with = schema::word_with_meanings::<DecisionKind>)]
    kind: DecisionKind,
    account_id: Uuid,
    /// What it is about; what stays, of a merge.
    transaction_id: Uuid,
    /// The other one: merged into it, split off it, or kept apart from it.
    other_id: Uuid,
    /// Why, in the operator's words.
    #[schema(required)]
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was taken back.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    undone_at: Option<Timestamp>,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http::control) struct Filter {
    /// Of this account.
    account_id: Option<Uuid>,
}

/// A decision to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewDecision, example = json!({
    "kind": "merge", "transactionId": "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "otherId": "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c", "reason": "The same card payment, told twice.",
}))]
pub(in crate::http::control) struct Create {
    #[schema(schema_with = schema::word_with_meanings::<DecisionKind>)]
    kind: DecisionKind,
    /// What it is about; what stays, of a merge.
    transaction_id: Uuid,
    /// The other one; of a merge and of two that are kept apart.
    other_id: Option<Uuid>,
    /// The match that a split takes back; the latest if none is named.
    match_id: Option<Uuid>,
    /// Why.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// List decisions, oldest first, those that were taken back included.
#[utoipa::path(get, path = "/ledger/decisions", operation_id = "listDecisions", tag = "Ledger",
    security(("operator" = [])), params(Filter, Paging),
    responses((status = 200, description = "A page of decisions.", body = List<Decision>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Decision>>, Problem> {
    let page = listed.open::<Uuid>(&app, "control/ledger/decisions", OPERATORS)?;
    let limit = usize::try_from(page.to_read()).unwrap_or(usize::MAX);
    let all = app.fleet.store.decisions(listed.filter.account_id.map(AccountId)).await?.into_iter();
    let wanted = all.filter(|decision| page.after.is_none_or(|after| decision.id > after)).take(limit);
    Ok(Json(page.list(wanted.collect(), |decision| decision.id, Decision::from)))
}

/// Decide what two transactions are. It outranks every rule, and holds until it is undone.
#[utoipa::path(post, path = "/ledger/decisions", operation_id = "decide", tag = "Ledger",
    security(("operator" = [])), request_body = Create,
    responses(
        (status = 201, description = "The decision, carried out.", body = Decision),
        (status = 404, description = "`not_found`: there is no such transaction."),
        (status = 409, description = "`undecidable`: it makes no sense of these transactions; `detail` says why."),
    ))]
pub(in crate::http::control) async fn create(
    State(app): State<App>,
    Body(request): Body<Create>,
) -> Result<(StatusCode, Json<Decision>), Problem> {
    let request = DecisionRequest {
        kind: request.kind,
        transaction: TransactionId(request.transaction_id),
        other: request.other_id.map(TransactionId),
        by: request.match_id,
        reason: request.reason,
    };
    let decision = request.decide(&*app.fleet.store, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(decision.into())))
}

/// Take a decision back, with its effect. It stays in the list.
#[utoipa::path(delete, path = "/ledger/decisions/{decisionId}", operation_id = "undoDecision", tag = "Ledger",
    security(("operator" = [])), params(("decisionId" = Uuid, Path, description = "The decision.")),
    responses(
        (status = 200, description = "The decision, taken back.", body = Decision),
        (status = 409, description = "`undecidable`: it was taken back before."),
    ))]
pub(in crate::http::control) async fn undo(
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Decision>, Problem> {
    Ok(Json(app.fleet.store.undo(id, clock::now()).await?.into()))
}

impl From<store::Decision> for Decision {
    fn from(decision: store::Decision) -> Self {
        Self {
            id: decision.id,
            kind: decision.kind,
            account_id: decision.account_id.0,
            transaction_id: decision.transaction_id.0,
            other_id: decision.other_id.0,
            reason: decision.reason,
            created_at: decision.created_at,
            undone_at: decision.undone_at,
        }
    }
}
