//! What a driver keeps of the answers that a portal gives its own page.
//!
//! Not here: what they mean (`read`), or how they are kept.

/// Which answers are kept. Whatever fits, only those of the hosts that the session may reach
/// and that a page's script asked for count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Parts of the address, each of which is in it.
    pub url: Vec<String>,
    /// How it is asked for.
    pub method: Method,
}

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`, as portals do that ask for rows by a form or a query.
    Post,
}

/// How answers are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// How long those that are under way are waited for, in milliseconds.
    pub patience_ms: u64,
    /// Whether there has to be one.
    pub expects: Expects,
}

/// Whether answers are waited for that nobody has asked for yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// One is, for a moment.
    One,
    /// Those under way are all.
    Nothing,
}

/// What an answer that fitted holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// This text.
    Text(String),
    /// More than a driver keeps.
    TooLarge,
    /// Nobody knows: the browser has it no more, or it was no text.
    Lost,
}

impl Capture {
    /// Whether an answer fits that was asked for so.
    #[must_use]
    pub fn fits(&self, method: &str, url: &str) -> bool {
        method == self.method.as_str() && self.url.iter().all(|part| url.contains(part.as_str()))
    }
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}
