//! Entities: on whose behalf everything is done.
//!
//! Not here: what belongs to one; connections say that themselves.

use async_trait::async_trait;
use domain::id::{EntityId, OrganizationId};
use domain::schedule::AttendedHours;
use jiff::Timestamp;

use super::{Metadata, PageRequest, Refused, StoreError};

/// Entities.
#[async_trait]
pub trait Entities {
    /// Adds an entity.
    async fn create_entity(&self, new: NewEntity, now: Timestamp) -> Result<Entity, Refused>;
    /// A page of entities, oldest first.
    async fn entities(
        &self,
        organization: OrganizationId,
        external_entity_id: Option<&str>,
        page: PageRequest,
    ) -> Result<Vec<Entity>, StoreError>;
    /// One entity.
    async fn entity(&self, organization: OrganizationId, id: EntityId) -> Result<Entity, Refused>;
    /// Changes what the patch names; where that is nothing, `updated_at` stays.
    async fn update_entity(
        &self,
        organization: OrganizationId,
        id: EntityId,
        patch: EntityPatch,
        now: Timestamp,
    ) -> Result<Entity, Refused>;
    /// Deletes an entity for good, with its connections, accounts and transactions; the
    /// stream tells of each transaction that it is removed.
    ///
    /// Refused as [`Refused::DefaultEntity`] for the organization's default, and as
    /// [`Refused::EntitySyncing`] while a run of one of its connections is open. So no
    /// run is ended by it.
    async fn delete_entity(&self, organization: OrganizationId, id: EntityId, now: Timestamp) -> Result<(), Refused>;
}

/// An entity.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// The integrator's id for it.
    pub external_entity_id: String,
    /// Whether it is the organization's default.
    pub is_default: bool,
    /// Its name.
    pub name: Option<String>,
    /// Whom to write to.
    pub contact_emails: Vec<String>,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When somebody attends for it, where that isn't as its organization says.
    pub attended: Option<AttendedHours>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An entity to be added.
#[derive(Clone, Debug)]
pub struct NewEntity {
    /// Its id.
    pub id: EntityId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// The integrator's id for it.
    pub external_entity_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Whom to write to.
    pub contact_emails: Vec<String>,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When somebody attends for it, where that isn't as its organization says.
    pub attended: Option<AttendedHours>,
}

/// What is to be changed of an entity; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct EntityPatch {
    /// Its name.
    pub name: Option<NewName>,
    /// Whom to write to, in place of all before.
    pub contact_emails: Option<Vec<String>>,
    /// The integrator's values, in place of all before.
    pub metadata: Option<Metadata>,
    /// When somebody attends for it; the inner none: as its organization says.
    pub attended: Option<Option<AttendedHours>>,
}

/// What becomes of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewName {
    /// It is this from now on.
    Set(String),
    /// There is none any more.
    Cleared,
}
