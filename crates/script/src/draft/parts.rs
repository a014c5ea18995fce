//! What stands in one cell together, each in a thing of its own: a name above a purpose, and a reference below.
//!
//! The header says what comes in which order (`Payee, details`), and a label what comes after it (`Ref.: 17`). Where something
//! of a cell is neither, the cell stays whole.
//!
//! Not here: columns (`columns`).

use scraper::ElementRef;

use super::selectors::is_name;
use super::tables::Sheet;
use super::words::{Fit, TRANSACTIONS, field};
use crate::document::{folded_case, shown_text};

/// A part of a cell, as a script says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) field: &'static str,
    /// The column's.
    pub(super) header: String,
    /// Within the cell.
    pub(super) of: String,
    /// What stands before it.
    pub(super) after: Option<String>,
}

/// One kind of thing in the cells of a column: its selector, and its text in each cell that has it.
struct Piece {
    of: String,
    texts: Vec<String>,
}

/// The parts of the cells of a column, where there are several and all are known. `taken` are the fields of other columns.
pub(super) fn parts(sheet: &Sheet<'_>, header: &str, taken: &[&str]) -> Vec<Part> {
    let Some(place) = sheet.headers.iter().position(|known| known == header) else { return Vec::new() };
    let cells: Option<Vec<ElementRef<'_>>> =
        sheet.rows.iter().map(|(row, _)| row.child_elements().nth(place)).collect();
    let is_even = sheet.rows.iter().all(|(row, _)| row.child_elements().count() == sheet.headers.len());
    let Some(pieces) = cells.filter(|_| is_even).and_then(|cells| pieces(&cells)) else { return Vec::new() };
    let said =
        header.split([',', ';', '\n']).map(|name| field(TRANSACTIONS, &folded_case(name)).map(|(field, _)| field));
    let mut said = said.collect::<Vec<_>>().into_iter();
    let mut found: Vec<Part> = Vec::new();
    for Piece { of, texts } in pieces {
        // What each cell has is what the header says, in its order; what only some have says it itself.
        let by_header = if texts.len() == sheet.rows.len() { said.next().flatten() } else { None };
        let labelled = || label(&texts);
        let (field, after) = match by_header {
            Some(field) => (field, None),
            None => match labelled() {
                Some((field, after)) => (field, Some(after)),
                None => return Vec::new(),
            },
        };
        let is_text =
            !matches!(field, "postedDate" | "transactionDate" | "amount" | "debit" | "credit" | "runningBalance");
        if !is_text || taken.contains(&field) || found.iter().any(|known| known.field == field) {
            return Vec::new();
        }
        found.push(Part { field, header: header.to_owned(), of, after });
    }
    let is_whole = said.next().is_none() && found.iter().any(|part| part.field == "description");
    if found.len() > 1 && is_whole { found } else { Vec::new() }
}

/// The things in cells that hold all of their text, by what they are called, in the order of the cells.
fn pieces(cells: &[ElementRef<'_>]) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    for cell in cells {
        let bare = cell.children().filter_map(|child| child.value().as_text()).any(|text| !text.trim().is_empty());
        if bare {
            return None;
        }
        let mut known: Vec<String> = Vec::new();
        for element in cell.child_elements().filter(|element| !matches!(element.value().name(), "br" | "wbr")) {
            let tag = element.value().name();
            let class = element.value().classes().find(|class| is_name(class));
            let of = class.map_or_else(|| tag.to_owned(), |class| format!("{tag}.{class}"));
            if known.contains(&of) {
                return None;
            }
            let text = shown_text(element);
            match pieces.iter_mut().find(|piece| piece.of == of) {
                Some(piece) => piece.texts.push(text),
                None => pieces.push(Piece { of: of.clone(), texts: vec![text] }),
            }
            known.push(of);
        }
    }
    Some(pieces)
}

/// What all of these texts begin with, where that names a field.
fn label(texts: &[String]) -> Option<(&'static str, String)> {
    let (label, _) = texts.first()?.split_once(':')?;
    let after = format!("{label}: ");
    let Some((field, Fit::Whole)) = field(TRANSACTIONS, &folded_case(label)) else { return None };
    texts.iter().all(|text| text.starts_with(&after)).then_some((field, after))
}

#[cfg(test)]
mod tests {
    use super::parts;
    use crate::document::Document;
    use crate::draft::tables::sheets;

    fn check(header: &str, cells: &[&str], expected: &[&str]) {
        let rows: String = cells.iter().map(|cell| format!("<tr><td>05/19/2026</td><td>{cell}</td></tr>")).collect();
        let html = format!("<table><tr><th>Date</th><th>{header}</th></tr>{rows}</table>");
        let document = Document::parse(&html).expect("a document");
        let sheets = sheets(&document);
        let found = parts(&sheets[0], header, &["postedDate"]);
        let found: Vec<String> = found
            .iter()
            .map(|part| format!("{}: {} {}", part.field, part.of, part.after.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(found.iter().map(|part| part.trim_end()).collect::<Vec<_>>(), expected, "{header} {cells:?}");
    }

    #[test]
    fn parts_of_a_cell_come_in_the_order_of_its_header_and_labels_say_what_comes_after_them() {
        let rows =
            ["<b class=who>Anna</b><br><i>Rent</i><br><small>Ref.: R7</small>", "<b class=who>Bert</b><br><i>Tea</i>"];
        check(
            "Beneficiary, details",
            &rows,
            &["counterpartyName: b.who", "description: i", "bankReference: small Ref.:"],
        );
        check(
            "Details; Beneficiary",
            &rows,
            &["description: b.who", "counterpartyName: i", "bankReference: small Ref.:"],
        );
        check("Details", &["<i>Rent</i> <small>Ref.: R7</small>"], &["description: i", "bankReference: small Ref.:"]);
    }

    #[test]
    fn a_cell_of_which_something_isnt_known_stays_whole() {
        check("Details", &["<i>Rent</i> <small>new</small>"], &[]);
        check("Details", &["Rent <small>Ref.: R7</small>"], &[]);
        check("Details", &["<i>Rent</i>"], &[]);
        check("Beneficiary, details, mood", &["<b>Anna</b> <i>Rent</i>"], &[]);
        check("Beneficiary, details", &["<b>Anna</b> <b>Rent</b>"], &[]);
        check("Details", &["<i>Rent</i> <small>Ref.: R7</small>", "<i>Rent</i> <small>R8</small>"], &[]);
    }
}
