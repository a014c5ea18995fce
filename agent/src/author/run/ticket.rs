//! A repair ticket of a run that an author started and that a fault of the script ended: what failed, the script, its pages as
//! they were, and the page as it is now, all scrubbed. `agent repair` takes it.
//!
//! The pages as they were are those of the folder; where there is none of a page, the run's own look at it is what is known. Not
//! here: tickets of the fleet.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use domain::failure::{Failure, FailureCode, Stage};
use script::command::Observation;
use script::drift::{KnownPage, Near, NowPage, Ticket, Trouble, known_page, nearest};
use script::{OwnWords, Script};
use url::Url;

use super::drive::Outcome;
use super::redact::Taint;
use crate::author::folder::Folder;
use crate::author::pages;
use crate::author::{ReadError, script_file, script_text};

/// What a ticket will be made of, should one be.
pub(super) struct Tickets {
    path: PathBuf,
    source: String,
    own: OwnWords,
    /// The pages as they were, by their names.
    known: BTreeMap<String, String>,
    /// The latest look at each page of each account, which are counted from 1.
    seen: BTreeMap<(String, usize), NowPage>,
    /// Which account's pages come now; 0 before the first.
    account: usize,
    /// Whether the list of accounts was the last page that was seen.
    is_at_list: bool,
    /// The page that ended it, and its name where it has one.
    last: Option<NowPage>,
}

impl Tickets {
    /// Takes in the pages of the folder.
    pub(super) fn open(path: &Path, folder: &Folder) -> Result<Self, ReadError> {
        let source = script_text(&script_file(&folder.path))?;
        let own = OwnWords::of(&source);
        let portal = &folder.record.default_portal_url;
        let of_page = |page: &str| {
            let file = folder.path.join("pages").join(format!("{page}.html"));
            let html = pages::text(&file, portal).ok()?;
            Some((page.to_owned(), known_page(&html, &[], &own)))
        };
        let known = folder.script.pages().filter_map(of_page).collect();
        Ok(Self {
            path: path.to_owned(),
            source,
            own,
            known,
            seen: BTreeMap::new(),
            account: 0,
            is_at_list: false,
            last: None,
        })
    }

    /// Takes a look in. Pages that show a secret in a picture aren't looked at.
    pub(super) fn saw(&mut self, observation: &Observation, script: &Script, taint: &Taint) {
        let now = |url: Option<&Url>, html: &str| NowPage {
            url: url.map(|url| taint.address_for(url, &self.own)).unwrap_or_default(),
            html: taint.page_for(html, &self.own).html,
        };
        match observation {
            Observation::Recognised { page, url, html } if !script.shows_secret_picture(page) => {
                let now = now(Some(url), html);
                self.known.entry(page.clone()).or_insert_with(|| known_page(&now.html, &[], &self.own));
                // From the list one account after the other is opened.
                let is_list = script.read_at(Stage::Accounts) == Some(page);
                // It may be looked at several times before one is opened.
                self.account += usize::from(is_list && !self.is_at_list);
                self.is_at_list = is_list;
                self.seen.insert((page.clone(), self.account), now);
            }
            Observation::Unrecognised { url, html, .. } => self.last = Some(now(Some(url), html)),
            Observation::Stuck { html, .. } => self.last = Some(now(None, html)),
            _ => {}
        }
    }

    /// Writes the ticket of a run that a fault of the script ended; whether there was one.
    pub(super) fn write(self, script: &Script, outcome: &Outcome) -> io::Result<bool> {
        let Some((failure, is_of_account)) = fault(outcome) else { return Ok(false) };
        let Trouble { code, page, target } = Trouble::told_by(failure.code, &failure.message);
        let page = page.or_else(|| {
            script.read_at(failure.stage).filter(|_| code != FailureCode::PageUnrecognised).map(str::to_owned)
        });
        let account = of_account(&failure.message);
        let looks = self.seen.iter().filter(|((known, _), _)| Some(known) == page.as_ref()).collect::<Vec<_>>();
        let its = looks.iter().find(|((_, at), _)| Some(*at) == account).or(looks.last());
        let read = its.map(|(_, now)| (*now).clone());
        // What an account lacks is on the page that it was read from.
        let now = if is_of_account { read.or(self.last) } else { self.last.or(read) };
        let known: Vec<KnownPage> = self.known.into_iter().map(|(page, html)| KnownPage { page, html }).collect();
        let near = now.as_ref().and_then(|now| nearest(&known, &now.html, &self.own));
        let ticket = Ticket {
            id: String::new(),
            institution: script.institution().to_owned(),
            revision: Script::revision(&self.source),
            source: self.source,
            code,
            message: failure.message.clone(),
            page,
            target,
            nearest: near.map(|(page, distance)| Near { page, distance }),
            known,
            now,
        };
        let text = serde_json::to_string_pretty(&ticket).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        file.write_all(text.as_bytes())?;
        Ok(true)
    }
}

/// Which account a failure is about: "account 2, row 7: …".
fn of_account(message: &str) -> Option<usize> {
    message.strip_prefix("account ")?.split_once(',')?.0.parse().ok()
}

/// What of the script's the run failed by, and whether it cost an account alone.
fn fault(outcome: &Outcome) -> Option<(&Failure, bool)> {
    let is_scripts = |failure: &&Failure| failure.code.as_str().starts_with("script.");
    match outcome {
        Outcome::Failed(failure) => Some(failure).filter(is_scripts).map(|failure| (failure, false)),
        Outcome::Finished(accounts) => {
            let mut failures = accounts.iter().filter_map(|account| account.failure.as_ref());
            failures.find(is_scripts).map(|failure| (failure, true))
        }
        Outcome::Interrupted => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::failure::{Failure, FailureCode, Stage};
    use script::command::Observation;
    use script::drift::Ticket;
    use script::{OwnWords, Script};

    use super::super::drive::Outcome;
    use super::super::redact::Taint;
    use super::Tickets;

    const SCRIPT: &str = "
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  accounts:
    when: { visible: '#accounts' }
    goal: signed_in
  account:
    when: { visible: '#rows' }
reads:
  accounts:
    on: accounts
    table: '#accounts'
    columns: { name: Account, currentBalance: Balance }
    key: { attribute: id }
    open: a
    back: '#home'
  transactions:
    on: account
    table: '#rows'
    columns: { postedDate: Date, description: What, amount: Sum }
    date: YYYY-MM-DD
";

    fn ticket(path: &std::path::Path, outcome: &Outcome) -> Option<Ticket> {
        let script = Script::parse(SCRIPT).unwrap_or_else(|faults| unreachable!("{faults}"));
        let own = OwnWords::of(SCRIPT);
        let source = SCRIPT.to_owned();
        let mut tickets = Tickets {
            path: path.into(),
            source,
            own,
            known: BTreeMap::new(),
            seen: BTreeMap::new(),
            account: 0,
            is_at_list: false,
            last: None,
        };
        let taint = Taint::default();
        for (page, html) in [
            ("accounts", "<table id=accounts>"),
            ("accounts", "<table id=accounts>"),
            ("account", "<table id=rows class=first>"),
            ("accounts", "<table id=accounts>"),
            ("account", "<table id=rows class=second>Ada 4711"),
            ("accounts", "<table id=accounts>"),
            ("account", "<table id=rows class=third>"),
        ] {
            let url = "https://bank.example/a?s=1".parse().expect("an address");
            tickets.saw(&Observation::Recognised { page: page.into(), url, html: html.into() }, &script, &taint);
        }
        let is_written = tickets.write(&script, outcome).expect("a file");
        is_written.then(|| serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("a ticket"))
    }

    #[test]
    fn a_ticket_tells_the_page_of_the_account_that_failed_and_nothing_of_whose_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ticket.json");
        let failed = |code, message: &str| {
            Outcome::Failed(Failure::new(code, Stage::Transactions).with_message(message.to_owned()))
        };
        let missing = FailureCode::ElementMissing;
        let told =
            ticket(&path, &failed(missing, "account 2, no column of the table is headed `Sum`; its headers are `S`"))
                .expect("a ticket");
        assert_eq!((told.page.as_deref(), told.target.as_deref(), told.code), (Some("account"), Some("Sum"), missing));
        let now = told.now.expect("a page");
        assert!(now.html.contains("second") && !now.html.contains("Ada") && !now.html.contains("4711"), "{}", now.html);
        assert_eq!(told.known.iter().map(|known| known.page.as_str()).collect::<Vec<_>>(), ["account", "accounts"]);
        // What the portal says no to is no fault of the script's.
        std::fs::remove_file(&path).expect("a file");
        assert!(ticket(&path, &failed(FailureCode::PortalMaintenance, "closed")).is_none() && !path.exists());
    }
}
