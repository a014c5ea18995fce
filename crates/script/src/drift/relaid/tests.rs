//! Lists that are laid out otherwise, and what is proposed of them.
//!
//! Not here: portals; the zoo's are repaired from outside.

use domain::failure::FailureCode;

use crate::Script;
use crate::draft::Sureness;
use crate::drift::{KnownPage, NoProposal, Proposal, Trouble, known_page, propose};
use crate::scrub::{OwnWords, scrub_keeping};

const SCRIPT: &str = "script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: '#in' }
    do:
      - { fill: '#user', with: credentials.bankUsername }
      - { fill: '#word', with: credentials.password }
      - { click: '#go', effect: password }
  accounts:
    when: { visible: '#all' }
    goal: signed_in
  account:
    when: { visible: '#days' }
reads:
  accounts:
    on: accounts
    table: '#all'
    columns: { name: Account, currentBalance: Balance }
    key: { attribute: data-key }
    open: a
    back: '#back'
  transactions:
    on: account
    table: '#list'
    skip: tr.sum
    columns:
      postedDate: Day
      description: { column: What, of: .words }
      bankReference: { column: What, of: .ref, after: 'Ref. ' }
      amount: Sum
      runningBalance: Left
    date: MM/DD/YYYY # as ever
    pending: { postedDate: Soon }
sign_out: '#out'
";

/// Whether it went out, the day, the words, the reference, the amount, what is left.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const ROWS: [Row; 5] = [
    ("-", "Soon", "Card of May", "", "$7.00", ""),
    ("-", "05/04/2026", "Rent for the yard", "AB12", "$1,204.00", "$400.00"),
    ("", "05/03/2026", "Invoice of Ada Lovelace", "AB345", "$17.90", "$1,604.00"),
    ("-", "05/02/2026", "Fee", "", "$3.00", "$1,586.10"),
    ("", "05/01/2026", "Sold a boat to Bo", "X1", "$900.00", "$1,589.10"),
];

const OTHERS: [Row; 4] = [
    ("-", "04/14/2026", "Paint and brushes", "Q9", "$70.15", "$11,400.00"),
    ("", "04/13/2026", "Wages back", "AB345", "$2,017.90", "$1,604.00"),
    ("-", "04/12/2026", "Sails of Ms Low", "", "$34.00", "$9,586.10"),
    ("", "04/11/2026", "Tolls and more tolls", "X1", "$950.00", "$1,589.10"),
];

const REFERENCE: &str = "{ column: What, of: .ref, after: \"Ref. \" }";

fn page(list: &str) -> String {
    let soon = "<table id=soon><tr><th>Day<th>What<th>Sum<tr><td>05/09/2026<td>Later<td>$1.00<tr><td>05/09/2026<td>Much later<td>$1.00</table>";
    format!(
        "<h1>An account</h1><select id=days><option>May</select>{soon}{list}<a id=back href=/all>Back</a><button id=out>Out</button>"
    )
}

fn words((_, _, words, reference, ..): &Row) -> String {
    let reference = if reference.is_empty() { String::new() } else { format!("<i class=ref>Ref. {reference}</i>") };
    format!("<b class=words>{words}</b>{reference}")
}

fn table(rows: &[Row]) -> String {
    let row =
        |row @ (sign, day, _, _, sum, left): &Row| format!("<tr><td>{day}<td>{}<td>{sign}{sum}<td>{left}", words(row));
    let rows: String = rows.iter().map(row).collect();
    format!("<table id=list><tr><th>Day<th>What<th>Sum<th>Left{rows}<tr class=sum><td colspan=4>All</table>")
}

/// The same as cards.
fn cards(rows: &[Row]) -> String {
    let card = |row @ (sign, day, _, _, sum, left): &Row| {
        let sign = if sign.is_empty() { "+" } else { "−" };
        format!(
            "<li class='card new'><time>{day}</time><div class=middle>{}</div><em class=sum>{sign}{sum}</em><span class=rest>{left}</span>",
            words(row)
        )
    };
    format!("<ol class=cards>{}</ol>", rows.iter().map(card).collect::<String>())
}

/// The same in a table with a column for each side.
fn sides(rows: &[Row], which: [&str; 2]) -> String {
    let row = |row @ (sign, day, _, _, sum, left): &Row| {
        let (out, incoming) = if sign.is_empty() { ("", *sum) } else { (*sum, "") };
        format!("<tr><td>{day}<td>{}<td>{out}<td>{incoming}<td>{left}", words(row))
    };
    let rows: String = rows.iter().map(row).collect();
    let [out, incoming] = which;
    format!("<table id=list><tr><th>Day<th>What<th>{out}<th>{incoming}<th>Left{rows}</table>")
}

fn proposed_for(script: &str, now: &str) -> Result<Vec<Proposal>, NoProposal> {
    let own = OwnWords::of(script);
    let known = [KnownPage { page: "account".into(), html: known_page(&page(&table(&ROWS)), &[], &own) }];
    let now = scrub_keeping(&page(now), &[], &own).html;
    let trouble = Trouble { code: FailureCode::ElementMissing, page: Some("account".into()), target: None };
    propose(script, &known, &now, &trouble)
}

/// The only proposal: how sure it is, what it adds and what it leaves to a person.
fn check(now: &str, sureness: Sureness, added: &str, left: &[&str]) {
    let all = proposed_for(SCRIPT, now).unwrap_or_else(|why| unreachable!("{why}"));
    let [one] = all.as_slice() else { unreachable!("{all:?}") };
    let [change] = one.changes.as_slice() else { unreachable!("{:?}", one.changes) };
    let left: Vec<String> = left.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!((change.after.as_str(), one.sureness, &one.needs_person), (added, sureness, &left));
    assert_eq!(
        one.source,
        SCRIPT.replace("sign_out", &format!("{added}sign_out")),
        "it stands behind all else of the list"
    );
    assert!(Script::parse(&one.source).is_ok());
}

fn lost(now: &str) -> String {
    match proposed_for(SCRIPT, now) {
        Err(NoProposal::Lost(why)) => why.join("; "),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_table_that_became_cards_is_one_more_layout() {
    let added = "    layouts:
      - records: li.card
        columns:
          postedDate: time
          description: \".words\"
          bankReference: { of: \".ref\", after: \"Ref. \" }
          amount: em.sum
          runningBalance: span.rest
        pending: { postedDate: Soon }
";
    check(&cards(&ROWS), Sureness::Likely, added, &[]);
    // A row came on top since, and the last is on another page now.
    let mut later = ROWS.to_vec();
    later.rotate_right(1);
    later[0] = OTHERS[0];
    check(&cards(&later), Sureness::Likely, added, &[]);
}

#[test]
fn other_rows_are_known_by_their_kinds_and_a_person_looks() {
    let added = "    layouts:
      - records: li.card
        columns:
          postedDate: time
          description: \".words\"
          bankReference: { of: \".ref\", after: \"Ref. \" }
          amount: em.sum
        pending: { postedDate: Soon }
";
    let left = [
        "nothing in a row is what `runningBalance` was: it is read no more",
        "the rows are others than those that are known: see whether each field is the right one",
    ];
    let bare: String = cards(&OTHERS).replace("class=rest", "class=rest hidden");
    check(&bare, Sureness::Guess, added, &left);
}

#[test]
fn an_amount_that_became_two_columns_is_told_by_the_signs_that_it_had() {
    let added = |which: [&str; 2]| {
        format!(
            "    layouts:
      - table: \"#list\"
        skip: tr.sum
        columns:
          postedDate: Day
          description: {{ column: What, of: \".words\" }}
          bankReference: {REFERENCE}
          debit: {}
          credit: {}
          runningBalance: Left
        pending: {{ postedDate: Soon }}
",
            which[0], which[1]
        )
        .replace("of: .ref", "of: \".ref\"")
    };
    check(&sides(&ROWS, ["Out", "In"]), Sureness::Likely, &added(["Out", "In"]), &[]);
    // What a column is headed says less than which of its rows went out.
    check(&sides(&ROWS, ["Credit", "Debit"]), Sureness::Likely, &added(["Credit", "Debit"]), &[]);
}

#[test]
fn a_list_whose_pieces_cant_be_told_apart_is_told_and_not_guessed() {
    // All in one cell: the words are no thing of their own.
    let row = |(sign, day, words, _, sum, _): &Row| format!("<tr><td><b>{day}</b> {words}<td>{sign}{sum}");
    let rows: String = ROWS.iter().map(row).collect();
    let why = lost(&format!("<table id=list><tr><th>All<th>Sum{rows}</table>"));
    assert!(why.contains("its rows are `#list`, and nothing in them by itself is what `description` was"), "{why}");
    // Nothing says any more what went out.
    let why = lost(&cards(&ROWS).replace(['−', '+'], ""));
    assert!(why.contains("its rows are `li.card`, and nothing in them by itself is what `amount` was"), "{why}");
    // What is announced was there before, too, and is no list of what was booked.
    let why = lost("<p>Nothing");
    assert!(why.contains("nothing that repeats on the page is like its rows"), "{why}");
}

#[test]
fn a_layout_comes_behind_those_that_there_are() {
    let layouts =
        "    layouts:\n      - table: '#older'\n        columns: { postedDate: A, description: B, amount: C }\n";
    let script = SCRIPT.replace("sign_out", &format!("{layouts}sign_out"));
    let all = proposed_for(&script, &cards(&ROWS)).unwrap_or_else(|why| unreachable!("{why}"));
    assert!(
        all[0].source.contains(&format!("{layouts}      - records: li.card\n        columns:\n")),
        "{}",
        all[0].source
    );
    // Not written line by line there is no line for it.
    let (head, _) = SCRIPT.split_once("  transactions:\n").expect("a list");
    let columns = "{ postedDate: Day, description: { column: What, of: .words }, amount: Sum }";
    let script = format!(
        "{head}  transactions: {{ on: account, table: '#list', skip: tr.sum, columns: {columns}, date: MM/DD/YYYY, pending: {{ postedDate: Soon }} }}\n"
    );
    assert!(Script::parse(&script).is_ok(), "{script}");
    let why = proposed_for(&script, &cards(&ROWS)).expect_err("nothing").to_string();
    assert!(why.contains("isn't written line by line"), "{why}");
}
