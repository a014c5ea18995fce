//! `/agent/v1`: the lease protocol, for agents with the agents' token alone.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::id::{ChallengeId, RunId};
use protocol::intent::{DeclareIntent, DeclaredIntent, SettleIntents};
use protocol::lease::{
    Acquire, AnswerState, AwaitAnswer, Complete, Fail, Leave, OpenChallenge, OpenedChallenge, Proof, Renew, Renewed,
    SettleChallenge,
};
use protocol::live::Refenced;

use super::App;
use super::auth::Agent;
use super::body::{Body, Ids};
use super::line;
use super::problem::Problem;
use super::request_id::to_its_end;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/leases", post(acquire))
        .route("/leases/{run_id}/renew", post(renew))
        .route("/leases/{run_id}/intents", post(declare_intent))
        .route("/leases/{run_id}/intents/settle", post(settle_intents))
        .route("/leases/{run_id}/challenges", post(open_challenge))
        .route("/leases/{run_id}/challenges/{id}/wait", post(await_answer))
        .route("/leases/{run_id}/challenges/{id}/settle", post(settle_challenge))
        .route("/leases/{run_id}/complete", post(complete))
        .route("/leases/{run_id}/fail", post(fail))
        .route("/leases/{run_id}/release", post(release))
        .route("/leases/{run_id}/refence", post(refence))
        .route("/line", get(line::open))
        .route("/leave", post(leave))
}

async fn acquire(_: Agent, State(app): State<App>, Body(request): Body<Acquire>) -> Result<Response, Problem> {
    Ok(match app.fleet.acquire(&request).await? {
        Some(lease) => Json(lease).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

async fn renew(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(request): Body<Renew>,
) -> Result<Json<Renewed>, Problem> {
    Ok(Json(app.fleet.renew(RunId(run), request).await?))
}

async fn declare_intent(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(request): Body<DeclareIntent>,
) -> Result<Json<DeclaredIntent>, Problem> {
    let DeclareIntent { proof, effect, making } = request;
    Ok(Json(match making {
        Some(making) => app.fleet.declare_setting(RunId(run), proof, making).await?,
        None => app.fleet.declare_intent(RunId(run), proof, effect).await?,
    }))
}

async fn settle_intents(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(request): Body<SettleIntents>,
) -> Result<StatusCode, Problem> {
    app.fleet.settle_intents(RunId(run), request.proof, request.outcome).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn open_challenge(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(request): Body<OpenChallenge>,
) -> Result<Json<OpenedChallenge>, Problem> {
    Ok(Json(app.fleet.open_challenge(RunId(run), request.proof, request.question, request.continues).await?))
}

async fn await_answer(
    _: Agent,
    State(app): State<App>,
    Ids([run, challenge]): Ids<2>,
    Body(request): Body<AwaitAnswer>,
) -> Result<Json<AnswerState>, Problem> {
    let wait = Duration::from_millis(request.wait_ms);
    let AwaitAnswer { proof, resends_done, .. } = request;
    Ok(Json(app.fleet.await_answer(RunId(run), proof, ChallengeId(challenge), wait, resends_done).await?))
}

async fn settle_challenge(
    _: Agent,
    State(app): State<App>,
    Ids([run, challenge]): Ids<2>,
    Body(request): Body<SettleChallenge>,
) -> Result<StatusCode, Problem> {
    app.fleet.settle_challenge(RunId(run), request.proof, ChallengeId(challenge), request.verdict).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn complete(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(request): Body<Complete>,
) -> Result<StatusCode, Problem> {
    // An agent hangs up where it hears meanwhile that its run is over, as it is once this has begun.
    to_its_end(async move { Ok(app.fleet.complete(RunId(run), &request).await?) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn fail(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(request): Body<Fail>,
) -> Result<StatusCode, Problem> {
    to_its_end(async move { Ok(app.fleet.fail(RunId(run), request).await?) }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn release(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(proof): Body<Proof>,
) -> Result<StatusCode, Problem> {
    app.fleet.release(RunId(run), proof).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn refence(
    _: Agent,
    State(app): State<App>,
    Ids([run]): Ids<1>,
    Body(proof): Body<Proof>,
) -> Result<Json<Refenced>, Problem> {
    Ok(Json(app.fleet.refence(RunId(run), proof).await?))
}

async fn leave(_: Agent, State(app): State<App>, Body(Leave { agent_id }): Body<Leave>) -> Result<StatusCode, Problem> {
    app.fleet.queue.forget_agent(agent_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
