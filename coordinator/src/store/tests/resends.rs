//! New codes: no more than a run may ask for, no sooner than they may be, by one of many who ask at once.
//!
//! Not here: having one sent; agents do.

use std::sync::LazyLock;

use domain::challenge::{AnswerSource, ChallengeKind, Medium, Question};
use domain::id::{RunId, UserId};
use jiff::{SignedDuration, Timestamp};

use super::{Bench, benches, challenge, code, now, proof};
use crate::store::{Challenge, HandsBack, NewChallenge, Over, Refused, Wheel};
use uuid::Uuid;

fn question(said: Option<&str>, resends_left: u32) -> Question {
    let institution_message = said.map(str::to_owned);
    Question { medium: Some(Medium::Sms), institution_message, resends_left, ..code() }
}

async fn ask(bench: &Bench, run: RunId, counter: u32, question: Question) -> Challenge {
    let new = NewChallenge { resends_a_run: 2, resend_after: at(30), ..challenge(question) };
    bench.store.open_challenge(run, proof(counter), new, now()).await.expect("asked")
}

/// So long after these tests began, as exactly as moments are kept.
fn at(seconds: i64) -> Timestamp {
    static BEGAN: LazyLock<i64> = LazyLock::new(|| now().as_millisecond());
    Timestamp::from_millisecond(*BEGAN + seconds * 1_000).expect("a moment")
}

async fn resend(bench: &Bench, asked: &Challenge, moment: Timestamp) -> Result<Challenge, Refused> {
    let next = moment + SignedDuration::from_secs(30);
    bench.store.request_resend(asked.organization_id, asked.connection_id, asked.id, &[], next, moment).await
}

#[tokio::test]
async fn new_codes_are_counted_over_all_sessions_of_a_run() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let asked = ask(&bench, run, 1, question(None, 3)).await;
        assert_eq!(asked.resends_left, 2, "the script allows three, and a run two, in {}", bench.name);
        assert!(matches!(resend(&bench, &asked, at(29)).await, Err(Refused::ResendTooSoon(_))));
        let resent = resend(&bench, &asked, at(30)).await.expect("asked for");
        assert_eq!((resent.resends, resent.resends_left, resent.resend_after), (1, 1, Some(at(60))));
        assert!(matches!(resend(&bench, &asked, at(59)).await, Err(Refused::ResendTooSoon(_))));

        let told = question(Some("Sent."), 2);
        let went_on = bench
            .store
            .continue_challenge(run, proof(1), asked.id, told.clone(), at(31))
            .await
            .expect("on")
            .expect("the same");
        assert_eq!((went_on.id, went_on.question, went_on.resends), (asked.id, told, 1));

        // Another agent, another session, the same run.
        bench.grant(run, 2).await;
        let again = ask(&bench, run, 2, question(None, 3)).await;
        assert_eq!(again.resends_left, 1);
        resend(&bench, &again, at(90)).await.expect("asked for");
        assert!(matches!(resend(&bench, &again, at(900)).await, Err(Refused::IllegalChallengeEvent(_))), "expired");
        assert!(matches!(resend(&bench, &again, at(200)).await, Err(Refused::ResendsSpent)));
        let stale = bench.store.continue_challenge(run, proof(1), asked.id, question(None, 0), at(91)).await;
        assert!(matches!(stale, Err(Refused::LeaseLost)), "a stale fence goes on with nothing");
    }
}

#[tokio::test]
async fn a_code_that_was_wrong_makes_nobody_wait_anew_for_another() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let first = ask(&bench, run, 1, question(None, 3)).await;
        assert_eq!(first.resend_after, Some(at(30)));
        let later = async |question| {
            let new = NewChallenge { resends_a_run: 2, resend_after: at(50), ..challenge(question) };
            bench.store.open_challenge(run, proof(1), new, now()).await.expect("asked")
        };
        let again = later(Question { attempts_left: 2, ..question(None, 3) }).await;
        assert_ne!(again.id, first.id, "{}", bench.name);
        assert_eq!(again.resend_after, Some(at(30)), "{}: the code is as old as it was", bench.name);
        let another = Question { masked_target: Some("*** 17".into()), ..question(None, 3) };
        assert_eq!(later(another).await.resend_after, Some(at(50)), "{}: another phone got another code", bench.name);
    }
}

#[tokio::test]
async fn a_wheel_that_was_handed_back_makes_nobody_wait_anew_for_a_code() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let (first, moment, seat) = (ask(&bench, run, 1, question(None, 3)).await, now(), Uuid::from_u128(1));
        let until = moment + SignedDuration::from_mins(1);
        let wheel = Wheel { user: UserId(Uuid::nil()), name: "ada".into(), seat, until };
        bench.store.take_wheel(first.id, wheel, Over::Oneself, moment).await.expect("taken");
        assert!(bench.store.hand_back(first.id, seat, HandsBack::Holder, moment).await.expect("an answer"));
        bench.store.refence(run, proof(1), proof(2).fence).await.expect("another fence");
        let new = NewChallenge { resends_a_run: 2, resend_after: at(50), ..challenge(question(None, 3)) };
        let again = bench.store.open_challenge(run, proof(2), new, now()).await.expect("asked");
        assert_eq!(again.resend_after, Some(at(30)), "{}: no new code was sent", bench.name);

        bench.grant_at(run, 3, now() + SignedDuration::from_secs(1)).await.expect("another session");
        let new = NewChallenge { resends_a_run: 2, resend_after: at(50), ..challenge(question(None, 3)) };
        let anew = bench.store.open_challenge(run, proof(3), new, now()).await.expect("asked");
        assert_eq!(anew.resend_after, Some(at(50)), "{}: the bank has just sent one", bench.name);
    }
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_has_a_code_sent() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let asked = ask(&bench, run, 1, question(None, 2)).await;
        let all = futures::future::join_all((0..8).map(|_| resend(&bench, &asked, at(30)))).await;
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_is_answered_or_has_no_way_to_is_refused() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let asked = ask(&bench, run, 1, question(None, 0)).await;
        assert!(matches!(resend(&bench, &asked, at(30)).await, Err(Refused::ResendImpossible)), "{}", bench.name);
        let (owner, connection) = (asked.organization_id, asked.connection_id);
        let answered =
            bench.store.answer_challenge(owner, connection, asked.id, vec![1], AnswerSource::Person, at(31)).await;
        answered.expect("answered");
        assert!(matches!(resend(&bench, &asked, at(40)).await, Err(Refused::IllegalChallengeEvent(_))));
    }
}

#[tokio::test]
async fn another_question_after_a_new_code_is_another_challenge_that_its_own_sources_answer() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let asked = ask(&bench, run, 1, question(None, 2)).await;
        resend(&bench, &asked, at(30)).await.expect("asked for");
        let device = Question { medium: Some(Medium::Device), ..question(None, 1) };
        let words = Question { kind: ChallengeKind::SecurityQuestion, medium: None, ..question(None, 0) };
        for other in [device.clone(), words] {
            let went_on =
                bench.store.continue_challenge(run, proof(1), asked.id, other, at(31)).await.expect("looked at");
            assert!(went_on.is_none(), "{}", bench.name);
        }
        let opened = ask(&bench, run, 1, device).await;
        assert_ne!(opened.id, asked.id);
        assert_eq!(opened.resends_left, 1, "what the run asked for counts");
        let (owner, connection) = (asked.organization_id, asked.connection_id);
        let late =
            bench.store.answer_challenge(owner, connection, asked.id, vec![1], AnswerSource::Person, at(32)).await;
        assert!(late.is_err(), "an answer to the one before goes nowhere");
        // The one before is closed, and the wait says so.
        let closed = bench.store.continue_challenge(run, proof(1), asked.id, question(None, 0), at(33)).await;
        let closed = closed.expect("looked at").expect("itself");
        assert_eq!(closed.state, domain::challenge::ChallengeState::Cancelled);
    }
}
