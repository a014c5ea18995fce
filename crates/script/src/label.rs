//! What stands beside a label: the description of a term, the cell behind a header, the second
//! of two cells that are all of a row.
//!
//! Not here: which labels are looked for.

use scraper::ElementRef;

use crate::document::{folded_case, is_hidden, shown_text};

/// Whether an element can be a label.
pub(crate) fn can_label(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "dt" | "th" | "td")
}

/// What stands beside a label: the description of a term, or the cell after a header.
pub(crate) fn beside(label: ElementRef<'_>) -> Option<ElementRef<'_>> {
    let wanted = if label.value().name() == "dt" { "dd" } else { "td" };
    label.next_siblings().find_map(ElementRef::wrap).filter(|next| next.value().name() == wanted)
}

/// Whether a cell is the first of two that are all there is in a row: in tables without headers
/// that is a label.
pub(crate) fn is_pair(label: ElementRef<'_>) -> bool {
    let is_first = label.prev_siblings().find_map(ElementRef::wrap).is_none();
    let row = label.parent().and_then(ElementRef::wrap);
    is_first && row.is_some_and(|row| row.child_elements().take(3).count() == 2)
}

/// What stands beside the first of these labels that is within an element; they have their case
/// folded.
pub(crate) fn labelled<'d>(within: ElementRef<'d>, labels: &[String]) -> Option<ElementRef<'d>> {
    let inside = within.descendants().filter_map(ElementRef::wrap);
    let is_label = |element: &ElementRef<'d>| {
        can_label(element)
            && !is_hidden(element)
            && (element.value().name() != "td" || is_pair(*element))
            && labels.contains(&folded_case(&shown_text(*element)))
    };
    inside.filter(is_label).find_map(beside)
}
