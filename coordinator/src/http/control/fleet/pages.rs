//! `/control/v1/institutions/…/pages`: how a portal's pages are built, and how far they drift from day to day.
//!
//! Not here: what is done about a page that drifts; that is a repair ticket, once a run fails at it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::repair_tickets::Changes;
use crate::fleet::DriftingPage;
use crate::http::App;
use crate::http::body::NoQuery;
use crate::http::listing::List;
use crate::http::problem::Problem;
use crate::store::{PageDay, Refused};

/// A page of a portal, and how far it is from how its script's current revision saw it first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DriftingPage)]
pub(in crate::http::control) struct Page {
    /// As the script calls it.
    page: String,
    /// The revision that saw it first as it is measured from.
    revision: String,
    #[schema(value_type = String, format = DateTime)]
    reference_at: Timestamp,
    /// When it last showed otherwise than before.
    #[schema(value_type = String, format = DateTime)]
    latest_at: Timestamp,
    /// In thousandths: 0 where it is built as then, 1000 where nothing is.
    distance: u16,
    changes: Changes,
    days: Vec<Day>,
}

/// How far a page was on a day, in thousandths.
#[derive(Serialize, ToSchema)]
#[schema(as = PageDay)]
struct Day {
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// In how many runs it showed.
    runs: u64,
    /// In how many of them it wasn't built as its reference.
    changed: u64,
    mean: u16,
    most: u16,
}

/// List how far an institution's pages are from how they were, by page, with the last 30 days.
#[utoipa::path(get, path = "/institutions/{institutionId}/pages", operation_id = "listPages", tag = "Scripts",
    security(("operator" = [])), params(("institutionId" = String, Path, description = "The institution.")),
    responses((status = 200, description = "Every page that a whole run saw.", body = List<Page>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    _: NoQuery,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<List<Page>>, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    app.fleet.catalog().institution(&id).ok_or(Refused::NotFound)?;
    let pages = app.fleet.drifting_pages(&id).await?;
    Ok(Json(List::whole(pages.into_iter().map(Page::from).collect())))
}

impl From<DriftingPage> for Page {
    fn from(DriftingPage { kept, changes, days }: DriftingPage) -> Self {
        let day = |PageDay { day, runs, changed, mean, most, .. }: PageDay| Day {
            day,
            runs,
            changed,
            mean: mean.thousandths(),
            most: most.thousandths(),
        };
        Self {
            page: kept.page,
            revision: kept.revision,
            reference_at: kept.reference.at,
            latest_at: kept.latest.at,
            distance: kept.distance.thousandths(),
            changes: changes.into(),
            days: days.into_iter().map(day).collect(),
        }
    }
}
