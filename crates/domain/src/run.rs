//! A run: one attempt to do something with a connection under one lease.
//!
//! Not here: who may run when (the queue's) or how a portal is driven (the
//! script's).

use crate::failure::FailureCode;
use crate::word::words;

words! {
    /// What a run is for.
    pub enum RunKind {
        /// The first sign-in with new credentials, and a first read.
        Activate = "activate",
        /// A read of accounts and recent transactions.
        Sync = "sync",
    }
}

words! {
    /// Where a run stands in the store. A run that isn't open stays as it is.
    ///
    /// ```text
    /// open ──▶ succeeded
    ///   └────▶ failed
    /// ```
    pub enum RunState {
        /// Waiting, delayed or leased: the queue knows which.
        Open = "open",
        /// Its records were accepted.
        Succeeded = "succeeded",
        /// It ended with a failure, or its connection was revoked.
        Failed = "failed",
    }
}

words! {
    /// Which runs of an organization at an institution go first.
    pub enum RunClass {
        /// Somebody asked for it and waits.
        OnDemand = "onDemand",
        /// It was due.
        Scheduled = "scheduled",
        /// It reads what is long past.
        Backfill = "backfill",
    }
}

impl RunClass {
    /// 0 goes first.
    #[must_use]
    pub const fn rank(self) -> u32 {
        match self {
            Self::OnDemand => 0,
            Self::Scheduled => 1,
            Self::Backfill => 2,
        }
    }
}

/// How many agents a run may take down before it is given up as poison.
pub const CRASHES_ALLOWED: u32 = 3;

/// How many leases of a run may lapse that nobody ever renewed: they were lost on their way,
/// or took agents down at once.
pub const LAPSES_ALLOWED: u32 = 5;

/// How many passwords may be submitted without ever hearing what the bank made of
/// them, before a person has to look: banks lock users after a few wrong ones.
pub const DOUBTS_ALLOWED: u32 = 3;

/// How many attempts a run gets before a failure that passes by itself is final.
pub const ATTEMPTS_ALLOWED: u32 = 8;

/// The same for one kind of failure. Where the bank ended the session there is one more
/// attempt: each of them signs in anew.
#[must_use]
pub const fn attempts_allowed(code: FailureCode) -> u32 {
    match code {
        FailureCode::Session | FailureCode::SessionExpired => 2,
        _ => ATTEMPTS_ALLOWED,
    }
}

words! {
    /// Something done at a bank that may happen once for each declaration of it.
    pub enum Effect {
        /// A password is submitted.
        Password = "password",
        /// A one-time code is submitted.
        Code = "code",
        /// The bank is asked to send a code to a person.
        SendCode = "sendCode",
        /// Another password is set.
        NewPassword = "newPassword",
        /// An authenticator is enrolled.
        Enrol = "enrol",
        /// Answers to security questions are set.
        NewAnswers = "newAnswers",
        /// Terms are accepted.
        AcceptTerms = "acceptTerms",
    }
}

impl Effect {
    /// Whether something is set at the bank by it that has to be kept before: losing it would lock the user out.
    #[must_use]
    pub const fn sets_something(self) -> bool {
        match self {
            Self::NewPassword | Self::Enrol | Self::NewAnswers => true,
            Self::Password | Self::Code | Self::SendCode | Self::AcceptTerms => false,
        }
    }

    /// Whether a bank only lets somebody do it whose password was right.
    #[must_use]
    pub const fn proves_sign_in(self) -> bool {
        match self {
            Self::NewPassword | Self::Enrol | Self::NewAnswers | Self::AcceptTerms => true,
            Self::Password | Self::Code | Self::SendCode => false,
        }
    }
}

words! {
    /// What became of a declared effect, as somebody who looked at the portal says.
    pub enum EffectOutcome {
        /// The portal reacted to it, whichever way.
        Happened = "happened",
        /// The portal shows no trace of it, and the session that declared it is gone.
        Absent = "absent",
        /// The portal took what was set by it.
        Accepted = "accepted",
        /// The portal said no to what was to be set by it.
        Refused = "refused",
    }
}

words! {
    /// One thing that a run does on its way.
    pub enum Step {
        /// It goes to an address.
        Visit = "visit",
        /// It waits until a page shows.
        Watch = "watch",
        /// It fills in, clicks or chooses.
        Act = "act",
        /// It looks for answers of the portal that it captures.
        Capture = "capture",
        /// It collects what a page shows bit by bit.
        Collect = "collect",
        /// It has a file come.
        Download = "download",
        /// It goes on without the browser.
        LeaveBrowser = "leaveBrowser",
        /// It goes on in the browser.
        ReturnToBrowser = "returnToBrowser",
        /// It says which effect is about to happen.
        Declare = "declare",
        /// It has something made and kept that is about to be set at the bank.
        Make = "make",
        /// It says what became of effects.
        Settle = "settle",
        /// It waits for a person, or for what answers in their place.
        Ask = "ask",
        /// It offers a person the wheel, at a page that nobody described.
        OfferWheel = "offerWheel",
        /// It says what the portal made of the answer.
        SettleAnswer = "settleAnswer",
    }
}

words! {
    /// By what the accounts of a run were read, once the sign-in worked.
    pub enum Reading {
        /// By whatever signed in.
        Session = "session",
        /// Without the browser that signed in.
        Http = "http",
        /// In the browser, as it went wrong without it.
        FellBack = "fellBack",
        /// In both ways, with the same records.
        Same = "same",
        /// In both ways, with other records; those of the browser count.
        Differs = "differs",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro of words marks none of them")]
impl Default for Reading {
    fn default() -> Self {
        Self::Session
    }
}
