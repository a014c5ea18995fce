//! Rows that are taken from the portal's own answers: what is asked of a driver, what is read, and
//! what is said where page and answers differ.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode};
use domain::observation::SheetKind;
use jiff::civil::{Date, date};
use proptest::prelude::{any, prop};
use proptest::proptest;
use script::command::{Act, Body, Command, Expects, Method, Observation, Problem, Stride};
use script::{Compares, Plan, Runner, Script, reread};
use serde_json::{Value, json};

const TODAY: Date = date(2026, 3, 20);
const SCRIPT: &str = include_str!("captured/script.yaml");
const LIST: &str = "<table id=accounts><tr><th>Name<tr data-key=k-1><td><a href=#>Main</a></table>";

fn script() -> Script {
    Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"))
}

struct Run(Runner);

impl Run {
    /// A run that stands on the page of the account, before any of it was read.
    fn begin(keeps: Observation) -> Self {
        Self::begin_by(script(), keeps)
    }

    fn begin_by(script: Script, keeps: Observation) -> Self {
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("a url"),
            credentials: [].into(),
            open_intents: Vec::new(),
            today: TODAY,
            since: None,
            compares: Compares::No,
        };
        let mut run = Self(Runner::new(Arc::new(script), plan));
        assert!(matches!(run.0.next(None), Command::Visit(_)));
        assert!(matches!(run.0.next(Some(Observation::Visited)), Command::Watch(_)));
        let Command::Capture(capture) = run.shown("accounts", LIST) else { unreachable!("answers are captured") };
        assert_eq!((capture.url.join(" ").as_str(), capture.method), ("/api/ /k-1/rows", Method::Post));
        assert!(capture.fits("POST", "https://bank.example/api/v1/k-1/rows?x"));
        assert!(!capture.fits("GET", "https://bank.example/api/v1/k-1/rows"));
        assert!(!capture.fits("POST", "https://bank.example/api/v1/k-2/rows"));
        assert!(matches!(run.0.next(Some(keeps)), Command::Act(_)), "it is opened once they are kept");
        assert!(matches!(run.0.next(Some(Observation::Acted)), Command::Watch(_)));
        run
    }

    fn shown(&mut self, page: &str, html: &str) -> Command {
        let url = "https://bank.example/".parse().expect("a url");
        self.0.next(Some(Observation::Recognised { page: page.into(), url, html: html.into() }))
    }

    /// The page of the account shows this, and these are the answers since the look before.
    fn looks(&mut self, html: &str, expects: Expects, answers: &[Body]) -> Command {
        let Command::Collect(collect) = self.shown("account", html) else { unreachable!("answers are asked for") };
        assert_eq!(collect.expects, expects);
        self.0.next(Some(Observation::Captured(answers.to_vec())))
    }

    /// It is scrolled, and something further down was there or wasn't.
    fn scrolls(&mut self, command: &Command, expected: Stride, then: Observation) {
        let Command::Act(deed) = command else { unreachable!("{command:?}") };
        assert!(matches!(deed.acts[..], [Act::Scroll { stride, .. }] if stride == expected), "{deed:?}");
        assert!(matches!(self.0.next(Some(then)), Command::Watch(_)));
    }

    /// The account, once its page is left.
    fn account(mut self, command: &Command) -> ObservedAccount {
        assert!(matches!(command, Command::Act(deed) if deed.acts[0].target() == "#home"), "{command:?}");
        assert!(matches!(self.0.next(Some(Observation::Acted)), Command::Watch(_)));
        match self.shown("accounts", LIST) {
            Command::Finish(mut accounts) => accounts.remove(0),
            other => unreachable!("{other:?}"),
        }
    }

    /// Why the one account couldn't be read, and so the run.
    fn failure(mut self, command: &Command) -> Failure {
        assert!(matches!(command, Command::Act(deed) if deed.acts[0].target() == "#home"), "{command:?}");
        assert!(matches!(self.0.next(Some(Observation::Acted)), Command::Watch(_)));
        match self.shown("accounts", LIST) {
            Command::Fail(failure) => failure,
            other => unreachable!("{other:?}"),
        }
    }
}

fn at_end() -> Observation {
    Observation::Stuck { target: "#view".into(), problem: Problem::AtEnd, html: String::new() }
}

/// An answer with these rows: an id, a day of March, pence and their side.
fn rows(rows: &[(&str, u32, u32, &str)], more: &Value) -> Value {
    let row = |(id, day, minor, side): &(&str, u32, u32, &str)| {
        json!({
            "id": id, "bookedAt": format!("2026-03-{day:02}T23:59:59-05:00"), "text": format!("TX * tea  {id}"), "side": side,
            "amount": { "minor": minor, "currency": "USD" }, "state": "Booked", "kind": "card", "unread": { "deep": [1] },
        })
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    json!({ "data": { "rows": rows, "more": more, "total": 3 } })
}

fn body(answer: &Value) -> Body {
    Body::Text(answer.to_string())
}

/// A page with these rows: a day of March, a text and an amount.
fn page(rows: &[(u32, &str, &str)], rest: &str) -> String {
    let row = |(day, text, amount): &(u32, &str, &str)| {
        format!("<tr data-id={text:?}><td>03/{day:02}/2026<td>{text}<td>{amount}")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<a id=home>Home</a>{rest}<div id=view><table id=rows><tr><th>Date<th>What<th>Amount{rows}</table></div>")
}

fn read(account: &ObservedAccount) -> Vec<String> {
    let row = |row: &domain::transaction::ObservedTransaction| {
        let day = row.posted_date.map(|date| date.strftime("%m-%d").to_string()).unwrap_or_default();
        format!("{day} {} {} {}", row.description, row.amount, row.bank_reference.as_deref().unwrap_or_default())
    };
    account.transactions.iter().map(row).collect()
}

const MORE: Value = Value::Null;

fn first() -> Value {
    rows(&[("a", 10, 385, "D"), ("b", 9, 100_000, "C")], &json!("c1"))
}

#[test]
fn rows_come_from_answers_and_the_page_is_scrolled_to_its_end_for_more() {
    let mut run = Run::begin(Observation::Done);
    let shows = page(&[(10, "tea a", "-$3.85")], "");
    let next = run.looks(&shows, Expects::One, &[body(&first())]);
    run.scrolls(&next, Stride::ToEnd, Observation::Acted);
    // One that comes again is the same, and what was scrolled past needn't show.
    let second = rows(&[("b", 9, 100_000, "C"), ("c", 8, 1, "D")], &MORE);
    let back = run.looks(&page(&[(8, "tea c", "-$0.01")], "<p id=end>"), Expects::Nothing, &[body(&second)]);
    let account = run.account(&back);
    assert_eq!(read(&account), ["03-10 tea a -3.85 a", "03-09 tea b 1000.00 b", "03-08 tea c -0.01 c"]);
    assert_eq!(account.transactions[0].raw_description.as_deref(), Some("tea  a"));
    assert_eq!(account.window.as_ref().map(|window| (window.pages, window.rows_announced)), Some((2, Some(3))));
    let kinds: Vec<SheetKind> = account.sheets.iter().map(|sheet| sheet.kind).collect();
    assert_eq!(kinds, [SheetKind::Listed, SheetKind::Captured, SheetKind::Captured]);
    // What nobody reads today is kept for a revision that does.
    assert!(account.sheets[1].headers.iter().any(|header| header == "unread.deep.0"));
    assert_eq!(reread(&script(), &account, TODAY), Ok(account));
}

#[test]
fn the_page_has_to_show_its_end_too() {
    let mut run = Run::begin(Observation::Done);
    let shows = page(&[(10, "tea a", "-$3.85")], "");
    let last = rows(&[("a", 10, 385, "D")], &MORE);
    let next = run.looks(&shows, Expects::One, &[body(&last)]);
    run.scrolls(&next, Stride::ToEnd, at_end());
    assert!(matches!(run.looks(&shows, Expects::Nothing, &[]), Command::Watch(watch) if watch.left.is_some()));
    let ends = page(&[(10, "tea a", "-$3.85")], "<p id=end>");
    let back = run.looks(&ends, Expects::Nothing, &[]);
    assert_eq!(read(&run.account(&back)), ["03-10 tea a -3.85 a"]);

    let mut run = Run::begin(Observation::Done);
    let next = run.looks(&ends, Expects::One, &[body(&first())]);
    run.scrolls(&next, Stride::ToEnd, at_end());
    let back = run.looks(&ends, Expects::Nothing, &[]);
    let failure = run.failure(&back);
    assert_eq!(failure.code, FailureCode::DataIncomplete);
    assert!(failure.message.contains("the portal's last answer says that more follow"), "{}", failure.message);
}

#[test]
fn where_answers_arent_to_be_had_or_are_built_otherwise_the_table_is_read() {
    let shows = page(&[(10, "tea a", "-$3.85")], "");
    let table = |mut run: Run, next: Command| {
        run.scrolls(&next, Stride::Part, at_end());
        let Command::Act(_) = run.shown("account", &page(&[(10, "tea a", "-$3.85")], "<p id=end>")) else {
            unreachable!("no answers are asked for any more")
        };
        run
    };
    let mut run = Run::begin(Observation::Kept);
    let next = run.shown("account", &shows);
    table(run, next);
    let renamed = |from: &str, to: &str| Body::Text(first().to_string().replace(from, to));
    for answers in [
        vec![],
        vec![renamed("\"amount\"", "\"value\"")],
        vec![renamed("\"rows\"", "\"entries\"")],
        vec![renamed("\"bookedAt\"", "\"bookedOn\"")],
        vec![renamed("\"id\"", "\"key\"")],
    ] {
        let mut run = Run::begin(Observation::Done);
        let next = run.looks(&shows, Expects::One, &answers);
        table(run, next);
    }
    // Half-way the rows that were scrolled past are gone, so that is a failure.
    let mut run = Run::begin(Observation::Done);
    let next = run.looks(&shows, Expects::One, &[body(&first())]);
    run.scrolls(&next, Stride::ToEnd, Observation::Acted);
    let back = run.looks(&shows, Expects::Nothing, &[renamed("\"minor\"", "\"cents\"")]);
    let failure = run.failure(&back);
    assert_eq!(failure.code, FailureCode::ElementMissing);
    let said = "account 1, no row of the portal's answer has `amount.minor`; its paths are `id`, `bookedAt`, `text`, `side`, \
                `amount.cents`";
    assert!(failure.message.starts_with(said), "{}", failure.message);
}

#[test]
fn page_and_answers_that_differ_are_a_failure_that_names_the_field_and_no_value() {
    let check = |row: (u32, &str, &str), expected: &str| {
        let mut run = Run::begin(Observation::Done);
        let back = run.looks(&page(&[(9, "tea b", "$1,000.00"), row], ""), Expects::One, &[body(&first())]);
        let failure = run.failure(&back);
        assert_eq!((failure.code, failure.message.as_str()), (FailureCode::ScriptParse, expected));
    };
    check((10, "tea a", "$3.85"), "account 1, row 2 of the page: its `amount` isn't what the portal's answer says");
    check(
        (11, "tea a", "-$3.85"),
        "account 1, row 2 of the page: its `postedDate` isn't what the portal's answer says",
    );
    check(
        (10, "tea x", "-$3.85"),
        "account 1, row 2 of the page: its `description` isn't what the portal's answer says",
    );
    check((10, "tea x", "$7.00"), "account 1, row 2 of the page: no row of the portal's answers is like it");
    check(
        (9, "tea b", "$1,000.00"),
        "account 1, row 2 of the page: its `postedDate` isn't what the portal's answer says",
    );
    let mut run = Run::begin(Observation::Done);
    let back = run.looks("<a id=home>Home</a><p id=none>None</p>", Expects::One, &[body(&first())]);
    assert_eq!(run.failure(&back).message, "account 1, the page shows no rows, and the portal's answers have some");
}

#[test]
fn a_page_that_comes_again_in_place_of_the_next_one_is_a_failure() {
    let scrolls = "next: { scroll: \"#view\", key: { attribute: data-id }, end: \"#end\" }";
    assert!(SCRIPT.contains(scrolls));
    let clicked = Script::parse(&SCRIPT.replace(scrolls, "next: \"#more\"")).expect("a script");
    let mut run = Run::begin_by(clicked, Observation::Done);
    let shows = page(&[(10, "tea a", "-$3.85")], "<a id=more href=#>More</a>");
    let next = run.looks(&shows, Expects::One, &[body(&first())]);
    assert!(matches!(&next, Command::Act(deed) if deed.acts[0].target() == "#more"), "{next:?}");
    assert!(matches!(run.0.next(Some(Observation::Acted)), Command::Watch(_)));
    let back = run.looks(&shows, Expects::Nothing, &[]);
    let failure = run.failure(&back);
    let said = "account 1, a page of transactions came up again in place of the next one";
    assert_eq!((failure.code, failure.message.as_str()), (FailureCode::DataIncomplete, said));
}

#[test]
fn a_script_says_whose_answers_they_are_and_takes_none_of_popups() {
    let check = |url: &str, is_sound: bool| {
        let faults = Script::parse(&SCRIPT.replace("[/api/, \"/{account}/rows\"]", url)).err();
        let said = faults.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(faults.is_none(), is_sound, "{url}: {said}");
        assert!(is_sound || said.contains("answers of another account would count as this one's"), "{said}");
    };
    check("/a/{account}/rows", true);
    check("\"/acc-{account}?\"", true);
    check("[x, \"account={account}&\"]", true);
    check("/rows", false);
    check("\"{account}\"", false);
    check("\"/rows/{account}\"", false);
    check("\"{account}/rows\"", false);
    check("[\"/{account}\", \"{account}/\"]", false);
    let follows = SCRIPT.replace("currency: USD\n", "currency: USD\npopups: follow\n");
    let faults = Script::parse(&follows).expect_err("popups aren't seen").to_string();
    assert!(faults.contains("answers are `captured` of the first window alone"), "{faults}");
}

#[test]
fn answers_that_cant_be_read_are_failures() {
    let check = |answer: Body, code: FailureCode, expected: &str| {
        let mut run = Run::begin(Observation::Done);
        let back = run.looks(&page(&[(9, "tea b", "$1,000.00")], ""), Expects::One, &[answer]);
        let failure = run.failure(&back);
        assert_eq!((failure.code, failure.message.as_str()), (code, format!("account 1, {expected}").as_str()));
    };
    let with = |from: &str, to: &str| Body::Text(first().to_string().replacen(from, to, 1));
    let half = first().to_string();
    let half = Body::Text(half[..half.len() / 2].to_owned());
    let parse = FailureCode::ScriptParse;
    check(half, parse, "an answer of the portal isn't JSON, or breaks off");
    check(
        with("385", "3.85"),
        parse,
        "row 1, column `amount.minor`: it has decimals, and the script says that it counts minor units",
    );
    check(
        with("100000", "-100000"),
        parse,
        "row 2, column `amount.minor`: it has a minus, and its direction says that money came in",
    );
    check(with("T23", " 23"), parse, "row 1, column `bookedAt`: it is empty");
    check(with("Booked", "Gone"), parse, "row 1, column `state`: the cell holds a word that isn't in `map`");
    check(
        with("\"id\":\"b\"", "\"id\":\"a\""),
        parse,
        "an answer of the portal has the same `id` in row 2 as in one before it",
    );
    check(with("\"id\":\"b\"", "\"id\":null"), parse, "an answer of the portal has nothing at `id` in row 2");
    check(
        with("\"total\":3", "\"total\":\"many\""),
        parse,
        "an answer of the portal says in no whole number how many rows there are",
    );
    // 70,000 numbers of two bytes, each behind a name of a thousand.
    let hoard = format!("\"id\":\"b\",\"{}\":[1{}]", "n".repeat(1_000), ",1".repeat(70_000));
    let hoard = with("\"id\":\"b\"", &hoard);
    check(hoard, parse, "an answer of the portal has too many values, or too long names of them");
    let incomplete = FailureCode::DataIncomplete;
    check(Body::Lost, incomplete, "an answer of the portal was gone before it was looked at");
    check(Body::TooLarge, incomplete, "the portal's answers are more than is kept of them: 8 MiB each, 32 MiB in all");
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        text in any::<String>(),
        cut in any::<prop::sample::Index>(),
        junk in prop::sample::select(vec!["{", "[", "\"", "null", "1e999", "\\ud800", "{}", ",", "0"]),
    ) {
        let sound = first().to_string();
        let at = cut.index(sound.len());
        for answer in [text, format!("{}{junk}{}", &sound[..at], &sound[at..]), sound[..at].to_owned()] {
            let mut run = Run::begin(Observation::Done);
            let shows = page(&[(9, "tea b", "$1,000.00")], "<p id=end>");
            let next = run.looks(&shows, Expects::One, &[Body::Text(answer)]);
            assert!(matches!(next, Command::Act(_) | Command::Watch(_)));
        }
    }
}
