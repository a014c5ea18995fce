//! A bank that shows its transactions on a page of their own, a month at a time, and asks for an
//! approval elsewhere: which commands a run gives, and what it reads.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::FailureCode;
use jiff::civil::date;
use script::command::{Act, Command, Observation};
use script::{Compares, Plan, Runner, Script};
use url::Url;

const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  approval:
    when: { visible: '#wait' }
    challenge: { kind: appApproval, prompt: '#wait' }
  accounts:
    when: { visible: '#accounts' }
    goal: signed_in
  account:
    when: { visible: dl }
  rows:
    when: { visible: '#month' }
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: { name: Name }
    key: { of: a, attribute: href }
    open: a
    back: '#home'
  account:
    on: account
    fields: { currentBalance: Balance }
  transactions:
    on: rows
    open: '#list'
    back: '#all'
    table: '#rows'
    skip: .sum
    empty: '#none'
    columns:
      postedDate: Date
      description: { column: What, of: i }
      counterpartyName: { column: What, of: b, after: 'To ' }
      amount: Amount
    date: MM/DD/YYYY
    pendingTable: { table: '#soon', columns: { description: What, amount: Amount } }
    next: { choose: '#month', click: '#show' }
";

const ACCOUNTS: &str = "<table id=accounts><tr><th>Name<tr><td><a href=/1>One</a><tr><td><a href=/2>Two</a></table>";
const ACCOUNT: &str = "<table><tr><td>Balance<td>$5.00<tr><td>Balance<td>and<td>more</table>
    <a id=list href=rows>List</a><a id=home href=/>Back</a>";

/// A month of an account.
fn month(selected: u8, rows: &str, soon: &str) -> String {
    let option = |month: u8| {
        let said = if month == selected { " selected" } else { "" };
        format!("<option value=2026-{month:02}{said}>{month}")
    };
    let options: String = [3, 2, 1].map(option).concat();
    let head = "<tr><th>Date<th>What<th>Amount";
    let list =
        if rows.is_empty() { "<p id=none>None</p>".to_owned() } else { format!("<table id=rows>{head}{rows}</table>") };
    let soon =
        if soon.is_empty() { String::new() } else { format!("<table id=soon><tr><th>What<th>Amount{soon}</table>") };
    format!(
        "<form><select id=month>{options}</select><button id=show>Show</button></form>{soon}{list}<a id=all href=/>All</a>"
    )
}

struct Run {
    runner: Runner,
    observation: Option<Observation>,
}

impl Run {
    fn new() -> Self {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("a url"),
            credentials: [].into(),
            open_intents: Vec::new(),
            today: date(2026, 3, 20),
            since: None,
            compares: Compares::No,
        };
        Self { runner: Runner::new(Arc::new(script), plan), observation: None }
    }

    fn next(&mut self, observation: Observation) -> Command {
        self.runner.next(Some(observation))
    }

    /// What is done after a page was seen, in one line.
    fn sees(&mut self, page: &str, html: &str) -> String {
        let url: Url = "https://bank.example/".parse().expect("a url");
        match self.next(Observation::Recognised { page: page.into(), url, html: html.into() }) {
            Command::Act(deed) => {
                let watch = self.next(Observation::Acted);
                assert!(matches!(watch, Command::Watch(_)), "{watch:?}");
                let line = |act: &Act| match act {
                    Act::Fill { into, text } => format!("{}={}", into.text(), text.expose()),
                    Act::Click { target } => target.text().to_owned(),
                    Act::Scroll { within, .. } => within.clone(),
                    other => other.target().to_owned(),
                };
                deed.acts.iter().map(line).collect::<Vec<_>>().join(" ")
            }
            other => {
                let line = format!("{other:?}");
                self.observation = None;
                line
            }
        }
    }
}

fn begin() -> Run {
    let mut run = Run::new();
    assert!(matches!(run.runner.next(None), Command::Visit(_)));
    assert!(matches!(run.next(Observation::Visited), Command::Watch(_)));
    run
}

#[test]
fn a_run_goes_through_every_month_of_each_account_and_back() {
    let mut run = begin();
    assert!(run.sees("accounts", ACCOUNTS).ends_with("[href=\"/1\"]"));
    assert_eq!(run.sees("account", ACCOUNT), "#list");
    let soon = "<tr><td><i>Card</i><td>$1.00";
    let march = "<tr class=sum><td colspan=3>Sum<tr><td>03/02/2026<td><b>To Ann</b><i>Rent  for
        March</i><td>$2.00";
    assert_eq!(run.sees("rows", &month(3, march, soon)), "#month=2026-02 #show");
    assert_eq!(run.sees("rows", &month(2, "", "")), "#month=2026-01 #show", "a month may be empty");
    let january = "<tr><td>01/02/2026<td><i>Rent</i><td>-$3.00";
    assert_eq!(run.sees("rows", &month(1, january, "")), "#all");
    assert!(run.sees("accounts", ACCOUNTS).ends_with("[href=\"/2\"]"));
    // What fails on the account's own page leads back from there.
    assert_eq!(run.sees("account", "<dl><dt>Balance<dd>much</dl><a id=home href=/>Back</a>"), "#home");
    let url: Url = "https://bank.example/".parse().expect("a url");
    let end = run.next(Observation::Recognised { page: "accounts".into(), url, html: ACCOUNTS.into() });
    let Command::Finish(accounts) = end else { unreachable!("{end:?}") };
    let rows = |account: &ObservedAccount| {
        let row = |row: &domain::transaction::ObservedTransaction| {
            let date = row.posted_date.map(|date| date.to_string()).unwrap_or_default();
            format!("{date} {} {} {}", row.amount, row.description, row.counterparty_name.as_deref().unwrap_or("-"))
        };
        account.transactions.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(rows(&accounts[0]), [" 1.00 Card -", "2026-03-02 2.00 Rent for March Ann", "2026-01-02 -3.00 Rent -"]);
    assert_eq!(accounts[0].transactions[0].status, domain::transaction::TransactionStatus::Pending);
    assert_eq!(accounts[0].current_balance.as_deref(), Some("5.00"), "the first of two cells is a label");
    assert_eq!(accounts[0].window.as_ref().map(|window| window.pages), Some(3));
    assert_eq!(accounts[1].failure.as_ref().map(|failure| failure.code), Some(FailureCode::ScriptParse));
    // What was kept is read the same again.
    let script = Script::parse(SCRIPT).expect("a script");
    let again = script::reread(&script, &accounts[0], date(2026, 3, 20)).expect("an account");
    assert_eq!(rows(&again), rows(&accounts[0]));
}

#[test]
fn an_option_that_does_not_change_the_page_fails_the_account() {
    let mut run = begin();
    run.sees("accounts", ACCOUNTS);
    run.sees("account", ACCOUNT);
    let march = month(3, "<tr><td>03/02/2026<td><i>Rent</i><td>$2.00", "");
    assert_eq!(run.sees("rows", &march), "#month=2026-02 #show");
    assert_eq!(run.sees("rows", &march), "#all", "the same month again is no other one");
}

#[test]
fn an_approval_is_told_once_and_the_page_is_watched_until_it_goes_on() {
    let wait = "<p id=wait>Please approve</p>";
    let mut run = begin();
    assert!(run.sees("approval", wait).contains("AppApproval"));
    let watch = run.next(Observation::Done);
    let Command::Watch(watch) = watch else { unreachable!("{watch:?}") };
    assert!(watch.patience_ms > 600_000, "whoever carries it out knows how long there is");
    for _ in 0..20 {
        assert!(run.sees("approval", wait).starts_with("Watch("), "a page that loads itself anew still waits");
    }
    assert!(run.sees("accounts", ACCOUNTS).contains("Accepted"), "that the portal goes on is the answer");
    assert!(matches!(run.next(Observation::Done), Command::Act(_)));

    let mut run = begin();
    run.sees("approval", wait);
    run.next(Observation::Done);
    let end = run.next(Observation::Refused(FailureCode::MfaTimeout));
    assert!(matches!(&end, Command::Fail(failure) if failure.code == FailureCode::MfaTimeout), "{end:?}");
}
