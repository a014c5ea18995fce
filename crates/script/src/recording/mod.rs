//! A recording: what showed of a portal while a person went through it, and what the person did, act by act.
//!
//! ```text
//!  pages   0 sign-in form     1 list of accounts     2 an account       3 the list again     4 goodbye
//!  acts    ├ fill (username)  ├ click ──────────▶ 2  ├ click ──────▶ 3  ├ click ────────▶ 4
//!          ├ fill (password)
//!          └ click ──▶ 1
//! ```
//!
//! A **page** is what showed when somebody acted on it, or at the end: of a page that changes without being left there may
//! be several. An **act** is on a page, and says which page showed next. What it was done to is a [`Target`]: every way in
//! which the thing can be found again, of which whoever reads the recording takes those that it understands.
//!
//! What was typed is never in it: a [`Value`] says what kind of thing it was. What a page showed may be in it, so a
//! recording is its author's own until its pages are scrubbed.
//!
//! As JSON it has a version; what isn't known is refused, and so is what is too large (`bounds`). Recordings of other
//! programs are turned into this form, with pages that have no `html`.
//!
//! Not here: watching a browser, and making a script of it (`draft`).

mod bounds;
pub mod foreign;
mod kind;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::css::quoted;

pub use bounds::{RecordingError, Shown};
pub use kind::PageKind;

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// What a person did with a portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recording {
    /// [`VERSION`].
    pub recording: u32,
    /// Where it began.
    pub portal: Url,
    /// What showed, in order.
    pub pages: Vec<Page>,
    /// What was done, in order.
    pub acts: Vec<Act>,
}

/// What showed when somebody acted, or at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Page {
    /// Where it was: the address of the window, whichever of its frames was acted in.
    pub url: Url,
    /// The window that it showed in: 0 is the first, and each that a page opened has the next number.
    #[serde(default, skip_serializing_if = "is_first")]
    pub window: u32,
    /// The document with its shadow roots as templates and what its frames show as `srcdoc`, as saved pages have them; none
    /// where it isn't known, or stands in a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What a person said that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PageKind>,
}

/// Something that a person did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Act {
    /// The page that it was done on, by its place in [`Recording::pages`]; none where none showed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<usize>,
    /// What was done.
    pub does: Deed,
    /// To what; none where it was done to no thing of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The page that showed next, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<usize>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Deed {
    /// An address was gone to, by the address line, a bookmark or the button that goes back.
    Navigate {
        /// Where to.
        url: Url,
    },
    /// A thing was clicked, by whatever device.
    Click,
    /// A text was typed, or put in by a program for passwords.
    Fill {
        /// What kind of text.
        with: Value,
        /// How long it was.
        length: Length,
    },
    /// An option of a field was chosen, or a box was ticked.
    Choose,
    /// A list was scrolled down, however often and far.
    Scroll,
    /// A key was pressed that isn't text, and that did no more than a click of its own.
    Press {
        /// Which.
        key: Key,
    },
    /// A page opened a window.
    Open,
    /// A window was closed.
    Close,
    /// A file came.
    Download,
}

/// What kind of text was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// The number or name of the business, beside that of its user.
    Customer,
    /// Who signs in.
    Username,
    /// The password.
    Password,
    /// A code that the bank sent, or that a device shows.
    Code,
    /// An answer to a question that the bank asked, or a part of one.
    Answer,
    /// A day, as of a range of days.
    Day,
    /// Something else.
    Other,
}

/// How long a text was: enough to tell a code from a passphrase, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Length {
    /// Nothing is left of it.
    Empty,
    /// Up to three characters.
    Few,
    /// Up to eight.
    Short,
    /// More.
    Long,
    /// Nobody knows.
    Unknown,
}

/// A key that isn't text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Key {
    /// The one that sends a form.
    Enter,
    /// The one that leaves a dialogue.
    Escape,
}

/// Something on a page that was acted on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// What it is within, outermost first; empty where it is in the window's own document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Edge>,
    /// Every way to find it in there, the surest first. At least one.
    pub ways: Vec<Way>,
}

/// An edge between a document and what shows within it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Edge {
    /// A frame.
    Frame {
        /// A selector of its element, in what is around it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        css: Option<String>,
        /// Its place among the frames of what is around it, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<u32>,
        /// Its origin, where that is another than the one around it: no script sees what is in there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<String>,
    },
    /// An open shadow root.
    ShadowRoot {
        /// A selector of its host, in what is around it.
        css: String,
    },
}

/// A way to find a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Way {
    /// An attribute that is there for programs that try the page.
    TestId {
        /// `data-testid`, `data-cy` and their like.
        attribute: String,
        /// What it says.
        value: String,
    },
    /// What it is called, and what it is, as a screen reader says it.
    Role {
        /// `button`, `link`, `textbox`.
        role: String,
        /// As "Accessible Name and Description Computation" has it.
        name: String,
    },
    /// The words of its label.
    Label(String),
    /// Its attribute `name`.
    Name(String),
    /// Its attribute `placeholder`.
    Placeholder(String),
    /// Its attribute `id`.
    Id(String),
    /// Its own words.
    Text(String),
    /// A selector, in the root that it is in.
    Css(String),
    /// A path of elements, in the root that it is in.
    Xpath(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands on a reference")]
const fn is_first(window: &u32) -> bool {
    *window == 0
}

impl Recording {
    /// An empty one.
    #[must_use]
    pub const fn new(portal: Url) -> Self {
        Self { recording: VERSION, portal, pages: Vec::new(), acts: Vec::new() }
    }

    /// Reads one of JSON.
    ///
    /// # Errors
    /// What is wrong with it. What stands in it isn't repeated.
    pub fn read(json: &str) -> Result<Self, RecordingError> {
        bounds::size(json)?;
        let recording: Self = serde_json::from_str(json)
            .map_err(|error| RecordingError::Form { line: error.line(), column: error.column() })?;
        recording.check()?;
        Ok(recording)
    }

    /// It as JSON.
    ///
    /// # Errors
    /// What is wrong with it: what is written can be read.
    pub fn write(&self) -> Result<String, RecordingError> {
        self.check()?;
        let json = serde_json::to_string_pretty(self).map_err(|_| RecordingError::Form { line: 0, column: 0 })?;
        bounds::size(&json)?;
        Ok(format!("{json}\n"))
    }

    /// The trail alone: what the pages showed is left out.
    #[must_use]
    pub fn trail(&self) -> Self {
        let bare = |page: &Page| Page { html: None, ..page.clone() };
        Self { pages: self.pages.iter().map(bare).collect(), ..self.clone() }
    }
}

impl Target {
    /// One selector through all edges, as the language has it (`a >>> b`), by the selectors that the recorder gave; none
    /// where there is a frame without one, or of another origin.
    #[must_use]
    pub fn css(&self) -> Option<String> {
        let mut css = String::new();
        for edge in &self.within {
            css.push_str(match edge {
                Edge::Frame { css: Some(css), origin: None, .. } | Edge::ShadowRoot { css } => css,
                Edge::Frame { .. } => return None,
            });
            css.push_str(" >>> ");
        }
        let own = self.ways.iter().find(|way| matches!(way, Way::Css(_)));
        css.push_str(&own.or_else(|| self.ways.iter().find(|way| way.css().is_some()))?.css()?);
        Some(css)
    }
}

impl Way {
    /// It as a selector, if it can be one.
    #[must_use]
    pub fn css(&self) -> Option<String> {
        let attribute = |name: &str, value: &str| Some(format!("[{name}={}]", quoted(value)));
        match self {
            Self::Css(css) => Some(css.clone()),
            Self::TestId { attribute: name, value } => attribute(name, value),
            Self::Name(name) => attribute("name", name),
            Self::Placeholder(text) => attribute("placeholder", text),
            Self::Id(id) => attribute("id", id),
            Self::Role { .. } | Self::Label(_) | Self::Text(_) | Self::Xpath(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Deed, Edge, Length, Page, PageKind, Recording, RecordingError, Target, Value, Way};

    fn recording() -> Recording {
        let portal: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(portal.clone());
        recording.pages.push(Page {
            url: portal,
            window: 0,
            html: Some("<p>one</p>".into()),
            kind: Some(PageKind::SignIn),
        });
        let target = Target {
            within: vec![
                Edge::Frame { css: Some("frame[name=body]".into()), place: Some(1), origin: None },
                Edge::ShadowRoot { css: "x-form".into() },
            ],
            ways: vec![Way::Label("User ID".into()), Way::Css("input".into())],
        };
        let does = Deed::Fill { with: Value::Username, length: Length::Short };
        recording.acts.push(Act { on: Some(0), does, target: Some(target), then: None });
        recording
    }

    #[test]
    fn a_recording_is_read_as_it_was_written() {
        let recording = recording();
        let json = recording.write().expect("JSON");
        assert_eq!(Recording::read(&json), Ok(recording));
        assert!(json.contains(r#""does": {"#) && json.contains(r#""with": "username""#), "{json}");
    }

    #[test]
    fn what_is_unknown_of_another_version_or_not_there_is_refused() {
        let json = recording().write().expect("JSON");
        let refused = |json: &str| Recording::read(json).expect_err("a fault");
        assert!(matches!(
            refused(&json.replace("\"portal\"", "\"typed\": 1, \"portal\"")),
            RecordingError::Form { .. }
        ));
        assert!(matches!(refused(&json.replace("\"with\"", "\"text\"")), RecordingError::Form { .. }));
        assert_eq!(refused(&json.replace("\"recording\": 1", "\"recording\": 2")), RecordingError::Version(2));
        assert_eq!(refused(&json.replace("\"on\": 0", "\"on\": 7")), RecordingError::NoPage { act: 0, page: 7 });
        let mut bare = recording();
        bare.acts[0].target = Some(Target::default());
        assert_eq!(bare.check(), Err(RecordingError::NoWay { act: 0 }));
        let text = "x".repeat(5_000);
        bare.acts[0].target = Some(Target { within: Vec::new(), ways: vec![Way::Text(text)] });
        assert_eq!(bare.check(), Err(RecordingError::TooLarge("a text of a target")));
    }

    #[test]
    fn the_trail_is_without_what_the_pages_showed() {
        let trail = recording().trail();
        assert!(!trail.write().expect("JSON").contains("one"));
        assert_eq!(trail.acts, recording().acts);
    }

    #[test]
    fn one_selector_leads_through_all_edges_but_those_of_another_origin() {
        let mut target = recording().acts[0].target.clone().expect("a target");
        assert_eq!(target.css().as_deref(), Some("frame[name=body] >>> x-form >>> input"));
        target.within[0] =
            Edge::Frame { css: Some("iframe".into()), place: None, origin: Some("https://b.example".into()) };
        assert_eq!(target.css(), None);
    }
}
