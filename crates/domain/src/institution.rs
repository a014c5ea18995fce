//! The catalog record of an institution: the facts that are known about a bank
//! before anyone signs in to it.
//!
//! Not here: how its portal is driven; that is the script's.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::codes::Codes;
use crate::driver::Drivers;
use crate::history::History;
use crate::limits::Limits;
use crate::schedule::Schedule;
use crate::word::words;

words! {
    /// Whether the portal asks for a second factor.
    pub enum Mfa {
        /// Never seen to ask.
        None = "none",
        /// Asks now and then, by device or amount of trust.
        Sometimes = "sometimes",
        /// Asks at every sign-in.
        Always = "always",
    }
}

words! {
    /// A credential that a portal may ask a delegated user for.
    pub enum CredentialName {
        /// The delegated user's own sign-in name.
        BankUsername = "bankUsername",
        /// The number or name of the bank's customer, where portals ask for both.
        BankCustomerId = "bankCustomerId",
        /// The delegated user's password.
        Password = "password",
    }
}

/// One folder of `scripts/` describes one institution; this is its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Institution {
    /// The slug by which the API names it, equal to its folder's name.
    pub id: String,
    /// Its name as customers know it.
    pub name: String,
    /// Whether this is a simulated portal and no bank.
    #[serde(default)]
    pub simulated: bool,
    /// Where customers sign in.
    pub default_portal_url: Url,
    /// Further addresses of the same portal.
    #[serde(default)]
    pub additional_portal_urls: Vec<Url>,
    /// The bank's own page on delegated users, if it has one.
    #[serde(default)]
    pub setup_guide_url: Option<Url>,
    /// Whether the portal asks for a second factor.
    pub mfa: Mfa,
    /// What the portal asks a delegated user for at sign-in.
    pub credentials: Vec<CredentialName>,
    /// How an administrator creates the delegated user, in the bank's words.
    #[serde(default)]
    pub guide: Option<SetupGuide>,
    /// How it sends codes; anybody may, where it isn't said.
    #[serde(default)]
    pub codes: Option<Codes>,
    /// How much its portal is asked at once.
    #[serde(default)]
    pub limits: Limits,
    /// When its connections are synced.
    #[serde(default)]
    pub schedule: Schedule,
    /// How far back its lists are read at once; whole, where it isn't said.
    #[serde(default)]
    pub history: Option<History>,
    /// By which drivers its portal may be driven, the one that is wanted most first.
    #[serde(default)]
    pub drivers: Drivers,
    /// Of the runs that are read without the browser that signed in, one in so many is read in it,
    /// too, and compared; none where it isn't said.
    #[serde(default)]
    pub compare_one_in: Option<NonZeroU32>,
}

/// The fields of a connection's instructions that a guide may name in braces.
pub const GUIDE_FIELDS: [&str; 6] = ["firstName", "lastName", "address", "email", "username", "phoneNumber"];

/// The steps by which a customer creates the delegated user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetupGuide {
    /// One line that says what is done.
    pub title: String,
    /// What to know before the first step.
    #[serde(default)]
    pub intro: Option<String>,
    /// The steps in order; [`GUIDE_FIELDS`] in braces stand for the connection's own.
    pub steps: Vec<String>,
}

impl SetupGuide {
    /// What stands in braces and is no field of a connection's instructions.
    #[must_use]
    pub fn unknown_fields(&self) -> Vec<String> {
        let texts = std::iter::once(&self.title).chain(&self.intro).chain(&self.steps);
        let named = texts.flat_map(|text| text.split('{').skip(1)).filter_map(|rest| Some(rest.split_once('}')?.0));
        named.filter(|name| !GUIDE_FIELDS.contains(name)).map(str::to_owned).collect()
    }

    /// The guide with each `{field}` replaced by what `value` has for it, or by words that
    /// say that it isn't there yet.
    #[must_use]
    pub fn filled<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Self {
        let fill = |text: &String| {
            let mut filled = text.clone();
            for field in GUIDE_FIELDS {
                let value = value(field).unwrap_or("(to be provided)");
                filled = filled.replace(&format!("{{{field}}}"), value);
            }
            filled
        };
        Self {
            title: fill(&self.title),
            intro: self.intro.as_ref().map(fill),
            steps: self.steps.iter().map(fill).collect(),
        }
    }
}

impl Institution {
    /// Whether `query` is part of the name, the id, a portal URL or its host,
    /// without regard to case.
    #[must_use]
    pub fn matches(&self, query: &str) -> bool {
        let query = query.trim().to_lowercase();
        let texts = [self.name.as_str(), self.id.as_str()];
        let urls = self.portal_urls().map(Url::as_str);
        texts.into_iter().chain(urls).any(|text| text.to_lowercase().contains(&query))
    }

    /// Whether one of its portal's addresses has the scheme, host and port of `url`.
    #[must_use]
    pub fn is_at(&self, url: &Url) -> bool {
        self.portal_urls().any(|known| known.origin() == url.origin())
    }

    /// How far back its lists are read at once; none where whole. Where a person is asked at
    /// every sign-in, nobody would answer for each step.
    #[must_use]
    pub fn steps_back(&self) -> Option<History> {
        self.history.filter(|_| self.mfa != Mfa::Always)
    }

    /// Every address under which the portal is known, the default first.
    pub fn portal_urls(&self) -> impl Iterator<Item = &Url> {
        std::iter::once(&self.default_portal_url).chain(&self.additional_portal_urls)
    }
}

#[cfg(test)]
mod tests {
    use super::{Institution, Mfa, SetupGuide};
    use crate::anchor::{Loopback, normalize_portal_url};
    use crate::driver::Drivers;
    use crate::limits::Limits;
    use crate::schedule::Schedule;

    #[test]
    fn a_guide_is_filled_with_what_is_known() {
        let steps = vec!["Enter {username} and {phoneNumber}.".into()];
        let guide = SetupGuide { title: "For {firstName}".into(), intro: None, steps };
        let filled = guide.filled(|field| (field == "username").then_some("bursar.7"));
        assert_eq!(filled.steps, ["Enter bursar.7 and (to be provided)."]);
        assert_eq!(filled.title, "For (to be provided)");
    }

    #[test]
    fn a_record_may_say_how_much_a_bank_is_asked_and_when() {
        let record = |more: &str| {
            let json = format!(
                r#"{{"id": "harbour", "name": "Harbour", "defaultPortalUrl": "https://bank.example/",
                "mfa": "none", "credentials": [{more}"#
            );
            serde_json::from_str::<Institution>(&json)
        };
        let plain = record("]}").expect("a record");
        assert_eq!((plain.limits, plain.schedule), (Limits::DEFAULT, Schedule::default()));
        let full = record(r#"], "limits": {"atOnce": 2}, "schedule": {"every": "90m"}}"#).expect("a record");
        assert_eq!((full.limits.at_once(), full.schedule.every().to_string()), (2, "90m".to_owned()));
        let wrong = record(r#"], "schedule": {"every": "1m"}}"#).expect_err("too often").to_string();
        assert!(wrong.contains("schedule.every is 1m; it has to be from 15m to 7d"), "{wrong}");
    }

    #[test]
    fn a_portal_is_known_by_scheme_host_and_port_whatever_the_path() {
        let url = |text: &str| normalize_portal_url(text, Loopback::Allowed).expect("a portal's address");
        let institution = Institution {
            id: "harbour".into(),
            name: "Harbour".into(),
            simulated: false,
            default_portal_url: "https://Bank.Example/login".parse().expect("a URL"),
            additional_portal_urls: vec!["https://business.bank.example:8443/".parse().expect("a URL")],
            setup_guide_url: None,
            mfa: Mfa::None,
            credentials: Vec::new(),
            guide: None,
            codes: None,
            limits: Limits::DEFAULT,
            schedule: Schedule::default(),
            history: None,
            drivers: Drivers::default(),
            compare_one_in: None,
        };
        for known in [
            "https://bank.example",
            "HTTPS://BANK.EXAMPLE:443/any/path/?query#fragment",
            "https://bank.example./",
            "https://business.bank.example:8443/accounts",
        ] {
            assert!(institution.is_at(&url(known)), "{known}");
        }
        // The script would type the password wherever the address leads.
        for unknown in [
            "https://evil.example/bank.example",
            "https://bank.example.evil.example/",
            "https://www.bank.example/",
            "https://business.bank.example/",
            "https://bank.example:8443/",
            "http://localhost/login",
        ] {
            assert!(!institution.is_at(&url(unknown)), "{unknown}");
        }
    }
}
