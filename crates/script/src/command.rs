//! What the runner and the world say to each other: one [`Command`] out, one
//! [`Observation`] in, until [`Command::Finish`] or [`Command::Fail`].
//!
//! Not here: how a command is carried out. A driver does [`Visit`](Command::Visit),
//! [`Watch`](Command::Watch), [`Act`](Command::Act), [`ReadPicture`](Command::ReadPicture) and
//! [`Download`](Command::Download); the holder of the lease does
//! the others.

mod capture;
mod download;
mod vote;

use domain::account::ObservedAccount;
use domain::challenge::Question;
use domain::failure::{Failure, FailureCode};
use domain::password_rules::PasswordRules;
use domain::run::{Effect, EffectOutcome};
use domain::secret::Secret;
use url::Url;

pub use capture::{Body, Capture, Collect, Expects, Method};
pub use download::{Download, FILE_AT_MOST, FileBytes, NoFile, Told};
pub use vote::{Vote, WaySeen};

/// What is to be done next.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open an address and wait until its document has loaded.
    /// Answered by [`Observation::Visited`] or [`Observation::Unreachable`].
    Visit(Url),
    /// Wait until a page is recognised.
    /// Answered by [`Observation::Recognised`], [`Observation::Unrecognised`] or
    /// [`Observation::Unreachable`]; see [`Command::Ask`].
    Watch(Watch),
    /// Do something on the page that is showing. Answered by [`Observation::Acted`],
    /// [`Observation::Stuck`] or, where what is asked for by it is waited for,
    /// [`Observation::Unreachable`].
    Act(Deed),
    /// Do something on the page that is showing that makes a file come, and hand the file in.
    /// Answered by [`Observation::Downloaded`], [`Observation::NoFile`],
    /// [`Observation::Stuck`] or [`Observation::Unreachable`].
    Download(Download),
    /// Keep that an effect is about to happen.
    /// Answered by [`Observation::Done`] or [`Observation::Refused`].
    Declare(Effect),
    /// Make what is about to be set at the bank, or take what its page shows, and keep it together with that it is about
    /// to happen, as [`Declare`](Self::Declare) does. Answered by [`Observation::Made`] or [`Observation::Refused`].
    Make(Making),
    /// Look at the picture that this selector fits, and say what is in its QR codes. Answered by
    /// [`Observation::PictureRead`], [`Observation::Stuck`], or [`Observation::Kept`] where the driver sees no pictures.
    ReadPicture(String),
    /// Keep what became of every open intent. Answered by [`Observation::Done`].
    SettleIntents(EffectOutcome),
    /// Ask a person. Answered by [`Observation::Answered`], [`Observation::Resend`] or [`Observation::Refused`], or by
    /// [`Observation::HandedBack`] where a person went on in the page itself; what
    /// takes no answer by [`Observation::Done`] as soon as they were told. The watches that
    /// follow then are answered by [`Observation::Refused`] when their time is up.
    Ask(Question),
    /// Offer a page that nobody knows to a person who looks on, if there is one. Answered by
    /// [`Observation::HandedBack`], or by [`Observation::Refused`] where there is none.
    OfferWheel(Question),
    /// Keep what the portal made of the answer. Answered by [`Observation::Done`].
    SettleAnswer(AnswerVerdict),
    /// Keep the portal's answers that fit this, from now on; what was kept before, and what is
    /// still under way, counts no more. Answered by [`Observation::Done`], or by
    /// [`Observation::Kept`] where the driver sees no answers.
    Capture(Capture),
    /// Hand over the answers that came since, in the order in which they were asked for.
    /// Answered by [`Observation::Captured`].
    Collect(Collect),
    /// Go on without the browser, with the session's cookies, at the page that shows.
    /// Answered by [`Observation::Done`], or by [`Observation::Kept`] where it can't be.
    LeaveBrowser,
    /// Go on in the browser, at the page that shows there. Answered by [`Observation::Done`].
    ReturnToBrowser,
    /// The run has read what it was to read. It ends here.
    Finish(Vec<ObservedAccount>),
    /// The run ends here with the failure; the page that was seen last is kept as
    /// evidence where there is one.
    Fail(Failure),
}

/// What is to be set at the bank.
#[derive(Clone, Debug)]
pub enum Making {
    /// Another password by these rules, which is what is answered.
    Password(PasswordRules),
    /// An authenticator with the secret that the bank shows. A code of it is answered.
    Authenticator(Secret),
    /// Answers to these questions, which are what is answered, in their order.
    Answers(Vec<String>),
}

impl Making {
    /// What happens at the bank then.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Password(_) => Effect::NewPassword,
            Self::Authenticator(_) => Effect::Enrol,
            Self::Answers(_) => Effect::NewAnswers,
        }
    }
}

/// What a driver looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The pages that may show, most telling first. The first whose conditions all
    /// hold in two looks, a frame apart, is the page that shows.
    pub pages: Vec<Recogniser>,
    /// While one of these is visible nothing is recognised.
    pub busy: Vec<String>,
    /// The page that was acted on, which counts again only once it was left.
    pub left: Option<Left>,
    /// What becomes of windows that pages open.
    pub popups: Popups,
    /// How long to wait, in milliseconds.
    pub patience_ms: u64,
}

impl Watch {
    /// Whether it looks into shadow roots and frames, which most portals have none of.
    #[must_use]
    pub fn looks_within(&self) -> bool {
        let conditions = self.pages.iter().flat_map(|page| &page.conditions);
        let selector = |condition: &Condition| match condition {
            Condition::Visible(selector) | Condition::Absent(selector) => selector.contains(">>>"),
            Condition::Text { within, .. } => within.contains(">>>"),
            Condition::Url(_) => false,
        };
        self.busy.iter().any(|selector| selector.contains(">>>")) || conditions.into_iter().any(selector)
    }
}

/// What becomes of windows that the pages of a session open. From one watch to the next it is as the
/// last one said, and before the first they are closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Popups {
    /// They are closed at once.
    #[default]
    Close,
    /// The newest one that is still there is the one that shows; there are [`POPUPS_AT_MOST`].
    Follow,
}

/// How many windows a session may have beside its first; any more are closed at once.
pub const POPUPS_AT_MOST: usize = 3;

/// How one page is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recogniser {
    /// The page's name in the script.
    pub page: String,
    /// All of these hold.
    pub conditions: Vec<Condition>,
}

/// Something that is true of a page or isn't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A CSS selector fits something that is visible.
    Visible(String),
    /// A CSS selector fits nothing that is visible.
    Absent(String),
    /// A visible thing that the selector fits contains this text, case and white
    /// space folded.
    Text {
        /// CSS selector.
        within: String,
        /// The text.
        contains: String,
    },
    /// The address contains this.
    Url(String),
}

/// A page that was acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The page's name. It counts again once it was seen not to hold, once its document or
    /// the one that holds the [region](Deed::region) is another, or once the text of the region
    /// is.
    pub page: String,
}

/// What is done to a page in one go.
#[derive(Clone, Debug)]
pub struct Deed {
    /// In order, each when its target can be acted on.
    pub acts: Vec<Act>,
    /// Selectors of what tells one state of the page from the next; none where nothing does.
    pub region: Vec<String>,
}

/// One thing that is done to a page.
#[derive(Clone, Debug)]
pub enum Act {
    /// Put a text into a field, in place of what is in it.
    Fill {
        /// One visible, enabled field.
        into: Target,
        /// The text.
        text: Secret,
    },
    /// Click.
    Click {
        /// One visible, enabled thing.
        target: Target,
    },
    /// Close the popup that shows, so that the window before it shows again.
    ClosePopup,
    /// Scroll down.
    Scroll {
        /// Selector that fits exactly one visible thing that scrolls.
        within: String,
        /// How far.
        stride: Stride,
    },
}

impl Act {
    /// What is acted on, by its first way.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Fill { into: target, .. } | Self::Click { target } => target.text(),
            Self::Scroll { within, .. } => within,
            Self::ClosePopup => "popup",
        }
    }
}

/// How far a list is scrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stride {
    /// By less than what shows at a time, so that something of it still does.
    Part,
    /// As far as it goes.
    ToEnd,
}

/// What is acted on, by every way in which it can be found.
///
/// Each way that finds exactly one visible, enabled thing votes for it. It is acted on if it has at
/// least as many votes as are needed, more than any other, and no [strong](Way::is_strong) way
/// names another thing: the nearest thing that looks alike is the wrong one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    ways: Vec<Way>,
    votes: usize,
}

/// One way in which a thing can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// CSS with the combinator `>>>`, which leads through shadow roots and the frames of the
    /// page's own origin, however deep.
    Css(String),
    /// A field by the words of its label, compared whole with white space and case folded.
    Label(String),
    /// A thing by its role and its name for people who can't see it.
    Role {
        /// Its role, of its own or by its tag.
        role: String,
        /// Its name, compared whole with white space and case folded.
        name: String,
    },
    /// A link or a button by its words, compared whole with white space and case folded.
    Text(String),
}

impl Target {
    /// By these ways, the first of which names it for people. What needs `votes` of them has
    /// all of them to agree where there are fewer.
    #[must_use]
    pub fn new(first: Way, others: Vec<Way>, votes: usize) -> Self {
        let ways: Vec<Way> = std::iter::once(first).chain(others).collect();
        let votes = votes.clamp(1, ways.len());
        Self { ways, votes }
    }

    /// The ways, at least one.
    #[must_use]
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// How many of them have to agree.
    #[must_use]
    pub fn votes(&self) -> usize {
        self.votes
    }

    /// What names it for people: its first way.
    #[must_use]
    pub fn text(&self) -> &str {
        self.ways.first().map_or("", Way::text)
    }
}

impl From<&str> for Target {
    fn from(selector: &str) -> Self {
        selector.to_owned().into()
    }
}

impl From<String> for Target {
    fn from(selector: String) -> Self {
        Self::new(Way::Css(selector), Vec::new(), 1)
    }
}

impl Way {
    /// The selector, or the words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Css(text) | Self::Label(text) | Self::Text(text) | Self::Role { name: text, .. } => text,
        }
    }

    /// Whether it names a thing by what it is for, and not by where it stands: its label, its
    /// role and name, or an attribute that names it.
    #[must_use]
    pub fn is_strong(&self) -> bool {
        match self {
            Self::Label(_) | Self::Role { .. } => true,
            Self::Text(_) => false,
            Self::Css(text) => ["#", "[name", "[id", "[data-"].iter().any(|mark| text.contains(mark)),
        }
    }
}

/// What a portal made of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerVerdict {
    /// It went on.
    Accepted,
    /// It refused it.
    Rejected,
}

/// What came of a command.
#[derive(Clone, Debug)]
pub enum Observation {
    /// The address was opened.
    Visited,
    /// The portal couldn't be reached, or answered with a status that is no page.
    Unreachable(Trouble),
    /// A page shows.
    Recognised {
        /// Its name.
        page: String,
        /// Where it is.
        url: Url,
        /// The whole document as it stands. Where the selectors look into them, shadow roots
        /// are in it as `<template shadowrootmode>`, and what a frame shows in its `srcdoc`.
        html: String,
    },
    /// Patience ended and no page was recognised.
    Unrecognised {
        /// Where the browser is.
        url: Url,
        /// The whole document as it stands.
        html: String,
        /// Which page is still showing though it was acted on.
        still: Option<String>,
    },
    /// All acts were done.
    Acted,
    /// A file came. The page that was showing still does.
    Downloaded(FileBytes),
    /// None did. Another page may be showing.
    NoFile(NoFile),
    /// An act couldn't be done; those before it were.
    Stuck {
        /// What was to be acted on, by its first way.
        target: String,
        /// Why.
        problem: Problem,
        /// The whole document as it stands.
        html: String,
    },
    /// The command was carried out.
    Done,
    /// It wasn't, and all is as it was.
    Kept,
    /// The command was refused: by the lockout budget, or nobody answered.
    Refused(FailureCode),
    /// What the person gave.
    Answered(Secret),
    /// A person had the page to themselves and handed it back: another may show by now. It comes in place of
    /// what a question or a watch after it is answered by.
    HandedBack,
    /// The person wants the bank to send a new code. What is asked next goes on with the same question.
    Resend,
    /// What each QR code in a picture says.
    PictureRead(Vec<Secret>),
    /// What was made, and is kept.
    Made(Vec<Secret>),
    /// What the portal answered its own page.
    Captured(Vec<Body>),
}

/// Why a portal couldn't be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its name doesn't resolve.
    Dns,
    /// No secure connection.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection was refused or ended.
    Reset,
    /// An HTTP status of 400 or more for the document itself.
    Status(u16),
    /// The address is outside of the hosts that the script allows.
    Forbidden,
}

/// Why an act couldn't be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing fits the selector.
    Missing,
    /// Several things fit it.
    Ambiguous,
    /// What fits is hidden or disabled and stayed so.
    NotActionable,
    /// There is nothing further down to scroll to.
    AtEnd,
    /// The ways in which it can be found name different things, or too few of them find it.
    Disagreement,
}
