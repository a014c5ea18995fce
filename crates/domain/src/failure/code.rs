//! The codes: a closed list, each with whose doing it is, who has to act, when it is tried
//! again, and what it does to the connection.
//!
//! Codes are dotted, and what stands before a dot is a code, too: a family. A family is what
//! a code that this version doesn't know is read as, such as one of a newer agent; its axes
//! are those that do least harm whatever the code meant. Nothing here ends with a family of
//! its own accord, and scripts can't name one.
//!
//! Not here: what the axes' words mean, and what goes with a code in a failure.

use super::{Action, Consequence, Fault, Retry};
use crate::word::words;

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
                self.meaning()
            }
        }
    };
}

failures! {
    Auth = "auth": Unknown, VisitPortal, AfterUser, ReauthRequired, "The bank doesn't let the delegated user in.";
    Credentials = "auth.credentials": User, EnterCredentials, AfterUser, ReauthRequired, "The bank doesn't take the credentials as they are.";
    CredentialsInvalid = "auth.credentials.invalid": User, EnterCredentials, AfterUser, ReauthRequired, "The bank refused the credentials.";
    CredentialsMissing = "auth.credentials.missing": User, EnterCredentials, AfterUser, ReauthRequired, "A credential that the portal asks for was never given.";
    Password = "auth.password": User, EnterCredentials, AfterUser, ReauthRequired, "The bank wants something of the password.";
    PasswordExpired = "auth.password.expired": User, EnterCredentials, AfterUser, ReauthRequired, "The password has expired at the bank.";
    Locked = "auth.locked": Bank, ContactBank, Never, ReauthRequired, "The delegated user is locked at the bank.";
    AccessRevoked = "auth.revoked": User, VisitPortal, Never, Revoked, "The bank no longer grants this user access.";
    Permission = "auth.permission": User, VisitPortal, AfterUser, ReauthRequired, "The delegated user may not see what is read.";
    Session = "auth.session": Bank, Wait, Backoff, Unchanged, "The bank doesn't keep the session.";
    SessionConflict = "auth.session.conflict": Bank, Wait, Backoff, Unchanged, "The delegated user is signed in elsewhere.";
    SessionExpired = "auth.session.expired": Bank, None, Backoff, Unchanged, "The bank ended the session.";

    Mfa = "mfa": User, AnswerChallenge, AfterUser, ReauthRequired, "The second factor came to nothing.";
    MfaRequired = "mfa.required": User, AnswerChallenge, AfterUser, ReauthRequired, "The bank asks for a second factor and nobody attends.";
    MfaTimeout = "mfa.timeout": User, AnswerChallenge, NextSchedule, ReauthRequired, "Nobody answered the bank's question in time.";
    MfaCode = "mfa.code": User, AnswerChallenge, AfterUser, ReauthRequired, "The bank doesn't take the code.";
    MfaCodeInvalid = "mfa.code.invalid": User, AnswerChallenge, AfterUser, ReauthRequired, "The bank refused every code that was given.";
    MfaCodeExpired = "mfa.code.expired": User, AnswerChallenge, AfterUser, ReauthRequired, "The code had expired.";
    MfaDeclined = "mfa.declined": User, AnswerChallenge, AfterUser, ReauthRequired, "The sign-in was declined on the device.";
    MfaUnsupported = "mfa.unsupported": Script, Operator, AfterScriptChange, Errored, "The bank asks for a factor that the script doesn't know.";

    Portal = "portal": Bank, Operator, NextSchedule, Unchanged, "The portal answers with something else than data.";
    PortalAction = "portal.action": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants something to be settled in the portal.";
    PortalActionTerms = "portal.action.terms": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants new terms to be accepted.";
    PortalActionProfile = "portal.action.profile": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants the user's profile to be completed.";
    PortalActionNotice = "portal.action.notice": User, VisitPortal, AfterUser, ReauthRequired, "The bank wants a notice to be read.";
    PortalUnavailable = "portal.unavailable": Bank, Wait, Backoff, Unchanged, "The portal doesn't answer as it should.";
    PortalMaintenance = "portal.maintenance": Bank, Wait, Backoff, Unchanged, "The portal is under maintenance.";
    PortalRatelimited = "portal.ratelimited": Bank, Wait, Backoff, Unchanged, "The portal asks to come back later.";
    PortalBlocked = "portal.blocked": Bank, Operator, Never, Errored, "The portal refuses to talk to Bursar.";
    PortalCaptcha = "portal.captcha": Bank, Operator, Never, Errored, "The portal asks for proof of a person.";

    Script = "script": Script, FixScript, AfterScriptChange, Errored, "The script doesn't fit the portal.";
    Page = "script.page": Script, FixScript, AfterScriptChange, Errored, "The script doesn't fit the page that the portal shows.";
    PageUnrecognised = "script.page.unrecognised": Script, FixScript, AfterScriptChange, Errored, "The portal shows a page that the script doesn't know.";
    Element = "script.element": Script, FixScript, AfterScriptChange, Errored, "The script doesn't fit what is on the page.";
    ElementMissing = "script.element.missing": Script, FixScript, AfterScriptChange, Errored, "Something that the script works with isn't on the page.";
    ElementAmbiguous = "script.element.ambiguous": Script, FixScript, AfterScriptChange, Errored, "The script's description fits several things on the page.";
    ScriptParse = "script.parse": Script, FixScript, AfterScriptChange, Degraded, "A value on the page can't be read as the script declares it.";

    Data = "data": Unknown, Operator, NextSchedule, Degraded, "What was read isn't sound.";
    DataIncomplete = "data.incomplete": Unknown, Operator, NextSchedule, Degraded, "Rows that should be there weren't read.";
    DataUnreconciled = "data.unreconciled": Unknown, Operator, NextSchedule, Degraded, "Balances and transactions don't add up.";

    Net = "net": Network, None, Backoff, Unchanged, "The portal's server can't be talked to.";
    NetDns = "net.dns": Network, None, Backoff, Unchanged, "The portal's name doesn't resolve.";
    NetTls = "net.tls": Network, None, Backoff, Unchanged, "No secure connection to the portal could be made.";
    NetTimeout = "net.timeout": Network, None, Backoff, Unchanged, "The portal's server couldn't be reached in time.";
    NetReset = "net.reset": Network, None, Backoff, Unchanged, "The portal's server ended the connection.";

    Platform = "platform": Platform, Operator, NextSchedule, Unchanged, "Something of Bursar's own failed.";
    Browser = "platform.browser": Platform, None, AtOnce, Unchanged, "The browser failed.";
    BrowserCrashed = "platform.browser.crashed": Platform, None, AtOnce, Unchanged, "The browser ended in mid-run.";
    BrowserOom = "platform.oom": Platform, None, AtOnce, Unchanged, "The browser ran out of memory.";
    LeaseLost = "platform.lease_lost": Platform, None, AtOnce, Unchanged, "The agent lost its lease.";
    AgentGone = "platform.agent_gone": Platform, None, AtOnce, Unchanged, "The agent ended in mid-run.";
    AgentsGone = "platform.agents_gone": Platform, Operator, Never, Errored, "Agent after agent ended in mid-run.";

    Unknown = "unknown": Unknown, Operator, Never, Errored, "A failure of a kind that this version doesn't know.";
}

impl FailureCode {
    /// The longest code that is read and stored.
    const LONGEST: usize = 100;

    /// The code itself, or what it is read as where this version doesn't know it: the longest
    /// family that it belongs to, or [`Unknown`](Self::Unknown). None for what is no code at
    /// all: words of lower-case letters, digits and `_`, with dots between them.
    #[must_use]
    pub fn degraded(code: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(is_plain);
        if code.len() > Self::LONGEST || !code.split('.').all(is_word) {
            return None;
        }
        let mut prefix = code;
        loop {
            if let Ok(known) = prefix.parse() {
                return Some(known);
            }
            let Some((shorter, _)) = prefix.rsplit_once('.') else { return Some(Self::Unknown) };
            prefix = shorter;
        }
    }

    /// Whether it stands for codes that aren't known, rather than for one thing that happened.
    #[must_use]
    pub fn is_family(self) -> bool {
        let is_within =
            |code: &Self| code.as_str().strip_prefix(self.as_str()).is_some_and(|rest| rest.starts_with('.'));
        self == Self::Unknown || Self::ALL.iter().any(is_within)
    }

    /// Whether the credentials that met it may not be submitted again by themselves: doing so
    /// could lock the user. What isn't known of a sign-in could be a refused password.
    #[must_use]
    pub const fn freezes_credentials(self) -> bool {
        matches!(
            self,
            Self::Auth
                | Self::Credentials
                | Self::CredentialsInvalid
                | Self::Password
                | Self::PasswordExpired
                | Self::Locked
                | Self::Unknown
        )
    }

    /// Whether the longest delay comes first: somebody is at work there, and would be thrown
    /// out again and again.
    #[must_use]
    pub const fn waits_long(self) -> bool {
        matches!(self, Self::Session | Self::SessionConflict)
    }
}
