//! The audit trail: one chain, whoever writes, and whatever is done to it is found.
//!
//! Not here: which acts are written down; the tests from outside have those.

use domain::audit::{Action, Actor, ActorKind, Broken};

use super::*;

/// Takes away what keeps the entries as they are, which only whoever owns the database can.
async fn unlock(bench: &Bench) {
    for sql in if is_sqlite(bench) { SQLITE_UNLOCKS } else { POSTGRES_UNLOCKS } {
        bench.runs(sql).await.expect("unlocked");
    }
}

const SQLITE_UNLOCKS: &[&str] = &[
    "DROP TRIGGER audit_entries_are_not_changed",
    "DROP TRIGGER audit_entries_are_not_deleted",
    "DROP TRIGGER audit_entries_come_last",
];

const POSTGRES_UNLOCKS: &[&str] = &[
    "DROP TRIGGER audit_entries_are_not_changed ON audit_entries",
    "DROP TRIGGER audit_entries_come_last ON audit_entries",
];

fn is_sqlite(bench: &Bench) -> bool {
    bench._ground.is::<tempfile::TempDir>()
}

async fn tamper(bench: &Bench, sql: &'static str) {
    bench.runs(sql).await.expect("done");
}

async fn note(bench: &Bench, count: usize) {
    for number in 0..count {
        let act = Act::new(Action::AgentDrained).to(number).with(serde_json::json!({ "name": "a \"quoted\" näme" }));
        let work = bench.store.note_act(act, now());
        acting(Actor::new(ActorKind::ConsoleUser, "u1", "Ada"), work).await.expect("noted");
    }
}

async fn fault(bench: &Bench, head: Option<&AuditHead>) -> Option<Broken> {
    match verify_audit(&*bench.store, head).await {
        Err(AuditFault::Broken(broken)) => Some(broken),
        verified => verified.map(|_| None).expect("the store answers"),
    }
}

#[tokio::test]
async fn whatever_is_done_to_the_chain_is_found() {
    // Position 1 is the organization that each store begins with.
    let altered = "UPDATE audit_entries SET detail = '{}' WHERE position = 3";
    let renamed = "UPDATE audit_entries SET actor_name = 'Eve' WHERE position = 4";
    let deleted = "DELETE FROM audit_entries WHERE position = 3";
    let swapped =
        "UPDATE audit_entries SET position = CASE position WHEN 13 THEN 4 ELSE 3 END WHERE position IN (13, 14)";
    let away = "UPDATE audit_entries SET position = position + 10 WHERE position IN (3, 4)";
    let cut = "DELETE FROM audit_entries WHERE position = 6";
    let another_act = "UPDATE audit_entries SET action = 'connection.forgotten' WHERE position = 3";
    let another_kind = "UPDATE audit_entries SET actor_kind = 'nobody' WHERE position = 4";
    let no_moment = "UPDATE audit_entries SET at = 9223372036854775807 WHERE position = 5";
    let put_in = "INSERT INTO audit_entries (position, at, actor_kind, action, detail, previous_hash, hash)
                  SELECT 0, at, actor_kind, action, detail, previous_hash, hash FROM audit_entries WHERE position = 2";
    let moved = "UPDATE audit_entries SET position = -4 WHERE position = 6";
    let check = async |steps: &[&'static str], expected: Broken| {
        for bench in benches().await {
            note(&bench, 5).await;
            assert_eq!(fault(&bench, None).await, None, "{}", bench.name);
            let refused = bench.runs(steps[0]).await.expect_err("an entry stays as it was written").to_string();
            assert!(refused.contains("only added"), "{steps:?} on {}: {refused}", bench.name);
            assert_eq!(fault(&bench, None).await, None, "{}", bench.name);
            unlock(&bench).await;
            for step in steps {
                tamper(&bench, step).await;
            }
            assert_eq!(fault(&bench, None).await, Some(expected.clone()), "{steps:?} on {}", bench.name);
            let listed = bench.store.audit_entries(AuditFilter::default(), None, 100).await.expect("it still shows");
            assert!(listed.len() >= 5, "{steps:?} on {}", bench.name);
        }
    };
    check(&[altered], Broken::Altered(3)).await;
    check(&[renamed], Broken::Altered(4)).await;
    check(&[another_act], Broken::Altered(3)).await;
    check(&[another_kind], Broken::Altered(4)).await;
    check(&[no_moment], Broken::Altered(5)).await;
    check(&[put_in], Broken::PutIn(0)).await;
    check(&[moved], Broken::PutIn(-4)).await;
    check(&[deleted], Broken::Missing(3)).await;
    check(&[away, swapped], Broken::Reordered(3)).await;
    check(&[cut], Broken::CutOff { there: 5, said: 6 }).await;
}

#[tokio::test]
async fn an_entry_is_neither_emptied_away_nor_put_in_the_place_of_another() {
    let replaced = "INSERT OR REPLACE INTO audit_entries (position, at, actor_kind, action, detail, previous_hash, hash)
                    SELECT 3, at, actor_kind, action, detail, previous_hash, hash FROM audit_entries WHERE position = 2";
    for bench in benches().await {
        note(&bench, 5).await;
        let sql = if is_sqlite(&bench) { replaced } else { "TRUNCATE audit_entries" };
        let refused = bench.runs(sql).await.expect_err("an entry stays as it was written").to_string();
        assert!(refused.contains("only added"), "{}: {refused}", bench.name);
        note(&bench, 1).await;
        assert_eq!(fault(&bench, None).await, None, "{}", bench.name);
    }
}

#[tokio::test]
async fn an_end_that_is_cut_off_with_its_head_is_found_by_a_head_that_was_written_down() {
    for bench in benches().await {
        note(&bench, 4).await;
        let head = verify_audit(&*bench.store, None).await.expect("it holds");
        assert_eq!(head.position, 5);
        note(&bench, 1).await;
        assert_eq!(fault(&bench, Some(&head)).await, None, "a later end leaves it in place");
        unlock(&bench).await;
        tamper(&bench, "DELETE FROM audit_entries WHERE position > 4").await;
        tamper(
            &bench,
            "UPDATE audit_head SET position = 4, hash = (SELECT hash FROM audit_entries WHERE position = 4)",
        )
        .await;
        assert_eq!(fault(&bench, None).await, None, "nobody can tell by the chain alone");
        assert_eq!(fault(&bench, Some(&head)).await, Some(Broken::HeadGone(5)), "{}", bench.name);
    }
}

#[tokio::test]
async fn many_who_write_at_once_make_one_chain() {
    for bench in benches().await {
        let writers = (0..8).map(|writer| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move {
                for _ in 0..10 {
                    let act = Act::new(Action::InstitutionPaused).to(writer);
                    store.note_act(act, now()).await.expect("noted");
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.expect("a writer");
        }
        let head = verify_audit(&*bench.store, None).await.expect("it holds");
        assert_eq!(head.position, 81, "{}", bench.name);
    }
}

#[tokio::test]
async fn an_act_is_written_with_what_it_does_and_not_without() {
    for bench in benches().await {
        let actor = Actor::new(ActorKind::ApiKey, "k1", "erp");
        let token = NewControlToken {
            id: "t1".into(),
            name: "grafana".into(),
            role: domain::role::Role::Viewer,
            secret_hash: vec![1; 32],
            expires_at: None,
        };
        acting(actor.clone(), bench.store.create_control_token(token, now())).await.expect("made");
        let refused = acting(actor.clone(), bench.store.revoke_control_token("nobody's", now())).await;
        assert!(matches!(refused, Err(Refused::NotFound)));
        let filter = AuditFilter { actor: Some("k1".into()), ..AuditFilter::default() };
        let entries = bench.store.audit_entries(filter, None, 10).await.expect("entries");
        assert_eq!(entries.len(), 1, "{}", bench.name);
        let entry = &entries[0].entry;
        assert_eq!((entry.action.as_str(), entry.subject.as_deref()), ("controlToken.created", Some("t1")));
        assert_eq!(entry.actor, actor.into());
        assert!(!entry.detail.contains("secret"));
    }
}
