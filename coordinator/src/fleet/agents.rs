//! What operators do to agents: one gets no further lease, or gets leases again.
//!
//! Not here: ending an agent; its own signals do that.

use domain::audit::Action;
use domain::id::AgentId;
use serde_json::json;

use super::{Error, Fleet};
use crate::clock;
use crate::queue::{DrainState, SeenAgent};
use crate::store::{Act, Refused};

impl Fleet {
    /// Gives an agent no further lease; what it works on goes on.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that wasn't heard of in the last minute.
    pub async fn drain_agent(&self, id: AgentId) -> Result<SeenAgent, Error> {
        let agent = self.seen_agent(id).await?;
        self.note_of_agent(Action::AgentDrained, &agent).await?;
        self.queue.drain(id).await?;
        Ok(SeenAgent { drain: DrainState::Drained, ..agent })
    }

    /// Gives a drained agent leases again.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that wasn't heard of in the last minute.
    pub async fn undrain_agent(&self, id: AgentId) -> Result<SeenAgent, Error> {
        let agent = self.seen_agent(id).await?;
        self.note_of_agent(Action::AgentUndrained, &agent).await?;
        self.queue.undrain(id).await?;
        Ok(SeenAgent { drain: DrainState::Undrained, ..agent })
    }

    async fn seen_agent(&self, id: AgentId) -> Result<SeenAgent, Error> {
        let agents = self.queue.agents().await?;
        Ok(agents.into_iter().find(|agent| agent.id == id).ok_or(Refused::NotFound)?)
    }

    /// The queue isn't the store, so this is written before and not with the act.
    async fn note_of_agent(&self, action: Action, agent: &SeenAgent) -> Result<(), Error> {
        let act = Act::new(action).to(agent.id).with(json!({ "name": agent.name }));
        Ok(self.store.note_act(act, clock::now()).await?)
    }
}
