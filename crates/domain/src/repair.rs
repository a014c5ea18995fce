//! Scripts that fit their portals no more: which failures say so, and which connections wait for another revision.
//!
//! Not here: what would have to be changed in a script (the script crate does that), or where tickets are kept.

use crate::connection::ConnectionState;
use crate::failure::{FailureCode, Fault, Retry, Stage};
use crate::rollout::{Assigned, Part};
use crate::word::words;

words! {
    /// How far a repair is.
    pub enum TicketState {
        /// Runs fail so.
        Open = "open",
        /// A connection whose runs failed so was read whole by another revision.
        Mended = "mended",
        /// Somebody closed it.
        Closed = "closed",
    }
}

/// Whether a failure that ended a run is a repair ticket's: the script's fault, and the current revision's. A candidate's
/// is told by its trial.
#[must_use]
pub fn is_for_ticket(code: FailureCode, part: Part) -> bool {
    code.fault() == Fault::Script && part == Part::Current
}

/// By what a run was given out, as far as anybody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastTried {
    /// The revision that it went by.
    pub revision: Option<String>,
    /// What read beside it.
    pub shadow: Option<String>,
}

/// Whether a connection is to be tried by itself though its last run stopped it: the script stopped it, and what it would be
/// worked by now is another revision; or another one would read beside, where the run came as far as to where one does.
#[must_use]
pub fn is_tried_again(state: &ConnectionState, last: &LastTried, now: &Assigned<'_>) -> bool {
    let ConnectionState::Errored { failure } = state else { return false };
    if failure.code.retry() != Retry::AfterScriptChange {
        return false;
    }
    let is_in = matches!(failure.stage, Stage::Accounts | Stage::Transactions | Stage::Download);
    let is_beside = now.shadow.is_some() && now.shadow != last.shadow.as_deref() && is_in;
    last.revision.as_deref() != Some(now.revision) || is_beside
}

#[cfg(test)]
mod tests {
    use super::{LastTried, is_for_ticket, is_tried_again};
    use crate::connection::ConnectionState;
    use crate::failure::{Failure, FailureCode, Stage};
    use crate::rollout::{Assigned, Part};

    #[test]
    fn a_ticket_is_about_the_current_script() {
        assert!(is_for_ticket(FailureCode::ElementMissing, Part::Current));
        assert!(is_for_ticket(FailureCode::MfaUnsupported, Part::Current));
        assert!(!is_for_ticket(FailureCode::ElementMissing, Part::Canary));
        assert!(!is_for_ticket(FailureCode::PortalUnavailable, Part::Current));
        assert!(!is_for_ticket(FailureCode::CredentialsInvalid, Part::Current));
    }

    #[test]
    fn what_the_script_stopped_is_tried_by_another_revision_once() {
        let errored = |code, stage| ConnectionState::Errored { failure: Failure::new(code, stage) };
        let tried = |revision: &str, shadow: Option<&str>| LastTried {
            revision: Some(revision.into()),
            shadow: shadow.map(Into::into),
        };
        let by = |revision, shadow| Assigned { revision, part: Part::Current, shadow };
        let check = |state: &ConnectionState, last: LastTried, now: Assigned<'_>, expected: bool| {
            assert_eq!(is_tried_again(state, &last, &now), expected, "{state:?} {last:?} {now:?}");
        };
        let at_login = errored(FailureCode::ElementMissing, Stage::Login);
        let inside = errored(FailureCode::ElementMissing, Stage::Transactions);
        check(&at_login, tried("a", None), by("a", None), false);
        check(&at_login, tried("a", None), by("b", None), true);
        check(&at_login, tried("b", None), by("b", None), false);
        check(&at_login, LastTried::default(), by("b", None), true);
        check(&at_login, tried("a", None), by("a", Some("b")), false);
        check(&inside, tried("a", None), by("a", Some("b")), true);
        check(&inside, tried("a", Some("b")), by("a", Some("b")), false);
        // What stopped it is nothing that a script mends.
        check(&errored(FailureCode::AgentsGone, Stage::Login), tried("a", None), by("b", None), false);
        check(&ConnectionState::Active, tried("a", None), by("b", None), false);
        check(&ConnectionState::Paused, tried("a", None), by("b", None), false);
    }
}
