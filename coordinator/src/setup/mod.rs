//! The set-up page at `/setup/{token}`: what an integrator shows its customer, who sets a connection up there without
//! signing in. It says how the delegated user is created, takes its credentials, and asks what the bank asks, until the
//! connection is active. Made on the server; it works without JavaScript, by loading it again.
//!
//! `door` says whose link it is, `frame` is the page around everything, `view` what it shows where the connection stands,
//! `acts` what is done there, `brand` whose page it says it is.
//!
//! Not here: what anything means or does; the page calls the same use cases as `/v1`. Nor making links (`fleet`).

mod acts;
mod assets;
mod brand;
mod door;
mod frame;
mod parts;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::get;

use self::brand::Brand;
use self::door::Pace;
use crate::fleet::Fleet;

pub use brand::BrandError;

/// What every page works with.
#[derive(Clone)]
struct Setup {
    fleet: Arc<Fleet>,
    brand: Arc<Brand>,
    pace: Arc<Pace>,
}

/// Every route under `/setup`.
///
/// # Errors
/// [`BrandError`] where the settings name a logo that can't be used.
pub fn router(fleet: Arc<Fleet>) -> Result<Router, BrandError> {
    let brand = Arc::new(Brand::load(&fleet.config.setup.brand)?);
    let setup = Setup { fleet, brand, pace: Arc::new(Pace::new()) };
    let inside = Router::new()
        .route("/setup/{token}", get(view::show))
        .route("/setup/{token}/credentials", get(acts::back).post(acts::give_credentials))
        .route("/setup/{token}/again", get(acts::back).post(acts::sign_in_again))
        .route("/setup/{token}/challenges/{id}/answer", get(acts::back).post(acts::answer))
        .route("/setup/{token}/challenges/{id}/resend", get(acts::back).post(acts::resend))
        // The last is the outermost: whose link it is, then whether the form is of its page.
        .route_layer(middleware::from_fn_with_state(setup.clone(), door::form))
        .route_layer(middleware::from_fn_with_state(setup.clone(), door::link));
    Ok(inside
        .route("/setup/assets/{name}", get(assets::serve))
        .layer(middleware::from_fn_with_state(setup.clone(), door::headers))
        .with_state(setup))
}
