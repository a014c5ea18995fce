//! A new organization: a tenant with a data key and a default entity of its own.
//!
//! Not here: its keys; they are made one by one.

use domain::id::OrganizationId;
use uuid::Uuid;

use super::Error;
use crate::clock;
use crate::store::{NewOrganization, Store};
use crate::vault::Vault;

/// Adds an organization.
///
/// # Errors
/// [`Error::Invalid`] for a slug that isn't lower-case letters, digits and dashes,
/// [`Refused::Duplicate`](crate::store::Refused::Duplicate) for one that is taken.
pub async fn create_organization(store: &dyn Store, vault: &Vault, slug: &str) -> Result<OrganizationId, Error> {
    let well_formed = !slug.is_empty()
        && slug.len() <= 63
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !well_formed {
        let reason = "use 1 to 63 lower-case letters, digits and dashes".into();
        return Err(Error::Invalid { field: "/slug", reason });
    }
    let id = OrganizationId(Uuid::now_v7());
    let data_key = vault.new_data_key(&id.to_string())?;
    let new = NewOrganization { id, slug: slug.to_owned(), data_key };
    store.create_organization(new, clock::now()).await?;
    Ok(id)
}
