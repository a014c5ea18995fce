//! Connections, their credentials and their history.
//!
//! Not here: moving from state to state (`transition`); these say what for.

use async_trait::async_trait;
use domain::audit::Action;
use domain::challenge::ChallengeKind;
use domain::connection::{ConnectionEvent, ConnectionState};
use domain::id::{ConnectionId, EntityId, OrganizationId, RunId};
use domain::run::{Effect, RunClass, RunKind};
use domain::setup::{Credentials, OpenChallenge};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::{commit_act, write};
use super::transition::{Happening, apply, note, on_demand, take};
use super::{
    SqlStore, Tx, authenticators, candidates, commit, failed, found, from_json, from_ms, from_word, lockout,
    permissions, pools, push_page, runs, sources, to_json, to_ms,
};
use crate::store::{
    Act, Connection, ConnectionEventRecord, ConnectionFilter, Connections, CreatedOrReturned, Fingerprints,
    GivenCredentials, NewConnection, OpenRun, Overprivileged, PageRequest, QueuedRun, Refused, StoreError,
};

/// Everything that is known of connections right now.
pub(super) const SELECT: &str = "
    SELECT c.id, c.entity_id, c.institution_id, c.portal_url, c.state, c.activated_at, c.last_synced_at,
        c.instructions, c.metadata, c.created_at, c.updated_at, c.last_failure,
        c.permissions, c.permissions_at,
        k.connection_id AS credentials_of, k.refused AS credentials_refused,
        (SELECT COALESCE(q.may_answer, '') FROM challenges q WHERE q.connection_id = c.id AND q.state || '' = 'open'
            AND q.people_at IS NULL ORDER BY q.id DESC LIMIT 1) AS may_answer,
        (SELECT q.question FROM challenges q WHERE q.connection_id = c.id AND q.state || '' = 'open'
            ORDER BY q.id DESC LIMIT 1) AS asked,
        (SELECT a.refusals FROM authenticators a WHERE a.connection_id = c.id) AS refusals,
        r.not_before AS run_not_before, r.failure AS run_failure
    FROM connections c
    LEFT JOIN credentials k ON k.connection_id = c.id
    LEFT JOIN runs r ON r.connection_id = c.id AND r.finished_at IS NULL
    WHERE ";

#[derive(FromRow)]
pub(super) struct ConnectionRow {
    id: Uuid,
    entity_id: Uuid,
    institution_id: Option<String>,
    portal_url: String,
    state: String,
    activated_at: Option<i64>,
    last_synced_at: Option<i64>,
    instructions: String,
    metadata: String,
    created_at: i64,
    updated_at: i64,
    credentials_of: Option<Uuid>,
    credentials_refused: Option<String>,
    last_failure: Option<String>,
    permissions: Option<String>,
    permissions_at: Option<i64>,
    may_answer: Option<String>,
    asked: Option<String>,
    refusals: Option<i64>,
    run_not_before: Option<i64>,
    run_failure: Option<String>,
}

/// What is looked at of a question here. A newer coordinator beside this one may keep more of it than is known here.
#[derive(Deserialize)]
struct Asked {
    kind: ChallengeKind,
}

impl ConnectionRow {
    pub(super) fn read(self) -> Result<Connection, StoreError> {
        let run = self.run_not_before.map(|not_before| {
            let failure = self.run_failure.as_deref().map(|text| from_json(text, "failure")).transpose()?;
            Ok::<_, StoreError>(OpenRun { failure, not_before: from_ms(not_before)? })
        });
        Ok(Connection {
            id: ConnectionId(self.id),
            entity_id: EntityId(self.entity_id),
            institution_id: self.institution_id,
            portal_url: super::from_word(&self.portal_url, "portal URL")?,
            state: from_json(&self.state, "connection's state")?,
            credentials: match (self.credentials_of, self.credentials_refused) {
                (None, _) => Credentials::Absent,
                (Some(_), None) => Credentials::Present,
                (Some(_), Some(_)) => Credentials::Refused,
            },
            last_failure: self.last_failure.as_deref().map(|text| from_json(text, "failure")).transpose()?,
            challenge: match (self.may_answer, self.asked) {
                (Some(sources), Some(asked)) if !sources::is_answered_in_any_case(&sources) => {
                    OpenChallenge::Open(from_json::<Asked>(&asked, "question")?.kind)
                }
                _ => OpenChallenge::None,
            },
            authenticator: self.refusals.map(authenticators::state),
            run: run.transpose()?,
            activated_at: self.activated_at.map(from_ms).transpose()?,
            last_synced_at: self.last_synced_at.map(from_ms).transpose()?,
            permissions: permissions::of_columns(self.permissions.as_deref(), self.permissions_at)?,
            instructions: from_json(&self.instructions, "connection's instructions")?,
            metadata: from_json(&self.metadata, "connection's metadata")?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
pub(super) struct EventRow {
    id: Uuid,
    cause: String,
    actor: String,
    previous_status: Option<String>,
    status: String,
    failure: Option<String>,
    run_id: Option<Uuid>,
    created_at: i64,
}

impl EventRow {
    /// All that is known of what happened.
    pub(super) const SELECT: &str =
        "SELECT id, cause, actor, previous_status, status, failure, run_id, created_at FROM connection_events";

    pub(super) fn read(self) -> Result<ConnectionEventRecord, StoreError> {
        Ok(ConnectionEventRecord {
            id: self.id,
            cause: self.cause,
            actor: from_word(&self.actor, "actor")?,
            previous_status: self.previous_status,
            status: self.status,
            failure: self.failure.as_deref().map(|text| from_json(text, "failure")).transpose()?,
            run_id: self.run_id.map(RunId),
            created_at: from_ms(self.created_at)?,
        })
    }
}

#[async_trait]
impl Connections for SqlStore {
    async fn create_or_return_connection(
        &self,
        new: NewConnection,
        now: Timestamp,
    ) -> Result<CreatedOrReturned, Refused> {
        let mut tx = self.begin().await?;
        // Taken, so that it isn't deleted meanwhile.
        let entity = sqlx::query_scalar::<_, Uuid>(
            "UPDATE entities SET updated_at = updated_at WHERE organization_id = $1 AND id = $2 RETURNING id",
        )
        .bind(new.organization_id.0)
        .bind(new.entity_id.0);
        found(entity.fetch_optional(&mut *tx).await, "take an entity")?;
        if let Some(waiting) = waiting(&mut tx, &new).await? {
            return Ok(CreatedOrReturned::Returned(waiting));
        }
        let created = sqlx::query(
            "INSERT INTO connections (id, organization_id, entity_id, anchor, institution_id, portal_url, status, state,
                                      instructions, metadata, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
             ON CONFLICT (entity_id, anchor) WHERE status <> 'revoked' DO NOTHING",
        )
        .bind(new.id.0)
        .bind(new.organization_id.0)
        .bind(new.entity_id.0)
        .bind(&new.anchor)
        .bind(&new.institution_id)
        .bind(new.portal_url.as_str())
        .bind(ConnectionState::NEW.status().as_str())
        .bind(to_json(&ConnectionState::NEW, "connection's state")?)
        .bind(to_json(&new.instructions, "connection's instructions")?)
        .bind(to_json(&new.metadata, "connection's metadata")?)
        .bind(to_ms(now))
        .execute(&mut *tx)
        .await
        .map_err(failed("add a connection"))?
        .rows_affected();
        if created == 1 {
            let happening = Happening { connection_id: new.id, cause: "created", actor: on_demand(), run_id: None };
            note(&mut tx, None, &ConnectionState::NEW, None, happening, now).await?;
            let mut instructions = new.instructions.clone();
            pools::allocate(&mut tx, new.id, &mut instructions, &new.supply, now).await?;
            sqlx::query("UPDATE connections SET instructions = $2 WHERE id = $1")
                .bind(new.id.0)
                .bind(to_json(&instructions, "connection's instructions")?)
                .execute(&mut *tx)
                .await
                .map_err(failed("keep what a connection was given"))?;
        }
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("c.entity_id = ").push_bind(new.entity_id.0);
        query.push(" AND c.status <> 'revoked' AND c.anchor = ").push_bind(new.anchor);
        let row = query.build_query_as::<ConnectionRow>().fetch_optional(&mut *tx).await;
        let connection = found(row, "read a connection")?.read()?;
        if created == 1 {
            let act = Act::new(Action::ConnectionCreated).of(new.organization_id).on(new.id);
            let anchor = json!({ "institutionId": connection.institution_id, "entityId": new.entity_id });
            write(&mut tx, vec![act.with(anchor)], now).await?;
        }
        commit(tx).await?;
        Ok(match created {
            1 => CreatedOrReturned::Created(connection),
            _ => CreatedOrReturned::Returned(connection),
        })
    }

    async fn connections(
        &self,
        organization: OrganizationId,
        filter: ConnectionFilter,
        page: PageRequest,
    ) -> Result<Vec<Connection>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("c.organization_id = ").push_bind(organization.0);
        if let Some(status) = filter.status {
            query.push(" AND c.status = ").push_bind(status.as_str());
        }
        if let Some(institution_id) = filter.institution_id {
            query.push(" AND c.institution_id = ").push_bind(institution_id);
        }
        if let Some(entity_id) = filter.entity_id {
            query.push(" AND c.entity_id = ").push_bind(entity_id.0);
        }
        push_page(&mut query, "c.id", page);
        let rows = query.build_query_as::<ConnectionRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list connections"))?.into_iter().map(ConnectionRow::read).collect()
    }

    async fn connection(&self, organization: OrganizationId, id: ConnectionId) -> Result<Connection, Refused> {
        let mut query = QueryBuilder::<Db>::new(SELECT);
        query.push("c.organization_id = ").push_bind(organization.0).push(" AND c.id = ").push_bind(id.0);
        let row = query.build_query_as::<ConnectionRow>().fetch_optional(&self.read).await;
        Ok(found(row, "read a connection")?.read()?)
    }

    async fn connection_events(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        page: PageRequest,
    ) -> Result<Vec<ConnectionEventRecord>, Refused> {
        self.connection(organization, id).await?;
        let mut query = QueryBuilder::<Db>::new(EventRow::SELECT);
        query.push(" WHERE connection_id = ").push_bind(id.0);
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<EventRow>().fetch_all(&self.read).await;
        let rows = rows.map_err(failed("list a connection's history"))?;
        Ok(rows.into_iter().map(EventRow::read).collect::<Result<_, _>>()?)
    }

    async fn credentials(&self, organization: OrganizationId, id: ConnectionId) -> Result<Option<Vec<u8>>, Refused> {
        self.connection(organization, id).await?;
        let sealed = sqlx::query_scalar("SELECT sealed FROM credentials WHERE connection_id = $1").bind(id.0);
        Ok(sealed.fetch_optional(&self.read).await.map_err(failed("read credentials"))?)
    }

    async fn give_credentials(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        old: Option<&[u8]>,
        given: GivenCredentials,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<Option<QueuedRun>, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, organization, id).await?;
        let kept = sqlx::query_scalar::<_, Vec<u8>>("SELECT sealed FROM credentials WHERE connection_id = $1")
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed("read credentials"))?;
        if kept.as_deref() != old {
            return Err(Refused::Changed);
        }
        let happening = happening(id, "credentialsGiven");
        apply(&mut tx, organization, &before, ConnectionEvent::CredentialsGiven, happening, now).await?;
        match given {
            GivenCredentials::New { sealed, fingerprints } => {
                lockout::replace(&mut tx, id, sealed, fingerprints, now).await?;
                // Whoever gives other ones knows better than what a run was about to set.
                candidates::forget(&mut tx, id, Effect::NewPassword).await?;
                // They may be another user's, who may do other things.
                sqlx::query("UPDATE connections SET permissions = NULL, permissions_at = NULL WHERE id = $1")
                    .bind(id.0)
                    .execute(&mut *tx)
                    .await
                    .map_err(failed("forget permissions"))?;
            }
            GivenCredentials::Same { fingerprints } => {
                let sealed = kept.ok_or(Refused::CredentialsMissing)?;
                lockout::give_again(&mut tx, id, sealed, fingerprints, now).await?;
            }
        }
        let run = match before {
            ConnectionState::ReauthRequired { .. } => {
                Some(runs::insert(&mut tx, organization, id, run_id, (RunKind::Sync, RunClass::OnDemand), now).await?)
            }
            _ => None,
        };
        commit_act(tx, Act::new(Action::ConnectionCredentialsGiven).of(organization).on(id), now).await?;
        Ok(run)
    }

    async fn note_fingerprints(
        &self,
        run: RunId,
        id: ConnectionId,
        sealed: &[u8],
        fingerprints: Fingerprints,
    ) -> Result<(), StoreError> {
        let (login, whole) = lockout::columns(Some(fingerprints));
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE runs SET login = $2, whole = $3 WHERE id = $1")
            .bind(run.0)
            .bind(login.clone())
            .bind(whole.clone())
            .execute(&mut *tx)
            .await
            .map_err(failed("keep of what a run was given"))?;
        sqlx::query(
            "UPDATE credentials SET login = $3, whole = $4, printed_at = given_at
             WHERE connection_id = $1 AND sealed = $2",
        )
        .bind(id.0)
        .bind(sealed.to_vec())
        .bind(login)
        .bind(whole)
        .execute(&mut *tx)
        .await
        .map_err(failed("keep of what credentials are"))?;
        commit(tx).await
    }

    async fn complete_setup(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, organization, id).await?;
        let happening = happening(id, "setupCompleted");
        apply(&mut tx, organization, &before, ConnectionEvent::SetupCompleted, happening, now).await?;
        lockout::usable(&mut tx, id).await?;
        let run = runs::insert(&mut tx, organization, id, run_id, (RunKind::Activate, RunClass::OnDemand), now).await?;
        let act = Act::new(Action::ConnectionSetupCompleted).of(organization).on(id).to(run_id);
        commit_act(tx, act, now).await?;
        Ok(run)
    }

    async fn request_sync(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused> {
        let mut tx = self.begin().await?;
        let state = take(&mut tx, organization, id).await?;
        // One that failed is tried again: nothing else would where no schedule does.
        if !matches!(state, ConnectionState::Active | ConnectionState::Errored { .. }) {
            return Err(Refused::NotActive(state.status()));
        }
        let run = runs::insert(&mut tx, organization, id, run_id, (RunKind::Sync, RunClass::OnDemand), now).await?;
        let happening = Happening { run_id: Some(run_id), ..happening(id, "syncRequested") };
        note(&mut tx, Some(&state), &state, None, happening, now).await?;
        let act = Act::new(Action::ConnectionSyncRequested).of(organization).on(id).to(run_id);
        commit_act(tx, act, now).await?;
        Ok(run)
    }

    async fn pause_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<RunId>, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, organization, id).await?;
        apply(&mut tx, organization, &before, ConnectionEvent::Pause, happening(id, "paused"), now).await?;
        let (run, mut acts) = runs::end_open(&mut tx, id, now).await?;
        acts.push(Act::new(Action::ConnectionPaused).of(organization).on(id));
        write(&mut tx, acts, now).await?;
        commit(tx).await?;
        Ok(run)
    }

    async fn resume_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        run_id: RunId,
        now: Timestamp,
    ) -> Result<QueuedRun, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, organization, id).await?;
        let happening = Happening { run_id: Some(run_id), ..happening(id, "resumed") };
        apply(&mut tx, organization, &before, ConnectionEvent::Resume, happening, now).await?;
        let run = runs::insert(&mut tx, organization, id, run_id, (RunKind::Sync, RunClass::OnDemand), now).await?;
        commit_act(tx, Act::new(Action::ConnectionResumed).of(organization).on(id).to(run_id), now).await?;
        Ok(run)
    }

    async fn revoke_connection(
        &self,
        organization: OrganizationId,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<RunId>, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, organization, id).await?;
        apply(&mut tx, organization, &before, ConnectionEvent::Revoke, happening(id, "revoked"), now).await?;
        let (run, mut acts) = runs::end_open(&mut tx, id, now).await?;
        sqlx::query("DELETE FROM credentials WHERE connection_id = $1")
            .bind(id.0)
            .execute(&mut *tx)
            .await
            .map_err(failed("forget credentials"))?;
        authenticators::forget(&mut tx, id).await?;
        candidates::forget_all(&mut tx, id).await?;
        acts.push(Act::new(Action::ConnectionRevoked).of(organization).on(id));
        write(&mut tx, acts, now).await?;
        commit(tx).await?;
        Ok(run)
    }

    async fn overprivileged(&self, page: PageRequest) -> Result<Vec<Overprivileged>, StoreError> {
        permissions::overprivileged(&self.read, page).await
    }
}

/// The connection of an entity that waits for the institution that is asked for, where none has that already.
async fn waiting(tx: &mut Tx, new: &NewConnection) -> Result<Option<Connection>, Refused> {
    let Some(anchor) = &new.waiting_anchor else { return Ok(None) };
    let mut query = QueryBuilder::<Db>::new(SELECT);
    query.push("c.entity_id = ").push_bind(new.entity_id.0);
    query.push(" AND c.status <> 'revoked' AND c.institution_id IS NULL AND c.anchor = ").push_bind(anchor.clone());
    query.push(" AND NOT EXISTS (SELECT 1 FROM connections o WHERE o.entity_id = c.entity_id");
    query.push(" AND o.status <> 'revoked' AND o.anchor = ").push_bind(new.anchor.clone()).push(")");
    let row = query.build_query_as::<ConnectionRow>().fetch_optional(&mut **tx).await;
    let row = row.map_err(failed("look for a connection that waits"))?;
    Ok(row.map(ConnectionRow::read).transpose()?)
}

fn happening(connection_id: ConnectionId, cause: &str) -> Happening<'_> {
    Happening { connection_id, cause, actor: on_demand(), run_id: None }
}
