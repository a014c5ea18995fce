//! How much a recording may hold, and what is wrong with one.
//!
//! A recording may come from anybody, so all of it is bounded, and no fault repeats what stands in it.
//!
//! Not here: what it means.

use super::{Edge, Recording, Target, VERSION, Way};
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
            let Some(target) = &act.target else { continue };
            if target.ways.is_empty() {
                return Err(RecordingError::NoWay { act: at });
            }
            check_target(target)?;
        }
        Ok(())
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
