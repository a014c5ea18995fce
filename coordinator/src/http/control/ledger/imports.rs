//! `/control/v1/ledger/…/imports`: the statement files that persons handed in, and taking
//! one back.
//!
//! Not here: handing one in, which is a command's (`cli`), or what taking back does
//! (`store`).

use axum::Json;
use axum::extract::State;
use domain::account_match::AccountProof;
use domain::id::AccountId;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use statement::Format;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::clock;
use crate::http::App;
use crate::http::auth::OPERATORS;
use crate::http::body::{Ids, Query};
use crate::http::listing::{List, Listed, NoFilter, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, Keeping};

/// A statement file that was taken into an account's ledger.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Import {
    /// By which it is taken back; that of its reading, too.
    id: Uuid,
    account_id: Uuid,
    #[schema(schema_with = schema::word::<Format>)]
    format: String,
    #[schema(schema_with = schema::word_with_meanings::<AccountProof>)]
    proof: AccountProof,
    /// The account's number as the file names it, masked.
    #[schema(required)]
    masked_number: Option<String>,
    /// The first day that it covers.
    #[schema(required, schema_with = schema::date_or_null)]
    from: Option<Date>,
    /// The last day that it covers.
    #[schema(required, schema_with = schema::date_or_null)]
    to: Option<Date>,
    /// How many transactions it has.
    read: usize,
    added: usize,
    modified: usize,
    removed: usize,
    #[schema(value_type = String, format = DateTime)]
    imported_at: Timestamp,
    /// When it was taken back.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    taken_back_at: Option<Timestamp>,
}

/// What taking a file back does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct TakenBack {
    /// Whether it was done, and not only tried.
    applied: bool,
    import: Import,
    /// How many transactions become what other readings say.
    modified: usize,
    /// How many transactions go, as nothing else has read them.
    removed: usize,
}

/// How an import is taken back.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(in crate::http::control) struct How {
    /// Only say what that would change.
    #[serde(default, deserialize_with = "truth")]
    #[param(value_type = bool)]
    dry_run: bool,
}

/// Parameters are texts.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(serde::de::Error::custom("it is true or false")),
    }
}

/// List the statement files that were taken into an account's ledger, latest first, with those
/// that were taken back.
#[utoipa::path(get, path = "/ledger/accounts/{accountId}/imports", operation_id = "listImports", tag = "Ledger",
    security(("operator" = [])), params(("accountId" = Uuid, Path, description = "The account."), Paging),
    responses((status = 200, description = "A page of imports.", body = List<Import>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    Ids([id]): Ids<1>,
    listed: Listed<NoFilter>,
) -> Result<Json<List<Import>>, Problem> {
    let page = listed.open::<Uuid>(&app, &format!("control/ledger/imports of {id}"), OPERATORS)?;
    let imports = app.fleet.store.imports(AccountId(id), page.page()).await?;
    Ok(Json(page.list(imports, |import| import.id, Import::from)))
}

/// Take back what a file alone put into the ledger; what was read elsewhere, too, becomes what
/// is said there. It stays in the list.
#[utoipa::path(delete, path = "/ledger/imports/{importId}", operation_id = "takeImportBack", tag = "Ledger",
    security(("operator" = [])), params(("importId" = Uuid, Path, description = "The import."), How),
    responses(
        (status = 200, description = "What that changed.", body = TakenBack),
        (status = 409, description = "`already_taken_back`; `decided_since`: a decision hangs on one of its transactions, \
            undo it first; `reading_gone`: what it alone put in can't be told any more."),
    ))]
pub(in crate::http::control) async fn take_back(
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Query(how): Query<How>,
) -> Result<Json<TakenBack>, Problem> {
    let keeping = if how.dry_run { Keeping::Nothing } else { Keeping::Everything };
    Ok(Json(TakenBack::of(app.fleet.store.take_back(id, keeping, clock::now()).await?, keeping)))
}

impl From<store::Import> for Import {
    fn from(import: store::Import) -> Self {
        Self {
            id: import.id,
            account_id: import.account_id.0,
            format: import.format,
            proof: import.proof,
            masked_number: import.masked_number,
            from: import.covers.0,
            to: import.covers.1,
            read: import.completed.read,
            added: import.completed.added,
            modified: import.completed.modified,
            removed: import.completed.removed,
            imported_at: import.imported_at,
            taken_back_at: import.taken_back_at,
        }
    }
}

impl TakenBack {
    pub(in crate::http::control) fn of(taken_back: store::TakenBack, keeping: Keeping) -> Self {
        let (modified, removed) = (taken_back.modified, taken_back.removed);
        let applied = keeping == Keeping::Everything;
        let mut import = Import::from(taken_back.import);
        if !applied {
            import.taken_back_at = None;
        }
        Self { applied, import, modified, removed }
    }
}
