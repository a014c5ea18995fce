//! A request of a page, as far as an author is told of it: no query, no header and no body.
//!
//! Not here: how a driver learns of it ([`crate::cdp`]), or how it is shown (`author`).

use std::time::Duration;

use url::Url;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How it was asked for.
    pub method: String,
    /// Where, with what has to be taken out before anybody sees it.
    pub url: Url,
    /// What for, in the browser's word: `document`, `fetch`, `image`.
    pub kind: String,
    /// What was answered; none where nothing was.
    pub status: Option<u16>,
    /// How long it took, from the asking to the last byte.
    pub took: Option<Duration>,
    /// How many bytes came, as they travelled.
    pub bytes: Option<u64>,
    /// How it ended.
    pub end: RequestEnd,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEnd {
    /// It didn't.
    UnderWay,
    /// With an answer.
    Answered,
    /// It led elsewhere.
    Redirected,
    /// Without an answer: refused by the session's way out, or broken off.
    Failed,
}

impl Request {
    /// One that was just asked for.
    #[must_use]
    pub fn asked(method: String, url: Url, kind: String) -> Self {
        Self { method, url, kind, status: None, took: None, bytes: None, end: RequestEnd::UnderWay }
    }
}
