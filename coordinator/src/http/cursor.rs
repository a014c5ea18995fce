//! Cursors: opaque to callers, authenticated so that nobody can make one up, good only
//! for the list, organization, filters and order that they were given for, and for 90
//! days.
//!
//! Not here: how a page is asked for or shown (`listing`).

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::OrganizationId;
use hmac::Mac as _;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::vault::mac;

const TAG_LENGTH: usize = 16;

/// How long a cursor is good for.
const LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What the cursors of one list are bound to.
pub(super) struct Binding {
    key: [u8; 32],
    scope: String,
}

impl Binding {
    /// `filters` is whatever narrows or orders the list.
    pub(super) fn new(key: &[u8; 32], list: &str, owner: OrganizationId, filters: &impl Serialize) -> Self {
        Self { key: *key, scope: json!([list, owner, filters]).to_string() }
    }

    /// A cursor that holds a position.
    pub(super) fn cursor(&self, position: &impl Serialize, now: Timestamp) -> String {
        let content = json!([now.as_second(), position]).to_string().into_bytes();
        URL_SAFE_NO_PAD.encode([self.tag(&content), content].concat())
    }

    /// The position that a cursor holds.
    ///
    /// # Errors
    /// `invalid_cursor` for one that wasn't given for this list, `cursor_expired` for
    /// one that is too old.
    pub(super) fn position<P: DeserializeOwned>(&self, cursor: &str, now: Timestamp) -> Result<P, Problem> {
        let open = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (tag, content) = bytes.split_at_checked(TAG_LENGTH)?;
            let same = bool::from(self.tag(content).ct_eq(tag));
            same.then(|| serde_json::from_slice::<(i64, P)>(content).ok()).flatten()
        };
        let (given_at, position) = open().ok_or_else(|| {
            let detail = "The cursor isn't one that was given for this list with these filters and this order.";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", detail)
        })?;
        if now.as_second().saturating_sub(given_at) > LIFE.as_secs() {
            return Err(Problem::cursor_expired());
        }
        Ok(position)
    }

    fn tag(&self, content: &[u8]) -> Vec<u8> {
        let mut mac = mac(self.key.as_slice());
        mac.update(self.scope.as_bytes());
        mac.update(&[0]);
        mac.update(content);
        mac.finalize().into_bytes().iter().copied().take(TAG_LENGTH).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn binding(owner: u128, filters: &str) -> Binding {
        Binding::new(&[7; 32], "things", OrganizationId(Uuid::from_u128(owner)), &filters)
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_and_for_90_days() {
        let now: Timestamp = "2026-11-01T00:00:00Z".parse().expect("a moment");
        let cursor = binding(1, "a").cursor(&42, now);
        let check = |binding: Binding, cursor: &str, days: i64, expected: Result<i64, &str>| {
            let at = now + SignedDuration::from_hours(24 * days);
            let read = binding.position::<i64>(cursor, at);
            assert_eq!(read.as_ref().map_err(Problem::code).copied(), expected);
        };
        check(binding(1, "a"), &cursor, 0, Ok(42));
        check(binding(1, "a"), &cursor, 90, Ok(42));
        check(binding(1, "a"), &cursor, 91, Err("cursor_expired"));
        check(binding(2, "a"), &cursor, 0, Err("invalid_cursor"));
        check(binding(1, "b"), &cursor, 0, Err("invalid_cursor"));
        check(binding(1, "a"), &cursor[1..], 0, Err("invalid_cursor"));
        for hostile in ["", "a", "%", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "é"] {
            check(binding(1, "a"), hostile, 0, Err("invalid_cursor"));
        }
    }
}
