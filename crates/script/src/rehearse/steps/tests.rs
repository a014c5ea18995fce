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
    let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
    script.try_steps(page, html)
}

fn check(page: &str, html: &str, expected: &[(&str, TrialEnd)]) {
    let tried = tried(page, html);
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
    let file = "<select id=kind></select><a id=file>";
    check("account", &format!("{rows}{home}{next}</button>{file}"), &page(Found, Found, Found));
    check("account", &format!("{rows}{home}<button class=next disabled>"), &page(Found, Found, NotOnThisPage));
    check("account", &format!("{rows}{next}{next}"), &page(Missing, Ambiguous, NotOnThisPage));
    // Every page of rows has a `next`, so that the last one can be told from a page that changed.
    check("account", &format!("{rows}{home}"), &page(Found, Missing, NotOnThisPage));
}
