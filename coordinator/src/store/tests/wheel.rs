//! The wheel of a run that waits for a person: who holds it, how it comes back, and the fence that it changes.
//!
//! Not here: what is done at it.

use domain::audit::Action;
use domain::challenge::{AnswerSource, ChallengeKind, ChallengeState, ClosingReason, Question};
use domain::fence::Fence;
use domain::id::UserId;
use jiff::SignedDuration;
use protocol::lease::Verdict;

use super::*;

fn question() -> Question {
    Question { kind: ChallengeKind::Takeover, prompt: "Are you a person?".into(), ..code() }
}

/// Somebody at a page, who keeps the wheel for a minute.
fn wheel(name: &str, seat: u128, at: Timestamp) -> Wheel {
    let user = UserId(Uuid::from_u128(name.bytes().map(u128::from).sum()));
    Wheel { user, name: name.into(), seat: Uuid::from_u128(seat), until: at + SignedDuration::from_mins(1) }
}

async fn asked(bench: &Bench, run: RunId) -> ChallengeId {
    bench.grant(run, 1).await.expect("granted");
    bench.store.open_challenge(run, proof(1), challenge(question()), now()).await.expect("asked").id
}

#[tokio::test]
async fn one_holds_the_wheel_until_it_is_handed_back_taken_over_or_nobody_heard_of_them() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        let take = async |name, seat, over, at| bench.store.take_wheel(id, wheel(name, seat, at), over, at).await;
        take("ada", 1, Over::Oneself, at).await.expect("nobody held it");
        let refused = take("bob", 2, Over::Oneself, at).await;
        assert!(matches!(&refused, Err(Refused::WheelHeld { by }) if by == "ada"), "{}: {refused:?}", bench.name);
        take("ada", 3, Over::Oneself, at).await.expect("her own, at another page");
        let keep = async |seat| bench.store.keep_wheel(id, Uuid::from_u128(seat), at).await.expect("an answer");
        assert!(!keep(1).await, "the page before holds it no more");
        take("root", 4, Over::Anybody, at).await.expect("taken over");
        let (challenge, ..) = bench.store.challenge_of_run(run, proof(1), id).await.expect("a challenge");
        assert_eq!(challenge.wheel.map(|wheel| wheel.name), Some("root".into()));
        let hand_back = async |seat| {
            bench.store.hand_back(id, Uuid::from_u128(seat), HandsBack::Holder, at).await.expect("an answer")
        };
        assert!(!hand_back(3).await, "a stale page hands nothing back");
        assert!(hand_back(4).await);
        assert!(!hand_back(4).await, "it is handed back once");
        let (challenge, sealed, _) = bench.store.challenge_of_run(run, proof(1), id).await.expect("a challenge");
        let told = (challenge.state, challenge.source, challenge.wheel, sealed);
        assert_eq!(told, (ChallengeState::Answered, Some(AnswerSource::Person), None, None), "{}", bench.name);
        assert!(take("ada", 5, Over::Anybody, at).await.is_err(), "there is nothing to pass any more");
        bench.store.settle_challenge(run, proof(1), id, Verdict::Accepted, at).await.expect("settled");
        let (challenge, ..) = bench.store.challenge_of_run(run, proof(1), id).await.expect("a challenge");
        assert_eq!(challenge.closed_for, Some(ClosingReason::HandedBack));
    }
}

#[tokio::test]
async fn what_is_asked_anew_after_it_was_handed_back_says_so_and_was_not_refused() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("taken");
        assert!(bench.store.hand_back(id, Uuid::from_u128(1), HandsBack::Holder, at).await.expect("an answer"));
        let anew = bench.store.open_challenge(run, proof(1), challenge(question()), at).await.expect("asked").id;
        assert_ne!(anew, id, "{}: it is another challenge", bench.name);
        let closed = async |id| {
            let (challenge, ..) = bench.store.challenge_of_run(run, proof(1), id).await.expect("a challenge");
            (challenge.state, challenge.closed_for)
        };
        assert_eq!(closed(id).await, (ChallengeState::Cancelled, Some(ClosingReason::HandedBack)), "{}", bench.name);
        // Nobody had this one, so it closes as any other.
        bench
            .store
            .open_challenge(run, proof(1), challenge(Question { attempts_left: 2, ..question() }), at)
            .await
            .expect("asked");
        assert_eq!(closed(anew).await, (ChallengeState::Cancelled, Some(ClosingReason::AskedAnew)), "{}", bench.name);
    }
}

#[tokio::test]
async fn the_wheel_of_somebody_who_is_not_heard_of_goes_back_by_itself() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("taken");
        assert_eq!(bench.store.hand_back_lapsed(at).await.expect("an answer"), 0, "{}: it is hers", bench.name);
        let (seat, later) = (Uuid::from_u128(1), at + SignedDuration::from_mins(5));
        assert!(bench.store.keep_wheel(id, seat, later).await.expect("an answer"));
        assert_eq!(bench.store.hand_back_lapsed(at + SignedDuration::from_mins(2)).await.expect("an answer"), 0);
        assert_eq!(bench.store.hand_back_lapsed(later).await.expect("an answer"), 1);
        assert_eq!(bench.store.hand_back_lapsed(later).await.expect("an answer"), 0);
        let (challenge, ..) = bench.store.challenge_of_run(run, proof(1), id).await.expect("a challenge");
        assert_eq!((challenge.state, challenge.wheel), (ChallengeState::Answered, None));
    }
}

#[tokio::test]
async fn nothing_answers_a_challenge_while_somebody_holds_the_wheel() {
    for bench in benches().await {
        let (connection, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let question = Question { kind: ChallengeKind::OneTimeCode, resends_left: 2, ..question() };
        let new = NewChallenge { resends_a_run: 2, resend_after: now(), ..challenge(question) };
        let (id, at) = (new.id, now());
        bench.store.open_challenge(run, proof(1), new, at).await.expect("asked");
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("taken");
        let answer =
            async |source| bench.store.answer_challenge(bench.organization, connection, id, vec![1], source, at).await;
        let resend = bench.store.request_resend(bench.organization, connection, id, &[], at, at).await;
        assert!(matches!(resend, Err(Refused::WheelHeld { .. })), "{}: {resend:?}", bench.name);
        for source in [AnswerSource::Person, AnswerSource::Totp] {
            let refused = answer(source).await;
            assert!(matches!(refused, Err(Refused::WheelHeld { .. })), "{}: {refused:?}", bench.name);
        }
        bench.store.return_wheel(id, Uuid::from_u128(1), None).await.expect("returned");
        answer(AnswerSource::Person).await.expect("nobody holds it");
    }
}

#[tokio::test]
async fn a_wheel_that_the_agent_does_not_give_stays_with_whoever_held_it_and_was_never_taken() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        let take = async |name, seat, over| bench.store.take_wheel(id, wheel(name, seat, at), over, at).await;
        let confirm = async |seat, from: Option<&str>| {
            bench.store.confirm_wheel(id, Uuid::from_u128(seat), from.map(str::to_owned), at).await.expect("an answer")
        };
        let holder = async || {
            let (challenge, ..) = bench.store.challenge_of_run(run, proof(1), id).await.expect("a challenge");
            challenge.wheel.map(|wheel| wheel.name)
        };
        let first = take("ada", 1, Over::Oneself).await.expect("nobody held it");
        assert_eq!((first.turn, first.before), (1, None), "{}", bench.name);
        let second = take("root", 2, Over::Anybody).await.expect("taken over");
        assert_eq!((second.turn, second.before), (2, None), "it was never hers");
        assert_eq!(confirm(1, None).await, Confirmed::Overtaken, "a late word of the agent's");
        assert_eq!(confirm(2, None).await, Confirmed::Given);
        let third = take("eve", 3, Over::Anybody).await.expect("taken over");
        assert_eq!(third.before.as_ref().map(|wheel| wheel.name.as_str()), Some("root"));
        bench.store.return_wheel(id, Uuid::from_u128(1), None).await.expect("returned");
        assert_eq!(holder().await, Some("eve".into()), "a stale page takes nothing back");
        bench.store.return_wheel(id, Uuid::from_u128(3), third.before).await.expect("returned");
        assert_eq!(holder().await, Some("root".into()));
        let last = take("eve", 4, Over::Anybody).await.expect("taken over");
        assert_eq!((last.turn, last.before.map(|wheel| wheel.name)), (5, Some("root".into())), "it was given to root");
        assert!(bench.store.hand_back(id, Uuid::from_u128(4), HandsBack::Unanswered, at).await.expect("an answer"));
        assert_eq!(confirm(4, None).await, Confirmed::Closed, "what it was asked for is over");
        let entries = bench.store.audit_entries(AuditFilter::default(), None, 100).await.expect("a trail");
        let taken = entries.iter().filter(|entry| entry.entry.action == Action::RunTaken.as_str()).count();
        assert_eq!(taken, 1, "{}: what the agent gave, and no other", bench.name);
    }
}

/// What the trail says of how wheels came back.
async fn came_back(bench: &Bench) -> Vec<String> {
    let entries = bench.store.audit_entries(AuditFilter::default(), None, 100).await.expect("a trail");
    let how = entries.into_iter().filter(|entry| entry.entry.action == Action::RunHandedBack.as_str());
    how.map(|entry| entry.entry.detail).collect()
}

#[tokio::test]
async fn a_wheel_that_ends_with_its_challenge_stands_in_the_trail_with_the_reason() {
    for bench in benches().await {
        let reasons = [
            "agentGone",
            "agentGone anew",
            "agentGone for good",
            "answeredElsewhere",
            "expired",
            "expired late",
            "runCancelled",
            "sessionEnded",
            "sessionEnded badly",
            "askedAnew",
        ];
        for reason in reasons {
            let (connection, run) = bench.activating().await;
            let (id, at) = (asked(&bench, run).await, now());
            let told = came_back(&bench).await.len();
            bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("nobody held it");
            let given = bench.store.confirm_wheel(id, Uuid::from_u128(1), None, at).await.expect("an answer");
            assert_eq!(given, Confirmed::Given);
            let late = at + SignedDuration::from_hours(1);
            let (store, organization) = (&bench.store, bench.organization);
            let other = || challenge(Question { attempts_left: 2, ..question() });
            match reason {
                "agentGone" => store.close_challenge_of_silent(run, at).await.expect("closed"),
                "agentGone anew" => drop(bench.grant(run, 2).await.expect("granted")),
                "agentGone for good" => store.abandon(run, FailureCode::AgentGone, at).await.expect("given up"),
                "answeredElsewhere" => {
                    store.settle_challenge(run, proof(1), id, Verdict::Accepted, at).await.expect("settled");
                }
                "askedAnew" => drop(store.open_challenge(run, proof(1), other(), at).await.expect("asked")),
                "expired" => assert_eq!(store.expire_challenges(late).await.expect("swept"), 1),
                "expired late" => {
                    let late =
                        store.answer_challenge(organization, connection, id, vec![1], AnswerSource::Person, late);
                    assert!(late.await.is_err(), "{}", bench.name);
                }
                "sessionEnded badly" => {
                    bench.fail(run, 1, FailureCode::ScriptParse, AfterFailure::End).await.expect("failed");
                }
                "runCancelled" => drop(store.revoke_connection(organization, connection, at).await.expect("revoked")),
                _ => store.release(run, proof(1), at).await.expect("released"),
            }
            let how = came_back(&bench).await;
            assert_eq!(how.len(), told + 1, "{}, {reason}: {how:?}", bench.name);
            let word = reason.split(' ').next().expect("a word");
            let told =
                how.iter().any(|how| how.contains(word) && how.contains(&id.to_string()) && how.contains("\"ada\""));
            assert!(told, "{}, {reason}: {how:?}", bench.name);
        }
    }
}

#[tokio::test]
async fn the_trail_names_nobody_as_holder_whom_the_agent_had_not_answered() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("nobody held it");
        bench.store.confirm_wheel(id, Uuid::from_u128(1), None, at).await.expect("an answer");
        bench.store.take_wheel(id, wheel("root", 2, at), Over::Anybody, at).await.expect("taken over");
        bench.store.close_challenge_of_silent(run, at).await.expect("closed");
        let how = came_back(&bench).await;
        assert!(how.len() == 1 && !how[0].contains("root"), "{}: {how:?}", bench.name);
    }
}

#[tokio::test]
async fn pages_are_told_who_takes_a_wheel_and_that_it_is_back() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        let pending = async || bench.store.pending_challenges(&Reach::All).await.expect("a list");
        let before = pending().await;
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("nobody held it");
        assert_ne!(pending().await, before, "{}", bench.name);
        bench.store.return_wheel(id, Uuid::from_u128(1), None).await.expect("returned");
        assert_eq!(pending().await, before, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_wheel_of_a_connection_that_is_paused_ends_with_its_run() {
    for bench in benches().await {
        let (connection, run, at) = (bench.active().await, RunId(Uuid::now_v7()), now());
        bench.store.request_sync(bench.organization, connection, run, at).await.expect("a run");
        bench.grant(run, 2).await.expect("granted");
        let id = bench.store.open_challenge(run, proof(2), challenge(question()), at).await.expect("asked").id;
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("nobody held it");
        bench.store.confirm_wheel(id, Uuid::from_u128(1), None, at).await.expect("an answer");
        bench.store.pause_connection(bench.organization, connection, at).await.expect("paused");
        let how = came_back(&bench).await;
        assert!(how.len() == 1 && how[0].contains("runCancelled"), "{}: {how:?}", bench.name);
    }
}

#[tokio::test]
async fn a_wheel_whose_holder_is_not_heard_of_comes_back_with_the_answer_of_another() {
    for bench in benches().await {
        let (connection, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let at = now();
        let id = bench.store.open_challenge(run, proof(1), challenge(code()), at).await.expect("asked").id;
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("nobody held it");
        bench.store.confirm_wheel(id, Uuid::from_u128(1), None, at).await.expect("an answer");
        let later = at + SignedDuration::from_mins(2);
        let answered =
            bench.store.answer_challenge(bench.organization, connection, id, vec![1], AnswerSource::Person, later);
        answered.await.expect("answered");
        let how = came_back(&bench).await;
        assert!(how.len() == 1 && how[0].contains("silence") && how[0].contains("ada"), "{}: {how:?}", bench.name);
    }
}

#[tokio::test]
async fn a_wheel_that_nobody_was_given_does_not_come_back() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let (id, at) = (asked(&bench, run).await, now());
        bench.store.take_wheel(id, wheel("ada", 1, at), Over::Oneself, at).await.expect("nobody held it");
        bench.store.close_challenge_of_silent(run, at).await.expect("closed");
        assert_eq!(came_back(&bench).await, Vec::<String>::new(), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_run_is_held_by_its_agent_under_its_fence_alone() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        let holds = async |proof| bench.store.holds(run, proof).await.expect("an answer");
        assert!(!holds(proof(1)).await, "{}: nobody has it yet", bench.name);
        bench.grant(run, 1).await.expect("granted");
        assert!(holds(proof(1)).await);
        assert!(!holds(proof(2)).await && !holds(Proof { agent_id: AgentId(Uuid::now_v7()), ..proof(1) }).await);
        bench.store.refence(run, proof(1), Fence { generation: 1, counter: 2 }).await.expect("another fence");
        assert!(holds(proof(2)).await && !holds(proof(1)).await);
    }
}

#[tokio::test]
async fn a_new_fence_shuts_out_the_one_before_and_is_taken_twice_without_harm() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let next = Fence { generation: 1, counter: 2 };
        bench.store.refence(run, proof(1), next).await.expect("another fence");
        bench.store.refence(run, proof(1), next).await.expect("the same again, after an answer that was lost");
        let stale = bench.declare(run, 1, Effect::Password).await;
        assert!(matches!(stale, Err(Refused::LeaseLost)), "{}: {stale:?}", bench.name);
        bench.declare(run, 2, Effect::Password).await.expect("under the new one");
        let older = bench.store.refence(run, proof(2), Fence { generation: 1, counter: 1 }).await;
        assert!(matches!(older, Err(Refused::LeaseLost)), "a fence only grows");
        let strangers = Proof { agent_id: AgentId(Uuid::now_v7()), ..proof(2) };
        let foreign = bench.store.refence(run, strangers, Fence { generation: 1, counter: 3 }).await;
        assert!(matches!(foreign, Err(Refused::LeaseLost)));
    }
}
