//! A password that may or may not be the bank's: which one is tried, how often, and who else has it then.
//!
//! Not here: agents that die; the fleet's own tests have those.

use super::*;

/// The user with the password before, and with the one that is being set.
const OLD: Fingerprints = Fingerprints { login: [1; 32], whole: [2; 32] };
const NEW: Fingerprints = Fingerprints { login: [1; 32], whole: [3; 32] };
const OTHERS: Fingerprints = Fingerprints { login: [1; 32], whole: [4; 32] };

/// A connection in the middle of its first sign-in, with the old password.
struct Setting {
    bench: Bench,
    id: ConnectionId,
    run: RunId,
    /// The fence's counter that the run has now.
    counter: u32,
}

impl Setting {
    /// On both stores, each to where another password is about to be typed.
    async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for bench in benches().await {
            let id = bench.connection_of(OLD).await;
            let run = RunId(Uuid::now_v7());
            bench.store.complete_setup(bench.organization, id, run, now()).await.expect("a run");
            let mut setting = Self { bench, id, run, counter: 0 };
            setting.grant().await;
            setting.submit(EffectOutcome::Happened).await;
            setting.declare(&[setting.id]).await;
            all.push(setting);
        }
        all
    }

    /// The run goes to the next agent; the fingerprint of what it is given.
    async fn grant(&mut self) -> [u8; 32] {
        self.counter += 1;
        let granted = self.bench.grant(self.run, self.counter).await.expect("granted");
        granted.fingerprints.expect("they are known").whole
    }

    /// Submits the password that the run was given.
    async fn submit(&self, outcome: EffectOutcome) {
        let declared = self.bench.declare(self.run, self.counter, Effect::Password).await;
        declared.expect(self.bench.name);
        self.settle(outcome).await;
    }

    async fn declare(&self, ids: &[ConnectionId]) {
        let sealed = ids.iter().map(|id| (*id, b"new".to_vec())).collect();
        let candidate = NewCandidate { sealed, fingerprints: Some((NEW, OLD)), made_at: now() };
        let intent = IntentId(Uuid::now_v7());
        let effect = Effect::NewPassword;
        let declared = self
            .bench
            .store
            .declare_intent(self.run, proof(self.counter), intent, effect, Some(candidate), now())
            .await;
        assert_eq!(declared.expect("declared").candidate.as_deref(), Some(b"new".as_slice()));
    }

    async fn settle(&self, outcome: EffectOutcome) {
        self.bench.settle(self.run, self.counter, outcome).await;
    }

    /// The agent dies, and the next one looks at the portal.
    async fn taken_over(&mut self) -> [u8; 32] {
        let given = self.grant().await;
        self.settle(EffectOutcome::Absent).await;
        given
    }

    /// The bank refuses what the run was given.
    async fn refused(&self) -> Told {
        self.submit(EffectOutcome::Happened).await;
        let failed = self.bench.fail(self.run, self.counter, FailureCode::CredentialsInvalid, AfterFailure::End).await;
        failed.expect("told")
    }

    async fn completes(&self) {
        self.bench.store.complete(self.run, proof(self.counter), handed_in(&[]), now()).await.expect("completed");
    }

    async fn kept(&self) -> Vec<u8> {
        let kept = self.bench.store.credentials(self.bench.organization, self.id).await;
        kept.expect("an answer").expect("credentials")
    }
}

impl Bench {
    async fn connection_of(&self, fingerprints: Fingerprints) -> ConnectionId {
        self.connection_in(self.organization, fingerprints).await
    }

    async fn connection_in(&self, organization: OrganizationId, fingerprints: Fingerprints) -> ConnectionId {
        let page = PageRequest { after: None, limit: 1 };
        let entities = self.store.entities(organization, None, page).await.expect("entities");
        let mut new = NewConnection { organization_id: organization, ..self.new_connection(entities[0].id) };
        new.anchor = new.id.to_string();
        let id = new.id;
        self.store.create_or_return_connection(new, now()).await.expect("a connection");
        let given = GivenCredentials::New { sealed: b"old".to_vec(), fingerprints: Some(fingerprints) };
        let given = self.store.give_credentials(organization, id, None, given, RunId(Uuid::now_v7()), now()).await;
        given.expect("kept");
        id
    }
}

#[tokio::test]
async fn a_password_that_the_bank_took_is_the_one_from_then_on() {
    for mut setting in Setting::each().await {
        setting.settle(EffectOutcome::Accepted).await;
        assert_eq!(setting.kept().await, b"new");
        assert_eq!(setting.grant().await, NEW.whole, "also where its agent dies right after");
        setting.submit(EffectOutcome::Happened).await;
        setting.completes().await;
        assert_eq!(setting.kept().await, b"new");
    }
}

#[tokio::test]
async fn a_password_that_was_set_stays_when_a_wheel_is_handed_back_before_the_end() {
    for mut setting in Setting::each().await {
        setting.settle(EffectOutcome::Happened).await;
        let (before, after) = (proof(setting.counter), proof(setting.counter + 1));
        setting.bench.store.refence(setting.run, before, after.fence).await.expect("a wheel was handed back");
        setting.counter += 1;
        setting.completes().await;
        assert_eq!(setting.kept().await, b"new", "{}", setting.bench.name);
    }
}

#[tokio::test]
async fn a_password_whose_wheel_was_handed_back_on_its_way_is_settled_by_the_same_session() {
    for mut setting in Setting::each().await {
        let (before, after) = (proof(setting.counter), proof(setting.counter + 1));
        setting.bench.store.refence(setting.run, before, after.fence).await.expect("a wheel was handed back");
        setting.counter += 1;
        setting.settle(EffectOutcome::Happened).await;
        setting.completes().await;
        assert_eq!(setting.kept().await, b"new", "{}", setting.bench.name);
    }
}

#[tokio::test]
async fn a_password_that_the_bank_refused_is_forgotten() {
    for mut setting in Setting::each().await {
        setting.settle(EffectOutcome::Refused).await;
        assert_eq!(setting.kept().await, b"old");
        assert_eq!(setting.grant().await, OLD.whole);
    }
}

#[tokio::test]
async fn in_doubt_the_new_one_is_tried_and_what_signs_in_is_kept() {
    for mut setting in Setting::each().await {
        assert_eq!(setting.taken_over().await, NEW.whole, "{}", setting.bench.name);
        assert_eq!(setting.kept().await, b"old", "nobody knows yet");
        setting.submit(EffectOutcome::Happened).await;
        setting.completes().await;
        assert_eq!(setting.kept().await, b"new");
    }
}

#[tokio::test]
async fn a_refused_new_one_is_followed_by_the_old_one_and_never_tried_again() {
    for mut setting in Setting::each().await {
        setting.taken_over().await;
        assert_eq!(setting.refused().await, Told::TriedAgain, "{}", setting.bench.name);
        assert_eq!(setting.grant().await, OLD.whole);
        setting.bench.declare(setting.run, setting.counter, Effect::Password).await.expect("within the budget");
        assert_eq!(setting.taken_over().await, OLD.whole, "also where nobody heard the end of it");
        setting.submit(EffectOutcome::Happened).await;
        setting.completes().await;
        assert_eq!(setting.kept().await, b"old");
    }
}

#[tokio::test]
async fn when_both_are_refused_the_connection_waits_for_other_credentials() {
    for mut setting in Setting::each().await {
        setting.taken_over().await;
        assert_eq!(setting.refused().await, Told::TriedAgain);
        setting.grant().await;
        assert_eq!(setting.refused().await, Told::Now, "{}", setting.bench.name);
        assert!(setting.bench.grant(setting.run, setting.counter + 1).await.is_none(), "the run has ended");
        let run = RunId(Uuid::now_v7());
        let again = setting.bench.store.complete_setup(setting.bench.organization, setting.id, run, now()).await;
        assert!(matches!(again, Err(Refused::BudgetSpent)), "{again:?}");
    }
}

#[tokio::test]
async fn a_page_that_was_seen_unsubmitted_makes_the_old_one_likelier() {
    for mut setting in Setting::each().await {
        setting.settle(EffectOutcome::Absent).await;
        assert_eq!(setting.grant().await, OLD.whole);
        assert_eq!(setting.refused().await, Told::TriedAgain, "it was taken all the same");
        assert_eq!(setting.grant().await, NEW.whole);
        setting.submit(EffectOutcome::Happened).await;
        setting.completes().await;
        assert_eq!(setting.kept().await, b"new");
    }
}

#[tokio::test]
async fn a_try_that_nobody_heard_the_end_of_is_followed_by_the_other_one() {
    for mut setting in Setting::each().await {
        assert_eq!(setting.taken_over().await, NEW.whole);
        setting.bench.declare(setting.run, setting.counter, Effect::Password).await.expect("within the budget");
        assert_eq!(setting.taken_over().await, OLD.whole, "{}", setting.bench.name);
    }
}

#[tokio::test]
async fn another_thing_of_a_first_sign_in_says_that_the_password_was_right() {
    for mut setting in Setting::each().await {
        setting.taken_over().await;
        setting.submit(EffectOutcome::Happened).await;
        let candidate =
            NewCandidate { sealed: vec![(setting.id, b"secret".to_vec())], fingerprints: None, made_at: now() };
        let (intent, effect) = (IntentId(Uuid::now_v7()), Effect::Enrol);
        let (run, proof) = (setting.run, proof(setting.counter));
        let declared = setting.bench.store.declare_intent(run, proof, intent, effect, Some(candidate), now()).await;
        declared.expect("declared");
        assert_eq!(setting.kept().await, b"new");
        assert_eq!(
            setting.bench.store.authenticator(setting.id).await.expect("an answer").as_deref(),
            Some(&b"secret"[..])
        );
    }
}

#[tokio::test]
async fn other_credentials_that_are_given_win() {
    for mut setting in Setting::each().await {
        let code = FailureCode::PortalActionProfile;
        setting.bench.fail(setting.run, setting.counter, code, AfterFailure::End).await.expect("told");
        let Setting { bench, id, .. } = &setting;
        let given = GivenCredentials::New { sealed: b"given".to_vec(), fingerprints: Some(OTHERS) };
        let old = Some(b"old".as_slice());
        let given = bench.store.give_credentials(bench.organization, *id, old, given, RunId(Uuid::now_v7()), now());
        given.await.expect("kept");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(bench.organization, *id, run, now()).await.expect("a run");
        setting.run = run;
        assert_eq!(setting.grant().await, OTHERS.whole);
        assert_eq!(setting.kept().await, b"given");
    }
}

#[tokio::test]
async fn connections_of_the_same_user_get_the_password_and_those_of_strangers_stop_before_the_bank() {
    for setting in Setting::each().await {
        let bench = &setting.bench;
        // The one that was declared is dropped, as the agent found the page unsubmitted.
        setting.settle(EffectOutcome::Refused).await;
        let sibling = bench.connection_of(OLD).await;
        let stranger = add_organization(&*bench.store, &Uuid::now_v7().to_string()).await;
        let strangers = bench.connection_in(stranger, OLD).await;
        let found = bench.store.setting(setting.run, proof(setting.counter)).await.expect("held");
        assert_eq!(found.siblings, [sibling], "{}", bench.name);
        setting.declare(&[setting.id, sibling]).await;
        setting.settle(EffectOutcome::Accepted).await;
        setting.completes().await;
        let kept = bench.store.credentials(bench.organization, sibling).await.expect("an answer");
        assert_eq!(kept.as_deref(), Some(b"new".as_slice()));

        let run = RunId(Uuid::now_v7());
        let setup = bench.store.complete_setup(stranger, strangers, run, now()).await;
        assert!(matches!(setup, Err(Refused::BudgetSpent)), "{setup:?}");
        let run = RunId(Uuid::now_v7());
        bench.store.complete_setup(bench.organization, sibling, run, now()).await.expect("a run");
        let granted = bench.grant(run, 1).await.expect("granted");
        assert_eq!(granted.fingerprints, Some(NEW));
        bench.declare(run, 1, Effect::Password).await.expect("within the budget");
    }
}
