//! Lists: how a page is asked for, and the envelope that it comes in.
//!
//! Not here: what stands in a cursor (`cursor`), or which filters a list has.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::id::OrganizationId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::App;
use super::body::{bad_query, read_parameters, take_parameters};
use super::cursor::Binding;
use super::problem::Problem;
use super::request_id;
use crate::clock;
use crate::store::PageRequest;

const LARGEST_PAGE: u32 = 500;
const USUAL_PAGE: u32 = 100;

/// Which page of a list is wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "this is what the document says; `Listed` reads it")]
pub(super) struct Paging {
    /// How many items a page has at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// The `nextCursor` of the page before, with the same filters and order.
    cursor: Option<String>,
}

/// A request for a page: the list's own filters, and which page.
pub(super) struct Listed<F> {
    pub(super) filter: F,
    pub(super) limit: u32,
    pub(super) cursor: Option<String>,
}

/// A list without filters.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFilter {}

impl<F: DeserializeOwned> FromRequestParts<App> for Listed<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut parameters = take_parameters(parts)?;
        let mut text = |name: &str| parameters.shift_remove(name).and_then(|value| value.as_str().map(str::to_owned));
        let (limit, cursor) = (text("limit"), text("cursor"));
        let limit = match limit.map(|limit| limit.parse::<u32>()) {
            None => USUAL_PAGE,
            Some(Ok(limit)) if (1..=LARGEST_PAGE).contains(&limit) => limit,
            Some(_) => return Err(bad_query(format!("`limit` is a whole number from 1 to {LARGEST_PAGE}"))),
        };
        Ok(Self { filter: read_parameters(parameters)?, limit, cursor })
    }
}

impl<F: Serialize> Listed<F> {
    /// Reads the cursor, which has to be one of this list, of this owner and filters.
    ///
    /// # Errors
    /// `invalid_cursor`, `cursor_expired`.
    pub(super) fn open<P: DeserializeOwned>(
        &self,
        app: &App,
        list: &str,
        owner: OrganizationId,
    ) -> Result<Opened<P>, Problem> {
        let binding = Binding::new(&app.cursor_key, list, owner, &self.filter);
        let after = self.cursor.as_deref().map(|cursor| binding.position(cursor, clock::now())).transpose()?;
        Ok(Opened { after, limit: self.limit, binding })
    }
}

/// A list, and the position that its page begins after.
pub(super) struct Opened<P> {
    pub(super) after: Option<P>,
    limit: u32,
    binding: Binding,
}

impl Opened<Uuid> {
    /// What to ask the store for, in a list that is sorted by id.
    pub(super) fn page(&self) -> PageRequest {
        PageRequest { after: self.after, limit: self.to_read() }
    }
}

impl<P: Serialize> Opened<P> {
    /// How many items to read: one more than asked for, to know whether there are more.
    pub(super) fn to_read(&self) -> u32 {
        self.limit + 1
    }

    /// A cursor for this list that holds a position.
    pub(super) fn cursor(&self, position: &P) -> String {
        self.binding.cursor(position, clock::now())
    }

    /// The list's envelope. `items` holds one more than was asked for if there are more.
    pub(super) fn list<T, S>(
        &self,
        mut items: Vec<T>,
        position: impl Fn(&T) -> P,
        show: impl FnMut(T) -> S,
    ) -> List<S> {
        let wanted = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > wanted;
        items.truncate(wanted);
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|last| self.cursor(&position(last)));
        let pagination = Pagination { has_more, next_cursor };
        List { data: items.into_iter().map(show).collect(), pagination, meta: Meta::new() }
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The items, in the list's order.
    pub(super) data: Vec<T>,
    pub(super) pagination: Pagination,
    pub(super) meta: Meta,
}

impl<T> List<T> {
    /// A list that is never so long that it needs pages.
    pub(super) fn whole(data: Vec<T>) -> Self {
        Self { data, pagination: Pagination { has_more: false, next_cursor: None }, meta: Meta::new() }
    }
}

/// Whether a list goes on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    /// Whether there are more items after this page.
    has_more: bool,
    /// What to give as `cursor` for the next page; null on the last.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// What goes with every envelope.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    /// The request's id, also in the header `x-request-id`.
    request_id: String,
}

impl Meta {
    pub(super) fn new() -> Self {
        Self { request_id: request_id::current() }
    }
}
