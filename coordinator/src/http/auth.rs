//! Who is calling: an integrator with an API key and its scopes, an agent with the
//! agents' token, or an operator with the operators'. None opens another's doors.
//!
//! Not here: what a caller may do with whose things; the store only finds the caller's
//! own.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::audit::{Actor, ActorKind};
use domain::id::OrganizationId;
use domain::role::Role;
use uuid::Uuid;

use super::App;
use super::problem::Problem;
use crate::clock;
use crate::fleet::{Caller, Scope};
use crate::store::acting;

/// An integrator whose key is in force.
pub(super) struct Integrator(Caller);

impl Integrator {
    /// The caller, if its key has the scope.
    pub(super) fn with(self, scope: Scope) -> Result<Caller, Problem> {
        if self.0.may(scope) {
            return Ok(self.0);
        }
        let detail = format!("This key lacks the scope `{}`.", scope.as_str());
        Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", detail))
    }
}

impl FromRequestParts<App> for Integrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(Problem::unauthorized)
    }
}

/// Finds out who is calling, and whether they call too often.
pub(super) async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let presented = bearer(request.headers())?;
    let caller = app.fleet.authenticate(presented, clock::now()).await?;
    tracing::Span::current().record("key_id", &caller.key_id);
    app.throttle.check(&caller.key_id)?;
    let actor = Actor::new(ActorKind::ApiKey, &caller.key_id, &caller.key_name);
    request.extensions_mut().insert(caller);
    Ok(acting(actor, next.run(request)).await)
}

/// In place of an organization where operators call, who belong to none.
pub(super) const OPERATORS: OrganizationId = OrganizationId(Uuid::nil());

/// Finds out what an operator may do.
pub(super) async fn operators(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let presented = bearer(request.headers())?;
    let (role, actor) = if app.is_administrator(presented) {
        (Role::Administrator, Actor::new(ActorKind::SettingsToken, "", ""))
    } else {
        let token = app.fleet.authenticate_operator(presented, clock::now()).await?;
        tracing::Span::current().record("key_id", &token.id);
        (token.role, Actor::new(ActorKind::ControlToken, token.id, token.name))
    };
    request.extensions_mut().insert(role);
    Ok(acting(actor, next.run(request)).await)
}

/// Lets operators in who have the role, or one that may do more.
pub(super) async fn role(State(needed): State<Role>, request: Request, next: Next) -> Result<Response, Problem> {
    if request.extensions().get::<Role>().is_some_and(|role| *role >= needed) {
        return Ok(next.run(request).await);
    }
    let detail = format!("This token's role doesn't go so far: the call needs `{needed}`.");
    Err(Problem::new(StatusCode::FORBIDDEN, "role_missing", detail))
}

/// An agent of this fleet.
pub(super) struct Agent;

impl FromRequestParts<App> for Agent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if app.is_agent(bearer(&parts.headers)?) { Ok(Self) } else { Err(Problem::unauthorized()) }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or_else(Problem::unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Problem::unauthorized()) }
}
