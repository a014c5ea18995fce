//! Which things on a page a script's steps find.

use super::{Trial, TrialEnd};
use crate::language::Script;

const SCRIPT: &str = r##"
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: form }
    do:
      - { fill: ["#user", { label: User }], with: credentials.bankUsername }
      - { fill: "#password", with: credentials.password }
      - { click: button, effect: password }
  refused:
    when: { visible: "[role=alert]" }
    failure: { code: auth.credentials.invalid, message: { of: "[role=alert]", after: "Sorry: " } }
  code:
    when: { visible: "#code" }
    challenge: { kind: oneTimeCode, prompt: "#sent", target: { of: "#sent", after: "to " }, refused: "#wrong" }
    do:
      - { fill: "#code", with: answer }
      - { click: "#go", effect: code }
  accounts:
    when: { visible: "#accounts" }
    goal: signed_in
  account:
    when: { visible: "#rows" }
reads:
  accounts:
    on: accounts
    table: "#accounts"
    columns: { name: Account }
    key: { of: a, attribute: href }
    open: a
    back: "#home"
  transactions:
    on: account
    table: "#rows"
    columns: { postedDate: Date, description: What, amount: Amount }
    date: YYYY-MM-DD
    next: ".next"
    file: { format: ofx, fill: { "#kind": ofx }, click: "#file" }
sign_out: "#out"
"##;

/// What came of each thing on a page: its name, and how it ended.
fn tried(page: &str, html: &str) -> Vec<Trial> {
    tried_by(SCRIPT, page, html)
}

fn tried_by(script: &str, page: &str, html: &str) -> Vec<Trial> {
    let script = Script::parse(script).unwrap_or_else(|faults| unreachable!("{faults}"));
    script.try_steps(page, html)
}

fn check(page: &str, html: &str, expected: &[(&str, TrialEnd)]) {
    check_by(SCRIPT, page, html, expected);
}

fn check_by(script: &str, page: &str, html: &str, expected: &[(&str, TrialEnd)]) {
    let tried = tried_by(script, page, html);
    let ends: Vec<(&str, TrialEnd)> = tried.iter().map(|trial| (trial.step.as_str(), trial.end)).collect();
    assert_eq!(ends, expected, "{html}\n{tried:?}");
}

const FORM: &str = "<form><label for=user>User</label><input id=user><input id=password type=password><button>";

#[test]
fn every_step_of_a_page_is_tried_by_all_of_its_ways() {
    use TrialEnd::{Ambiguous, Disagreement, Found, Missing, NotActionable};
    let steps = ["do 1, fill", "do 2, fill", "do 3, click"];
    let ends = |ends: [TrialEnd; 3]| steps.into_iter().zip(ends).collect::<Vec<_>>();
    check("sign_in", FORM, &ends([Found, Found, Found]));
    check("sign_in", &FORM.replace("id=password", "id=pin"), &ends([Found, Missing, Found]));
    check("sign_in", &format!("{FORM}</button><button id=acct-77 class=help>"), &ends([Found, Found, Ambiguous]));
    check("sign_in", &FORM.replace("for=user", "for=password"), &ends([Disagreement, Found, Found]));
    check("sign_in", &FORM.replace("type=password", "type=radio"), &ends([Found, NotActionable, Found]));
    check("sign_in", &FORM.replace("type=password", "readonly"), &ends([Found, NotActionable, Found]));
    check("sign_in", &FORM.replace("type=password", "hidden"), &ends([Found, NotActionable, Found]));
    // A button may wait for what is filled in before it.
    check("sign_in", &FORM.replace("<button>", "<button disabled>"), &ends([Found, Found, Found]));

    let two = tried("sign_in", &format!("{FORM}</button><button id=acct-77 class=help>"));
    let [user, _, click] = two.as_slice() else { unreachable!("{two:?}") };
    assert_eq!((user.agree, user.ways.len()), (2, 2));
    assert_eq!(user.told(), "do 1, fill `#user`: found, 2 of 2 ways agree");
    let several = "do 3, click `button`: finds several things: `button` fits 2: `button`, `button#acct-00.help`";
    assert_eq!(click.told(), several);
}

#[test]
fn the_banks_words_are_looked_for_where_they_are_said_to_be() {
    use TrialEnd::{Found, Missing, NotOnThisPage};
    check("refused", "<p role=alert>Sorry: no</p>", &[("message", Found)]);
    check("refused", "<p role=alert>No</p>", &[("message", Missing)]);
    let steps = |target, refused| {
        [("prompt", Found), ("target", target), ("refused", refused), ("do 1, fill", Found), ("do 2, click", Found)]
    };
    let form = "<input id=code><button id=go>";
    check("code", &format!("<p id=sent>Sent to 42</p>{form}"), &steps(Found, NotOnThisPage));
    check("code", &format!("<p id=sent>Sent</p><p id=wrong>No</p>{form}"), &steps(Missing, Found));
}

#[test]
fn the_ways_from_page_to_page_are_tried_as_a_run_goes_them() {
    use TrialEnd::{Ambiguous, Found, Missing, NotOnThisPage};
    let list = |row: &str| format!("<table id=accounts><tr><th>Account<tr><td><a href=1>One</a><tr><td>{row}</table>");
    let out = "<a id=out>Out</a>";
    check("accounts", &(list("<a href=2>Two</a>") + out), &[("open", Found), ("sign_out", Found)]);
    check("accounts", &list("<a href=2>Two</a>"), &[("open", Found), ("sign_out", Missing)]);
    let two = list("<a href=2>Two</a><a href=3>More</a>") + out;
    check("accounts", &two, &[("open", Ambiguous), ("sign_out", Found)]);
    assert_eq!(tried("accounts", &two)[0].told(), "open `a`: finds several things: row 2 fits 2: `a`, `a`");

    let rows = "<table id=rows><tr><th>Date<th>What<th>Amount<tr><td>2026-01-01<td>x<td>1</table>";
    let page = |home: TrialEnd, next: TrialEnd, file: TrialEnd| {
        [("back", home), ("next", next), ("fill of file", file), ("click of file", file)]
    };
    let home = "<a id=home>Home</a>";
    let next = "<button class=next>";
    let file = "<select id=kind><option>OFX</select><a id=file>";
    check("account", &format!("{rows}{home}{next}</button>{file}"), &page(Found, Found, Found));
    check("account", &format!("{rows}{home}<button class=next disabled>"), &page(Found, Found, NotOnThisPage));
    check("account", &format!("{rows}{next}{next}"), &page(Missing, Ambiguous, NotOnThisPage));
    // Every page of rows has a `next`, so that the last one can be told from a page that changed.
    check("account", &format!("{rows}{home}"), &page(Found, Missing, NotOnThisPage));
}

/// The script with another way through its transactions.
fn turning(next: &str) -> String {
    SCRIPT.replace("    next: \".next\"\n", next)
}

const ROWS: &str =
    "<table id=rows><tr><th>Date<th>What<th>Amount<tr><td>2026-01-01<td>x<td>1</table><a id=home>Home</a>";

/// What came of what is tried on a page of transactions after the way back, but for the file.
fn check_turns(next: &str, html: &str, expected: &[(&str, TrialEnd)]) {
    let file = [("fill of file", TrialEnd::NotOnThisPage), ("click of file", TrialEnd::NotOnThisPage)];
    let expected = [&[("back", TrialEnd::Found)], expected, &file].concat();
    check_by(&turning(next), "account", &format!("{ROWS}{html}"), &expected);
}

#[test]
fn a_field_is_filled_as_drivers_fill_it() {
    use TrialEnd::{Found, NotActionable, NotOnThisPage};
    let ends =
        |fill: TrialEnd| [("back", Found), ("next", Found), ("fill of file", fill), ("click of file", NotOnThisPage)];
    let of = |field: &str| format!("{ROWS}<button class=next disabled></button>{field}");
    check("account", &of("<select id=kind><option value=ofx>Money</select>"), &ends(Found));
    check("account", &of("<select id=kind><option>CSV</select>"), &ends(NotActionable));
    check("account", &of("<select id=kind><option disabled>OFX</select>"), &ends(NotActionable));
    check("account", &of("<textarea id=kind></textarea>"), &ends(Found));
    check("account", &of("<input id=kind readonly>"), &ends(NotActionable));
    // No driver types into it.
    check("account", &of("<div id=kind contenteditable></div>"), &ends(NotActionable));
    let other = tried("account", &of("<select id=kind><option>CSV</select>"));
    let told = "fill of file `#kind`: what it finds can't be acted on: it isn't one of the options of `select#kind`";
    assert_eq!(other[2].told(), told);
}

#[test]
fn days_are_asked_for_where_nothing_leads_on() {
    use TrialEnd::{Ambiguous, Found, Missing, NotOnThisPage};
    let windows = "    next: .next\n    windows: { from: '#from', to: '#to', click: '#show', date: MM/DD/YY, days: 30, reach: 90 }\n";
    let check = |html: &str, next, ends: [TrialEnd; 3]| {
        let [from, to, click] = ends;
        let asked = [("next", next), ("from of windows", from), ("to of windows", to), ("click of windows", click)];
        check_turns(windows, html, &asked);
    };
    let form = "<input id=from><input id=to><button id=show></button>";
    let last = "<button class=next disabled></button>";
    check(&format!("{form}{last}"), Found, [Found, Found, Found]);
    check(last, Found, [Missing, Missing, Missing]);
    check(&format!("{form}{form}{last}"), Found, [Ambiguous, Ambiguous, Ambiguous]);
    // Where more pages follow, that is done on the last of them.
    check("<button class=next>", Found, [NotOnThisPage, NotOnThisPage, NotOnThisPage]);
}

#[test]
fn each_way_to_the_next_page_is_tried_by_what_it_does() {
    use TrialEnd::{Ambiguous, Found, Missing, NotActionable, NotOnThisPage};
    let choose = "    next: { choose: '#month', click: '#show' }\n";
    let month = |rest: &str| format!("<select id=month><option selected>May<option>April</select>{rest}");
    check_turns(choose, &month("<button id=show>"), &[("choose of next", Found), ("next", Found)]);
    check_turns(choose, &month(""), &[("choose of next", Found), ("next", Missing)]);
    let hidden = month("<button id=show disabled>");
    check_turns(choose, &hidden, &[("choose of next", Found), ("next", NotActionable)]);
    check_turns(choose, "<select id=month><option selected>May</select>", &[("next", Found)]);
    check_turns(choose, "<button id=show>", &[("next", Missing)]);

    let behind = "    next: { behind: '.pager b', click: '.pager a' }\n";
    check_turns(behind, "<p class=pager><a href=1>1</a> <b>2</b> <a href=3>3</a></p>", &[("next", Found)]);
    let last = "<p class=pager><a href=1>1</a> <b>2</b></p>";
    check_turns(behind, last, &[("next", Found)]);
    assert_eq!(tried_by(&turning(behind), "account", &format!("{ROWS}{last}"))[1].agree, 1);
    check_turns(behind, "<p class=pager><a href=1>1</a></p>", &[("next", Missing)]);
    check_turns(behind, "", &[("next", NotOnThisPage)]);

    let scroll = "    next: { scroll: '#view', key: { attribute: id }, end: '#end' }\n";
    check_turns(scroll, "<div id=view></div>", &[("scroll of next", Found)]);
    check_turns(scroll, "<div id=view></div><div id=view></div>", &[("scroll of next", Ambiguous)]);
    check_turns(scroll, "", &[("scroll of next", Missing)]);
}

#[test]
fn what_leads_to_permissions_and_to_transactions_is_tried_on_the_pages_that_it_is_on() {
    use TrialEnd::{Found, Missing};
    let script = SCRIPT
        .replace("  account:\n    when: { visible: \"#rows\" }\n", "  account:\n    when: { visible: \"#rows\" }\n  own:\n    when: { visible: \"#own\" }\n  may:\n    when: { visible: \"#may\" }\n")
        .replace("  transactions:\n", "  account:\n    on: own\n    fields: { currentBalance: Balance }\n  permissions:\n    on: may\n    open: '#rights'\n    back: '#return'\n    table: '#may'\n    columns: { view: View }\n    granted: 'Yes'\n    refused: 'No'\n  transactions:\n    open: '#more'\n    back: '#list'\n    unless: '#closed'\n");
    let check = |page: &str, html: &str, expected: &[(&str, TrialEnd)]| check_by(&script, page, html, expected);
    let list = "<table id=accounts><tr><th>Account<tr><td><a href=1>One</a></table><a id=out>Out</a>";
    let ends = |rights| [("open", Found), ("open of permissions", rights), ("sign_out", Found)];
    check("accounts", &format!("{list}<a id=rights>"), &ends(Found));
    check("accounts", list, &ends(Missing));
    check("may", "<a id=return>", &[("back of permissions", Found)]);
    check("may", "", &[("back of permissions", Missing)]);

    let own = |more| [("open of transactions", more), ("back", Found)];
    check("own", "<a id=more></a><a id=home>", &own(Found));
    check("own", "<a id=home>", &own(Missing));
    // Where they aren't shown to the user, nothing leads to them.
    check("own", "<p id=closed></p><a id=home>", &[("back", Found)]);
    check("account", "<p id=closed></p><a id=list>", &[("back of transactions", Found)]);
    let rows = "<table id=rows><tr><th>Date<th>What<th>Amount<tr><td>2026-01-01<td>x<td>1</table><a id=list></a>";
    let file = TrialEnd::NotOnThisPage;
    let turns = [("back of transactions", Found), ("next", Missing), ("fill of file", file), ("click of file", file)];
    check("account", rows, &turns);
}
