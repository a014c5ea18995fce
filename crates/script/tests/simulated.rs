//! Saved pages as simulated portals: what is put together of lists that are scrolled or asked for by a choice, and what is left
//! out and said, or refused.
//!
//! Not here: serving them; the tests from outside do that.

use jiff::civil::date;
use script::{Recorded, Script, SimulateError, Simulation, simulate};

const SCRIPT: &str = r##"script: 1
institution: small
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: form.sign-in }
    do:
      - { fill: "#user", with: credentials.bankUsername }
      - { fill: "#word", with: credentials.password }
      - { click: "form.sign-in button", effect: password }
  accounts:
    when: { visible: table.accounts }
    goal: signed_in
  account:
    when: { visible: table.rows }
  bye:
    when: { text: { h1: Goodbye } }
    goal: signed_out
reads:
  accounts:
    on: accounts
    table: table.accounts
    columns: { name: Account, type: Type, currentBalance: Balance }
    map: { type: { Checking: checking } }
    key: { of: a, attribute: href, after: /a/ }
    open: a
    back: a.back
  transactions:
    on: account
    table: table.rows
    columns: { postedDate: Date, description: Details, amount: Amount }
    date: MM/DD/YYYY
    next: NEXT
sign_out: a.out
"##;

const SCROLL: &str = "{ scroll: div.view, key: { attribute: data-id }, end: p.end }";
const CHOOSE: &str = "{ choose: select.month, click: button.show }";

/// What shows where a list that is scrolled ends.
const END: &str = "<p class=end>That is all</p>";

/// A page of the account, with these rows.
fn account(beside: &str, ids: &[u32]) -> String {
    let row = |id: &u32| format!("<tr data-id={id}><td>11/{id:02}/2026<td>Row {id}<td>1.00");
    let rows: String = ids.iter().map(row).collect();
    format!(
        "<h1>Operating</h1><a class=back href=/x>Back</a><a class=out href=/o>Out</a>{beside}<div class=view>\
         <table class=rows><thead><tr><th>Date<th>Details<th>Amount</thead><tbody>{rows}</tbody></table></div>"
    )
}

const FIELDS: &str = "<form class=sign-in><input id=user><input id=word type=password></form>";
const SENDER: &str = "<form class=sign-in><button>Go</button></form>";
const SIGN_IN: &str = "<form class=sign-in><input id=user><input id=word type=password><button>Go</button></form>";
const ACCOUNTS: &str = "<table class=accounts><tr><th>Account<th>Type<th>Balance<tr><td><a href=/a/1>Operating</a>\
                        <td>Checking<td>$5.00</table><a class=out href=/o>Out</a>";

fn simulated(next: &str, accounts: &[String]) -> Result<Simulation, SimulateError> {
    let names: Vec<String> = (1..=accounts.len()).map(|number| format!("account.{number}.html")).collect();
    let mut pages = vec![
        ("sign_in", "sign_in.html", SIGN_IN),
        ("accounts", "accounts.html", ACCOUNTS),
        ("bye", "bye.html", "<h1>Goodbye</h1>"),
    ];
    pages.extend(names.iter().zip(accounts).map(|(file, html)| ("account", file.as_str(), html.as_str())));
    portal_of(&SCRIPT.replace("NEXT", next), &pages)
}

/// Of pages of the script, each with its file and what it shows.
fn portal_of(script: &str, pages: &[(&str, &str, &str)]) -> Result<Simulation, SimulateError> {
    let script = Script::parse(script).expect("a script");
    let today = date(2026, 11, 27);
    let recorded: Vec<Recorded<'_>> =
        pages.iter().map(|&(page, file, html)| Recorded { file, page, html, address: None, today }).collect();
    simulate(&script, &recorded)
}

/// The days of the rows that are read, and what was left out.
fn read(made: &Simulation) -> (Vec<i8>, Vec<&str>) {
    let rows = made.truth.iter().flat_map(|account| &account.transactions);
    let days = rows.filter_map(|row| row.posted_date).map(|day| day.day()).collect();
    (days, made.left_out.iter().map(String::as_str).collect())
}

#[test]
fn a_list_that_was_scrolled_has_the_rows_that_follow_each_other_and_says_where_some_are_missing() {
    let made = simulated(SCROLL, &[account("", &[9, 8, 7]), account(END, &[7, 6])]).expect("a portal");
    assert_eq!(read(&made), (vec![9, 8, 7, 6], vec![]));
    let made = simulated(SCROLL, &[account("", &[9, 8]), account(END, &[5, 4])]).expect("a portal");
    let (days, left_out) = read(&made);
    assert_eq!(days, [9, 8]);
    assert!(left_out[0].contains("from account.2.html on, before which some weren't in sight"), "{left_out:?}");
    let refused = simulated(SCROLL, &[account("", &[9, 8])]).expect_err("no end").to_string();
    assert!(refused.contains("never scrolled until its end shows"), "{refused}");
}

#[test]
fn what_can_be_chosen_are_the_pages_that_were_saved_the_first_choice_first() {
    let month = |chosen: &str| {
        let option = |value: &str| {
            let selected = if value == chosen { " selected" } else { "" };
            format!("<option value={value}{selected}>{value}")
        };
        let options: String = ["m11", "m10", "m09"].into_iter().map(option).collect();
        format!("<form><select class=month>{options}</select><button class=show>Show</button></form>")
    };
    let pages = [account(&month("m10"), &[3]), account(&month("m11"), &[5]), account(&month("m11"), &[5])];
    let made = simulated(CHOOSE, &pages).expect("a portal");
    let (days, left_out) = read(&made);
    assert_eq!(days, [5, 3]);
    assert!(left_out[0].contains("account.3.html, on which the same is chosen as on another"), "{left_out:?}");
    assert!(left_out[1].contains("1 choices beside"), "{left_out:?}");
    let choice = made.portal.pages.iter().find_map(|page| page.choice.as_ref()).expect("a choice");
    assert_eq!(choice.pages.keys().collect::<Vec<_>>(), ["m10", "m11"]);
    let shown = made.files.iter().filter(|(file, _)| ["account.1.html", "account.2.html"].contains(&file.as_str()));
    assert!(
        shown.into_iter().all(|(_, html)| html.contains("m10") && !html.contains("m09")),
        "a choice without a page"
    );
}

/// A frame that shows this.
fn frame(name: &str, html: &str) -> String {
    format!("<iframe name={name} srcdoc=\"{}\"></iframe>", html.replace('&', "&amp;").replace('"', "&quot;"))
}

#[test]
fn what_is_filled_in_one_frame_and_sent_in_another_is_refused() {
    let account = account(END, &[3]);
    let portal = |sender: &str, sign_in: &str| {
        let framed = SCRIPT.replace("form.sign-in }", "'[name=a] >>> form.sign-in' }");
        let framed =
            framed.replace("\"#", "\"[name=a] >>> #").replace("\"form", &format!("\"[name={sender}] >>> form"));
        let pages = [
            ("sign_in", "sign_in.html", sign_in),
            ("accounts", "accounts.html", ACCOUNTS),
            ("account", "account.html", &account),
        ];
        portal_of(&framed.replace("NEXT", SCROLL), &pages)
    };
    portal("a", &frame("a", SIGN_IN)).expect("a portal");
    let in_two = frame("a", FIELDS) + &frame("b", SENDER);
    let refused = portal("b", &in_two).expect_err("it isn't sent").to_string();
    assert!(refused.contains("sign_in.html") && refused.contains("are in two frames"), "{refused}");
}

#[test]
fn a_frame_never_takes_the_file_of_a_page() {
    let (account, accounts) = (account(END, &[3]), format!("{ACCOUNTS}{}", frame("news", "<p>News")));
    let portal = |account_file: &str| {
        let pages = [
            ("sign_in", "sign_in.html", SIGN_IN),
            ("accounts", "accounts.html", accounts.as_str()),
            ("account", account_file, account.as_str()),
        ];
        portal_of(&SCRIPT.replace("NEXT", SCROLL), &pages)
    };
    let made = portal("account.html").expect("a portal");
    assert!(made.files.iter().any(|(file, html)| file == "accounts.frame-0.html" && html.contains("News")));
    let refused = portal("accounts.frame-0.html").expect_err("a file is one").to_string();
    assert!(refused.contains("would be accounts.frame-0.html, and that is a page"), "{refused}");
}
