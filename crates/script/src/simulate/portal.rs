//! What a portal of saved pages is told of them, as plain JSON: which page is asked for what, and what shows then.
//!
//! Not here: its users and its truth, which stand beside it in the file.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Recorded, Work};
use crate::language::{Meaning, Script};

/// How pages hang together. Pages are named by their places in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedPortal {
    /// Every page.
    pub pages: Vec<SimulatedPage>,
    /// What is asked before anybody is in, in this order.
    pub steps: Vec<SimulatedStep>,
    /// What shows then: the list of accounts.
    pub inside: usize,
    /// What shows once somebody has signed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_out: Option<usize>,
    /// What shows where somebody was signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<usize>,
    /// What shows somebody whose access is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked: Option<usize>,
    /// What shows while the bank is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<usize>,
    /// What shows where the bank lets nobody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<usize>,
    /// What shows where the bank wants to see a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captcha: Option<usize>,
}

/// A page of a portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedPage {
    /// Its file.
    pub file: String,
    /// Whether only somebody who is signed in sees it.
    pub is_inside: bool,
    /// Whether transactions stand on it.
    pub has_rows: bool,
    /// Addresses on it that stay as they were, and where they lead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<SimulatedLink>,
    /// What can be chosen on it, and which page shows then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<SimulatedChoice>,
    /// What its frames show, each a file, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<String>,
    /// The same with a column elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_column: Option<String>,
    /// The same with other ids of its fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_id: Option<String>,
}

/// An address on a page that a script asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedLink {
    /// As it stands there.
    pub address: String,
    /// The path of the portal that it leads to.
    pub leads: String,
}

/// A choice that a page leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedChoice {
    /// The name of what is sent.
    pub name: String,
    /// Each value, and the place of the page that shows then.
    pub pages: BTreeMap<String, usize>,
}

/// Something that is asked before anybody is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedStep {
    /// On which page.
    pub page: usize,
    /// What is sent.
    pub fields: Vec<SimulatedField>,
    /// What shows where it was wrong; the page again, unless there is such a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<usize>,
    /// The code that is asked for, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<SimulatedCode>,
    /// Whether it is approved elsewhere, in an app, and the page waits for that.
    #[serde(skip_serializing_if = "is_false")]
    pub is_approved: bool,
}

/// A field that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedField {
    /// By this name.
    pub name: String,
    /// `bankUsername`, `bankCustomerId`, `password`, `code`, or one sign of a code, from 0: `code.2`.
    pub takes: String,
    /// How many signs can be put into it.
    #[serde(skip)]
    pub at_most: Option<usize>,
}

/// A code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedCode {
    /// How many digits it has.
    pub digits: usize,
    /// Whether it is sent, another one each time; else somebody knows it.
    pub by_phone: bool,
}

/// What is known before any page is changed.
pub(super) fn of(script: &Script, works: &[Work<'_>], steps: Vec<SimulatedStep>, inside: usize) -> SimulatedPortal {
    let meaning = |recorded: &Recorded<'_>| script.page(recorded.page).map(|page| &page.meaning);
    let failing = |wanted: &str| {
        works.iter().position(
            |work| matches!(meaning(&work.recorded), Some(Meaning::Failure { code, .. }) if code.as_str() == wanted),
        )
    };
    let page = |work: &Work<'_>| SimulatedPage {
        file: work.recorded.file.to_owned(),
        is_inside: work.is_inside,
        has_rows: work.has_rows,
        links: work.wires.links(&work.document),
        choice: work.choice.clone(),
        frames: Vec::new(),
        moved_column: None,
        renamed_id: None,
    };
    SimulatedPortal {
        pages: works.iter().map(page).collect(),
        steps,
        inside,
        signed_out: works.iter().position(|work| matches!(meaning(&work.recorded), Some(Meaning::SignedOut))),
        expired: failing("auth.session.expired"),
        locked: failing("auth.locked"),
        maintenance: failing("portal.maintenance"),
        blocked: failing("portal.blocked"),
        captcha: failing("portal.captcha"),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde asks")]
fn is_false(flag: &bool) -> bool {
    !flag
}
