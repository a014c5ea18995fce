//! `/control/v1`: for operators, with a control token alone; one file a resource.
//!
//! Not here: anything that belongs to an integrator; that is under `/v1`.

mod audit;
mod catalog;
mod fleet;
mod keys;
pub mod ledger;
mod organizations;
mod scripts;
mod simplefin;

use axum::{Extension, middleware};
use domain::role::Role;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth;
use super::body::BodyLimit;
use super::openapi::{Problem, Surface, When};
use super::problem::{FieldError, ProblemBody};
use crate::catalog::LARGEST_SCRIPT;

/// The problems that calls have in common, by status.
const PROBLEMS: [Problem; 10] = [
    ("400", When::Readable, "`invalid_parameter`, `invalid_cursor`, `malformed_json` or `unexpected_body`."),
    ("401", When::Always, "`unauthorized`: the control token is missing or wrong."),
    ("403", When::Always, "`role_missing`: the token's role doesn't go so far."),
    ("404", When::Named, "`not_found`: there is no such thing."),
    (
        "409",
        When::Never,
        "`duplicate`, `key_ended`, `key_replaced`, `undecidable`, `already_taken_back`, `decided_since`, `reading_gone`, `hosts_not_agreed`, \
         `stale_rollout`, `changed`, `catalog_faulty`.",
    ),
    ("410", When::List, "`cursor_expired`: it is older than 90 days."),
    ("413", When::Sent, "`body_too_large`."),
    ("415", When::Body, "`unsupported_media_type`: a body is `application/json`."),
    ("422", When::Body, "`validation_failed`: `errors` points at each field."),
    ("503", When::Always, "`unavailable`: the store or the queue can't be reached right now."),
];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Bursar for operators",
        description = "What whoever runs Bursar does through HTTP.\n\nEvery call needs a control token as \
            `Authorization: Bearer <token>`: the setting `control.token`, or else `control.token` in the data folder, \
            which opens everything, or one that `coordinator control-token create` made for a role. `viewer` looks at \
            the fleet, `operator` also steers it, `administrator` also reaches organizations, keys and records. \
            No API key opens these calls, and no control token opens others. Every answer has an `x-request-id`, every \
            problem is `application/problem+json` with a `code`.",
        version = "1",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody, FieldError)),
    tags(
        (name = "Organizations", description = "Whose everything is."),
        (name = "Keys", description = "What integrators show to be let in."),
        (name = "Scripts", description = "How portals are driven."),
        (name = "Fleet", description = "What goes on in the fleet, and what operators do about it."),
        (name = "Ledger", description = "Why transactions are the ones that they are, and what operators decide of it."),
        (name = "Audit", description = "Who did what to what."),
        (name = "SimpleFIN", description = "Tokens of applications that read by the SimpleFIN protocol."),
    ),
)]
struct Base;

/// What the document says of these calls together.
pub(super) fn surface() -> Surface {
    Surface {
        base: Base::openapi(),
        prefix: "/control/v1",
        router: router(),
        scheme: "operator",
        key: HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("A control token.")).build(),
        problems: &PROBLEMS,
        finish: |_, _| {},
        refine: |_| (),
    }
}

/// Each call is one of a role's, whose token opens it.
fn router() -> OpenApiRouter<App> {
    let of = |router: OpenApiRouter<App>, role| router.route_layer(middleware::from_fn_with_state(role, auth::role));
    let administrators = administrators().merge(publishers());
    of(viewers(), Role::Viewer).merge(of(operators(), Role::Operator)).merge(of(administrators, Role::Administrator))
}

fn viewers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(scripts::wanted))
        .routes(routes!(fleet::agents::list))
        .routes(routes!(fleet::connections::show))
        .routes(routes!(fleet::institutions::list))
        .routes(routes!(fleet::rollouts::show))
        .routes(routes!(fleet::leases::list))
        .routes(routes!(fleet::pools::scale))
        .routes(routes!(fleet::queue::show))
        .routes(routes!(fleet::queue::audit))
        .routes(routes!(fleet::dead_letters::list))
        .routes(routes!(fleet::overprivileged::list))
        .routes(routes!(fleet::ways::list))
        .routes(routes!(fleet::pages::list))
        .routes(routes!(fleet::repair_tickets::list))
        .routes(routes!(fleet::repair_tickets::show))
}

fn operators() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(fleet::agents::drain))
        .routes(routes!(fleet::agents::undrain))
        .routes(routes!(fleet::connections::due))
        .routes(routes!(fleet::institutions::pause))
        .routes(routes!(fleet::institutions::resume))
        .routes(routes!(fleet::institutions::reset))
        .routes(routes!(fleet::dead_letters::revive))
        .routes(routes!(fleet::repair_tickets::close))
}

/// Whatever takes a script.
fn publishers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(fleet::revisions::list, fleet::revisions::publish))
        .routes(routes!(fleet::revisions::check))
        .routes(routes!(fleet::repair_tickets::teach))
        .layer(Extension(BodyLimit(LARGEST_PUBLICATION)))
}

/// The largest body with a script, in bytes: JSON may write each of the script's as six.
const LARGEST_PUBLICATION: usize = 6 * LARGEST_SCRIPT + (64 << 10);

/// Whatever is an organization's, and what was read for it.
fn administrators() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(organizations::list, organizations::create))
        .routes(routes!(organizations::change))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::show))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::expire))
        .routes(routes!(keys::revoke))
        .routes(routes!(ledger::explain::show))
        .routes(routes!(ledger::decisions::list, ledger::decisions::create))
        .routes(routes!(ledger::decisions::undo))
        .routes(routes!(ledger::references::list))
        .routes(routes!(ledger::references::forget))
        .routes(routes!(ledger::readings::list))
        .routes(routes!(ledger::readings::drop_anchor))
        .routes(routes!(ledger::imports::list))
        .routes(routes!(ledger::imports::take_back))
        .routes(routes!(fleet::revisions::show))
        .routes(routes!(fleet::rollouts::shadow))
        .routes(routes!(fleet::rollouts::canary))
        .routes(routes!(fleet::rollouts::promote))
        .routes(routes!(fleet::rollouts::roll_back))
        .routes(routes!(fleet::rollouts::halt))
        .routes(routes!(catalog::reload))
        .routes(routes!(audit::list))
        .routes(routes!(simplefin::list, simplefin::create))
        .routes(routes!(simplefin::revoke))
}
