//! Authenticators: one use of each code, and what refused codes come to.

use domain::audit::Action;
use domain::challenge::{AnswerSource, AuthenticatorState, Medium, Question};
use domain::id::RunId;
use protocol::lease::Verdict;
use uuid::Uuid;

use super::{Bench, benches, challenge, code, now, proof};
use crate::store::{AuditFilter, Challenge, Reach, Refused};

fn question(medium: Medium, attempts_left: u32) -> Question {
    Question { medium: Some(medium), attempts_left, ..code() }
}

async fn ask(bench: &Bench, run: RunId, counter: u32, question: Question) -> Challenge {
    bench.store.open_challenge(run, proof(counter), challenge(question), now()).await.expect("asked")
}

async fn answer(bench: &Bench, run: RunId, counter: u32, asked: &Challenge, verdict: Verdict) {
    let (owner, connection) = (asked.organization_id, asked.connection_id);
    let kept = bench.store.answer_challenge(owner, connection, asked.id, vec![7], AnswerSource::Totp, now()).await;
    assert_eq!(kept.expect("answered").source, Some(AnswerSource::Totp));
    // Twice, as after an answer that was lost on the way: it counts once.
    for _ in 0..2 {
        bench.store.settle_challenge(run, proof(counter), asked.id, verdict, now()).await.expect("settled");
    }
}

#[tokio::test]
async fn a_code_is_used_once_and_none_after_a_later_one() {
    for bench in benches().await {
        for (secret, until, is_free) in
            [(1, 60, true), (1, 60, false), (2, 60, true), (1, 90, true), (1, 60, false), (1, 90, false)]
        {
            let used = bench.store.use_authenticator([secret; 32], until).await.expect("an answer");
            assert_eq!(used, is_free, "{secret} until {until} in {}", bench.name);
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_given_is_in_the_trail_without_it() {
    for bench in benches().await {
        let id = bench.connection().await;
        bench.store.give_authenticator(bench.organization, id, b"SEALED".to_vec(), now()).await.expect("kept");
        let filter = AuditFilter {
            connection: Some(id),
            action: Some(Action::ConnectionCredentialsGiven),
            ..AuditFilter::default()
        };
        let entries = bench.store.audit_entries(filter, None, 10).await.expect("entries");
        let details: Vec<&str> = entries.iter().map(|entry| entry.entry.detail.as_str()).collect();
        assert_eq!(details, [r#"{"given":"totpSecret"}"#], "{}", bench.name);
    }
}

#[tokio::test]
async fn a_refused_code_falls_to_a_person_and_after_two_the_secret_is_doubtful() {
    let both = [AnswerSource::Totp, AnswerSource::Person];
    for bench in benches().await {
        let id = bench.connection().await;
        let give = async || bench.store.give_authenticator(bench.organization, id, vec![1], now()).await;
        give().await.expect("kept");
        bench.give_credentials(id).await;
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(bench.organization, id, run, now()).await.expect("a run");
        let shown = async || bench.store.connection(bench.organization, id).await.expect("a connection").authenticator;
        assert!(matches!(give().await, Err(Refused::IllegalEvent(_))), "not while it is activated");

        bench.grant(run, 1).await.expect("granted");
        let waits_for_person = async |asked: &Challenge| {
            let pending = bench.store.pending_challenges(&Reach::All).await.expect("a list");
            assert_eq!(pending[0].waits_for_person, asked.waits_for_person(), "{}", bench.name);
            pending[0].waits_for_person
        };
        let texted = ask(&bench, run, 1, question(Medium::Sms, 3)).await;
        assert_eq!(texted.may_answer, [AnswerSource::Person]);
        assert!(waits_for_person(&texted).await);
        let first = ask(&bench, run, 1, question(Medium::Device, 3)).await;
        assert_eq!(first.may_answer, both);
        assert!(!waits_for_person(&first).await, "{}: it is answered in any case", bench.name);
        answer(&bench, run, 1, &first, Verdict::Rejected).await;
        assert_eq!(shown().await, Some(AuthenticatorState::Ready));
        assert_eq!(ask(&bench, run, 1, question(Medium::Device, 2)).await.may_answer, [AnswerSource::Person]);
        bench.store.complete(run, proof(1), super::handed_in(&[]), now()).await.expect("completed");

        let sync = async |counter: u32, is_first: bool| {
            let run = RunId(Uuid::now_v7());
            bench.store.request_sync(bench.organization, id, run, now()).await.expect("a run");
            bench.grant(run, counter).await.expect("granted");
            let asked = ask(&bench, run, counter, question(Medium::Device, 3)).await;
            let is_answered = asked.may_answer == both;
            if is_answered {
                let verdict = if is_first { Verdict::Accepted } else { Verdict::Rejected };
                answer(&bench, run, counter, &asked, verdict).await;
            }
            bench.store.complete(run, proof(counter), super::handed_in(&[]), now()).await.expect("completed");
            is_answered
        };
        // One that is taken begins the count anew.
        assert!(sync(2, true).await && sync(3, false).await);
        let planned = async || bench.store.unplanned(10).await.expect("a list").first().map(|one| one.authenticator);
        assert_eq!(shown().await, Some(AuthenticatorState::Ready), "{}", bench.name);
        assert_eq!(planned().await, Some(Some(AuthenticatorState::Ready)), "{}", bench.name);
        assert!(sync(4, false).await);
        assert_eq!(shown().await, Some(AuthenticatorState::Doubtful), "{}", bench.name);
        assert_eq!(planned().await, Some(Some(AuthenticatorState::Doubtful)), "{}", bench.name);
        assert!(!sync(5, false).await, "a doubtful secret is left alone");
        give().await.expect("another");
        assert!(sync(6, true).await);
        bench.store.revoke_connection(bench.organization, id, now()).await.expect("revoked");
        assert_eq!(bench.store.authenticator(id).await.expect("an answer"), None);
    }
}
