//! A page with what its frames show: each document by itself, and all of them in one text.
//!
//! What is loaded is what the page itself could look into in a browser: documents of its own
//! origin. What doesn't come, or isn't a document, leaves its frame empty, as a browser does. A
//! document in a frame that wants to be replaced by another isn't.
//!
//! Not here: which frames a text has (`script::frames`), asking for it (`client`).

use futures::FutureExt as _;
use futures::future::BoxFuture;
use script::frames::{self, Shown};
use script::plain::{Place, Request};
use url::{Origin, Url};

use super::client::{Client, Page};
use crate::driver::DriverError;
use crate::egress::Egress;
use crate::gate::Gate;

/// How many frames of a page are loaded, those within frames among them.
const FRAMES_AT_MOST: usize = 32;
/// How deep frames are within each other.
const DEPTH_AT_MOST: usize = 6;

/// A document, and what its frames show.
pub(super) struct Framed {
    page: Page,
    /// One for each of its frames, in the order of the document.
    frames: Vec<Option<Framed>>,
    /// All of it in one text; none where that is the document's own.
    text: Option<String>,
}

/// What loads what frames show.
pub(super) struct Loader<'a> {
    pub(super) client: &'a Client,
    pub(super) gate: &'a Gate,
    pub(super) egress: &'a Egress,
}

impl Framed {
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

    /// The document at a place; the page's own where there is none.
    pub(super) fn at(&self, place: &Place) -> &Page {
        let mut framed = self;
        for number in &place.0 {
            let Some(Some(within)) = framed.frames.get(*number) else { return &self.page };
            framed = within;
        }
        &framed.page
    }

    /// Puts another in the place of the document that is there; whether there is such a place.
    pub(super) fn put(&mut self, place: &[usize], other: Self) -> bool {
        let Some((number, rest)) = place.split_first() else {
            *self = other;
            return true;
        };
        let Some(frame) = self.frames.get_mut(*number) else { return false };
        let is_put = match frame {
            Some(within) => within.put(rest, other),
            None if rest.is_empty() => {
                *frame = Some(other);
                true
            }
            None => false,
        };
        if is_put {
            self.compose();
        }
        is_put
    }

    fn compose(&mut self) {
        let shown =
            |framed: &Option<Self>| framed.as_ref().map(|framed| (framed.url().clone(), framed.html().to_owned()));
        let shown: Vec<_> = self.frames.iter().map(shown).collect();
        let shown: Vec<_> = shown.iter().map(|shown| shown.as_ref().map(|(url, html)| Shown { url, html })).collect();
        // What is too large as a whole is so when it is read, too.
        self.text = frames::composed(&self.page.html, &shown).ok().filter(|_| !shown.is_empty());
    }
}

impl Loader<'_> {
    /// The page with what its frames show.
    ///
    /// # Errors
    /// [`DriverError`] once the lease is lost.
    pub(super) async fn whole(&self, page: Page) -> Result<Framed, DriverError> {
        let origin = page.url.origin();
        self.framed(page, &origin, &mut FRAMES_AT_MOST.clone(), 0).await
    }

    fn framed<'s>(
        &'s self,
        page: Page,
        origin: &'s Origin,
        left: &'s mut usize,
        depth: usize,
    ) -> BoxFuture<'s, Result<Framed, DriverError>> {
        async move {
            let wanted = frames::wanted(&page.html, &page.url);
            let mut framed = Framed { page, frames: Vec::new(), text: None };
            for wanted in wanted {
                let url = wanted.filter(|url| *left > 0 && depth < DEPTH_AT_MOST && url.origin() == *origin);
                let document = match url.filter(|url| self.egress.allows(url)) {
                    None => None,
                    Some(url) => {
                        *left -= 1;
                        let permit = self.gate.permit()?;
                        let page = self.client.ask(permit, Request::Link(url), Some(&framed.page)).await;
                        self.gate.check()?;
                        page.ok().filter(|page| page.url.origin() == *origin)
                    }
                };
                let within = match document {
                    None => None,
                    Some(page) => Some(self.framed(page, origin, left, depth + 1).await?),
                };
                framed.frames.push(within);
            }
            if framed.frames.iter().any(Option::is_some) {
                framed.compose();
            }
            Ok(framed)
        }
        .boxed()
    }
}
