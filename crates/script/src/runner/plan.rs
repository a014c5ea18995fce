//! What a run starts with.
//!
//! Not here: what comes of it.

use std::collections::BTreeMap;

use domain::institution::CredentialName;
use domain::run::Effect;
use domain::secret::Secret;
use jiff::civil::Date;
use url::Url;

/// What a run starts with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The connection's portal.
    pub portal_url: Url,
    /// The delegated user's credentials.
    pub credentials: BTreeMap<CredentialName, Secret>,
    /// Effects that an earlier holder of the run declared and that nobody settled.
    pub open_intents: Vec<Effect>,
    /// The day it is, in the bank's time zone: dates without a year are the last
    /// such day up to about now.
    pub today: Date,
    /// From which day on transactions are wanted: lists that have the newest first aren't
    /// walked further than one page before it. None for whole lists.
    pub since: Option<Date>,
    /// Whether what is read without the browser is read in it, too, and compared.
    pub compares: Compares,
}

/// Whether what is read without the browser is read in it, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compares {
    /// It isn't.
    #[default]
    No,
    /// It is, and where they differ the browser's is what counts.
    Yes,
}

/// What is done where a page shows during the sign-in that the script doesn't know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownPages {
    /// The run fails.
    #[default]
    Fail,
    /// A person who looks on may pass it; where there is none the run fails.
    OfferWheel,
}
