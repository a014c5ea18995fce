//! Reading without the browser that signed in: when it is left, when it is gone back to, and by
//! what the records of a run were read.

use std::sync::Arc;

use domain::failure::FailureCode;
use domain::run::Reading;
use jiff::civil::date;
use script::command::{Command, Observation, Problem, Trouble};
use script::{Compares, Plan, Runner, Script};

const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: form }
    do:
      - { click: button, effect: password }
  ended:
    when: { visible: '#ended' }
    failure: { code: auth.session.expired }
  accounts:
    when: { visible: table }
    goal: signed_in
  account:
    when: { visible: dl }
reads:
  by: http
  accounts:
    on: accounts
    table: table
    columns: { name: Name }
    key: { of: a, attribute: href }
    open: a
    back: '#home'
  account:
    on: account
    fields: { currentBalance: Balance }
";

const ACCOUNTS: &str = "<table><tr><th>Name<tr><td><a href=/1>One</a></table>";

fn account(balance: &str) -> String {
    format!("<dl><dt>Balance<dd>{balance}</dl><a id=home href=/>Back</a>")
}

struct Run(Runner);

impl Run {
    /// A run that has just signed in.
    fn begin(compares: Compares) -> (Self, Command) {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("a url"),
            credentials: [].into(),
            open_intents: Vec::new(),
            today: date(2026, 3, 20),
            since: None,
            compares,
        };
        let mut run = Self(Runner::new(Arc::new(script), plan));
        run.0.next(None);
        run.0.next(Some(Observation::Visited));
        let command = run.sees("accounts", ACCOUNTS);
        (run, command)
    }

    fn sees(&mut self, page: &str, html: &str) -> Command {
        let url = "https://bank.example/list".parse().expect("a url");
        self.0.next(Some(Observation::Recognised { page: page.into(), url, html: html.into() }))
    }

    /// Reads everything, from the list to the list.
    fn reads(&mut self, balance: &str) -> Command {
        assert!(matches!(self.sees("accounts", ACCOUNTS), Command::Act(_)));
        assert!(matches!(self.0.next(Some(Observation::Acted)), Command::Watch(_)));
        assert!(matches!(self.sees("account", &account(balance)), Command::Act(_)));
        assert!(matches!(self.0.next(Some(Observation::Acted)), Command::Watch(_)));
        self.sees("accounts", ACCOUNTS)
    }

    fn watches(&mut self, observation: Observation) {
        let watch = self.0.next(Some(observation));
        assert!(matches!(&watch, Command::Watch(watch) if watch.left.is_none()), "{watch:?}");
    }
}

fn balance(command: &Command) -> Option<&str> {
    let Command::Finish(accounts) = command else { return None };
    accounts.first()?.current_balance.as_deref()
}

#[test]
fn what_needs_no_browser_is_read_without_it() {
    let (mut run, left) = Run::begin(Compares::No);
    assert!(matches!(left, Command::LeaveBrowser), "{left:?}");
    run.watches(Observation::Done);
    let end = run.reads("$5.00");
    assert_eq!((balance(&end), run.0.reading()), (Some("5.00"), Reading::Http));
}

#[test]
fn a_browser_that_cannot_be_left_reads() {
    let (mut run, _) = Run::begin(Compares::Yes);
    assert!(matches!(run.0.next(Some(Observation::Kept)), Command::Act(_)), "the list that shows is read");
    assert!(matches!(run.0.next(Some(Observation::Acted)), Command::Watch(_)));
    assert!(matches!(run.sees("account", &account("$5.00")), Command::Act(_)));
    run.0.next(Some(Observation::Acted));
    let end = run.sees("accounts", ACCOUNTS);
    assert_eq!((balance(&end), run.0.reading()), (Some("5.00"), Reading::Session));
}

#[test]
fn whatever_goes_wrong_without_the_browser_is_read_in_it() {
    let check = |goes_wrong: &dyn Fn(&mut Run) -> Command, code: FailureCode| {
        let (mut run, _) = Run::begin(Compares::No);
        run.watches(Observation::Done);
        let back = goes_wrong(&mut run);
        assert!(matches!(back, Command::ReturnToBrowser), "{code}: {back:?}");
        run.watches(Observation::Done);
        let end = run.reads("$5.00");
        assert_eq!((balance(&end), run.0.reading()), (Some("5.00"), Reading::FellBack), "{code}");
        assert_eq!(run.0.fell_back_for(), Some(code));
    };
    let url = || "https://bank.example/".parse().expect("a url");
    let unknown = || Observation::Unrecognised { url: url(), html: String::new(), still: None };
    check(&|run| run.0.next(Some(unknown())), FailureCode::PageUnrecognised);
    check(&|run| run.0.next(Some(Observation::Unreachable(Trouble::Status(403)))), FailureCode::PortalBlocked);
    check(&|run| run.sees("ended", "<p id=ended>"), FailureCode::SessionExpired);
    // The bank doesn't know the session, and nobody signs in a second time.
    check(&|run| run.sees("sign_in", "<form><button>"), FailureCode::SessionExpired);
    check(&|run| run.sees("accounts", "<table><tr><th>Account</table>"), FailureCode::ElementMissing);
    let stuck = |run: &mut Run| {
        run.sees("accounts", ACCOUNTS);
        let (target, problem) = ("a".to_owned(), Problem::NotActionable);
        run.0.next(Some(Observation::Stuck { target, problem, html: ACCOUNTS.into() }))
    };
    check(&stuck, FailureCode::ElementMissing);
    // One account that can't be read is reason enough.
    check(&|run| run.reads("much"), FailureCode::ScriptParse);
}

#[test]
fn what_goes_wrong_in_the_browser_too_is_a_failure() {
    let (mut run, _) = Run::begin(Compares::No);
    run.watches(Observation::Done);
    run.sees("ended", "<p id=ended>");
    run.watches(Observation::Done);
    let end = run.sees("ended", "<p id=ended>");
    assert!(matches!(&end, Command::Fail(failure) if failure.code == FailureCode::SessionExpired), "{end:?}");
}

#[test]
fn now_and_then_both_are_read_and_the_browsers_counts() {
    for (shown, expected) in [("$5.00", Reading::Same), ("$6.00", Reading::Differs)] {
        let (mut run, _) = Run::begin(Compares::Yes);
        run.watches(Observation::Done);
        let back = run.reads("$5.00");
        assert!(matches!(back, Command::ReturnToBrowser), "{back:?}");
        run.watches(Observation::Done);
        let end = run.reads(shown);
        assert_eq!((balance(&end), run.0.reading()), (Some(&shown[1..]), expected));
        assert_eq!(run.0.fell_back_for(), None);
    }
}
