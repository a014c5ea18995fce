//! Create-or-return: the same entity and portal give the same connection, however
//! often and from however many places it is asked for.
//!
//! Not here: signing in; a connection that was made has not been tried.

use domain::anchor::{institution_anchor, normalize_portal_url, portal_anchor};
use domain::environment::Environment;
use domain::id::{ConnectionId, EntityId};
use uuid::Uuid;

use super::{Caller, Error, Fleet};
use crate::clock;
use crate::store::{CreatedOrReturned, Instructions, Metadata, NewConnection};

/// What is asked for.
pub struct ConnectionRequest {
    /// On whose behalf.
    pub entity_id: EntityId,
    /// A bank of the catalog.
    pub institution_id: Option<String>,
    /// The address of a portal.
    pub portal_url: Option<String>,
    /// The integrator's values.
    pub metadata: Metadata,
}

impl Fleet {
    /// Makes the connection, or returns the one that is there.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field; an entity that isn't the organization's is
    /// not found.
    pub async fn create_or_return_connection(
        &self,
        caller: &Caller,
        request: ConnectionRequest,
    ) -> Result<CreatedOrReturned, Error> {
        let portal_url = request.portal_url.as_deref().map(|text| normalize_portal_url(text, self.config.loopback()));
        let portal_url = portal_url
            .transpose()
            .map_err(|error| Error::Invalid { field: "/portalUrl", reason: format!("the portal's address {error}") })?;
        let catalog = self.catalog();
        let institution = match (&request.institution_id, &portal_url) {
            (Some(id), _) => {
                let known = catalog.institution(id).filter(|known| caller.environment.reaches(known));
                let reason = || "no institution of the catalog has this id".into();
                Some(known.ok_or_else(|| Error::Invalid { field: "/institutionId", reason: reason() })?)
            }
            (None, Some(url)) => catalog.institution_at(url),
            (None, None) => {
                let reason = "give an institutionId, a portalUrl, or both".into();
                return Err(Error::Invalid { field: "", reason });
            }
        };
        if caller.environment == Environment::Test && institution.is_none_or(|known| !known.simulated) {
            let reason = "a test key reaches only institutions that are marked as simulated".into();
            return Err(Error::Invalid { field: "/portalUrl", reason });
        }
        let is_asked_for = request.institution_id.is_some();
        if let (true, Some(url), Some(institution)) = (is_asked_for, &portal_url, institution)
            && !institution.is_at(url)
        {
            // Its script would type the password wherever the address leads.
            let reason = "this isn't an address of the institution's portal".into();
            return Err(Error::Invalid { field: "/portalUrl", reason });
        }
        let portal_url = match (portal_url, institution) {
            (Some(url), _) => url,
            (None, Some(institution)) => institution.default_portal_url.clone(),
            (None, None) => return Err(Error::ScriptMissing),
        };
        let (id, now, at_portal) = (ConnectionId(Uuid::now_v7()), clock::now(), portal_anchor(&portal_url));
        let new = NewConnection {
            id,
            organization_id: caller.organization_id,
            entity_id: request.entity_id,
            anchor: institution.map_or_else(|| at_portal.clone(), |institution| institution_anchor(&institution.id)),
            // Between an institution's record and its script there may be one that was made before the record.
            waiting_anchor: institution.map(|_| at_portal),
            institution_id: institution.map(|institution| institution.id.clone()),
            portal_url,
            instructions: self.instructions(id),
            supply: self.supply(now, self.alias()?),
            metadata: request.metadata,
        };
        Ok(self.store.create_or_return_connection(new, now).await?)
    }

    fn instructions(&self, id: ConnectionId) -> Instructions {
        let settings = &self.config.delegated_user;
        let digits = id.0.simple().to_string();
        let code = digits.get(digits.len() - 8..).unwrap_or(&digits);
        let filled = |template: &str| (!template.is_empty()).then(|| template.replace("{code}", code));
        Instructions {
            first_name: settings.first_name.clone(),
            last_name: settings.last_name.clone(),
            address: filled(&settings.address),
            email: filled(&settings.email),
            username: settings.username.replace("{code}", code),
            phone_number: filled(&settings.phone_number),
        }
    }
}
