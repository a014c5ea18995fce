//! Files in place of pages: which commands a run gives, and what it reads of both.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode, Stage};
use domain::observation::Source;
use domain::secret::Secret;
use domain::transaction::Rail;
use jiff::civil::{Date, date};
use script::command::{Act, Command, FileBytes, NoFile, Observation, Problem, Told};
use script::{Compares, Plan, Runner, Script};
use url::Url;

const TODAY: Date = date(2026, 3, 20);
const SCRIPT: &str = include_str!("files/script.yaml");
const LIST: &str = "<table id=accounts><tr><th>Account<tr><td><a href='#one'>One</a></table>";

/// The script with another file, whose keys stand in lines of their own.
fn script(file: &str) -> String {
    let (before, _) = SCRIPT.split_once("    file:\n").unwrap_or_default();
    format!(
        "{before}    file:\n{}",
        file.lines().map(|line| format!("      {}\n", line.trim_start())).collect::<String>()
    )
}

fn camt_of_days(beside: &str) -> String {
    script(&format!(
        "format: camt.053\nfrom: '#from'\nto: '#to'\ndate: MM/DD/YYYY\ndays: 30\nreach: 30\nbeside: {beside}\nclick: '#get'"
    ))
}

fn camt_of_page() -> String {
    script("format: camt.053\nclick: '#get'")
}

/// A page of the account: rows as `2026-03-02 -4.50 TEA`, and whether there are more.
fn page(rows: &[&str], more: bool) -> String {
    let row = |row: &&str| {
        let parts: Vec<&str> = row.splitn(3, ' ').collect();
        let cells = [parts[0], parts[2], parts[1], "Card", ""].map(|cell| format!("<td>{cell}"));
        format!("<tr>{}", cells.concat())
    };
    let end = if more { "<a id=next href=#>Next</a>" } else { "<p id=end>The end</p>" };
    format!(
        "<p id=home>Home<dl><dt>Number<dd>10001234<dt>Balance<dd>100.00</dl><table id=rows>\
         <tr><th>Date<th>Description<th>Amount<th>Type<th>After{}</table>{end}",
        rows.iter().map(row).collect::<String>()
    )
}

/// A CAMT.053 of an account from one day to another, with its rows the oldest first. The closing balance is 100.00.
fn camt(number: &str, days: (&str, &str), rows: &[&str]) -> Observation {
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or_default();
    let amount = |cents: i64| {
        let side = if cents < 0 { "DBIT" } else { "CRDT" };
        let size = cents.abs();
        format!("<Amt Ccy=\"USD\">{}.{:02}</Amt><CdtDbtInd>{side}</CdtDbtInd>", size / 100, size % 100)
    };
    let parts: Vec<Vec<&str>> = rows.iter().map(|row| row.splitn(3, ' ').collect()).collect();
    let opening = 10_000 - parts.iter().map(|row| cents(row[1])).sum::<i64>();
    let balance = |code: &str, cents: i64, day: &str| {
        format!("<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{}<Dt><Dt>{day}</Dt></Dt></Bal>", amount(cents))
    };
    let entry = |row: &Vec<&str>| {
        format!(
            "<Ntry>{}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt><AcctSvcrRef>F{}</AcctSvcrRef><NtryDtls><TxDtls>\
             <RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
            amount(cents(row[1])),
            row[0],
            row[0],
            row[2]
        )
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
         <BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-20T22:00:00</CreDtTm></GrpHdr><Stmt><Id>1</Id>\
         <FrToDt><FrDtTm>{}T00:00:00</FrDtTm><ToDtTm>{}T23:59:59</ToDtTm></FrToDt>\
         <Acct><Id><Othr><Id>{number}</Id></Othr></Id><Ccy>USD</Ccy></Acct>{}{}{}</Stmt></BkToCstmrStmt></Document>",
        days.0,
        days.1,
        balance("OPBD", opening, days.0),
        balance("CLBD", 10_000, days.1),
        parts.iter().map(entry).collect::<String>(),
    );
    Observation::Downloaded(FileBytes(text.into_bytes()))
}

const DAYS: (&str, &str) = ("2026-02-19", "2026-03-20");

struct Run {
    runner: Runner,
    told: Vec<Told>,
}

/// How a run ended.
#[derive(Debug)]
enum End {
    Read(Box<ObservedAccount>),
    Failed(Failure),
}

impl Run {
    /// A run that stands on the page of the one account.
    fn begin(source: &str, since: Option<Date>) -> Self {
        let script = Script::parse(source).unwrap_or_else(|faults| unreachable!("{faults}"));
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("a url"),
            credentials: [].into(),
            open_intents: Vec::new(),
            today: TODAY,
            since,
            compares: Compares::No,
        };
        let mut run = Self { runner: Runner::new(Arc::new(script), plan), told: Vec::new() };
        assert!(matches!(run.next(None), Command::Visit(_)));
        assert!(matches!(run.next(Some(Observation::Visited)), Command::Watch(_)));
        assert!(matches!(run.shown("accounts", LIST), Command::Act(_)));
        assert!(matches!(run.next(Some(Observation::Acted)), Command::Watch(_)));
        run
    }

    fn next(&mut self, observation: Option<Observation>) -> Command {
        let command = self.runner.next(observation);
        self.told.extend(self.runner.told());
        command
    }

    fn shown(&mut self, page: &str, html: &str) -> Command {
        let url: Url = "https://bank.example/one".parse().expect("a url");
        self.next(Some(Observation::Recognised { page: page.into(), url, html: html.into() }))
    }

    /// What is done for a file on a page.
    fn asks(&mut self, html: &str) -> String {
        match self.shown("account", html) {
            Command::Download(download) => line(&download.deed.acts),
            other => unreachable!("{other:?}"),
        }
    }

    /// What came of it; the page counts at once.
    fn gets(&mut self, observation: Observation) {
        let Command::Watch(watch) = self.next(Some(observation)) else { unreachable!("the page is looked at") };
        assert!(watch.left.is_none(), "it needn't change");
    }

    /// Reads a page on which no file is asked for; what is clicked.
    fn reads(&mut self, html: &str) -> String {
        match self.shown("account", html) {
            Command::Act(deed) => {
                assert!(matches!(self.next(Some(Observation::Acted)), Command::Watch(_)));
                line(&deed.acts)
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn ends(&mut self) -> End {
        match self.shown("accounts", LIST) {
            Command::Finish(mut accounts) => End::Read(Box::new(accounts.pop().expect("an account"))),
            Command::Fail(failure) => End::Failed(failure),
            other => unreachable!("{other:?}"),
        }
    }

    fn account(&mut self) -> ObservedAccount {
        match self.ends() {
            End::Read(account) => *account,
            End::Failed(failure) => unreachable!("{failure:?}"),
        }
    }
}

fn line(acts: &[Act]) -> String {
    let line = |act: &Act| match act {
        Act::Fill { into, text } => format!("{}={}", into.text(), Secret::expose(text)),
        other => other.target().to_owned(),
    };
    acts.iter().map(line).collect::<Vec<_>>().join(" ")
}

fn rows(account: &ObservedAccount) -> Vec<String> {
    let row = |row: &domain::transaction::ObservedTransaction| {
        let day = row.posted_date.map_or("pending".to_owned(), |day| day.to_string());
        let rail = if row.rail == Rail::Unknown { String::new() } else { format!(" {}", row.rail) };
        format!("{day} {} {}{rail}", row.amount, row.description)
    };
    account.transactions.iter().map(row).collect()
}

#[test]
fn files_of_days_are_asked_for_before_the_table_and_make_the_rest_of_it_needless() {
    let mut run = Run::begin(SCRIPT, None);
    let first = page(&["Pending -1.00 NEW", "2026-03-18 -4.50 TEA HOUSE"], true);
    assert_eq!(run.asks(&first), "#kind=csv #from=02/19/2026 #to=03/20/2026 #get");
    let file = "Your statement\r\nDay;Payee;Memo;Sum\r\n2026-03-18;TEA;HOUSE;-4.50\r\n2026-03-02;RENT;;-90.00\r\n";
    run.gets(Observation::Downloaded(FileBytes(file.into())));
    assert_eq!(run.asks(&first), "#kind=csv #from=01/20/2026 #to=02/18/2026 #get");
    run.gets(Observation::Downloaded(FileBytes(b"None\nDay;Payee;Memo;Sum\n2026-02-01;RENT;;-90.00\n".to_vec())));
    assert_eq!(run.reads(&first), "#home");
    let account = run.account();
    let expected = [
        "pending -1.00 NEW card",
        "2026-03-18 -4.50 TEA HOUSE card",
        "2026-03-02 -90.00 RENT",
        "2026-02-01 -90.00 RENT",
    ];
    assert_eq!(rows(&account), expected);
    let window = account.window.expect("a window");
    assert_eq!((window.source, window.from, window.to), (Source::File, Some(date(2026, 1, 20)), Some(TODAY)));
    assert!(account.sheets.is_empty(), "the cells of the table alone would be another account");
    let told = |rows, bytes| Told::File { account: 1, format: "csv", bytes, rows };
    assert_eq!(run.told, [told(2, file.len()), told(1, 48)]);
}

#[test]
fn only_the_days_that_are_wanted_are_asked_for() {
    let mut run = Run::begin(SCRIPT, Some(date(2026, 3, 10)));
    assert_eq!(run.asks(&page(&[], true)), "#kind=csv #from=03/10/2026 #to=03/20/2026 #get");
}

#[test]
fn a_table_with_all_rows_of_the_file_gains_its_balances_and_stays_as_it_stands() {
    let mut run = Run::begin(&camt_of_days("list"), None);
    let pages =
        [page(&["2026-03-18 -4.50 TEA"], true), page(&["2026-03-02 -90.00 RENT", "2026-01-02 -90.00 RENT"], false)];
    assert_eq!(run.asks(&pages[0]), "#from=02/19/2026 #to=03/20/2026 #get");
    run.gets(camt("10001234", DAYS, &["2026-03-02 -90.00 RENT", "2026-03-18 -4.50 TEA"]));
    assert_eq!(run.reads(&pages[0]), "#next");
    assert_eq!(run.reads(&pages[1]), "#home");
    let account = run.account();
    let expected = ["2026-03-18 -4.50 TEA card", "2026-03-02 -90.00 RENT card", "2026-01-02 -90.00 RENT card"];
    assert_eq!(rows(&account), expected);
    let window = account.window.as_ref().expect("a window");
    assert_eq!((window.source, window.from), (Source::Pages, None));
    let balances: Vec<_> = account.balances.iter().map(|shown| shown.ledger_balance.as_str()).collect();
    assert_eq!(balances, ["194.50", "100.00"]);
    assert_eq!(account.sheets.len(), 4, "the list, the details once, and two pages");
    assert_eq!(run.told.len(), 1, "{:?}", run.told);
}

#[test]
fn each_page_of_a_table_has_a_file_of_its_own_where_no_days_are_asked_for() {
    let mut run = Run::begin(&camt_of_page(), None);
    let pages = [page(&["2026-03-18 -4.50 TEA"], true), page(&["2026-02-02 -90.00 RENT"], false)];
    assert_eq!(run.asks(&pages[0]), "#get");
    run.gets(camt("1234", ("2026-03-01", "2026-03-20"), &["2026-03-18 -4.50 TEA"]));
    assert_eq!(run.reads(&pages[0]), "#next");
    assert_eq!(run.asks(&pages[1]), "#get");
    run.gets(camt("1234", ("2026-02-01", "2026-02-28"), &["2026-02-02 -90.00 RENT"]));
    assert_eq!(run.reads(&pages[1]), "#home");
    // February closes with another balance than March opens with.
    let End::Failed(failure) = run.ends() else { unreachable!("the files contradict each other") };
    assert_eq!((failure.code, failure.stage), (FailureCode::DataUnreconciled, Stage::Download));
}

#[test]
fn where_no_file_comes_the_table_is_read_and_it_is_told() {
    let stuck = |html: &str| Observation::Stuck { target: "#get".into(), problem: Problem::Missing, html: html.into() };
    let other = camt("99999999", DAYS, &["2026-03-02 -90.00 RENT"]);
    let cases = [
        (Observation::NoFile(NoFile::None), "no file came in time"),
        (Observation::NoFile(NoFile::NotOffered), "the driver can't take files here"),
        (stuck(""), "what asks for it can't be acted on: Missing `#get`"),
        (Observation::Downloaded(FileBytes(Vec::new())), "the file is empty"),
        (Observation::Downloaded(FileBytes(b"<html>Sorry</html>".to_vec())), "Stmt is missing"),
        (other, "the file isn't of this account"),
    ];
    for (came, why) in cases {
        let mut run = Run::begin(&camt_of_days("page"), None);
        let pages = [page(&["2026-03-18 -4.50 TEA"], true), page(&["2026-03-02 -90.00 RENT"], false)];
        run.asks(&pages[0]);
        run.gets(came);
        assert_eq!(run.reads(&pages[0]), "#next", "all of the table is read then");
        assert_eq!(run.reads(&pages[1]), "#home");
        assert_eq!(rows(&run.account()), ["2026-03-18 -4.50 TEA card", "2026-03-02 -90.00 RENT card"]);
        let [Told::NoFile { account: 1, why: told }] = run.told.as_slice() else { unreachable!("{:?}", run.told) };
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_page_that_comes_in_place_of_a_file_is_left_for_the_one_before_it() {
    let mut run = Run::begin(&camt_of_days("page"), None);
    run.asks(&page(&["2026-03-18 -4.50 TEA"], false));
    let Command::Visit(url) = run.next(Some(Observation::NoFile(NoFile::Page))) else { unreachable!("it is left") };
    assert_eq!(url.as_str(), "https://bank.example/one");
    assert!(matches!(run.next(Some(Observation::Visited)), Command::Watch(_)));
    assert_eq!(run.reads(&page(&["2026-03-18 -4.50 TEA"], false)), "#home");
    let account = run.account();
    assert_eq!((rows(&account), account.sheets.len()), (vec!["2026-03-18 -4.50 TEA card".to_owned()], 3));

    // What the bank says of it is the run's failure where the script knows it.
    let mut run = Run::begin(&camt_of_days("page"), None);
    run.asks(&page(&[], false));
    run.gets(Observation::NoFile(NoFile::None));
    let Command::Fail(failure) = run.shown("ended", "<p id=ended>") else { unreachable!("the session has ended") };
    assert_eq!(failure.code, FailureCode::SessionExpired);
}

#[test]
fn a_file_whose_own_sums_do_not_hold_is_never_half_read_nor_passed_over() {
    let Observation::Downloaded(FileBytes(whole)) =
        camt("10001234", DAYS, &["2026-03-02 -90.00 RENT", "2026-03-18 -4.50 TEA"])
    else {
        unreachable!("a file")
    };
    let text = String::from_utf8(whole).expect("a text");
    let (before, rest) = text.split_once("<Ntry>").expect("entries");
    let (_, after) = rest.split_once("</Ntry>").expect("an entry");
    let torn = format!("{before}{after}");
    let mut run = Run::begin(&camt_of_days("page"), None);
    run.asks(&page(&["2026-03-18 -4.50 TEA"], false));
    run.gets(Observation::Downloaded(FileBytes(torn.into())));
    assert_eq!(run.reads(&page(&["2026-03-18 -4.50 TEA"], false)), "#home");
    let End::Failed(failure) = run.ends() else { unreachable!("nobody knows what is true of the account") };
    assert_eq!((failure.code, failure.stage), (FailureCode::DataUnreconciled, Stage::Download));
    assert!(failure.message.contains("account 1") && !failure.message.contains("4.50"), "{}", failure.message);
}

#[test]
fn a_file_that_lacks_a_row_of_the_table_is_told_of() {
    let mut run = Run::begin(&camt_of_days("list"), None);
    let shown = page(&["2026-03-18 -4.50 TEA", "2026-03-17 -1.00 ODD"], false);
    run.asks(&shown);
    run.gets(camt("10001234", DAYS, &["2026-03-18 -4.50 TEA"]));
    run.reads(&shown);
    assert_eq!(rows(&run.account()).len(), 2, "it may have been booked since the file was made");
    assert_eq!(run.told.last(), Some(&Told::Differs { account: 1, file: 0, table: 1 }));
}

#[test]
fn the_bytes_of_a_file_are_never_printed() {
    assert_eq!(format!("{:?}", Observation::Downloaded(FileBytes(b"4711".to_vec()))), "Downloaded(FileBytes(4 bytes))");
}
