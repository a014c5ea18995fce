//! The stream of changes: nobody who reads it misses one, however many write.
//!
//! Not here: cursors, which are the API's.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::event::ChangeKind;

use super::*;

const WRITERS: usize = 8;
const COMMITS: u32 = 20;
const READERS: usize = 3;

const ALL: StreamFilter = StreamFilter { account_id: None, connection_id: None };

fn of(connection: ConnectionId) -> StreamFilter {
    StreamFilter { connection_id: Some(connection), ..ALL }
}

/// One to four transactions that nobody has read before.
fn some(count: u32) -> Vec<ObservedTransaction> {
    (0..=count % 4).map(|_| transaction(&Uuid::now_v7().to_string())).collect()
}

impl Bench {
    async fn head(&self) -> i64 {
        self.store.head(self.organization).await.expect("a head")
    }

    async fn changes(&self, filter: StreamFilter, after: i64, limit: u32) -> Result<Changes, Refused> {
        self.store.changes(self.organization, filter, after, limit).await
    }

    /// Everything after a position, in small parts.
    async fn all_changes(&self, filter: StreamFilter, mut after: i64) -> Vec<Change> {
        let mut all = Vec::new();
        loop {
            let changes = self.changes(filter, after, 7).await.expect("changes");
            all.extend(changes.events);
            after = changes.position;
            if !changes.has_more {
                return all;
            }
        }
    }

    /// Writes with many connections at once until all have written.
    async fn write_at_once(&self, connections: &[ConnectionId]) {
        let write = async |id: ConnectionId| {
            for count in 0..COMMITS {
                self.sync(id, count + 2, some(count)).await;
            }
        };
        futures::future::join_all(connections.iter().map(|id| write(*id))).await;
    }

    /// Polls from the head of now until the writers have ended.
    async fn poll(&self, is_over: &AtomicBool) -> (i64, Vec<Change>) {
        let start = self.head().await;
        let (mut position, mut read) = (start, Vec::new());
        loop {
            let was_over = is_over.load(Ordering::SeqCst);
            let changes = self.changes(ALL, position, 5).await.expect("changes");
            read.extend(changes.events);
            position = changes.position;
            if was_over && !changes.has_more {
                return (start, read);
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_reads_misses_a_change_of_many_writers() {
    for bench in benches().await {
        let other = bench.neighbour().await;
        let connections = bench.many_active(WRITERS).await;
        let others = other.many_active(2).await;
        let is_over = AtomicBool::new(false);
        let write = async {
            tokio::join!(bench.write_at_once(&connections), other.write_at_once(&others));
            is_over.store(true, Ordering::SeqCst);
        };
        let readers = futures::future::join_all((0..READERS).map(|_| bench.poll(&is_over)));
        let (_, readers) = tokio::join!(write, readers);

        let truth = bench.all_changes(ALL, 0).await;
        let count = i64::try_from(truth.len()).expect("a count");
        assert_eq!(count, bench.head().await, "{}: without gaps", bench.name);
        let mut told: Vec<_> = truth.iter().map(|change| change.transaction_id).collect();
        told.sort();
        assert_eq!(told, bench.transaction_ids().await, "{}: each once, and no other's", bench.name);
        let ids = |changes: &[Change]| changes.iter().map(|change| change.id).collect::<Vec<_>>();
        for (start, read) in readers {
            let wanted = usize::try_from(start).expect("a position");
            let missed = truth[wanted..].iter().filter(|change| !read.iter().any(|read| read.id == change.id));
            assert_eq!(missed.count(), 0, "{}: missed from {start} on", bench.name);
            assert_eq!(ids(&read), ids(&truth)[wanted..], "{}: in the same order", bench.name);
        }
    }
}

#[tokio::test]
async fn a_change_shows_the_transaction_as_it_is_now() {
    for bench in benches().await {
        assert_eq!(bench.head().await, 0, "nothing ever happened");
        let id = bench.active().await;
        bench.sync(id, 2, vec![transaction("tea"), transaction("coffee")]).await;
        let changes = bench.changes(ALL, 0, 10).await.expect("changes");
        let seen = changes.events.iter().map(|change| (change.kind, change.transaction.as_ref()));
        let seen: Vec<_> = seen.map(|(kind, now)| (kind, now.map(|now| now.description.as_str()))).collect();
        // The portal lists the latest first; the stream tells the oldest first.
        assert_eq!(seen, [(ChangeKind::Added, Some("coffee")), (ChangeKind::Added, Some("tea"))], "{}", bench.name);
        assert_eq!((changes.position, changes.has_more), (bench.head().await, false));
        bench.sync(id, 3, vec![transaction("tea"), transaction("coffee")]).await;
        assert_eq!(bench.head().await, changes.position, "what is known is no change");
    }
}

#[tokio::test]
async fn a_page_that_is_full_goes_on_behind_its_last_change() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.sync(id, 2, some(3)).await;
        let first = bench.changes(ALL, 0, 3).await.expect("changes");
        assert_eq!((first.events.len(), first.position, first.has_more), (3, 3, true), "{}", bench.name);
        let second = bench.changes(ALL, first.position, 1).await.expect("changes");
        assert_eq!((second.events.len(), second.position, second.has_more), (1, 4, false), "exactly full");
    }
}

#[tokio::test]
async fn a_filtered_reader_moves_on_where_nothing_is_for_it() {
    for bench in benches().await {
        let (one, two) = (bench.active().await, bench.active().await);
        bench.sync(one, 2, some(3)).await;
        let nothing = bench.changes(of(two), 0, 2).await.expect("changes");
        assert!(nothing.events.is_empty(), "{}", bench.name);
        assert_eq!((nothing.position, nothing.has_more), (4, false), "at the head, and not where it began");
        bench.sync(two, 2, some(1)).await;
        bench.sync(one, 3, some(0)).await;
        let mine = bench.all_changes(of(two), nothing.position).await;
        assert_eq!(mine.len(), 2);
        let account = mine[0].transaction.as_ref().expect("a transaction").account_id;
        let filter = StreamFilter { account_id: Some(account), ..ALL };
        assert_eq!(bench.all_changes(filter, 0).await.len(), 2);
        let both = StreamFilter { account_id: Some(account), ..of(one) };
        assert!(bench.all_changes(both, 0).await.is_empty(), "filters are met together");
    }
}

#[tokio::test]
async fn a_position_that_the_stream_does_not_reach_from_is_refused() {
    for bench in benches().await {
        let other = bench.neighbour().await;
        let (id, neighbour) = (bench.active().await, other.active().await);
        bench.sync(id, 2, some(3)).await;
        other.sync(neighbour, 2, some(3)).await;
        let between = now();
        bench.sync_at(id, 3, some(1), between + SignedDuration::from_secs(1)).await;
        let prune = async |before, limit| bench.store.prune_stream(before, limit).await.expect("pruned");
        let long_ago = between - SignedDuration::from_hours(1);
        assert_eq!(prune(long_ago, 10).await, 0, "nothing is as old");
        let before = between + SignedDuration::from_millis(1);
        let mut batches = Vec::new();
        loop {
            match prune(before, 3).await {
                0 => break,
                pruned => batches.push(pruned),
            }
        }
        batches.sort_unstable();
        assert_eq!(batches, [1, 1, 3, 3], "{}: both streams, in small parts", bench.name);
        for gone in [0, 3] {
            assert!(matches!(bench.changes(ALL, gone, 10).await, Err(Refused::PositionGone)), "{gone}");
        }
        let kept = bench.changes(ALL, 4, 10).await.expect("from the last that was pruned on");
        assert_eq!((kept.events.len(), kept.position), (2, 6));
        let head = other.head().await;
        assert_eq!(head, 4, "a stream that was pruned goes on from its head");
        assert!(other.changes(ALL, head, 10).await.expect("changes").events.is_empty());
        assert!(matches!(bench.changes(ALL, 7, 10).await, Err(Refused::PositionGone)), "it hasn't come to it");
    }
}

#[tokio::test]
async fn nothing_is_pruned_from_between_newer_events() {
    for bench in benches().await {
        let id = bench.active().await;
        let later = now() + SignedDuration::from_hours(1);
        bench.sync_at(id, 2, some(0), later).await;
        bench.sync(id, 3, some(0)).await;
        let pruned = bench.store.prune_stream(now() + SignedDuration::from_mins(1), 10).await.expect("an answer");
        assert_eq!(pruned, 0, "{}: a writer's clock was ahead, and a gap would be skipped", bench.name);
        assert_eq!(bench.all_changes(ALL, 0).await.len(), 2);
    }
}

#[tokio::test]
async fn another_organizations_changes_never_appear() {
    for bench in benches().await {
        let other = bench.neighbour().await;
        let id = bench.active().await;
        bench.sync(id, 2, some(3)).await;
        assert_eq!(other.head().await, 0, "{}", bench.name);
        assert!(other.all_changes(ALL, 0).await.is_empty());
        assert!(other.all_changes(of(id), 0).await.is_empty(), "not even by its id");
    }
}
