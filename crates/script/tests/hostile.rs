//! Whatever stands in a script or on a page, nothing panics and everything ends.

#![expect(clippy::panic, reason = "it is how a test fails")]

mod pages;

use std::sync::Arc;

use domain::failure::FailureCode;
use domain::institution::CredentialName;
use domain::secret::Secret;
use pages::{TODAY, account, read, script};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use script::command::{Body, Command, FileBytes, Observation, Problem, Trouble};
use script::{Compares, Plan, Runner, Script, reread, scrub};

/// A script without faults.
const SCRIPT: &str = include_str!("pretend/script.yaml");

/// The sound script with pieces of it cut out, doubled and overwritten.
fn broken_script() -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((any::<usize>(), 0..40_usize, "[ -~\\n\\t&*!é]{0,6}"), 1..6);
    edits.prop_map(|edits| {
        let mut text: Vec<char> = SCRIPT.chars().collect();
        for (at, length, with) in edits {
            let start = at % (text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, with.chars());
        }
        text.into_iter().collect()
    })
}

/// Pieces of the pages that the script knows, in any order.
fn page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<table id=accounts>",
            "<table id=rows>",
            "<tr>",
            "<th>Account",
            "<th>Type",
            "<th>Available",
            "<th>Date",
            "<th>Description",
            "<th>Amount",
            "<th>Reference",
            "<th>Balance",
            "<th>12/30",
            "<td>Checking",
            "<td>01/10",
            "<td>$1.00",
            "<td>Card",
            "<td colspan=99999999999>",
            "<td colspan=70000>x",
            "<a href='#main'>Main</a>",
            "<a href='\"\\\n'>x",
            "</table>",
            "</tr>",
            "<dl id=details>",
            "<dt>Account number<dd>1",
            "<dt>Current balance<dd>1.00",
            "<p id=as-of>As of Jan 14, 2026",
            "<p id=count>of 7 rows",
            "<button id=next>",
            "<form id=code><p role=alert>no",
            "<p id=sent>sent to .",
            "<template>",
            "<svg><tr>",
            "<!--",
            "-->",
            "<h1>",
            "<script>",
            "<b>",
            "<frameset>",
            "<plaintext>",
            "<select>",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// What else a driver can say.
#[derive(Clone, Debug)]
enum Other {
    Stuck(&'static str, Problem),
    Unrecognised(Option<&'static str>),
    Unreachable(Trouble),
    Refused(FailureCode),
    Done,
}

fn trouble() -> impl Strategy<Value = Option<Other>> {
    let other = prop::sample::select(vec![
        Other::Stuck("#sign-in button", Problem::Missing),
        Other::Stuck("#code button", Problem::NotActionable),
        Other::Stuck("#user", Problem::Ambiguous),
        Other::Stuck("#next", Problem::Missing),
        Other::Unrecognised(Some("sign_in")),
        Other::Unrecognised(Some("no_such_page")),
        Other::Unrecognised(None),
        Other::Unreachable(Trouble::Status(999)),
        Other::Unreachable(Trouble::Forbidden),
        Other::Refused(FailureCode::MfaTimeout),
        Other::Done,
    ]);
    prop::option::weighted(0.2, other)
}

fn troubled(other: &Other, html: &str) -> Observation {
    let html = html.to_owned();
    match other {
        Other::Stuck(target, problem) => Observation::Stuck { target: (*target).to_owned(), problem: *problem, html },
        Other::Unrecognised(still) => Observation::Unrecognised {
            url: "https://bank.example/".parse().expect("an address"),
            html,
            still: still.map(str::to_owned),
        },
        Other::Unreachable(trouble) => Observation::Unreachable(*trouble),
        Other::Refused(code) => Observation::Refused(*code),
        Other::Done => Observation::Done,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_script_or_has_faults(source in prop_oneof![any::<String>(), broken_script()]) {
        if let Err(faults) = Script::parse(&source) {
            prop_assert!(faults.iter().count() > 0);
            prop_assert!(!faults.render("script.yaml").is_empty());
            let place = |fault: &script::Diagnostic| (fault.line, fault.column);
            prop_assert!(faults.iter().map(place).is_sorted());
        }
    }

    #[test]
    fn any_page_is_read_or_refused(pages in prop::collection::vec((page(), any::<usize>(), trouble()), 1..12)) {
        let script = script(SCRIPT);
        let secret = || Secret::new("Lantern-7".into());
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("an address"),
            credentials: [(CredentialName::BankUsername, secret()), (CredentialName::Password, secret())].into(),
            open_intents: Vec::new(),
            today: TODAY,
            since: None,
            compares: Compares::No,
        };
        let mut runner = Runner::new(Arc::new(script.clone()), plan);
        let mut finished = Vec::new();
        let mut shown = pages.iter().cycle();
        let mut observation = None;
        let ended = (0..20_000).any(|turn| {
            let command = runner.next(observation.take());
            if let Command::Finish(accounts) = &command {
                finished.clone_from(accounts);
            }
            if matches!(command, Command::Finish(_) | Command::Fail(_)) {
                return true;
            }
            // Whatever was asked, now and then the answer is another.
            let (html, _, trouble) = &pages[turn % pages.len()];
            observation = trouble.as_ref().map(|trouble| troubled(trouble, html));
            if observation.is_some() {
                return false;
            }
            observation = match command {
                Command::Finish(_) | Command::Fail(_) => return true,
                Command::Visit(_) => Some(Observation::Visited),
                Command::Watch(watch) => shown.next().map(|(html, index, _)| Observation::Recognised {
                    page: watch.pages[index % watch.pages.len()].page.clone(),
                    url: "https://bank.example/".parse().expect("an address"),
                    html: html.clone(),
                }),
                Command::Act(_) => Some(Observation::Acted),
                Command::Download(_) => Some(Observation::Downloaded(FileBytes(html.clone().into_bytes()))),
                Command::Ask(_) => Some(Observation::Answered(secret())),
                Command::OfferWheel(_) => Some(Observation::HandedBack),
                Command::ReadPicture(_) => Some(Observation::PictureRead(vec![Secret::new("otpauth:".into())])),
                Command::Make(_) => Some(Observation::Made(vec![secret()])),
                Command::Declare(_)
                | Command::SettleIntents(_)
                | Command::SettleAnswer(_)
                | Command::Capture(_)
                | Command::LeaveBrowser
                | Command::ReturnToBrowser => Some(Observation::Done),
                Command::Collect(_) => Some(Observation::Captured(vec![Body::Text(html.clone())])),
            };
            false
        });
        prop_assert!(ended);
        for account in finished.iter().filter(|account| account.failure.is_none()) {
            let again = reread(&script, account, TODAY);
            prop_assert_eq!(again.as_ref(), Ok(account));
        }
    }

    #[test]
    fn no_secret_is_left_on_any_page(html in page(), inside in page(), secret in prop_oneof![Just("Lantern-7"), Just("77")]) {
        let scrubbed = scrub(&format!("{html}<h1>{secret}</h1><p title={secret}>{inside}{secret}"), &[secret]);
        prop_assert!(!scrubbed.contains(secret), "{}", scrubbed);
        prop_assert!(scrubbed.len() <= 256 * 1024);
    }
}

const HEADERS: &str = "<th>Date<th>Description<th>Amount<th>Reference<th>Type<th>Balance";
const ROW: &str = "<tr><td>01/10<td>x<td>1<td><td>ACH<td>";

/// Why an account with these rows can't be read; none if it can.
fn check_large(headers: &str, rows: &str, expected: Option<(FailureCode, &str)>) {
    let script = script(SCRIPT);
    let page = account(headers, rows, "<button id=next disabled>");
    match (read(&script, &[page]), expected) {
        (Ok(account), None) => assert!(account.failure.is_none() && !account.sheets.is_empty()),
        (Err(failure), Some((code, message))) => {
            assert_eq!((failure.code, failure.message.as_str()), (code, message));
        }
        (read, expected) => panic!("{expected:?} {:?}", read.map(|account| account.transactions.len())),
    }
}

#[test]
fn large_pages_are_read_or_refused_and_never_spread_out() {
    use FailureCode::{ElementAmbiguous, ScriptParse};
    let refused = |message| Some((ScriptParse, message));
    // The row with the headers counts.
    check_large(HEADERS, &ROW.repeat(99_999), None);
    check_large(HEADERS, &"<tr><td>x".repeat(100_000), refused("account 1, the table has more than 100,000 rows"));
    let wide = format!("{ROW}{}", "<td>x".repeat(10_000));
    let count = "account 1, row 1: it has another number of cells than the table has headers";
    check_large(HEADERS, &wide, refused(count));
    let headers = format!("{HEADERS}{}", "<th>x".repeat(10_000));
    check_large(&headers, &wide, refused("account 1, the table has more than 256 columns"));
    let long = ROW.replace('x', &"x".repeat(1024 * 1024));
    check_large(HEADERS, &(ROW.to_owned() + &long), refused("account 1, row 2: a cell holds more than 16 KiB of text"));
    check_large(&long, ROW, refused("account 1, a header holds more than 16 KiB of text"));
    // A page of half a megabyte that would be a sheet of a hundred.
    let headers = format!("{HEADERS}{}", "<th>x".repeat(250));
    let spread = format!("{ROW}<td colspan=250>{}", "x".repeat(16_000)).repeat(32);
    let message = "account 1, the table's cells, those that span columns repeated, hold more than 8 MiB";
    check_large(&headers, &spread, refused(message));
    // Headers that repeat are kept, and refused where they are read.
    check_large(&format!("{HEADERS}<th>x<th>x"), &format!("{ROW}<td><td>"), None);
    let twice = Some((ElementAmbiguous, "account 1, several columns of the table are headed `amount`"));
    check_large(&format!("{HEADERS}<th>amount"), &format!("{ROW}<td>"), twice);
}

#[test]
fn details_without_end_are_kept_as_far_as_people_would_read_them() {
    let script = script(SCRIPT);
    let page = |details: &str| account(HEADERS, ROW, "<button id=next disabled>") + "<dl>" + details + "</dl>";
    let account = read(&script, &[page(&"<dt>Note<dd>x".repeat(20_000))]).expect("it reads");
    assert_eq!(account.sheets.get(1).map(|sheet| sheet.headers.len()), Some(3 + 256));
    let long = "x".repeat(1024 * 1024);
    let account = read(&script, &[page(&format!("<dt>Note<dd>{long}<dt>{long}<dd>x"))]).expect("it reads");
    assert_eq!(account.sheets.get(1).map(|sheet| sheet.headers.len()), Some(3));
    let twice = page(&"<dt>Account number<dd>x".repeat(20_000));
    let failure = read(&script, &[twice]).expect_err("which of them is it?");
    assert_eq!(failure.code, FailureCode::ElementAmbiguous);
}

#[test]
fn sheets_that_do_not_fit_into_one_message_are_not_kept() {
    let script = script(SCRIPT);
    let rows = |page: usize| ROW.replace('x', &format!("{page} {}", "x".repeat(15_000))).repeat(500);
    let page = |page: usize, next: &str| account(HEADERS, &rows(page), next);
    let pages =
        [page(1, "<b id=next>"), page(2, "<b id=next>"), page(3, "<b id=next>"), page(4, "<b id=next disabled>")];
    let account = read(&script, &pages).expect("it reads");
    assert_eq!((account.transactions.len(), account.sheets.len()), (2_000, 0));
}
