//! Passwords are hashed where they keep no other request waiting, two at once, behind a short queue.
//!
//! Who hangs up stops nothing that has begun: the turn belongs to the work and not to who asked for it, so
//! that no number of requests that were given up hashes more than two at once.
//!
//! Not here: whose password it is, and what follows (`people`).

use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use domain::secret::Secret;
use domain::sign_in::LONGEST_PASSWORD;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::Error;
use crate::vault::VaultError;

/// Each takes 19 MiB and most of a core for a moment; who waits longer than for 32 others is better told.
static TURNS: Turns = Turns::new(2, 32);

/// Turns at work that takes most of a core.
struct Turns {
    at_once: Semaphore,
    places: Semaphore,
}

/// A place in the queue, which is left as soon as the work begins.
pub(super) struct Place(#[expect(dead_code, reason = "it is held and not looked at")] SemaphorePermit<'static>);

impl Turns {
    const fn new(at_once: usize, waiting: usize) -> Self {
        Self { at_once: Semaphore::const_new(at_once), places: Semaphore::const_new(waiting) }
    }

    fn place(&'static self) -> Result<Place, Error> {
        self.places.try_acquire().map(Place).map_err(|_| Error::Busy)
    }

    async fn work<T: Send + 'static>(
        &'static self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = self.at_once.acquire().await.ok()?;
        drop(place);
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// A place in the queue.
///
/// # Errors
/// [`Error::Busy`] if it is full.
pub(super) fn place() -> Result<Place, Error> {
    TURNS.place()
}

/// The argon2id hash of a password, in PHC form.
pub(super) async fn hash(password: Secret) -> Result<String, Error> {
    let hashed = TURNS.work(place()?, move || hash_here(&password)).await;
    Ok(hashed.flatten().ok_or(VaultError::NoRandomness)?)
}

/// Whether it is the password of which that hash was kept. Without one it takes as long.
pub(super) async fn verify(place: Place, password: Secret, kept: Option<String>) -> bool {
    static NOBODYS: OnceLock<String> = OnceLock::new();
    if password.expose().len() > LONGEST_PASSWORD {
        return false;
    }
    let is_right = move || {
        let nobodys =
            || NOBODYS.get_or_init(|| hash_here(&Secret::new(Uuid::new_v4().to_string())).unwrap_or_default());
        let held_against = kept.as_ref().unwrap_or_else(nobodys);
        let parsed = PasswordHash::new(held_against);
        let password = password.expose().as_bytes();
        parsed.is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok()) && kept.is_some()
    };
    TURNS.work(place, is_right).await.unwrap_or(false)
}

fn hash_here(password: &Secret) -> Option<String> {
    let hashed = Argon2::default().hash_password(password.expose().as_bytes());
    hashed.map(|hash| hash.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_gives_nobody_else_their_turn_while_the_work_goes_on() {
        static ONE: Turns = Turns::new(1, 1);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let work = move || {
            let _ = begun.send(());
            let _ = may_go_on.recv();
        };
        let asked = tokio::spawn(ONE.work(ONE.place().expect("a place"), work));
        has_begun.await.expect("it begins");
        asked.abort();
        assert!(asked.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(ONE.at_once.available_permits(), 0, "what was begun goes on, in its turn");
        // One more may wait, and a second is told at once.
        let next = tokio::spawn(ONE.work(ONE.place().expect("a place"), || 7));
        assert!(matches!(ONE.place(), Err(Error::Busy)));
        go_on.send(()).expect("it waits for this");
        assert_eq!(next.await.expect("no panic"), Some(7));
        assert!(ONE.place().is_ok(), "the queue is empty again");
    }

    #[tokio::test]
    async fn a_place_that_is_given_up_is_free_again() {
        static ONE: Turns = Turns::new(0, 1);
        let waits = tokio::spawn(ONE.work(ONE.place().expect("a place"), || ()));
        assert!(ONE.place().is_err());
        waits.abort();
        assert!(waits.await.is_err());
        assert!(ONE.place().is_ok());
    }

    #[tokio::test]
    async fn a_password_is_right_by_its_own_hash_alone() {
        let password = || Secret::new("correct horse battery".to_owned());
        let kept = hash(password()).await.expect("hashed");
        assert!(verify(place().expect("a place"), password(), Some(kept.clone())).await);
        let other = Secret::new("wrong horse battery".to_owned());
        assert!(!verify(place().expect("a place"), other, Some(kept)).await);
        assert!(!verify(place().expect("a place"), password(), None).await);
    }
}
