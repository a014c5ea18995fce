//! What a run reports beside its records: the steps that it took, how ways fared, how the portal's pages are built, and
//! the page that was showing when it failed. Nothing of it says whose the portal's content is.
//!
//! Not here: the records themselves, and when a report is sent ([`crate::lease`]).

use domain::failure::Stage;
use domain::run::{Effect, Step};
use serde::{Deserialize, Serialize};

/// How many steps a run hands in at most; where there were more, those in the middle are left out.
pub const STEPS_LIMIT: usize = 240;

/// A step that a run took. What a page says and what is typed isn't in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunStep {
    /// When it began, in milliseconds since the attempt did.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What was under way.
    pub stage: Stage,
    /// What was done.
    pub step: Step,
    /// The page that showed then, as the script calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The effect that was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// How one way to find something fared in a run, beside others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WayCount {
    /// What is to be found, by its first way.
    pub target: String,
    /// The selector, or the words.
    pub way: String,
    /// How often it found what was acted on.
    pub found: u32,
    /// How often it found nothing.
    pub missing: u32,
    /// How often it found something else, or what couldn't be acted on.
    pub disagreed: u32,
}

/// Of how many pages a run tells at most.
pub const PAGES_LIMIT: usize = 24;

/// How large a page is at most that goes with it, in bytes.
pub const PAGE_LIMIT: usize = 256 << 10;

/// How large all of them are together at most, in bytes.
pub const PAGES_TOGETHER: usize = 1 << 20;

/// How a page of the portal was built when it showed last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownDigest {
    /// The page, as the script calls it.
    pub page: String,
    /// The digest of its skeleton.
    pub digest: String,
}

/// How a page is built that a run saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeenPage {
    /// The page, as the script calls it.
    pub page: String,
    /// The digest of its skeleton.
    pub digest: String,
    /// The page without anything of a customer's; none where the digest is the one that the lease said, and where there
    /// was no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// A page that was showing when a run failed, scrubbed by the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    /// The page's address without query and fragment.
    pub url: String,
    /// The page's structure: no values, no digits, no scripts, no secrets.
    pub html: String,
}
