//! Pages in popups: what a script may say of them, and which commands a run gives.

use std::sync::Arc;

use script::command::{Act, Command, Observation, Popups};
use script::{Compares, DiagnosticCode, Plan, Runner, Script};
use url::Url;

const SCRIPT: &str = include_str!("popups/script.yaml");

const LIST: &str = "<table id=accounts><tr><th>Account<tr><td><a href='#one'>One</a></table>";

fn runner(source: &str) -> Runner {
    let script = Script::parse(source).unwrap_or_else(|faults| unreachable!("{faults}"));
    let plan = Plan {
        portal_url: "https://bank.example/".parse().expect("a url"),
        credentials: [].into(),
        open_intents: Vec::new(),
        today: jiff::civil::date(2026, 3, 20),
        since: None,
        compares: Compares::No,
    };
    Runner::new(Arc::new(script), plan)
}

fn shown(runner: &mut Runner, page: &str, html: &str) -> Command {
    let url: Url = "https://bank.example/".parse().expect("a url");
    runner.next(Some(Observation::Recognised { page: page.into(), url, html: html.into() }))
}

fn closes(command: &Command) -> bool {
    matches!(command, Command::Act(deed) if matches!(deed.acts[..], [Act::ClosePopup]))
}

#[test]
fn an_advert_is_closed_and_an_account_in_a_popup_is_left_by_closing_it() {
    let mut run = runner(SCRIPT);
    assert!(matches!(run.next(None), Command::Visit(_)));
    let Command::Watch(watch) = run.next(Some(Observation::Visited)) else { unreachable!("a watch") };
    assert_eq!(watch.popups, Popups::Follow);
    assert!(closes(&shown(&mut run, "advert", "<p id=advert>")));
    assert!(matches!(run.next(Some(Observation::Acted)), Command::Watch(_)));
    assert!(matches!(shown(&mut run, "accounts", LIST), Command::Act(_)));
    assert!(matches!(run.next(Some(Observation::Acted)), Command::Watch(_)));
    let summary = "<div id=summary><table><tr><td>Balance<td>$5.00</table></div>";
    assert!(closes(&shown(&mut run, "summary", summary)));
    assert!(matches!(run.next(Some(Observation::Acted)), Command::Watch(_)));
    let Command::Finish(accounts) = shown(&mut run, "accounts", LIST) else { unreachable!("all is read") };
    assert_eq!(accounts.first().and_then(|account| account.current_balance.as_deref()), Some("5.00"));
}

#[test]
fn without_a_word_windows_are_closed_and_nothing_can_be_said_of_them() {
    let silent = SCRIPT.replace("popups: follow\n", "");
    let faults = Script::parse(&silent).expect_err("it closes popups and follows none");
    let said: Vec<_> = faults.iter().map(|fault| (fault.code, fault.hint.as_deref())).collect();
    assert_eq!(said, [(DiagnosticCode::PopupMisplaced, Some("add `popups: follow`"))]);
    let without = silent.replace("{ close: popup }]", "{ click: '#advert' }]").replace("{ close: popup }", "'#back'");
    let mut run = runner(&without);
    run.next(None);
    let Command::Watch(watch) = run.next(Some(Observation::Visited)) else { unreachable!("a watch") };
    assert_eq!(watch.popups, Popups::Close);
}

#[test]
fn a_popup_is_closed_last_and_nothing_else_can_be_closed() {
    let check = |from: &str, to: &str, code: DiagnosticCode| {
        let faults = Script::parse(&SCRIPT.replace(from, to)).expect_err(to);
        assert!(faults.iter().all(|fault| fault.code == code), "{faults}");
    };
    check("[{ close: popup }]", "[{ close: popup }, { click: a }]", DiagnosticCode::PopupMisplaced);
    check("[{ close: popup }]", "[{ close: window }]", DiagnosticCode::WordUnknown);
    check("back: { close: popup }", "back: { close: it }", DiagnosticCode::WordUnknown);
}
