//! Connections, their runs and what happens to both.
//!
//! Not here: the stream of changes, webhooks and keys; those have files of their own.

use domain::challenge::{AnswerSource, Question};

use super::*;

#[tokio::test]
async fn a_stale_fence_cannot_complete_fail_or_declare() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        assert!(bench.grant(run, 1).await.is_some(), "{}", bench.name);
        assert!(bench.grant(run, 2).await.is_some());
        assert!(bench.grant(run, 2).await.is_none(), "the same fence isn't granted twice");
        assert!(bench.grant(run, 1).await.is_none(), "nor an older one");
        let records = [account(vec![transaction("coffee")])];
        let stale = bench.store.complete(run, proof(1), handed_in(&records), now()).await;
        assert!(matches!(stale, Err(Refused::LeaseLost)), "{stale:?}");
        let stale = bench.fail(run, 1, FailureCode::PortalUnavailable, AfterFailure::End).await;
        assert!(matches!(stale, Err(Refused::LeaseLost)), "{stale:?}");
        assert!(matches!(bench.declare(run, 1, Effect::Password).await, Err(Refused::LeaseLost)));
        assert_eq!(bench.status(id).await, ConnectionStatus::PendingActivation);
        assert_eq!(bench.transactions().await, 0, "nothing of a stale holder is stored");
    }
}

#[tokio::test]
async fn a_fence_in_another_agents_hand_is_good_for_nothing() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let strangers = Proof { agent_id: AgentId(Uuid::now_v7()), ..proof(1) };
        let declared =
            bench.store.declare_intent(run, strangers, IntentId(Uuid::now_v7()), Effect::Password, None, now()).await;
        assert!(matches!(declared, Err(Refused::LeaseLost)), "{}: {declared:?}", bench.name);
    }
}

#[tokio::test]
async fn completing_twice_is_completing_once() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let records = [account(vec![transaction("coffee"), transaction("coffee")])];
        let first = bench.store.complete(run, proof(1), handed_in(&records), now()).await.expect("completed");
        assert_eq!(first, Some(Completed { added: 2, read: 2, ..Completed::default() }), "two equal coffees are two");
        let again = bench.store.complete(run, proof(1), handed_in(&records), now()).await.expect("no error");
        assert_eq!(again, None, "it was told before");
        assert_eq!((bench.transactions().await, bench.status(id).await), (2, ConnectionStatus::Active));

        let second = RunId(Uuid::now_v7());
        bench.store.request_sync(bench.organization, id, second, now()).await.expect("a run");
        bench.grant(second, 2).await;
        let more = [account(vec![transaction("tea"), transaction("coffee"), transaction("coffee")])];
        let added = bench.store.complete(second, proof(2), handed_in(&more), now()).await.expect("completed");
        assert_eq!(added, Some(Completed { added: 1, read: 3, held: 2, ..Completed::default() }));
    }
}

#[tokio::test]
async fn a_run_that_was_put_off_is_tried_again_and_its_failure_shows() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let then = AfterFailure::TryAgain { not_before: now() };
        let later = AfterFailure::TryAgain { not_before: now() + SignedDuration::from_hours(1) };
        let fail = || bench.fail(run, 1, FailureCode::PortalUnavailable, then);
        assert_eq!(fail().await.expect("put off"), Told::Now);
        assert_eq!(fail().await.expect("again, after a lost answer"), Told::Before);
        let events = PageRequest { after: None, limit: 100 };
        let events = bench.store.connection_events(bench.organization, id, events).await.expect("events");
        assert_eq!(events.iter().filter(|event| event.cause == "runPutOff").count(), 1, "{}", bench.name);
        let connection = bench.store.connection(bench.organization, id).await.expect("a connection");
        let open = connection.run.expect("an open run");
        assert_eq!(open.failure.map(|failure| failure.code), Some(FailureCode::PortalUnavailable));
        assert!(matches!(bench.declare(run, 1, Effect::Password).await, Err(Refused::LeaseLost)));
        assert_eq!(bench.grant(run, 2).await.map(|granted| granted.attempt), Some(2));
        bench.fail(run, 2, FailureCode::PortalRatelimited, later).await.expect("put off");
        let early = bench.store.grant(run, proof(3), PrivateKey::generate().public(), now()).await;
        assert!(matches!(early, Ok(Grant::NotDue(due)) if due > now()), "{early:?}");
    }
}

#[tokio::test]
async fn a_refused_password_is_frozen_until_another_is_given() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        bench.declare(run, 1, Effect::Password).await.expect("the first is free");
        bench.settle(run, 1, EffectOutcome::Happened).await;
        bench.fail(run, 1, FailureCode::CredentialsInvalid, AfterFailure::End).await.expect("failed");
        assert_eq!(bench.status(id).await, ConnectionStatus::Draft);
        let again = bench.store.complete_setup(bench.organization, id, RunId(Uuid::now_v7()), now()).await;
        assert!(matches!(again, Err(Refused::BudgetSpent)), "{again:?}");
        assert_eq!(bench.status(id).await, ConnectionStatus::Draft, "nothing of a refused change is kept");
        let give = async |given| {
            let old = bench.store.credentials(bench.organization, id).await.expect("an answer");
            let run = RunId(Uuid::now_v7());
            bench.store.give_credentials(bench.organization, id, old.as_deref(), given, run, now()).await
        };
        assert!(
            matches!(give(GivenCredentials::Same { fingerprints: None }).await, Err(Refused::BudgetSpent)),
            "the same is as wrong"
        );
        give(GivenCredentials::New { sealed: vec![2], fingerprints: None }).await.expect("kept");
        let stale = bench.store.give_credentials(
            bench.organization,
            id,
            Some(&[1]),
            GivenCredentials::New { sealed: vec![3], fingerprints: None },
            RunId(Uuid::now_v7()),
            now(),
        );
        assert!(matches!(stale.await, Err(Refused::Changed)), "somebody else was first");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(bench.organization, id, run, now()).await.expect("a run");
        bench.grant(run, 2).await;
        bench.fail(run, 2, FailureCode::Locked, AfterFailure::End).await.expect("failed");
        let again = bench.store.complete_setup(bench.organization, id, RunId(Uuid::now_v7()), now()).await;
        assert!(matches!(again, Err(Refused::BudgetSpent)), "a lock is never met by another try: {again:?}");
        give(GivenCredentials::Same { fingerprints: None }).await.expect("a person says that it was lifted");
        bench.store.complete_setup(bench.organization, id, RunId(Uuid::now_v7()), now()).await.expect("a run");
    }
}

#[tokio::test]
async fn an_effect_that_a_dead_run_left_open_is_looked_at_by_the_next() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        bench.declare(run, 1, Effect::Password).await.expect("declared");
        bench.store.abandon(run, FailureCode::AgentsGone, now()).await.expect("abandoned");
        let next = RunId(Uuid::now_v7());
        bench.store.complete_setup(bench.organization, id, next, now()).await.expect("a run");
        let granted = bench.grant(next, 2).await.expect("granted");
        assert_eq!(granted.open_intents.len(), 1, "{}", bench.name);
        assert!(matches!(bench.declare(next, 2, Effect::Password).await, Err(Refused::IntentOpen)));
        bench.settle(next, 2, EffectOutcome::Absent).await;
        bench.declare(next, 2, Effect::Password).await.expect("after a look");
    }
}

#[tokio::test]
async fn giving_a_lease_back_twice_is_giving_it_back_once() {
    for bench in benches().await {
        let (_, run) = bench.activating().await;
        bench.grant(run, 1).await;
        for _ in 0..2 {
            bench.store.release(run, proof(1), now()).await.expect("released");
        }
        assert_eq!(bench.grant(run, 2).await.map(|granted| granted.attempt), Some(1), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_revoked_connection_makes_way_for_another() {
    for bench in benches().await {
        let page = PageRequest { after: None, limit: 1 };
        let entities = bench.store.entities(bench.organization, None, page).await.expect("entities");
        let new = || NewConnection { anchor: "institution:harbour".into(), ..bench.new_connection(entities[0].id) };
        let first = bench.store.create_or_return_connection(new(), now()).await.expect("made");
        let CreatedOrReturned::Created(first) = first else { unreachable!("nothing was there") };
        bench.store.revoke_connection(bench.organization, first.id, now()).await.expect("revoked");
        let second = bench.store.create_or_return_connection(new(), now()).await.expect("made");
        assert!(matches!(&second, CreatedOrReturned::Created(second) if second.id != first.id), "{}", bench.name);
        let third = bench.store.create_or_return_connection(new(), now()).await.expect("returned");
        assert!(matches!(third, CreatedOrReturned::Returned(_)));
    }
}

#[tokio::test]
async fn completing_and_revoking_at_once_never_wait_for_each_other() {
    for bench in benches().await {
        for _ in 0..8 {
            let (id, run) = bench.activating().await;
            bench.grant(run, 1).await;
            let records = [account(vec![transaction("coffee")])];
            let (completed, revoked) = tokio::join!(
                bench.store.complete(run, proof(1), handed_in(&records), now()),
                bench.store.revoke_connection(bench.organization, id, now()),
            );
            assert!(matches!(completed, Ok(_) | Err(Refused::LeaseLost)), "{}: {completed:?}", bench.name);
            revoked.expect("revoked");
            assert_eq!(bench.status(id).await, ConnectionStatus::Revoked);
        }
    }
}

#[tokio::test]
async fn passwords_that_the_bank_never_answered_are_counted() {
    for bench in benches().await {
        let (id, mut run) = bench.activating().await;
        let mut counter = 0;
        // Whoever gives the same again has looked at the bank.
        for given in [
            GivenCredentials::New { sealed: vec![2], fingerprints: None },
            GivenCredentials::Same { fingerprints: None },
        ] {
            for doubt in 0..DOUBTS_ALLOWED {
                counter += 1;
                let granted = bench.grant(run, counter).await.expect("granted");
                if doubt > 0 {
                    assert_eq!(granted.open_intents.len(), 1, "what the last holder declared is handed on");
                    assert!(matches!(bench.declare(run, counter, Effect::Password).await, Err(Refused::IntentOpen)));
                    bench.settle(run, counter, EffectOutcome::Absent).await;
                }
                let intent = bench.declare(run, counter, Effect::Password).await.expect("within the budget");
                let again = bench.declare(run, counter, Effect::Password).await.expect("the same call again");
                assert_eq!(intent, again, "one intent");
            }
            counter += 1;
            bench.grant(run, counter).await;
            bench.settle(run, counter, EffectOutcome::Absent).await;
            let spent = bench.declare(run, counter, Effect::Password).await;
            assert!(matches!(spent, Err(Refused::DoubtSpent)), "{}", bench.name);
            bench.fail(run, counter, FailureCode::Locked, AfterFailure::End).await.expect("failed");
            let old = bench.store.credentials(bench.organization, id).await.expect("an answer");
            let other = RunId(Uuid::now_v7());
            let gave = bench.store.give_credentials(bench.organization, id, old.as_deref(), given, other, now());
            gave.await.expect("kept");
            run = RunId(Uuid::now_v7());
            bench.store.complete_setup(bench.organization, id, run, now()).await.expect("a run");
        }
        bench.grant(run, counter + 1).await;
        bench.declare(run, counter + 1, Effect::Password).await.expect("what was given again begins anew");
    }
}

#[tokio::test]
async fn a_challenge_is_asked_once_answered_once_and_forgets_its_answer() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let question = Question {
            kind: domain::challenge::ChallengeKind::OneTimeCode,
            medium: None,
            masked_target: None,
            prompt: "A code, please.".into(),
            institution_message: None,
            attempts_left: 3,
            resends_left: 0,
            answer_parts: None,
            terms: None,
        };
        let new = || challenge(question.clone());
        let asked = bench.store.open_challenge(run, proof(1), new(), now()).await.expect("asked");
        let again = bench.store.open_challenge(run, proof(1), new(), now()).await.expect("asked again");
        assert_eq!(asked.id, again.id, "the same call again is the same challenge");
        let answer = async |sealed: Vec<u8>| {
            bench.store.answer_challenge(bench.organization, id, asked.id, sealed, AnswerSource::Person, now()).await
        };
        answer(vec![7]).await.expect("answered");
        assert!(matches!(answer(vec![8]).await, Err(Refused::IllegalChallengeEvent(_))));
        let (_, kept, _) = bench.store.challenge_of_run(run, proof(1), asked.id).await.expect("read");
        assert_eq!(kept, Some(vec![7]));
        for _ in 0..2 {
            let settled = bench.store.settle_challenge(run, proof(1), asked.id, Verdict::Accepted, now()).await;
            settled.expect("settled, and again after a lost answer");
        }
        let (_, kept, _) = bench.store.challenge_of_run(run, proof(1), asked.id).await.expect("read");
        assert_eq!(kept, None, "{}", bench.name);

        let short = NewChallenge { expires_at: now(), ..new() };
        let over = bench.store.open_challenge(run, proof(1), short, now()).await.expect("asked");
        let late =
            bench.store.answer_challenge(bench.organization, id, over.id, vec![9], AnswerSource::Person, now()).await;
        assert!(matches!(late, Err(Refused::IllegalChallengeEvent(_))), "its time is over: {late:?}");

        let open = bench.store.open_challenge(run, proof(1), new(), now()).await.expect("asked");
        bench.grant(run, 2).await;
        let late =
            bench.store.answer_challenge(bench.organization, id, open.id, vec![9], AnswerSource::Person, now()).await;
        assert!(matches!(late, Err(Refused::IllegalChallengeEvent(_))), "its session is gone: {late:?}");
    }
}

#[tokio::test]
async fn an_event_and_its_deliveries_are_there_exactly_when_the_change_is() {
    for bench in benches().await {
        bench.webhook(&["connection.status_changed"]).await;
        let (id, run) = bench.activating().await;
        let claim = async || bench.claim_due(10).await;
        let claimed = claim().await;
        assert_eq!(claimed.len(), 1, "{}", bench.name);
        assert_eq!(claimed[0].data["status"], "pendingActivation");
        assert!(claim().await.is_empty(), "one worker alone has it");
        let at = now();
        let refusal = Refusal { status: Some(503), error: "busy".into(), quiet_until: at };
        bench.settle_as(&claimed[0], DeliveryOutcome::TryAgain { at, refusal }).await;
        let again = claim().await;
        assert_eq!((again.len(), again[0].attempt, again[0].event_id), (1, 2, claimed[0].event_id));
        bench.settle_as(&claimed[0], DeliveryOutcome::Delivered { status: 200 }).await;
        assert!(bench.store.oldest_pending().await.expect("an answer").is_some(), "a late answer settles nothing");
        bench.settle_as(&again[0], DeliveryOutcome::Delivered { status: 200 }).await;
        assert_eq!(bench.store.oldest_pending().await.expect("an answer"), None);

        let twice = bench.store.complete_setup(bench.organization, id, run, now()).await;
        assert!(matches!(twice, Err(Refused::IllegalEvent(_))), "{twice:?}");
        assert!(claim().await.is_empty(), "a change that wasn't made isn't told");
    }
}

#[tokio::test]
async fn revoking_ends_the_run_and_forgets_the_credentials() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        let ended = bench.store.revoke_connection(bench.organization, id, now()).await.expect("revoked");
        assert_eq!(ended, Some(run));
        let late = bench.store.complete(run, proof(1), handed_in(&[account(Vec::new())]), now()).await;
        assert!(matches!(late, Err(Refused::LeaseLost)), "{late:?}");
        let state = bench.store.connection(bench.organization, id).await.expect("a connection").state;
        assert_eq!(state, ConnectionState::Revoked { failure: None }, "{}", bench.name);
        assert_eq!(bench.store.credentials(bench.organization, id).await.expect("an answer"), None);
        assert!(bench.store.open_runs(None, 10).await.expect("runs").is_empty());
    }
}

#[tokio::test]
async fn only_one_of_two_advances_a_generation() {
    for bench in benches().await {
        let seen = bench.store.generation().await.expect("a generation");
        let (one, two) = tokio::join!(bench.store.advance_generation(seen), bench.store.advance_generation(seen));
        assert_eq!((one.expect("advanced"), two.expect("read")), (seen + 1, seen + 1), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_connection_that_fails_is_told_of_with_what_follows_from_it() {
    for bench in benches().await {
        bench.webhook(&["connection.status_changed"]).await;
        let id = bench.active().await;
        let (unreadable, refused) = (RunId(Uuid::now_v7()), RunId(Uuid::now_v7()));
        bench.store.request_sync(bench.organization, id, unreadable, now()).await.expect("a run");
        bench.grant(unreadable, 2).await;
        bench.fail(unreadable, 2, FailureCode::ScriptParse, AfterFailure::End).await.expect("failed");
        let connection = bench.store.connection(bench.organization, id).await.expect("a connection");
        assert_eq!(connection.state.status(), ConnectionStatus::Active, "{}: it is degraded", bench.name);
        assert_eq!(connection.last_failure.map(|failure| failure.code), Some(FailureCode::ScriptParse));

        bench.store.request_sync(bench.organization, id, refused, now()).await.expect("a run");
        bench.grant(refused, 3).await;
        bench.fail(refused, 3, FailureCode::Locked, AfterFailure::End).await.expect("failed");
        let told = bench.claim_due(10).await;
        let told: Vec<_> = told.iter().map(|delivery| &delivery.data).collect();
        assert_eq!(told.len(), 3, "{}: it was set up, activated and locked", bench.name);
        assert!(told[1]["failure"].is_null() && told[1]["errorCode"].is_null(), "{}", told[1]);
        assert_eq!(told[2]["errorCode"], "auth.locked");
        let axes = ["code", "fault", "action", "retry", "stage"].map(|axis| &told[2]["failure"][axis]);
        assert_eq!(axes, ["auth.locked", "bank", "contactBank", "never", "login"]);
    }
}
