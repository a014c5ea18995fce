//! At which coordinator the line of an agent is: noted by the one that has it, looked for by the others.
//!
//! Not here: how a live view is passed on from there (the console), and the line itself (`live`).

use domain::id::AgentId;
use jiff::SignedDuration;
use uuid::Uuid;

use super::Fleet;
use crate::clock;
use crate::store::{LinePlace, StoreError};

/// How old a note of a line may be: it is made anew twice a minute.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(90);

/// Whether the store took a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It did, or there is nobody for whom it would.
    Yes,
    /// It is away.
    No,
}

impl Fleet {
    /// Notes that a line was opened here. Where other coordinators can't reach this one, nothing is noted.
    pub async fn line_opened(&self, agent: AgentId, line: Uuid) -> Noted {
        let Some(address) = self.config.peer_url() else { return Noted::Yes };
        warned(self.store.note_line(agent, LinePlace { line, address }, clock::now()).await)
    }

    /// Notes that it stands still, unless the agent opened a newer one.
    pub async fn line_stands(&self, agent: AgentId, line: Uuid) {
        if self.config.peer_url().is_some() {
            warned(self.store.keep_line(agent, line, clock::now()).await);
        }
    }

    /// Notes that a line ended.
    pub async fn line_ended(&self, agent: AgentId, line: Uuid) {
        warned(self.store.forget_line(agent, line).await);
    }

    /// The other coordinator at which the line of an agent is; none if it is here, or nowhere.
    pub async fn line_elsewhere(&self, agent: AgentId) -> Option<LinePlace> {
        if self.live.has_line_of(agent) {
            return None;
        }
        let since = clock::now().saturating_sub(GOOD_FOR).ok()?;
        match self.store.line_of(agent, since).await {
            Ok(place) => place.filter(|place| Some(&place.address) != self.config.peer_url().as_ref()),
            Err(error) => {
                warned::<()>(Err(error));
                None
            }
        }
    }
}

/// A live view does without.
fn warned<T>(noted: Result<T, StoreError>) -> Noted {
    match noted {
        Ok(_) => Noted::Yes,
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "where an agent's line is can't be noted or looked for"
            );
            Noted::No
        }
    }
}
