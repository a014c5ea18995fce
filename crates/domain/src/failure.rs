//! What a portal can answer instead of data: a closed list of failure codes with
//! four axes each, and what a failure means for the connection.
//!
//! A bank that says no is an outcome and not an error, so nothing here implements
//! `std::error::Error`. The bank's own words are kept apart from ours. A code of another
//! version is read as its family, so that nobody refuses a failure for its name.
//!
//! Not here: what a completed run left out (`shortfall`), and when a run is tried again
//! (`run`).

mod code;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

pub use code::FailureCode;

use crate::id::EvidenceId;
use crate::word::words;

words! {
    /// Whose doing it is.
    pub enum Fault {
        /// The customer's or the delegated user's.
        User = "user",
        /// The bank's.
        Bank = "bank",
        /// The script no longer fits the portal.
        Script = "script",
        /// Bursar's own.
        Platform = "platform",
        /// Something between Bursar and the bank.
        Network = "network",
        /// Not known.
        Unknown = "unknown",
    }
}

words! {
    /// What somebody has to do about it.
    pub enum Action {
        /// Nothing.
        None = "none",
        /// Wait for the bank.
        Wait = "wait",
        /// Give new credentials.
        EnterCredentials = "enterCredentials",
        /// Answer a challenge.
        AnswerChallenge = "answerChallenge",
        /// Approve on a device.
        ApproveOnDevice = "approveOnDevice",
        /// Visit the portal as the delegated user.
        VisitPortal = "visitPortal",
        /// Talk to the bank.
        ContactBank = "contactBank",
        /// Mend the script.
        FixScript = "fixScript",
        /// An operator has to look.
        Operator = "operator",
    }
}

words! {
    /// When it may be tried again.
    pub enum Retry {
        /// Not until somebody clears it.
        Never = "never",
        /// After the action was taken.
        AfterUser = "afterUser",
        /// By itself, after a growing delay.
        Backoff = "backoff",
        /// When the connection is due again.
        NextSchedule = "nextSchedule",
        /// With another revision of the script.
        AfterScriptChange = "afterScriptChange",
        /// At once, elsewhere.
        AtOnce = "atOnce",
    }
}

words! {
    /// How far the run had come.
    pub enum Stage {
        /// Reaching the portal.
        Connect = "connect",
        /// Signing in.
        Login = "login",
        /// Answering a second factor.
        Challenge = "challenge",
        /// Reading the accounts.
        Accounts = "accounts",
        /// Reading transactions.
        Transactions = "transactions",
        /// Fetching a file.
        Download = "download",
        /// Signing out.
        Logout = "logout",
    }
}

words! {
    /// What a failure does to an active connection.
    pub enum Consequence {
        /// It stays as it is; its data grow stale.
        Unchanged = "unchanged",
        /// It stays active. What was read whole counts, and the rest stays as it was.
        Degraded = "degraded",
        /// Somebody has to sign in anew or settle something at the bank.
        ReauthRequired = "reauthRequired",
        /// Bursar has to be mended first.
        Errored = "errored",
        /// The bank ended the access.
        Revoked = "revoked",
    }
}

/// What a run ended with instead of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// What happened.
    #[serde(deserialize_with = "of_any_version")]
    pub code: FailureCode,
    /// How far the run had come.
    pub stage: Stage,
    /// Our words, for the person who has to act. May name a table's headers, never a value.
    pub message: String,
    /// The bank's own words, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution_message: Option<String>,
    /// The scrubbed page that was showing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_id: Option<EvidenceId>,
    /// When the bank says that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A failure with what follows from its code, as integrators are told of it. The bank's own
/// words aren't in it: they may name somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained<'a> {
    /// What happened.
    pub code: FailureCode,
    /// Whose doing it is.
    pub fault: Fault,
    /// What somebody has to do about it.
    pub action: Action,
    /// When it may be tried again.
    pub retry: Retry,
    /// How far the run had come.
    pub stage: Stage,
    /// Our words.
    pub message: &'a str,
    /// When the bank says that it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Failure {
    /// A failure with the code's own sentence as its message.
    #[must_use]
    pub fn new(code: FailureCode, stage: Stage) -> Self {
        Self { code, stage, message: code.text().into(), institution_message: None, evidence_id: None, until: None }
    }

    /// The same failure with words of ours that say more.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same failure with the bank's words.
    #[must_use]
    pub fn with_institution_message(mut self, message: Option<String>) -> Self {
        self.institution_message = message;
        self
    }
}

impl<'a> Explained<'a> {
    /// What follows from a failure.
    #[must_use]
    pub fn of(failure: &'a Failure) -> Self {
        let Failure { code, stage, ref message, until, .. } = *failure;
        Self { code, fault: code.fault(), action: code.action(), retry: code.retry(), stage, message, until }
    }
}

/// Reads a code that a newer agent or a newer coordinator may have written.
fn of_any_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FailureCode, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    let refusal = "a failure's code is made of lower-case words with dots between them";
    FailureCode::degraded(&text).ok_or_else(|| serde::de::Error::custom(refusal))
}

#[cfg(test)]
mod tests;
