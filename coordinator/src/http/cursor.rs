//! Cursors: opaque to callers, authenticated so that nobody can make one up, and good
//! only for the list, organization, filters and order that they were given for.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::OrganizationId;
use hmac::Mac as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::App;
use super::problem::Problem;
use super::request_id;
use crate::vault::mac;

const TAG_LENGTH: usize = 16;
const LARGEST_PAGE: u32 = 500;
const USUAL_PAGE: u32 = 100;

/// A list as it is asked for.
pub(super) struct Listing<'a> {
    app: &'a App,
    /// Everything that a cursor is bound to.
    scope: String,
    /// How many items the caller wants.
    limit: u32,
}

impl<'a> Listing<'a> {
    /// `filters` is whatever narrows or orders the list.
    pub(super) fn new(
        app: &'a App,
        list: &str,
        owner: OrganizationId,
        filters: &impl Serialize,
        limit: Option<&str>,
    ) -> Result<Self, Problem> {
        let limit = match limit.map(str::parse::<u32>) {
            None => USUAL_PAGE,
            Some(Ok(limit)) if (1..=LARGEST_PAGE).contains(&limit) => limit,
            Some(_) => {
                let detail = format!("`limit` is a whole number from 1 to {LARGEST_PAGE}");
                return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail));
            }
        };
        Ok(Self { app, scope: json!([list, owner, filters]).to_string(), limit })
    }

    /// How many items to read: one more than asked for, to know whether there are more.
    pub(super) fn to_read(&self) -> u32 {
        self.limit + 1
    }

    /// The position that a cursor holds.
    pub(super) fn position<T: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let open = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (tag, position) = bytes.split_at_checked(TAG_LENGTH)?;
            let same = bool::from(self.tag(position).ct_eq(tag));
            same.then(|| serde_json::from_slice(position).ok()).flatten()
        };
        open().map(Some).ok_or_else(|| {
            let detail = "The cursor isn't one that was given for this list with these filters and this order.";
            Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", detail)
        })
    }

    /// The list's envelope. `items` holds one more than was asked for if there are more.
    pub(super) fn envelope<T, P: Serialize>(
        &self,
        mut items: Vec<T>,
        position: impl Fn(&T) -> P,
        show: impl Fn(T) -> Value,
    ) -> Value {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > wanted;
        items.truncate(wanted);
        let next_cursor = items.last().filter(|_| has_more).map(|last| self.cursor(&position(last)));
        json!({
            "data": items.into_iter().map(show).collect::<Vec<_>>(),
            "pagination": { "hasMore": has_more, "nextCursor": next_cursor },
            "meta": { "requestId": request_id::current() },
        })
    }

    fn cursor(&self, position: &impl Serialize) -> String {
        let position = json!(position).to_string().into_bytes();
        URL_SAFE_NO_PAD.encode([self.tag(&position), position].concat())
    }

    fn tag(&self, position: &[u8]) -> Vec<u8> {
        let mut mac = mac(self.app.cursor_key.as_slice());
        mac.update(self.scope.as_bytes());
        mac.update(&[0]);
        mac.update(position);
        mac.finalize().into_bytes().iter().copied().take(TAG_LENGTH).collect()
    }
}
