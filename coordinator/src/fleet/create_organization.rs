//! A new organization: two tenants, live and test, each with a data key and a default
//! entity of its own.
//!
//! Not here: its keys; they are made one by one.

use domain::challenge::TermsPolicy;
use domain::environment::Environment;
use domain::id::OrganizationId;
use uuid::Uuid;

use super::Error;
use crate::clock;
use crate::store::{NewOrganization, NewTenant, Organization, Refused, Store};
use crate::vault::Vault;

/// Adds an organization.
///
/// # Errors
/// [`Error::Invalid`] for a slug that isn't lower-case letters, digits and dashes,
/// [`Refused::Duplicate`] for one that is taken.
pub async fn create_organization(store: &dyn Store, vault: &Vault, slug: &str) -> Result<Organization, Error> {
    let well_formed = !slug.is_empty()
        && slug.len() <= 63
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !well_formed {
        let reason = "use 1 to 63 lower-case letters, digits and dashes".into();
        return Err(Error::Invalid { field: "/slug", reason });
    }
    let (live, test, created_at) = (new_tenant(vault)?, new_tenant(vault)?, clock::now());
    let (id, test_id, terms) = (live.id, Some(test.id), TermsPolicy::Ask);
    let made = Organization { id, test_id, slug: slug.to_owned(), terms, attended: None, created_at };
    store.create_organization(NewOrganization { slug: slug.to_owned(), live, test }, created_at).await?;
    Ok(made)
}

/// Gives every organization of an older store its test tenant.
///
/// # Errors
/// [`Error`] if the store or the system's randomness fails.
pub async fn complete_organizations(store: &dyn Store, vault: &Vault) -> Result<(), Error> {
    for organization in store.organizations().await?.iter().filter(|organization| organization.test_id.is_none()) {
        match store.add_test_tenant(organization.id, new_tenant(vault)?, clock::now()).await {
            // Another process was first.
            Ok(()) | Err(Refused::Duplicate) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The tenant of an organization that keys of an environment reach. A test tenant that an
/// older coordinator didn't make is made now.
///
/// # Errors
/// [`Refused::NotFound`] if there is no such organization.
pub async fn tenant(
    store: &dyn Store,
    vault: &Vault,
    organization: OrganizationId,
    environment: Environment,
) -> Result<OrganizationId, Error> {
    let known = async || -> Result<Organization, Error> {
        let organizations = store.organizations().await?;
        let found = organizations.into_iter().find(|known| known.id == organization);
        Ok(found.ok_or(Refused::NotFound)?)
    };
    if let Some(tenant) = known().await?.tenant(environment) {
        return Ok(tenant);
    }
    complete_organizations(store, vault).await?;
    Ok(known().await?.tenant(environment).ok_or(Refused::NotFound)?)
}

fn new_tenant(vault: &Vault) -> Result<NewTenant, Error> {
    let id = OrganizationId(Uuid::now_v7());
    Ok(NewTenant { id, data_key: vault.new_data_key(&id.to_string())? })
}
