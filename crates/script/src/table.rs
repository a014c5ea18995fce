//! Tables: columns found by their headers, rows as lists of cells.
//!
//! Not here: what a cell's text means.

use scraper::{ElementRef, Selector};

use crate::css::{Css, quoted};
use crate::document::{Document, folded_case};
use crate::language::Table;

/// How many rows a table may have.
pub(crate) const ROWS_LIMIT: usize = 100_000;

/// How many columns one row may have.
const COLUMNS_LIMIT: usize = 256;

/// Why a table can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TableError {
    /// Nothing fits the table's selector.
    Missing,
    /// Several things fit it.
    Ambiguous,
    /// What fits it is something else.
    NotATable,
    /// No header has this text.
    ColumnMissing(String),
    /// Several headers have this text.
    ColumnAmbiguous(String),
    TooManyRows,
}

/// A table that was found, its columns in the order in which the script names them.
pub(crate) struct Grid<'d> {
    pub(crate) element: ElementRef<'d>,
    pub(crate) rows: Vec<Row<'d>>,
}

/// One row that is a record.
pub(crate) struct Row<'d> {
    pub(crate) element: ElementRef<'d>,
    /// One for each column of the script; none where the row is too short.
    pub(crate) cells: Vec<Option<ElementRef<'d>>>,
}

impl<'d> Grid<'d> {
    pub(crate) fn find<F>(document: &'d Document, table: &Table<F>) -> Result<Self, TableError> {
        let mut fitting = document.all(&table.css);
        let element = fitting.next().ok_or(TableError::Missing)?;
        if fitting.next().is_some() {
            return Err(TableError::Ambiguous);
        }
        if element.value().name() != "table" {
            return Err(TableError::NotATable);
        }
        let rows: Vec<ElementRef<'d>> = rows(element).take(ROWS_LIMIT + 1).collect();
        if rows.len() > ROWS_LIMIT {
            return Err(TableError::TooManyRows);
        }
        let (header, places) = header(&rows, table)?;
        let is_record = |row: &&ElementRef<'d>| {
            let is_skipped = table.skip.as_ref().is_some_and(|css| css.selector.matches(row));
            !is_skipped && !is_header(row) && section(row) != Some("tfoot")
        };
        let records = rows.iter().skip(header + 1).filter(is_record);
        let rows = records
            .map(|row| {
                let cells = cells(*row);
                Row { element: *row, cells: places.iter().map(|place| cells.get(*place).copied()).collect() }
            })
            .collect();
        Ok(Self { element, rows })
    }
}

/// The rows of a table, those of tables within it left out.
fn rows(table: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    let is_own = move |row: &ElementRef<'_>| {
        let mut above = row.ancestors().filter_map(ElementRef::wrap);
        above.find(|element| element.value().name() == "table").is_some_and(|nearest| nearest == table)
    };
    table.descendent_elements().filter(|element| element.value().name() == "tr").filter(is_own)
}

/// The cells of a row, one that spans several columns standing in each of them.
fn cells(row: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    let mut cells = Vec::new();
    for cell in row.child_elements().filter(|cell| matches!(cell.value().name(), "td" | "th")) {
        let span = cell.attr("colspan").and_then(|span| span.trim().parse::<usize>().ok()).unwrap_or(1);
        let room = COLUMNS_LIMIT.saturating_sub(cells.len());
        cells.extend(std::iter::repeat_n(cell, span.max(1).min(room)));
    }
    cells
}

/// The row with the headers, and where in a row each column of the script stands.
fn header<F>(rows: &[ElementRef<'_>], table: &Table<F>) -> Result<(usize, Vec<usize>), TableError> {
    let mut nearest = Err(TableError::ColumnMissing(first_column(table)));
    for (index, row) in rows.iter().enumerate().take_while(|(_, row)| is_header(row)) {
        match columns(*row, table) {
            Ok(places) => return Ok((index, places)),
            error => nearest = error.map(|places| (index, places)),
        }
    }
    nearest
}

fn first_column<F>(table: &Table<F>) -> String {
    table.columns.first().map(|(_, header)| header.clone()).unwrap_or_default()
}

fn columns<F>(row: ElementRef<'_>, table: &Table<F>) -> Result<Vec<usize>, TableError> {
    let headers: Vec<String> =
        cells(row).into_iter().map(|cell| folded_case(&crate::document::shown_text(cell))).collect();
    let mut places = Vec::new();
    for (_, wanted) in &table.columns {
        let mut fitting = headers.iter().enumerate().filter(|(_, header)| *header == wanted);
        let (place, _) = fitting.next().ok_or_else(|| TableError::ColumnMissing(wanted.clone()))?;
        if fitting.next().is_some() {
            return Err(TableError::ColumnAmbiguous(wanted.clone()));
        }
        places.push(place);
    }
    Ok(places)
}

/// Whether a row holds headers: it stands in the head, or has no data cell.
fn is_header(row: &ElementRef<'_>) -> bool {
    section(row) == Some("thead") || row.child_elements().all(|cell| cell.value().name() != "td")
}

fn section<'d>(row: &ElementRef<'d>) -> Option<&'d str> {
    row.parent().and_then(ElementRef::wrap).map(|parent| parent.value().name())
}

/// Why there is no one thing to click in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    Missing,
    Ambiguous,
}

/// A selector that fits only what `open` fits in this row.
///
/// An address tells a link apart even when the rows change places before the click;
/// where there is none, the place in the document has to do.
pub(crate) fn link(document: &Document, table: &Css, open: &Css, row: ElementRef<'_>) -> Result<String, LinkError> {
    let mut fitting = row.select(&open.selector);
    let link = fitting.next().ok_or(LinkError::Missing)?;
    if fitting.next().is_some() {
        return Err(LinkError::Ambiguous);
    }
    for name in ["href", "id", "data-testid", "name"] {
        let Some(value) = link.attr(name) else { continue };
        let selector = format!(":is({}) :is({})[{name}={}]", table.text(), open.text(), quoted(value));
        if fits_only(document, &selector, link) {
            return Ok(selector);
        }
    }
    let selector = path(link);
    if fits_only(document, &selector, link) { Ok(selector) } else { Err(LinkError::Ambiguous) }
}

fn fits_only(document: &Document, selector: &str, link: ElementRef<'_>) -> bool {
    let Ok(selector) = Selector::parse(selector) else { return false };
    let mut fitting = document.elements().filter(|element| selector.matches(element));
    fitting.next().is_some_and(|found| found.id() == link.id()) && fitting.next().is_none()
}

/// The way from the root to an element, by position.
fn path(element: ElementRef<'_>) -> String {
    let mut steps = Vec::new();
    let mut current = Some(element);
    while let Some(element) = current {
        let before = element.prev_siblings().filter(|sibling| sibling.value().is_element()).count();
        current = element.parent().and_then(ElementRef::wrap);
        steps.push(match current {
            Some(_) => format!(":nth-child({})", before + 1),
            None => ":root".to_owned(),
        });
    }
    steps.reverse();
    steps.join(" > ")
}
