//! Signing in to the console: what a login name and a password have to be, and for how long no further
//! attempt is looked at after several that came to nothing.
//!
//! Not here: hashing passwords, or keeping count; the coordinator does both.

use jiff::{SignedDuration, Timestamp};

/// The fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 12;

/// The most bytes of a password: hashing a book would be work for whoever sends one.
pub const LONGEST_PASSWORD: usize = 1_024;

/// The longest login name, in characters.
const LONGEST_LOGIN: usize = 64;

/// For how long nothing is looked at after the first attempt too many; doubled with each further one.
const FIRST_BLOCK: SignedDuration = SignedDuration::from_secs(30);

/// The longest that nothing is looked at.
const LONGEST_BLOCK: SignedDuration = SignedDuration::from_hours(1);

/// In what time half of what was counted is forgotten.
const HALVED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// After how long without an attempt none is held against anybody.
pub const FORGIVEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Why a login name or a password can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The login name has other characters, or too many, or none.
    #[error("a login name has 1 to {LONGEST_LOGIN} characters: letters, digits, and . _ - @ +")]
    Login,
    /// The password is too short.
    #[error("a password has {SHORTEST_PASSWORD} characters at least")]
    TooShort,
    /// The password is too long.
    #[error("a password has {LONGEST_PASSWORD} bytes at most")]
    TooLong,
    /// The password says who it belongs to.
    #[error("a password isn't the login name")]
    IsLogin,
    /// The password is one character again and again.
    #[error("a password isn't one character again and again")]
    Monotonous,
}

/// A login name in the form in which it is kept and compared.
///
/// # Errors
/// [`Unfit::Login`].
pub fn login(text: &str) -> Result<String, Unfit> {
    let login = text.trim().to_lowercase();
    let is_plain = login.chars().all(|letter| letter.is_alphanumeric() || "._-@+".contains(letter));
    if is_plain && (1..=LONGEST_LOGIN).contains(&login.chars().count()) { Ok(login) } else { Err(Unfit::Login) }
}

/// Whether a password may be the one of this login name.
///
/// # Errors
/// [`Unfit`] says why not.
pub fn fit_password(login: &str, password: &str) -> Result<(), Unfit> {
    let mut letters = password.chars();
    let first = letters.next();
    if password.chars().count() < SHORTEST_PASSWORD {
        Err(Unfit::TooShort)
    } else if password.len() > LONGEST_PASSWORD {
        Err(Unfit::TooLong)
    } else if password.to_lowercase() == login.to_lowercase() {
        Err(Unfit::IsLogin)
    } else if letters.all(|letter| Some(letter) == first) {
        Err(Unfit::Monotonous)
    } else {
        Ok(())
    }
}

/// For how long no further attempt is looked at after so many in a row; `allowed` are free.
#[must_use]
pub fn block_after(failures: u32, allowed: u32) -> Option<SignedDuration> {
    let beyond = failures.checked_sub(allowed)?;
    let doubled = FIRST_BLOCK.checked_mul(1_i32.checked_shl(beyond.min(16))?)?;
    Some(doubled.min(LONGEST_BLOCK))
}

/// What is left of a count that was begun, or halved, at `since`; with it, when that was last so.
#[must_use]
pub fn left_of(failures: u32, since: Timestamp, now: Timestamp) -> (u32, Timestamp) {
    let times = now.duration_since(since).as_secs().max(0) / HALVED_EVERY.as_secs();
    let times = i32::try_from(times).unwrap_or(i32::MAX);
    let left = failures.checked_shr(times.unsigned_abs()).unwrap_or(0);
    let halved_at = HALVED_EVERY.checked_mul(times).and_then(|past| since.checked_add(past).ok());
    if left == 0 { (0, now) } else { (left, halved_at.unwrap_or(now)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_too_many_waits_twice_as_long_up_to_an_hour() {
        let seconds = |failures| block_after(failures, 5).map(|block| block.as_secs());
        assert_eq!([4, 5, 6, 7].map(seconds), [None, Some(30), Some(60), Some(120)]);
        assert_eq!([12, 40, u32::MAX].map(seconds), [Some(3600); 3]);
    }

    #[test]
    fn half_of_a_count_is_forgotten_each_hour_however_often_somebody_tries() {
        let begun: Timestamp = "2026-11-26T09:00:00Z".parse().expect("a moment");
        let after = |minutes| begun + SignedDuration::from_mins(minutes);
        assert_eq!(left_of(20, begun, after(59)), (20, begun));
        assert_eq!(left_of(20, begun, after(61)), (10, after(60)), "the second half hour begins where the first ended");
        assert_eq!(left_of(20, begun, after(240)), (1, after(240)));
        assert_eq!(left_of(20, begun, after(300)), (0, after(300)));
        assert_eq!(left_of(u32::MAX, begun, after(60 * 24 * 400)), (0, after(60 * 24 * 400)));
        assert_eq!(left_of(3, begun, after(-90)), (3, begun), "a clock that goes back forgives nothing");
    }

    #[test]
    fn a_password_is_long_and_isnt_the_login() {
        assert_eq!(fit_password("ada.lovelace", "Ada.Lovelace"), Err(Unfit::IsLogin));
        assert_eq!(fit_password("ada", "short"), Err(Unfit::TooShort));
        assert_eq!(fit_password("ada", "aaaaaaaaaaaaaa"), Err(Unfit::Monotonous));
        assert_eq!(fit_password("ada", &"ab".repeat(600)), Err(Unfit::TooLong));
        assert_eq!(fit_password("ada", "correct horse"), Ok(()));
        assert_eq!(login(" Ada@Example "), Ok("ada@example".into()));
        assert_eq!(login("a b"), Err(Unfit::Login));
        assert_eq!(login(""), Err(Unfit::Login));
    }
}
