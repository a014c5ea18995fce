//! `/v1/connections/{connectionId}/challenges`: what the bank asks, and the answer.
//!
//! Not here: answers that were given; nobody reads one back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::challenge::{AnswerSource, ChallengeKind, ChallengeState, ClosingReason, Medium};
use domain::id::{ChallengeId, ConnectionId};
use domain::secret::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Body, Ids, NoBody};
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store;

/// What only a person, or the device in their hand, can supply.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Challenge {
    id: Uuid,
    connection_id: Uuid,
    #[schema(schema_with = schema::word::<ChallengeKind>)]
    kind: ChallengeKind,
    /// How the bank reached the person, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<Medium>, required = false)]
    medium: Option<Medium>,
    /// The masked number or address that the bank names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "••• ••• 0142")]
    masked_target: Option<String>,
    /// What a person is asked to do, in the bank's own words.
    prompt: String,
    /// What the bank said about the answer before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    institution_message: Option<String>,
    /// How many parts an answer has, where the bank takes it in parts: separated by spaces, or the signs of one word. Another
    /// number of them is refused before the bank sees any.
    // Choice: the documents have no place for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    answer_parts: Option<usize>,
    /// The terms that are to be accepted: `accept` or `decline` is the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    terms: Option<Terms>,
    /// How many answers the bank still takes, this one included.
    attempts_left: u32,
    #[schema(schema_with = schema::word::<ChallengeState>)]
    status: ChallengeState,
    /// What may answer it, what is tried first before. Empty where nothing is answered here, as for an approval in the
    /// bank's app.
    #[schema(schema_with = sources)]
    may_answer: Vec<AnswerSource>,
    /// What answered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word::<AnswerSource>, required = false)]
    source: Option<AnswerSource>,
    /// Why it closed without the portal's verdict on an answer. Later versions know more reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::word_with_meanings::<ClosingReason>, required = false)]
    closed_for: Option<ClosingReason>,
    /// How many more new codes the bank can be asked for; 0 where the portal has no way to, or none that its script knows.
    resends_left: u32,
    /// Not before when; there while any is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    resend_after: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when an answer is taken.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Terms of a bank.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terms {
    /// What the bank calls them.
    #[schema(example = "Online Access Agreement")]
    title: String,
    /// The SHA-256 of their text, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// What a person answered.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChallengeAnswer, example = json!({ "answer": "493027" }))]
pub(super) struct Answer {
    /// Kept sealed until the portal has it, then forgotten.
    #[schema(value_type = String, format = Password, max_length = 200, pattern = r"\S")]
    answer: Secret,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// As they stand now: `open` for what waits for an answer.
    #[param(schema_with = schema::word::<ChallengeState>, required = false)]
    status: Option<ChallengeState>,
}

/// List what the bank asked, oldest first.
#[utoipa::path(get, path = "/connections/{connectionId}/challenges", operation_id = "listChallenges", tag = "Challenges",
    security(("key" = ["connections:read"])),
    params(("connectionId" = Uuid, Path, description = "The connection."), Filter, Paging),
    responses((status = 200, description = "A page of challenges.", body = List<Challenge>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    listed: Listed<Filter>,
) -> Result<Json<List<Challenge>>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, &format!("challenges of {id}"), owner)?;
    let wanted = listed.filter.status.as_slice();
    let challenges = app.fleet.store.challenges(owner, ConnectionId(id), wanted, page.page()).await?;
    Ok(Json(page.list(challenges, |challenge| challenge.id.0, Challenge::from)))
}

/// Get one thing that the bank asked.
// Choice: the documents have no place for it.
#[utoipa::path(get, path = "/connections/{connectionId}/challenges/{challengeId}", operation_id = "getChallenge",
    tag = "Challenges", security(("key" = ["connections:read"])),
    params(("connectionId" = Uuid, Path, description = "The connection."),
           ("challengeId" = Uuid, Path, description = "The challenge.")),
    responses((status = 200, description = "The challenge.", body = Challenge)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id, challenge]): Ids<2>,
) -> Result<Json<Challenge>, Problem> {
    let owner = integrator.with(Scope::ConnectionsRead)?.organization_id;
    let challenge = app.fleet.store.challenge(owner, ConnectionId(id), ChallengeId(challenge)).await?;
    Ok(Json(challenge.into()))
}

/// Answer what the bank asks; the run goes on where it stood.
#[utoipa::path(post, path = "/connections/{connectionId}/challenges/{challengeId}/answer",
    operation_id = "answerChallenge", tag = "Challenges", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection."),
           ("challengeId" = Uuid, Path, description = "The challenge.")),
    request_body = Answer,
    responses(
        (status = 200, description = "The challenge as it is now.", body = Challenge),
        (status = 409, description = "`challenge_closed`: it takes no answer any more. `wheel_held`: an operator has the bank's page to themselves."),
    ))]
pub(super) async fn answer(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id, challenge]): Ids<2>,
    Body(request): Body<Answer>,
) -> Result<Json<Challenge>, Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let answered = app.fleet.answer_challenge(owner, ConnectionId(id), ChallengeId(challenge), request.answer).await?;
    Ok(Json(answered.into()))
}

/// Have the bank send a new code, where its portal can be asked for one.
///
/// What the bank says of it comes as `institutionMessage`; the challenge stays the same. An answer is taken meanwhile.
// Choice: the documents have no place for it.
#[utoipa::path(post, path = "/connections/{connectionId}/challenges/{challengeId}/resend",
    operation_id = "resendChallenge", tag = "Challenges", security(("key" = ["connections:write"])),
    params(("connectionId" = Uuid, Path, description = "The connection."),
           ("challengeId" = Uuid, Path, description = "The challenge.")),
    responses(
        (status = 202, description = "It is asked for.", body = Challenge),
        (status = 409, description = "`challenge_closed`: it isn't open any more. `resend_impossible`: the portal has no \
            way to, or none that its script knows. `resends_spent`: as many were asked for as may be."),
        (status = 429, description = "`resend_too_soon`: the last one was only just sent; `Retry-After` says how long to \
            wait."),
    ))]
pub(super) async fn resend(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id, challenge]): Ids<2>,
    _: NoBody,
) -> Result<(StatusCode, Json<Challenge>), Problem> {
    let owner = integrator.with(Scope::ConnectionsWrite)?.organization_id;
    let challenge = app.fleet.request_resend(owner, ConnectionId(id), ChallengeId(challenge)).await?;
    Ok((StatusCode::ACCEPTED, Json(challenge.into())))
}

fn sources() -> ArrayBuilder {
    ArrayBuilder::new().items(schema::word_with_meanings::<AnswerSource>())
}

impl From<store::Challenge> for Challenge {
    fn from(challenge: store::Challenge) -> Self {
        let question = challenge.question;
        Self {
            id: challenge.id.0,
            connection_id: challenge.connection_id.0,
            kind: question.kind,
            medium: question.medium,
            masked_target: question.masked_target,
            prompt: question.prompt,
            institution_message: question.institution_message,
            answer_parts: question.answer_parts,
            terms: question.terms.map(|terms| Terms { title: terms.title, sha256: terms.sha256 }),
            attempts_left: question.attempts_left,
            status: challenge.state,
            may_answer: challenge.may_answer,
            source: challenge.source,
            closed_for: challenge.closed_for,
            resends_left: challenge.resends_left,
            resend_after: challenge.resend_after,
            created_at: challenge.created_at,
            expires_at: challenge.expires_at,
            updated_at: challenge.updated_at,
        }
    }
}
