//! Tables: headers, rows as lists of the texts of their cells, columns found by their
//! headers.
//!
//! What is kept of a table is bounded: a cell that spans columns stands in each of them,
//! so a small page could make a large table.
//!
//! Not here: what a cell's text means.

use html5ever::{LocalName, local_name};
use scraper::{ElementRef, Selector};

use crate::bounds::SIZE_LIMIT;
use crate::css::{Css, quoted};
use crate::document::{Document, attribute, fold, hides, is_hidden, name, piece, raw_text, takes_no_room};
use crate::language::{Part, Pick, Table};

/// How many rows a table may have.
pub(crate) const ROWS_LIMIT: usize = 100_000;

/// How many columns one row may have.
pub(crate) const COLUMNS_LIMIT: usize = 256;

/// How long a cell's text may be, in bytes.
pub(crate) const CELL_LIMIT: usize = 16 * 1024;

/// What a cell weighs beside its text: about as much as its quotes and its comma.
const CELL_WEIGHT: usize = 4;

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
    /// This record, counted from 1, has a cell with more text than any cell for people.
    CellTooLong(usize),
    /// So does the row with the headers.
    HeaderTooLong,
    /// The headers are more than a table may have.
    TooManyColumns,
    /// All cells together hold more text than any page.
    TooMuchText,
    /// There are no records, and nothing says that there are none.
    Empty,
    TooManyRows,
}

/// A table that was found.
pub(crate) struct Grid<'d> {
    /// None when the portal shows no table because it has no records.
    pub(crate) element: Option<ElementRef<'d>>,
    /// As shown, white space folded.
    pub(crate) headers: Vec<String>,
    pub(crate) rows: Vec<Row<'d>>,
}

/// One row that is a record.
pub(crate) struct Row<'d> {
    pub(crate) element: ElementRef<'d>,
    /// The text of each cell, as many as there are headers; white space as it stands.
    pub(crate) cells: Vec<String>,
}

impl<'d> Grid<'d> {
    pub(crate) fn find<F>(document: &'d Document, table: &Table<F>) -> Result<Self, TableError> {
        let mut fitting = document.all(&table.css);
        let is_empty = || table.empty.as_ref().is_some_and(|css| document.shown(css).is_some());
        let Some(element) = fitting.next() else {
            let nothing = Self { element: None, headers: Vec::new(), rows: Vec::new() };
            return if is_empty() { Ok(nothing) } else { Err(TableError::Missing) };
        };
        if fitting.next().is_some() {
            return Err(TableError::Ambiguous);
        }
        if *name(&element) != local_name!("table") {
            return Err(TableError::NotATable);
        }
        let rows: Vec<ElementRef<'d>> = rows(element).take(ROWS_LIMIT + 1).collect();
        if rows.len() > ROWS_LIMIT {
            return Err(TableError::TooManyRows);
        }
        let (header, headers) = headers(&rows, table)?;
        let parts = parts(&headers, table)?;
        let is_record = |row: &&ElementRef<'d>| {
            let is_skipped = [&table.skip, &table.empty].into_iter().flatten().any(|css| css.selector.matches(row));
            !is_skipped && !is_header(row) && !is_in(row, &local_name!("tfoot")) && is_shown(**row, element)
        };
        let (mut records, mut weight) = (Vec::new(), 0);
        for row in rows.iter().skip(header + 1).filter(is_record) {
            let cells = texts(*row, headers.len(), &mut weight).map_err(|error| match error {
                TextError::TooLong => TableError::CellTooLong(records.len() + 1),
                TextError::TooMuch => TableError::TooMuchText,
            })?;
            if cells.len() != headers.len() {
                return Err(TableError::CellCount(records.len() + 1));
            }
            let cells = with_parts(*row, cells, &parts, &mut weight).ok_or(TableError::TooMuchText)?;
            records.push(Row { element: *row, cells });
        }
        if records.is_empty() && !is_empty() {
            return Err(TableError::Empty);
        }
        let headers = headers.into_iter().chain(table.parts.iter().map(|part| part.name.clone())).collect();
        Ok(Self { element: Some(element), headers, rows: records })
    }
}

/// Where each part of the script stands among the cells.
fn parts<'t, F>(headers: &[String], table: &'t Table<F>) -> Result<Vec<(usize, &'t Part)>, TableError> {
    let found = places(headers, table.parts.iter().map(|part| part.header.as_str()))?;
    Ok(found.into_iter().zip(&table.parts).collect())
}

/// The cells of a row with those that their parts make; none if they hold too much. What isn't
/// there is empty.
fn with_parts(
    row: ElementRef<'_>,
    mut cells: Vec<String>,
    parts: &[(usize, &Part)],
    weight: &mut usize,
) -> Option<Vec<String>> {
    for (place, part) in parts {
        let text = cell_at(row, *place).and_then(|cell| part_of(cell, &part.pick)).unwrap_or_default();
        *weight += text.len() + CELL_WEIGHT;
        cells.push(text);
    }
    (*weight <= SIZE_LIMIT).then_some(cells)
}

fn part_of(cell: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let within = match &pick.of {
        Some(css) => cell.select(&css.selector).find(|element| !is_hidden(element))?,
        None => cell,
    };
    piece(within, pick).filter(|text| text.len() <= CELL_LIMIT)
}

/// The cell that stands in a column.
fn cell_at(row: ElementRef<'_>, place: usize) -> Option<ElementRef<'_>> {
    let mut next = 0;
    cells(row).find(|cell| {
        next += span(cell);
        place < next
    })
}

/// Where among the headers each of the names stands, which have their case folded.
pub(crate) fn places<'n>(headers: &[String], names: impl Iterator<Item = &'n str>) -> Result<Vec<usize>, TableError> {
    let folded: Vec<String> = headers.iter().map(|header| header.to_lowercase()).collect();
    let place = |wanted: &str| {
        let mut fitting = folded.iter().enumerate().filter(|(_, header)| *header == wanted);
        let (place, _) = fitting.next().ok_or_else(|| TableError::ColumnMissing(wanted.to_owned(), folded.clone()))?;
        if fitting.next().is_some() { Err(TableError::ColumnAmbiguous(wanted.to_owned())) } else { Ok(place) }
    };
    names.map(place).collect()
}

/// What texts weigh together: about as much as when they are handed in.
pub(crate) fn weight<'t>(texts: impl IntoIterator<Item = &'t String>) -> usize {
    texts.into_iter().map(|text| text.len() + CELL_WEIGHT).sum()
}

/// The rows of a table, those of tables within it left out: a parser puts each into a
/// section of its table.
fn rows(table: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    let sections = table
        .child_elements()
        .filter(|element| matches!(*name(element), local_name!("thead") | local_name!("tbody") | local_name!("tfoot")));
    sections.flat_map(|section| section.child_elements().filter(|row| *name(row) == local_name!("tr")))
}

/// Whether neither a row nor what it stands in within its table is hidden.
fn is_shown<'d>(row: ElementRef<'d>, table: ElementRef<'d>) -> bool {
    let above = row.ancestors().take_while(|above| *above != *table).filter_map(ElementRef::wrap);
    !std::iter::once(row).chain(above).any(hides)
}

/// Why the texts of a row aren't kept.
enum TextError {
    TooLong,
    TooMuch,
}

/// The texts of the cells of a row that take room, one that spans several columns
/// standing in each of them. What they weigh is added to `weight`.
fn texts(row: ElementRef<'_>, expected: usize, weight: &mut usize) -> Result<Vec<String>, TextError> {
    let mut texts = Vec::with_capacity(expected);
    for cell in cells(row) {
        // One more than there may be, so that it is seen that there are more.
        let room = (COLUMNS_LIMIT + 1).saturating_sub(texts.len());
        if room == 0 {
            break;
        }
        let span = span(&cell).min(room);
        let text = raw_text(cell, CELL_LIMIT);
        if text.len() > CELL_LIMIT {
            return Err(TextError::TooLong);
        }
        *weight += (text.len() + CELL_WEIGHT) * span;
        if *weight > SIZE_LIMIT {
            return Err(TextError::TooMuch);
        }
        texts.extend(std::iter::repeat_n(text, span));
    }
    Ok(texts)
}

/// The cells of a row that take room.
fn cells(row: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    let is_cell = |cell: &ElementRef<'_>| matches!(*name(cell), local_name!("td") | local_name!("th"));
    row.child_elements().filter(move |cell| is_cell(cell) && !takes_no_room(*cell))
}

/// How many columns a cell spans.
fn span(cell: &ElementRef<'_>) -> usize {
    let said = attribute(cell, &local_name!("colspan")).and_then(|span| span.trim().parse::<usize>().ok());
    said.unwrap_or(1).max(1)
}

/// The row with the headers, and they.
fn headers<F>(rows: &[ElementRef<'_>], table: &Table<F>) -> Result<(usize, Vec<String>), TableError> {
    let mut nearest = TableError::ColumnMissing(first_column(table), Vec::new());
    let mut weight = 0;
    for (row, element) in rows.iter().enumerate().take_while(|(_, row)| is_header(row)) {
        let texts = texts(*element, table.columns.len(), &mut weight).map_err(|error| match error {
            TextError::TooLong => TableError::HeaderTooLong,
            TextError::TooMuch => TableError::TooMuchText,
        })?;
        let headers: Vec<String> = texts.iter().map(|text| fold(text).into_owned()).collect();
        match places(&headers, table.headers()) {
            Ok(_) if headers.len() > COLUMNS_LIMIT => return Err(TableError::TooManyColumns),
            Ok(_) => return Ok((row, headers)),
            Err(error) => nearest = error,
        }
    }
    Err(nearest)
}

fn first_column<F>(table: &Table<F>) -> String {
    table.headers().next().unwrap_or_default().to_owned()
}

/// Whether a row holds headers: it stands in the head, or has no data cell.
fn is_header(row: &ElementRef<'_>) -> bool {
    is_in(row, &local_name!("thead")) || row.child_elements().all(|cell| *name(&cell) != local_name!("td"))
}

/// Whether a row stands in this section of its table.
fn is_in(row: &ElementRef<'_>, section: &LocalName) -> bool {
    row.parent().and_then(ElementRef::wrap).is_some_and(|parent| name(&parent) == section)
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
    let way = format!(":is({}) :is({})", table.text(), open.text());
    apart(document, &way, link).ok_or(LinkError::Ambiguous)
}

/// A selector that fits only the first thing that `click` fits and that stands behind the one
/// that `shown` fits, if there is such a thing.
pub(crate) fn behind(document: &Document, shown: &Css, click: &Css) -> Result<Option<String>, LinkError> {
    let Some(current) = document.shown(shown) else {
        return if document.shown(click).is_some() { Err(LinkError::Missing) } else { Ok(None) };
    };
    let later = document.elements().skip_while(|element| element.id() != current.id()).skip(1);
    let fits = |element: &ElementRef<'_>| click.selector.matches(element) && !is_hidden(element);
    let Some(link) = later.into_iter().find(fits) else { return Ok(None) };
    apart(document, &format!(":is({})", click.text()), link).map(Some).ok_or(LinkError::Ambiguous)
}

/// A selector that fits an element and no other thing: one of those that `way` fits, told apart
/// by what it says of itself, or by its place.
fn apart(document: &Document, way: &str, link: ElementRef<'_>) -> Option<String> {
    let by_name = |name: &str| Some(format!("{way}[{name}={}]", quoted(link.attr(name)?)));
    let named = ["href", "id", "data-testid", "name"].into_iter().filter_map(by_name);
    named.chain([path(link)]).find(|selector| fits_only(document, selector, link))
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
    use super::{CELL_LIMIT, Grid, LinkError, TableError, behind, link, places};
    use crate::css::Css;
    use crate::document::{Document, fold};
    use crate::language::Table;

    fn css(text: &str) -> Css {
        Css::parse(text).expect("a selector")
    }

    /// The columns `name` and `sum` of a table.
    fn check(html: &str, expected: Result<&[&str], TableError>) {
        let document = Document::parse(html).expect("a document");
        let columns = vec![((), "name".to_owned()), ((), "sum".to_owned())];
        let table =
            Table { css: css("#t"), skip: Some(css(".skip")), empty: Some(css(".none")), columns, parts: Vec::new() };
        let rows = Grid::find(&document, &table).map(|grid| {
            let places = places(&grid.headers, table.names()).unwrap_or_default();
            let cells = |row: &super::Row<'_>| -> Vec<String> {
                places.iter().filter_map(|place| row.cells.get(*place)).map(|cell| fold(cell).into_owned()).collect()
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
    fn a_table_is_bounded_in_every_direction() {
        let head = "<table id=t><tr><th>Name<th>Sum";
        let long = "x".repeat(CELL_LIMIT);
        check(&format!("{head}<tr><td>a<td>1<tr><td>x{long}<td>2</table>"), Err(TableError::CellTooLong(2)));
        check(&format!("{head}<tr><td>a<td><i hidden>{long}x</i>1</table>"), Ok(&["a|1"]));
        check(&format!("<table id=t><tr><th>Name{long}<th>Sum</table>"), Err(TableError::HeaderTooLong));
        check(&format!("{head}<tr>{}</table>", "<td>x".repeat(10_000)), Err(TableError::CellCount(1)));
        let wide = "<th>x".repeat(10_000);
        check(&format!("{head}{wide}<tr><td>a<td>1</table>"), Err(TableError::TooManyColumns));
        check(&format!("<table id=t><tr>{wide}<tr><th>Name<th>Sum<tr><td>a<td>1</table>"), Ok(&["a|1"]));
        // A page of 200 kilobytes that would be a table of 40 megabytes.
        let spread = format!("{head}{}", "<th>x".repeat(250));
        let rows = format!("<tr><td colspan=252>{long}").repeat(10);
        check(&format!("{spread}{rows}</table>"), Err(TableError::TooMuchText));
        check(&format!("{head}<th>Again<th>Again<tr><td>a<td>1<td>2<td>3</table>"), Ok(&["a|1"]));
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
    fn the_number_behind_that_of_the_page_leads_on_and_a_page_without_its_own_is_odd() {
        let check = |pager: &str, expected: Result<Option<&str>, LinkError>| {
            let document = Document::parse(&format!("<p class=pager>{pager}</p>")).expect("a document");
            let found = behind(&document, &css(".pager b"), &css(".pager a"));
            assert_eq!(found.as_ref().map(Option::as_deref).map_err(|error| *error), expected, "{pager}");
        };
        check("<a href=1>1</a> <b>2</b> <a href=3>3</a> <a href=4>4</a>", Ok(Some(":is(.pager a)[href=\"3\"]")));
        check("<a href=1>1</a> <b>2</b> <a href=3 hidden>3</a>", Ok(None));
        check("<a href=1>1</a> <b>2</b>", Ok(None));
        check("", Ok(None));
        // It would end the list too soon.
        check("<a href=1>1</a> <i>2</i> <a href=3>3</a>", Err(LinkError::Missing));
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
