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

mod clean;
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
use trail::Trail;
use typed::Unknown;

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

impl Typed {
    /// All texts that were typed: those of the file, and those that somebody knows.
    fn texts<'t>(&self, of_file: impl Iterator<Item = &'t str>) -> Vec<Secret> {
        let known = self.known.iter().map(|(_, secret)| secret.clone());
        known
            .chain(of_file.filter(|text| !typed::is_placeholder(text)).map(|text| Secret::new(text.to_owned())))
            .collect()
    }
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
    /// Whether some of it is that nobody knows what was typed, which somebody may say.
    #[must_use]
    pub fn ask_what_was_typed(&self) -> bool {
        self.0.iter().any(|refusal| refusal.reason == typed::UNKNOWN)
    }

    fn of_file(reason: impl Into<String>) -> Self {
        Self(vec![Refusal { step: None, reason: reason.into() }])
    }
}

/// After so many reasons nobody reads on.
const REFUSALS: usize = 100;

/// What came up while a file was read.
#[derive(Debug, Default)]
struct Notes {
    /// What is left, by what it is and why, in the order of its first place.
    left: BTreeMap<(String, &'static str), (usize, BTreeSet<usize>)>,
    refusals: Vec<Refusal>,
}

impl Notes {
    fn leave(&mut self, step: Option<usize>, what: impl Into<String>, why: &'static str) {
        let place = self.left.len();
        self.left.entry((what.into(), why)).or_insert_with(|| (place, BTreeSet::new())).1.extend(step);
    }

    /// Whether there is reason enough not to read on.
    fn are_many(&self) -> bool {
        self.refusals.len() >= REFUSALS
    }

    /// What is made of a file, if nothing speaks against it.
    fn end(mut self, title: String, trail: Trail, unknown: &[Unknown], typed: &[Secret]) -> Result<Imported, Refusals> {
        let recording = trail.end();
        if recording.is_none() && self.refusals.is_empty() {
            self.refuse(None, "it goes to no address");
        }
        let Some(mut recording) = recording else { return Err(Refusals(self.refusals)) };
        typed::settle(&mut recording, unknown, &mut self);
        clean::cleaned(&mut recording, typed, &mut self);
        if self.refusals.is_empty()
            && let Err(error) = recording.check()
        {
            self.refuse(None, error.to_string());
        }
        if !self.refusals.is_empty() {
            return Err(Refusals(self.refusals));
        }
        Ok(Imported { title, recording, left: self.left() })
    }

    /// The list of what is left, where nothing can be refused any more.
    fn left(self) -> Vec<Left> {
        let mut left: Vec<(usize, Left)> =
            self.left.into_iter().map(|((what, why), (place, steps))| (place, Left { what, why, steps })).collect();
        left.sort_by_key(|(place, _)| *place);
        left.into_iter().map(|(_, left)| left).collect()
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
