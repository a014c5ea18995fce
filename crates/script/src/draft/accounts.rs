//! What a list of accounts is: its columns, what tells its accounts apart, and what leads to each.
//!
//! Not here: lists of transactions (`columns`).

use domain::money::{Currency, Locale};
use jiff::civil::Date;
use scraper::ElementRef;

use super::Sureness;
use super::selectors::{within_each, within_some};
use super::tables::are_texts;
use super::unread::Answered;
use super::values::{First, amounts, days, is_blank};
use super::words::{ACCOUNTS, Fit, TYPES, field};
use crate::document::{fold, folded_case};

/// What heads the day on which balances were so, where it has no label.
pub(super) const AS_OF: &str = "as of";

/// What heads words that tell kinds of accounts apart and don't name them.
pub(super) const KIND: &str = "kind";

/// A list of accounts, as it is to be read.
pub(super) struct Accounts {
    /// Our fields, and the headers that they stand under.
    pub(super) columns: Vec<(&'static str, String)>,
    pub(super) unread: Vec<String>,
    /// Of those the ones whose cells are texts, neither sums nor days.
    pub(super) texts: Vec<String>,
    /// What somebody said of its columns.
    pub(super) answered: Answered,
    /// The bank's words for kinds of accounts, and ours; none where nobody knows.
    pub(super) types: Vec<(String, Option<&'static str>)>,
    /// Of these words, those of whose accounts every balance is above nought.
    pub(super) positive: Vec<String>,
    pub(super) statuses: Vec<String>,
    pub(super) date: Option<String>,
    pub(super) key: Key,
    /// Within a row: what leads to the account.
    pub(super) open: Option<String>,
    /// Rows in which nothing does.
    pub(super) no_page: Option<String>,
    /// What stands in place of amounts that aren't shown.
    pub(super) blanks: Vec<String>,
}

/// What tells accounts apart.
pub(super) struct Key {
    /// As a script says it.
    pub(super) said: String,
    pub(super) sureness: Sureness,
    pub(super) why: String,
}

/// Takes a table for a list of accounts, if it can be one. `opened` is what somebody clicked in one of its rows, where that
/// is known.
pub(super) fn accounts(
    headers: &[String],
    rows: &[(ElementRef<'_>, Vec<String>)],
    (locale, currency): (Locale, &Currency),
    (opened, today): (Option<ElementRef<'_>>, Date),
) -> Option<Accounts> {
    let said = |place: usize| field(ACCOUNTS, &headers.get(place)?.to_lowercase());
    let cells =
        |place: usize| -> Vec<&str> { rows.iter().map(|(_, row)| row.get(place).map_or("", String::as_str)).collect() };
    let mut columns: Vec<(&'static str, usize, Fit)> = Vec::new();
    let mut blanks: Vec<String> = Vec::new();
    for place in 0..headers.len() {
        let Some((field, fit)) = said(place) else { continue };
        let reads = match field {
            "currentBalance" | "availableBalance" => {
                let (sums, blank) = without_a_word(&cells(place));
                let is_read = amounts(&sums, locale, currency).is_some();
                blanks.extend(blank.filter(|_| is_read));
                is_read
            }
            "balanceAsOf" => days(&cells(place), today, First::of(currency)).is_some(),
            "currency" => cells(place).iter().all(|cell| Currency::parse(cell.trim()).is_ok()),
            // A word that nobody knows couldn't be read.
            "status" => {
                cells(place).iter().all(|cell| matches!(folded_case(cell).as_str(), "open" | "closed" | "active"))
            }
            _ => true,
        };
        match columns.iter_mut().find(|(known, ..)| *known == field) {
            _ if !reads => {}
            Some(known) if known.2 < fit => *known = (field, place, fit),
            Some(_) => {}
            None => columns.push((field, place, fit)),
        }
    }
    if !columns.iter().any(|(field, ..)| *field == "name") {
        // An account goes by its kind where it has no name, or else by its number.
        let kind = columns.iter().find(|(field, ..)| *field == "type").map(|(_, place, fit)| ("name", *place, *fit));
        match kind {
            Some(kind) => columns.push(kind),
            None => columns.iter_mut().find(|(field, ..)| *field == "maskedNumber")?.0 = "name",
        }
    }
    let elements: Vec<ElementRef<'_>> = rows.iter().map(|(element, _)| *element).collect();
    let is_link = |element: &ElementRef<'_>| {
        let name = element.value().name();
        (name == "a" && element.attr("href").is_some())
            || name == "button"
            || element.attr("role").is_some_and(|role| role == "link")
    };
    let open = opened.and_then(|opened| by_click(&elements, opened)).or_else(|| within_each(&elements, is_link));
    let leads_nowhere = |open: &String| {
        let css = crate::css::Css::made(open);
        css.is_some_and(|css| elements.iter().any(|row| css.within(*row).next().is_none()))
    };
    // What a row has in its root is nothing that a selector of the row alone sees.
    let is_plain = |open: &&String| !open.contains(crate::css::PIERCING);
    let no_page = open.as_ref().filter(is_plain).filter(|open| leads_nowhere(open)).map(|open| {
        let row = elements.first().map_or("tr", |row| row.value().name());
        format!("{row}:not(:has({open}))")
    });
    blanks.sort();
    blanks.dedup();
    // A list of accounts leads to them, or says what is in them.
    if open.is_none() && !columns.iter().any(|(field, ..)| field.ends_with("Balance")) {
        return None;
    }
    let place_of = |wanted: &str| columns.iter().find(|(field, ..)| *field == wanted).map(|(_, place, _)| *place);
    let words = |wanted: &str| -> Vec<String> {
        let mut words: Vec<String> =
            place_of(wanted).map(cells).unwrap_or_default().iter().map(|cell| fold(cell).into_owned()).collect();
        words.retain(|word| !is_blank(word));
        words.sort();
        words.dedup();
        words
    };
    let is_kind = place_of("type").and_then(|place| headers.get(place)).is_some_and(|header| header == KIND);
    let types: Vec<(String, Option<&'static str>)> = words("type")
        .into_iter()
        .map(|word| {
            let ours = field(TYPES, &word.to_lowercase()).map(|(ours, _)| ours).filter(|_| !is_kind);
            (word, ours)
        })
        .collect();
    let is_positive = |word: &&String| {
        let (Some(kind), Some(balance)) = (place_of("type"), place_of("currentBalance")) else { return false };
        let both = cells(kind).into_iter().zip(cells(balance));
        let own: Vec<&str> = both.filter(|(kind, _)| fold(kind) == word.as_str()).map(|(_, balance)| balance).collect();
        let read = amounts(&own, locale, currency).unwrap_or_default();
        !read.is_empty() && read.iter().all(|sum| sum.is_some_and(|sum| sum.is_sign_positive() && !sum.is_zero()))
    };
    let positive = types.iter().map(|(word, _)| word).filter(is_positive).cloned().collect();
    let header = |place: usize| headers.get(place).cloned().unwrap_or_default();
    let is_free = |place: &usize| columns.iter().all(|(_, taken, _)| taken != place) && !header(*place).is_empty();
    let unread: Vec<usize> = (0..headers.len()).filter(is_free).collect();
    let is_day = |place: usize| days(&cells(place), today, First::of(currency)).is_some();
    let texts = unread.iter().filter(|place| !is_day(**place) && are_texts(&cells(**place)));
    let texts = texts.map(|place| header(*place)).collect();
    let unread = unread.into_iter().map(header).collect();
    Some(Accounts {
        types,
        positive,
        statuses: words("status"),
        date: place_of("balanceAsOf")
            .and_then(|place| days(&cells(place), today, First::of(currency)))
            .map(|days| days.pattern),
        key: key(&elements, open.as_deref(), place_of("maskedNumber"))?,
        columns: {
            columns.sort_by_key(|(_, place, _)| *place);
            columns
                .into_iter()
                .map(|(field, place, _)| (field, header(place)))
                .filter(|(_, header)| !header.is_empty())
                .collect()
        },
        unread,
        texts,
        answered: Answered::default(),
        open,
        no_page,
        blanks,
    })
}

/// What was clicked in one row, as it is found in each.
fn by_click(rows: &[ElementRef<'_>], clicked: ElementRef<'_>) -> Option<String> {
    let holds = |row: &&ElementRef<'_>| clicked.ancestors().any(|above| above.id() == row.id());
    let own = rows.iter().find(holds)?;
    let others = rows.iter().filter(|row| row.id() != own.id());
    let rows: Vec<ElementRef<'_>> = std::iter::once(own).chain(others).copied().collect();
    let is_it = |element: &ElementRef<'_>| element.id() == clicked.id();
    within_each(&rows, is_it).or_else(|| within_some(&rows, is_it))
}

/// The cells without those that hold one word in place of a number, and that word.
fn without_a_word<'c>(cells: &[&'c str]) -> (Vec<&'c str>, Option<String>) {
    let is_word = |cell: &&&str| !is_blank(cell) && !cell.chars().any(char::is_numeric);
    let word = cells.iter().find(is_word).map(|word| fold(word).into_owned());
    let rest: Vec<&str> =
        cells.iter().filter(|cell| word.as_ref().is_none_or(|word| *fold(cell) != **word)).copied().collect();
    // A column of words is none of amounts.
    if rest.iter().all(|cell| is_blank(cell)) { (cells.to_vec(), None) } else { (rest, word) }
}

/// What tells the rows apart and stays: an attribute of theirs, the address that they lead to, or else the number.
fn key(rows: &[ElementRef<'_>], open: Option<&str>, number: Option<usize>) -> Option<Key> {
    let first = rows.first()?;
    let names = first.value().attrs().map(|(name, _)| name).filter(|name| name.starts_with("data-") || *name == "id");
    let own = names.filter(|name| tells_apart(rows.iter().map(|row| row.attr(name)))).min_by_key(|name| *name == "id");
    if let Some(name) = own {
        let why = format!("each row has another `{name}`");
        return Some(Key { said: format!("{{ attribute: {name} }}"), sureness: Sureness::Likely, why });
    }
    let open = open.and_then(crate::css::Css::made);
    let links: Vec<Option<ElementRef<'_>>> =
        rows.iter().map(|row| open.as_ref().and_then(|open| open.within(*row).next())).collect();
    for name in ["href", "data-account", "data-id", "id"] {
        let values: Vec<Option<&str>> = links.iter().map(|link| link.and_then(|link| link.attr(name))).collect();
        if !tells_apart(values.iter().copied()) {
            continue;
        }
        let values: Vec<&str> = values.into_iter().flatten().collect();
        let of = open.as_ref().map(crate::css::Css::text).unwrap_or_default();
        let ends = if name == "href" { ends(&values) } else { (String::new(), String::new()) };
        let cut = |key: &str, text: &str| {
            if text.is_empty() { String::new() } else { format!(", {key}: {}", super::write::text(text)) }
        };
        let (after, before) = (cut("after", &ends.0), cut("before", &ends.1));
        let why = format!("each row leads to another `{name}`");
        let said = format!("{{ of: {}, attribute: {name}{after}{before} }}", super::write::text(of));
        return Some(Key { said, sureness: Sureness::Likely, why });
    }
    let place = number.unwrap_or(0) + 1;
    let why = "nothing but its text tells a row from the others: a masked number may be another's too".to_owned();
    Some(Key { said: format!("{{ of: \"td:nth-child({place})\" }}"), sureness: Sureness::Guess, why })
}

/// Whether each is there and different.
fn tells_apart<'t>(values: impl Iterator<Item = Option<&'t str>>) -> bool {
    let mut known = std::collections::HashSet::new();
    let mut is_any = false;
    for value in values {
        is_any = true;
        if !value.is_some_and(|value| !value.trim().is_empty() && known.insert(value)) {
            return false;
        }
    }
    is_any
}

/// What the addresses begin and end with alike, up to a sign that parts them: a session's id may be in it.
fn ends(values: &[&str]) -> (String, String) {
    let Some(first) = values.first() else { return Default::default() };
    let begins = first.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let common =
        begins.take_while(|end| values.iter().all(|value| value.get(..*end) == first.get(..*end))).last().unwrap_or(0);
    let head = first.get(..common).unwrap_or_default();
    // One alone has nothing to be compared with; its last part is what differs.
    let head = if values.len() == 1 { first.trim_end_matches('/') } else { head };
    let cut = head.rfind(['/', '=', '\'', '"']).map_or(0, |at| at + 1);
    let after = without_a_session(first.get(..cut).unwrap_or_default()).to_owned();
    let rest: Vec<&str> = values.iter().map(|value| value.get(cut..).unwrap_or_default()).collect();
    let tail = rest
        .first()
        .and_then(|one| one.find(['/', '?', '&', ';', '#', '\'', '"']).map(|at| one.get(at..).unwrap_or_default()));
    let sign: String = tail.and_then(|tail| tail.chars().next()).map(String::from).unwrap_or_default();
    let is_everywhere = !sign.is_empty() && rest.iter().all(|value| value.contains(&sign));
    (after, if is_everywhere { sign } else { String::new() })
}

/// The end of what addresses begin with, from its last name on, where a number in it may be a session's.
fn without_a_session(head: &str) -> &str {
    let name = head.strip_suffix('=').and_then(|named| named.rfind(['?', '&', ';']));
    match name {
        Some(at) if head.chars().any(char::is_numeric) => head.get(at..).unwrap_or(head),
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Locale};
    use jiff::civil::date;
    use scraper::ElementRef;

    use super::{Accounts, accounts, ends};
    use crate::css::Css;
    use crate::document::{Document, shown_text};

    fn check(html: &str, seen: impl Fn(Option<&Accounts>)) {
        let document = Document::parse(html).expect("a document");
        let css = |text| Css::parse(text).expect("a selector");
        let headers: Vec<String> = document.all(&css("th")).map(shown_text).collect();
        let rows: Vec<(ElementRef<'_>, Vec<String>)> = document
            .all(&css("tr"))
            .map(|row| (row, css("td").within(row).map(shown_text).collect::<Vec<_>>()))
            .filter(|(_, cells)| !cells.is_empty())
            .collect();
        let usd = Currency::parse("USD").expect("a currency");
        seen(accounts(&headers, &rows, (Locale::EnUs, &usd), (None, date(2026, 11, 20))).as_ref());
    }

    #[test]
    fn accounts_are_told_apart_by_where_they_lead() {
        let html = "<table><tr><th>Account<th>Type<th>Balance<tr><td><a href='/a/7?s=1'>Op</a><td>Checking<td>$1.00\
            <tr><td><a href='/a/8?s=1'>Res</a><td>Zinskonto<td>$2.00</table>";
        check(html, |found| {
            let found = found.expect("a list");
            assert_eq!(found.key.said, r#"{ of: a, attribute: href, after: /a/, before: "?" }"#);
            assert_eq!(found.open.as_deref(), Some("a"));
            assert_eq!(found.types, [("Checking".into(), Some("checking")), ("Zinskonto".into(), None)]);
            let columns: Vec<_> = found.columns.iter().map(|(field, _)| *field).collect();
            assert_eq!(columns, ["name", "type", "currentBalance"]);
        });
        let html = "<table><tr><th>Account<th>Balance<tr data-account=a><td>Op<td>1.00<tr data-account=b><td>Res<td>2.00</table>";
        check(html, |found| assert_eq!(found.expect("a list").key.said, "{ attribute: data-account }"));
        let html = "<table><tr><th>Account<th>Balance<tr data-account=a><td><a href=/a>Op</a><td>1.00<tr data-account=b><td>Res<td>Restricted</table>";
        check(html, |found| assert_eq!(found.expect("a list").blanks, ["Restricted"]));
    }

    #[test]
    fn a_table_that_leads_nowhere_and_has_no_balances_is_no_list_of_accounts() {
        check("<table><tr><th>Name<th>Rate<tr><td>Euro<td>1.07</table>", |found| assert!(found.is_none()));
    }

    #[test]
    fn addresses_differ_between_what_they_begin_and_end_with() {
        let check = |values: &[&str], after: &str, before: &str| {
            assert_eq!(ends(values), (after.to_owned(), before.to_owned()), "{values:?}");
        };
        check(&["/accounts/17", "/accounts/18"], "/accounts/", "");
        check(&["/x?id=17&s=9", "/x?id=18&s=9"], "/x?id=", "&");
        check(&["/accounts/a1"], "/accounts/", "");
        check(&["/x.dll?SID=8f3a&FN=D&A=1", "/x.dll?SID=8f3a&FN=D&A=2"], "&A=", "");
        check(&["a", "b"], "", "");
        check(&["javascript:go('a','k1')", "javascript:go('a','k2')"], "javascript:go('a','", "'");
    }
}
