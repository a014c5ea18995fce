//! Tables: columns found by their headers, rows as lists of cells.
//!
//! Not here: what a cell's text means.

use scraper::{ElementRef, Selector};

use crate::css::{Css, quoted};
use crate::document::{Document, folded_case, hides, shown_text, takes_no_room};
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
    /// No header has this text; these are there.
    ColumnMissing(String, Vec<String>),
    /// Several headers have this text.
    ColumnAmbiguous(String),
    /// This record, counted from 1, has another number of cells than the headers.
    CellCount(usize),
    /// There are no records, and nothing says that there are none.
    Empty,
    TooManyRows,
}

/// A table that was found, its columns in the order in which the script names them.
pub(crate) struct Grid<'d> {
    /// None when the portal shows no table because it has no records.
    pub(crate) element: Option<ElementRef<'d>>,
    pub(crate) rows: Vec<Row<'d>>,
}

/// One row that is a record.
pub(crate) struct Row<'d> {
    pub(crate) element: ElementRef<'d>,
    /// One for each column of the script.
    pub(crate) cells: Vec<ElementRef<'d>>,
}

impl<'d> Grid<'d> {
    pub(crate) fn find<F>(document: &'d Document, table: &Table<F>) -> Result<Self, TableError> {
        let mut fitting = document.all(&table.css);
        let is_empty = table.empty.as_ref().is_some_and(|css| document.shown(css).is_some());
        let Some(element) = fitting.next() else {
            return if is_empty { Ok(Self { element: None, rows: Vec::new() }) } else { Err(TableError::Missing) };
        };
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
        let header = header(&rows, table)?;
        let is_record = |row: &&ElementRef<'d>| {
            let is_skipped = [&table.skip, &table.empty].into_iter().flatten().any(|css| css.selector.matches(row));
            !is_skipped && !is_header(row) && section(row) != Some("tfoot") && is_shown(**row, element)
        };
        let mut records = Vec::new();
        for row in rows.iter().skip(header.row + 1).filter(is_record) {
            let cells = cells(*row);
            if cells.len() != header.cells {
                return Err(TableError::CellCount(records.len() + 1));
            }
            let cells = header.places.iter().filter_map(|place| cells.get(*place).copied()).collect();
            records.push(Row { element: *row, cells });
        }
        if records.is_empty() && !is_empty {
            return Err(TableError::Empty);
        }
        Ok(Self { element: Some(element), rows: records })
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

/// Whether neither a row nor what it stands in within its table is hidden.
fn is_shown<'d>(row: ElementRef<'d>, table: ElementRef<'d>) -> bool {
    let above = row.ancestors().take_while(|above| *above != *table).filter_map(ElementRef::wrap);
    !std::iter::once(row).chain(above).any(hides)
}

/// The cells of a row that take room, one that spans several columns standing in
/// each of them.
fn cells(row: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    let mut cells = Vec::new();
    let is_cell = |cell: &ElementRef<'_>| matches!(cell.value().name(), "td" | "th") && !takes_no_room(*cell);
    for cell in row.child_elements().filter(is_cell) {
        let span = cell.attr("colspan").and_then(|span| span.trim().parse::<usize>().ok()).unwrap_or(1);
        let room = COLUMNS_LIMIT.saturating_sub(cells.len());
        cells.extend(std::iter::repeat_n(cell, span.max(1).min(room)));
    }
    cells
}

/// The row with the headers.
struct Header {
    /// Which row it is.
    row: usize,
    /// How many cells it has, and so each record.
    cells: usize,
    /// Where in a row each column of the script stands.
    places: Vec<usize>,
}

fn header<F>(rows: &[ElementRef<'_>], table: &Table<F>) -> Result<Header, TableError> {
    let mut nearest = TableError::ColumnMissing(first_column(table), Vec::new());
    for (row, element) in rows.iter().enumerate().take_while(|(_, row)| is_header(row)) {
        let headers: Vec<String> = cells(*element).into_iter().map(|cell| folded_case(&shown_text(cell))).collect();
        match columns(&headers, table) {
            Ok(places) => return Ok(Header { row, cells: headers.len(), places }),
            Err(error) => nearest = error,
        }
    }
    Err(nearest)
}

fn first_column<F>(table: &Table<F>) -> String {
    table.columns.first().map(|(_, header)| header.clone()).unwrap_or_default()
}

fn columns<F>(headers: &[String], table: &Table<F>) -> Result<Vec<usize>, TableError> {
    let mut places = Vec::new();
    for (_, wanted) in &table.columns {
        let mut fitting = headers.iter().enumerate().filter(|(_, header)| *header == wanted);
        let (place, _) = fitting.next().ok_or_else(|| TableError::ColumnMissing(wanted.clone(), headers.to_vec()))?;
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

    /// The columns `name` and `sum` of a table.
    fn check(html: &str, expected: Result<&[&str], TableError>) {
        let document = Document::parse(html).expect("a document");
        let columns = vec![((), "name".to_owned()), ((), "sum".to_owned())];
        let table = Table { css: css("#t"), skip: Some(css(".skip")), empty: Some(css(".none")), columns };
        let rows = Grid::find(&document, &table).map(|grid| {
            let cells = |row: &super::Row<'_>| -> Vec<String> { row.cells.iter().copied().map(shown_text).collect() };
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
        check("<table id=t><tr><th>Name<tr><td>a</table>", Err(missing("sum", &["name"])));
        check("<table id=t><tr><td>Name<td>Sum<tr><td>a<td>1</table>", Err(missing("name", &[])));
    }

    fn missing(header: &str, there: &[&str]) -> TableError {
        TableError::ColumnMissing(header.into(), there.iter().map(|header| (*header).to_owned()).collect())
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
        check(&format!("{head}<tr><th>June<tr><td>a<td><b hidden>9</b>1</table>"), Ok(&["a|1"]));
    }

    #[test]
    fn hidden_rows_are_no_records_and_hidden_cells_leave_their_place() {
        let head = "<table id=t><tr><th>Name<th>Sum";
        check(&format!("{head}<tr hidden><td>x<td>9<tr><td>a<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tr style='DISPLAY: none'><td>x<td>9<tr><td>a<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tbody hidden><tr><td>x<td>9<tbody><tr><td>a<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tr aria-hidden=true><td>a<td>1</table>"), Ok(&["a|1"]));
        let hidden = "<table id=t><tr><th>Name<th hidden>Key<th>Sum";
        check(&format!("{hidden}<tr><td>a<td hidden>k<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tr><td hidden>k<td>a<td>1</table>"), Ok(&["a|1"]));
        check(&format!("{head}<tr><td>a<td style='visibility:hidden'>1</table>"), Ok(&["a|"]));
    }

    #[test]
    fn a_row_with_another_number_of_cells_than_the_headers_is_refused() {
        let head = "<table id=t><tr><th>Name<th>Sum<tr><td>a<td>1";
        check(&format!("{head}<tr><td>b</table>"), Err(TableError::CellCount(2)));
        check(&format!("{head}<tr><td>b<td>2<td>3</table>"), Err(TableError::CellCount(2)));
        check(&format!("{head}<tr><td colspan=9>b</table>"), Err(TableError::CellCount(2)));
        check(&format!("{head}<tr><td colspan=2>b</table>"), Ok(&["a|1", "b|b"]));
        check(&format!("{head}<tr><td rowspan=2>b<td>2<tr><td>3</table>"), Err(TableError::CellCount(3)));
    }

    #[test]
    fn an_empty_table_is_believed_only_with_its_sign() {
        let head = "<table id=t><tr><th>Name<th>Sum";
        check(&format!("{head}</table>"), Err(TableError::Empty));
        check(&format!("{head}<tr class=skip><td colspan=2>May</table>"), Err(TableError::Empty));
        check(&format!("{head}</table><p class=none hidden>Nothing</p>"), Err(TableError::Empty));
        check(&format!("{head}</table><p class=none>Nothing</p>"), Ok(&[]));
        check(&format!("{head}<tr class=none><td colspan=2>Nothing</table>"), Ok(&[]));
        check("<p class=none>Nothing</p>", Ok(&[]));
    }

    #[test]
    fn there_is_one_table() {
        check("<p>none</p>", Err(TableError::Missing));
        check("<table id=t></table><table id=t></table>", Err(TableError::Ambiguous));
        check("<div id=t><table><tr><th>Name<th>Sum</table></div>", Err(TableError::NotATable));
        check("<table id=t></table>", Err(missing("name", &[])));
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
