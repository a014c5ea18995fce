//! Recordings of other programs as ours, and ours as those.
//!
//! ```text
//!  Chrome's DevTools Recorder (JSON) ──▶ ┐
//!  Selenium IDE (.side) ───────────────▶ ├ Recording ──▶ DevTools Recorder (JSON)
//!                                        └ what of the file isn't in it
//! ```
//!
//! Nothing is lost in silence: whatever a file says and a recording can't hold is told, field by field, and what changes
//! what the file means (code, steps of somebody's own, typed text of which nobody knows what it was) has the whole file
//! refused, with every place. Texts that were typed stand in such files in clear; none is carried over or repeated.
//!
//! Not here: files and terminals (the agent's `import` and `export`), and making a script of a recording (`draft`).

mod devtools;
mod devtools_out;
mod fields;
mod selectors;
mod side;
mod trail;
mod typed;

use std::collections::{BTreeMap, BTreeSet};

use domain::secret::Secret;
use serde::Serialize;

use super::{Recording, Value};

pub use devtools::import_devtools;
pub use devtools_out::{Exported, export_devtools};
pub use side::import_side;

/// How large a file may be, in bytes.
const ALL: usize = 16 * 1024 * 1024;

/// What is known of the texts that were typed.
#[derive(Debug, Default)]
pub struct Typed {
    /// What some of them were: whoever recorded it knows.
    pub known: Vec<(Value, Secret)>,
    /// What was typed in a step, from 1, as somebody says.
    pub said: BTreeMap<usize, Value>,
}

/// A recording of another program.
#[derive(Debug, PartialEq, Eq)]
pub struct Imported {
    /// What its file calls it.
    pub title: String,
    /// It as one of ours, without what the pages showed.
    pub recording: Recording,
    /// What its file says and it doesn't, in the order of its first place.
    pub left: Vec<Left>,
}

/// What wasn't carried over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Which kind of step, or which field of one: `scroll`, `click.offsetX`.
    pub what: String,
    /// Why not.
    pub why: &'static str,
    /// The steps, from 1; none where it is the whole file's.
    pub steps: BTreeSet<usize>,
}

/// Why a file isn't carried over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Which step, from 1; none where it is the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// What is the matter, without a text of the file's but names of its fields.
    pub reason: String,
}

/// Everything for which a file is refused, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals(pub Vec<Refusal>);

impl std::fmt::Display for Refusals {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, refusal) in self.0.iter().enumerate() {
            let end = if at + 1 == self.0.len() { "" } else { "\n" };
            match refusal.step {
                Some(step) => write!(out, "step {step}: {}{end}", refusal.reason)?,
                None => write!(out, "{}{end}", refusal.reason)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Refusals {}

impl Refusals {
    fn of_file(reason: impl Into<String>) -> Self {
        Self(vec![Refusal { step: None, reason: reason.into() }])
    }
}

/// What came up while a file was read.
#[derive(Debug, Default)]
struct Notes {
    left: Vec<Left>,
    refusals: Vec<Refusal>,
}

impl Notes {
    fn leave(&mut self, step: Option<usize>, what: impl Into<String>, why: &'static str) {
        let what = what.into();
        let known = self.left.iter().position(|left| left.what == what && left.why == why);
        let at = known.unwrap_or_else(|| {
            self.left.push(Left { what, why, steps: BTreeSet::new() });
            self.left.len() - 1
        });
        self.left[at].steps.extend(step);
    }

    fn refuse(&mut self, step: Option<usize>, reason: impl Into<String>) {
        self.refusals.push(Refusal { step, reason: reason.into() });
    }
}

/// The JSON of a file that isn't too large.
fn json(text: &str) -> Result<serde_json::Value, Refusals> {
    if text.len() > ALL {
        return Err(Refusals::of_file("it is larger than 16 MB"));
    }
    serde_json::from_str(text).map_err(|error| {
        // What the parser says may hold a piece of the file.
        Refusals::of_file(format!("it is no JSON, at line {}, column {}", error.line(), error.column()))
    })
}
