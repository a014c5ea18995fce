//! `/v1/connections/{id}/challenges`: what the bank asks, and the answer.
//!
//! Not here: answers that were given; nobody reads one back.

use axum::Json;
use axum::extract::State;
use domain::id::{ChallengeId, ConnectionId};
use domain::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connections::Page;
use super::without_nulls;
use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, Query};
use crate::http::cursor::Listing;
use crate::http::problem::Problem;
use crate::store::{Challenge, PageRequest};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Answer {
    answer: Secret,
}

pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let listing = Listing::new(&app, "challenges", owner, &id, page.limit.as_deref())?;
    let request = PageRequest { after: listing.position(page.cursor.as_deref())?, limit: listing.to_read() };
    let challenges = app.fleet.store.challenges(owner, ConnectionId(id), request).await?;
    Ok(Json(listing.envelope(challenges, |challenge| challenge.id.0, shown)))
}

pub(super) async fn answer(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id, challenge]): Ids<2>,
    Body(request): Body<Answer>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let answered = app.fleet.answer_challenge(owner, ConnectionId(id), ChallengeId(challenge), request.answer).await?;
    Ok(Json(shown(answered)))
}

fn shown(challenge: Challenge) -> Value {
    let question = challenge.question;
    without_nulls(json!({
        "id": challenge.id,
        "connectionId": challenge.connection_id,
        "kind": question.kind,
        "medium": question.medium,
        "maskedTarget": question.masked_target,
        "prompt": question.prompt,
        "institutionMessage": question.institution_message,
        "attemptsLeft": question.attempts_left,
        "status": challenge.state,
        "createdAt": challenge.created_at,
        "expiresAt": challenge.expires_at,
        "updatedAt": challenge.updated_at,
    }))
}
