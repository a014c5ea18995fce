//! API keys: made, listed, rotated and ended.
//!
//! Not here: secrets; only their hashes come here.

use domain::environment::Environment;

use super::*;

/// A key of a tenant.
pub(super) fn new_key(id: &str, tenant_id: OrganizationId) -> NewApiKey {
    NewApiKey {
        id: id.into(),
        tenant_id,
        environment: Environment::Live,
        name: "ledger".into(),
        scopes: vec!["accounts:read".into()],
        secret_hash: vec![1; 32],
        expires_at: None,
    }
}

/// A moment that stores keep exactly.
fn moment() -> Timestamp {
    Timestamp::from_millisecond(now().as_millisecond()).expect("a moment")
}

fn rotated(id: &str) -> RotatedKey {
    RotatedKey { id: id.into(), secret_hash: vec![2; 32] }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn a_rotated_key_works_on_for_the_overlap_and_no_longer_than_it_would_have() {
    for bench in benches().await {
        let (store, start) = (&bench.store, moment());
        for (id, life, old_ends) in
            [("never", None, HOUR), ("soon", Some(HOUR / 2), HOUR / 2), ("late", Some(9 * HOUR), HOUR)]
        {
            let new = NewApiKey { expires_at: life.map(|life| start + life), ..new_key(id, bench.organization) };
            store.create_key(new, start).await.expect("kept");
            let successor = format!("{id}-2");
            let made = store.rotate_key(id, rotated(&successor), start + HOUR, start).await.expect("rotated");
            let old = store.key(id).await.expect("read").expect("there");
            assert_eq!(old.expires_at, Some(start + old_ends), "{id} on {}", bench.name);
            assert!(old.is_in_force(start));
            assert_eq!(made.replaces.as_deref(), Some(id));
            assert_eq!((&made.name, &made.scopes, made.environment), (&old.name, &old.scopes, old.environment));
            assert_eq!((made.tenant_id, made.secret_hash.clone()), (old.tenant_id, vec![2; 32]));
            assert_eq!(made.expires_at, life.map(|life| start + life), "as long as the old one was made for");
            let again = store.rotate_key(id, rotated("x"), start + HOUR, start).await;
            assert!(matches!(again, Err(Refused::KeyReplaced)), "{again:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_ended_is_neither_rotated_nor_extended() {
    for bench in benches().await {
        let (store, start) = (&bench.store, moment());
        for id in ["revoked", "expired"] {
            store.create_key(new_key(id, bench.organization), start).await.expect("kept");
        }
        let revoked = store.revoke_key("revoked", start).await.expect("revoked");
        assert_eq!(revoked.revoked_at, Some(start));
        let again = store.revoke_key("revoked", start + HOUR).await.expect("no error");
        assert_eq!(again.revoked_at, Some(start), "a second time changes nothing");
        let set = store.expire_key("expired", start + HOUR, start).await.expect("set");
        assert_eq!(set.expires_at, Some(start + HOUR));
        for id in ["revoked", "expired"] {
            let late = start + 2 * HOUR;
            let rotated = store.rotate_key(id, rotated("new"), late + HOUR, late).await;
            assert!(matches!(rotated, Err(Refused::KeyEnded)), "{id}: {rotated:?}");
            let extended = store.expire_key(id, late + HOUR, late).await;
            assert!(matches!(extended, Err(Refused::KeyEnded)), "{id}: {extended:?}");
        }
        for unknown in [
            store.revoke_key("none", start).await,
            store.expire_key("none", start, start).await,
            store.rotate_key("none", rotated("new"), start, start).await,
        ] {
            assert!(matches!(unknown, Err(Refused::NotFound)), "{unknown:?}");
        }
        assert!(store.key("new").await.expect("read").is_none(), "nothing is left of a refused rotation");
    }
}

#[tokio::test]
async fn a_list_of_keys_is_walked_whole_however_small_its_pages() {
    for bench in benches().await {
        let (store, start) = (&bench.store, moment());
        // Made in the same millisecond: the ids decide.
        for id in ["c", "a", "b"] {
            store.create_key(new_key(id, bench.organization), start).await.expect("kept");
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let filter = KeyFilter { organization_id: Some(bench.organization), environment: Some(Environment::Live) };
            let page = store.keys(filter, KeyPageRequest { after, limit: 2 }).await.expect("a page");
            after = page.last().map(ApiKey::position);
            seen.extend(page.into_iter().map(|key| key.id));
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a", "b", "c"], "{}", bench.name);
        let none = KeyFilter { environment: Some(Environment::Test), ..KeyFilter::default() };
        assert!(store.keys(none, KeyPageRequest { after: None, limit: 2 }).await.expect("a page").is_empty());
    }
}
