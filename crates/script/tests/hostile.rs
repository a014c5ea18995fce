//! Whatever stands in a script or on a page, nothing panics and everything ends.

use std::sync::Arc;

use domain::failure::FailureCode;
use domain::institution::CredentialName;
use domain::secret::Secret;
use jiff::civil::date;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof, proptest};
use script::command::{Command, Observation, Problem, Trouble};
use script::{Plan, Runner, Script, scrub};

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
        let script = Script::parse(SCRIPT).expect("the script is sound");
        let secret = || Secret::new("Lantern-7".into());
        let plan = Plan {
            portal_url: "https://bank.example/".parse().expect("an address"),
            credentials: [(CredentialName::BankUsername, secret()), (CredentialName::Password, secret())].into(),
            open_intents: Vec::new(),
            today: date(2026, 1, 15),
        };
        let mut runner = Runner::new(Arc::new(script), plan);
        let mut shown = pages.iter().cycle();
        let mut observation = None;
        let ended = (0..20_000).any(|turn| {
            let command = runner.next(observation.take());
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
                Command::Ask(_) => Some(Observation::Answered(secret())),
                Command::Declare(_) | Command::SettleIntents(_) | Command::SettleAnswer(_) => Some(Observation::Done),
            };
            false
        });
        prop_assert!(ended);
    }

    #[test]
    fn no_secret_is_left_on_any_page(html in page(), inside in page(), secret in prop_oneof![Just("Lantern-7"), Just("77")]) {
        let scrubbed = scrub(&format!("{html}<h1>{secret}</h1><p title={secret}>{inside}{secret}"), &[secret]);
        prop_assert!(!scrubbed.contains(secret), "{}", scrubbed);
        prop_assert!(scrubbed.len() <= 256 * 1024);
    }
}
