//! SimpleFIN tokens: claimed once, and the tenant's own.
//!
//! Not here: what they open; the fleet's tests read with one.

use super::*;

impl Bench {
    async fn simplefin_token(&self, claim: &[u8], entity_id: Option<EntityId>) -> Result<SimpleFinToken, Refused> {
        let new = NewSimpleFinToken {
            id: Uuid::now_v7(),
            tenant_id: self.organization,
            entity_id,
            name: "a budget".into(),
            claim_hash: claim.to_vec(),
            claim_expires_at: now() + SignedDuration::from_hours(1),
        };
        self.store.create_simplefin_token(new, now()).await
    }
}

#[tokio::test]
async fn a_token_is_claimed_by_one_of_many_at_once() {
    for bench in benches().await {
        let token = bench.simplefin_token(b"claim", None).await.expect("a token");
        assert!(bench.store.simplefin_token(token.id).await.expect("read").is_none(), "nobody has claimed it");
        let claims = (0..16_u8).map(|secret| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move { store.claim_simplefin_token(b"claim", &[secret], now()).await.map(|_| secret) })
        });
        let mut won = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            match claim.await.expect("a task") {
                Ok(secret) => won.push(secret),
                Err(refused) => assert!(matches!(refused, Refused::NotFound), "{refused:?}"),
            }
        }
        assert_eq!(won.len(), 1, "{}", bench.name);
        let (kept, secret) = bench.store.simplefin_token(token.id).await.expect("read").expect("it is claimed");
        assert_eq!(secret, won);
        assert!(kept.claimed_at.is_some() && kept.revoked_at.is_none());
    }
}

#[tokio::test]
async fn a_token_that_is_late_revoked_or_for_a_strange_entity_opens_nothing() {
    for bench in benches().await {
        let token = bench.simplefin_token(b"late", None).await.expect("a token");
        let late = now() + SignedDuration::from_hours(2);
        assert!(matches!(bench.store.claim_simplefin_token(b"late", b"s", late).await, Err(Refused::NotFound)));
        let revoked = bench.store.revoke_simplefin_token(token.id, now()).await.expect("revoked");
        let again = bench.store.revoke_simplefin_token(token.id, late).await.expect("revoked");
        assert_eq!(revoked, again, "a second time changes nothing");
        assert!(matches!(bench.store.claim_simplefin_token(b"late", b"s", now()).await, Err(Refused::NotFound)));

        let neighbour = bench.neighbour().await;
        let page = PageRequest { after: None, limit: 1 };
        let strange =
            neighbour.store.entities(neighbour.organization, None, page).await.expect("entities").remove(0).id;
        let refused = bench.simplefin_token(b"strange", Some(strange)).await;
        assert!(matches!(refused, Err(Refused::NotFound)), "{refused:?}");
        assert!(neighbour.simplefin_token(b"own", Some(strange)).await.is_ok());
        let unknown = bench.store.revoke_simplefin_token(Uuid::now_v7(), now()).await;
        assert!(matches!(unknown, Err(Refused::NotFound)));
    }
}
