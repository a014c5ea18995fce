//! `/control/v1/catalog`: reading the catalog's folder again.
//!
//! Not here: what is in it; institutions are under `/v1`, their scripts under `/control/v1/institutions`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::fleet::{DeployedScript, ReloadError};
use crate::http::App;
use crate::http::body::{NoBody, NoQuery};
use crate::http::problem::Problem;
use crate::store::Deployed;

/// What a folder has that was read again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CatalogReloaded {
    /// How many institutions.
    institutions: usize,
    /// What became of each script.
    scripts: Vec<FolderScript>,
}

/// What became of a script of the folder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FolderScript {
    institution_id: String,
    revision: String,
    outcome: Outcome,
}

/// `isCurrent`: nobody knew it, and connections are worked by it now. `isKept`: nobody knew it, and what somebody chose
/// stays current. `wasKnown`: it changes nothing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FolderScriptOutcome)]
enum Outcome {
    IsCurrent,
    IsKept,
    WasKnown,
}

/// Read the catalog's folder again, as this coordinator has it. A folder with a fault changes nothing.
#[utoipa::path(post, path = "/catalog/reload", operation_id = "reloadCatalog", tag = "Scripts",
    security(("operator" = [])),
    responses(
        (status = 200, description = "What the folder has.", body = CatalogReloaded),
        (status = 409, description = "`catalog_faulty`: the folder can't be used, and the catalog stays as it was."),
    ))]
pub(super) async fn reload(State(app): State<App>, _: NoQuery, _: NoBody) -> Result<Json<CatalogReloaded>, Problem> {
    let reloaded = app.fleet.reload().await?;
    let script = |script: DeployedScript| FolderScript {
        institution_id: script.institution_id,
        revision: script.revision,
        outcome: match script.deployed {
            Deployed::IsCurrent => Outcome::IsCurrent,
            Deployed::IsKept => Outcome::IsKept,
            Deployed::WasKnown => Outcome::WasKnown,
        },
    };
    let scripts = reloaded.scripts.into_iter().map(script).collect();
    Ok(Json(CatalogReloaded { institutions: reloaded.institutions, scripts }))
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Folder(error) => {
                tracing::warn!(%error, "the catalog's folder can't be used, and the catalog stays as it was");
                Self::new(StatusCode::CONFLICT, "catalog_faulty", error.to_string())
            }
            ReloadError::Failed(error) => error.into(),
        }
    }
}
