//! Challenges as they are listed and read: by what became of them, however many came before, and by their owner alone.
//!
//! Not here: new codes (`resends`), and the wheel (`wheel`).

use domain::challenge::{ChallengeState, Question};

use super::*;

fn question(attempts_left: u32) -> Question {
    Question { attempts_left, ..code() }
}

#[tokio::test]
async fn the_open_challenge_is_listed_by_its_state_however_many_were_asked_before() {
    for bench in benches().await {
        let (connection, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let mut last = None;
        for attempts_left in 0..105 {
            let new = challenge(question(attempts_left));
            last = Some(bench.store.open_challenge(run, proof(1), new, now()).await.expect("asked").id);
        }
        let page = PageRequest { after: None, limit: 100 };
        let listed = async |states: &[ChallengeState]| {
            let listed = bench.store.challenges(bench.organization, connection, states, page).await.expect("listed");
            listed.into_iter().map(|one| one.id).collect::<Vec<_>>()
        };
        let all = listed(&[]).await;
        assert!(all.len() == 100 && !all.contains(&last.expect("one")), "{}: the first page is full", bench.name);
        assert_eq!(listed(&[ChallengeState::Open]).await, Vec::from_iter(last), "{}", bench.name);
        assert_eq!(listed(&[ChallengeState::Accepted]).await, Vec::new(), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_challenge_is_read_by_its_owner_and_of_its_connection_alone() {
    for bench in benches().await {
        let (connection, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let id = bench.store.open_challenge(run, proof(1), challenge(question(1)), now()).await.expect("asked").id;
        let (another, _) = bench.activating().await;
        let read = async |organization, connection, id| bench.store.challenge(organization, connection, id).await;
        assert_eq!(read(bench.organization, connection, id).await.expect("read").id, id, "{}", bench.name);
        let nobodys = OrganizationId(Uuid::now_v7());
        for (organization, connection) in [(nobodys, connection), (bench.organization, another)] {
            let refused = read(organization, connection, id).await;
            assert!(matches!(refused, Err(Refused::NotFound)), "{}: {refused:?}", bench.name);
        }
        let unknown = read(bench.organization, connection, ChallengeId(Uuid::now_v7())).await;
        assert!(matches!(unknown, Err(Refused::NotFound)), "{}: {unknown:?}", bench.name);
    }
}
