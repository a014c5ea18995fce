//! What is known of a page without asking it: its events say so.
//!
//! Not here: hearing them (`wire`).

/// What is known of a page without asking it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Showing {
    /// Grows whenever the page's document is replaced.
    pub(super) document: u64,
    /// Another document was asked for and didn't come yet. Until it does the browser answers nothing that the page is asked.
    pub(super) is_leaving: bool,
    /// The page is no more.
    pub(super) gone: Option<Gone>,
}

/// How a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// With its process, or closed.
    Crashed,
    /// For want of memory.
    OutOfMemory,
}
