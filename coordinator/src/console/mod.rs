//! The operators' console at `/console`: pages for people, made on the server, which work without JavaScript
//! for all but what is live.
//!
//! `door` says who comes in and what a form has to show, `frame` is the page around each page, `parts` are the
//! pieces that pages are made of, `refusal` the pages of what couldn't be, `viewer` is somebody who looks at a run as it goes on; each page has a file in `pages`, and
//! `routes` says which role each needs.
//!
//! Not here: what anything means or does; pages call the same use cases as `/control/v1` and `/v1`.

mod assets;
mod door;
mod events;
mod frame;
mod pages;
mod parts;
mod refusal;
mod routes;
mod viewer;
mod wording;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use domain::connection::ConnectionStatus;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::fleet::Fleet;

// What the set-up page has in common with the console's.
pub use assets::{Asset, FOR_GOOD, MORPH};
pub use door::{Fields, LARGEST_FORM, address, is_from_here};

/// What every page works with.
#[derive(Clone)]
struct Console {
    fleet: Arc<Fleet>,
    /// What forms prove with that a page of this session made them.
    form_key: Arc<[u8; 32]>,
    /// How many connections there were of each status, by reach, and when.
    counts: Arc<Mutex<HashMap<String, Counted>>>,
}

/// How many connections there were.
type Counted = (Timestamp, Vec<(ConnectionStatus, u64)>);

/// Every route under `/console`.
pub fn router(fleet: Arc<Fleet>) -> Router {
    let form_key = Arc::new(fleet.vault.derived_key("forms of the console"));
    routes::router(Console { fleet, form_key, counts: Arc::default() })
}
