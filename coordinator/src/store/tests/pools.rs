//! Addresses and numbers are one connection's at a time, and codes that come in there wait for its run alone.
//!
//! Not here: which there are.

use domain::challenge::{AnswerSource, ChallengeKind, Medium, Question};
use domain::id::{ChallengeId, ConnectionId, RunId, UserId};
use domain::setup::OpenChallenge;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use protocol::lease::Verdict;
use uuid::Uuid;

use super::{Bench, benches, challenge, code, now, proof};
use crate::store::{
    Challenge, Connection, CreatedOrReturned, DeliveryOutcome, HandsBack, NewChallenge, NewConnection, Over,
    PageRequest, PendingChallenge, Reach, Refused, Supply, TakenIn, Wheel,
};

const NUMBERS: [&str; 2] = ["+14155550142", "+14155550143"];

fn supply(alias: &str) -> Supply {
    let numbers = NUMBERS.map(str::to_owned).to_vec();
    Supply { alias: Some(alias.to_owned()), numbers, given_back_before: now() - SignedDuration::from_hours(1) }
}

async fn create(bench: &Bench, alias: &str) -> Connection {
    create_with(bench, supply(alias)).await
}

async fn create_with(bench: &Bench, supply: Supply) -> Connection {
    let page = PageRequest { after: None, limit: 1 };
    let entity = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
    let new = NewConnection { supply, ..bench.new_connection(entity) };
    match bench.store.create_or_return_connection(new, now()).await.expect("made") {
        CreatedOrReturned::Created(connection) | CreatedOrReturned::Returned(connection) => connection,
    }
}

/// A connection with an address of its own whose first sign-in is under way.
async fn signing_in(bench: &Bench, alias: &str) -> (Connection, RunId) {
    let connection = create(bench, alias).await;
    bench.give_credentials(connection.id).await;
    let run = RunId(Uuid::now_v7());
    bench.store.complete_setup(bench.organization, connection.id, run, now()).await.expect("completed");
    bench.grant(run, 1).await.expect("granted");
    (connection, run)
}

async fn number(bench: &Bench, id: ConnectionId) -> Option<String> {
    bench.store.connection(bench.organization, id).await.expect("a connection").instructions.phone_number
}

#[tokio::test]
async fn a_number_is_one_connections_and_the_next_waits_until_one_is_free() {
    for bench in benches().await {
        let made = join_all(["a@c.example", "b@c.example", "c@c.example"].map(|alias| create(&bench, alias))).await;
        let mut numbers: Vec<_> = made.iter().filter_map(|one| one.instructions.phone_number.clone()).collect();
        numbers.sort();
        assert_eq!(numbers, NUMBERS, "of three at once two have one each, in {}", bench.name);
        let mut aliases: Vec<_> = made.iter().filter_map(|one| one.instructions.email.clone()).collect();
        aliases.sort();
        assert_eq!(aliases, ["a@c.example", "b@c.example", "c@c.example"]);
        let counts = bench.store.pool_counts().await.expect("counts");
        assert_eq!((counts.allocated, counts.awaited), (2, 1));

        let first = made.iter().find(|one| one.instructions.phone_number.is_some()).expect("one with a number");
        let freed = first.instructions.phone_number.clone().expect("a number");
        bench.store.revoke_connection(bench.organization, first.id, now()).await.expect("revoked");
        assert_eq!(bench.store.reached_at(&freed).await.expect("a look"), None, "what comes there is nobody's");
        let given = bench.store.allocate_awaited(&supply("x"), 10, now()).await.expect("a round");
        assert_eq!(given, 0, "it was given back only just");
        let later = Supply { given_back_before: now() + SignedDuration::from_secs(1), ..supply("x") };
        let rounds = join_all((0..4).map(|_| bench.store.allocate_awaited(&later, 10, now()))).await;
        let given: u64 = rounds.into_iter().map(|round| round.expect("a round")).sum();
        assert_eq!(given, 1, "of many who look at once one gives it");
        let waited = made.iter().find(|one| one.instructions.phone_number.is_none()).expect("one that waited");
        assert_eq!(number(&bench, waited.id).await, Some(freed.clone()));
        let reached = bench.store.reached_at(&freed).await.expect("a look").expect("somebody");
        assert_eq!((reached.connection_id, reached.medium), (waited.id, Medium::Sms));
    }
}

async fn ask(bench: &Bench, run: RunId, medium: Option<Medium>) -> Challenge {
    ask_at(bench, run, 1, medium, now()).await
}

/// The same under another fence and at another moment; people are called now.
async fn ask_at(bench: &Bench, run: RunId, counter: u32, medium: Option<Medium>, at: Timestamp) -> Challenge {
    let question = Question { medium, ..code() };
    let new = NewChallenge { heard: vec![Medium::Email, Medium::Sms], people_at: now(), ..challenge(question) };
    bench.store.open_challenge(run, proof(counter), new, at).await.expect("asked")
}

#[tokio::test]
async fn a_code_waits_for_a_challenge_of_its_connection_and_its_way() {
    for bench in benches().await {
        let (other, _) = bench.activating().await;
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let code = |connection, medium, byte| TakenIn::Code { connection, medium, sealed: vec![byte] };
        let take = async |print: u8, what: TakenIn, at: Timestamp| {
            bench.store.take_in([print; 32], what, at).await.expect("taken")
        };
        let early = now() - SignedDuration::from_mins(2);
        assert!(take(1, code(id, Medium::Sms, 1), early).await, "before the session began");
        assert!(take(2, code(other, Medium::Sms, 2), now()).await);
        assert!(take(3, code(id, Medium::Email, 3), now()).await);
        assert!(take(4, code(id, Medium::Sms, 4), now() + SignedDuration::from_secs(1)).await);
        assert!(take(5, code(id, Medium::Sms, 5), now() + SignedDuration::from_secs(2)).await);
        assert!(
            !take(5, code(id, Medium::Sms, 6), now() + SignedDuration::from_secs(3)).await,
            "a message counts once"
        );
        let asked = ask(&bench, run, Some(Medium::Sms)).await;
        let since = now() - SignedDuration::from_mins(10);
        let codes = bench.store.codes_for(asked.id, &[Medium::Sms], since).await.expect("codes").codes;
        assert_eq!(codes.iter().map(|code| code.sealed[0]).collect::<Vec<_>>(), [5, 4], "{}", bench.name);
        let none = bench.store.codes_for(asked.id, &[], since).await.expect("codes");
        assert!(none.codes.is_empty());
        // Whichever way a question is answered, what came in until then is for none that follows.
        let (seat, at) = (Uuid::from_u128(1), codes[1].received_at);
        let wheel =
            Wheel { user: UserId(Uuid::nil()), name: "ada".into(), seat, until: at + SignedDuration::from_mins(1) };
        bench.store.take_wheel(asked.id, wheel, Over::Oneself, now()).await.expect("taken");
        let answer = async || {
            let (organization, source) = (bench.organization, AnswerSource::Person);
            bench.store.answer_challenge(organization, id, asked.id, vec![1], source, at).await
        };
        assert!(matches!(answer().await, Err(Refused::WheelHeld { .. })));
        let left = async |challenge: ChallengeId| {
            let codes = bench.store.codes_for(challenge, &[Medium::Sms, Medium::Email], since).await.expect("codes");
            codes.codes.iter().map(|code| code.sealed[0]).collect::<Vec<_>>()
        };
        assert_eq!(left(asked.id).await, [5, 4, 3], "{}: nothing was answered", bench.name);
        bench.store.return_wheel(asked.id, seat, None).await.expect("returned");
        answer().await.expect("answered");
        bench.store.settle_challenge(run, proof(1), asked.id, Verdict::Accepted, now()).await.expect("settled");
        let next = ask(&bench, run, Some(Medium::Sms)).await;
        assert_eq!(left(next.id).await, [5, 3], "{}: another way's, and one that came later, stay", bench.name);
        let hour = now() + SignedDuration::from_hours(1);
        assert_eq!(
            bench.store.prune_inbound(hour, now() - SignedDuration::from_hours(1), 10).await.expect("pruned"),
            3
        );
    }
}

#[tokio::test]
async fn what_comes_in_answers_where_the_connection_has_an_address_there_until_the_bank_refuses_it() {
    for bench in benches().await {
        let (connection, run) = signing_in(&bench, "own@c.example").await;
        let asked = ask(&bench, run, None).await;
        assert_eq!(asked.may_answer, [AnswerSource::Email, AnswerSource::Sms, AnswerSource::Person], "{}", bench.name);
        let asked = ask(&bench, run, Some(Medium::Sms)).await;
        assert_eq!(asked.may_answer, [AnswerSource::Sms, AnswerSource::Person]);
        let answered = bench
            .store
            .answer_challenge(bench.organization, connection.id, asked.id, vec![1], AnswerSource::Sms, now())
            .await
            .expect("answered");
        assert_eq!(answered.source, Some(AnswerSource::Sms));
        bench.store.settle_challenge(run, proof(1), asked.id, Verdict::Rejected, now()).await.expect("settled");
        let again = ask(&bench, run, Some(Medium::Sms)).await;
        assert_eq!(again.may_answer, [AnswerSource::Person], "a person is asked");
        bench.store.refence(run, proof(1), proof(2).fence).await.expect("a wheel was handed back");
        let again = ask_at(&bench, run, 2, Some(Medium::Sms), now()).await;
        assert_eq!(again.may_answer, [AnswerSource::Person], "{}: no other code was sent for that", bench.name);
        bench.grant(run, 3).await;
        let anew = ask_at(&bench, run, 3, Some(Medium::Sms), now()).await;
        assert_eq!(anew.may_answer, [AnswerSource::Sms, AnswerSource::Person], "the bank sends another code");
    }
}

#[tokio::test]
async fn codes_that_were_sent_and_refused_are_counted_since_the_bank_last_took_one() {
    for bench in benches().await {
        let (connection, run) = signing_in(&bench, "own@c.example").await;
        let counted = async |asked: &Challenge| {
            let codes = bench.store.codes_for(asked.id, &[Medium::Sms], Timestamp::UNIX_EPOCH).await.expect("codes");
            (codes.sent, codes.refused)
        };
        let settle = async |asked: &Challenge, source, verdict| {
            let (owner, id) = (bench.organization, connection.id);
            bench.store.answer_challenge(owner, id, asked.id, vec![1], source, now()).await.expect("answered");
            bench.store.settle_challenge(run, proof(1), asked.id, verdict, now()).await.expect("settled");
        };
        let ask = async || {
            let question = Question { medium: Some(Medium::Sms), resends_left: 5, ..code() };
            let new = NewChallenge { resends_a_run: 5, heard: vec![Medium::Sms], ..challenge(question) };
            bench.store.open_challenge(run, proof(1), new, now()).await.expect("asked")
        };
        let first = ask().await;
        assert_eq!(counted(&first).await, (1, 0), "{}", bench.name);
        let (owner, id, at) = (bench.organization, connection.id, now());
        bench.store.request_resend(owner, id, first.id, &[Medium::Sms], at, at).await.expect("asked for");
        assert_eq!(counted(&first).await, (2, 0), "{}", bench.name);
        settle(&first, AnswerSource::Sms, Verdict::Rejected).await;
        let second = ask().await;
        assert_eq!(counted(&second).await, (2, 1), "{}", bench.name);
        settle(&second, AnswerSource::Person, Verdict::Rejected).await;
        let third = ask().await;
        assert_eq!(counted(&third).await, (2, 1), "{}: what a person typed was none that came in", bench.name);
        settle(&third, AnswerSource::Person, Verdict::Accepted).await;
        tick().await;
        assert_eq!(counted(&ask().await).await, (1, 0), "{}: the bank took one", bench.name);
    }
}

/// Waits until the clock says a later millisecond.
async fn tick() {
    let before = now();
    while now() == before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_came_in_while_somebody_passed_the_page_at_the_wheel_answers_nothing_after_it() {
    for bench in benches().await {
        let (connection, run) = signing_in(&bench, "own@c.example").await;
        let asked = ask(&bench, run, Some(Medium::Sms)).await;
        let code = TakenIn::Code { connection: connection.id, medium: Medium::Sms, sealed: vec![1] };
        bench.store.take_in([1; 32], code, now()).await.expect("taken");
        let (seat, at) = (Uuid::from_u128(1), now());
        let wheel =
            Wheel { user: UserId(Uuid::nil()), name: "ada".into(), seat, until: at + SignedDuration::from_mins(1) };
        bench.store.take_wheel(asked.id, wheel, Over::Oneself, at).await.expect("taken");
        assert!(bench.store.hand_back(asked.id, seat, HandsBack::Holder, now()).await.expect("an answer"));
        let left = async |challenge: ChallengeId| {
            let codes = bench.store.codes_for(challenge, &[Medium::Sms], Timestamp::UNIX_EPOCH).await.expect("codes");
            codes.codes.len()
        };
        assert_eq!(left(asked.id).await, 1, "{}: the bank may ask still", bench.name);
        bench.store.settle_challenge(run, proof(1), asked.id, Verdict::Accepted, now()).await.expect("settled");
        assert_eq!(left(ask(&bench, run, Some(Medium::Sms)).await.id).await, 0, "{}", bench.name);
    }
}

#[tokio::test]
async fn people_are_called_to_what_a_message_may_answer_once_none_did() {
    for bench in benches().await {
        bench.webhook(&["challenge.opened"]).await;
        let connection = create(&bench, "own@c.example").await;
        bench.give_credentials(connection.id).await;
        let run = RunId(Uuid::now_v7());
        let before = now() - SignedDuration::from_mins(1);
        bench.store.complete_setup(bench.organization, connection.id, run, before).await.expect("completed");
        bench.grant_at(run, 1, before).await.expect("granted");
        let told = async || {
            let told = bench.claim_due(10).await;
            for delivery in &told {
                bench.settle_as(delivery, DeliveryOutcome::Delivered { status: 200 }).await;
            }
            told.iter().map(|event| event.data["challengeId"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
        };
        let is_waited_for = async || {
            let connection = bench.store.connection(bench.organization, connection.id).await.expect("a connection");
            connection.challenge != OpenChallenge::None
        };
        let asked = ask_at(&bench, run, 1, Some(Medium::Sms), before).await;
        let at = now();
        assert_eq!(bench.store.call_people(before).await.expect("a round"), 0, "{}: a code may come in", bench.name);
        assert!(told().await.is_empty() && !is_waited_for().await, "{}", bench.name);
        let (seat, until) = (Uuid::from_u128(1), at + SignedDuration::from_mins(1));
        let wheel = Wheel { user: UserId(Uuid::nil()), name: "ada".into(), seat, until };
        bench.store.take_wheel(asked.id, wheel, Over::Oneself, before).await.expect("taken");
        assert_eq!(bench.store.call_people(at).await.expect("a round"), 0, "{}: only she is heard", bench.name);
        bench.store.return_wheel(asked.id, seat, None).await.expect("returned");
        let pending = bench.store.pending_challenges(&Reach::All).await.expect("a list");
        assert_eq!(bench.store.call_people(at).await.expect("a round"), 1, "{}: none did", bench.name);
        assert_eq!(bench.store.call_people(at).await.expect("a round"), 0, "{}: once", bench.name);
        assert_eq!(told().await, [asked.id.to_string()], "{}", bench.name);
        assert!(is_waited_for().await, "{}", bench.name);
        let now_pending = bench.store.pending_challenges(&Reach::All).await.expect("a list");
        assert_ne!(now_pending, pending, "pages are told");
        let waits = async |of: &[PendingChallenge]| {
            let challenge = bench.store.found_challenge(&Reach::All, asked.id).await.expect("a challenge");
            (of[0].waits_for_person, challenge.waits_for_person())
        };
        assert!(!pending[0].waits_for_person, "{}: a code may come in", bench.name);
        assert_eq!(waits(&now_pending).await, (true, true), "{}", bench.name);

        let asked = ask_at(&bench, run, 1, Some(Medium::Email), before).await;
        let answered = AnswerSource::Email;
        let answered =
            bench.store.answer_challenge(bench.organization, connection.id, asked.id, vec![1], answered, now());
        answered.await.expect("answered");
        let changed = async || {
            let (challenge, ..) = bench.store.challenge_of_run(run, proof(1), asked.id).await.expect("a challenge");
            challenge.updated_at
        };
        let answered_at = changed().await;
        let later = at + SignedDuration::from_mins(1);
        assert_eq!(bench.store.call_people(later).await.expect("a round"), 0, "{}: one did", bench.name);
        assert_eq!(changed().await, answered_at, "{}: nothing changed for that", bench.name);
        assert!(told().await.is_empty(), "{}", bench.name);

        bench.store.settle_challenge(run, proof(1), asked.id, Verdict::Rejected, now()).await.expect("settled");
        let again = ask_at(&bench, run, 1, Some(Medium::Email), before).await;
        assert_eq!(told().await, [again.id.to_string()], "{}: the bank refused it", bench.name);
        assert!(is_waited_for().await, "{}", bench.name);

        let person = AnswerSource::Person;
        let refuse = async |asked: &Challenge| {
            let (owner, id) = (bench.organization, connection.id);
            bench.store.answer_challenge(owner, id, asked.id, vec![1], person, now()).await.expect("answered");
            bench.store.settle_challenge(run, proof(1), asked.id, Verdict::Rejected, now()).await.expect("settled");
        };
        refuse(&again).await;
        let texted = ask_at(&bench, run, 1, Some(Medium::Sms), before).await;
        assert!(told().await.is_empty(), "{}: another question, for which a code was sent", bench.name);
        refuse(&texted).await;
        let third = ask_at(&bench, run, 1, Some(Medium::Sms), before).await;
        assert_eq!(told().await, [third.id.to_string()], "{}: somebody is there", bench.name);

        let words = Question { kind: ChallengeKind::SecurityQuestion, medium: None, ..code() };
        let asked = bench.store.open_challenge(run, proof(1), challenge(words), before).await.expect("asked");
        assert_eq!(told().await, [asked.id.to_string()], "{}: a person alone answers it", bench.name);
        refuse(&asked).await;
        ask_at(&bench, run, 1, Some(Medium::Sms), before).await;
        assert!(told().await.is_empty(), "{}: another question, for which a code was sent", bench.name);

        bench.grant_at(run, 2, at).await.expect("granted");
        let elsewhen = ask_at(&bench, run, 2, Some(Medium::Sms), before).await;
        assert!(told().await.is_empty(), "{}: whoever was there is gone, and the bank sends a code", bench.name);
        assert_eq!(bench.store.call_people(now()).await.expect("a round"), 1, "{}", bench.name);
        assert_eq!(told().await, [elsewhen.id.to_string()], "{}", bench.name);
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_read_keeps_nobody_from_being_called_to_another() {
    for bench in benches().await {
        let before = now() - SignedDuration::from_mins(1);
        for alias in ["a@c.example", "b@c.example"] {
            let (_, run) = signing_in(&bench, alias).await;
            ask_at(&bench, run, 1, Some(Medium::Email), before).await;
        }
        let broken = "UPDATE challenges SET question = '{}' WHERE id = (SELECT id FROM challenges ORDER BY id LIMIT 1)";
        bench.runs(broken).await.expect("done");
        assert_eq!(bench.store.call_people(now()).await.expect("a round"), 1, "{}", bench.name);
        assert_eq!(bench.store.call_people(now()).await.expect("a round"), 0, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_a_newer_coordinator_keeps_of_a_question_hides_no_connection() {
    for bench in benches().await {
        let (connection, run) = signing_in(&bench, "a@c.example").await;
        ask_at(&bench, run, 1, None, now() - SignedDuration::from_mins(1)).await;
        bench.store.call_people(now()).await.expect("a round");
        let newer = "UPDATE challenges SET question = '{\"kind\":\"oneTimeCode\",\"tone\":\"kind\"}'";
        bench.runs(newer).await.expect("done");
        let read = bench.store.connection(bench.organization, connection.id).await.expect("it is read");
        assert_eq!(read.challenge, OpenChallenge::Open(ChallengeKind::OneTimeCode), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_connection_that_was_made_before_there_were_numbers_gets_one_once_there_are() {
    for bench in benches().await {
        let connection = create_with(&bench, Supply { numbers: Vec::new(), ..supply("x") }).await;
        assert_eq!(number(&bench, connection.id).await, None);
        assert_eq!(bench.store.allocate_awaited(&supply("x"), 10, now()).await.expect("a round"), 1, "{}", bench.name);
        assert!(number(&bench, connection.id).await.is_some(), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_connection_whose_user_is_there_without_a_number_takes_none_from_those_that_wait() {
    for bench in benches().await {
        let connection = create_with(&bench, Supply { numbers: Vec::new(), ..supply("x") }).await;
        bench.give_credentials(connection.id).await;
        assert_eq!(bench.store.pool_counts().await.expect("counts").awaited, 0, "{}", bench.name);
        assert_eq!(bench.store.allocate_awaited(&supply("x"), 10, now()).await.expect("a round"), 0, "{}", bench.name);
        assert_eq!(number(&bench, connection.id).await, None, "{}: the bank knows another", bench.name);
    }
}
