//! Where a run begins, by itself or in the session of another, and what it comes to.
//!
//! Not here: what is between the two.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{FailureCode, Stage};
use domain::institution::CredentialName;
use url::Url;

use super::{Awaiting, Phase, Plan, Runner};
use crate::command::Command;
use crate::language::Script;

impl Runner {
    /// A run in a session that another run has signed in: it begins at the address at which that one did then. It has no
    /// credentials; whoever carries it out refuses what would have an effect, and signs out themselves.
    #[must_use]
    pub fn beside(script: Arc<Script>, plan: Plan, at: Url) -> Self {
        Self { begins_at: Some(at), ..Self::new(script, plan) }
    }

    /// What was read, once all of it was and only the signing out is left: a browser
    /// that ends then spoils nothing.
    #[must_use]
    pub fn outcome_if_signing_out(&self) -> Option<Vec<ObservedAccount>> {
        let Phase::SigningOut(end) = &self.phase else { return None };
        let Command::Finish(accounts) = end.as_ref() else { return None };
        Some(accounts.clone())
    }

    /// What the run comes to, once that is sure and only the signing out is left, or nothing: a browser that ends then
    /// spoils nothing.
    #[must_use]
    pub const fn conclusion(&self) -> Option<&Command> {
        match (&self.phase, &self.awaiting) {
            (Phase::SigningOut(end), _) => Some(end),
            (_, Awaiting::End(end)) => Some(end),
            _ => None,
        }
    }

    /// The page that the run's failure is about, with its name, where others were seen after it: where
    /// the reading failed, and not where the session was ended.
    #[must_use]
    pub fn failed_page(&self) -> Option<(&str, &Url, &str)> {
        self.failed_page.as_ref().map(|seen| (seen.page.name.as_str(), &seen.url, seen.html.as_str()))
    }

    pub(super) fn start(&mut self) -> Command {
        let missing = |name: &CredentialName| !self.plan.credentials.contains_key(name);
        let needed = if self.begins_at.is_some() { Vec::new() } else { self.script.credentials() };
        if let Some(name) = needed.into_iter().find(missing) {
            self.stage = Stage::Login;
            return self.fail(FailureCode::CredentialsMissing, format!("the credential `{name}` was never given"));
        }
        match self.start_url() {
            Some(url) => {
                self.awaiting = Awaiting::Visited;
                Command::Visit(url)
            }
            None => self.fail(FailureCode::PageUnrecognised, "`start` doesn't lead to an address within the portal"),
        }
    }

    /// `start` within the portal, whose own address counts as a folder.
    fn start_url(&self) -> Option<Url> {
        if let Some(at) = &self.begins_at {
            return Some(at.clone());
        }
        let Some(start) = &self.script.start else { return Some(self.plan.portal_url.clone()) };
        let mut folder = self.plan.portal_url.clone();
        if !folder.path().ends_with('/') {
            let path = format!("{}/", folder.path());
            folder.set_path(&path);
        }
        let url = folder.join(start).ok()?;
        (url.origin() == folder.origin()).then_some(url)
    }
}
