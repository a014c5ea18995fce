//! A page with what its frames show: each document by itself, and all of them in one text.
//!
//! What is loaded is what the page itself could look into in a browser: documents of its own
//! origin, and only once somebody looks there. What doesn't come, isn't a document or is beyond
//! the bounds leaves its frame empty. A document in a frame that wants to be replaced by another
//! isn't.
//!
//! Not here: which frames a text has (`script::frames`), asking for it (`client`).

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use script::frames::{self, FRAMES_AT_MOST, Wants};
use script::plain::{Addresses, Place, Request};
use tokio::time::{Instant, timeout_at};
use url::{Origin, Url};

use super::client::{Client, DOCUMENT_AT_MOST, Page};
use crate::driver::DriverError;
use crate::egress::Egress;
use crate::gate::Gate;

/// How deep frames are within each other.
const DEPTH_AT_MOST: usize = 6;
/// How long what the frames of a page show may take, all of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A document, and what its frames show.
pub(super) struct Framed {
    page: Page,
    /// One for each of its frames, in the order of the document; none before anybody looked.
    frames: Option<Vec<Frame>>,
    /// All of it in one text; none where that is the document's own.
    text: Option<String>,
}

struct Frame {
    /// Whether the page could look into it.
    is_open: bool,
    shows: Option<Framed>,
}

/// What loads what frames show.
pub(super) struct Loader<'a> {
    pub(super) client: &'a Client,
    pub(super) gate: &'a Gate,
    pub(super) egress: &'a Egress,
}

/// What may still be loaded for a page.
struct Budget {
    origin: Origin,
    documents: usize,
    bytes: usize,
    until: Instant,
}

impl Framed {
    pub(super) fn new(page: Page) -> Self {
        Self { page, frames: None, text: None }
    }

    pub(super) fn url(&self) -> &Url {
        &self.page.url
    }

    pub(super) fn status(&self) -> u16 {
        self.page.status
    }

    /// The document with what its frames show, as text.
    pub(super) fn html(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.page.html)
    }

    /// Where what its frames show is.
    pub(super) fn addresses(&self) -> Addresses {
        let mut addresses = Addresses::new();
        self.note(&mut Vec::new(), &mut addresses);
        addresses
    }

    fn note(&self, place: &mut Vec<usize>, addresses: &mut Addresses) {
        for (number, frame) in self.frames.iter().flatten().enumerate() {
            let Some(shows) = &frame.shows else { continue };
            place.push(number);
            addresses.insert(Place(place.clone()), shows.url().clone());
            shows.note(place, addresses);
            place.pop();
        }
    }

    /// The document at a place; the page's own where there is none.
    pub(super) fn at(&self, place: &Place) -> &Page {
        let mut framed = self;
        for number in &place.0 {
            let frame = framed.frames.as_ref().and_then(|frames| frames.get(*number));
            let Some(within) = frame.and_then(|frame| frame.shows.as_ref()) else { return &self.page };
            framed = within;
        }
        &framed.page
    }

    /// Puts another document in the place of the one that is there; in a frame only if the page
    /// could look at it there.
    pub(super) fn put(&mut self, place: &Place, page: Page) {
        match place.0.split_first() {
            None => *self = Self::new(page),
            Some((number, rest)) => {
                let origin = self.page.url.origin();
                self.put_within(*number, rest, page, &origin);
            }
        }
    }

    fn put_within(&mut self, number: usize, rest: &[usize], page: Page, origin: &Origin) {
        let Some(frame) = self.frames.as_mut().and_then(|frames| frames.get_mut(number)) else { return };
        match (rest.split_first(), &mut frame.shows) {
            (Some((number, rest)), Some(within)) => within.put_within(*number, rest, page, origin),
            (Some(_), None) => {}
            (None, shows) => {
                let is_seen = frame.is_open && page.url.origin() == *origin;
                *shows = is_seen.then(|| Self::new(page));
            }
        }
        self.compose();
    }

    /// How many documents its frames show, and how long all of it is.
    fn weight(&self) -> (usize, usize) {
        let within = self.frames.iter().flatten().filter_map(|frame| frame.shows.as_ref());
        within.fold((0, self.page.html.len()), |(documents, bytes), shows| {
            let (more, longer) = shows.weight();
            (documents + 1 + more, bytes + longer)
        })
    }

    fn compose(&mut self) {
        let frames = self.frames.as_deref().unwrap_or_default();
        let shown: Vec<_> = frames.iter().map(|frame| frame.shows.as_ref().map(Self::html)).collect();
        // What is too large as a whole is so when it is read, too.
        self.text = if shown.is_empty() { None } else { frames::composed(&self.page.html, &shown).ok() };
    }
}

impl Loader<'_> {
    /// Loads what frames of the page show that nobody looked into yet.
    ///
    /// # Errors
    /// [`DriverError`] once the lease is lost.
    pub(super) async fn complete(&self, page: &mut Framed) -> Result<(), DriverError> {
        let (documents, bytes) = page.weight();
        let mut budget = Budget {
            origin: page.url().origin(),
            documents: FRAMES_AT_MOST.saturating_sub(documents),
            bytes: DOCUMENT_AT_MOST.saturating_sub(bytes),
            until: Instant::now() + PATIENCE,
        };
        self.look(page, &mut budget, 0).await.map(|_| ())
    }

    /// Whether something was loaded.
    fn look<'s>(
        &'s self,
        framed: &'s mut Framed,
        budget: &'s mut Budget,
        depth: usize,
    ) -> BoxFuture<'s, Result<bool, DriverError>> {
        async move {
            let mut is_other = framed.frames.is_none();
            if framed.frames.is_none() {
                let mut frames = Vec::new();
                for frame in frames::frames(&framed.page.html, &framed.page.url) {
                    let shows = match frame.wants {
                        _ if !frame.is_open || depth >= DEPTH_AT_MOST => None,
                        wants => self.shown(wants, &framed.page, budget).await?,
                    };
                    frames.push(Frame { is_open: frame.is_open, shows: shows.map(Framed::new) });
                }
                framed.frames = Some(frames);
            }
            for within in framed.frames.iter_mut().flatten().filter_map(|frame| frame.shows.as_mut()) {
                is_other |= self.look(within, budget, depth + 1).await?;
            }
            if is_other {
                framed.compose();
            }
            Ok(is_other)
        }
        .boxed()
    }

    /// What a frame of a document shows.
    async fn shown(&self, wants: Wants, on: &Page, budget: &mut Budget) -> Result<Option<Page>, DriverError> {
        if budget.documents == 0 {
            return Ok(None);
        }
        let page = match wants {
            Wants::Nothing => return Ok(None),
            Wants::Text { html, base } => Page { url: base, status: on.status, html, charset: on.charset },
            Wants::Address(url) if url.origin() != budget.origin || !self.egress.allows(&url) => return Ok(None),
            Wants::Address(url) => {
                let permit = self.gate.permit()?;
                let asked = self.client.ask(permit, Request::Link(url), Some(on));
                let page = timeout_at(budget.until, asked).await;
                self.gate.check()?;
                let Ok(Ok(page)) = page else { return Ok(None) };
                page
            }
        };
        // What is loaded already is counted with the page that says it.
        if page.url.origin() != budget.origin || page.html.len() > budget.bytes {
            return Ok(None);
        }
        budget.documents -= 1;
        budget.bytes -= page.html.len();
        Ok(Some(page))
    }
}
