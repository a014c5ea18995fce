//! What shows in a run: who may look on, which page it is, and what is kept of it as evidence.
//!
//! Not here: how pages are built, which is told of runs that go well, too ([`super::sights`]).

use domain::failure::Failure;
use domain::secret::Secret;
use protocol::lease::Evidence;
use script::command::{Command, Observation};

use super::{Outcome, Run};
use crate::addresses::scrubbed;

impl Run<'_> {
    /// Has nobody look on from the moment at which a page is answered that wants something set, until another one shows.
    pub(super) async fn veil(&mut self, command: &Command) {
        match command {
            Command::ReadPicture(_) | Command::Make(_) => {
                self.veiled = Some(self.page.clone());
                self.page.iter().for_each(|page| self.sights.withhold(page));
                self.desk.live.withhold().await;
            }
            // The page that shows by now may want something set, too.
            Command::SettleIntents(_) => {}
            // The one before may hold still what was put in.
            _ if self.veiled.as_ref().is_some_and(|veiled| *veiled != self.page) => {
                self.veiled = None;
                self.desk.live.show_again();
            }
            _ => {}
        }
    }

    /// Notes which page shows.
    pub(super) fn note(&mut self, seen: &Observation) {
        match seen {
            Observation::Recognised { page, .. } => self.page = Some(page.clone()),
            Observation::Unrecognised { still, .. } => self.page.clone_from(still),
            _ => {}
        }
    }

    /// Notes how the page is built that shows.
    pub(super) async fn see(&mut self, seen: &Observation) {
        let Observation::Recognised { page, html, .. } = seen else { return };
        if self.runner.script().shows_secret_picture(page) {
            self.sights.withhold(page);
        } else {
            self.sights.see(page, html, &self.secrets).await;
        }
    }

    /// Keeps the page for evidence.
    pub(super) fn look(&mut self, observation: Observation) -> Observation {
        match &observation {
            Observation::Recognised { page, url, .. } if self.runner.script().shows_secret_picture(page) => {
                self.last_page = Some((url.clone(), String::new()));
            }
            Observation::Recognised { url, html, .. } | Observation::Unrecognised { url, html, .. } => {
                self.last_page = Some((url.clone(), html.clone()));
            }
            Observation::Stuck { html, .. } => {
                if let Some((_, page)) = self.last_page.as_mut().filter(|(_, page)| !page.is_empty()) {
                    page.clone_from(html);
                }
            }
            _ => {}
        }
        observation
    }

    /// A failure with the page that it is about.
    pub(super) fn failed(&self, failure: Failure) -> Outcome {
        let last = self.last_page.as_ref().map(|(url, html)| (self.page.as_deref(), url, html.as_str()));
        let shown = self.runner.failed_page().map(|(page, url, html)| (Some(page), url, html)).or(last);
        let page = shown.and_then(|(page, ..)| page.map(str::to_owned));
        let evidence = shown.map(|(_, url, html)| {
            let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).collect();
            // With the script's own words the page can be recognised by another revision of it.
            let html = script::scrub_keeping(html, &secrets, &self.desk.known.own).html;
            Evidence { url: scrubbed(url, &secrets).into(), html }
        });
        Outcome::Failed { failure, evidence, page }
    }
}
