//! A table of what is announced alone, beside the list of what is booked.
//!
//! Not here: rows of the list itself that are pending (`columns`).

use super::lists::LedgerList;
use super::selectors::is_name;
use super::tables::Sheet;
use super::words::is_within;
use super::{Looked, Sureness};
use crate::css::Css;
use crate::document::{Document, folded_case, is_hidden, shown_text};

/// What such a table is called.
const WORDS: &str = "pending|processing|announced|upcoming|scheduled|authorised|authorized|uncleared|not yet booked|\
            vorgemerkt|vorgemerkte|vormerkposten|vormerkungen|angekündigt|en attente|à venir|pendiente|pendientes|\
            in sospeso|in attesa|pendente|pendentes|in behandeling|gereserveerd|未確定|予定";

/// A table of what is announced.
pub(super) struct Announced {
    pub(super) at: usize,
    pub(super) table: (String, Sureness),
    /// Our fields, and the headers that they stand under, as in the list.
    pub(super) columns: Vec<(&'static str, String)>,
}

/// The table that says so of itself and has columns of the list: its amounts, and what they are for.
pub(super) fn announced(
    looked: &[Looked<'_>],
    sheets: &[Vec<Sheet<'_>>],
    ledger: &LedgerList,
    pages: &[usize],
) -> Option<Announced> {
    let all = pages.iter().filter_map(|at| Some((*at, looked.get(*at)?, sheets.get(*at)?)));
    let mut all = all.flat_map(|(at, page, sheets)| sheets.iter().map(move |sheet| (at, page, sheet)));
    all.find_map(|(at, page, sheet)| {
        let is_other = sheet.selector.0 != ledger.table.0;
        let columns = ledger.read.columns.iter().filter(|(_, header)| sheet.headers.contains(header));
        let columns: Vec<(&'static str, String)> = columns.cloned().collect();
        let has = |wanted: &str| columns.iter().any(|(field, _)| *field == wanted);
        let is_it = is_other && has("description") && has("amount") && is_said(&page.document, &sheet.selector.0);
        is_it.then(|| Announced { at, table: sheet.selector.clone(), columns })
    })
}

/// Whether a table is called so: by its name, its caption, or the heading above it.
pub(super) fn is_said(document: &Document, table: &str) -> bool {
    let Some(element) = Css::made(table).and_then(|css| document.all(&css).next()) else { return false };
    let value = element.value();
    let names = value.id().into_iter().chain(value.classes()).filter(|name| is_name(name));
    let names = names.map(|name| name.replace(['-', '_'], " "));
    let said = ["aria-label", "summary", "title"].iter().filter_map(|name| value.attr(name)).map(str::to_owned);
    let caption = element.child_elements().filter(|child| child.value().name() == "caption").map(shown_text);
    let is_heading = |name: &str| matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table");
    let before = document.everything().take_while(|other| other.id() != element.id());
    let heading = before.filter(|other| is_heading(other.value().name()) && !is_hidden(other)).last();
    // One above another table is that one's.
    let heading = heading.filter(|heading| heading.value().name() != "table").map(shown_text);
    names.chain(said).chain(caption).chain(heading).any(|text| is_within(WORDS, &folded_case(&text)))
}

#[cfg(test)]
mod tests {
    use super::is_said;
    use crate::document::Document;

    #[test]
    fn a_table_of_what_is_announced_says_so_by_its_name_or_what_heads_it() {
        let check = |html: &str, expected: bool| {
            let document = Document::parse(html).expect("a document");
            assert_eq!(is_said(&document, "table:last-of-type"), expected, "{html}");
        };
        check("<table id=pending-items>", true);
        check("<table><caption>Vorgemerkte Umsätze</caption></table>", true);
        check("<h2>Scheduled payments</h2><p>Soon</p><table>", true);
        check("<h2>Scheduled payments</h2><table></table><table>", false);
        check("<h2>Pending</h2><table></table><h2>Booked</h2><table>", false);
        check("<table id=rows>", false);
    }
}
