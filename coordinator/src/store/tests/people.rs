//! The people of the console: users, sessions, and counts of what came to nothing.
//!
//! Not here: passwords and cookies.

use domain::role::Role;
use domain::sign_in::FORGIVEN_AFTER;

use super::*;

fn bucket(name: &str, allowed: u32, forgives: Forgives) -> Bucket {
    Bucket { name: name.into(), allowed, forgives }
}

/// What an attempt counts in the one bucket; nothing if it isn't looked at.
async fn counts(store: &dyn Store, bucket: &[Bucket; 1], at: Timestamp) -> Option<Counted> {
    match store.begin_sign_in(bucket, at).await.expect("counted") {
        Attempted::Blocked { .. } => None,
        Attempted::Counted(mut counted) => counted.pop(),
    }
}

/// Until when nothing is looked at; nothing if this attempt is.
async fn tries(store: &dyn Store, buckets: &[Bucket], at: Timestamp) -> Option<Timestamp> {
    match store.begin_sign_in(buckets, at).await.expect("counted") {
        Attempted::Blocked { until } => Some(until),
        Attempted::Counted(_) => None,
    }
}

/// An attempt with the right password.
async fn succeeds(store: &dyn Store, buckets: &[Bucket], at: Timestamp) -> bool {
    let Attempted::Counted(counted) = store.begin_sign_in(buckets, at).await.expect("counted") else { return false };
    store.forgive_sign_in(&counted).await.expect("forgiven");
    true
}

async fn user(bench: &Bench, login: &str, organization_id: Option<OrganizationId>) -> User {
    let new = NewUser {
        id: domain::id::UserId(Uuid::now_v7()),
        login: login.into(),
        display_name: login.into(),
        role: Role::Viewer,
        organization_id,
        proven_by: ProvenBy::Password("$argon2id$".into()),
    };
    bench.store.create_user(new, now()).await.expect("a user")
}

fn session(user: &User, token: u8, ends_at: Timestamp) -> NewSession {
    NewSession {
        id: domain::id::SessionId(Uuid::now_v7()),
        user_id: user.id,
        proven_by: ProvenBy::Password("$argon2id$".into()),
        token_hash: vec![token; 32],
        browser: "b".into(),
        address: "192.0.2.1".into(),
        ends_at,
    }
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[tokio::test]
async fn attempts_are_counted_before_they_are_looked_at_and_forgiven_in_time() {
    for bench in benches().await {
        let (store, start) = (&bench.store, now());
        let buckets = [bucket("name", 2, Forgives::All), bucket("address", 4, Forgives::Itself)];
        let tried = async |at| tries(&**store, &buckets, at).await;
        assert_eq!(tried(start).await, None);
        assert_eq!(tried(start).await, None, "the second is looked at, and blocks the third");
        let until = tried(start).await.expect("blocked");
        assert_eq!(until.as_millisecond(), (start + SECOND * 30).as_millisecond(), "{}", bench.name);
        assert_eq!(tried(until - SECOND).await, Some(until), "what is blocked counts nowhere");
        assert_eq!(tried(until + SECOND).await, None);
        assert!(tried(until + SECOND * 2).await.is_some_and(|next| next > until + SECOND * 59), "twice as long");
        assert_eq!(tried(until + FORGIVEN_AFTER + SECOND * 70).await, None, "a day makes it good");
        assert_eq!(tried(until + FORGIVEN_AFTER + SECOND * 70).await, None);
        let later = until + FORGIVEN_AFTER + SECOND * 101;
        assert!(succeeds(&**store, &buckets, later).await);
        assert_eq!(tried(later).await, None, "who signs in is forgiven at once");
    }
}

#[tokio::test]
async fn who_signs_in_blocks_nobody_however_many_guesses_came_from_there() {
    for bench in benches().await {
        let (store, start) = (&bench.store, now());
        let address = [bucket("address", 20, Forgives::Itself)];
        for number in 0..19 {
            assert_eq!(tries(&**store, &address, start + SECOND * number).await, None);
        }
        for number in 0..30 {
            assert!(succeeds(&**store, &address, start + SECOND * (20 + number)).await, "{number} on {}", bench.name);
        }
        // What it took back is its own: one more guess is the twentieth, and a block that stands is no one else's to lift.
        let begun = counts(&**store, &address, start + SECOND * 60).await.expect("nothing blocks it");
        assert!(begun.blocks_until.is_some());
        let earlier = [Counted { blocks_until: None, ..begun }];
        store.forgive_sign_in(&earlier).await.expect("forgiven");
        assert!(tries(&**store, &address, start + SECOND * 61).await.is_some(), "the block of another attempt stays");
        // Of twenty in a day, few are held against anybody at its end.
        let spread = [bucket("office", 20, Forgives::Itself)];
        for number in 0..60 {
            let at = start + SignedDuration::from_mins(30) * number;
            assert_eq!(tries(&**store, &spread, at).await, None, "{number} on {}", bench.name);
        }
    }
}

#[tokio::test]
async fn a_blocked_attempt_writes_nothing() {
    for bench in benches().await {
        let (store, start) = (&bench.store, now());
        let name = [bucket("name", 1, Forgives::All)];
        assert_eq!(tries(&**store, &name, start).await, None);
        let both = [bucket("name", 1, Forgives::All), bucket("address", 2, Forgives::Itself)];
        for _ in 0..5 {
            assert!(tries(&**store, &both, start + SECOND).await.is_some());
        }
        let address = [bucket("address", 2, Forgives::Itself)];
        let first = counts(&**store, &address, start + SECOND).await.expect("the address isn't blocked");
        assert_eq!(first.attempts, 1, "{}", bench.name);
        let head = store.audit_head().await.expect("a head");
        assert_eq!(head.position, 1, "counting alone is no act");
    }
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_opens_nothing() {
    for bench in benches().await {
        let (store, start) = (&bench.store, now());
        let ada = user(&bench, "ada", None).await;
        let end = start + SECOND * 100;
        store.open_session(session(&ada, 1, end), start).await.expect("opened");
        store.set_password(ada.id, "$argon2id$another".into(), start).await.expect("changed");
        let refused = store.open_session(session(&ada, 2, end), start).await;
        assert!(matches!(refused, Err(Refused::NotFound)), "{refused:?} on {}", bench.name);
        let anew = NewSession { proven_by: ProvenBy::Password("$argon2id$another".into()), ..session(&ada, 3, end) };
        store.open_session(anew, start).await.expect("opened");
    }
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_than_are_allowed() {
    for bench in benches().await {
        let guesses = (0..12).map(|_| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move { tries(&*store, &[bucket("name", 5, Forgives::All)], now()).await })
        });
        let mut looked_at = 0;
        for guess in guesses.collect::<Vec<_>>() {
            looked_at += usize::from(guess.await.expect("a guess").is_none());
        }
        assert_eq!(looked_at, 5, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_session_is_its_users_and_ends() {
    for bench in benches().await {
        let (store, start) = (&bench.store, now());
        let (ada, bob) = (user(&bench, "ada", None).await, user(&bench, "bob", Some(bench.organization)).await);
        let end = start + SECOND * 100;
        for (of, token) in [(&ada, 1), (&ada, 2), (&bob, 3)] {
            store.open_session(session(of, token, end), start).await.expect("opened");
        }
        let whose = async |token: u8, seen_after, at| {
            let found = store.session(&[token; 32], seen_after, at).await.expect("read");
            found.map(|(_, user)| user.login)
        };
        let before = start - SECOND;
        assert_eq!(whose(1, before, start).await.as_deref(), Some("ada"));
        assert_eq!(whose(1, before, end).await, None, "it ends at the latest");
        assert_eq!(whose(1, start + SECOND, start + SECOND * 2).await, None, "it wasn't used");
        assert_eq!(whose(9, before, start).await, None);
        let (one, _) = store.session(&[1; 32], before, start).await.expect("read").expect("there");
        assert_eq!(store.close_sessions(bob.id, Some(one.id), start).await.expect("closed"), 0, "it isn't bob's");
        assert_eq!(store.close_sessions(ada.id, None, start).await.expect("closed"), 2);
        assert_eq!(whose(3, before, start).await.as_deref(), Some("bob"));
        store.set_active(bob.id, Access::Disabled, start).await.expect("disabled");
        assert_eq!(whose(3, before, start).await, None);
        let refused = store.open_session(session(&bob, 4, end), start).await;
        assert!(matches!(refused, Err(Refused::NotFound)), "{refused:?}");
        let own: Vec<_> = store.users(Some(bench.organization)).await.expect("users");
        assert_eq!(own.iter().map(|user| user.login.as_str()).collect::<Vec<_>>(), ["bob"]);
        let taken = NewUser {
            id: domain::id::UserId(Uuid::now_v7()),
            login: "ada".into(),
            display_name: String::new(),
            role: Role::Viewer,
            organization_id: None,
            proven_by: ProvenBy::Password(String::new()),
        };
        assert!(matches!(store.create_user(taken, start).await, Err(Refused::Duplicate)));
    }
}

#[tokio::test]
async fn of_two_administrators_who_shut_each_other_out_one_is_left() {
    for bench in benches().await {
        let (store, at) = (&bench.store, now());
        let (ada, bob) = (user(&bench, "ada", None).await, user(&bench, "bob", None).await);
        let own = user(&bench, "own", Some(bench.organization)).await;
        for one in [&ada, &bob, &own] {
            store.set_role(one.id, Role::Administrator, at).await.expect("given");
        }
        let both =
            tokio::join!(store.set_active(ada.id, Access::Disabled, at), store.set_role(bob.id, Role::Operator, at),);
        let left = match both {
            (Ok(_), Err(Refused::LastAdministrator)) => bob,
            (Err(Refused::LastAdministrator), Ok(_)) => ada,
            both => unreachable!("{}: {both:?}", bench.name),
        };
        let left = store.user(left.id).await.expect("there");
        assert_eq!((left.role, left.access), (Role::Administrator, Access::Enabled), "{}", bench.name);
        store.set_active(own.id, Access::Disabled, at).await.expect("they administer one organization alone");
    }
}

#[tokio::test]
async fn what_a_user_has_already_is_given_once_in_the_trail() {
    for bench in benches().await {
        let (store, at) = (&bench.store, now());
        let ada = user(&bench, "ada", None).await;
        for _ in 0..2 {
            store.set_role(ada.id, Role::Operator, at).await.expect("given");
            store.set_active(ada.id, Access::Disabled, at).await.expect("shut out");
        }
        let entries = store.audit_entries(AuditFilter::default(), None, 10).await.expect("a trail");
        let hers = entries.iter().rev().filter(|entry| entry.entry.subject == Some(ada.id.to_string()));
        let written: Vec<_> = hers.map(|entry| entry.entry.action.as_str()).collect();
        assert_eq!(written, ["user.created", "user.roleChanged", "user.disabled"], "{}", bench.name);
    }
}

#[tokio::test]
async fn somebody_a_provider_vouches_for_is_known_again_and_has_the_role_that_it_says_now() {
    for bench in benches().await {
        let (store, name) = (&bench.store, &bench.name);
        let vouched = |login: &str, role| NewUser {
            id: domain::id::UserId(Uuid::now_v7()),
            login: login.into(),
            display_name: "Ada".into(),
            role,
            organization_id: None,
            proven_by: ProvenBy::Provider("https://login.example 8f3a".into()),
        };
        let ada = store.admit(vouched("ada", Role::Viewer), now()).await.expect("admitted");
        assert_eq!((ada.role, ada.signs_in), (Role::Viewer, SignsIn::ThroughProvider), "{name}");
        let again = store.admit(vouched("countess", Role::Operator), now()).await.expect("admitted");
        assert_eq!((again.id, again.login.as_str(), again.role), (ada.id, "ada", Role::Operator), "{name}");
        user(&bench, "bob", None).await;
        let other = ProvenBy::Provider("https://login.example 77".into());
        let taken = store.admit(NewUser { proven_by: other, ..vouched("bob", Role::Viewer) }, now()).await;
        assert!(matches!(taken, Err(Refused::Duplicate)), "{name}");

        let end = now() + SignedDuration::from_hours(1);
        let proven = |proven_by| NewSession { proven_by, ..session(&ada, 7, end) };
        for no_proof in [ProvenBy::Password("$argon2id$".into()), ProvenBy::Provider("https://login.example 77".into())]
        {
            let refused = store.open_session(proven(no_proof), now()).await;
            assert!(matches!(refused, Err(Refused::NotFound)), "{name}");
        }
        let opened = store.open_session(proven(ProvenBy::Provider("https://login.example 8f3a".into())), now()).await;
        assert_eq!(opened.expect("opened").user_id, ada.id, "{name}");
        store.set_active(ada.id, Access::Disabled, now()).await.expect("shut out");
        let admitted = store.admit(vouched("ada", Role::Operator), now()).await.expect("known");
        assert_eq!(admitted.access, Access::Disabled, "{name}");
    }
}
