//! Organizations: a row for each of the two tenants. The test one's `live_id` names the
//! live one, and its slug is the live one's with a slash, which no organization's has.
//!
//! Not here: API keys.

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::TermsPolicy;
use domain::id::OrganizationId;
use jiff::Timestamp;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::audit::{commit_act, write};
use super::{
    SqlStore, Tx, commit, failed, found, from_json, from_ms, from_word, is_duplicate, schedules, to_json, to_ms,
};
use crate::store::{
    Act, NewOrganization, NewTenant, Organization, OrganizationChange, Organizations, Refused, StoreError,
};

/// The id by which every tenant's default entity goes.
const DEFAULT_ENTITY: &str = "default";

#[derive(FromRow)]
struct OrganizationRow {
    id: Uuid,
    test_id: Option<Uuid>,
    slug: String,
    terms: Option<String>,
    attended: Option<String>,
    created_at: i64,
}

/// All that is known of organizations.
macro_rules! organization {
    () => {
        "SELECT o.id, t.id AS test_id, o.slug, o.terms, o.attended, o.created_at
         FROM organizations o LEFT JOIN organizations t ON t.live_id = o.id"
    };
}

impl OrganizationRow {
    fn read(self) -> Result<Organization, StoreError> {
        Ok(Organization {
            id: OrganizationId(self.id),
            test_id: self.test_id.map(OrganizationId),
            slug: self.slug,
            terms: self.terms.map_or(Ok(TermsPolicy::Ask), |word| from_word(&word, "policy of terms"))?,
            attended: self.attended.map(|kept| from_json(&kept, "attended hours")).transpose()?,
            created_at: from_ms(self.created_at)?,
        })
    }
}

#[async_trait]
impl Organizations for SqlStore {
    async fn create_organization(&self, new: NewOrganization, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        insert_tenant(&mut tx, &new.live, &new.slug, None, now).await?;
        insert_tenant(&mut tx, &new.test, &test_slug(&new.slug), Some(new.live.id), now).await?;
        let act = Act::new(Action::OrganizationCreated).of(new.live.id).with(json!({ "slug": new.slug }));
        Ok(commit_act(tx, act, now).await?)
    }

    async fn add_test_tenant(&self, live: OrganizationId, new: NewTenant, now: Timestamp) -> Result<(), Refused> {
        let mut tx = self.begin().await?;
        let slug = sqlx::query_scalar::<_, String>(
            "UPDATE organizations SET slug = slug WHERE id = $1 AND live_id IS NULL RETURNING slug",
        );
        let slug = found(slug.bind(live.0).fetch_optional(&mut *tx).await, "read an organization")?;
        insert_tenant(&mut tx, &new, &test_slug(&slug), Some(live), now).await?;
        sqlx::query("UPDATE api_keys SET organization_id = $2 WHERE organization_id = $1 AND environment = 'test'")
            .bind(live.0)
            .bind(new.id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("move test keys to their tenant"))?;
        Ok(commit(tx).await?)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let rows = sqlx::query_as::<_, OrganizationRow>(concat!(
            organization!(),
            " WHERE o.live_id IS NULL ORDER BY o.created_at, o.id"
        ));
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list organizations"))?;
        rows.into_iter().map(OrganizationRow::read).collect()
    }

    async fn change_organization(
        &self,
        slug: &str,
        change: OrganizationChange,
        now: Timestamp,
    ) -> Result<Organization, Refused> {
        let mut tx = self.begin().await?;
        let mut organization = named(&mut tx, slug).await?;
        let mut acts = Vec::new();
        if let Some(terms) = change.terms {
            sqlx::query("UPDATE organizations SET terms = $2 WHERE id = $1 OR live_id = $1")
                .bind(organization.id.0)
                .bind(terms.as_str())
                .execute(&mut *tx)
                .await
                .map_err(failed("keep what is said of terms"))?;
            let act = Act::new(Action::OrganizationTermsSet).of(organization.id);
            acts.push(act.with(json!({ "terms": terms })));
            organization.terms = terms;
        }
        if let Some(attended) = change.attended {
            let kept = attended.as_ref().map(|hours| to_json(hours, "attended hours")).transpose()?;
            sqlx::query("UPDATE organizations SET attended = $2 WHERE id = $1 OR live_id = $1")
                .bind(organization.id.0)
                .bind(kept)
                .execute(&mut *tx)
                .await
                .map_err(failed("keep when somebody attends"))?;
            for tenant in [Some(organization.id), organization.test_id].into_iter().flatten() {
                schedules::reconsider_of(&mut tx, tenant, None).await?;
            }
            let act = Act::new(Action::OrganizationAttendanceSet).of(organization.id);
            acts.push(act.with(json!({ "attendance": attended })));
            organization.attended = attended;
        }
        write(&mut tx, acts, now).await?;
        commit(tx).await?;
        Ok(organization)
    }

    async fn data_key(&self, tenant: OrganizationId) -> Result<Vec<u8>, Refused> {
        let key = sqlx::query_scalar("SELECT data_key FROM organizations WHERE id = $1").bind(tenant.0);
        found(key.fetch_optional(&self.read).await, "read a data key")
    }
}

async fn named(tx: &mut Tx, slug: &str) -> Result<Organization, Refused> {
    let row =
        sqlx::query_as::<_, OrganizationRow>(concat!(organization!(), " WHERE o.live_id IS NULL AND o.slug = $1"));
    Ok(found(row.bind(slug).fetch_optional(&mut **tx).await, "read an organization")?.read()?)
}

fn test_slug(slug: &str) -> String {
    format!("{slug}/test")
}

async fn insert_tenant(
    tx: &mut Tx,
    new: &NewTenant,
    slug: &str,
    live: Option<OrganizationId>,
    now: Timestamp,
) -> Result<(), Refused> {
    let insert =
        sqlx::query("INSERT INTO organizations (id, slug, data_key, live_id, created_at) VALUES ($1, $2, $3, $4, $5)");
    let insert = insert.bind(new.id.0).bind(slug).bind(&new.data_key).bind(live.map(|live| live.0)).bind(to_ms(now));
    match insert.execute(&mut **tx).await {
        Err(error) if is_duplicate(&error) => return Err(Refused::Duplicate),
        other => other.map_err(failed("add an organization"))?,
    };
    sqlx::query(
        "INSERT INTO entities (id, organization_id, external_entity_id, is_default, contact_emails, metadata, created_at, updated_at)
         VALUES ($1, $2, $3, $4, '[]', '{}', $5, $5)",
    )
    .bind(Uuid::now_v7())
    .bind(new.id.0)
    .bind(DEFAULT_ENTITY)
    .bind(true)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map_err(failed("add a default entity"))?;
    Ok(())
}
