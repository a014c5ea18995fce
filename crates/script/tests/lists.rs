//! Lists that come in other ways than page by page, and records that aren't rows of a table:
//! which commands a run gives, and what it reads.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::secret::Secret;
use jiff::civil::{Date, date};
use script::command::{Act, Command, Observation, Problem};
use script::{Compares, Plan, Runner, Script};
use url::Url;

const TODAY: Date = date(2026, 3, 20);

/// A script whose accounts are tiles and which has this for transactions.
fn script(transactions: &str) -> String {
    format!(
        "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
blank: [n/a, Restricted]
pages:
  accounts:
    when: {{ visible: .tile }}
    goal: signed_in
  account:
    when: {{ visible: '#home' }}
reads:
  owed: [creditCard]
  accounts:
    on: accounts
    records: .tile
    columns:
      name: h2
      type: dl dt
      maskedNumber: {{ of: p, starts: Ending }}
      accountNumber: {{ of: p, starts: 'No. ', after: 'No. ' }}
      currentBalance: {{ label: [Balance, You owe] }}
      availableBalance: {{ label: Left }}
    map: {{ type: {{ Balance: checking, You owe: creditCard }} }}
    key: {{ attribute: data-key }}
    noPage: '.tile:not(:has(a))'
    open: h2 a
    back: '#home'
  transactions:
    on: account
{transactions}"
    )
}

const TILES: &str = "<div class=tile data-key=k1><h2><a href=#>One</a></h2><p>No. 77</p>\
    <dl><dt>Balance<dd>$5.00<dt>Left<dd>n/a</dl></div>\
    <div class=tile data-key=k2><h2>Two</h2><p>Ending 42</p><dl><dt>You owe<dd>$7.00<dt>Left<dd>$9.00</dl></div>\
    <div class=tile data-key=k3><h2><a href=#>Three</a></h2><p>Ending 43</p>\
    <dl><dt>You owe<dd>-$1.00<dt>Left<dd>RESTRICTED</dl></div>";

struct Run(Runner);

impl Run {
    /// A run that stands on the list of accounts, or what it does there.
    fn begin(transactions: &str, since: Option<Date>) -> (Self, String) {
        let script = Script::parse(&script(transactions)).unwrap_or_else(|faults| unreachable!("{faults}"));
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("a url"),
            credentials: [].into(),
            open_intents: Vec::new(),
            today: TODAY,
            since,
            compares: Compares::No,
        };
        let mut run = Self(Runner::new(Arc::new(script), plan));
        assert!(matches!(run.0.next(None), Command::Visit(_)));
        assert!(matches!(run.0.next(Some(Observation::Visited)), Command::Watch(_)));
        let done = run.sees("accounts", TILES);
        (run, done)
    }

    /// What is done after a page was seen, in one line; the acts succeed.
    fn sees(&mut self, page: &str, html: &str) -> String {
        match self.shown(page, html) {
            Command::Act(deed) => {
                let watch = self.0.next(Some(Observation::Acted));
                let Command::Watch(watch) = watch else { unreachable!("{watch:?}") };
                let after = if watch.left.is_some() { "" } else { " and at once" };
                format!("{}{after}", line(&deed.acts))
            }
            Command::Watch(watch) => format!("wait {}", watch.left.is_some()),
            other => format!("{other:?}"),
        }
    }

    /// The same where there is nothing further down to scroll to.
    fn at_end(&mut self, page: &str, html: &str) -> String {
        let act = self.shown(page, html);
        assert!(matches!(&act, Command::Act(deed) if matches!(deed.acts[..], [Act::Scroll { .. }])), "{act:?}");
        let stuck = Observation::Stuck { target: "#view".into(), problem: Problem::AtEnd, html: html.into() };
        let watch = self.0.next(Some(stuck));
        assert!(matches!(&watch, Command::Watch(watch) if watch.left.is_none()), "{watch:?}");
        self.sees(page, html)
    }

    fn shown(&mut self, page: &str, html: &str) -> Command {
        let url: Url = "https://bank.example/".parse().expect("a url");
        self.0.next(Some(Observation::Recognised { page: page.into(), url, html: html.into() }))
    }

    fn accounts(mut self) -> Vec<ObservedAccount> {
        match self.shown("accounts", TILES) {
            Command::Finish(accounts) => accounts,
            other => unreachable!("{other:?}"),
        }
    }
}

fn line(acts: &[Act]) -> String {
    let line = |act: &Act| match act {
        Act::Fill { into, text } => format!("{}={}", into.text(), Secret::expose(text)),
        Act::Click { target } => target.text().to_owned(),
        Act::Scroll { within, .. } => format!("scroll {within}"),
        Act::ClosePopup => "close".to_owned(),
    };
    acts.iter().map(line).collect::<Vec<_>>().join(" ")
}

/// Rows of a table with an id, a day of March or earlier and an amount.
fn rows(rows: &[(&str, &str, &str)]) -> String {
    let row = |(id, day, amount): &(&str, &str, &str)| format!("<tr data-id={id}><td>{day}<td>tea {id}<td>{amount}");
    let rows: String = rows.iter().map(row).collect();
    format!("<a id=home>Home</a><div id=view><table id=rows><tr><th>Date<th>What<th>Amount{rows}</table></div>")
}

fn read(account: &ObservedAccount) -> Vec<String> {
    let day = |date: Option<Date>| date.map(|date| date.strftime("%m-%d").to_string()).unwrap_or_default();
    let row = |row: &domain::transaction::ObservedTransaction| {
        format!("{} {} {}", day(row.posted_date), row.description, row.amount)
    };
    account.transactions.iter().map(row).collect()
}

const COLUMNS: &str = "    table: '#rows'
    columns: { postedDate: Date, description: What, amount: Amount }
    date: MM/DD/YYYY
    empty: '#none'
";

#[test]
fn records_are_things_of_one_kind_with_their_own_labels() {
    let (mut run, done) = Run::begin(COLUMNS, None);
    // Each is opened by what it says of itself; the second has no page of its own.
    assert_eq!(done, ":is(.tile)[data-key=\"k1\"] :is(h2 a)");
    assert_eq!(run.sees("account", &rows(&[("1", "03/02/2026", "$2.00")])), "#home");
    assert_eq!(run.sees("accounts", TILES), ":is(.tile)[data-key=\"k3\"] :is(h2 a)");
    assert_eq!(run.sees("account", &rows(&[("2", "03/02/2026", "$2.00"), ("3", "03/01/2026", "-$3.00")])), "#home");
    let accounts = run.accounts();
    let shown = |account: &ObservedAccount| {
        let balances = [&account.current_balance, &account.available_balance];
        let numbers = [&account.masked_number, &account.account_number];
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        [balances.map(text), numbers.map(text)].concat().join(" ")
    };
    assert_eq!(
        accounts.iter().map(shown).collect::<Vec<_>>(),
        ["5.00 - - 77", "-7.00 9.00 Ending 42 -", "1.00 - Ending 43 -"]
    );
    // What is shown as owed is the other way round; what is left of a limit isn't.
    assert_eq!(read(&accounts[0]), ["03-02 tea 1 2.00"]);
    assert_eq!(read(&accounts[2]), ["03-02 tea 2 -2.00", "03-01 tea 3 3.00"]);
    let script = Script::parse(&script(COLUMNS)).expect("a script");
    let again = script::reread(&script, &accounts[2], TODAY).expect("an account");
    assert_eq!((read(&again), &again.current_balance), (read(&accounts[2]), &accounts[2].current_balance));
}

#[test]
fn a_label_that_no_record_has_was_renamed() {
    let mut run = Run::begin(COLUMNS, None).0;
    let script = Script::parse(&script(COLUMNS)).expect("a script");
    let plan = Plan {
        portal_url: "https://bank.example/".parse().expect("a url"),
        credentials: [].into(),
        open_intents: Vec::new(),
        today: TODAY,
        since: None,
        compares: Compares::No,
    };
    run.0 = Runner::new(Arc::new(script), plan);
    run.0.next(None);
    run.0.next(Some(Observation::Visited));
    let said = run.sees("accounts", &TILES.replace("Left", "Spare"));
    assert!(said.contains("ElementMissing") && said.contains("in no record anything is labelled `left`"), "{said}");
}

#[test]
fn rows_that_come_below_are_read_once_all_are_there() {
    let more = format!("{COLUMNS}    next: {{ more: '#more' }}\n");
    let (mut run, _) = Run::begin(&more, None);
    let one = ("1", "03/09/2026", "$1.00");
    let two = ("2", "03/08/2026", "$2.00");
    assert_eq!(run.sees("account", &(rows(&[one]) + "<b id=more>More</b>")), "#more");
    assert_eq!(run.sees("account", &(rows(&[one, two]) + "<b id=more disabled>More</b>")), "#home");
    run.sees("accounts", TILES);
    // What is older than wanted needn't come.
    assert_eq!(run.sees("account", &rows(&[one])), "#home");
    let accounts = run.accounts();
    assert_eq!(read(&accounts[0]), ["03-09 tea 1 1.00", "03-08 tea 2 2.00"]);
    let kept = accounts[0].sheets.iter().filter(|sheet| sheet.kind.as_str() == "transactions");
    assert_eq!(kept.map(|sheet| sheet.rows.len()).collect::<Vec<_>>(), [2], "each row is kept once");
    assert_eq!(accounts[0].window.as_ref().map(|window| window.pages), Some(2));

    let (mut run, _) = Run::begin(&more, Some(date(2026, 3, 5)));
    let old = ("3", "03/02/2026", "$3.00");
    assert_eq!(run.sees("account", &(rows(&[one]) + "<b id=more>More</b>")), "#more");
    assert_eq!(run.sees("account", &(rows(&[one, old]) + "<b id=more>More</b>")), "#home");
}

#[test]
fn rows_that_come_and_go_are_read_once_each_and_never_scrolled_past() {
    let scroll = format!("{COLUMNS}    next: {{ scroll: '#view', key: {{ attribute: data-id }}, end: '#end' }}\n");
    let row = |id: &'static str| (id, "03/09/2026", "$1.00");
    let end = "<p id=end>That is all</p>";
    let (mut run, _) = Run::begin(&scroll, None);
    assert_eq!(run.sees("account", &rows(&[row("1"), row("2")])), "scroll #view and at once");
    // Down where nothing is left, without the end: more is on its way.
    assert_eq!(run.at_end("account", &rows(&[row("2"), row("3")])), "wait true");
    assert_eq!(run.sees("account", &rows(&[row("3"), row("4")])), "scroll #view and at once");
    assert_eq!(run.at_end("account", &(rows(&[row("3"), row("4")]) + end)), "#home");
    run.sees("accounts", TILES);
    // A gap: something may have been between.
    assert_eq!(run.sees("account", &rows(&[row("1"), row("2")])), "scroll #view and at once");
    assert_eq!(run.sees("account", &rows(&[row("4"), row("5")])), "#home");
    let accounts = run.accounts();
    let expected = ["03-09 tea 1 1.00", "03-09 tea 2 1.00", "03-09 tea 3 1.00", "03-09 tea 4 1.00"];
    assert_eq!(read(&accounts[0]), expected);
    let why = accounts[2].failure.as_ref().map(|failure| (failure.code.as_str(), failure.message.as_str()));
    let gap = "account 3, rows were scrolled past: none of those that show was there before";
    assert_eq!(why, Some(("data.incomplete", gap)));
}

const WINDOWS: &str =
    "    windows: { from: '#from', to: '#to', click: '#show', date: MM/DD/YY, days: 10, reach: 25 }\n";

#[test]
fn days_are_asked_for_one_window_after_another_as_far_back_as_they_reach() {
    let (mut run, _) = Run::begin(&format!("{COLUMNS}{WINDOWS}"), None);
    let form = "<a id=home>Home</a><p id=none>Ask</p>";
    assert_eq!(run.sees("account", form), "#from=03/11/26 #to=03/20/26 #show");
    // Within a window the oldest stands first; in the end all of it does.
    let latest = rows(&[("1", "03/12/2026", "$1.00"), ("2", "03/18/2026", "$2.00")]);
    assert_eq!(run.sees("account", &latest), "#from=03/01/26 #to=03/10/26 #show");
    assert_eq!(run.sees("account", form), "#from=02/24/26 #to=02/28/26 #show", "no further than it reaches");
    assert_eq!(run.sees("account", &rows(&[("3", "02/25/2026", "$3.00")])), "#home");
    run.sees("accounts", TILES);
    run.sees("account", form);
    // The same again is no other window's answer, but the same words are.
    assert_eq!(run.sees("account", form), "#from=03/01/26 #to=03/10/26 #show");
    run.sees("account", form);
    assert_eq!(run.sees("account", form), "#home");
    let accounts = run.accounts();
    assert_eq!(read(&accounts[0]), ["02-25 tea 3 3.00", "03-12 tea 1 1.00", "03-18 tea 2 2.00"]);
    let window = accounts[0].window.clone().expect("a window");
    assert_eq!((window.from, window.pages), (Some(date(2026, 2, 24)), 3));
    let script = Script::parse(&script(&format!("{COLUMNS}{WINDOWS}"))).expect("a script");
    assert_eq!(read(&script::reread(&script, &accounts[0], TODAY).expect("an account")), read(&accounts[0]));
}

#[test]
fn no_window_is_asked_for_before_what_is_wanted() {
    let (mut run, _) = Run::begin(&format!("{COLUMNS}{WINDOWS}"), Some(date(2026, 3, 11)));
    run.sees("account", "<a id=home>Home</a><p id=none>Ask</p>");
    assert_eq!(run.sees("account", &rows(&[("1", "03/12/2026", "$1.00")])), "#home");
}

#[test]
fn the_layout_that_shows_is_the_one_that_is_read() {
    let layouts = format!(
        "{COLUMNS}    layouts:
      - table: '#rows'
        columns: {{ postedDate: Date, description: What, debit: Out, credit: In }}
        signed: debit
      - records: li
        columns: {{ postedDate: b, description: i, amount: u }}
        date: D MMM YYYY\n"
    );
    let (mut run, _) = Run::begin(&layouts, None);
    let columns = "<a id=home>Home</a><table id=rows><tr><th>Date<th>What<th>Out<th>In\
        <tr><td>03/09/2026<td>tea<td>-4.00<td><tr><td>03/08/2026<td>tea<td><td>5.00</table>";
    assert_eq!(run.sees("account", columns), "#home");
    run.sees("accounts", TILES);
    let list = "<a id=home>Home</a><ul><li><b>9 Mar 2026</b><i>tea</i><u>$4.00 CR</u></ul>";
    assert_eq!(run.sees("account", list), "#home");
    let accounts = run.accounts();
    assert_eq!(read(&accounts[0]), ["03-09 tea -4.00", "03-08 tea 5.00"]);
    // `CR` says by itself which side it is.
    assert_eq!(read(&accounts[2]), ["03-09 tea 4.00"]);
}

#[test]
fn a_list_ends_where_it_says_so_and_nothing_is_clicked_there() {
    let ends = format!("{COLUMNS}    next: {{ click: '#next', end: '#end' }}\n    unless: '#hidden'\n");
    let (mut run, _) = Run::begin(&ends, None);
    let one = rows(&[("1", "03/09/2026", "$1.00")]);
    assert_eq!(run.sees("account", &(one.clone() + "<a id=next href=/2>Older</a>")), "#next");
    assert_eq!(run.sees("account", &(rows(&[("2", "03/08/2026", "$1.00")]) + "<p id=end>The end")), "#home");
    run.sees("accounts", TILES);
    // Neither there: something has changed.
    assert_eq!(run.sees("account", &one), "#home");
    let accounts = run.accounts();
    assert_eq!(read(&accounts[0]).len(), 2);
    assert_eq!(accounts[2].failure.as_ref().map(|failure| failure.code.as_str()), Some("script.element.missing"));

    let (mut run, _) = Run::begin(&ends, None);
    assert_eq!(run.sees("account", "<a id=home>Home</a><p id=hidden>Not for you"), "#home");
    run.sees("accounts", TILES);
    run.sees("account", "<a id=home>Home</a><p id=hidden>Not for you");
    let accounts = run.accounts();
    let [first, ..] = accounts.as_slice() else { unreachable!("{accounts:?}") };
    assert_eq!((&first.window, &first.failure, first.transactions.len()), (&None, &None, 0));
}
