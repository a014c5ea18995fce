//! Where agents' lines are: the newest of each agent, for as long as it is heard of.
//!
//! Not here: how a live view is led there.

use jiff::SignedDuration;

use super::*;

fn place(line: u128, address: &str) -> LinePlace {
    LinePlace { line: Uuid::from_u128(line), address: address.into() }
}

#[tokio::test]
async fn a_line_gives_its_place_to_a_newer_one_and_does_not_take_it_back() {
    for bench in benches().await {
        let (agent, at) = (AgentId(Uuid::from_u128(77)), now());
        let later = at + SignedDuration::from_secs(60);
        let line_of = async |since| bench.store.line_of(agent, since).await.expect("an answer");
        let keep = async |line, at| bench.store.keep_line(agent, Uuid::from_u128(line), at).await.expect("an answer");
        assert!(!keep(1, at).await, "{}: it was never noted", bench.name);
        assert_eq!(line_of(at).await, None);
        bench.store.note_line(agent, place(1, "http://one"), at).await.expect("noted");
        assert_eq!(line_of(later).await, None, "{}: nobody heard of it since", bench.name);
        assert!(keep(1, later).await);
        assert_eq!(line_of(later).await, Some(place(1, "http://one")), "{}", bench.name);
        bench.store.note_line(agent, place(2, "http://two"), later).await.expect("noted");
        // The one before isn't known to have ended yet where it was.
        assert!(!keep(1, later).await, "{}", bench.name);
        assert_eq!(line_of(later).await, Some(place(2, "http://two")), "{}", bench.name);
        bench.store.forget_line(agent, Uuid::from_u128(1)).await.expect("forgotten");
        assert_eq!(line_of(later).await, Some(place(2, "http://two")), "{}", bench.name);
        bench.store.forget_line(agent, Uuid::from_u128(2)).await.expect("forgotten");
        assert_eq!(line_of(at).await, None, "{}", bench.name);
    }
}
