//! One user of a bank, two connections: what one was refused the other doesn't try.
//!
//! Not here: a connection by itself; `runs.rs` has that.

use super::*;

/// Someone's login and password.
const OURS: Fingerprints = Fingerprints { login: [1; 32], whole: [2; 32] };
/// The same login with another password.
const OTHER_PASSWORD: Fingerprints = Fingerprints { login: [1; 32], whole: [3; 32] };

impl Bench {
    async fn give(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        given: GivenCredentials,
    ) -> Result<(), Refused> {
        let old = self.store.credentials(organization, id).await.expect("an answer");
        let run = RunId(Uuid::now_v7());
        self.store.give_credentials(organization, id, old.as_deref(), given, run, now()).await.map(|_| ())
    }

    /// A connection of another organization with those credentials, whose activation was granted.
    async fn signing_in(&self, fingerprints: Fingerprints) -> (OrganizationId, ConnectionId, RunId) {
        let organization = add_organization(&*self.store, &Uuid::now_v7().to_string()).await;
        let page = PageRequest { after: None, limit: 1 };
        let entities = self.store.entities(organization, None, page).await.expect("entities");
        let new = NewConnection { organization_id: organization, ..self.new_connection(entities[0].id) };
        let (id, run) = (new.id, RunId(Uuid::now_v7()));
        self.store.create_or_return_connection(new, now()).await.expect("a connection");
        self.give(organization, id, with(fingerprints)).await.expect("kept");
        self.store.complete_setup(organization, id, run, now()).await.expect("a run");
        let granted = self.grant(run, 1).await.expect("granted");
        assert_eq!(granted.fingerprints, Some(fingerprints));
        (organization, id, run)
    }

    /// Submits the password of a run, and hears that from the bank.
    async fn sign_in(&self, run: RunId, code: FailureCode) {
        self.declare(run, 1, Effect::Password).await.expect("within the budget");
        self.settle(run, 1, EffectOutcome::Happened).await;
        self.fail(run, 1, code, AfterFailure::End).await.expect("failed");
    }
}

fn with(fingerprints: Fingerprints) -> GivenCredentials {
    GivenCredentials::New { sealed: Uuid::now_v7().as_bytes().to_vec(), fingerprints: Some(fingerprints) }
}

/// Those that [`OTHER_PASSWORD`] is of, given once more.
fn same() -> GivenCredentials {
    GivenCredentials::Same { fingerprints: Some(OTHER_PASSWORD) }
}

#[tokio::test]
async fn a_password_that_a_bank_refused_is_tried_for_no_other_connection() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (organization, id, second) = bench.signing_in(OURS).await;
        bench.sign_in(first, FailureCode::CredentialsInvalid).await;
        let declared = bench.declare(second, 1, Effect::Password).await;
        assert!(matches!(declared, Err(Refused::BudgetSpent)), "{}: {declared:?}", bench.name);
        bench.fail(second, 1, FailureCode::CredentialsInvalid, AfterFailure::End).await.expect("failed");

        let again = bench.give(organization, id, with(OURS)).await;
        assert!(matches!(again, Err(Refused::BudgetSpent)), "sealed anew it is as wrong: {again:?}");
        bench.give(organization, id, with(OTHER_PASSWORD)).await.expect("another password is another try");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(organization, id, run, now()).await.expect("a run");
        bench.grant(run, 2).await.expect("granted");
        bench.declare(run, 2, Effect::Password).await.expect("within the budget");
    }
}

#[tokio::test]
async fn a_lock_is_every_connections_until_somebody_says_that_it_was_lifted_there() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (organization, id, second) = bench.signing_in(OTHER_PASSWORD).await;
        let (_, _, third) = bench.signing_in(OURS).await;
        bench.sign_in(first, FailureCode::Locked).await;
        for run in [second, third] {
            let declared = bench.declare(run, 1, Effect::Password).await;
            assert!(matches!(declared, Err(Refused::DoubtSpent)), "{}: {declared:?}", bench.name);
        }
        // What an agent makes of that answer.
        bench.fail(second, 1, FailureCode::Locked, AfterFailure::End).await.expect("failed");
        bench.give(organization, id, same()).await.expect("a person says that it was lifted");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(organization, id, run, now()).await.expect("a run");
        bench.grant(run, 2).await.expect("granted");
        bench.declare(run, 2, Effect::Password).await.expect("within the budget");
        bench.settle(run, 2, EffectOutcome::Happened).await;
        bench.store.complete(run, proof(2), handed_in(&[]), now()).await.expect("completed");
        let declared = bench.declare(third, 1, Effect::Password).await;
        assert!(matches!(declared, Err(Refused::DoubtSpent)), "nobody said so of this one: {declared:?}");
    }
}

#[tokio::test]
async fn a_run_that_submitted_nothing_says_nothing_of_the_password() {
    for bench in benches().await {
        let (organization, id, run) = bench.signing_in(OTHER_PASSWORD).await;
        bench.fail(run, 1, FailureCode::CredentialsInvalid, AfterFailure::End).await.expect("failed");
        let (_, _, other) = bench.signing_in(OTHER_PASSWORD).await;
        bench.declare(other, 1, Effect::Password).await.expect("no bank refused it");
        let again = bench.give(organization, id, same()).await;
        assert!(matches!(again, Err(Refused::BudgetSpent)), "of the connection itself it counts: {again:?}");
    }
}

#[tokio::test]
async fn what_a_bank_refuses_is_what_the_run_was_given_and_not_what_was_given_meanwhile() {
    for bench in benches().await {
        let (organization, id, activation) = bench.signing_in(OURS).await;
        bench.store.complete(activation, proof(1), handed_in(&[]), now()).await.expect("completed");
        let run = RunId(Uuid::now_v7());
        bench.store.request_sync(organization, id, run, now()).await.expect("a run");
        bench.grant(run, 2).await.expect("granted");
        bench.give(organization, id, with(OTHER_PASSWORD)).await.expect("kept");
        bench.declare(run, 2, Effect::Password).await.expect("within the budget");
        bench.settle(run, 2, EffectOutcome::Happened).await;
        bench.fail(run, 2, FailureCode::CredentialsInvalid, AfterFailure::End).await.expect("failed");
        bench.give(organization, id, same()).await.expect("the newer ones were never tried");
        let old = bench.give(organization, id, with(OURS)).await;
        assert!(matches!(old, Err(Refused::BudgetSpent)), "{}: {old:?}", bench.name);
    }
}

#[tokio::test]
async fn fingerprints_of_credentials_that_were_replaced_without_them_count_for_nothing() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (organization, id, second) = bench.signing_in(OURS).await;
        bench.sign_in(first, FailureCode::CredentialsInvalid).await;
        // As an older coordinator leaves it, which knows no fingerprints.
        let given = GivenCredentials::New { sealed: vec![7], fingerprints: None };
        bench.fail(second, 1, FailureCode::PortalUnavailable, AfterFailure::End).await.expect("failed");
        bench.give(organization, id, given).await.expect("kept");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(organization, id, run, now()).await.expect("a run");
        assert_eq!(bench.grant(run, 2).await.expect("granted").fingerprints, None);
        bench.store.note_fingerprints(run, id, &[7], OTHER_PASSWORD).await.expect("kept");
        bench.declare(run, 2, Effect::Password).await.expect("another password is another try");
    }
}

#[tokio::test]
async fn one_user_of_a_bank_signs_in_for_one_connection_at_a_time() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (_, _, second) = bench.signing_in(OTHER_PASSWORD).await;
        let both = tokio::join!(bench.declare(first, 1, Effect::Password), bench.declare(second, 1, Effect::Password));
        let (winner, loser) = match both {
            (Ok(_), Err(Refused::LoginInUse)) => (first, second),
            (Err(Refused::LoginInUse), Ok(_)) => (second, first),
            both => unreachable!("{}: {both:?}", bench.name),
        };
        bench.settle(winner, 1, EffectOutcome::Happened).await;
        let declared = bench.declare(loser, 1, Effect::Password).await;
        assert!(matches!(declared, Err(Refused::LoginInUse)), "the session goes on: {declared:?}");
        bench.store.complete(winner, proof(1), handed_in(&[]), now()).await.expect("completed");
        bench.declare(loser, 1, Effect::Password).await.expect("its turn");
    }
}

#[tokio::test]
async fn a_run_is_handed_to_nobody_while_its_bank_user_is_signed_in_for_another_connection() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (_, _, second) = bench.signing_in(OURS).await;
        let (_, _, stranger) = bench.signing_in(Fingerprints { login: [9; 32], ..OURS }).await;
        bench.declare(first, 1, Effect::Password).await.expect("within the budget");
        bench.settle(first, 1, EffectOutcome::Happened).await;
        bench.store.release(second, proof(1), now()).await.expect("given back");
        let tried = bench.store.attempt(second).await.expect("counted");
        assert!(bench.grant(second, 2).await.is_none(), "{}: the session goes on", bench.name);
        assert_eq!(bench.store.attempt(second).await.expect("counted"), tried, "{}: it cost no attempt", bench.name);
        assert!(bench.grant(stranger, 2).await.is_some(), "{}: that is another user", bench.name);
        bench.store.refence(first, proof(1), proof(2).fence).await.expect("a wheel was handed back");
        assert!(bench.grant(second, 3).await.is_none(), "{}: that ended no session", bench.name);
        assert!(bench.grant(first, 3).await.is_some(), "{}: its own session keeps nobody from it", bench.name);
        bench.declare(first, 3, Effect::Password).await.expect("within the budget");
        assert!(bench.grant(second, 4).await.is_none(), "{}: a password is on its way", bench.name);
        assert!(bench.grant(first, 4).await.is_some(), "{}: it looks what became of it", bench.name);
        bench.settle(first, 4, EffectOutcome::Absent).await;
        assert!(bench.grant(second, 5).await.is_some(), "{}: the first has no session any more", bench.name);
    }
}

#[tokio::test]
async fn two_runs_that_both_have_a_password_on_its_way_keep_each_other_from_nothing() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (_, _, second) = bench.signing_in(Fingerprints { login: [9; 32], ..OURS }).await;
        for run in [first, second] {
            bench.declare(run, 1, Effect::Password).await.expect("within the budget");
        }
        // As where both turn out to be the same user's only now.
        let same = "UPDATE credentials SET login = (SELECT login FROM credentials ORDER BY connection_id LIMIT 1)";
        bench.runs(same).await.expect("done");
        for run in [first, second] {
            assert!(bench.grant(run, 2).await.is_some(), "{}: it looks what became of its own", bench.name);
        }
    }
}

#[tokio::test]
async fn a_run_that_was_put_off_keeps_no_other_connection_of_its_bank_user_waiting() {
    for bench in benches().await {
        let (_, _, first) = bench.signing_in(OURS).await;
        let (_, _, second) = bench.signing_in(OURS).await;
        bench.declare(first, 1, Effect::Password).await.expect("within the budget");
        bench.settle(first, 1, EffectOutcome::Happened).await;
        let later = AfterFailure::TryAgain { not_before: now() + SignedDuration::from_hours(1) };
        bench.fail(first, 1, FailureCode::PortalUnavailable, later).await.expect("put off");
        let declared = bench.declare(second, 1, Effect::Password).await;
        assert!(declared.is_ok(), "{}: its session has ended: {declared:?}", bench.name);
    }
}

#[tokio::test]
async fn passwords_that_no_bank_answered_count_together_until_a_person_has_looked() {
    for bench in benches().await {
        let mut runs = Vec::new();
        for _ in 0..DOUBTS_ALLOWED {
            runs.push(bench.signing_in(OURS).await.2);
        }
        let (organization, id, last) = bench.signing_in(OTHER_PASSWORD).await;
        for run in runs {
            bench.declare(run, 1, Effect::Password).await.expect("within the budget");
            bench.settle(run, 1, EffectOutcome::Absent).await;
            bench.fail(run, 1, FailureCode::PortalUnavailable, AfterFailure::End).await.expect("failed");
        }
        let declared = bench.declare(last, 1, Effect::Password).await;
        assert!(matches!(declared, Err(Refused::DoubtSpent)), "{}: {declared:?}", bench.name);
        bench.fail(last, 1, FailureCode::Locked, AfterFailure::End).await.expect("failed");
        bench.give(organization, id, same()).await.expect("somebody looked");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(organization, id, run, now()).await.expect("a run");
        bench.grant(run, 2).await.expect("granted");
        bench.declare(run, 2, Effect::Password).await.expect("doubts are counted from then on");
    }
}

#[tokio::test]
async fn what_was_refused_long_ago_is_forgotten_and_a_lock_is_not() {
    for bench in benches().await {
        let (organization, id, first) = bench.signing_in(OURS).await;
        bench.sign_in(first, FailureCode::CredentialsInvalid).await;
        let other = Fingerprints { login: [8; 32], whole: [9; 32] };
        let (_, _, locked) = bench.signing_in(other).await;
        let (_, _, waiting) = bench.signing_in(Fingerprints { whole: [7; 32], ..other }).await;
        bench.sign_in(locked, FailureCode::Locked).await;
        let pruned = bench.store.prune_lockouts(now() + SignedDuration::from_secs(1), 10).await.expect("pruned");
        assert_eq!(pruned, 2, "{}: what was refused, and a login that nobody locked", bench.name);
        bench.give(organization, id, with(OURS)).await.expect("it may have been made right since");
        let declared = bench.declare(waiting, 1, Effect::Password).await;
        assert!(matches!(declared, Err(Refused::DoubtSpent)), "still locked: {declared:?}");
    }
}
