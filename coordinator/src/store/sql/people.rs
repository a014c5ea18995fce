//! The people of the console in SQL.
//!
//! Not here: passwords, tokens and names that were only tried; hashes of them come here.

use async_trait::async_trait;
use domain::audit::Action;
use domain::id::{OrganizationId, SessionId, UserId};
use domain::role::Role;
use domain::sign_in::{block_after, left_of};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::audit::{commit_act, write};
use super::{SqlStore, Tx, commit, failed, found, from_ms, from_word, is_duplicate, to_ms};
use crate::store::{
    Access, Act, Attempted, Bucket, Counted, Forgives, NewSession, NewUser, People, ProvenBy, Refused, Session,
    SignsIn, StoreError, User,
};

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    login: String,
    display_name: String,
    role: String,
    organization_id: Option<Uuid>,
    password_hash: Option<String>,
    vouched_as: Option<String>,
    active: bool,
    created_at: i64,
    seen_at: Option<i64>,
}

/// The columns of a user.
macro_rules! user_columns {
    () => {
        "id, login, display_name, role, organization_id, password_hash, vouched_as, active, created_at, seen_at"
    };
}

impl UserRow {
    fn read(self) -> Result<User, StoreError> {
        Ok(User {
            id: UserId(self.id),
            login: self.login,
            display_name: self.display_name,
            role: from_word(&self.role, "user's role")?,
            organization_id: self.organization_id.map(OrganizationId),
            access: if self.active { Access::Enabled } else { Access::Disabled },
            signs_in: if self.vouched_as.is_some() { SignsIn::ThroughProvider } else { SignsIn::WithPassword },
            created_at: from_ms(self.created_at)?,
            seen_at: self.seen_at.map(from_ms).transpose()?,
        })
    }
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    browser: String,
    address: String,
    created_at: i64,
    seen_at: i64,
    ends_at: i64,
}

/// The columns of a session.
macro_rules! session_columns {
    () => {
        "id, user_id, browser, address, created_at, seen_at, ends_at"
    };
}

impl SessionRow {
    fn read(self) -> Result<Session, StoreError> {
        Ok(Session {
            id: SessionId(self.id),
            user_id: UserId(self.user_id),
            browser: self.browser,
            address: self.address,
            created_at: from_ms(self.created_at)?,
            seen_at: from_ms(self.seen_at)?,
            ends_at: from_ms(self.ends_at)?,
        })
    }
}

/// An act on a user, in the trail of the organization that they belong to.
fn act_on(action: Action, user: &User) -> Act {
    let act = Act::new(action).to(user.id);
    match user.organization_id {
        Some(organization) => act.of(organization),
        None => act,
    }
}

/// Rows are taken in one order, so that two never wait for each other.
fn in_order<T>(rows: &[T], name: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by(|one, other| name(one).cmp(name(other)));
    rows
}

async fn end_sessions(tx: &mut Tx, user: UserId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM console_sessions WHERE user_id = $1")
        .bind(user.0)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("end a user's sessions"))
}

/// Who administers the whole fleet and is let in. Their rows are taken, so that of two who shut each other out, the
/// second finds the first gone.
async fn take_administrators(tx: &mut Tx) -> Result<Vec<Uuid>, StoreError> {
    let known = sqlx::query_scalar::<_, Uuid>(
        "SELECT id FROM console_users WHERE role = $1 AND organization_id IS NULL AND active ORDER BY id",
    );
    let known = known.bind(Role::Administrator.as_str()).fetch_all(&mut **tx).await;
    let mut found = Vec::new();
    // One after the other in one order, so that two never wait for each other.
    for id in known.map_err(failed("look who administers the fleet"))? {
        let taken = sqlx::query("UPDATE console_users SET active = active WHERE id = $1 AND role = $2 AND active");
        let taken = taken.bind(id).bind(Role::Administrator.as_str()).execute(&mut **tx).await;
        if taken.map_err(failed("take who administers the fleet"))?.rows_affected() > 0 {
            found.push(id);
        }
    }
    Ok(found)
}

/// Refuses to take away what the last of them may do.
fn spare_the_last(administrators: &[Uuid], id: UserId) -> Result<(), Refused> {
    if administrators == [id.0] { Err(Refused::LastAdministrator) } else { Ok(()) }
}

async fn read_user(tx: &mut Tx, id: UserId) -> Result<User, Refused> {
    let row = sqlx::query_as::<_, UserRow>(concat!("SELECT ", user_columns!(), " FROM console_users WHERE id = $1"));
    Ok(found(row.bind(id.0).fetch_optional(&mut **tx).await, "read a user")?.read()?)
}

/// The hash of a password, and what a provider calls somebody: one of the two.
fn columns_of(proven_by: ProvenBy) -> (Option<String>, Option<String>) {
    match proven_by {
        ProvenBy::Password(hash) => (Some(hash), None),
        ProvenBy::Provider(vouched_as) => (None, Some(vouched_as)),
    }
}

/// Adds a user.
async fn add(mut tx: Tx, new: NewUser, now: Timestamp) -> Result<User, Refused> {
    let (password_hash, vouched_as) = columns_of(new.proven_by);
    let row = sqlx::query_as::<_, UserRow>(concat!(
        "INSERT INTO console_users (id, login, display_name, role, organization_id, password_hash, vouched_as, active,
                                    created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8) RETURNING ",
        user_columns!()
    ))
    .bind(new.id.0)
    .bind(new.login)
    .bind(new.display_name)
    .bind(new.role.as_str())
    .bind(new.organization_id.map(|id| id.0))
    .bind(password_hash)
    .bind(vouched_as)
    .bind(to_ms(now))
    .fetch_one(&mut *tx)
    .await;
    let user = match row {
        Err(error) if is_duplicate(&error) => return Err(Refused::Duplicate),
        row => row.map_err(failed("add a user"))?.read()?,
    };
    let detail = json!({ "login": user.login, "role": user.role });
    commit_act(tx, act_on(Action::UserCreated, &user).with(detail), now).await?;
    Ok(user)
}

#[async_trait]
impl People for SqlStore {
    async fn tenants_of(&self, organization: OrganizationId) -> Result<Vec<OrganizationId>, StoreError> {
        let tenants = sqlx::query_scalar::<_, Uuid>("SELECT id FROM organizations WHERE id = $1 OR live_id = $1");
        let tenants = tenants.bind(organization.0).fetch_all(&self.read).await;
        Ok(tenants.map_err(failed("list an organization's tenants"))?.into_iter().map(OrganizationId).collect())
    }

    async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, Refused> {
        add(self.begin().await?, new, now).await
    }

    async fn admit(&self, new: NewUser, now: Timestamp) -> Result<User, Refused> {
        let ProvenBy::Provider(vouched_as) = &new.proven_by else { return Err(Refused::NotFound) };
        let mut tx = self.begin().await?;
        let known = sqlx::query_as::<_, UserRow>(concat!(
            "SELECT ",
            user_columns!(),
            " FROM console_users WHERE vouched_as = $1"
        ));
        let known = known.bind(vouched_as.clone()).fetch_optional(&mut *tx).await.map_err(failed("look for a user"))?;
        let Some(known) = known else { return add(tx, new, now).await };
        let before = known.read()?;
        let is_same = (before.role, before.organization_id) == (new.role, new.organization_id);
        if is_same && before.display_name == new.display_name {
            return Ok(before);
        }
        sqlx::query("UPDATE console_users SET display_name = $2, role = $3, organization_id = $4 WHERE id = $1")
            .bind(before.id.0)
            .bind(new.display_name)
            .bind(new.role.as_str())
            .bind(new.organization_id.map(|id| id.0))
            .execute(&mut *tx)
            .await
            .map_err(failed("keep what a provider says of a user"))?;
        let user = read_user(&mut tx, before.id).await?;
        if is_same {
            commit(tx).await?;
        } else {
            let detail = json!({ "role": user.role, "by": "provider" });
            commit_act(tx, act_on(Action::UserRoleChanged, &user).with(detail), now).await?;
        }
        Ok(user)
    }

    async fn users(&self, organization: Option<OrganizationId>) -> Result<Vec<User>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(concat!("SELECT ", user_columns!(), " FROM console_users"));
        if let Some(organization) = organization {
            query.push(" WHERE organization_id = ").push_bind(organization.0);
        }
        query.push(" ORDER BY login");
        let rows = query.build_query_as::<UserRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list users"))?.into_iter().map(UserRow::read).collect()
    }

    async fn user(&self, id: UserId) -> Result<User, Refused> {
        let row =
            sqlx::query_as::<_, UserRow>(concat!("SELECT ", user_columns!(), " FROM console_users WHERE id = $1"));
        Ok(found(row.bind(id.0).fetch_optional(&self.read).await, "read a user")?.read()?)
    }

    async fn user_called(&self, login: &str) -> Result<Option<(User, Option<String>)>, StoreError> {
        let row =
            sqlx::query_as::<_, UserRow>(concat!("SELECT ", user_columns!(), " FROM console_users WHERE login = $1"));
        let row = row.bind(login.to_owned()).fetch_optional(&self.read).await.map_err(failed("look for a user"))?;
        let Some(mut row) = row else { return Ok(None) };
        let hash = row.password_hash.take();
        Ok(Some((row.read()?, hash)))
    }

    async fn set_password(&self, id: UserId, hash: String, now: Timestamp) -> Result<User, Refused> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE console_users SET password_hash = $2 WHERE id = $1")
            .bind(id.0)
            .bind(hash)
            .execute(&mut *tx)
            .await
            .map_err(failed("keep a password's hash"))?;
        let user = read_user(&mut tx, id).await?;
        end_sessions(&mut tx, id).await?;
        commit_act(tx, act_on(Action::UserPasswordChanged, &user), now).await?;
        Ok(user)
    }

    async fn set_role(&self, id: UserId, role: Role, now: Timestamp) -> Result<User, Refused> {
        let mut tx = self.begin().await?;
        let administrators = take_administrators(&mut tx).await?;
        let user = read_user(&mut tx, id).await?;
        if user.role == role {
            return Ok(user);
        }
        spare_the_last(&administrators, id)?;
        let changed = sqlx::query("UPDATE console_users SET role = $2 WHERE id = $1").bind(id.0).bind(role.as_str());
        changed.execute(&mut *tx).await.map_err(failed("change a user's role"))?;
        commit_act(tx, act_on(Action::UserRoleChanged, &user).with(json!({ "role": role })), now).await?;
        Ok(User { role, ..user })
    }

    async fn set_active(&self, id: UserId, access: Access, now: Timestamp) -> Result<User, Refused> {
        let mut tx = self.begin().await?;
        let administrators = take_administrators(&mut tx).await?;
        let user = read_user(&mut tx, id).await?;
        if user.access == access {
            return Ok(user);
        }
        let action = match access {
            Access::Enabled => Action::UserEnabled,
            Access::Disabled => {
                spare_the_last(&administrators, id)?;
                end_sessions(&mut tx, id).await?;
                Action::UserDisabled
            }
        };
        sqlx::query("UPDATE console_users SET active = $2 WHERE id = $1")
            .bind(id.0)
            .bind(access == Access::Enabled)
            .execute(&mut *tx)
            .await
            .map_err(failed("let a user in or not"))?;
        commit_act(tx, act_on(action, &user), now).await?;
        Ok(User { access, ..user })
    }

    async fn begin_sign_in(&self, buckets: &[Bucket], now: Timestamp) -> Result<Attempted, StoreError> {
        // Whoever is blocked and tries on makes nobody write.
        let mut query =
            QueryBuilder::<Db>::new("SELECT MAX(blocked_until) FROM sign_in_failures WHERE blocked_until > ");
        query.push_bind(to_ms(now)).push(" AND bucket IN (");
        let mut names = query.separated(", ");
        for bucket in buckets {
            names.push_bind(bucket.name.clone());
        }
        names.push_unseparated(")");
        let blocked = query.build_query_scalar::<Option<i64>>().fetch_one(&self.read).await;
        if let Some(until) = blocked.map_err(failed("look for a block of sign-ins"))? {
            return Ok(Attempted::Blocked { until: from_ms(until)? });
        }
        let mut tx = self.begin().await?;
        let (mut blocked, mut counted) = (None, Vec::new());
        for bucket in in_order(buckets, |bucket| &bucket.name) {
            let (failures, since, blocked_until) = sqlx::query_as::<_, (i64, i64, i64)>(
                "INSERT INTO sign_in_failures (bucket, failures, last_at, blocked_until) VALUES ($1, 0, $2, 0)
                 ON CONFLICT (bucket) DO UPDATE SET failures = sign_in_failures.failures
                 RETURNING failures, last_at, blocked_until",
            )
            .bind(bucket.name.clone())
            .bind(to_ms(now))
            .fetch_one(&mut *tx)
            .await
            .map_err(failed("take a count of sign-ins"))?;
            if blocked_until > to_ms(now) {
                blocked = blocked.max(Some(from_ms(blocked_until)?));
                continue;
            }
            let (left, since) = left_of(u32::try_from(failures).unwrap_or(u32::MAX), from_ms(since)?, now);
            let attempts = left.saturating_add(1);
            let block = block_after(attempts, bucket.allowed);
            let blocks_until = block.map(|block| from_ms(to_ms(now + block))).transpose()?;
            sqlx::query(
                "UPDATE sign_in_failures SET failures = $2, last_at = $3, blocked_until = $4 WHERE bucket = $1",
            )
            .bind(bucket.name.clone())
            .bind(i64::from(attempts))
            .bind(to_ms(since))
            .bind(blocks_until.map_or(0, to_ms))
            .execute(&mut *tx)
            .await
            .map_err(failed("count a sign-in"))?;
            let (bucket, forgives) = (bucket.name.clone(), bucket.forgives);
            counted.push(Counted { bucket, forgives, attempts, blocks_until });
        }
        if let Some(until) = blocked {
            // Nobody looks at it, so it counts nowhere.
            return Ok(Attempted::Blocked { until });
        }
        commit(tx).await?;
        Ok(Attempted::Counted(counted))
    }

    async fn forgive_sign_in(&self, counted: &[Counted]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for attempt in in_order(counted, |attempt| &attempt.bucket) {
            let forgiven = match attempt.forgives {
                Forgives::All => {
                    sqlx::query("DELETE FROM sign_in_failures WHERE bucket = $1").bind(attempt.bucket.clone())
                }
                // A block that another attempt began stays.
                Forgives::Itself => sqlx::query(
                    "UPDATE sign_in_failures SET failures = failures - 1,
                         blocked_until = CASE WHEN blocked_until = $2 THEN 0 ELSE blocked_until END
                     WHERE bucket = $1 AND failures > 0",
                )
                .bind(attempt.bucket.clone())
                .bind(attempt.blocks_until.map_or(0, to_ms)),
            };
            forgiven.execute(&mut *tx).await.map_err(failed("forget a count of sign-ins"))?;
        }
        commit(tx).await
    }

    async fn open_session(&self, new: NewSession, now: Timestamp) -> Result<Session, Refused> {
        let mut tx = self.begin().await?;
        // A password that was changed since it was looked at opens nothing.
        let (password_hash, vouched_as) = columns_of(new.proven_by);
        let seen = sqlx::query(
            "UPDATE console_users SET seen_at = $2
             WHERE id = $1 AND active = TRUE AND (password_hash = $3 OR vouched_as = $4)",
        );
        let seen = seen.bind(new.user_id.0).bind(to_ms(now)).bind(password_hash).bind(vouched_as);
        let seen = seen.execute(&mut *tx).await;
        if seen.map_err(failed("note a user's sign-in"))?.rows_affected() == 0 {
            return Err(Refused::NotFound);
        }
        let row = sqlx::query_as::<_, SessionRow>(concat!(
            "INSERT INTO console_sessions (id, token_hash, user_id, browser, address, created_at, seen_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING ",
            session_columns!()
        ))
        .bind(new.id.0)
        .bind(new.token_hash)
        .bind(new.user_id.0)
        .bind(new.browser)
        .bind(new.address)
        .bind(to_ms(now))
        .bind(to_ms(new.ends_at))
        .fetch_one(&mut *tx)
        .await
        .map_err(failed("open a session"))?;
        let user = read_user(&mut tx, new.user_id).await?;
        let session = row.read()?;
        let act = act_on(Action::SessionOpened, &user).to(session.id);
        commit_act(tx, act.with(json!({ "address": session.address })), now).await?;
        Ok(session)
    }

    async fn session(
        &self,
        token_hash: &[u8],
        seen_after: Timestamp,
        now: Timestamp,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let row = sqlx::query_as::<_, SessionRow>(concat!(
            "SELECT ",
            session_columns!(),
            " FROM console_sessions WHERE token_hash = $1"
        ));
        let row = row.bind(token_hash.to_vec()).fetch_optional(&self.read).await.map_err(failed("read a session"))?;
        let Some(session) = row.map(SessionRow::read).transpose()? else { return Ok(None) };
        if session.ends_at <= now || session.seen_at <= seen_after {
            return Ok(None);
        }
        match self.user(session.user_id).await {
            Ok(user) if user.access == Access::Enabled => Ok(Some((session, user))),
            Ok(_) | Err(Refused::NotFound) => Ok(None),
            Err(Refused::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn touch_session(&self, id: SessionId, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // The user first, as whoever ends their sessions does: in one order, so that two never wait for each other.
        let statements = [
            ("UPDATE console_users SET seen_at = $2 WHERE id = $1", user.0),
            ("UPDATE console_sessions SET seen_at = $2 WHERE id = $1", id.0),
        ];
        for (statement, id) in statements {
            let touched = sqlx::query(statement).bind(id).bind(to_ms(now)).execute(&mut *tx).await;
            touched.map_err(failed("note the use of a session"))?;
        }
        commit(tx).await
    }

    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query_as::<_, SessionRow>(concat!(
            "SELECT ",
            session_columns!(),
            " FROM console_sessions WHERE user_id = $1 AND ends_at > $2 ORDER BY id DESC LIMIT 100"
        ));
        let rows = rows.bind(user.0).bind(to_ms(now)).fetch_all(&self.read).await;
        rows.map_err(failed("list sessions"))?.into_iter().map(SessionRow::read).collect()
    }

    async fn close_sessions(&self, user: UserId, which: Option<SessionId>, now: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let mut query = QueryBuilder::<Db>::new("DELETE FROM console_sessions WHERE user_id = ");
        query.push_bind(user.0);
        if let Some(session) = which {
            query.push(" AND id = ").push_bind(session.0);
        }
        let closed = query.build().execute(&mut *tx).await.map_err(failed("end sessions"))?.rows_affected();
        if closed > 0 {
            let subject = which.map_or_else(|| "all".to_owned(), |session| session.to_string());
            let act = Act::new(Action::SessionClosed).to(subject).with(json!({ "userId": user, "sessions": closed }));
            write(&mut tx, vec![act], now).await?;
        }
        commit(tx).await?;
        Ok(closed)
    }

    async fn prune_people(&self, forgiven_before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        let statements = [
            ("DELETE FROM console_sessions WHERE ends_at <= $1", now),
            ("DELETE FROM sign_in_failures WHERE last_at < $1", forgiven_before),
        ];
        for (statement, at) in statements {
            let pruned = sqlx::query(statement).bind(to_ms(at)).execute(&self.write).await;
            gone += pruned.map_err(failed("forget ended sessions"))?.rows_affected();
        }
        Ok(gone)
    }
}
