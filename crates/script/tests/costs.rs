//! What it costs that a thing which leads from page to page is missing or isn't one alone: the account that it was for,
//! and never the others.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode};
use domain::institution::CredentialName;
use domain::secret::Secret;
use jiff::civil::date;
use script::command::{Act, Command, Observation, Problem, Trouble};
use script::{Compares, Plan, Runner, Script};

const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: '#sign-in' }
    do:
      - { fill: '#password', with: credentials.password }
      - { click: '#go', effect: password }
  down:
    when: { visible: '#down' }
    failure: { code: portal.maintenance }
  locked:
    when: { visible: '#locked' }
    failure: { code: auth.locked }
  accounts:
    when: { visible: '#accounts' }
    goal: signed_in
  account:
    when: { visible: '#details' }
  rows:
    when: { visible: '#rows' }
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: { name: Account }
    key: { attribute: id }
    open: a
    back: '#home'
  account:
    on: account
    fields: { currentBalance: Balance }
  transactions:
    on: rows
    open: '#more'
    back: '#list'
    table: '#rows'
    columns: { postedDate: Date, description: What, amount: Amount }
    date: YYYY-MM-DD
    next: .next
";

const DETAILS: &str = "<dl id=details><dt>Balance<dd>7</dl>";
const ROWS: &str = "<table id=rows><tr><th>Date<th>What<th>Amount<tr><td>2026-01-02<td>tea<td>1</table>";
const LAST: &str = "<button class=next disabled>";
const NEXT: &str = "<button class=next id=n-4711>";

/// A list of two accounts, or with something else in the row of the first.
fn list(first: &str) -> String {
    let row = |id: &str, cell: &str| format!("<tr id={id}><td>{id} {cell}");
    let rows = row("one", first) + &row("two", "<a href=two></a>");
    format!("<table id=accounts><tr><th>Account{rows}</table>")
}

const FIRST: &str = "<a href=one></a>";

struct Run(Runner);

impl Run {
    /// A run that stands on the list of accounts, and what it does there.
    fn begin(list: &str) -> (Self, Command) {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("a url"),
            credentials: [(CredentialName::Password, Secret::new("hunter2".into()))].into(),
            open_intents: Vec::new(),
            today: date(2026, 1, 15),
            since: None,
            compares: Compares::No,
        };
        let mut run = Self(Runner::new(Arc::new(script), plan));
        assert!(matches!(run.0.next(None), Command::Visit(_)));
        assert!(matches!(run.0.next(Some(Observation::Visited)), Command::Watch(_)));
        let command = run.shown("accounts", list);
        (run, command)
    }

    fn shown(&mut self, page: &str, html: &str) -> Command {
        let url = format!("https://bank.example/{page}").parse().expect("a url");
        self.0.next(Some(Observation::Recognised { page: page.into(), url, html: html.into() }))
    }

    /// A page shows, and what is done there works.
    fn does(&mut self, page: &str, html: &str, target: &str) {
        let command = self.shown(page, html);
        self.acts(&command, target);
    }

    fn acts(&mut self, command: &Command, target: &str) {
        assert_eq!(click(command), target);
        assert!(matches!(self.0.next(Some(Observation::Acted)), Command::Watch(_)));
    }

    /// A page shows, and what is done there can't be; what comes next as it still shows.
    fn sticks(&mut self, page: &str, html: &str, target: &str, problem: Problem) -> Command {
        let command = self.shown(page, html);
        assert_eq!(click(&command), target);
        self.stuck(page, html, target, problem)
    }

    fn stuck(&mut self, page: &str, html: &str, target: &str, problem: Problem) -> Command {
        let stuck = Observation::Stuck { target: target.into(), problem, html: html.into() };
        let watch = self.0.next(Some(stuck));
        assert!(matches!(&watch, Command::Watch(watch) if watch.left.is_none()), "{watch:?}");
        self.shown(page, html)
    }

    /// The second account is read, and the run ends; what it read of the first.
    fn goes_on(mut self) -> (ObservedAccount, Failure) {
        let open = self.shown("accounts", &list(FIRST));
        self.acts(&open, SECOND);
        self.reads_second()
    }

    fn reads_second(self) -> (ObservedAccount, Failure) {
        let first = self.ends();
        let failure = first.failure.clone().expect("a failure");
        assert!(first.transactions.is_empty() && first.current_balance.is_none(), "{first:?}");
        (first, failure)
    }

    /// The second account is read whole, and the run ends; the first.
    fn ends(mut self) -> ObservedAccount {
        self.does("account", DETAILS, "#more");
        self.does("rows", &format!("{ROWS}{LAST}"), "#list");
        let [first, second] = both(self.shown("accounts", &list(FIRST)));
        is_whole(&second);
        first
    }

    /// A run whose first account is read, and nothing leads back: the list is gone to by its address.
    fn loses_its_way(problem: Problem) -> Self {
        let (mut run, open) = Self::begin(&list(FIRST));
        run.acts(&open, OPENED);
        run.does("account", DETAILS, "#more");
        let visit = run.sticks("rows", &format!("{ROWS}{LAST}"), "#list", problem);
        assert!(matches!(&visit, Command::Visit(url) if url.as_str() == "https://bank.example/accounts"), "{visit:?}");
        run
    }

    fn visited(&mut self) {
        assert!(matches!(self.0.next(Some(Observation::Visited)), Command::Watch(_)));
    }
}

fn both(end: Command) -> [ObservedAccount; 2] {
    let Command::Finish(accounts) = end else { unreachable!("{end:?}") };
    <[ObservedAccount; 2]>::try_from(accounts).expect("two accounts")
}

fn is_whole(account: &ObservedAccount) {
    assert_eq!((account.transactions.len(), &account.failure), (1, &None));
    assert_eq!(account.current_balance.as_deref(), Some("7"));
}

const SECOND: &str = ":is(#accounts) :is(a)[href=\"two\"]";
const OPENED: &str = ":is(#accounts) :is(a)[href=\"one\"]";

fn click(command: &Command) -> &str {
    match command {
        Command::Act(deed) => match deed.acts.as_slice() {
            [Act::Click { target }] => target.text(),
            acts => unreachable!("{acts:?}"),
        },
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn an_account_that_nothing_or_no_one_thing_opens_costs_itself_alone() {
    for (row, code, says) in [
        ("", FailureCode::ElementMissing, "nothing in the row of account 1 fits `a`"),
        (
            "<a href=one></a><a href=1 class=more></a>",
            FailureCode::ElementAmbiguous,
            "no one thing in the row of account 1 fits `a` (2: `a`, `a.more`)",
        ),
    ] {
        let (mut run, open) = Run::begin(&list(row));
        run.acts(&open, SECOND);
        let (_, failure) = run.reads_second();
        assert_eq!((failure.code, failure.message.as_str()), (code, says));
    }
}

#[test]
fn an_account_that_cant_be_opened_when_it_comes_to_it_is_passed_over_on_the_list() {
    for (problem, code) in [
        (Problem::Missing, FailureCode::ElementMissing),
        (Problem::Ambiguous, FailureCode::ElementAmbiguous),
        (Problem::NotActionable, FailureCode::ElementMissing),
    ] {
        let (mut run, open) = Run::begin(&list(FIRST));
        assert_eq!(click(&open), OPENED);
        let open = run.stuck("accounts", &list(FIRST), OPENED, problem);
        run.acts(&open, SECOND);
        let (_, failure) = run.reads_second();
        assert_eq!(failure.code, code);
        assert!(failure.message.starts_with("account 1, on the page `accounts`, "), "{}", failure.message);
        // What a link holds is a customer's or a session's.
        assert!(
            failure.message.contains("[href=\"•••\"]") && !failure.message.contains("one\"]"),
            "{}",
            failure.message
        );
    }
}

#[test]
fn a_next_page_that_cant_be_turned_to_costs_the_account_which_is_left() {
    let (mut run, open) = Run::begin(&list(FIRST));
    run.acts(&open, OPENED);
    run.does("account", DETAILS, "#more");
    let two = format!("{ROWS}{NEXT}</button>{NEXT}");
    let back = run.sticks("rows", &two, ".next", Problem::Ambiguous);
    run.acts(&back, "#list");
    let (_, failure) = run.goes_on();
    assert_eq!(failure.code, FailureCode::ElementAmbiguous);
    let says =
        "account 1, on the page `rows`, several things fit `.next` (2: `button#n-0000.next`, `button#n-0000.next`)";
    assert_eq!(failure.message, says);
}

#[test]
fn a_way_to_transactions_that_is_lost_costs_the_account_which_is_left_by_its_own_page() {
    let (mut run, open) = Run::begin(&list(FIRST));
    run.acts(&open, OPENED);
    let back = run.sticks("account", DETAILS, "#more", Problem::Missing);
    run.acts(&back, "#home");
    let (_, failure) = run.goes_on();
    assert_eq!(failure.message, "account 1, on the page `account`, nothing fits `#more`");
}

#[test]
fn a_way_back_that_is_lost_costs_nothing_where_the_list_shows_by_its_address() {
    for problem in [Problem::Missing, Problem::Ambiguous, Problem::Disagreement] {
        let mut run = Run::loses_its_way(problem);
        run.visited();
        let open = run.shown("accounts", &list(FIRST));
        run.acts(&open, SECOND);
        is_whole(&run.ends());
    }
}

#[test]
fn a_list_that_doesnt_show_by_its_address_leaves_what_was_read_and_costs_the_rest() {
    let sign_in = "<form id=sign-in><input id=password type=password><button id=go></form>";
    type Look = fn(&mut Run, &str) -> Command;
    let shows: Look = |run, html| {
        run.visited();
        run.shown("sign_in", html)
    };
    let is_down: Look = |run, _| {
        run.visited();
        run.shown("down", "<p id=down>")
    };
    let is_unknown: Look = |run, _| {
        run.visited();
        let url = "https://bank.example/x".parse().expect("a url");
        run.0.next(Some(Observation::Unrecognised { url, html: "<p>".into(), still: None }))
    };
    let is_out_of_reach: Look = |run, _| run.0.next(Some(Observation::Unreachable(Trouble::Timeout)));
    for look in [shows, is_down, is_unknown, is_out_of_reach] {
        let mut run = Run::loses_its_way(Problem::Missing);
        let end = look(&mut run, sign_in);
        let [first, second] = both(end);
        is_whole(&first);
        let failure = second.failure.expect("a failure");
        assert_eq!(failure.code, FailureCode::ElementMissing);
        let says =
            "the list of accounts didn't show again; before, account 1, on the page `rows`, nothing fits `#list`";
        assert_eq!(failure.message, says);
    }
    // What the bank says of the credentials counts all the same.
    let mut run = Run::loses_its_way(Problem::Missing);
    run.visited();
    let end = run.shown("locked", "<p id=locked>");
    assert!(matches!(&end, Command::Fail(failure) if failure.code.freezes_credentials()), "{end:?}");
}

#[test]
fn where_no_account_was_read_a_list_that_is_lost_is_the_runs_failure() {
    let (mut run, open) = Run::begin(&list(FIRST));
    run.acts(&open, OPENED);
    let back = run.sticks("account", DETAILS, "#more", Problem::Missing);
    assert_eq!(click(&back), "#home");
    let visit = run.stuck("account", DETAILS, "#home", Problem::Missing);
    assert!(matches!(visit, Command::Visit(_)), "{visit:?}");
    run.visited();
    let end = run.shown("down", "<p id=down>");
    let Command::Fail(failure) = end else { unreachable!("{end:?}") };
    assert!(failure.message.ends_with("nothing fits `#more`"), "{}", failure.message);
}

#[test]
fn an_account_that_failed_before_its_way_back_did_says_what_came_first() {
    let (mut run, open) = Run::begin(&list(FIRST));
    run.acts(&open, OPENED);
    let back = run.sticks("account", DETAILS, "#more", Problem::Missing);
    assert_eq!(click(&back), "#home");
    let visit = run.stuck("account", DETAILS, "#home", Problem::Missing);
    assert!(matches!(visit, Command::Visit(_)), "{visit:?}");
    assert!(matches!(run.0.next(Some(Observation::Visited)), Command::Watch(_)));
    let (_, failure) = run.goes_on();
    assert!(failure.message.ends_with("nothing fits `#more`"), "{}", failure.message);
}

#[test]
fn a_portal_none_of_whose_accounts_can_be_opened_is_the_runs_failure() {
    let (mut run, open) = Run::begin(&list(FIRST));
    assert_eq!(click(&open), OPENED);
    let open = run.stuck("accounts", &list(FIRST), OPENED, Problem::Missing);
    assert_eq!(click(&open), SECOND);
    let end = run.stuck("accounts", &list(FIRST), SECOND, Problem::Missing);
    let Command::Fail(failure) = end else { unreachable!("{end:?}") };
    assert_eq!(failure.code, FailureCode::ElementMissing);
    assert!(failure.message.starts_with("account 1, "), "{}", failure.message);
}
