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
        // Of an account its place comes first.
        let said =
            message.split_once(", ").filter(|(of, _)| of.starts_with("account ")).map_or(message, |(_, said)| said);
        let is_on_page = said.starts_with("on the page `") || said.starts_with("the page `");
        let page = if is_on_page { quoted.next().map(str::to_owned) } else { None };
        let target = quoted.next().filter(|_| code != FailureCode::PageUnrecognised).map(str::to_owned);
        Self { code, page, target }
    }
}

#[cfg(test)]
mod tests {
    use domain::failure::FailureCode;

    use super::{Ticket, Trouble};

    #[test]
    fn a_failure_names_its_page_and_what_it_looked_for() {
        let check = |code, message: &str, page: Option<&str>, target: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            assert_eq!(
                Trouble::told_by(code, message),
                Trouble { code, page: own(page), target: own(target) },
                "{message}"
            );
        };
        let missing = FailureCode::ElementMissing;
        check(missing, "on the page `sign_in`, nothing fits `#user`", Some("sign_in"), Some("#user"));
        check(missing, "account 1, on the page `history`, nothing fits `#from`", Some("history"), Some("#from"));
        check(missing, "account 2, no column of the table is headed `Date`; its headers are `Day`", None, Some("Date"));
        let unknown = FailureCode::PageUnrecognised;
        check(
            unknown,
            "no page of the script shows; it looks most like `account`, 1 of whose 2 signs is there",
            None,
            None,
        );
        check(unknown, "the page `terms` still shows though it was acted on", Some("terms"), None);
    }

    #[test]
    fn a_coordinators_ticket_is_read_whatever_else_it_tells() {
        let told = r#"{ "id": "x", "institutionId": "quay", "revision": "1", "source": "", "code": "script.element.missing",
            "state": "open", "runs": 3, "page": null, "nearest": { "page": "a", "distance": 120 },
            "known": [{ "page": "a", "html": "" }], "now": { "url": "", "html": "" } }"#;
        let ticket: Ticket = serde_json::from_str(told).expect("a ticket");
        assert_eq!(
            (ticket.institution.as_str(), ticket.nearest.map(|near| near.distance.thousandths())),
            ("quay", Some(120))
        );
    }
}
