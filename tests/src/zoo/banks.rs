//! Which banks the zoo has: the folders of `scripts/` that have a simulated portal, with the
//! drivers that their records name; what a fault usually means; and what is other at one bank.
//!
//! Not here: what a bank's pages are like; `fixtures` and the scripts know.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;
use fixtures::faults::Switch;
use fixtures::zoo::Portal;
use serde::Deserialize;

use super::Failure;
use crate::tools::geckodriver;
use crate::verdict::Unshown;
use crate::world::scripts;

/// One bank of the zoo.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Its portal.
    pub portal: Portal,
    /// What it may be driven by, the one that it prefers first.
    pub drivers: Vec<Driver>,
    /// What is other than usual.
    pub manners: Manners,
}

/// What is other at one bank than usual. Facts that it doesn't show are those of the truth that
/// the API has no field for, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Which fields of the truth can't be read.
    pub unshown: Unshown<'static>,
    /// Faults that come to something else here.
    pub differs: &'static [(Switch, Meaning)],
}

/// What a run says of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing: all is read in spite of it.
    Read,
    /// This code.
    Code(&'static str),
    /// It isn't tried here, for the reason that is given.
    Untried(&'static str),
}

/// What a portal is driven by, with its browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Driver {
    /// Chromium over the DevTools protocol.
    Cdp,
    /// Chromium over WebDriver.
    Chromedriver,
    /// Firefox over WebDriver.
    Geckodriver,
    /// No browser.
    Http,
}

/// Of the record, what is needed here.
#[derive(Deserialize)]
struct Record {
    #[serde(default = "without_a_word")]
    drivers: Vec<String>,
}

/// What an institution is driven by whose record doesn't say.
fn without_a_word() -> Vec<String> {
    vec!["cdp".to_owned()]
}

/// Every bank that has both a script and a portal, in the order of the zoo.
///
/// # Errors
/// [`Failure`] for a record that can't be read.
pub fn all() -> Result<Vec<Bank>, Failure> {
    let has_script = |portal: &Portal| scripts().join(portal.name()).join("script.yaml").is_file();
    Portal::ALL.into_iter().filter(has_script).map(Bank::of).collect()
}

impl Bank {
    /// The bank behind a portal.
    ///
    /// # Errors
    /// [`Failure`] for a record that can't be read.
    pub fn of(portal: Portal) -> Result<Self, Failure> {
        let file: PathBuf = scripts().join(portal.name()).join("institution.yaml");
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let record: Record = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let drivers = record.drivers.iter().flat_map(|name| Driver::named(name).iter().copied()).collect();
        Ok(Self { portal, drivers, manners: Manners::of(portal) })
    }

    /// The institution's slug.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.portal.name()
    }

    /// What a run should say of a fault.
    #[must_use]
    pub fn meaning(&self, switch: Switch) -> Meaning {
        let differs = self.manners.differs.iter().find(|(known, _)| *known == switch);
        differs.map_or_else(|| usual(switch), |(_, meaning)| *meaning)
    }
}

impl Manners {
    fn of(portal: Portal) -> Self {
        match portal {
            Portal::Harbour => {
                Self { differs: &[(Switch::DropSession, Meaning::Code("auth.session.expired"))], ..Self::default() }
            }
            Portal::Kontor => Self {
                // It shows an IBAN in place of a masked number.
                unshown: Unshown {
                    accounts: &["status", "iban", "maskedNumber", "creditLimit"],
                    transactions: &["runningBalance"],
                },
                differs: &[
                    // Nobody gives the approval.
                    (Switch::RefuseAllCodes, Meaning::Code("mfa.declined")),
                    // A page that breaks off costs its account, each in its own way; the first says which.
                    (Switch::HalfPage, Meaning::Code("script.parse")),
                ],
            },
            Portal::Meridian => Self {
                unshown: Unshown { accounts: &["status"], transactions: &["runningBalance"] },
                differs: &[
                    // Its first page is known by what was renamed.
                    (Switch::RenamedId, Meaning::Code("script.page.unrecognised")),
                    // Without numbers a page is the only one. The chain of balances says that it isn't.
                    (Switch::HalfPage, Meaning::Read),
                ],
            },
            // The balance after a row is a proof and no field of a transaction.
            Portal::Granary => Self {
                unshown: Unshown { accounts: &["status"], transactions: &["rail", "runningBalance"] },
                ..Self::default()
            },
            Portal::Lantern => Self {
                unshown: Unshown { accounts: &["status"], transactions: &["rail", "runningBalance"] },
                differs: &[
                    // The script goes by the names of components, and passes over the days.
                    (Switch::RenamedId, Meaning::Read),
                    (Switch::LayoutVariant, Meaning::Read),
                    // The app itself can't read half an answer, and says so.
                    (Switch::HalfPage, Meaning::Code("portal.unavailable")),
                ],
            },
            Portal::Hoshizora => Self {
                unshown: Unshown { accounts: &["status", "creditLimit"], transactions: &["rail", "runningBalance"] },
                differs: &[(Switch::LayoutVariant, Meaning::Read)],
            },
            Portal::Coppermine => Self {
                unshown: Unshown {
                    accounts: &["status", "creditLimit", "minimumPayment", "paymentDue"],
                    // The truth has no category, and the API no day on which a card was used.
                    transactions: &["runningBalance", "transactionDate", "category"],
                },
                differs: &[
                    // `CR` says by itself which side an amount is on.
                    (Switch::LayoutVariant, Meaning::Read),
                    // Nothing on the page tells a short list from a whole one: the button that is
                    // lost is the one that isn't there at the end.
                    (Switch::HalfPage, Meaning::Read),
                ],
            },
            Portal::Threshold => Self {
                unshown: Unshown { accounts: &["permissions"], transactions: &["rail", "runningBalance"] },
                differs: &[
                    (Switch::LayoutVariant, Meaning::Read),
                    // It is tried again with the new password.
                    (Switch::LostAnswer, Meaning::Code("portal.unavailable")),
                    // One account has no rows, and of its page what tells it is in the half that is lost.
                    (Switch::HalfPage, Meaning::Code("script.page.unrecognised")),
                ],
            },
        }
    }
}

/// What a fault means at a bank that has it and about which nothing else is said.
fn usual(switch: Switch) -> Meaning {
    match switch {
        // Where no file comes, the pages are read.
        Switch::Slow | Switch::Banner | Switch::MovedColumn | Switch::NoFiles => Meaning::Read,
        Switch::TornFile => Meaning::Code("data.unreconciled"),
        Switch::Unavailable => Meaning::Code("portal.unavailable"),
        Switch::Maintenance => Meaning::Code("portal.maintenance"),
        Switch::Blocked => Meaning::Code("portal.blocked"),
        Switch::Captcha => Meaning::Code("portal.captcha"),
        Switch::Locked => Meaning::Code("auth.locked"),
        Switch::DropSession => Meaning::Code("auth.session.expired"),
        Switch::RefuseAllCodes => Meaning::Code("mfa.code.invalid"),
        Switch::Survey => Meaning::Code("script.page.unrecognised"),
        // What the script looks for is called something else, stands elsewhere or was lost.
        Switch::RenamedId | Switch::LayoutVariant | Switch::HalfPage => Meaning::Code("script.element.missing"),
        Switch::Hoard => Meaning::Untried("agents' own tests have pages that take too much memory"),
        Switch::PictureOnly => Meaning::Untried("it takes a user who was never there, and a browser"),
        Switch::LostAnswer => Meaning::Untried("it takes a bank that wants a new password"),
    }
}

impl Driver {
    /// What a record's word for a driver stands for here.
    fn named(name: &str) -> &'static [Self] {
        match name {
            "cdp" => &[Self::Cdp],
            "webdriver" => &[Self::Chromedriver, Self::Geckodriver],
            "http" => &[Self::Http],
            _ => &[],
        }
    }

    /// What an agent is told that has this one alone.
    #[must_use]
    pub fn arguments(self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let by_program = |program: String| [words(&["--drivers", "webdriver", "--webdriver"]), vec![program]].concat();
        match self {
            Self::Cdp => words(&["--drivers", "cdp"]),
            Self::Http => words(&["--drivers", "http"]),
            Self::Chromedriver => by_program("chromedriver".to_owned()),
            Self::Geckodriver => by_program(geckodriver().display().to_string()),
        }
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cdp => "cdp",
            Self::Chromedriver => "chromedriver",
            Self::Geckodriver => "geckodriver",
            Self::Http => "http",
        })
    }
}

/// Every switch that a portal can have.
pub const SWITCHES: [Switch; 18] = [
    Switch::Slow,
    Switch::Banner,
    Switch::MovedColumn,
    Switch::RenamedId,
    Switch::LayoutVariant,
    Switch::HalfPage,
    Switch::Survey,
    Switch::DropSession,
    Switch::Unavailable,
    Switch::Maintenance,
    Switch::Blocked,
    Switch::Captcha,
    Switch::RefuseAllCodes,
    Switch::Hoard,
    Switch::LostAnswer,
    Switch::NoFiles,
    Switch::TornFile,
    // Nobody tries these credentials again, so it comes last.
    Switch::Locked,
];

#[cfg(test)]
mod tests {
    use super::{Bank, Driver, Meaning, all};
    use fixtures::faults::Switch;
    use fixtures::zoo::Portal;

    #[test]
    fn every_bank_with_a_script_and_a_portal_is_in_the_zoo_with_its_drivers() {
        let banks = all().expect("records");
        let drivers = |portal| banks.iter().find(|bank| bank.portal == portal).map(|bank| bank.drivers.clone());
        assert_eq!(
            drivers(Portal::Kontor),
            Some(vec![Driver::Http, Driver::Cdp, Driver::Chromedriver, Driver::Geckodriver])
        );
        assert!(banks.iter().all(|bank| !bank.drivers.is_empty()), "{banks:?}");
    }

    #[test]
    fn what_is_said_of_one_bank_outranks_what_is_usual() {
        let kontor = Bank::of(Portal::Kontor).expect("a record");
        assert_eq!(kontor.meaning(Switch::RefuseAllCodes), Meaning::Code("mfa.declined"));
        assert_eq!(kontor.meaning(Switch::Locked), Meaning::Code("auth.locked"));
    }
}
