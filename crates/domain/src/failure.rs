//! What a portal can answer instead of data: a closed list of failure codes with
//! four axes each, and what a failure means for the connection.
//!
//! A bank that says no is an outcome and not an error, so nothing here implements
//! `std::error::Error`. The bank's own words are kept apart from ours.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
        /// Somebody has to sign in anew or settle something at the bank.
        ReauthRequired = "reauthRequired",
        /// Bursar has to be mended first.
        Errored = "errored",
        /// The bank ended the access.
        Revoked = "revoked",
    }
}

macro_rules! failures {
    ($( $variant:ident = $code:literal: $fault:ident, $action:ident, $retry:ident, $consequence:ident, $text:literal; )+) => {
        words! {
            /// What happened, as a dotted code.
            pub enum FailureCode {
                $( #[doc = $text] $variant = $code ),+
            }
        }

        impl FailureCode {
            /// Whose doing it is.
            #[must_use]
            pub const fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault),+ }
            }

            /// What somebody has to do about it.
            #[must_use]
            pub const fn action(self) -> Action {
                match self { $(Self::$variant => Action::$action),+ }
            }

            /// When it may be tried again.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry),+ }
            }

            /// What it does to an active connection.
            #[must_use]
            pub const fn consequence(self) -> Consequence {
                match self { $(Self::$variant => Consequence::$consequence),+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

failures! {
    CredentialsInvalid = "auth.credentials.invalid": User, EnterCredentials, AfterUser, ReauthRequired, "The bank refused the credentials.";
    CredentialsMissing = "auth.credentials.missing": User, EnterCredentials, AfterUser, ReauthRequired, "A credential that the portal asks for was never given.";
    PasswordExpired = "auth.password.expired": User, EnterCredentials, AfterUser, ReauthRequired, "The password has expired at the bank.";
    Locked = "auth.locked": Bank, ContactBank, Never, ReauthRequired, "The delegated user is locked at the bank.";
    AccessRevoked = "auth.revoked": User, VisitPortal, Never, Revoked, "The bank no longer grants this user access.";
    Permission = "auth.permission": User, VisitPortal, AfterUser, ReauthRequired, "The delegated user may not see what is read.";
    SessionConflict = "auth.session.conflict": Bank, Wait, Backoff, Unchanged, "The delegated user is signed in elsewhere.";
    SessionExpired = "auth.session.expired": Bank, None, Backoff, Unchanged, "The bank ended the session.";
    MfaRequired = "mfa.required": User, AnswerChallenge, AfterUser, ReauthRequired, "The bank asks for a second factor and nobody attends.";
    MfaTimeout = "mfa.timeout": User, AnswerChallenge, NextSchedule, ReauthRequired, "Nobody answered the bank's question in time.";
    MfaCodeInvalid = "mfa.code.invalid": User, AnswerChallenge, AfterUser, ReauthRequired, "The bank refused every code that was given.";
    MfaCodeExpired = "mfa.code.expired": User, AnswerChallenge, AfterUser, ReauthRequired, "The code had expired.";
    MfaDeclined = "mfa.declined": User, AnswerChallenge, AfterUser, ReauthRequired, "The sign-in was declined on the device.";
    MfaUnsupported = "mfa.unsupported": Script, Operator, AfterScriptChange, Errored, "The bank asks for a factor that the script doesn't know.";
    PortalActionTerms = "portal.action.terms": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants new terms to be accepted.";
    PortalActionProfile = "portal.action.profile": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants the user's profile to be completed.";
    PortalActionNotice = "portal.action.notice": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants a notice to be read.";
    PortalUnavailable = "portal.unavailable": Bank, Wait, Backoff, Unchanged, "The portal doesn't answer as it should.";
    PortalMaintenance = "portal.maintenance": Bank, Wait, Backoff, Unchanged, "The portal is under maintenance.";
    PortalRatelimited = "portal.ratelimited": Bank, Wait, Backoff, Unchanged, "The portal asks to come back later.";
    PortalBlocked = "portal.blocked": Bank, Operator, Never, Errored, "The portal refuses to talk to Bursar.";
    PortalCaptcha = "portal.captcha": Bank, Operator, Never, Errored, "The portal asks for proof of a person.";
    PageUnrecognised = "script.page.unrecognised": Script, FixScript, AfterScriptChange, Errored, "The portal shows a page that the script doesn't know.";
    ElementMissing = "script.element.missing": Script, FixScript, AfterScriptChange, Errored, "Something that the script works with isn't on the page.";
    ElementAmbiguous = "script.element.ambiguous": Script, FixScript, AfterScriptChange, Errored, "The script's description fits several things on the page.";
    ScriptParse = "script.parse": Script, FixScript, AfterScriptChange, Errored, "A value on the page can't be read as the script declares it.";
    DataIncomplete = "data.incomplete": Unknown, Operator, NextSchedule, Unchanged, "Rows that should be there weren't read.";
    DataUnreconciled = "data.unreconciled": Unknown, Operator, NextSchedule, Unchanged, "Balances and transactions don't add up.";
    NetDns = "net.dns": Network, None, Backoff, Unchanged, "The portal's name doesn't resolve.";
    NetTls = "net.tls": Network, None, Backoff, Unchanged, "No secure connection to the portal could be made.";
    NetTimeout = "net.timeout": Network, None, Backoff, Unchanged, "The portal's server couldn't be reached in time.";
    NetReset = "net.reset": Network, None, Backoff, Unchanged, "The portal's server ended the connection.";
    BrowserCrashed = "platform.browser.crashed": Platform, None, AtOnce, Unchanged, "The browser ended in mid-run.";
    BrowserOom = "platform.oom": Platform, None, AtOnce, Unchanged, "The browser ran out of memory.";
    LeaseLost = "platform.lease_lost": Platform, None, AtOnce, Unchanged, "The agent lost its lease.";
    AgentGone = "platform.agent_gone": Platform, Operator, Never, Errored, "Agent after agent ended in mid-run.";
}

impl FailureCode {
    /// Whether the credentials that met it may not be submitted again by themselves:
    /// doing so could lock the user.
    #[must_use]
    pub const fn freezes_credentials(self) -> bool {
        matches!(self, Self::CredentialsInvalid | Self::PasswordExpired | Self::Locked)
    }
}

/// What a run ended with instead of records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// What happened.
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

#[cfg(test)]
mod tests {
    use super::{Consequence, FailureCode, Retry};

    #[test]
    fn codes_are_dotted_and_read_back() {
        for &code in FailureCode::ALL {
            assert!(code.as_str().contains('.'), "{code}");
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(code.text().ends_with('.'), "{code}");
        }
    }

    #[test]
    fn what_retries_by_itself_leaves_the_connection_as_it_is() {
        for &code in FailureCode::ALL {
            if matches!(code.retry(), Retry::Backoff | Retry::AtOnce) {
                assert_eq!(code.consequence(), Consequence::Unchanged, "{code}");
            }
        }
    }
}
