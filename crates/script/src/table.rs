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
    let mut fitting = document.fitting(&selector);
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

#[cfg(test)]
mod tests {
    use super::{Grid, TableError, link};
    use crate::css::Css;
    use crate::document::{Document, shown_text};
    use crate::language::Table;

    fn css(text: &str) -> Css {
        Css::parse(text).expect("a selector")
    }

    /// The columns `name` and `sum` of a table, `-` for a cell that isn't there.
    fn check(html: &str, expected: Result<&[&str], TableError>) {
        let document = Document::parse(html).expect("a document");
        let columns = vec![((), "name".to_owned()), ((), "sum".to_owned())];
        let table = Table { css: css("#t"), skip: Some(css(".skip")), columns };
        let rows = Grid::find(&document, &table).map(|grid| {
            let cells = |row: &super::Row<'_>| -> Vec<String> {
                let texts = row.cells.iter().map(|cell| cell.map_or_else(|| "-".to_owned(), shown_text));
                texts.collect()
            };
            grid.rows.iter().map(|row| cells(row).join("|")).collect::<Vec<_>>()
        });
        assert_eq!(rows, expected.map(|rows| rows.iter().map(|row| (*row).to_owned()).collect()), "{html}");
    }

    #[test]
    fn columns_are_found_by_their_headers_wherever_they_stand() {
        check("<table id=t><tr><th>Sum<th>Name<tr><td>1<td>a<tr><td>2<td>b</table>", Ok(&["a|1", "b|2"]));
        check("<table id=t><thead><tr><td> NAME<td>sum</thead><tr><th>a<td>1</table>", Ok(&["a|1"]));
        check("<table id=t><tr><th colspan=2>Both<tr><th>Name<th>Sum<tr><td>a<td>1</table>", Ok(&["a|1"]));
        check("<table id=t><tr><th colspan=2>Name<th>Sum<tr><td>a<td>x<td>1</table>", Err(ambiguous("name")));
        check("<table id=t><tr><th>Name<tr><td>a</table>", Err(TableError::ColumnMissing("sum".into())));
        check("<table id=t><tr><td>Name<td>Sum<tr><td>a<td>1</table>", Err(TableError::ColumnMissing("name".into())));
    }

    fn ambiguous(header: &str) -> TableError {
        TableError::ColumnAmbiguous(header.into())
    }

    #[test]
    fn rows_are_the_tables_own_records() {
        let head = "<table id=t><tr><th>Name<th>Sum";
        check(&format!("{head}<tr class=skip><td colspan=2>May<tr><td>a<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tr><td>a<td>1<tfoot><tr><td>All<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tr><td>a<table><tr><td>x<td>y</table><td>1</table>"), Ok(&["axy|1"]));
        check(&format!("{head}<tr><td>a<tr><td colspan=9>b</table>"), Ok(&["a|-", "b|b"]));
        check(&format!("{head}<tr><th>June<tr><td>a<td><b hidden>9</b>1</table>"), Ok(&["a|1"]));
    }

    #[test]
    fn there_is_one_table() {
        check("<p>none</p>", Err(TableError::Missing));
        check("<table id=t></table><table id=t></table>", Err(TableError::Ambiguous));
        check("<div id=t><table><tr><th>Name<th>Sum</table></div>", Err(TableError::NotATable));
        check("<table id=t></table>", Err(TableError::ColumnMissing("name".into())));
    }

    #[test]
    fn a_link_is_told_apart_by_what_it_leads_to_or_by_its_place() {
        let check = |cells: [&str; 2], expected: &str| {
            let [one, other] = cells;
            let html = format!("<table id=t><tr><td>{one}</td></tr><tr><td>{other}</td></tr></table>");
            let document = Document::parse(&html).expect("a document");
            let row = document.all(&css("tr")).nth(1).expect("a row");
            let found = link(&document, &css("#t"), &css("a, button"), row);
            assert_eq!(found.as_deref(), Ok(expected), "{html}");
        };
        check(["<a href='1'>x</a>", "<a href='2'>x</a>"], ":is(#t) :is(a, button)[href=\"2\"]");
        check(["<a href='#'>x</a>", "<a href='#' id='q\"'>x</a>"], ":is(#t) :is(a, button)[id=\"q\\\"\"]");
        let place =
            ":root > :nth-child(2) > :nth-child(1) > :nth-child(1) > :nth-child(2) > :nth-child(1) > :nth-child(1)";
        check(["<button>x</button>", "<button>x</button>"], place);
    }
}
