//! The style and the scripts of the console, in the program itself. Each goes by a name with its hash, so that
//! browsers keep it for good and never keep an old one.
//!
//! Not here: anything that differs from one visitor to the next.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::refusal::Refusal;

/// Who keeps an asset: everybody, for a year.
pub const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Something that pages load.
pub struct Asset {
    /// With its hash.
    pub name: String,
    /// What kind of thing it is.
    pub media: &'static str,
    /// What it is.
    pub text: std::borrow::Cow<'static, str>,
}

/// The stylesheet.
static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", "text/css; charset=utf-8", include_str!("assets/console.css")));

/// What makes pages live.
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("assets/console.js")));

/// What shows a run as it goes on.
static LIVE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("live", "js", "text/javascript; charset=utf-8", include_str!("assets/live.js")));

/// idiomorph 0.8.0, <https://github.com/bigskysoftware/idiomorph>, as npm has it; its licence (0BSD) stands in
/// `assets/idiomorph.license`. It changes a page in place and leaves focus and what is typed alone.
pub static MORPH: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("idiomorph", "js", "text/javascript; charset=utf-8", include_str!("assets/idiomorph.min.js"))
});

impl Asset {
    /// Names a text after its hash.
    #[must_use]
    pub fn new(
        stem: &str,
        extension: &str,
        media: &'static str,
        text: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        let text = text.into();
        let hash: String = Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("{stem}-{hash}.{extension}"), media, text }
    }
}

impl IntoResponse for &Asset {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, self.media), (header::CACHE_CONTROL, FOR_GOOD)];
        (headers, self.text.clone().into_owned()).into_response()
    }
}

fn path(asset: &Asset) -> String {
    format!("/console/assets/{}", asset.name)
}

/// Where the stylesheet is.
pub(super) fn style() -> String {
    path(&STYLE)
}

/// Where the scripts are, in the order in which they run.
pub(super) fn scripts() -> [String; 2] {
    [path(&MORPH), path(&SCRIPT)]
}

/// Where the script of live views is.
pub(super) fn live() -> String {
    path(&LIVE)
}

/// Serves one of them.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let known = [&*STYLE, &*SCRIPT, &*MORPH, &*LIVE].into_iter().find(|asset| asset.name == name);
    match known {
        Some(asset) => asset.into_response(),
        None => Refusal::not_found().into_response(),
    }
}
