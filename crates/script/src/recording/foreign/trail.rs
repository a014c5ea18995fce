//! A recording as it grows out of somebody else's steps: which page shows in which window, and which one came of an act.
//!
//! Such files say where pages are and not what they show; that another page came they say of the act before it.
//!
//! Not here: how steps are written.

use url::Url;

use crate::recording::bounds::PAGES;
use crate::recording::{Act, Deed, Page, Recording, Target};

pub(super) struct Trail {
    recording: Option<Recording>,
    /// Of each window, by what its file calls it: the page that shows in it now.
    windows: Vec<(String, Option<usize>)>,
}

impl Trail {
    /// Nothing was gone to yet, in a window that its file calls `first`.
    pub(super) fn new(first: &str) -> Self {
        Self { recording: None, windows: vec![(first.to_owned(), None)] }
    }

    /// The page that shows in a window.
    pub(super) fn page(&self, window: &str) -> Option<usize> {
        self.windows.iter().find(|(known, _)| known == window)?.1
    }

    /// Whether its file spoke of a window before.
    pub(super) fn has(&self, window: &str) -> bool {
        self.windows.iter().any(|(known, _)| known == window)
    }

    /// The address that shows in a window.
    pub(super) fn address(&self, window: &str) -> Option<&Url> {
        let page = self.page(window)?;
        self.recording.as_ref()?.pages.get(page).map(|page| &page.url)
    }

    /// What the last act was done to, if that was this, and led to what shows in the window.
    pub(super) fn last_of(&self, window: &str, does: &Deed) -> Option<&Target> {
        let last = self.recording.as_ref()?.acts.last()?;
        last.target.as_ref().filter(|_| last.does == *does && last.then.is_some() && last.then == self.page(window))
    }

    /// An address was gone to.
    pub(super) fn navigate(&mut self, window: &str, url: Url) {
        let on = self.page(window);
        let recording = self.recording.get_or_insert_with(|| Recording::new(url.clone()));
        recording.acts.push(Act { on, does: Deed::Navigate { url: url.clone() }, target: None, then: None });
        self.show(window, url);
    }

    /// The page that shows in a window has another address than the one that was gone to.
    pub(super) fn redirect(&mut self, window: &str, url: Url) {
        let page = self.page(window);
        if let Some(page) = page.and_then(|page| self.recording.as_mut()?.pages.get_mut(page)) {
            page.url = url;
        }
    }

    /// Something was done in a window.
    pub(super) fn act(&mut self, window: &str, does: Deed, target: Option<Target>) {
        let on = self.page(window);
        if let Some(recording) = &mut self.recording {
            recording.acts.push(Act { on, does, target, then: None });
        }
    }

    /// A page opened a window that its file calls so, with this address in it.
    pub(super) fn open(&mut self, opener: &str, window: &str, url: Url) {
        self.act(opener, Deed::Open, None);
        self.windows.push((window.to_owned(), None));
        self.show(window, url);
    }

    /// Another page came of the last act. One more than a recording may have is enough to have it refused.
    pub(super) fn show(&mut self, window: &str, url: Url) {
        let Some(number) = self.windows.iter().position(|(known, _)| known == window) else { return };
        let Some(recording) = &mut self.recording else { return };
        if recording.pages.len() > PAGES {
            return;
        }
        recording.pages.push(Page { url, window: u32::try_from(number).unwrap_or(u32::MAX), html: None, kind: None });
        let page = recording.pages.len() - 1;
        if let Some(last) = recording.acts.last_mut() {
            last.then = Some(page);
        }
        self.windows[number].1 = Some(page);
    }

    /// The recording, if anything was gone to.
    pub(super) fn end(self) -> Option<Recording> {
        self.recording
    }
}
