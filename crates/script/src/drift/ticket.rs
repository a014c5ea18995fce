//! What is known of a run that failed by a fault of its script, in the form in which coordinators tell it and authors' commands
//! take it.
//!
//! Not here: when a ticket is opened, and what ends it.

use domain::failure::FailureCode;
use serde::{Deserialize, Serialize};

use super::{Distance, KnownPage};

/// A repair ticket, as far as a repair needs it. What a coordinator tells beside that is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Which one.
    pub id: String,
    /// The institution's id.
    #[serde(alias = "institutionId")]
    pub institution: String,
    /// The revision of the script that failed.
    pub revision: String,
    /// That revision's text.
    pub source: String,
    /// What the runs failed with.
    pub code: FailureCode,
    /// The failure in words.
    #[serde(default)]
    pub message: String,
    /// The page of the script on which it happened, where one showed.
    #[serde(default)]
    pub page: Option<String>,
    /// What wasn't found, or not alone: a selector, or a header.
    #[serde(default)]
    pub target: Option<String>,
    /// The known page that the page as it is now is nearest to.
    #[serde(default)]
    pub nearest: Option<Near>,
    /// The script's pages as they were.
    #[serde(default)]
    pub known: Vec<KnownPage>,
    /// The page on which it failed, where it was kept.
    #[serde(default)]
    pub now: Option<NowPage>,
}

/// A known page, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Near {
    /// Its name in the script.
    pub page: String,
    /// How far, in thousandths.
    pub distance: Distance,
}

/// The page on which a run failed, scrubbed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowPage {
    /// Where it was, as far as that may be said.
    #[serde(default)]
    pub url: String,
    /// What scrubbing left of it.
    pub html: String,
}

/// What failed, as a ticket tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The code.
    pub code: FailureCode,
    /// The page of the script that showed, as far as one did.
    pub page: Option<String>,
    /// What wasn't found there.
    pub target: Option<String>,
}

impl Ticket {
    /// What failed.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        Trouble { code: self.code, page: self.page.clone(), target: self.target.clone() }
    }
}

impl Trouble {
    /// What a failure says: "on the page `sign_in`, nothing fits `#username`" names page and target.
    #[must_use]
    pub fn told_by(code: FailureCode, message: &str) -> Self {
        let mut quoted = message.split('`').skip(1).step_by(2);
        let is_on_page = message.starts_with("on the page `") || message.starts_with("the page `");
        let page = if is_on_page { quoted.next().map(str::to_owned) } else { None };
        let target = quoted.next().filter(|_| code != FailureCode::PageUnrecognised).map(str::to_owned);
        Self { code, page, target }
    }
}
