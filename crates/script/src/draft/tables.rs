//! The tables of a page whose cells could be records, each with a selector of its own.
//!
//! Not here: what they list.

use scraper::ElementRef;

use super::Sureness;
use super::selectors::selector;
use super::values::is_blank;
use crate::css::Css;
use crate::document::{Document, is_hidden};
use crate::language::{Shape, Table};
use crate::table::Grid;

/// How many tables of a page are looked at.
const TABLES: usize = 50;

/// A table with its headers and its records.
pub(super) struct Sheet<'d> {
    pub(super) selector: (String, Sureness),
    pub(super) shape: Shape,
    /// Rows that are no records.
    pub(super) skip: Option<String>,
    pub(super) headers: Vec<String>,
    /// How a column says what stands under each header, where that isn't the header itself.
    pub(super) said: Vec<String>,
    pub(super) rows: Vec<(ElementRef<'d>, Vec<String>)>,
}

impl Sheet<'_> {
    /// The texts of all cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().flat_map(|(_, cells)| cells.iter().map(String::as_str))
    }
}

/// The page's tables that have headers and records.
pub(super) fn sheets(document: &Document) -> Vec<Sheet<'_>> {
    let is_table = |element: &ElementRef<'_>| {
        let role = element.attr("role").unwrap_or_default().trim();
        (element.value().name() == "table" && role != "presentation") || matches!(role, "table" | "grid" | "treegrid")
    };
    let shown = document.everything().filter(|element| is_table(element) && !is_hidden(element));
    shown.take(TABLES).filter_map(|element| sheet(document, element)).collect()
}

fn sheet<'d>(document: &'d Document, element: ElementRef<'d>) -> Option<Sheet<'d>> {
    let selector = selector(document, element);
    let found = |skip: Option<&str>| {
        let css = |text: &str| Css::made(text);
        let skip = match skip {
            Some(skip) => Some(css(skip)?),
            None => None,
        };
        let table: Table<()> = Table {
            css: css(&selector.0)?,
            shape: Shape::Table,
            skip,
            empty: None,
            columns: Vec::new(),
            parts: Vec::new(),
        };
        Some(Grid::find(document, &table))
    };
    // A line between months, a sum, or the numbers of pages: it has other cells than records have, however wide they are.
    let skip = odd_rows(element).filter(|skip| found(Some(skip)).is_some_and(|grid| grid.is_ok()));
    let grid = found(skip.as_deref())?;
    let grid = grid.ok()?;
    let rows: Vec<_> = grid.rows.into_iter().map(|row| (row.element, row.cells)).collect();
    (grid.headers.len() > 1 && !rows.is_empty()).then_some(Sheet {
        selector,
        shape: Shape::Table,
        skip,
        headers: grid.headers,
        said: Vec::new(),
        rows,
    })
}

/// A selector of the rows with fewer cells than most, by a class that no other row has.
fn odd_rows(table: ElementRef<'_>) -> Option<String> {
    let is_own = |row: &ElementRef<'_>| {
        let around = row.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "table");
        row.value().name() == "tr" && around.is_some_and(|around| around.id() == table.id())
    };
    let rows: Vec<ElementRef<'_>> = table.descendants().filter_map(ElementRef::wrap).filter(is_own).collect();
    let count = |row: &ElementRef<'_>| row.child_elements().count();
    let most = rows.iter().map(count).max()?;
    let (usual, odd): (Vec<&ElementRef<'_>>, Vec<&ElementRef<'_>>) = rows.iter().partition(|row| count(row) == most);
    let first = odd.first()?;
    let class = first.value().classes().find(|class| {
        let has = |row: &&ElementRef<'_>| row.value().classes().any(|known| known == *class);
        odd.iter().all(&has) && !usual.iter().any(has)
    });
    Some(class.map_or_else(|| "tr:has(td[colspan])".to_owned(), |class| format!("tr.{class}")))
}

/// Whether a text looks like a sum of money: digits, with two decimals behind the last sign that parts them.
pub(super) fn is_sum(cell: &str) -> bool {
    let digits = cell.trim().trim_end_matches(|sign: char| !sign.is_numeric() && sign != '.');
    let behind = digits.rsplit_once(['.', ',', '٫']).map(|(_, behind)| behind);
    let letters = cell.chars().filter(|sign| sign.is_alphabetic()).count();
    behind.is_some_and(|behind| behind.chars().count() == 2 && behind.chars().all(char::is_numeric)) && letters <= 3
}

/// Whether cells hold texts: not all of them are sums of money, or empty.
pub(super) fn are_texts(cells: &[&str]) -> bool {
    cells.iter().any(|cell| !is_blank(cell) && !is_sum(cell))
}

#[cfg(test)]
mod tests {
    use super::{is_sum, sheets};
    use crate::document::Document;

    #[test]
    fn tables_with_headers_are_found_and_lines_between_their_rows_are_skipped() {
        let html = "<table role=presentation><tr><td>a<td>b</table>\
            <table id=list><tr><th>Date<th>Sum<tr class=month><td colspan=3>May<tr><td>1<td>2<tr><td>3<td>4</table>";
        let document = Document::parse(html).expect("a document");
        let sheets = sheets(&document);
        assert_eq!(sheets.len(), 1);
        assert_eq!((sheets[0].selector.0.as_str(), sheets[0].skip.as_deref()), ("#list", Some("tr.month")));
        assert_eq!(sheets[0].cells().collect::<Vec<_>>(), ["1", "2", "3", "4"]);
    }

    #[test]
    fn numbers_of_pages_in_a_table_of_their_own_are_no_rows() {
        let document = Document::parse(
            "<table id=a class=grid><tr><th>Date</th><th>Amount</th></tr><tr><td>Nov 05, 2026</td><td>($1.00)</td></tr>\
             <tr class=pager><td colspan=2><table><tr><td><span>1</span></td><td><a href=x>2</a></td></tr></table></td></tr></table>",
        )
        .expect("a document");
        let sheets = sheets(&document);
        let found: Vec<_> = sheets.iter().map(|sheet| (sheet.rows.len(), sheet.skip.as_deref())).collect();
        assert_eq!(found, [(1, Some("tr.pager"))]);
    }

    #[test]
    fn a_sum_has_decimals() {
        assert!(is_sum("$1,200.50") && is_sum("1.200,50 €") && is_sum("-3.00"));
        assert!(!is_sum("Rent 3") && !is_sum("19.11.") && !is_sum("1234"));
    }
}
