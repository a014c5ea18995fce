//! The drivers that portals are driven by, and the order in which an institution wants
//! them.
//!
//! Not here: what a driver does; the agent has them.

use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// How a portal is driven.
    pub enum DriverKind {
        /// Chromium over the DevTools protocol: of browsers what costs the least.
        Cdp = "cdp",
        /// Any browser over WebDriver: Firefox, and browsers of a Selenium Grid.
        Webdriver = "webdriver",
        /// No browser, for portals that work without scripts: what costs next to nothing.
        Http = "http",
    }
}

/// The drivers that a portal may be driven by, the one that is wanted most first; never
/// none, and none twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<DriverKind>", into = "Vec<DriverKind>")]
pub struct Drivers(Vec<DriverKind>);

/// A list of drivers that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriversError {
    /// There is none in it.
    #[error("drivers is an empty list; name one of {}, or leave it out", words_of(DriverKind::ALL))]
    Empty,
    /// One is in it twice.
    #[error("drivers has {0} twice")]
    Twice(DriverKind),
}

impl Drivers {
    /// A list in order of preference.
    ///
    /// # Errors
    /// [`DriversError`] if it is empty or has one twice.
    pub fn new(kinds: Vec<DriverKind>) -> Result<Self, DriversError> {
        if kinds.is_empty() {
            return Err(DriversError::Empty);
        }
        let twice = kinds.iter().enumerate().find(|(place, kind)| kinds[..*place].contains(kind));
        match twice {
            Some((_, kind)) => Err(DriversError::Twice(*kind)),
            None => Ok(Self(kinds)),
        }
    }

    /// In order of preference.
    pub fn iter(&self) -> impl Iterator<Item = DriverKind> + '_ {
        self.0.iter().copied()
    }

    /// The one that is wanted most of those that are there.
    #[must_use]
    pub fn first_of(&self, there: &Self) -> Option<DriverKind> {
        self.iter().find(|kind| there.0.contains(kind))
    }
}

/// What counts where nothing is said.
impl Default for Drivers {
    fn default() -> Self {
        Self(vec![DriverKind::Cdp])
    }
}

impl std::fmt::Display for Drivers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&words_of(&self.0))
    }
}

impl TryFrom<Vec<DriverKind>> for Drivers {
    type Error = DriversError;

    fn try_from(kinds: Vec<DriverKind>) -> Result<Self, DriversError> {
        Self::new(kinds)
    }
}

impl From<Drivers> for Vec<DriverKind> {
    fn from(drivers: Drivers) -> Self {
        drivers.0
    }
}

fn words_of(kinds: &[DriverKind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{DriverKind, Drivers, DriversError};

    fn drivers(kinds: &[DriverKind]) -> Drivers {
        Drivers::new(kinds.to_vec()).expect("a list")
    }

    #[test]
    fn the_first_that_is_wanted_and_there_is_taken() {
        use DriverKind::{Cdp, Webdriver};
        for (wanted, there, expected) in [
            (&[Cdp][..], &[Cdp][..], Some(Cdp)),
            (&[Webdriver, Cdp], &[Cdp, Webdriver], Some(Webdriver)),
            (&[Webdriver, Cdp], &[Cdp], Some(Cdp)),
            (&[Webdriver], &[Cdp], None),
        ] {
            assert_eq!(drivers(wanted).first_of(&drivers(there)), expected, "{wanted:?} of {there:?}");
        }
    }

    #[test]
    fn a_list_names_known_drivers_once_each() {
        let read = serde_json::from_str::<Drivers>;
        assert_eq!(read(r#"["webdriver", "cdp"]"#).expect("a list").to_string(), "webdriver, cdp");
        assert_eq!(Drivers::new(vec![DriverKind::Cdp; 2]), Err(DriversError::Twice(DriverKind::Cdp)));
        for (text, reason) in [
            ("[]", "drivers is an empty list; name one of cdp, webdriver, http, or leave it out"),
            (r#"["cdp", "cdp"]"#, "drivers has cdp twice"),
            (r#"["ftp"]"#, "`ftp` is not one of cdp, webdriver, http"),
        ] {
            let error = read(text).expect_err("no list").to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}
