//! A set-up: how far it has come, what is to be done next, and whose turn it is.
//!
//! Not here: which states a connection has ([`crate::connection`]), or how a person is told.

use crate::challenge::ChallengeKind;
use crate::connection::ConnectionState;
use crate::failure::Action;
use crate::word::words;

words! {
    /// Whether a value of the instructions is there.
    pub enum ProvisioningStatus {
        /// Not yet.
        Pending = "pending",
        /// It is.
        Provisioned = "provisioned",
        /// It couldn't be had.
        Failed = "failed",
    }
}

words! {
    /// How far the set-up has come.
    pub enum SetupStatus {
        /// The customer has to create the delegated user.
        AwaitingDelegatedUserCreation = "awaitingDelegatedUserCreation",
        /// New credentials are needed.
        AwaitingCredentials = "awaitingCredentials",
        /// Credentials are there; the integrator has to say that all is ready.
        AwaitingSetupCompletion = "awaitingSetupCompletion",
        /// The first sign-in is under way.
        AwaitingActivation = "awaitingActivation",
    }
}

words! {
    /// Whose turn it is.
    pub enum Party {
        /// The customer.
        EndUser = "endUser",
        /// The integrator.
        Integrator = "integrator",
        /// Bursar and its operators.
        Platform = "platform",
    }
}

words! {
    /// What is to be done next.
    pub enum NextAction {
        /// Create the delegated user at the bank.
        CreateDelegatedUser = "createDelegatedUser",
        /// Give the delegated user's credentials.
        ProvideCredentials = "provideCredentials",
        /// Say that the set-up is complete.
        CompleteSetup = "completeSetup",
        /// Wait for the first sign-in.
        WaitForActivation = "waitForActivation",
        /// Answer what the bank asks.
        AnswerChallenge = "answerChallenge",
        /// Describe the portal in a script.
        WriteScript = "writeScript",
        /// Mend the script; then the set-up can be completed again.
        FixScript = "fixScript",
        /// Have an operator look into what failed, or pass the page that a run waits at.
        AskOperator = "askOperator",
        /// Talk to the bank; then complete the set-up again.
        ContactBank = "contactBank",
        /// Settle something in the portal as the delegated user; then complete the set-up again.
        VisitPortal = "visitPortal",
    }
}

/// What is known about a connection that is being set up.
#[derive(Clone, Copy, Debug)]
pub struct SetupFacts {
    /// Whether credentials are kept that the bank hasn't refused.
    pub credentials: Credentials,
    /// Whether the bank asks something right now.
    pub challenge: OpenChallenge,
    /// Whether a script describes the portal.
    pub portal: Portal,
}

/// Whether there are credentials to sign in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// None were given.
    Absent,
    /// Kept, and not refused.
    Present,
    /// Kept, and refused by the bank.
    Refused,
}

/// Whether the bank asks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenChallenge {
    /// Nothing is asked.
    None,
    /// A person has to do something about it.
    Open(ChallengeKind),
}

impl OpenChallenge {
    /// What is to be done about it, and by whom; nothing where nothing is asked.
    #[must_use]
    pub const fn turn(self) -> Option<(NextAction, Party)> {
        match self {
            Self::None => None,
            Self::Open(ChallengeKind::Takeover) => Some((NextAction::AskOperator, Party::Platform)),
            Self::Open(ChallengeKind::AppApproval) => Some((NextAction::AnswerChallenge, Party::EndUser)),
            Self::Open(_) => Some((NextAction::AnswerChallenge, Party::Integrator)),
        }
    }
}

/// Whether the portal can be driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portal {
    /// A script describes it.
    Known,
    /// Nobody has described it yet.
    Unknown,
}

/// How far a set-up is, what is next, and whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupProgress {
    /// How far it is.
    pub status: SetupStatus,
    /// What is next.
    pub next_action: NextAction,
    /// Whose turn it is.
    pub action_required_by: Party,
}

impl ConnectionState {
    /// How far the set-up is; none once the connection has been active.
    #[must_use]
    pub fn setup_progress(&self, facts: SetupFacts) -> Option<SetupProgress> {
        use NextAction as N;
        use SetupStatus as S;
        let (status, next_action, action_required_by) = match (self, facts) {
            (Self::Draft { .. }, SetupFacts { portal: Portal::Unknown, credentials, .. }) => {
                let status = match credentials {
                    Credentials::Absent => S::AwaitingDelegatedUserCreation,
                    Credentials::Refused => S::AwaitingCredentials,
                    Credentials::Present => S::AwaitingSetupCompletion,
                };
                (status, N::WriteScript, Party::Platform)
            }
            (Self::Draft { .. }, SetupFacts { credentials: Credentials::Absent, .. }) => {
                (S::AwaitingDelegatedUserCreation, N::CreateDelegatedUser, Party::EndUser)
            }
            (Self::Draft { .. }, SetupFacts { credentials: Credentials::Refused, .. }) => {
                (S::AwaitingCredentials, N::ProvideCredentials, Party::Integrator)
            }
            (Self::Draft { last_failure }, _) => {
                let (next_action, party) = match last_failure.as_ref().map(|failure| failure.code.action()) {
                    Some(Action::ContactBank) => (N::ContactBank, Party::EndUser),
                    Some(Action::VisitPortal) => (N::VisitPortal, Party::EndUser),
                    Some(Action::FixScript) => (N::FixScript, Party::Platform),
                    Some(Action::Operator) => (N::AskOperator, Party::Platform),
                    _ => (N::CompleteSetup, Party::Integrator),
                };
                (S::AwaitingSetupCompletion, next_action, party)
            }
            (Self::PendingActivation, SetupFacts { challenge, .. }) => {
                let (next_action, party) = challenge.turn().unwrap_or((N::WaitForActivation, Party::Platform));
                (S::AwaitingActivation, next_action, party)
            }
            _ => return None,
        };
        Some(SetupProgress { status, next_action, action_required_by })
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, OpenChallenge, Portal, SetupFacts};
    use crate::challenge::ChallengeKind;
    use crate::connection::ConnectionState;
    use crate::failure::{Failure, FailureCode, Stage};

    #[test]
    fn whose_turn_it_is_follows_from_what_went_wrong() {
        let check = |code: Option<FailureCode>, credentials, expected: &str| {
            let last_failure = code.map(|code| Failure::new(code, Stage::Login));
            let facts = SetupFacts { credentials, challenge: OpenChallenge::None, portal: Portal::Known };
            let progress = ConnectionState::Draft { last_failure }.setup_progress(facts).expect("a set-up");
            assert_eq!(format!("{} {}", progress.next_action, progress.action_required_by), expected, "{code:?}");
        };
        check(None, Credentials::Absent, "createDelegatedUser endUser");
        check(None, Credentials::Present, "completeSetup integrator");
        check(Some(FailureCode::CredentialsInvalid), Credentials::Refused, "provideCredentials integrator");
        check(Some(FailureCode::MfaTimeout), Credentials::Present, "completeSetup integrator");
        check(Some(FailureCode::Locked), Credentials::Present, "contactBank endUser");
        check(Some(FailureCode::PortalActionTerms), Credentials::Present, "visitPortal endUser");
        check(Some(FailureCode::PageUnrecognised), Credentials::Present, "fixScript platform");
        check(Some(FailureCode::AgentsGone), Credentials::Present, "askOperator platform");
        let asked = |kind: ChallengeKind, expected: &str| {
            let challenge = OpenChallenge::Open(kind);
            let facts = SetupFacts { credentials: Credentials::Present, challenge, portal: Portal::Known };
            let progress = ConnectionState::PendingActivation.setup_progress(facts).expect("a set-up");
            assert_eq!(format!("{} {}", progress.next_action, progress.action_required_by), expected, "{kind}");
            assert!(ConnectionState::Active.setup_progress(facts).is_none());
        };
        asked(ChallengeKind::OneTimeCode, "answerChallenge integrator");
        asked(ChallengeKind::AppApproval, "answerChallenge endUser");
        asked(ChallengeKind::Takeover, "askOperator platform");
    }
}
