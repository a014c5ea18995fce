//! What is said to `page.js` and what it says, and the only way to send a page a
//! command: with a [`Permit`].
//!
//! Texts that are filled in travel as arguments of a call, never as source. Not here:
//! when a call is made again.

use std::time::Duration;

use script::command::{Act, Condition, Left, Problem, Recogniser, Stride, Target, Vote, Way, WaySeen};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{SessionId, Wire, WireError};
use crate::gate::Permit;
use crate::pictures::Placed;
use crate::tally::Tally;

/// How much of a document is taken, in UTF-16 units.
const DOCUMENT_AT_MOST: usize = 8 * 1024 * 1024;

/// The function that is called in pages.
pub(crate) const IN_PAGE: &str = include_str!("page.js");

/// The line to one page.
#[derive(Debug)]
pub(super) struct PageLine {
    pub(super) wire: Wire,
    pub(super) session: SessionId,
    pub(super) target: String,
}

/// What is asked of a page.
#[derive(Clone, Copy)]
pub(crate) enum Request<'a> {
    /// Wait until the document has been read.
    Loaded,
    /// Wait until a page is recognised.
    Watch { watch: &'a script::command::Watch, left: Option<&'a Left>, patience: Duration },
    /// Bring what this selector fits into view, and say where it is.
    Place { selector: &'a str, patience: Duration },
    /// Do these; `page` is what was recognised before.
    Act {
        acts: &'a [Act],
        /// What tells one state of the page from the next.
        region: &'a [String],
        page: Option<&'a Recogniser>,
        /// The first of several calls for one command.
        first: bool,
        /// For how long each target is waited for.
        patience: Duration,
        /// Milliseconds of the epoch after which nothing is done.
        until: u64,
    },
}

/// What a page answers.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// The browser's own page that says that there is none.
    #[serde(rename_all = "camelCase")]
    ErrorPage { error_page: String, status: u16 },
    /// The document's HTTP status, 0 if there was none.
    Status { status: u16 },
    /// The trust window had ended.
    Late {
        #[serde(rename = "late")]
        _late: bool,
    },
    /// Where something is.
    Placed { placed: Placed },
    /// All was done.
    Acted {
        #[serde(rename = "acted")]
        _acted: bool,
        /// What the ways to find what was acted on came to.
        #[serde(default)]
        votes: Vec<Cast>,
    },
    /// Something couldn't be done.
    Stuck {
        stuck: String,
        problem: Hindrance,
        #[serde(default)]
        votes: Vec<Cast>,
        html: String,
    },
    /// A page was recognised, or none.
    Seen { page: Option<String>, still: Option<String>, url: String, html: String },
}

/// [`Problem`] as it is spelled in the page.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Hindrance {
    Missing,
    Ambiguous,
    NotActionable,
    AtEnd,
    Disagreement,
}

/// A vote, and what it is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Cast {
    target: String,
    way: String,
    seen: WaySeen,
}

impl Cast {
    /// Counts it.
    pub(crate) fn count(self, tally: &mut Tally) {
        let Self { target, way, seen } = self;
        tally.count(&target, Vote { way, seen });
    }
}

impl PageLine {
    /// The same line, for a task of its own.
    pub(super) fn again(&self) -> Self {
        Self { wire: self.wire.clone(), session: self.session.clone(), target: self.target.clone() }
    }

    /// Sends the page one command.
    pub(super) async fn send(
        &self,
        _permit: Permit,
        method: &'static str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, WireError> {
        self.wire.call(Some(&self.session), method, params, patience).await
    }

    /// Sends the browser one command about the page.
    pub(super) async fn send_to_browser(
        &self,
        _permit: Permit,
        method: &'static str,
        params: Value,
        patience: Duration,
    ) -> Result<Value, WireError> {
        self.wire.call(None, method, params, patience).await
    }

    /// Makes a world of our own in the document that is showing; its number.
    pub(super) async fn make_world(&self, permit: Permit, patience: Duration) -> Result<i64, WireError> {
        let params = json!({ "frameId": self.target, "worldName": "bursar" });
        let answer = self.send(permit, "Page.createIsolatedWorld", params, patience).await?;
        answer["executionContextId"].as_i64().ok_or(WireError::NoDocument)
    }

    /// Calls into a world. None if the function failed there, for which only a
    /// document that is being taken down gives it reason.
    pub(super) async fn call(
        &self,
        permit: Permit,
        world: i64,
        request: Request<'_>,
        patience: Duration,
    ) -> Result<Option<Answer>, WireError> {
        let params = json!({
            "functionDeclaration": IN_PAGE,
            "executionContextId": world,
            "arguments": [{ "value": request.verb() }, { "value": request.to_json() }],
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": matches!(request, Request::Act { .. }),
            "silent": true,
        });
        let mut answer = self.send(permit, "Runtime.callFunctionOn", params, patience).await?;
        // What an exception says may be the page's words.
        if answer.get("exceptionDetails").is_some() {
            tracing::debug!(verb = request.verb(), "the function failed in the page");
            return Ok(None);
        }
        Ok(serde_json::from_value(answer["result"]["value"].take()).ok())
    }
}

impl Request<'_> {
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Watch { .. } => "watch",
            Self::Place { .. } => "place",
            Self::Act { .. } => "act",
        }
    }

    pub(crate) fn to_json(self) -> Value {
        match self {
            Self::Loaded => json!({}),
            Self::Watch { watch, left, patience } => json!({
                "pages": watch.pages.iter().map(recogniser).collect::<Vec<_>>(),
                "busy": watch.busy,
                "left": left.map(|left| json!({ "page": left.page })),
                "patience": millis(patience),
                "limit": DOCUMENT_AT_MOST,
            }),
            Self::Place { selector, patience } => json!({
                "acts": [{ "target": target(&selector.into()) }],
                "patience": millis(patience),
                "limit": DOCUMENT_AT_MOST,
            }),
            Self::Act { acts, region, page, first, patience, until } => json!({
                "acts": acts.iter().map(act).collect::<Vec<_>>(),
                "region": region,
                "page": page.map(recogniser),
                "first": first,
                "patience": millis(patience),
                "until": until,
                "limit": DOCUMENT_AT_MOST,
            }),
        }
    }
}

impl From<Hindrance> for Problem {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Missing => Self::Missing,
            Hindrance::Ambiguous => Self::Ambiguous,
            Hindrance::NotActionable => Self::NotActionable,
            Hindrance::AtEnd => Self::AtEnd,
            Hindrance::Disagreement => Self::Disagreement,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn recogniser(recogniser: &Recogniser) -> Value {
    let conditions: Vec<_> = recogniser.conditions.iter().map(condition).collect();
    json!({ "page": recogniser.page, "conditions": conditions })
}

fn condition(condition: &Condition) -> Value {
    match condition {
        Condition::Visible(selector) => json!({ "visible": selector }),
        Condition::Absent(selector) => json!({ "absent": selector }),
        Condition::Text { within, contains } => json!({ "within": within, "contains": contains }),
        Condition::Url(part) => json!({ "url": part }),
    }
}

fn act(act: &Act) -> Value {
    match act {
        Act::Fill { into, text } => json!({ "into": target(into), "text": text.expose() }),
        Act::Click { target: one } => json!({ "target": target(one) }),
        Act::Scroll { within, stride } => json!({ "scroll": within, "toEnd": *stride == Stride::ToEnd }),
        // It isn't done in a page.
        Act::ClosePopup => Value::Null,
    }
}

fn target(target: &Target) -> Value {
    let ways: Vec<Value> = target.ways().iter().map(way).collect();
    json!({ "text": target.text(), "ways": ways, "votes": target.votes() })
}

fn way(way: &Way) -> Value {
    let is_strong = way.is_strong();
    match way {
        Way::Css(selector) => json!({ "css": selector, "strong": is_strong }),
        Way::Label(words) => json!({ "label": words, "strong": is_strong }),
        Way::Role { role, name } => json!({ "role": role, "name": name, "strong": is_strong }),
        Way::Text(words) => json!({ "words": words, "strong": is_strong }),
    }
}
