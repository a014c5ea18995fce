//! Runs that an integrator starts: the activation, a sync on demand or on resuming; and
//! the pause or end of a connection, which ends the run that is under way.
//!
//! Not here: runs that are due by a schedule.

use domain::id::{ConnectionId, OrganizationId, RunId};
use uuid::Uuid;

use super::{Error, Fleet};
use crate::clock;
use crate::store::Connection;

impl Fleet {
    /// The delegated user is ready: an activation is queued.
    ///
    /// # Errors
    /// [`Error::ScriptMissing`] while nobody has described the portal, otherwise
    /// [`Error`].
    pub async fn complete_setup(&self, owner: OrganizationId, id: ConnectionId) -> Result<Connection, Error> {
        let connection = self.store.connection(owner, id).await?;
        self.script_of(&connection)?;
        let run = self.store.complete_setup(owner, id, RunId(Uuid::now_v7()), clock::now()).await?;
        self.enqueue(&run).await;
        Ok(self.store.connection(owner, id).await?)
    }

    /// A sync is queued.
    ///
    /// # Errors
    /// [`Error`], among them that a run is under way.
    pub async fn request_sync(&self, owner: OrganizationId, id: ConnectionId) -> Result<Connection, Error> {
        let run = self.store.request_sync(owner, id, RunId(Uuid::now_v7()), clock::now()).await?;
        self.enqueue(&run).await;
        Ok(self.store.connection(owner, id).await?)
    }

    /// Switches a connection off, with the run that is under way; what was read and the
    /// credentials stay.
    ///
    /// # Errors
    /// [`Error`], among them that the connection was never active.
    pub async fn pause_connection(&self, owner: OrganizationId, id: ConnectionId) -> Result<Connection, Error> {
        if let Some(run) = self.store.pause_connection(owner, id, clock::now()).await? {
            self.forget(run).await;
        }
        Ok(self.store.connection(owner, id).await?)
    }

    /// Switches a paused connection on again, and a sync is queued.
    ///
    /// # Errors
    /// [`Error`], among them that the connection isn't paused.
    pub async fn resume_connection(&self, owner: OrganizationId, id: ConnectionId) -> Result<Connection, Error> {
        let run = self.store.resume_connection(owner, id, RunId(Uuid::now_v7()), clock::now()).await?;
        self.enqueue(&run).await;
        Ok(self.store.connection(owner, id).await?)
    }

    /// Ends a connection for good. The agent that works on it hears of it with its
    /// next renewal.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revoke_connection(&self, owner: OrganizationId, id: ConnectionId) -> Result<Connection, Error> {
        if let Some(run) = self.store.revoke_connection(owner, id, clock::now()).await? {
            self.forget(run).await;
        }
        Ok(self.store.connection(owner, id).await?)
    }

    /// Lets the connection of a run that was set aside go on, by a run of its own.
    ///
    /// # Errors
    /// [`Error`], among them that nobody set the run aside, or that the connection can't
    /// have a run now.
    pub async fn revive(&self, run: RunId) -> Result<RunId, Error> {
        let queued = self.store.revive(run, RunId(Uuid::now_v7()), clock::now()).await?;
        self.enqueue(&queued).await;
        Ok(queued.id)
    }

    fn script_of(&self, connection: &Connection) -> Result<(), Error> {
        let institution = connection.institution_id.as_deref();
        let catalog = self.catalog();
        institution.and_then(|id| catalog.script(id)).map(|_| ()).ok_or(Error::ScriptMissing)
    }
}
