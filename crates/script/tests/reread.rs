//! Accounts are read again from the cells that they were read from: by the same revision
//! as they were, by another one as it would have read them.

#![expect(clippy::panic, reason = "it is how a test fails")]

mod pages;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode};
use jiff::Span;
use jiff::civil::Date;
use pages::{TODAY, account, read, script};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert_eq, prop_oneof, proptest};
use script::{Script, read_transactions, reread};

/// A script without faults.
const SCRIPT: &str = include_str!("pretend/script.yaml");

const HEADERS: &str = "<th>Date<th>Description<th>Amount<th>Reference<th>Type<th>Balance";

/// The sound script with one text in it replaced.
fn edited(from: &str, to: &str) -> Script {
    assert!(SCRIPT.contains(from), "{from}");
    script(&SCRIPT.replacen(from, to, 1))
}

fn first(rows: &str) -> ObservedAccount {
    read(&script(SCRIPT), &[account(HEADERS, rows, "<button id=next disabled>")]).expect("it reads")
}

/// Cells as portals write them, white space and hidden parts and all.
fn cell(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let around = prop::sample::select(vec![
        ("<td>", ""),
        ("<td>\n\t  ", " "),
        ("<td hidden>x<td>", ""),
        ("<td><div>", "</div>"),
        ("<td><span style='display:none'>9</span>", "<br>"),
        ("<th>&nbsp;", "<i hidden>7"),
    ]);
    (around, text).prop_map(|((before, after), text)| format!("{before}{text}{after}"))
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z&#;]{1,5}[ \n\u{a0}]{1,3}[\u{e4}\u{df}a-z0-9]{1,9}",
        "[A-Z]{3}<br>[0-9]{1,4}",
        Just("ÉTÉ — 12".to_owned()),
    ]
}

fn row() -> impl Strategy<Value = String> {
    let text = |texts: &[&str]| prop::sample::select(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    (
        cell(text(&["01/10", "01/09", "Pending", "PENDING", "12/31"])),
        cell(words()),
        cell(text(&["$1.00", "(1,234.50)", "-5", "1.00 DR"])),
        cell(prop_oneof![Just(String::new()), words()]),
        cell(text(&["ACH", "card", " Card "])),
        cell(text(&["", "$1,000.00", "(2.00)"])),
    )
        .prop_map(|(a, b, c, d, e, f)| format!("<tr>{a}{b}{c}{d}{e}{f}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_read_is_read_again_as_it_was(
        pages in prop::collection::vec(prop::collection::vec(row(), 1..9), 1..4),
    ) {
        let script = script(SCRIPT);
        let last = pages.len() - 1;
        let page = |(index, rows): (usize, &Vec<String>)| {
            let next = if index == last { "<button id=next disabled>" } else { "<button id=next>" };
            account(HEADERS, &rows.concat(), next)
        };
        let pages: Vec<String> = pages.iter().enumerate().map(page).collect();
        let account = read(&script, &pages);
        let account = match account {
            Ok(account) => account,
            // The same cells on two pages are the same page.
            Err(failure) if failure.code == FailureCode::DataIncomplete => return Ok(()),
            Err(failure) => panic!("it reads: {failure:?}"),
        };
        let again = reread(&script, &account, TODAY);
        prop_assert_eq!(again, Ok(account));
    }
}

#[test]
fn another_revision_reads_what_it_would_have_read() {
    let rows = "<tr><td>01/10<td>Rent<td>$-5.00<td>R 1<td>Card<td>$9.00
        <tr><td>01/09<td>Heat<td>$-4.00<td><td>ACH<td>$14.00";
    let earlier = edited(" bankReference: Reference,", "");
    let page = account(HEADERS, rows, "<button id=next disabled>");
    let kept = read(&earlier, &[page]).expect("it reads");
    let references = |account: &ObservedAccount| -> Vec<Option<String>> {
        account.transactions.iter().map(|row| row.bank_reference.clone()).collect()
    };
    assert_eq!(references(&kept), [None, None]);
    let again = reread(&script(SCRIPT), &kept, TODAY).expect("it reads");
    assert_eq!(references(&again), [Some("R 1".to_owned()), None]);
    assert_eq!(again, first(rows));

    let later = edited("Card: card", "Card: fee");
    let rails: Vec<&str> =
        reread(&later, &kept, TODAY).expect("it reads").transactions.iter().map(|row| row.rail.as_str()).collect();
    assert_eq!(rails, ["fee", "ach"]);

    // Details that nobody read are there too, and so are columns of the list.
    let later = edited("fields: { ", "fields: { officialName: Account number, ");
    assert_eq!(reread(&later, &kept, TODAY).expect("it reads").official_name.as_deref(), Some("1"));
    let earlier = edited(", availableBalance: Available", "");
    let kept = reread(&earlier, &kept, TODAY).expect("it reads");
    assert_eq!(kept.available_balance, None);
    assert_eq!(reread(&script(SCRIPT), &kept, TODAY), Ok(first(rows)));
}

/// Why an account can't be read again.
fn check_refused(script: &Script, account: &ObservedAccount, code: FailureCode, message: &str) {
    let Failure { code: found, message: said, .. } =
        reread(script, account, TODAY).expect_err("it can't be read again");
    assert_eq!((found, said.as_str()), (code, message));
}

#[test]
fn what_was_not_kept_cannot_be_read_again() {
    let whole = first("<tr><td>01/10<td>Rent<td>$-5.00<td>R 1<td>Card<td>$9.00");
    let without = |count: usize| {
        let mut account = whole.clone();
        account.sheets.truncate(count);
        account
    };
    let same = script(SCRIPT);
    let incomplete = FailureCode::DataIncomplete;
    check_refused(&same, &without(0), incomplete, "the account was kept without the cells that it was read from");
    check_refused(&same, &without(1), incomplete, "the account was kept without the details on its own page");
    check_refused(&same, &without(2), incomplete, "the account was kept without its pages of transactions");
    let later = edited("bankReference: Reference", "bankReference: Number");
    let message = "no column of the table is headed `number`; \
        its headers are `date`, `description`, `amount`, `reference`, `type`, `balance`";
    check_refused(&later, &whole, FailureCode::ElementMissing, message);
    let later = edited("fields: { ", "fields: { swiftBic: { of: b }, ");
    check_refused(&later, &whole, FailureCode::ElementMissing, "field `swiftBic`: it isn't on the page");
    let later = edited("ACH: ach, Card: card", "ACH: ach");
    let message = "row 1, column `type`: the cell holds a word that isn't in `map`";
    check_refused(&later, &whole, FailureCode::ScriptParse, message);
}

#[test]
fn details_that_are_kept_are_those_of_the_account_and_not_of_a_list() {
    let mut page = account(HEADERS, "<tr><td>01/10<td>Rent<td>$-5.00<td>R 1<td>Card<td>$9.00", "<b id=next disabled>");
    page.push_str("<table><tr><th>Branch<td> Main  St <tr><th>01/10<td>x<td>y</table><dl><dt>Opened<dd>2019</dl>");
    page.push_str("<dl><dt>{swiftBic}<dd>x<dt>Opened<dd>2020<dt><dd>nothing<dt>Lone<dt>Notes<dd><p hidden>x</p></dl>");
    let account = read(&script(SCRIPT), &[page]).expect("it reads");
    let details = account.sheets.get(1).expect("a sheet");
    let pairs: Vec<String> =
        details.headers.iter().zip(details.rows.concat()).map(|(header, text)| format!("{header}={text}")).collect();
    let expected = [
        "{balanceAsOf}=Jan 14, 2026",
        "Account number=1",
        "Current balance=1.00",
        "Branch= Main  St ",
        "Opened=2019",
        "{swiftBic}=x",
        "Opened=2020",
        "Notes=",
    ];
    assert_eq!(pairs, expected);
    let later = edited("fields: { ", "fields: { officialName: Opened, ");
    let message = "field `officialName`: several things are labelled `opened`";
    check_refused(&later, &account, FailureCode::ElementAmbiguous, message);
}

/// Three years without years, every second week, newest first.
fn three_years() -> Vec<Date> {
    (1..80).map(|n: i32| TODAY.saturating_sub(Span::new().days(n * 14))).collect()
}

fn dates_of(account: &ObservedAccount) -> Vec<Date> {
    account.transactions.iter().filter_map(|row| row.posted_date).collect()
}

#[test]
fn years_are_carried_over_the_pages_of_a_list_in_both_orders() {
    let row = |date: &Date| format!("<tr><td>{}<td>Rent {date}<td>$-5.00<td><td>Card<td>", date.strftime("%m/%d"));
    let pages = |dates: &[Date]| -> Vec<String> {
        let pending = "<tr><td>Pending<td>Coffee<td>$-4.00<td><td>Card<td>".to_owned();
        let pages = dates.chunks(25).map(|page| page.iter().map(row).collect::<String>());
        let count = pages.len();
        let next = |index| if index + 1 == count { "<button id=next disabled>" } else { "<button id=next>" };
        pages.enumerate().map(|(index, rows)| account(HEADERS, &(pending.clone() + &rows), next(index))).collect()
    };
    let mut dates = three_years();
    for _ in 0..2 {
        let account = read(&script(SCRIPT), &pages(&dates)).expect("it reads");
        assert_eq!(dates_of(&account), dates);
        assert_eq!(account.window.as_ref().map(|window| window.pages), Some(4));
        assert_eq!(reread(&script(SCRIPT), &account, TODAY), Ok(account));
        dates.reverse();
    }
}

#[test]
fn a_list_whose_order_cannot_be_told_is_not_guessed_at() {
    let row = |date: &str| format!("<tr><td>{date}<td>Rent<td>$-5.00<td><td>Card<td>");
    let page = |dates: &[&str]| dates.iter().copied().map(row).collect::<String>();
    let headers = format!("<table id=rows><thead><tr>{HEADERS}</thead>");
    let check = |dates: &[&str], expected: Result<&[&str], &str>| {
        let found = read_transactions(&script(SCRIPT), &format!("{headers}{}</table>", page(dates)), TODAY);
        let found =
            found.map(|rows| rows.iter().filter_map(|row| row.posted_date).map(|date| date.to_string()).collect());
        let found: Result<Vec<String>, String> = found.map_err(|failure| failure.message);
        assert_eq!(
            found,
            expected.map(|dates| dates.iter().map(|date| (*date).to_owned()).collect()).map_err(str::to_owned)
        );
    };
    check(&["01/02", "12/30"], Ok(&["2026-01-02", "2025-12-30"]));
    check(&["12/30", "01/02"], Ok(&["2025-12-30", "2026-01-02"]));
    check(&["12/30", "06/20", "12/25"], Err("the dates have no year, and the order of the rows doesn't tell it"));
}

#[test]
fn one_page_is_read_without_a_portal() {
    let page = account(HEADERS, "<tr><td>01/10<td>Rent<td>$-5.00<td>R 1<td>Card<td>$9.00", "");
    let rows = read_transactions(&script(SCRIPT), &page, TODAY).expect("it reads");
    assert_eq!(rows, first("<tr><td>01/10<td>Rent<td>$-5.00<td>R 1<td>Card<td>$9.00").transactions);
    let failure = read_transactions(&script(SCRIPT), "<p>", TODAY).expect_err("there is no table");
    assert_eq!(
        (failure.code, failure.message.as_str()),
        (FailureCode::ElementMissing, "there is no such table on the page")
    );
}
