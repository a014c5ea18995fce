//! The life of a connection: which states there are, and what may happen in each.
//!
//! Not here: whose turn it is in a set-up ([`crate::setup`]); who asked for a change or when, which the store records
//! beside it.
//!
//! ```text
//!           setupCompleted              runSucceeded
//!   draft ────────────────▶ pendingActivation ─────▶ active ⇄ paused
//!     ▲                            │                  │ ▲       ▲
//!     └──────── runFailed ─────────┘        runFailed │ │       │ pause
//!                                                     ▼ │       │
//!                                  errored, reauthRequired ─────┘
//! ```
//!
//! A run that read some accounts and not others has succeeded: the connection is `active`, and
//! *degraded* as long as the failure that the run was kept with stands beside the state
//! ([`shortfall`](crate::shortfall)).
//!
//! From `errored` a run that succeeds, and from both new credentials, lead back to
//! `active`; a run that fails moves `errored` to whatever its failure says. From every
//! state `revoke`, and from those with a run a failure that says so, lead to `revoked`,
//! for good. What isn't told here is an [`IllegalEvent`]; the table in the tests is the
//! whole of it.

use serde::{Deserialize, Serialize};

use crate::failure::{Consequence, Failure};
use crate::word::words;

words! {
    /// The states' names in the API.
    pub enum ConnectionStatus {
        /// Being set up.
        Draft = "draft",
        /// Set up; the first sign-in is under way.
        PendingActivation = "pendingActivation",
        /// In use.
        Active = "active",
        /// The bank wants something of the customer.
        ReauthRequired = "reauthRequired",
        /// Bursar has to be mended first.
        Errored = "errored",
        /// Switched off by the integrator.
        Paused = "paused",
        /// Ended for good.
        Revoked = "revoked",
    }
}

words! {
    /// What can happen to a connection.
    pub enum ConnectionEventKind {
        /// Credentials were given.
        CredentialsGiven = "credentialsGiven",
        /// The integrator says that the delegated user is ready.
        SetupCompleted = "setupCompleted",
        /// A run read what it was to read.
        RunSucceeded = "runSucceeded",
        /// A run ended for good with a failure.
        RunFailed = "runFailed",
        /// The integrator switched the connection off.
        Pause = "pause",
        /// The integrator switched it on again.
        Resume = "resume",
        /// The integrator ended it.
        Revoke = "revoke",
    }
}

/// Where a connection stands, with what exists in that state alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConnectionState {
    /// Being set up.
    Draft {
        /// Why the last activation came to nothing.
        #[serde(default)]
        last_failure: Option<Failure>,
    },
    /// Set up; the first sign-in is under way.
    PendingActivation,
    /// In use.
    Active,
    /// The bank wants something of the customer.
    ReauthRequired {
        /// What it said.
        failure: Failure,
    },
    /// Bursar has to be mended first.
    Errored {
        /// What stopped it.
        failure: Failure,
    },
    /// Switched off by the integrator.
    Paused,
    /// Ended for good.
    Revoked {
        /// What the bank said, where it was the bank.
        #[serde(default)]
        failure: Option<Failure>,
    },
}

/// What happens to a connection, with what the next state needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// Credentials were given.
    CredentialsGiven,
    /// The integrator says that the delegated user is ready.
    SetupCompleted,
    /// A run read what it was to read.
    RunSucceeded,
    /// A run ended for good with a failure.
    RunFailed(Failure),
    /// The integrator switched the connection off.
    Pause,
    /// The integrator switched it on again.
    Resume,
    /// The integrator ended it.
    Revoke,
}

/// An event that can't happen to a connection where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a connection that is {status} can't take the event {event}")]
pub struct IllegalEvent {
    /// Where the connection stands.
    pub status: ConnectionStatus,
    /// What was to happen to it.
    pub event: ConnectionEventKind,
}

impl ConnectionState {
    /// A connection that was just made.
    pub const NEW: Self = Self::Draft { last_failure: None };

    /// The state after `event`.
    ///
    /// # Errors
    /// An [`IllegalEvent`] names every pair outside the picture above.
    pub fn on(&self, event: ConnectionEvent) -> Result<Self, IllegalEvent> {
        use ConnectionEvent as E;
        let illegal = IllegalEvent { status: self.status(), event: event.kind() };
        match (self, event) {
            (Self::Revoked { .. }, _) => Err(illegal),
            (_, E::Revoke) => Ok(Self::Revoked { failure: None }),

            (Self::Draft { .. }, E::CredentialsGiven) => Ok(Self::NEW),
            (Self::Draft { .. }, E::SetupCompleted) => Ok(Self::PendingActivation),

            (Self::PendingActivation, E::RunSucceeded) => Ok(Self::Active),
            (Self::PendingActivation, E::RunFailed(failure)) => match failure.code.consequence() {
                Consequence::Revoked => Ok(Self::Revoked { failure: Some(failure) }),
                _ => Ok(Self::Draft { last_failure: Some(failure) }),
            },

            (Self::Active | Self::Errored { .. }, E::RunSucceeded) => Ok(Self::Active),
            (Self::Active | Self::Errored { .. }, E::RunFailed(failure)) => Ok(match failure.code.consequence() {
                Consequence::Unchanged | Consequence::Degraded => self.clone(),
                Consequence::ReauthRequired => Self::ReauthRequired { failure },
                Consequence::Errored => Self::Errored { failure },
                Consequence::Revoked => Self::Revoked { failure: Some(failure) },
            }),

            (Self::ReauthRequired { .. } | Self::Active | Self::Errored { .. }, E::CredentialsGiven) => {
                Ok(Self::Active)
            }
            (Self::Paused, E::CredentialsGiven) => Ok(Self::Paused),
            (Self::Active | Self::Errored { .. } | Self::ReauthRequired { .. }, E::Pause) => Ok(Self::Paused),
            (Self::Paused, E::Resume) => Ok(Self::Active),

            // A run that was under way when somebody paused ends without a say.
            (Self::Paused, E::RunSucceeded | E::RunFailed(_)) => Ok(Self::Paused),

            _ => Err(illegal),
        }
    }

    /// The state's name.
    #[must_use]
    pub const fn status(&self) -> ConnectionStatus {
        match self {
            Self::Draft { .. } => ConnectionStatus::Draft,
            Self::PendingActivation => ConnectionStatus::PendingActivation,
            Self::Active => ConnectionStatus::Active,
            Self::ReauthRequired { .. } => ConnectionStatus::ReauthRequired,
            Self::Errored { .. } => ConnectionStatus::Errored,
            Self::Paused => ConnectionStatus::Paused,
            Self::Revoked { .. } => ConnectionStatus::Revoked,
        }
    }

    /// The failure that the state carries.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Draft { last_failure: failure } | Self::Revoked { failure } => failure.as_ref(),
            Self::ReauthRequired { failure } | Self::Errored { failure } => Some(failure),
            Self::PendingActivation | Self::Active | Self::Paused => None,
        }
    }
}

impl ConnectionEvent {
    /// The event's name.
    #[must_use]
    pub const fn kind(&self) -> ConnectionEventKind {
        match self {
            Self::CredentialsGiven => ConnectionEventKind::CredentialsGiven,
            Self::SetupCompleted => ConnectionEventKind::SetupCompleted,
            Self::RunSucceeded => ConnectionEventKind::RunSucceeded,
            Self::RunFailed(_) => ConnectionEventKind::RunFailed,
            Self::Pause => ConnectionEventKind::Pause,
            Self::Resume => ConnectionEventKind::Resume,
            Self::Revoke => ConnectionEventKind::Revoke,
        }
    }
}

words! {
    /// Who made something happen to a connection.
    pub enum Actor {
        /// Through the API.
        Integrator = "integrator",
        /// The customer, at the set-up page.
        EndUser = "endUser",
        /// Bursar itself.
        Platform = "platform",
        /// The bank, by what its portal showed.
        Portal = "portal",
    }
}

words! {
    /// Whether a connection is being set up or has been active.
    pub enum ConnectionKind {
        /// It has never been active; `setup` says how far it is.
        Setup = "setup",
        /// It has been active; `syncStatus` and `lastSyncedAt` are there.
        Ready = "ready",
    }
}

words! {
    /// Whether a run is under way.
    pub enum SyncStatus {
        /// None is.
        Idle = "idle",
        /// One is, or waits for its next attempt.
        Syncing = "syncing",
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionEvent, ConnectionState};
    use crate::failure::{Failure, FailureCode, Stage};

    fn states() -> Vec<ConnectionState> {
        let failure = Failure::new(FailureCode::MfaTimeout, Stage::Challenge);
        vec![
            ConnectionState::NEW,
            ConnectionState::PendingActivation,
            ConnectionState::Active,
            ConnectionState::ReauthRequired { failure: failure.clone() },
            ConnectionState::Errored { failure },
            ConnectionState::Paused,
            ConnectionState::Revoked { failure: None },
        ]
    }

    fn events() -> Vec<ConnectionEvent> {
        let failed = |code| ConnectionEvent::RunFailed(Failure::new(code, Stage::Login));
        vec![
            ConnectionEvent::CredentialsGiven,
            ConnectionEvent::SetupCompleted,
            ConnectionEvent::RunSucceeded,
            failed(FailureCode::PortalUnavailable),
            failed(FailureCode::ScriptParse),
            failed(FailureCode::CredentialsInvalid),
            failed(FailureCode::PageUnrecognised),
            failed(FailureCode::AccessRevoked),
            ConnectionEvent::Pause,
            ConnectionEvent::Resume,
            ConnectionEvent::Revoke,
        ]
    }

    #[test]
    fn every_state_meets_every_event_as_the_picture_says() {
        // One row a state, one column an event, in the order of the lists above.
        // The runFailed columns: bank unavailable, unreadable value, credentials, unknown page, revoked.
        let expected = "
            draft:             draft pendingActivation - - - - - - - - revoked
            pendingActivation: - - active draft draft draft draft revoked - - revoked
            active:            active - active active active reauthRequired errored revoked paused - revoked
            reauthRequired:    active - - - - - - - paused - revoked
            errored:           active - active errored errored reauthRequired errored revoked paused - revoked
            paused:            paused - paused paused paused paused paused paused - active revoked
            revoked:           - - - - - - - - - - -";
        for (line, state) in expected.trim().lines().zip(states()) {
            let next = |event| state.on(event).map_or("-", |next| next.status().as_str());
            let row: Vec<&str> = events().into_iter().map(next).collect();
            let (name, cells) = line.trim().split_once(':').expect("a name and its cells");
            assert_eq!(state.status().as_str(), name);
            assert_eq!(row, cells.split_whitespace().collect::<Vec<_>>(), "{name}");
        }
    }
}
