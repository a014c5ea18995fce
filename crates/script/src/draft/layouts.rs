//! Columns and further layouts of a list of transactions, as a script says them.
//!
//! Not here: the rest of a script (`write`), and which lists there are (`lists`).

use super::columns::{Direction, Ledger};
use super::lists::LedgerList;
use super::parts::Part;
use super::write::text;

pub(super) fn columns(out: &mut String, columns: &[(&'static str, String)], parts: &[Part]) {
    out.push_str("    columns:\n");
    out.push_str(&column_lines("      ", columns, parts));
}

/// The columns, and in place of one whose cells have parts these.
pub(super) fn column_lines(indent: &str, columns: &[(&'static str, String)], parts: &[Part]) -> String {
    let mut lines = String::new();
    for (field, header) in columns {
        let own = parts.iter().filter(|part| part.header == *header);
        for Part { field, of, after, .. } in own.clone() {
            let after = after.as_ref().map(|after| format!(", after: {}", text(after))).unwrap_or_default();
            let (column, of) = (text(header), text(of));
            lines.push_str(&format!("{indent}{field}: {{ column: {column}, of: {of}{after} }}\n"));
        }
        if own.count() == 0 {
            lines.push_str(&format!("{indent}{field}: {}\n", text(header)));
        }
    }
    lines
}

/// The lists that are laid out otherwise; what they don't say is as in the first.
pub(super) fn layouts(out: &mut String, first: &Ledger, others: &[LedgerList]) {
    if !others.is_empty() {
        out.push_str("    layouts:\n");
    }
    for LedgerList { table, skip, read, parts, .. } in others {
        out.push_str(&format!("      - table: {}\n", text(&table.0)));
        if let Some(skip) = skip {
            out.push_str(&format!("        skip: {}\n", text(skip)));
        }
        out.push_str(&format!("        columns:\n{}", column_lines("          ", &read.columns, parts)));
        if read.direction == Direction::TwoColumnsSigned {
            out.push_str("        signed: debit\n");
        }
        if read.date != first.date {
            out.push_str(&format!("        date: {}\n", text(&read.date)));
        }
        if let Some(pending) = &read.pending {
            out.push_str(&format!("        pending: {{ postedDate: {} }}\n", text(pending)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::recording::{Act, Deed, Page, Recording, Target, Way};

    const LIST: &str = "<table id=all><tr><th>Account<th>Balance<tr><td><a href=/a/1>Op</a><td>$1.00<tr><td><a href=/a/2>Loan</a><td>$2.00</table>";
    const CARD: &str = "<table id=rows><tr><th>Date<th>Description<th>Amount<tr><td>11/19/2026<td>Rent<td>-$250.00\
        <tr><td>11/18/2026<td>Fee<td>$2.00<tr><td>11/17/2026<td>Fee<td>$3.00</table><a id=back href=/>Accounts</a>";
    const LOAN: &str = "<table id=rows><tr><th>Posted<th>Details<th>Paid in<th>Paid out<tr><td>11/19/2026<td>Rate<td>$250.00<td>\
        <tr><td>11/18/2026<td>Interest<td><td>$2.00</table><a id=back href=/>Accounts</a>";

    /// What is drafted of somebody who opened two accounts, or only the first; the second has been seen all the same.
    fn drafted(opened: usize) -> String {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        for html in [LIST, CARD, LIST, LOAN, LIST] {
            recording.pages.push(Page { url: url.clone(), window: 0, html: Some(html.to_owned()), kind: None });
        }
        let clicks = [(0, "#all a[href='/a/1']"), (1, "#back"), (2, "#all a[href='/a/2']"), (3, "#back")];
        for (on, css) in clicks.into_iter().take(2 * opened) {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Css(css.to_owned())] });
            recording.acts.push(Act { on: Some(on), does: Deed::Click, target, then: Some(on + 1) });
        }
        let drafted = crate::draft_recording("bank", &recording, &BTreeMap::new(), jiff::civil::date(2026, 11, 20));
        drafted.expect("a draft").script.expect("a script")
    }

    #[test]
    fn another_account_that_lists_otherwise_is_one_more_layout() {
        let script = drafted(2);
        let expected = "    layouts:\n      - table: \"#rows\"\n        columns:\n          postedDate: Posted\n          \
            description: Details\n          credit: Paid in\n          debit: Paid out\n";
        assert!(script.contains(expected), "{script}");
        assert!(!script.contains("empty:"), "{script}");
        assert!(crate::Script::parse(&script).is_ok(), "{script}");
        // What nobody opened from the list is another list.
        let script = drafted(1);
        assert!(!script.contains("layouts"), "{script}");
    }
}
