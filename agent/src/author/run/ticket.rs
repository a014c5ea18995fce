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

use domain::failure::{Failure, FailureCode};
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
    /// The latest look at each page of this run.
    seen: BTreeMap<String, NowPage>,
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
        Ok(Self { path: path.to_owned(), source, own, known, seen: BTreeMap::new(), last: None })
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
                self.seen.insert(page.clone(), now);
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
        let read = page.as_ref().and_then(|page| self.seen.get(page).cloned());
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

/// What of the script's the run failed by, and whether it cost an account alone.
fn fault(outcome: &Outcome) -> Option<(&Failure, bool)> {
    let is_scripts = |failure: &&Failure| failure.code.as_str().starts_with("script.");
    match outcome {
        Outcome::Failed(failure) => Some(failure).filter(is_scripts).map(|failure| (failure, false)),
        Outcome::Finished(accounts) => {
            let failures = accounts.iter().filter_map(|account| account.failure.as_ref());
            failures.filter(is_scripts).next().map(|failure| (failure, true))
        }
        Outcome::Interrupted => None,
    }
}
