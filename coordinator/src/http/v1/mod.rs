//! The public API, one file a resource; each handler says what the OpenAPI document
//! tells of it.
//!
//! What the contract leaves open and this project chose is marked `Choice:` at the
//! place where it is made.
//!
//! Not here: how a handler reads, answers or refuses; that is one floor up.

mod accounts;
mod balances;
mod challenges;
mod completeness;
mod connections;
mod deliveries;
mod entities;
mod institutions;
mod setup_links;
mod sparse;
mod stream;
mod transactions;
mod webhooks;

use utoipa::openapi::Components;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;

/// Says of the objects what can't be said at their fields.
pub(super) fn refine(components: &mut Components) {
    connections::refine(components);
}

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(entities::list, entities::create))
        .routes(routes!(entities::show, entities::change, entities::delete))
        .routes(routes!(institutions::list))
        .routes(routes!(institutions::show))
        .routes(routes!(connections::list, connections::create))
        .routes(routes!(connections::show))
        .routes(routes!(connections::give_credentials))
        .routes(routes!(connections::complete_setup))
        .routes(routes!(connections::request_sync))
        .routes(routes!(connections::pause))
        .routes(routes!(connections::resume))
        .routes(routes!(connections::revoke))
        .routes(routes!(connections::events))
        .routes(routes!(setup_links::create, setup_links::revoke))
        .routes(routes!(challenges::list))
        .routes(routes!(challenges::show))
        .routes(routes!(challenges::answer))
        .routes(routes!(challenges::resend))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::show))
        .routes(routes!(balances::list))
        .routes(routes!(transactions::list))
        .routes(routes!(stream::read))
        .routes(routes!(transactions::show))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::change, webhooks::delete))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::redeliver))
}
