//! `/control/v1/ways`: how the ways to find things fare, of what scripts find in several ways.
//!
//! Not here: what is done about one that is lost; its script's author mends it.

use axum::Json;
use axum::extract::State;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock;
use crate::http::App;
use crate::http::body::Query;
use crate::http::listing::List;
use crate::http::problem::Problem;
use crate::store::WaySum;

/// How many days are counted together.
const DAYS: i64 = 7;

/// Which ways are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http::control) struct Filter {
    /// Those of one institution.
    institution_id: Option<String>,
}

/// How one way to find something fared in the runs of the last seven days.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http::control) struct Way {
    institution_id: String,
    /// Of which revision of the script it is.
    revision: String,
    /// Whether that is the one that runs get now.
    is_current: bool,
    /// What is to be found, by its first way.
    target: String,
    /// The selector, or the words; `captured` for the portal's own answers.
    way: String,
    /// How often it found what was acted on.
    found: u64,
    /// How often it found nothing.
    missing: u64,
    /// How often it found something else, or what couldn't be acted on.
    disagreed: u64,
    /// The last day on which it found what was acted on.
    #[schema(required, value_type = Option<String>, format = Date)]
    last_found_on: Option<Date>,
    /// The last day on which it didn't.
    #[schema(required, value_type = Option<String>, format = Date)]
    last_lost_on: Option<Date>,
}

/// List how ways to find things fared in the last seven days, those that are lost most often first;
/// 5,000 at most.
#[utoipa::path(get, path = "/ways", operation_id = "listWays", tag = "Scripts", security(("operator" = [])),
    params(Filter),
    responses((status = 200, description = "Each way of what has several.", body = List<Way>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<List<Way>>, Problem> {
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    let since = today.saturating_sub(Span::new().days(DAYS - 1));
    let sums = app.fleet.store.ways(filter.institution_id.as_deref(), since).await?;
    let current = |id: &str| app.fleet.catalog().script(id).map(|script| script.revision.clone());
    let way = |sum: WaySum| Way {
        is_current: current(&sum.institution_id).as_ref() == Some(&sum.revision),
        institution_id: sum.institution_id,
        revision: sum.revision,
        target: sum.target,
        way: sum.way,
        found: sum.found,
        missing: sum.missing,
        disagreed: sum.disagreed,
        last_found_on: sum.last_found_on,
        last_lost_on: sum.last_lost_on,
    };
    Ok(Json(List::whole(sums.into_iter().map(way).collect())))
}
