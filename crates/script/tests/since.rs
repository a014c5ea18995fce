//! How far a list is walked of which only the recent part is wanted.
//!
//! Not here: from which day on; the coordinator says that.

#![expect(clippy::panic, reason = "it is how a test fails")]

mod pages;

use jiff::civil::{Date, date};
use pages::{account, read, read_since, script};

const SCRIPT: &str = include_str!("pretend/script.yaml");
const HEADERS: &str = "<th>Date<th>Description<th>Amount<th>Reference<th>Type<th>Balance";
/// From here on transactions are wanted.
const SINCE: Date = date(2025, 12, 1);

/// Pages with rows of these days, each but the last with a way to the next; which the walk
/// turns to the last of, and what it says of where the list was left.
fn check(format: &str, pages: &[&[&str]], is_last: bool, expected: Option<Date>) {
    let script = script(&SCRIPT.replace("date: MM/DD\n", &format!("date: {format}\n")));
    let page = |(number, days): (usize, &&[&str])| {
        let row = |day: &&str| format!("<tr><td>{day}<td>tea {number}<td>-1.00<td><td>Card<td>");
        let next = if is_last && number + 1 == pages.len() { "<b id=next disabled>" } else { "<b id=next>" };
        account(HEADERS, &days.iter().map(row).collect::<String>(), next).replace("of 7 rows", "of 900 rows")
    };
    let pages: Vec<String> = pages.iter().enumerate().map(page).collect();
    let account = read_since(&script, &pages, Some(SINCE)).expect("it reads");
    let window = account.window.expect("a window");
    assert_eq!((window.from, window.pages), (expected, u32::try_from(pages.len()).expect("few")));
    assert_eq!(window.rows_announced, expected.is_none().then_some(900), "a part isn't held against the whole");
}

#[test]
fn a_list_is_left_after_a_page_that_is_older_than_what_is_wanted() {
    let recent: &[&str] = &["Pending", "01/14/2026", "12/20/2025"];
    check("MM/DD/YYYY", &[recent, &["12/03/2025", "11/29/2025"], &["11/28/2025", "11/30/2025"]], false, Some(SINCE));
    check("MM/DD/YYYY", &[recent, &["11/30/2025"]], false, Some(SINCE));
}

#[test]
fn a_list_that_ends_was_read_whole_whatever_was_wanted() {
    check("MM/DD/YYYY", &[&["01/14/2026"], &["12/03/2025"]], true, None);
    check("MM/DD/YYYY", &[&["01/14/2026"], &["11/03/2025"]], true, None);
}

#[test]
fn a_list_whose_order_does_not_say_what_follows_is_walked_to_its_end() {
    // The oldest first: what is wanted comes at the end.
    check("MM/DD/YYYY", &[&["10/01/2025"], &["11/03/2025"], &["12/03/2025"]], true, None);
    // Which year it is shows only when all was read.
    check("MM/DD", &[&["01/14"], &["11/03"], &["10/03"]], true, None);
    let whole = script(SCRIPT);
    let page = account(HEADERS, "<tr><td>01/14<td>tea<td>-1.00<td><td>Card<td>", "<b id=next disabled>");
    let account = read(&whole, &[page]).expect("it reads");
    assert_eq!(account.window.expect("a window").from, None);
}
