//! What leads to further rows of a list that is scrolled, in which rows come and go, by what it showed before and then.
//!
//! Not here: lists that are turned by clicks (`further`).

use std::collections::HashMap;

use scraper::ElementRef;

use super::leads::Further;
use super::selectors::selector;
use super::tables::{Sheet, sheets};
use super::trail::Trail;
use super::walk::{Listed, news};
use super::{LedgerList, Looked, Sureness};
use crate::css::Css;
use crate::document::Document;

/// What scrolls the list, what tells its rows apart, and what shows at its end.
pub(super) fn next(
    looked: &[Looked<'_>],
    trail: &Trail,
    listed: &Listed,
    ledger: &LedgerList,
) -> Option<(usize, String, Sureness, Further)> {
    let css = Css::made(&ledger.table.0)?;
    listed.ledgers.iter().find_map(|at| {
        let document = &looked.get(*at)?.document;
        let table = document.all(&css).next()?;
        let is_of_list = |scrolled: ElementRef<'_>| is_within(scrolled, table) || is_within(table, scrolled);
        let scrolls = trail.scrolls(*at, document).filter(|(scrolled, _)| is_of_list(*scrolled));
        let (scrolled, to) = scrolls.filter_map(|(scrolled, then)| Some((scrolled, then?))).next()?;
        let then = &looked.get(to)?.document;
        let (before, now) = (sheet(document, ledger)?, sheet(then, ledger)?);
        // Where all rows are there already, one only looks elsewhere.
        let is_new = |cells: &[String]| before.rows.iter().all(|(_, known)| known != cells);
        if !now.rows.iter().any(|(_, cells)| is_new(cells)) {
            return None;
        }
        let (within, sureness) = selector(document, scrolled);
        let further = Further::Scrolled { key: key(&before, &now), end: end(document, then, &css) };
        Some((*at, within, sureness, further))
    })
}

fn sheet<'d>(document: &'d Document, ledger: &LedgerList) -> Option<Sheet<'d>> {
    sheets(document).into_iter().find(|sheet| sheet.selector.0 == ledger.table.0)
}

fn is_within(inner: ElementRef<'_>, outer: ElementRef<'_>) -> bool {
    inner.id() == outer.id() || inner.ancestors().any(|above| above.id() == outer.id())
}

/// The attribute that each row has, and that is another in each other row: a key of the portal's, or else the row's number.
fn key(before: &Sheet<'_>, now: &Sheet<'_>) -> Option<String> {
    let (first, _) = before.rows.first()?;
    let own = first.value().attrs().map(|(name, _)| name).filter(|name| name.starts_with("data-") || *name == "id");
    let tells_apart =
        |name: &&str| [before, now].iter().try_fold(HashMap::new(), |known, sheet| told(known, name, sheet)).is_some();
    own.chain(["aria-rowindex"]).find(tells_apart).map(str::to_owned)
}

/// The rows that an attribute names, with those that were named before: none where it names two of one sheet alike, or
/// another than before.
fn told<'s>(
    mut known: HashMap<&'s str, &'s [String]>,
    name: &str,
    sheet: &'s Sheet<'_>,
) -> Option<HashMap<&'s str, &'s [String]>> {
    let mut own = HashMap::new();
    for (row, cells) in &sheet.rows {
        let value = row.attr(name).filter(|value| !value.trim().is_empty())?;
        let is_other = known.get(value).is_some_and(|before| *before != cells.as_slice());
        if is_other || own.insert(value, cells.as_slice()).is_some() {
            return None;
        }
    }
    known.extend(own);
    Some(known)
}

/// What shows once the last rows are there: that the table says how many there are, which it didn't while nobody knew; or else
/// whatever else says something then and wasn't there before.
fn end(before: &Document, now: &Document, table: &Css) -> Option<String> {
    let counted = |document: &Document| {
        let table = document.all(table).next();
        table.and_then(|table| table.attr("aria-rowcount")).map(|count| count.trim() != "-1")
    };
    if (counted(before), counted(now)) == (Some(false), Some(true)) {
        return Some(format!("{}[aria-rowcount]:not([aria-rowcount='-1'])", table.text()));
    }
    let is_beside = |found: &String| {
        let (css, table) = (Css::made(found), now.all(table).next());
        css.zip(table).is_some_and(|(css, table)| now.all(&css).all(|said| !is_within(said, table)))
    };
    news(before, now).filter(is_beside)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use url::Url;

    use crate::recording::{Act, Deed, Page, Recording, Target, Way};

    /// What is drafted of a list that is scrolled from the first of these to the second, as `next` says it.
    fn drafted(before: &str, now: &str) -> String {
        let url: Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        let list = "<table id=list><tr><th>Account<th>Balance<tr><td><a href=/a/1>Op</a><td>£1.00<tr><td><a href=/a/2>Res</a><td>£2.00</table>";
        for html in [list, before, now] {
            recording.pages.push(Page { url: url.clone(), window: 0, html: Some(html.to_owned()), kind: None });
        }
        for (on, does, css) in [(0, Deed::Click, "#list a[href='/a/1']"), (1, Deed::Scroll, "#view")] {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Css(css.into())] });
            recording.acts.push(Act { on: Some(on), does, target, then: Some(on + 1) });
        }
        let today = date(2026, 11, 20);
        let script = crate::draft_recording("bank", &recording, &Default::default(), today).expect("a draft").script;
        let script = script.expect("a script");
        let lines = script.lines().skip_while(|line| !line.contains("  transactions:")).map(str::trim);
        let lines = lines.filter(|line| line.starts_with("# Say what") || line.starts_with("next:"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn rows(count: &str, rows: &[(&str, u32)], below: &str) -> String {
        let row = |(mark, day): &(&str, u32)| {
            format!(
                "<div role=row {mark}><i role=cell>{day} Nov 2026</i><i role=cell>Tea</i><i role=cell>£{day}.00</i></div>"
            )
        };
        let rows: String = rows.iter().map(row).collect();
        format!(
            "<html lang=en-GB><div role=table class=rows {count}><div role=row><b role=columnheader>Date</b>\
             <b role=columnheader>Details</b><b role=columnheader>Amount</b></div><div id=view>{rows}</div></div>{below}"
        )
    }

    #[test]
    fn a_list_that_is_scrolled_is_told_by_the_keys_of_its_rows_and_ends_where_their_count_is_known() {
        let unknown = "aria-rowcount=-1";
        let before = rows(unknown, &[("data-at=0 data-no=a", 9), ("data-at=1 data-no=b", 8)], "");
        let now = rows("aria-rowcount=4", &[("data-at=0 data-no=b", 8), ("data-at=1 data-no=c", 7)], "");
        let expected = "next: { scroll: \"#view\", key: { attribute: data-no }, \
            end: \"div.rows[aria-rowcount]:not([aria-rowcount='-1'])\" }";
        assert_eq!(drafted(&before, &now), expected);
        // What shows the same rows as before wasn't scrolled for more.
        assert_eq!(drafted(&before, &format!("{before}<p>new")), "");
    }

    #[test]
    fn what_the_portal_does_not_say_of_a_scrolled_list_is_told_by_numbers_of_rows_and_by_what_is_new() {
        let before = rows("", &[("aria-rowindex=2", 9), ("aria-rowindex=3", 8)], "");
        let now = rows("", &[("aria-rowindex=3", 8), ("aria-rowindex=4", 7)], "<p class=all>That is all</p>");
        let expected = "next: { scroll: \"#view\", key: { attribute: aria-rowindex }, end: p.all }";
        assert_eq!(drafted(&before, &now), expected);
        let before = rows("", &[("", 9), ("", 8)], "");
        let now = rows("", &[("", 8), ("", 7)], "");
        let expected = "# Say what attribute tells one row from another.\n# Say what shows at the end of the list.\n\
            next: { scroll: \"#view\", key: { attribute: data-key }, end: \".end-of-list\" }";
        assert_eq!(drafted(&before, &now), expected);
    }
}
