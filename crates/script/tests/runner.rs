//! Runs over a pretend portal: which commands come, in which order, and how it ends.

#![expect(clippy::panic, reason = "it is how a test fails")]

#[expect(dead_code, reason = "each test uses a part of it")]
mod pretend;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{FailureCode, Stage};
use domain::institution::CredentialName;
use domain::run::Effect;
use domain::secret::Secret;
use jiff::civil::date;
use pretend::{End, Pretend, Quirk, RESEND};
use script::command::{Command, Observation};
use script::{Compares, Plan, Runner};

/// The commands of a run in one line, and how it ended.
fn check(quirk: Quirk, password: &str, answers: &[&'static str], expected: &str, code: Option<(FailureCode, Stage)>) {
    let mut portal = Pretend::new(quirk).answers(answers);
    let end = portal.run(password, &[]);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(portal.log, expected, "{quirk:?} {end:?}");
    match end {
        End::Read(_) => assert_eq!(code, None),
        End::Failed(failure) => assert_eq!(Some((failure.code, failure.stage)), code, "{failure:?}"),
    }
}

/// How a run ended, its message and the bank's words.
fn check_failure(quirk: Quirk, code: FailureCode, message: &str, words: Option<&str>) {
    let end = Pretend::new(quirk).run("Lantern-7", &[]);
    let End::Failed(failure) = end else { panic!("{quirk:?} should fail: {end:?}") };
    assert_eq!(failure.code, code, "{failure:?}");
    assert!(failure.message.contains(message), "{failure:?}");
    assert_eq!(failure.institution_message.as_deref(), words, "{failure:?}");
}

#[test]
fn a_run_signs_in_reads_every_page_and_signs_out() {
    let expected = "
        visit https://bank.example/login
        see sign_in
        declare password
        act #user, #password, #sign-in button
        see code
        intents happened
        ask ••• 0142  (2 left)
        declare code
        act #digits, #code button
        see accounts
        intents happened
        answer accepted
        act :is(#accounts) :is(a)[href=\"#main\"]
        see account
        act #next
        see account
        act #next
        see account
        act #back
        see accounts
        act :is(#accounts) :is(a)[href=\"#spare\"]
        see account
        act #back
        see accounts
        act #sign-out
        see signed_out";
    check(Quirk::None, "Lantern-7", &["424242"], expected, None);
}

#[test]
fn a_new_code_is_sent_when_a_person_asks_for_it_and_the_question_goes_on() {
    let before = "
        visit https://bank.example/login
        see sign_in
        declare password
        act #user, #password, #sign-in button
        see code
        intents happened
        ask ••• 0142  (2 left)";
    let sent = |count: u32| {
        format!("\ndeclare sendCode\nact #resend\nsee code\nintents happened\nask ••• 0142 {count} more sent. (2 left)")
    };
    let end = Some((FailureCode::MfaTimeout, Stage::Challenge));
    check(Quirk::None, "Lantern-7", &[RESEND], &[before, &sent(1)].concat(), end);
    // As often as the script says, and not once more.
    let spent = "\nsee code\nask ••• 0142 2 more sent. (2 left)";
    let expected = [before, &sent(1), &sent(2), spent].concat();
    check(Quirk::None, "Lantern-7", &[RESEND, RESEND, RESEND], &expected, end);
    // Where it can't be clicked nothing was sent, and the code from before is still waited for.
    let missing = "\ndeclare sendCode\nact #resend\nintents absent\nsee code\nask ••• 0142  (2 left)";
    check(Quirk::NoResend, "Lantern-7", &[RESEND], &[before, missing].concat(), end);
}

#[test]
fn after_a_new_code_an_answer_counts_as_before() {
    let End::Read(accounts) = Pretend::new(Quirk::None).answers(&["0", RESEND, "424242"]).run("Lantern-7", &[]) else {
        panic!("it should read")
    };
    assert_eq!(accounts.len(), 2);
    let mut portal = Pretend::new(Quirk::None).answers(&["0", RESEND, "1"]);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("two wrong answers are two") };
    assert_eq!(failure.code, FailureCode::MfaCodeInvalid, "{:?}", portal.log);
}

#[test]
fn records_are_what_the_pages_show() {
    let End::Read(accounts) = Pretend::new(Quirk::None).run("Lantern-7", &[]) else { panic!("it should read") };
    let json = serde_json::to_value(&accounts).expect("accounts are JSON");
    let row = |account: usize, index: usize| json[account]["transactions"][index].clone();
    let sheets = serde_json::json!([
        { "kind": "listed", "headers": ["Type", "Account", "AVAILABLE"], "rows": [["Checking", "Main", "$1,200.50"]] },
        {
            "kind": "details",
            "headers": ["{balanceAsOf}", "Account number", "Current balance"],
            "rows": [["Jan 14, 2026", "00077", "$1,000.00"]],
        },
        {
            "kind": "transactions",
            "headers": ["Date", "Description", "Amount", "Reference", "Type", "Balance"],
            "rows": [
                ["Pending", "COFFEE", "-4.50", "", "Card", ""],
                ["01/10", " A  B\nC 1", "($1,000.00)", "R1", "ach", "$1.00"],
                ["12/30", " Rent & heat 1", "($1,000.00)", "R1", "ach", "$1.00"],
            ],
        },
    ]);
    assert_eq!(json[0]["sheets"].as_array().map(|sheets| sheets[..3].to_vec()), sheets.as_array().cloned());
    assert_eq!(json[0]["sheets"].as_array().map(Vec::len), Some(5));
    let window = serde_json::json!({ "source": "pages", "extent": "whole", "pages": 3, "rowsAnnounced": 1207 });
    assert_eq!(json[0]["window"], window);
    assert_eq!(json[1]["window"]["pages"], 1);
    assert_eq!(accounts.iter().map(|account| account.transactions.len()).collect::<Vec<_>>(), [7, 3]);
    assert_eq!(json[0]["portalKey"], "main");
    assert_eq!(json[0]["type"], "checking");
    assert_eq!(json[0]["availableBalance"], "1200.50");
    assert_eq!(json[0]["currentBalance"], "1000.00");
    assert_eq!(json[0]["balanceAsOf"], "2026-01-14");
    assert_eq!(json[1]["availableBalance"], serde_json::Value::Null);
    assert_eq!(json[1]["accountNumber"], "00177");
    let pending = serde_json::json!({
        "status": "pending", "postedDate": null, "amount": "-4.50", "currency": "USD", "entryType": "debit",
        "description": "COFFEE", "rawDescription": "COFFEE", "rail": "card",
        "bankReference": null, "customerReference": null,
    });
    assert_eq!(row(0, 0), pending);
    let posted = serde_json::json!({
        "status": "posted", "postedDate": "2026-01-10", "amount": "-1000.00", "currency": "USD", "entryType": "debit",
        "description": "A B C 1", "rawDescription": "A  B\nC 1", "rail": "ach",
        "bankReference": "R1", "customerReference": null, "runningBalance": "1.00",
    });
    assert_eq!(row(0, 1), posted);
    assert_eq!(row(0, 2)["postedDate"], "2025-12-30");
    assert_eq!(row(0, 2)["description"], "Rent & heat 1");
}

#[test]
fn a_refused_password_is_submitted_once() {
    let expected = "
        visit https://bank.example/login
        see sign_in
        declare password
        act #user, #password, #sign-in button
        see refused
        intents happened";
    check(Quirk::None, "wrong", &[], expected, Some((FailureCode::CredentialsInvalid, Stage::Login)));
    let End::Failed(failure) = Pretend::new(Quirk::None).run("wrong", &[]) else { panic!("it should fail") };
    assert_eq!(failure.institution_message.as_deref(), Some("We don't know you."));
}

#[test]
fn a_sign_in_page_that_comes_again_gets_no_second_password() {
    let mut portal = Pretend::new(Quirk::RefusesSilently);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("it should fail") };
    assert_eq!(failure.code, FailureCode::PageUnrecognised);
    assert_eq!(failure.message, "the page `sign_in` came up 7 times and nothing changed");
    assert_eq!(portal.log.iter().filter(|line| *line == "declare password").count(), 1);
    assert_eq!(portal.log.last().map(String::as_str), Some("intents happened"));
}

#[test]
fn a_sign_in_page_in_mid_read_is_a_session_that_ended() {
    check_failure(Quirk::SignsOutSilently, FailureCode::SessionExpired, "sign in again in mid-run", None);
}

#[test]
fn a_wrong_code_is_asked_for_again() {
    let mut portal = Pretend::new(Quirk::None).answers(&["1", "424242"]);
    assert!(matches!(portal.run("Lantern-7", &[]), End::Read(_)));
    let asked = portal.log.iter().position(|line| line.starts_with("ask")).expect("a question");
    let expected = [
        "ask ••• 0142  (2 left)",
        "declare code",
        "act #digits, #code button",
        "see code",
        "intents happened",
        "answer rejected",
        "ask ••• 0142 Wrong, 1 so far. (1 left)",
        "declare code",
        "act #digits, #code button",
        "see accounts",
        "intents happened",
        "answer accepted",
    ];
    assert_eq!(portal.log[asked..asked + expected.len()], expected);
}

#[test]
fn codes_are_tried_as_often_as_the_script_says() {
    let mut portal = Pretend::new(Quirk::None).answers(&["1", "2", "424242"]);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("it should fail") };
    assert_eq!((failure.code, failure.stage), (FailureCode::MfaCodeInvalid, Stage::Challenge));
    assert_eq!(failure.institution_message.as_deref(), Some("Wrong, 2 so far."));
    assert_eq!(portal.log.iter().filter(|line| line.starts_with("ask")).count(), 2);
    assert_eq!(portal.log.last().map(String::as_str), Some("answer rejected"));
}

#[test]
fn nobody_answering_ends_the_run() {
    let mut portal = Pretend::new(Quirk::None).answers(&[]);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("it should fail") };
    assert_eq!((failure.code, failure.stage), (FailureCode::MfaTimeout, Stage::Challenge));
}

#[test]
fn an_open_intent_is_settled_by_the_first_page_before_anything_is_declared() {
    let check = |quirk: Quirk, expected: &[&str]| {
        let mut portal = Pretend::new(quirk);
        portal.run("Lantern-7", &[Effect::Password]);
        assert_eq!(portal.log[1..=expected.len()], *expected);
    };
    check(Quirk::None, &["see sign_in", "intents absent", "declare password"]);
    check(Quirk::SignedIn, &["see accounts", "intents happened"]);
}

#[test]
fn an_open_intent_stays_open_on_a_page_that_says_nothing_of_it() {
    let mut portal = Pretend::new(Quirk::Closed);
    assert!(matches!(portal.run("Lantern-7", &[Effect::Password]), End::Failed(_)));
    assert_eq!(portal.log[1..], ["see closed"]);
    let mut portal = Pretend::new(Quirk::Unavailable);
    portal.run("Lantern-7", &[Effect::Password]);
    assert_eq!(portal.log.len(), 1, "{:?}", portal.log);
}

#[test]
fn a_form_that_submits_itself_happened() {
    let mut portal = Pretend::new(Quirk::SubmitsItself);
    let end = portal.run("Lantern-7", &[]);
    assert!(matches!(end, End::Read(_)), "{end:?}");
    let declared = portal.log.iter().position(|line| line == "declare code").expect("a declared code");
    let expected = ["declare code", "act #digits, #code button", "see accounts", "intents happened", "answer accepted"];
    assert_eq!(portal.log[declared..declared + expected.len()], expected);
}

#[test]
fn secrets_in_the_banks_words_are_masked() {
    let end = Pretend::new(Quirk::Echoes).run("wrong-Pass", &[]);
    let End::Failed(failure) = end else { panic!("it should fail: {end:?}") };
    let words = failure.institution_message.as_deref();
    assert_eq!(words, Some("We don't know you. It was [secret] [secret]"));
    let mut portal = Pretend::new(Quirk::None).answers(&["0142", "424242"]);
    assert!(matches!(portal.run("Lantern-7", &[]), End::Read(_)));
    let asked: Vec<&String> = portal.log.iter().filter(|line| line.starts_with("ask")).collect();
    assert_eq!(asked, ["ask ••• 0142  (2 left)", "ask ••• [secret] Wrong, 1 so far. (1 left)"]);
}

#[test]
fn a_page_in_between_is_passed() {
    let mut portal = Pretend::new(Quirk::Advert);
    assert!(matches!(portal.run("Lantern-7", &[]), End::Read(_)));
    assert!(portal.log.contains(&"act #no-thanks".to_owned()));
}

#[test]
fn what_the_script_does_not_know_is_said_with_what_it_looks_like() {
    check_failure(Quirk::Survey, FailureCode::PageUnrecognised, "it looks like none of them", None);
    check_failure(Quirk::DeadButton, FailureCode::PageUnrecognised, "`sign_in` still shows", None);
    check_failure(Quirk::NoButton, FailureCode::ElementMissing, "nothing fits `#sign-in button`", None);
    check_failure(Quirk::Unavailable, FailureCode::PortalUnavailable, "503", None);
}

#[test]
fn an_effect_that_could_not_be_done_is_settled_as_absent() {
    let mut portal = Pretend::new(Quirk::NoButton);
    portal.run("Lantern-7", &[]);
    let expected = ["declare password", "act #user, #password, #sign-in button", "see sign_in", "intents absent"];
    assert_eq!(portal.log[2..], expected);
}

#[test]
fn pagination_without_end_stops() {
    check_failure(Quirk::Endless, FailureCode::DataIncomplete, "account 1, after 4 pages", None);
    check_failure(Quirk::StuckPage, FailureCode::PageUnrecognised, "`account` still shows", None);
}

#[test]
fn a_next_page_that_nothing_leads_to_is_not_taken_for_the_last_page() {
    let message = "account 1, nothing on the page of transactions fits `#next`";
    check_failure(Quirk::NoNext, FailureCode::ElementMissing, message, None);
}

/// The accounts of a run that read some of them.
fn read(portal: &mut Pretend) -> Vec<ObservedAccount> {
    match portal.run("Lantern-7", &[]) {
        End::Read(accounts) => accounts,
        End::Failed(failure) => panic!("it should read: {failure:?}"),
    }
}

/// That of two accounts one has a failure and nothing else that was read on its pages.
fn check_spoiled(quirk: Quirk, spoiled: usize, code: FailureCode, message: &str) {
    let mut portal = Pretend::new(quirk);
    let accounts = read(&mut portal);
    let sound = accounts.get(1 - spoiled).expect("two accounts");
    assert!(sound.failure.is_none() && sound.transactions.len() > 2 && sound.window.is_some(), "{sound:?}");
    let spoiled = accounts.get(spoiled).expect("two accounts");
    let failure = spoiled.failure.as_ref().expect("a failure");
    assert_eq!((failure.code, failure.stage), (code, Stage::Transactions));
    assert_eq!(failure.message, message);
    assert!(spoiled.transactions.is_empty() && spoiled.sheets.is_empty() && spoiled.balances.is_empty());
    assert_eq!((&spoiled.window, &spoiled.current_balance, &spoiled.available_balance), (&None, &None, &None));
    assert_eq!(spoiled.balance_as_of, None);
    assert!(!spoiled.name.is_empty() && !spoiled.portal_key.is_empty());
    // The walk went on, and the session was ended.
    let seen = |target: &str| portal.log.iter().filter(|line| line.contains(target)).count();
    assert_eq!((seen("act #back"), seen("act #sign-out")), (2, 1), "{:?}", portal.log);
}

#[test]
fn an_account_that_cannot_be_read_leaves_the_others_whole() {
    let message = "account 1, row 1, column `type`: the cell holds a word that isn't in `map`";
    check_spoiled(Quirk::OddRow, 0, FailureCode::ScriptParse, message);
    let message = "account 2, no column of the table is headed `balance`; \
        its headers are `date`, `description`, `amount`, `reference`, `type`, [secret]";
    check_spoiled(Quirk::OddAccount, 1, FailureCode::ElementMissing, message);
}

#[test]
fn a_run_that_read_no_account_fails_as_its_first_one_did() {
    let message = "account 1, what `announced` says isn't on the page";
    check_failure(Quirk::NoCount, FailureCode::ElementMissing, message, None);
    let message = "account 1, what `announced` says isn't a whole number";
    check_failure(Quirk::OddCount, FailureCode::ScriptParse, message, None);
    let mut portal = Pretend::new(Quirk::NoCount);
    portal.run("Lantern-7", &[]);
    assert_eq!(portal.log[portal.log.len() - 3..], ["see accounts", "act #sign-out", "see signed_out"]);
    let page = portal.failed_page.expect("the page that it is about");
    assert!(page.contains("<dd>00077</dd>"), "that of the first account: {page}");
}

#[test]
fn the_page_that_a_failure_is_about_is_known_after_the_session_was_ended() {
    let failed_page = |quirk: Quirk| {
        let mut portal = Pretend::new(quirk);
        assert!(matches!(portal.run("Lantern-7", &[]), End::Failed(_)));
        portal.failed_page
    };
    assert!(failed_page(Quirk::OddCell).is_some_and(|page| page.contains("Vault 17")));
    // That is the one that is seen last.
    assert_eq!(failed_page(Quirk::Closed), None);
    assert_eq!(failed_page(Quirk::StuckPage), None);
}

#[test]
fn an_account_that_was_read_is_read_again_as_it_was() {
    for quirk in [Quirk::None, Quirk::Euros, Quirk::OddRow] {
        let mut portal = Pretend::new(quirk);
        for account in read(&mut portal).iter().filter(|account| account.failure.is_none()) {
            let again = script::reread(&portal.script(), account, date(2026, 1, 15));
            assert_eq!(again.as_ref(), Ok(account), "{quirk:?}");
        }
    }
}

#[test]
fn the_currency_on_an_accounts_own_page_is_that_of_its_transactions() {
    let end = Pretend::new(Quirk::Euros).run("Lantern-7", &[]);
    let End::Read(accounts) = end else { panic!("it should read: {end:?}") };
    let account = accounts.first().expect("an account");
    assert_eq!((account.currency.as_str(), account.current_balance.as_deref()), ("EUR", Some("1000.00")));
    assert!(account.transactions.iter().all(|transaction| transaction.currency == "EUR"));
}

#[test]
fn a_session_that_ends_in_mid_read_is_the_banks_answer() {
    let words = Some("You were away.");
    check_failure(Quirk::SessionEnds, FailureCode::SessionExpired, "ended the session", words);
}

#[test]
fn a_cell_that_cannot_be_read_is_named_by_its_place_alone() {
    let end = Pretend::new(Quirk::OddCell).run("Lantern-7", &[]);
    let End::Failed(failure) = end else { panic!("it should fail: {end:?}") };
    assert_eq!((failure.code, failure.stage), (FailureCode::ScriptParse, Stage::Accounts));
    assert_eq!(failure.message, "row 2, column `type`: the cell holds a word that isn't in `map`");
}

#[test]
fn a_run_that_cannot_read_still_ends_its_session() {
    let mut portal = Pretend::new(Quirk::OddCell);
    assert!(matches!(portal.run("Lantern-7", &[]), End::Failed(_)));
    assert_eq!(portal.log[portal.log.len() - 2..], ["act #sign-out", "see signed_out"]);
}

#[test]
fn a_run_without_a_credential_never_visits_the_portal() {
    let mut portal = Pretend::new(Quirk::None);
    let End::Failed(failure) = portal.run_with(BTreeMap::new(), &[]) else { panic!("it should fail") };
    assert_eq!(failure.code, FailureCode::CredentialsMissing);
    assert!(portal.log.is_empty());
}

#[test]
fn failing_to_sign_out_does_not_spoil_what_was_read() {
    assert!(matches!(Pretend::new(Quirk::NoSignOut).run("Lantern-7", &[]), End::Read(accounts) if accounts.len() == 2));
}

#[test]
fn an_answer_to_another_command_ends_the_run_and_is_not_tried_again_by_itself() {
    for answer in [Observation::Acted, Observation::Done, Observation::Refused(FailureCode::Locked)] {
        let plan = Plan {
            portal_url: "https://bank.example".parse().expect("an address"),
            credentials: BTreeMap::from(
                [CredentialName::BankUsername, CredentialName::Password]
                    .map(|name| (name, Secret::new("Lantern-7".to_owned()))),
            ),
            open_intents: Vec::new(),
            today: date(2026, 1, 15),
            since: None,
            compares: Compares::No,
        };
        let mut runner = Runner::new(Arc::new(Pretend::new(Quirk::None).script()), plan);
        assert!(matches!(runner.next(None), Command::Visit(_)));
        let Command::Fail(failure) = runner.next(Some(answer)) else { panic!("it should fail") };
        assert_eq!((failure.code, failure.stage), (FailureCode::PageUnrecognised, runner.stage()));
        assert_eq!(failure.message, "the driver's answer wasn't one to the command before it");
    }
}

#[test]
fn what_was_read_is_safe_once_only_the_sign_out_is_left() {
    let mut portal = Pretend::new(Quirk::None);
    portal.run("Lantern-7", &[]);
    // The click on `sign out`, the look after it, and the end.
    let (before, after) = portal.safe.split_at(portal.safe.len() - 3);
    assert!(before.iter().all(Option::is_none), "{before:?}");
    assert_eq!(after, [Some(2); 3]);
    let mut portal = Pretend::new(Quirk::OddCell);
    portal.run("Lantern-7", &[]);
    assert!(portal.safe.iter().all(Option::is_none), "a failed read leaves nothing");
}

#[test]
fn a_run_can_move_between_threads() {
    fn check<T: Send>() {}
    check::<script::Runner>();
}

#[test]
fn an_answer_in_parts_is_given_part_by_part_or_asked_for_again() {
    let check = |answer: &'static str, expected: &[&str]| {
        let mut portal = Pretend::new(Quirk::AnswerInParts).answers(&[answer]);
        portal.run("Lantern-7", &[]);
        let filled: Vec<_> = portal.filled.iter().filter(|(field, _)| field == "digits").collect();
        assert_eq!(filled.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), expected, "{answer}");
        assert!(portal.log.contains(&"answer rejected".to_owned()), "{:?}", portal.log);
        assert_eq!(portal.log.iter().filter(|line| line.starts_with("declare code")).count(), expected.len() / 2);
    };
    check("07 42", &["42", "07"]);
    check("74", &["4", "7"]);
    // What doesn't fit never reaches the portal, which counts nothing, and neither do we.
    let mut portal = Pretend::new(Quirk::AnswerInParts).answers(&["742", "7", "07 42"]);
    portal.run("Lantern-7", &[]);
    let asked = portal.log.iter().filter(|line| line.starts_with("ask") && line.ends_with("(2 left)"));
    assert_eq!(asked.count(), 3, "{:?}", portal.log);
    check("07 42 11", &[]);
}
