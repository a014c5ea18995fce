//! Pictures on their way to the line: of each run the newest, and no other; each run in its turn.
//!
//! Not here: when there is one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::id::RunId;
use protocol::live::{PICTURE_AT_MOST, Picture};
use tokio::sync::Notify;

/// Where pictures wait while the line is busy. Clones are the same.
#[derive(Clone, Default)]
pub struct Outbox {
    waiting: Arc<Mutex<VecDeque<Picture>>>,
    comes: Arc<Notify>,
}

impl Outbox {
    /// Puts a picture in, in place of an older one of its run. One that is too large is dropped.
    pub fn put(&self, picture: Picture) {
        if picture.jpeg.len() + 20 > PICTURE_AT_MOST {
            tracing::warn!(bytes = picture.jpeg.len(), "a picture is too large to be shown");
            return;
        }
        let mut waiting = self.lock();
        // A run that changes all the time keeps its place and takes no other's.
        match waiting.iter_mut().find(|older| older.run_id == picture.run_id) {
            Some(older) => *older = picture,
            None => waiting.push_back(picture),
        }
        drop(waiting);
        self.comes.notify_one();
    }

    /// Drops what waits of a run.
    pub fn forget(&self, run_id: RunId) {
        self.lock().retain(|picture| picture.run_id != run_id);
    }

    /// Waits for the next picture, of whichever run.
    pub async fn next(&self) -> Picture {
        loop {
            let coming = self.comes.notified();
            let picture = self.lock().pop_front();
            match picture {
                Some(picture) => return picture,
                None => coming.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Picture>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    fn picture(run: u128, first: u8) -> Picture {
        Picture { run_id: RunId(Uuid::from_u128(run)), width: 1, height: 1, jpeg: vec![first] }
    }

    #[tokio::test]
    async fn of_each_run_the_newest_is_kept_and_no_other() {
        let outbox = Outbox::default();
        outbox.put(picture(1, 1));
        outbox.put(picture(2, 7));
        outbox.put(picture(1, 2));
        assert_eq!((outbox.next().await.jpeg, outbox.next().await.jpeg), (vec![2], vec![7]));
        assert!(outbox.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_run_that_changes_all_the_time_keeps_no_other_waiting() {
        let outbox = Outbox::default();
        (1..=8).for_each(|run| outbox.put(picture(run, 0)));
        for run in 1..=8 {
            // Before each that is sent the first has changed again.
            outbox.put(picture(1, 1));
            assert_eq!(outbox.next().await.run_id, RunId(Uuid::from_u128(run)));
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_forgotten_never_comes() {
        let outbox = Outbox::default();
        outbox.put(Picture { jpeg: vec![0; PICTURE_AT_MOST], ..picture(1, 0) });
        outbox.put(picture(2, 1));
        outbox.forget(RunId(Uuid::from_u128(2)));
        assert!(outbox.next().now_or_never().is_none());
    }
}
