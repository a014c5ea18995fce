//! What a script makes of one page that is at hand: which page it is and by which signs, and what is read there. For
//! authors, who try a script on pages that were saved.
//!
//! Not here: how one gets from page to page; the runner does that.

mod steps;
mod unknown;

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, Stage};
use domain::institution::CredentialName;
use domain::secret::Secret;
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use serde::Serialize;
use url::Url;

use crate::command::{Command, Observation};
use crate::document::Document;
use crate::language::{Meaning, Script, SecretShown, Sign, Source, Step};
use crate::read::{Place, blank, details, details_of, list};
use crate::runner::{Plan, Runner};
use crate::saved::{cells, read_transactions};

pub use steps::{Trial, TrialEnd, WayTried};
pub use unknown::UnknownWord;

/// One page of a script, held against a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sight {
    /// The page's name.
    pub page: String,
    /// Its signs, in the order of the script.
    pub signs: Vec<SignSeen>,
}

/// A sign, and whether the document bears it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignSeen {
    /// As the script says it: "visible `#accounts`".
    pub sign: String,
    /// Whether it is there, or absent as it has to be.
    pub holds: bool,
}

impl Sight {
    /// Whether the page shows.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.signs.iter().all(|sign| sign.holds)
    }
}

/// What was read on one page; none of what isn't read there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRead {
    /// The list of accounts.
    pub accounts: Option<Vec<ObservedAccount>>,
    /// The details of one account, whose key and name aren't on this page.
    pub account: Option<ObservedAccount>,
    /// A page of transactions.
    pub transactions: Option<Vec<ObservedTransaction>>,
}

impl Script {
    /// Every page, in the order in which they are looked for, held against a document that was found at `url`. The
    /// first that holds is the one that shows, as far as a saved document can tell.
    ///
    /// # Errors
    /// Why the document isn't looked into.
    pub fn sights(&self, url: &Url, html: &str) -> Result<Vec<Sight>, &'static str> {
        let document = Document::parse(html).map_err(crate::bounds::Refused::text)?;
        let seen = |sign: &Sign| SignSeen { sign: shown(sign), holds: document.bears(sign, url.as_str()) };
        let pages = self.looked_for(url).into_iter().filter_map(|name| {
            let page = self.page(&name)?;
            Some(Sight { page: name, signs: page.when.iter().map(seen).collect() })
        });
        Ok(pages.collect())
    }

    /// The pages' names in the order in which a run looks for them: what its first watch says.
    fn looked_for(&self, url: &Url) -> Vec<String> {
        let given = |name: &CredentialName| (*name, Secret::new(String::new()));
        let plan = Plan {
            portal_url: url.clone(),
            credentials: self.credentials().iter().map(given).collect(),
            open_intents: Vec::new(),
            today: Date::MIN,
            since: None,
            compares: crate::Compares::No,
        };
        let mut runner = Runner::new(Arc::new(self.clone()), plan);
        match (runner.next(None), runner.next(Some(Observation::Visited))) {
            (_, Command::Watch(watch)) => watch.pages.into_iter().map(|page| page.page).collect(),
            // The script's `start` leads elsewhere.
            _ => self.pages.iter().map(|page| page.name.clone()).collect(),
        }
    }

    /// Reads what the script reads on a page. `today` is the day on which it was saved, in the bank's time zone.
    ///
    /// # Errors
    /// What a run would end with on it.
    pub fn read_page(&self, page: &str, html: &str, today: Date) -> Result<PageRead, Failure> {
        let mut read = PageRead { accounts: None, account: None, transactions: None };
        let cells = cells(self, today);
        let place = |stage| Place { stage, account: None };
        let parse = |stage| {
            let refused = |refused: crate::bounds::Refused| {
                place(stage).failure(domain::failure::FailureCode::ScriptParse, refused.text())
            };
            Document::parse(html).map_err(refused)
        };
        let reads = &self.reads;
        if reads.accounts.on == page {
            let document = parse(Stage::Accounts)?;
            let listing = list(&document, &reads.accounts, &place(Stage::Accounts))?;
            read.accounts = Some(listing.accounts(&reads.accounts, cells, &place(Stage::Accounts))?);
        }
        let Some(visit) = &reads.visit else { return Ok(read) };
        if let Some(account) = reads.account.as_ref().filter(|_| visit.page == page) {
            let document = parse(Stage::Transactions)?;
            let sheet = details_of(&document, account, &place(Stage::Transactions))?;
            let mut found = blank(String::new(), &self.currency);
            details(&sheet, account, &mut found, cells, &place(Stage::Transactions))?;
            read.account = Some(found);
        }
        let transactions_on = visit.onward.as_ref().map_or(&visit.page, |onward| &onward.page);
        if reads.transactions.is_some() && transactions_on == page {
            read.transactions = Some(read_transactions(self, html, today)?);
        }
        Ok(read)
    }

    /// The page on which a run reads at this stage, where it does.
    #[must_use]
    pub fn read_at(&self, stage: Stage) -> Option<&str> {
        match stage {
            Stage::Accounts => Some(&self.reads.accounts.on),
            Stage::Transactions => {
                let visit = self.reads.visit.as_ref()?;
                Some(visit.onward.as_ref().map_or(&visit.page, |onward| &onward.page))
            }
            _ => None,
        }
    }

    /// The pages' names, in the order of the script.
    pub fn pages(&self) -> impl Iterator<Item = &str> {
        self.pages.iter().map(|page| page.name.as_str())
    }

    /// What a page's steps fill into a field, as the script says it: `credentials.password`.
    #[must_use]
    pub fn filled_with(&self, page: &str, into: &str) -> Option<String> {
        self.page(page)?.steps.iter().find_map(|step| match step {
            Step::Fill { into: field, with } if field.text() == into => Some(match with {
                Source::Credential(name) => format!("credentials.{name}"),
                Source::Answer => "answer".to_owned(),
                Source::AnswerPart(part) => format!("answer.{}", part + 1),
                Source::NewPassword => "newPassword".to_owned(),
                Source::EnrolledCode => "enrolledCode".to_owned(),
            }),
            _ => None,
        })
    }

    /// Whether a page shows a secret in a picture: nobody can say where in its markup that is, so none of it is kept.
    #[must_use]
    pub fn shows_secret_picture(&self, page: &str) -> bool {
        let meaning = self.page(page).map(|page| &page.meaning);
        matches!(meaning, Some(Meaning::Enrol(enrol)) if matches!(enrol.secret, SecretShown::Picture(_)))
    }

    /// What ends a session, and the page that it is on.
    #[must_use]
    pub fn sign_out(&self) -> Option<(&str, &str)> {
        Some((self.reads.accounts.on.as_str(), self.sign_out.as_ref()?.text()))
    }
}

fn shown(sign: &Sign) -> String {
    match sign {
        Sign::Visible(css) => format!("visible `{}`", css.text()),
        Sign::Absent(css) => format!("absent `{}`", css.text()),
        Sign::Text { within, contains } => format!("text \"{contains}\" in `{}`", within.text()),
        Sign::Url(part) => format!("url `{part}`"),
    }
}
