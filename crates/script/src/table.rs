//! Records on a page: the rows of a table, whose columns are found by their headers, or things
//! of one kind, whose fields stand within each.
//!
//! A table is a `table`, or what says by its role that it is one.
//!
//! What is kept is bounded: a cell that spans columns stands in each of them, so a small page
//! could make a large table.
//!
//! Not here: what a cell's text means, or how a row's link is told from the others (`link`).

use html5ever::{LocalName, local_name};
use scraper::ElementRef;

use crate::bounds::SIZE_LIMIT;
use crate::document::{
    Document, attribute, fold, hides, is_hidden, name, nodes_within, piece, raw_text, takes_no_room,
};
use crate::label::labelled;
use crate::language::{Pick, Shape, Spot, Table};

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
    /// Nothing fits the selector of records, and nothing says that there are none.
    NoRecords,
    /// Several things fit it.
    Ambiguous,
    /// What fits it is something else.
    NotATable,
    /// No header has this text; these are there.
    ColumnMissing(String, Vec<String>),
    /// No record has something beside this label.
    LabelMissing(String),
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
        match table.shape {
            Shape::Table => Self::rows_of(document, table),
            Shape::Records => Self::records(document, table),
        }
    }

    fn rows_of<F>(document: &'d Document, table: &Table<F>) -> Result<Self, TableError> {
        let mut fitting = document.all(&table.css);
        let Some(element) = fitting.next() else {
            return if says_empty(document, table) { Ok(Self::nothing()) } else { Err(TableError::Missing) };
        };
        if fitting.next().is_some() {
            return Err(TableError::Ambiguous);
        }
        let kind = Kind::of(element).ok_or(TableError::NotATable)?;
        let rows: Vec<ElementRef<'d>> = kind.rows(element).take(ROWS_LIMIT + 1).collect();
        if rows.len() > ROWS_LIMIT {
            return Err(TableError::TooManyRows);
        }
        let (header, headers) = headers(kind, &rows, table)?;
        let within = table.parts.iter().filter_map(|part| part.header.as_deref());
        let parts: Vec<usize> = places(&headers, within)?;
        let is_record = |row: &&ElementRef<'d>| {
            !is_skipped(**row, table)
                && !kind.is_header(row)
                && !is_in(row, &local_name!("tfoot"))
                && is_shown(**row, element)
        };
        let (mut records, mut weight) = (Vec::new(), 0);
        for row in rows.iter().skip(header + 1).filter(is_record) {
            let cells = texts(kind, *row, headers.len(), &mut weight).map_err(|error| match error {
                TextError::TooLong => TableError::CellTooLong(records.len() + 1),
                TextError::TooMuch => TableError::TooMuchText,
            })?;
            if cells.len() != headers.len() {
                return Err(TableError::CellCount(records.len() + 1));
            }
            let mut row = Row { element: *row, cells };
            let mut places = parts.iter();
            for part in &table.parts {
                let place = part.header.as_ref().and_then(|_| places.next());
                let within = place.map_or(Some(row.element), |place| cell_at(kind, row.element, *place));
                let text = within.and_then(|within| text_at(within, &part.spot)).unwrap_or_default();
                row.add(text, &mut weight)?;
            }
            records.push(row);
        }
        if records.is_empty() && !says_empty(document, table) {
            return Err(TableError::Empty);
        }
        let headers = headers.into_iter().chain(table.parts.iter().map(|part| part.name.clone())).collect();
        Ok(Self { element: Some(element), headers, rows: records })
    }

    fn records<F>(document: &'d Document, table: &Table<F>) -> Result<Self, TableError> {
        let is_record = |element: &ElementRef<'d>| !is_hidden(element) && !is_skipped(*element, table);
        let found: Vec<ElementRef<'d>> = document.all(&table.css).filter(is_record).take(ROWS_LIMIT + 1).collect();
        if found.len() > ROWS_LIMIT {
            return Err(TableError::TooManyRows);
        }
        if found.is_empty() {
            return if says_empty(document, table) { Ok(Self::nothing()) } else { Err(TableError::NoRecords) };
        }
        let mut weight = 0;
        let mut rows: Vec<Row<'d>> = found.into_iter().map(|element| Row { element, cells: Vec::new() }).collect();
        for part in &table.parts {
            let mut is_labelled = false;
            for (index, row) in rows.iter_mut().enumerate() {
                let text = text_at(row.element, &part.spot);
                is_labelled |= text.is_some();
                if text.as_ref().is_some_and(|text| text.len() > CELL_LIMIT) {
                    return Err(TableError::CellTooLong(index + 1));
                }
                row.add(text.unwrap_or_default(), &mut weight)?;
            }
            // A label that no record has is one that was renamed.
            if let Spot::Label(labels) = &part.spot
                && !is_labelled
            {
                return Err(TableError::LabelMissing(labels.join("` or `")));
            }
        }
        let headers = table.parts.iter().map(|part| part.name.clone()).collect();
        let element = rows.first().and_then(|row| row.element.parent()).and_then(ElementRef::wrap);
        Ok(Self { element, headers, rows })
    }

    const fn nothing() -> Self {
        Self { element: None, headers: Vec::new(), rows: Vec::new() }
    }
}

impl Row<'_> {
    /// Adds a cell that is a part of others.
    fn add(&mut self, text: String, weight: &mut usize) -> Result<(), TableError> {
        *weight += text.len() + CELL_WEIGHT;
        self.cells.push(text);
        if *weight > SIZE_LIMIT { Err(TableError::TooMuchText) } else { Ok(()) }
    }
}

fn says_empty<F>(document: &Document, table: &Table<F>) -> bool {
    table.empty.as_ref().is_some_and(|css| document.shown(css).is_some())
}

/// Whether a row is one that is no record.
fn is_skipped<F>(row: ElementRef<'_>, table: &Table<F>) -> bool {
    [&table.skip, &table.empty].into_iter().flatten().any(|css| css.fits(row))
}

/// What stands in a place within a record or a cell, if anything does.
fn text_at(within: ElementRef<'_>, spot: &Spot) -> Option<String> {
    match spot {
        Spot::At(pick) => text_of(within, pick),
        Spot::Label(labels) => labelled(within, labels).map(|value| raw_text(value, CELL_LIMIT)),
    }
}

/// A piece of text within a record or a cell, if it is there and no longer than a cell may be.
pub(crate) fn text_of(cell: ElementRef<'_>, pick: &Pick) -> Option<String> {
    let within = match &pick.of {
        Some(css) => css.within(cell).find(|element| !is_hidden(element))?,
        None => cell,
    };
    piece(within, pick).filter(|text| text.len() <= CELL_LIMIT)
}

/// The cell that stands in a column.
fn cell_at(kind: Kind, row: ElementRef<'_>, place: usize) -> Option<ElementRef<'_>> {
    let mut next = 0;
    kind.cells(row).find(|cell| {
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

/// How an element says that it is a table, its rows and its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// By its tags.
    Tags,
    /// By its roles.
    Roles,
}

impl Kind {
    fn of(element: ElementRef<'_>) -> Option<Self> {
        if *name(&element) == local_name!("table") {
            return Some(Self::Tags);
        }
        has_role(&element, &["table", "grid", "treegrid"]).then_some(Self::Roles)
    }

    /// The rows of a table, those of tables within it left out: a parser puts each into a
    /// section of its table.
    fn rows<'d>(self, table: ElementRef<'d>) -> Box<dyn Iterator<Item = ElementRef<'d>> + 'd> {
        match self {
            Self::Tags => {
                let sections = table.child_elements().filter(|element| {
                    matches!(*name(element), local_name!("thead") | local_name!("tbody") | local_name!("tfoot"))
                });
                Box::new(
                    sections.flat_map(|section| section.child_elements().filter(|row| *name(row) == local_name!("tr"))),
                )
            }
            Self::Roles => Box::new(within(table, |element| has_role(element, &["row"]))),
        }
    }

    /// The cells of a row that take room.
    fn cells<'d>(self, row: ElementRef<'d>) -> Box<dyn Iterator<Item = ElementRef<'d>> + 'd> {
        match self {
            Self::Tags => {
                let is_cell = |cell: &ElementRef<'_>| matches!(*name(cell), local_name!("td") | local_name!("th"));
                Box::new(row.child_elements().filter(move |cell| is_cell(cell) && !takes_no_room(*cell)))
            }
            Self::Roles => {
                let roles = ["cell", "gridcell", "columnheader", "rowheader"];
                Box::new(within(row, move |cell| has_role(cell, &roles) && !takes_no_room(*cell)))
            }
        }
    }

    /// Whether a row holds headers: it stands in the head, or has no data cell.
    fn is_header(self, row: &ElementRef<'_>) -> bool {
        match self {
            Self::Tags => {
                is_in(row, &local_name!("thead")) || row.child_elements().all(|cell| *name(&cell) != local_name!("td"))
            }
            Self::Roles => {
                let mut cells = self.cells(*row).peekable();
                cells.peek().is_some() && cells.all(|cell| has_role(&cell, &["columnheader"]))
            }
        }
    }
}

fn has_role(element: &ElementRef<'_>, roles: &[&str]) -> bool {
    element.attr("role").is_some_and(|role| roles.contains(&role.trim()))
}

/// What is within an element and is wanted, of its own root.
fn within<'d>(
    element: ElementRef<'d>,
    is_wanted: impl Fn(&ElementRef<'d>) -> bool + 'd,
) -> impl Iterator<Item = ElementRef<'d>> + 'd {
    nodes_within(*element).filter_map(ElementRef::wrap).filter(is_wanted)
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
fn texts(kind: Kind, row: ElementRef<'_>, expected: usize, weight: &mut usize) -> Result<Vec<String>, TextError> {
    let mut texts = Vec::with_capacity(expected);
    for cell in kind.cells(row) {
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

/// How many columns a cell spans.
fn span(cell: &ElementRef<'_>) -> usize {
    let said = attribute(cell, &local_name!("colspan")).and_then(|span| span.trim().parse::<usize>().ok());
    said.unwrap_or(1).max(1)
}

/// The row with the headers, and they.
fn headers<F>(kind: Kind, rows: &[ElementRef<'_>], table: &Table<F>) -> Result<(usize, Vec<String>), TableError> {
    let mut nearest = TableError::ColumnMissing(first_column(table), Vec::new());
    let mut weight = 0;
    for (row, element) in rows.iter().enumerate().take_while(|(_, row)| kind.is_header(row)) {
        let texts = texts(kind, *element, table.columns.len(), &mut weight).map_err(|error| match error {
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

/// Whether a row stands in this section of its table.
fn is_in(row: &ElementRef<'_>, section: &LocalName) -> bool {
    row.parent().and_then(ElementRef::wrap).is_some_and(|parent| name(&parent) == section)
}

#[cfg(test)]
mod tests {
    use super::{CELL_LIMIT, Grid, TableError, places};
    use crate::css::Css;
    use crate::document::{Document, fold};
    use crate::language::{Shape, Table};

    fn css(text: &str) -> Css {
        Css::parse(text).expect("a selector")
    }

    /// The columns `name` and `sum` of a table.
    fn check(html: &str, expected: Result<&[&str], TableError>) {
        let document = Document::parse(html).expect("a document");
        let columns = vec![((), "name".to_owned()), ((), "sum".to_owned())];
        let table = Table {
            css: css("#t"),
            shape: Shape::Table,
            skip: Some(css(".skip")),
            empty: Some(css(".none")),
            columns,
            parts: Vec::new(),
        };
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
}
