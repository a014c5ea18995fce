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

impl Fleet {
    /// Notes that a line stands here. Where other coordinators can't reach this one, nothing is noted.
    pub async fn line_stands(&self, agent: AgentId, line: Uuid) {
        let Some(address) = self.config.peer_url() else { return };
        warned(self.store.note_line(agent, LinePlace { line, address }, clock::now()).await);
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
                warned(Err(error));
                None
            }
        }
    }
}

/// A live view does without.
fn warned(noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "where an agent's line is can't be noted or looked for"
        );
    }
}
