//! The style, the scripts and the logo of the set-up page, each by a name with its hash.
//!
//! Not here: anything that differs from one link to the next.

use std::sync::LazyLock;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::brand::Brand;
use super::{Setup, door};
use crate::console::{Asset, FOR_GOOD, MORPH};

/// What keeps a picture that has scripts in it from running them, where somebody opens it by itself.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";

const STYLE: &str = include_str!("assets/setup.css");

static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("setup", "js", "text/javascript; charset=utf-8", include_str!("assets/setup.js")));

fn style(brand: &Brand) -> Asset {
    Asset::new("setup", "css", "text/css; charset=utf-8", format!("{STYLE}{}", brand.colours))
}

fn path(name: &str) -> String {
    format!("/setup/assets/{name}")
}

/// Where the stylesheet is.
pub(super) fn style_path(brand: &Brand) -> String {
    path(&style(brand).name)
}

/// Where the scripts are, in the order in which they run.
pub(super) fn script_paths() -> [String; 2] {
    [path(&MORPH.name), path(&SCRIPT.name)]
}

/// Where the logo is.
pub(super) fn logo_path(brand: &Brand) -> Option<String> {
    brand.logo.as_ref().map(|logo| path(&logo.name))
}

/// Serves one of them.
pub(super) async fn serve(State(setup): State<Setup>, Path(name): Path<String>) -> Response {
    let (brand, style) = (&setup.brand, style(&setup.brand));
    if let Some(logo) = brand.logo.as_ref().filter(|logo| logo.name == name) {
        let headers = [
            (header::CONTENT_TYPE, logo.media),
            (header::CACHE_CONTROL, FOR_GOOD),
            (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY),
        ];
        return (headers, logo.bytes.clone()).into_response();
    }
    match [&style, &*SCRIPT, &*MORPH].into_iter().find(|asset| asset.name == name) {
        Some(asset) => asset.into_response(),
        None => door::nowhere(State(setup)).await,
    }
}
