//! The wheel as the runner knows it: pages that a person had to themselves and handed back.
//!
//! Not here: who holds it, or how long.

#![expect(clippy::panic, reason = "it is how a test fails")]

#[expect(dead_code, reason = "each test uses a part of it")]
mod pretend;

use domain::failure::FailureCode;
use pretend::{AtTheWheel, End, HAND_BACK, Pretend, Quirk};

#[test]
fn a_page_that_is_handed_back_as_it_was_asks_anew_and_counts_no_attempt() {
    let mut portal = Pretend::new(Quirk::None).answers(&[HAND_BACK, HAND_BACK, HAND_BACK, "424242"]);
    let End::Read(accounts) = portal.run("Lantern-7", &[]) else { panic!("{:?}", portal.log) };
    assert_eq!(accounts.len(), 2);
    let asked: Vec<_> = portal.log.iter().filter(|line| line.starts_with("ask")).collect();
    assert_eq!(asked.len(), 4, "{:?}", portal.log);
    assert!(asked.iter().all(|line| line.ends_with("(2 left)")), "{asked:?}");
    let told: Vec<_> = portal.log.iter().filter(|line| line.starts_with("answer ")).collect();
    assert_eq!(told, ["answer accepted"]);
    // What was typed in counts as ever.
    let mut portal = Pretend::new(Quirk::None).answers(&["111111", HAND_BACK, "222222"]);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("{:?}", portal.log) };
    assert_eq!(failure.code, FailureCode::MfaCodeInvalid);
    let left: Vec<_> =
        portal.log.iter().filter(|line| line.starts_with("ask")).map(|line| &line[line.len() - 8..]).collect();
    assert_eq!(left, ["(2 left)", "(1 left)", "(1 left)"]);
}

#[test]
fn a_page_is_not_handed_back_for_ever() {
    let mut portal = Pretend::new(Quirk::None).answers(&[HAND_BACK; 40]);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("{:?}", portal.log) };
    assert_eq!(failure.code, FailureCode::MfaTimeout, "no code reached the bank");
    assert_eq!(portal.log.iter().filter(|line| line.starts_with("ask")).count(), 20);
}

#[test]
fn a_person_who_passes_an_unknown_page_lets_the_run_go_on_from_what_shows_then() {
    let mut portal = Pretend::new(Quirk::Survey).offers_wheel(AtTheWheel::Passes);
    let End::Read(accounts) = portal.run("Lantern-7", &[]) else { panic!("{:?}", portal.log) };
    assert_eq!(accounts.len(), 2);
    let offered = portal.log.iter().position(|line| line.starts_with("offer the wheel")).expect("an offer");
    // The first act is to look; what was open had been settled before.
    assert!(portal.log[offered + 1].starts_with("see "), "{:?}", portal.log);
    assert!(portal.log[..offered].iter().any(|line| line == "intents happened"), "{:?}", portal.log);
    assert!(portal.log[offered..].iter().any(|line| line == "answer accepted"), "{:?}", portal.log);
}

#[test]
fn a_page_that_is_handed_back_as_it_was_is_offered_a_few_times_and_no_more() {
    let mut portal = Pretend::new(Quirk::Survey).offers_wheel(AtTheWheel::GivesUp);
    let End::Failed(failure) = portal.run("Lantern-7", &[]) else { panic!("{:?}", portal.log) };
    assert_eq!(failure.code, FailureCode::PageUnrecognised);
    let offers: Vec<_> = portal.log.iter().filter(|line| line.starts_with("offer the wheel")).cloned().collect();
    assert_eq!(offers, ["offer the wheel (3 left)", "offer the wheel (2 left)", "offer the wheel (1 left)"]);
}

#[test]
fn where_nobody_is_there_an_unknown_page_fails_as_it_does_otherwise() {
    let failed = |mut portal: Pretend| match portal.run("Lantern-7", &[]) {
        End::Failed(failure) => (failure, portal.log),
        End::Read(_) => panic!("{:?}", portal.log),
    };
    let (failure, log) = failed(Pretend::new(Quirk::Survey).offers_wheel(AtTheWheel::Nobody));
    let (usual, usual_log) = failed(Pretend::new(Quirk::Survey));
    assert_eq!(failure, usual);
    let rest: Vec<_> =
        log.into_iter().filter(|line| !line.starts_with("offer the wheel") && line != "answer accepted").collect();
    assert_eq!(rest, usual_log);
}
