//! Organizations. Each is kept as two tenants, its live one and its test one, which see
//! nothing of each other: whatever belongs to an organization names one of the two.
//!
//! Not here: API keys (`keys`), or how a data key is made.

use async_trait::async_trait;
use domain::challenge::TermsPolicy;
use domain::environment::Environment;
use domain::id::OrganizationId;
use domain::schedule::AttendedHours;
use jiff::Timestamp;

use super::{Refused, StoreError};

/// Organizations and their tenants.
#[async_trait]
pub trait Organizations {
    /// Adds an organization: both tenants, each with its default entity.
    async fn create_organization(&self, new: NewOrganization, now: Timestamp) -> Result<(), Refused>;
    /// Adds the test tenant that an organization lacks, and moves its test keys there.
    /// [`Refused::Duplicate`] if it has one.
    async fn add_test_tenant(&self, live: OrganizationId, new: NewTenant, now: Timestamp) -> Result<(), Refused>;
    /// All of them, oldest first, each once.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    /// Changes what an organization says, in both environments: all of it or nothing.
    async fn change_organization(
        &self,
        slug: &str,
        change: OrganizationChange,
        now: Timestamp,
    ) -> Result<Organization, Refused>;
    /// The wrapped data key of a tenant, live or test.
    async fn data_key(&self, tenant: OrganizationId) -> Result<Vec<u8>, Refused>;
}

/// What is to be another way at an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationChange {
    /// What it says of banks' terms.
    pub terms: Option<TermsPolicy>,
    /// When somebody attends for it; none within: as the fleet's settings say.
    pub attended: Option<Option<AttendedHours>>,
}

impl From<TermsPolicy> for OrganizationChange {
    fn from(terms: TermsPolicy) -> Self {
        Self { terms: Some(terms), attended: None }
    }
}

impl From<Option<AttendedHours>> for OrganizationChange {
    fn from(attended: Option<AttendedHours>) -> Self {
        Self { terms: None, attended: Some(attended) }
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id, which is its live tenant's.
    pub id: OrganizationId,
    /// Its test tenant. An organization that an older coordinator made has none yet.
    pub test_id: Option<OrganizationId>,
    /// Its name on the command line.
    pub slug: String,
    /// What it says of banks' terms.
    pub terms: TermsPolicy,
    /// When somebody attends for it, where it says so itself.
    pub attended: Option<AttendedHours>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Organization {
    /// The tenant that keys of an environment reach.
    #[must_use]
    pub fn tenant(&self, environment: Environment) -> Option<OrganizationId> {
        match environment {
            Environment::Live => Some(self.id),
            Environment::Test => self.test_id,
        }
    }
}

/// An organization to be added.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name on the command line.
    pub slug: String,
    /// What it does with real banks.
    pub live: NewTenant,
    /// What it does with simulated portals.
    pub test: NewTenant,
}

/// One environment of an organization, to be added.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its id.
    pub id: OrganizationId,
    /// Its data key, wrapped by the vault.
    pub data_key: Vec<u8>,
}
