//! What the user may do, read on a page of its own before the first account is opened.

use std::sync::Arc;

use domain::failure::FailureCode;
use domain::permissions::Permissions;
use script::command::{Command, Observation, Problem, Trouble};
use script::{Compares, Diagnostics, Plan, Runner, Script};

/// A script with this said of permissions.
fn script(permissions: &str) -> Result<Script, Diagnostics> {
    let source = format!(
        "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  accounts: {{ when: {{ visible: '#accounts' }}, goal: signed_in }}
  rights: {{ when: {{ visible: '#rights' }} }}
  down: {{ when: {{ visible: '#down' }}, failure: {{ code: portal.maintenance }} }}
  ended: {{ when: {{ visible: '#ended' }}, failure: {{ code: auth.session.expired }} }}
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: {{ name: Name }}
    key: {{ attribute: data-key }}
  permissions:
    on: rights
    open: '#to-rights'
    back: '#to-accounts'
    table: '#rights'
{permissions}"
    );
    Script::parse(&source)
}

const MATRIX: &str =
    "    columns: { view: See, initiate: Pay, approve: Approve }\n    granted: [Yes, Full]\n    refused: No\n";
const WORDS: &str = "    columns: { access: Role }\n    map: { Viewer: view, Clerk: [view, initiate], Nobody: none }\n";

fn list(link: &str) -> String {
    format!("{link}<table id=accounts><tr><th>Name<tr data-key=k><td>Main</table>")
}

/// A run that goes to permissions.
fn gone() -> Runner {
    let plan = plan();
    let script = script(MATRIX).expect("a script");
    let mut runner = Runner::new(Arc::new(script), plan);
    assert!(matches!(runner.next(None), Command::Visit(_)));
    assert!(matches!(runner.next(Some(Observation::Visited)), Command::Watch(_)));
    acts(&runner.next(shown("accounts", list(LINK))), "#to-rights");
    runner
}

fn plan() -> Plan {
    Plan {
        portal_url: "https://bank.example/".parse().expect("a url"),
        credentials: [].into(),
        open_intents: Vec::new(),
        today: jiff::civil::date(2026, 3, 20),
        since: None,
        compares: Compares::No,
    }
}

fn shown(page: &str, html: String) -> Option<Observation> {
    let url = "https://bank.example/accounts".parse().expect("a url");
    Some(Observation::Recognised { page: page.into(), url, html })
}

/// No page of the script shows, or the one that was acted on still does.
fn unknown(still: Option<&str>) -> Option<Observation> {
    let url = "https://bank.example/other".parse().expect("a url");
    Some(Observation::Unrecognised { url, html: "<p>Other".into(), still: still.map(str::to_owned) })
}

fn stuck(target: &str) -> Option<Observation> {
    Some(Observation::Stuck { target: target.into(), problem: Problem::Missing, html: String::new() })
}

fn acts(command: &Command, target: &str) {
    let Command::Act(deed) = command else { unreachable!("{command:?}") };
    assert_eq!(deed.acts[0].target(), target);
}

/// The list is gone to, and all of it is read; why permissions aren't known then.
fn goes_on(mut runner: Runner, command: &Command) -> (FailureCode, String) {
    assert!(matches!(command, Command::Visit(url) if url.as_str() == "https://bank.example/accounts"), "{command:?}");
    assert!(matches!(runner.next(Some(Observation::Visited)), Command::Watch(watch) if watch.left.is_none()));
    let Command::Finish(accounts) = runner.next(shown("accounts", list(LINK))) else { unreachable!("all is read") };
    assert_eq!((accounts.len(), runner.permissions()), (1, None));
    let failure = runner.permissions_failure().expect("a failure");
    (failure.code, failure.message.clone())
}

/// A run to its end; what is known of permissions then, or why nothing is, with how many accounts were read.
fn check(permissions: &str, rows: &str, expected: Result<Permissions, (FailureCode, &str)>) {
    let plan = plan();
    let mut runner = Runner::new(Arc::new(script(permissions).expect("a script")), plan);
    assert!(matches!(runner.next(None), Command::Visit(_)));
    assert!(matches!(runner.next(Some(Observation::Visited)), Command::Watch(_)));
    if rows.is_empty() {
        let Command::Finish(accounts) = runner.next(shown("accounts", list(""))) else { unreachable!("no link") };
        assert_eq!(accounts.len(), 1);
    } else {
        acts(&runner.next(shown("accounts", list(LINK))), "#to-rights");
        assert!(matches!(runner.next(Some(Observation::Acted)), Command::Watch(_)));
        let rights = format!("<a id=to-accounts href=#>Accounts</a><table id=rights>{rows}</table>");
        acts(&runner.next(shown("rights", rights)), "#to-accounts");
        assert!(matches!(runner.next(Some(Observation::Acted)), Command::Watch(_)));
        let Command::Finish(accounts) = runner.next(shown("accounts", list(LINK))) else { unreachable!("all is read") };
        assert_eq!(accounts.len(), 1, "the accounts are read whatever is wrong with permissions");
    }
    let failure = runner.permissions_failure().map(|failure| (failure.code, failure.message.as_str()));
    match expected {
        Ok(permissions) => assert_eq!((runner.permissions(), failure), (Some(permissions), None)),
        Err(expected) => assert_eq!((runner.permissions(), failure), (None, Some(expected))),
    }
}

const LINK: &str = "<a id=to-rights href=#>Rights</a>";
const HEAD: &str = "<tr><th>Account<th>See<th>Pay<th>Approve";

#[test]
fn what_is_granted_in_any_row_is_granted() {
    let permissions = |view, initiate, approve| Permissions { view, initiate, approve };
    let check = |rows: &str, expected| check(MATRIX, &format!("{HEAD}{rows}"), Ok(expected));
    check("<tr><td>One<td>Yes<td>No<td>No<tr><td>Two<td>no<td>No<td>", permissions(true, false, false));
    check("<tr><td>One<td>Yes<td>No<td>No<tr><td>Two<td>Yes<td>FULL<td>No", permissions(true, true, false));
    check("<tr><td>One<td>No<td>No<td>Yes", permissions(false, false, true));
}

#[test]
fn a_word_for_an_access_grants_what_the_script_says() {
    let permissions = |view, initiate| Permissions { view, initiate, approve: false };
    check(WORDS, "<tr><th>Account<th>Role<tr><td>One<td>Viewer<tr><td>Two<td>clerk", Ok(permissions(true, true)));
    check(WORDS, "<tr><th>Account<th>Role<tr><td>One<td>Nobody", Ok(permissions(false, false)));
}

#[test]
fn what_cant_be_read_is_told_and_keeps_nobody_from_the_accounts() {
    let parse = |said| Err((FailureCode::ScriptParse, said));
    let said = "row 1, column `pay`: the cell holds a word that is neither in `granted` nor in `refused`";
    check(MATRIX, &format!("{HEAD}<tr><td>One<td>Yes<td>Perhaps<td>No"), parse(said));
    check(WORDS, "<tr><th>Role<tr><td>Owner", parse("row 1, column `role`: the cell holds a word that isn't in `map`"));
    let missing = "no column of the table is headed `approve`; its headers are `see`, `pay`";
    check(MATRIX, "<tr><th>See<th>Pay<tr><td>Yes<td>No", Err((FailureCode::ElementMissing, missing)));
    let no_link = "nothing on the list of accounts fits `#to-rights`, which leads to permissions";
    check(MATRIX, "", Err((FailureCode::ElementMissing, no_link)));
}

#[test]
fn a_page_that_cant_be_reached_keeps_nobody_from_the_accounts() {
    let check = |observations: Vec<Option<Observation>>, expected: FailureCode| {
        let mut runner = gone();
        let last = observations.into_iter().map(|observation| runner.next(observation)).last().expect("a command");
        assert_eq!(goes_on(runner, &last).0, expected);
    };
    let acted = || Some(Observation::Acted);
    check(vec![acted(), unknown(None)], FailureCode::PageUnrecognised);
    check(vec![acted(), unknown(Some("accounts"))], FailureCode::PageUnrecognised);
    check(vec![acted(), shown("down", "<p id=down>".into())], FailureCode::PortalMaintenance);
    check(vec![acted(), Some(Observation::Unreachable(Trouble::Timeout))], FailureCode::NetTimeout);
    check(vec![Some(Observation::Unreachable(Trouble::Status(403)))], FailureCode::PortalBlocked);
    check(vec![stuck("#to-rights"), shown("accounts", list(LINK))], FailureCode::ElementMissing);
}

#[test]
fn a_page_without_a_way_back_keeps_nobody_from_the_accounts() {
    let rights = || shown("rights", format!("<table id=rights>{HEAD}<tr><td>One<td>Yes<td>No<td>No</table>"));
    for (after, expected) in [
        (vec![stuck("#to-accounts"), rights()], FailureCode::ElementMissing),
        (vec![Some(Observation::Acted), unknown(Some("rights"))], FailureCode::PageUnrecognised),
        (vec![Some(Observation::Acted), unknown(None)], FailureCode::PageUnrecognised),
    ] {
        let mut runner = gone();
        runner.next(Some(Observation::Acted));
        acts(&runner.next(rights()), "#to-accounts");
        let last = after.into_iter().map(|observation| runner.next(observation)).last().expect("a command");
        assert_eq!(goes_on(runner, &last).0, expected);
    }
}

#[test]
fn a_list_that_cant_be_gone_back_to_is_the_runs_failure() {
    let ended = || shown("ended", "<p id=ended>".into());
    for (first, then, expected) in
        [(unknown(None), unknown(None), FailureCode::PageUnrecognised), (ended(), ended(), FailureCode::SessionExpired)]
    {
        let mut runner = gone();
        runner.next(Some(Observation::Acted));
        assert!(matches!(runner.next(first), Command::Visit(_)));
        runner.next(Some(Observation::Visited));
        let Command::Fail(failure) = runner.next(then) else { unreachable!("it is gone back to once") };
        assert_eq!(failure.code, expected);
    }
}

#[test]
fn a_script_says_which_words_grant_and_which_dont() {
    for (faulty, said) in [
        (MATRIX.replace("    refused: No\n", ""), "the key `refused` is missing"),
        (
            WORDS
                .replace("    map:", "    granted:")
                .replace("{ Viewer: view, Clerk: [view, initiate], Nobody: none }", "x"),
            "the key `map` is missing",
        ),
        (WORDS.replace("view,", "look,"), "`look` isn't one of view, initiate, approve, none"),
        ("    columns: {}\n".to_owned(), "needs one of `view`, `initiate`, `approve` and `access`"),
        (WORDS.replace("access", "role"), "no record has the field `role`"),
    ] {
        let message = script(&faulty).expect_err("it is faulty").to_string();
        assert!(message.contains(said), "{message}");
    }
}
