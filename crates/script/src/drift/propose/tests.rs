//! What is proposed of pages that changed, and what a person teaches.
//!
//! Not here: single texts of a script (`anew`, `mend`).

use domain::failure::FailureCode;

use super::{Lesson, NoProposal, Proposal, propose, teach};
use crate::Script;
use crate::draft::Sureness;
use crate::drift::{KnownPage, LessonError, Trouble, known_page};
use crate::scrub::{OwnWords, scrub_keeping};

const SCRIPT: &str = "# A comment that stays.
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: '#in' }
    do:
      - { fill: '#user', with: credentials.bankUsername }
      - { fill: '#word', with: credentials.password } # beside the other
      - { click: '#go', effect: password }
  accounts:
    when: { visible: '#list' }
    goal: signed_in
reads:
  accounts:
    on: accounts
    table: '#list'
    columns: { name: Account, currentBalance: Balance }
    key: { attribute: data-key }
";

const SIGN_IN: &str = "<h1>Sign in</h1><form id=in action=/in><label for=user>User ID</label><input id=user>\
    <label for=word>Password</label><input id=word type=password><button id=go>Sign in</button></form><p id=end>Bye</p>";
const LIST: &str = "<h1>Yours</h1><table id=list><tr><th>Account<th>Balance<tr data-key=k><td>Op of Ada<td>$1,204.00\
    <tr data-key=m><td>Res<td>$7.00</table><button id=out>Sign out</button>";

fn known() -> Vec<KnownPage> {
    let own = OwnWords::of(SCRIPT);
    let of = |(page, html): (&str, &str)| KnownPage { page: page.into(), html: known_page(html, &[], &own) };
    [("sign_in", SIGN_IN), ("accounts", LIST)].map(of).into()
}

fn proposed(now: &str, code: FailureCode, page: Option<&str>) -> Result<Vec<Proposal>, NoProposal> {
    let now = scrub_keeping(now, &[], &OwnWords::of(SCRIPT)).html;
    let trouble = Trouble { code, page: page.map(str::to_owned), target: None };
    propose(SCRIPT, &known(), &now, &trouble)
}

/// The first proposal: how sure it is, what it writes and what it leaves to a person.
fn check(now: &str, code: FailureCode, page: Option<&str>, sureness: Sureness, lines: &[&str], left: &[&str]) {
    let all = proposed(now, code, page).expect("proposals");
    let first = all.first().expect("one");
    let written: Vec<&str> = first.changes.iter().map(|change| change.after.as_str()).collect();
    assert_eq!(
        (
            first.sureness,
            written.as_slice(),
            first.needs_person.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
        ),
        (sureness, lines, left),
        "{first:?}"
    );
    assert!(first.source.contains("# A comment that stays.") && first.source.contains("# beside the other"));
    assert!(Script::parse(&first.source).is_ok(), "{}", first.source);
}

#[test]
fn fields_that_are_called_otherwise_are_found_by_what_stays_of_them() {
    let now = SIGN_IN.replace("=user", "=login-name").replace("=word", "=login-word-7");
    let ways = ["{ label: User ID }", "[{ label: Password }, \"#in input[type=password]\"]"];
    check(&now, FailureCode::ElementMissing, Some("sign_in"), Sureness::Likely, &ways, &[]);
}

#[test]
fn a_page_whose_sign_is_gone_is_known_by_another() {
    let now = SIGN_IN.replace("id=in", "id=sign-in-form");
    // Where the form is sent to was so before, too.
    let expected = "\"form[action='/in']\"";
    check(&now, FailureCode::PageUnrecognised, None, Sureness::Guess, &[expected], &[]);
}

#[test]
fn a_sign_is_one_that_no_other_page_has() {
    // The list of accounts has a part of that name.
    let list = LIST.replace("<button id=out", "<div id=box></div><button id=out");
    let own = OwnWords::of(SCRIPT);
    let mut known = known();
    known[1].html = known_page(&list, &[], &own);
    let now = scrub_keeping(&SIGN_IN.replace("id=in", "id=box"), &[], &own).html;
    let trouble = Trouble { code: FailureCode::PageUnrecognised, page: None, target: None };
    let all = propose(SCRIPT, &known, &now, &trouble).expect("proposals");
    assert!(all.iter().all(|proposal| !proposal.source.contains("visible: \"#box\"")), "{all:?}");
    assert!(
        all[0].source.contains("visible: \"form[action='/in']\"") || all[0].source.contains("visible: form"),
        "{}",
        all[0].source
    );
}

#[test]
fn a_column_that_is_headed_otherwise_is_found_by_its_values() {
    let now = LIST.replace("<th>Balance", "<th>Current");
    check(&now, FailureCode::ElementMissing, Some("accounts"), Sureness::Likely, &["Current"], &[]);
    let now = now.replace("$1,204.00", "soon").replace("$7.00", "later");
    assert_eq!(
        proposed(&now, FailureCode::ElementMissing, Some("accounts")),
        Err(NoProposal::Lost(vec!["no column holds what the column `Balance` held".into()]))
    );
}

#[test]
fn a_page_that_nobody_knows_is_passed_by_a_button_that_a_person_chooses_and_never_by_itself() {
    let survey = "<h1>Tell us more</h1><form id=survey><textarea></textarea><button type=submit>Send</button>\
        <button type=button>Maybe later</button></form><button id=out>Sign out</button>";
    let all = proposed(survey, FailureCode::PageUnrecognised, None).expect("proposals");
    let titles: Vec<&str> = all.iter().map(|proposal| proposal.title.as_str()).collect();
    let press = |words: &str| format!("A page that nobody knows comes between: press \"{words}\" and go on");
    assert_eq!(titles, [press("Maybe later"), press("Send")], "what is on known pages isn't offered");
    assert!(all.iter().all(|proposal| proposal.sureness == Sureness::Guess && !proposal.needs_person.is_empty()));
    let added = "  tell_us_more:\n    when: { visible: \"#survey\" }\n    do:\n      - { click: { role: button, name: Maybe later } }\n";
    assert!(all[0].source.contains(added), "{}", all[0].source);
}

#[test]
fn half_a_page_is_told_and_not_mended() {
    let half = "<h1>Sign in</h1><form id=in action=/in><label for=user>User ID</label></form>";
    for code in [FailureCode::ElementMissing, FailureCode::ScriptParse] {
        assert_eq!(proposed(half, code, Some("sign_in")), Err(NoProposal::BrokenOff("sign_in".into())));
    }
}

#[test]
fn what_isnt_about_a_pages_layout_has_no_proposal() {
    let check = |now: &str, code, expected| assert_eq!(proposed(now, code, None).err(), Some(expected), "{now}");
    check(SIGN_IN, FailureCode::PortalMaintenance, NoProposal::OtherKind(FailureCode::PortalMaintenance));
    check(SIGN_IN, FailureCode::ScriptParse, NoProposal::OtherKind(FailureCode::ScriptParse));
    check("", FailureCode::ElementMissing, NoProposal::NoPage);
    check(LIST, FailureCode::ElementMissing, NoProposal::Lost(Vec::new()));
}

#[test]
fn what_a_person_teaches_is_in_the_script_and_known_pages_stay_what_they_are() {
    let taught = |now: &str, lesson: &Lesson| {
        let now = scrub_keeping(now, &[], &OwnWords::of(SCRIPT)).html;
        teach(SCRIPT, &known(), &now, lesson)
    };
    let check = |now: &str, lesson: &Lesson, expected: &str| {
        let source = taught(now, lesson).unwrap_or_else(|why| unreachable!("{why}"));
        assert!(source.contains(expected), "{source}");
    };
    let is = |page: &str| Lesson::Is { page: page.into() };
    // Nothing of it is as it was, and somebody says what it is.
    let new = "<main id=fresh><h2>Welcome</h2><label for=user>Your name</label><input id=user><input id=word type=password><a id=go href=/x>On</a></main>";
    check(new, &is("sign_in"), "when: { visible: \"#fresh\" }");
    let closed = "<h1>Closed for today</h1><p id=why>Come back at 9</p>";
    let failure = |code| Lesson::Failure { code, message: Some("#why".into()) };
    let said = "  closed_for_today:\n    when: { text: { h1: Closed for today } }\n    failure: { code: portal.maintenance, message: \"#why\" }\n";
    check(closed, &failure(FailureCode::PortalMaintenance), said);
    let code = FailureCode::ElementMissing;
    assert_eq!(taught(closed, &failure(code)), Err(LessonError::NoAnswer(code)));
    assert_eq!(taught(closed, &is("nowhere")), Err(LessonError::PageUnknown("nowhere".into())));
    let press = |press: &str| Lesson::Passage { press: press.into() };
    assert_eq!(taught(closed, &press("Go on")), Err(LessonError::NotPressed("Go on".into())));
    check(&format!("{closed}<button>Go on</button>"), &press("Go on"), "- { click: { role: button, name: Go on } }");
    // A page that others have the signs of would be taken for theirs.
    assert!(matches!(
        taught(SIGN_IN, &press("Sign in")),
        Err(LessonError::NotPressed(_) | LessonError::Objections(_) | LessonError::NoSign)
    ));
}

/// Whether the pages say that a proposal makes others of them.
fn is_disproved(proposal: &Proposal) -> bool {
    proposal.needs_person.iter().any(|said| said.contains("is recognised as") || said.contains("isn't recognised"))
}

#[test]
fn what_the_pages_disprove_comes_last_and_isnt_likely() {
    // Fields of the sign-in are found again, and the page stays unknown: its form has no name any more that no other page has.
    let source = SCRIPT.replace("{ visible: '#in' }", "{ visible: ['#in', '#gone'] }");
    let own = OwnWords::of(&source);
    let of = |(page, html): (&str, &str)| KnownPage { page: page.into(), html: known_page(html, &[], &own) };
    let before = SIGN_IN.replace("<h1>", "<aside id=gone>New here?</aside><h1>");
    let known: Vec<KnownPage> = [("sign_in", before.as_str()), ("accounts", LIST)].map(of).into();
    let now = SIGN_IN
        .replace("=user", "=login-name")
        .replace("<p id=end>Bye", "<button type=button>Later</button><p id=end>Bye");
    let now = scrub_keeping(&now, &[], &own).html;
    let trouble = Trouble { code: FailureCode::PageUnrecognised, page: None, target: None };
    let all = propose(&source, &known, &now, &trouble).expect("proposals");
    let (last, first) = all.split_last().expect("proposals");
    assert!(is_disproved(last) && last.sureness == Sureness::Guess, "{all:?}");
    assert!(!first.is_empty() && !first.iter().any(is_disproved), "{all:?}");
}

#[test]
fn a_way_that_is_gone_is_left_out_where_the_others_say_what_would_be_written() {
    let check = |list: &str, now: &str, expected: &str| {
        let source = SCRIPT.replace("'#user'", list);
        let own = OwnWords::of(&source);
        let named = |html: &str| html.replace("<input id=user>", "<input id=user name=username>");
        let of = |(page, html): (&str, &str)| KnownPage { page: page.into(), html: known_page(html, &[], &own) };
        let known: Vec<KnownPage> = [("sign_in", named(SIGN_IN).as_str()), ("accounts", LIST)].map(of).into();
        let now = scrub_keeping(&named(SIGN_IN).replace("<input id=user name=username>", now), &[], &own).html;
        let trouble = Trouble { code: FailureCode::ElementMissing, page: Some("sign_in".into()), target: None };
        let all = propose(&source, &known, &now, &trouble).expect("proposals");
        assert!(all[0].source.contains(expected), "{}", all[0].source);
    };
    let gone = "<input id=login name=username>";
    // Its new id is a further fact.
    check("['#user', '[name=\"username\"]']", gone, "fill: [\"#login\", '[name=\"username\"]']");
    let nameless = "<input name=username>";
    for (list, expected) in [
        ("['#user', '[name=\"username\"]', { label: User ID }]", "fill: ['[name=\"username\"]', { label: User ID }]"),
        ("[{ label: User ID }, '[name=\"username\"]', '#user']", "fill: [{ label: User ID }, '[name=\"username\"]']"),
    ] {
        check(list, nameless, expected);
    }
}

#[test]
fn a_link_whose_words_are_scrubbed_is_called_by_its_selector_and_so_is_it_pressed() {
    let between = "<h1>News for you</h1><div id=news><a class=skip href=/later>Skip to Ada's accounts</a></div>";
    let all = proposed(between, FailureCode::PageUnrecognised, None).expect("proposals");
    assert_eq!(all[0].title, "A page that nobody knows comes between: press `a.skip` and go on", "{all:?}");
    let now = scrub_keeping(between, &[], &OwnWords::of(SCRIPT)).html;
    let taught = |press: &str| teach(SCRIPT, &known(), &now, &Lesson::Passage { press: press.into() });
    let refused = taught("Skip to Ada's accounts");
    assert_eq!(refused, Err(LessonError::Scrubbed("Skip to Ada's accounts".into(), vec!["a.skip".into()])));
    assert!(taught("a.skip").is_ok_and(|source| source.contains("- { click: a.skip }")));
}
