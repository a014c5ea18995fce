//! From an answer in JSON to its cells: a row for each entry of its list, a column for each path.
//!
//! All values of a row are kept, read or not, so that another revision of the script can read
//! them again; those that are read come first, for where there are too many.
//!
//! Not here: what the cells mean (`captured`).

use std::collections::{HashMap, HashSet};

use domain::failure::{Failure, FailureCode};
use domain::observation::{Sheet, SheetKind};

use super::{Place, headers};
use crate::bounds::SIZE_LIMIT;
use crate::json::{Json, Scalar, Way};
use crate::language::Captured;
use crate::table::{CELL_LIMIT, COLUMNS_LIMIT, ROWS_LIMIT, weight};

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its rows, in the portal's order.
    pub(crate) sheet: Sheet,
    /// What tells each from the others.
    pub(crate) keys: Vec<String>,
    /// Whether it says that no more follow; none where the script doesn't say what says so.
    pub(crate) is_last: Option<bool>,
    /// How many rows it says there are in all.
    pub(crate) announced: Option<u64>,
}

/// Why an answer has no rows.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It isn't built as the script says: this is nowhere in it, and something else is.
    Unlike { missing: Way, there: Vec<String> },
    /// It is, and can't be read.
    Failed(Failure),
}

/// How much the values of an answer weigh together, with the ways to them: more than any answer of
/// rows that can be kept, and less than a machine has.
const LEAVES_WEIGH: usize = 8 * SIZE_LIMIT;

impl Unread {
    /// What it comes to where nothing else can be read.
    pub(crate) fn failure(self, place: &Place) -> Failure {
        match self {
            Self::Unlike { missing, there } => {
                let there = headers("paths", &there);
                let what = format!("no row of the portal's answer has `{missing}`; {there}");
                place.failure(FailureCode::ElementMissing, what)
            }
            Self::Failed(failure) => failure,
        }
    }
}

/// Takes the rows of an answer.
pub(crate) fn answer(text: &str, captured: &Captured, place: &Place) -> Result<Answer, Unread> {
    let failed = |code, what: String| Unread::Failed(place.failure(code, what));
    let refuse = |what: &str| failed(FailureCode::ScriptParse, format!("an answer of the portal {what}"));
    let whole = Json::parse(text).ok_or_else(|| refuse("isn't JSON, or breaks off"))?;
    let Some(rows) = whole.at(&captured.rows).and_then(Json::items) else {
        let there = whole.entries().into_iter().flatten().map(|(key, _)| key).collect();
        return Err(Unread::Unlike { missing: captured.rows.clone(), there });
    };
    if rows.len() > ROWS_LIMIT {
        return Err(refuse("has more than 100,000 rows"));
    }
    let mut left = LEAVES_WEIGH;
    let leaves: Option<Vec<Vec<(String, Scalar)>>> = rows.iter().map(|row| row.leaves(&mut left)).collect();
    let leaves = leaves.ok_or_else(|| refuse("has too many values, or too long names of them"))?;
    let missing = |way: &&Way| !rows.is_empty() && rows.iter().all(|row| row.at(way).is_none());
    if let Some(way) = captured.needed().find(missing) {
        let there = leaves.first().map(|row| row.iter().map(|(way, _)| way.clone()).collect()).unwrap_or_default();
        return Err(Unread::Unlike { missing: way.clone(), there });
    }
    let mut keys = Vec::with_capacity(rows.len());
    let mut known = HashSet::new();
    for (index, row) in rows.iter().enumerate() {
        let key = match row.at(&captured.key).map(Json::scalar) {
            Some(Scalar::Text(key)) if !key.is_empty() && key.len() <= CELL_LIMIT => key,
            _ => return Err(refuse(&format!("has nothing at `{}` in row {}", captured.key, index + 1))),
        };
        if !known.insert(key.clone()) {
            return Err(refuse(&format!("has the same `{}` in row {} as in one before it", captured.key, index + 1)));
        }
        keys.push(key);
    }
    let sheet = sheet(leaves, captured).map_err(|what| refuse(&what))?;
    let is_last = captured.end.as_ref().map(|end| match whole.at(end).map(Json::scalar) {
        None | Some(Scalar::Nothing) => true,
        Some(Scalar::Text(text)) => text.is_empty() || text == "false",
        Some(Scalar::Several | Scalar::Unreadable) => false,
    });
    let announced = match captured.announced.as_ref().map(|way| whole.at(way).map(Json::scalar)) {
        None | Some(None | Some(Scalar::Nothing)) => None,
        Some(Some(Scalar::Text(text))) => {
            Some(text.parse().map_err(|_| refuse("says in no whole number how many rows there are"))?)
        }
        Some(Some(_)) => return Err(refuse("says in no whole number how many rows there are")),
    };
    Ok(Answer { sheet, keys, is_last, announced })
}

/// The texts of rows; what a path leads to nowhere, or to nothing, is empty.
fn sheet(rows: Vec<Vec<(String, Scalar)>>, captured: &Captured) -> Result<Sheet, String> {
    let mut headers: Vec<String> = captured.data().map(|datum| datum.at.to_string()).collect();
    headers.push(captured.key.to_string());
    let mut seen = HashSet::new();
    headers.retain(|header| seen.insert(header.clone()));
    let read = headers.len();
    for (way, _) in rows.iter().flatten() {
        if headers.len() < COLUMNS_LIMIT && seen.insert(way.clone()) {
            headers.push(way.clone());
        }
    }
    let places: HashMap<&str, usize> = headers.iter().enumerate().map(|(place, way)| (way.as_str(), place)).collect();
    let mut weighs = 0;
    let mut cells = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        let mut texts = vec![String::new(); headers.len()];
        for (way, scalar) in row {
            let Some(place) = places.get(way.as_str()).copied() else { continue };
            let text = match scalar {
                Scalar::Text(text) if text.len() <= CELL_LIMIT => text,
                Scalar::Text(_) | Scalar::Unreadable if place < read => {
                    return Err(format!("has more than 16 KiB, or no text, at `{way}` in row {}", index + 1));
                }
                _ => String::new(),
            };
            if let Some(cell) = texts.get_mut(place) {
                *cell = text;
            }
        }
        weighs += weight(&texts);
        if weighs > SIZE_LIMIT {
            return Err("comes to more than 8 MiB of cells".into());
        }
        cells.push(texts);
    }
    Ok(Sheet { kind: SheetKind::Captured, headers, rows: cells })
}
