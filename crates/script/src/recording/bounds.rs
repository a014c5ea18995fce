//! How much a recording may hold, and what is wrong with one.
//!
//! A recording may come from anybody, so all of it is bounded, and no fault repeats what stands in it.
//!
//! Not here: what it means.

use super::{Act, Edge, Page, Recording, Target, VERSION, Way};
use crate::bounds::SIZE_LIMIT;

/// How large all of one is.
const ALL: usize = 128 * 1024 * 1024;

/// How many pages it has. Each is a look that was acted on.
pub(super) const PAGES: usize = 500;

const ACTS: usize = 5_000;

pub(super) const WAYS: usize = 24;

pub(super) const EDGES: usize = 12;

/// How long a name, a text or a selector is.
pub(super) const TEXT: usize = 4_096;

/// What is in a recording of what a page showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What was given.
    AsItWas,
    /// Nothing: there was no room for it.
    LeftOut,
}

/// What is wrong with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingError {
    /// It isn't built as one is.
    Form {
        /// Where, from 1; 0 where it isn't known.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// It has another version.
    Version(u32),
    /// This is more than there may be.
    TooLarge(&'static str),
    /// An act is on a page, or leads to one, that isn't there.
    NoPage {
        /// Which act, from 0.
        act: usize,
        /// The page that isn't there.
        page: usize,
    },
    /// A target without a way to find it.
    NoWay {
        /// Of which act, from 0.
        act: usize,
    },
}

impl std::fmt::Display for RecordingError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form { line, column } => {
                write!(out, "it isn't built as a recording is, at line {line}, column {column}")
            }
            Self::Version(version) => {
                write!(out, "it is a recording of version {version}, and this reads version {VERSION}")
            }
            Self::TooLarge(what) => write!(out, "too much: {what}"),
            Self::NoPage { act, page } => write!(out, "act {act} names page {page}, which isn't there"),
            Self::NoWay { act } => write!(out, "nothing says how the target of act {act} is found"),
        }
    }
}

impl std::error::Error for RecordingError {}

/// Whether a recording's text may be read at all.
pub(super) const fn size(json: &str) -> Result<(), RecordingError> {
    if json.len() > ALL { Err(RecordingError::TooLarge("all of it")) } else { Ok(()) }
}

impl Recording {
    /// Puts a page at its end, as far as there is room for it; its place. What it showed is left out where that is too large
    /// by itself, or with all that the others showed.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub fn add_page(&mut self, mut page: Page) -> Result<(usize, Shown), RecordingError> {
        within("pages", self.pages.len() + 1, PAGES)?;
        let size = |page: &Page| page.html.as_ref().map_or(0, String::len);
        let all: usize = self.pages.iter().map(size).sum();
        let shown = if size(&page) > SIZE_LIMIT || all + size(&page) > ALL {
            page.html = None;
            Shown::LeftOut
        } else {
            Shown::AsItWas
        };
        self.pages.push(page);
        Ok((self.pages.len() - 1, shown))
    }

    /// Puts an act at its end; its place.
    ///
    /// # Errors
    /// When there are as many as there may be, or its target isn't within bounds.
    pub fn add_act(&mut self, act: Act) -> Result<usize, RecordingError> {
        let at = self.acts.len();
        within("acts", at + 1, ACTS)?;
        check_act(at, &act)?;
        self.acts.push(act);
        Ok(at)
    }

    /// Whether it is of a version that is known, within bounds, and names no page that isn't there.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), RecordingError> {
        if self.recording != VERSION {
            return Err(RecordingError::Version(self.recording));
        }
        within("pages", self.pages.len(), PAGES)?;
        within("acts", self.acts.len(), ACTS)?;
        for page in &self.pages {
            within("a page", page.html.as_ref().map_or(0, String::len), SIZE_LIMIT)?;
        }
        for (at, act) in self.acts.iter().enumerate() {
            let named = [act.on, act.then].into_iter().flatten();
            if let Some(page) = named.into_iter().find(|page| *page >= self.pages.len()) {
                return Err(RecordingError::NoPage { act: at, page });
            }
            check_act(at, act)?;
        }
        Ok(())
    }
}

fn check_act(at: usize, act: &Act) -> Result<(), RecordingError> {
    match &act.target {
        Some(target) if target.ways.is_empty() => Err(RecordingError::NoWay { act: at }),
        Some(target) => check_target(target),
        None => Ok(()),
    }
}

fn check_target(target: &Target) -> Result<(), RecordingError> {
    within("ways to a target", target.ways.len(), WAYS)?;
    within("edges around a target", target.within.len(), EDGES)?;
    let of_way = |way: &Way| match way {
        Way::TestId { attribute, value } => attribute.len().max(value.len()),
        Way::Role { role, name } => role.len().max(name.len()),
        Way::Label(text)
        | Way::Name(text)
        | Way::Placeholder(text)
        | Way::Id(text)
        | Way::Text(text)
        | Way::Css(text)
        | Way::Xpath(text) => text.len(),
    };
    let of_edge = |edge: &Edge| match edge {
        Edge::Frame { css, origin, .. } => {
            let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            length(css).max(length(origin))
        }
        Edge::ShadowRoot { css } => css.len(),
    };
    let longest = target.ways.iter().map(of_way).chain(target.within.iter().map(of_edge)).max().unwrap_or(0);
    within("a text of a target", longest, TEXT)
}

const fn within(what: &'static str, count: usize, most: usize) -> Result<(), RecordingError> {
    if count > most { Err(RecordingError::TooLarge(what)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{ACTS, ALL, PAGES, RecordingError, SIZE_LIMIT, Shown};
    use crate::recording::{Act, Deed, Page, Recording, Target};

    fn page(size: usize) -> Page {
        let url = "https://bank.example/".parse().expect("an address");
        Page { url, window: 0, html: Some("x".repeat(size)), kind: None }
    }

    #[test]
    fn what_grows_stays_one_that_may_be_written() {
        let mut recording = Recording::new("https://bank.example/".parse().expect("an address"));
        assert_eq!(recording.add_page(page(SIZE_LIMIT + 1)), Ok((0, Shown::LeftOut)));
        for place in 1..=ALL / SIZE_LIMIT {
            assert_eq!(recording.add_page(page(SIZE_LIMIT)), Ok((place, Shown::AsItWas)));
        }
        assert_eq!(recording.add_page(page(1)).map(|(_, shown)| shown), Ok(Shown::LeftOut));
        while recording.pages.len() < PAGES {
            recording.add_page(page(0)).expect("room");
        }
        assert_eq!(recording.add_page(page(0)), Err(RecordingError::TooLarge("pages")));
        let act = || Act { on: None, does: Deed::Click, target: None, then: None };
        let lost = Act { target: Some(Target::default()), ..act() };
        assert_eq!(recording.add_act(lost), Err(RecordingError::NoWay { act: 0 }));
        (0..ACTS).for_each(|place| assert_eq!(recording.add_act(act()), Ok(place)));
        assert_eq!(recording.add_act(act()), Err(RecordingError::TooLarge("acts")));
        assert_eq!(recording.check(), Ok(()));
    }
}
