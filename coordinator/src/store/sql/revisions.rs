//! Revisions of scripts and rollouts in SQL: a row for each revision, and one for each institution that has any.
//!
//! Whoever changes a rollout holds its row, and takes it before any revision's. Audit entries come last.
//!
//! Not here: which step goes with which stage (`domain::rollout`).

use async_trait::async_trait;
use domain::audit::{Action, ActorKind};
use domain::id::RunId;
use domain::rollout::trial::{Seen, Trial};
use domain::rollout::{Event, Named, Origin, Part, Rollout, Stage, Try};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::FromRow;

use super::audit::commit_act;
use super::held::HeldRun;
use super::{SqlStore, Tx, commit, failed, from_json, from_ms, from_word, repairs, schedules, to_json, to_ms};
use crate::store::{
    Act, Deployed, KeptRollout, NewRevision, Published, REVISIONS_KEPT, Refused, Revision, Revisions, RolloutStep,
    RunPlace, RunRevision, StoreError, Told, actor,
};

#[derive(FromRow)]
struct RevisionRow {
    revision: String,
    origin: String,
    hosts: String,
    note: Option<String>,
    published_by: Option<String>,
    published_at: i64,
    trial: Option<String>,
}

impl RevisionRow {
    fn read(self) -> Result<Revision, StoreError> {
        Ok(Revision {
            revision: self.revision,
            origin: from_word(&self.origin, "revision's origin")?,
            hosts: from_json(&self.hosts, "revision's hosts")?,
            note: self.note,
            published_by: self.published_by,
            published_at: from_ms(self.published_at)?,
            trial: self.trial.map(|trial| from_json(&trial, "revision's trial")).transpose()?,
        })
    }
}

/// What is known of a rollout whose row this transaction holds.
async fn take(tx: &mut Tx, institution: &str) -> Result<Option<Rollout>, StoreError> {
    let kept = sqlx::query_scalar::<_, String>(
        "UPDATE script_rollouts SET changed_at = changed_at WHERE institution_id = $1 RETURNING rollout",
    );
    let kept = kept.bind(institution.to_owned()).fetch_optional(&mut **tx).await;
    let kept = kept.map_err(failed("take a rollout"))?;
    kept.map(|kept| from_json(&kept, "rollout")).transpose()
}

/// Keeps an institution's first rollout; false if somebody else did that by now, whose row is held then.
async fn put_first(tx: &mut Tx, institution: &str, rollout: &Rollout, now: Timestamp) -> Result<bool, StoreError> {
    let put = sqlx::query(
        "INSERT INTO script_rollouts (institution_id, rollout, changed_at) VALUES ($1, $2, $3)
         ON CONFLICT (institution_id) DO NOTHING",
    );
    let put = put.bind(institution.to_owned()).bind(to_json(rollout, "rollout")?).bind(to_ms(now));
    let put = put.execute(&mut **tx).await.map_err(failed("keep a rollout"))?;
    Ok(put.rows_affected() > 0)
}

async fn put(tx: &mut Tx, institution: &str, rollout: &Rollout, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE script_rollouts SET rollout = $2, changed_at = $3 WHERE institution_id = $1")
        .bind(institution.to_owned())
        .bind(to_json(rollout, "rollout")?)
        .bind(to_ms(now))
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("keep a rollout"))
}

/// Keeps a revision; false if it is kept already.
async fn keep(tx: &mut Tx, new: NewRevision<'_>, origin: Origin, now: Timestamp) -> Result<bool, StoreError> {
    let by = actor();
    let by = (by.kind != ActorKind::System).then(|| by.name.unwrap_or_else(|| by.kind.to_string()));
    let kept = sqlx::query(
        "INSERT INTO script_revisions (institution_id, revision, origin, source, hosts, note, published_by, published_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (institution_id, revision) DO NOTHING",
    )
    .bind(new.institution.to_owned())
    .bind(new.revision.to_owned())
    .bind(origin.as_str())
    .bind(new.source.to_owned())
    .bind(to_json(&new.hosts, "revision's hosts")?)
    .bind(new.note.map(str::to_owned))
    .bind(by)
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map_err(failed("keep a revision"))?;
    Ok(kept.rows_affected() > 0)
}

/// Forgets the oldest revisions where there are more than are kept, but for those that somebody works by.
async fn bound(tx: &mut Tx, institution: &str, rollout: Option<&Rollout>) -> Result<(), StoreError> {
    let listed = sqlx::query_scalar::<_, String>(
        "SELECT revision FROM script_revisions WHERE institution_id = $1 ORDER BY published_at DESC, revision",
    );
    let listed = listed.bind(institution.to_owned()).fetch_all(&mut **tx).await;
    let listed = listed.map_err(failed("list revisions"))?;
    let used = |revision: &String| {
        rollout.is_some_and(|rollout| {
            let named = [Some(&rollout.current), rollout.previous.as_ref(), rollout.candidate()];
            named.into_iter().flatten().any(|named| named.revision == *revision)
        })
    };
    for revision in listed.into_iter().skip(REVISIONS_KEPT).filter(|revision| !used(revision)) {
        sqlx::query("DELETE FROM script_revisions WHERE institution_id = $1 AND revision = $2")
            .bind(institution.to_owned())
            .bind(revision)
            .execute(&mut **tx)
            .await
            .map_err(failed("forget a revision"))?;
    }
    Ok(())
}

async fn origin_of(tx: &mut Tx, institution: &str, revision: &str) -> Result<Option<Origin>, StoreError> {
    let origin = sqlx::query_scalar::<_, String>(
        "SELECT origin FROM script_revisions WHERE institution_id = $1 AND revision = $2",
    );
    let origin = origin.bind(institution.to_owned()).bind(revision.to_owned()).fetch_optional(&mut **tx).await;
    let origin = origin.map_err(failed("look for a revision"))?;
    origin.map(|origin| from_word(&origin, "revision's origin")).transpose()
}

/// How a revision fares; none if it is kept no longer.
async fn trial_of(tx: &mut Tx, institution: &str, revision: &str) -> Result<Option<Trial>, StoreError> {
    let kept = sqlx::query_scalar::<_, Option<String>>(
        "SELECT trial FROM script_revisions WHERE institution_id = $1 AND revision = $2",
    );
    let kept = kept.bind(institution.to_owned()).bind(revision.to_owned()).fetch_optional(&mut **tx).await;
    let Some(kept) = kept.map_err(failed("read how a revision fares"))? else { return Ok(None) };
    Ok(Some(kept.map_or_else(|| Ok(Trial::default()), |kept| from_json(&kept, "revision's trial"))?))
}

async fn keep_trial(tx: &mut Tx, institution: &str, revision: &str, trial: Option<&Trial>) -> Result<(), StoreError> {
    sqlx::query("UPDATE script_revisions SET trial = $3 WHERE institution_id = $1 AND revision = $2")
        .bind(institution.to_owned())
        .bind(revision.to_owned())
        .bind(trial.map(|trial| to_json(trial, "revision's trial")).transpose()?)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("keep how a revision fares"))
}

/// Says by what a run is worked that was just granted, and notes it on its row.
pub(super) async fn assign(tx: &mut Tx, run_id: RunId, run: &HeldRun) -> Result<Option<RunRevision>, StoreError> {
    let kept = sqlx::query_scalar::<_, String>("SELECT rollout FROM script_rollouts WHERE institution_id = $1");
    let kept = kept.bind(run.institution_id.clone()).fetch_optional(&mut **tx).await;
    let Some(kept) = kept.map_err(failed("read a rollout"))? else { return Ok(None) };
    let rollout: Rollout = from_json(&kept, "rollout")?;
    let assigned = rollout.assigned(run.connection_id.0);
    let by = RunRevision {
        revision: assigned.revision.to_owned(),
        part: assigned.part,
        shadow: assigned.shadow.map(str::to_owned),
    };
    sqlx::query("UPDATE runs SET revision = $2, part = $3, shadow = $4 WHERE id = $1")
        .bind(run_id.0)
        .bind(by.revision.clone())
        .bind(by.part.as_str())
        .bind(by.shadow.clone())
        .execute(&mut **tx)
        .await
        .map_err(failed("note by what a run is worked"))?;
    Ok(Some(by))
}

/// Reads by what a run was given out.
pub(super) fn run_revision(
    (revision, part, shadow): (Option<String>, Option<String>, Option<String>),
) -> Result<Option<RunRevision>, StoreError> {
    let Some(revision) = revision else { return Ok(None) };
    let part = part.map_or(Ok(Part::Current), |part| from_word(&part, "run's part"))?;
    Ok(Some(RunRevision { revision, part, shadow }))
}

/// What the audit trail says of a step, beside the revision.
fn told(step: &Event, before: &Rollout, after: &Rollout) -> (Action, Value) {
    let from = before.current.revision.clone();
    match step {
        Event::Deployed(_) => (Action::ScriptDeployed, json!({ "from": from })),
        Event::Begin(_, Try::Shadow(share)) => (Action::ScriptShadowed, json!({ "share": share, "beside": from })),
        Event::Begin(_, Try::Canary { share, .. }) => {
            let promote_after = after.promote_after();
            (Action::ScriptGivenToCanary, json!({ "share": share, "promoteAfter": promote_after, "beside": from }))
        }
        Event::Promote(_) => (Action::ScriptPromoted, json!({ "from": from })),
        Event::RollBack(_) => (Action::ScriptRolledBack, json!({ "to": after.current.revision })),
        Event::Halt(_, why) => (Action::ScriptHalted, json!({ "why": why.to_string() })),
    }
}

/// Takes a step of a rollout whose row is held; what is to be written down, if it changed anything.
async fn step(
    tx: &mut Tx,
    institution: &str,
    (before, revision): (&Rollout, &str),
    event: Event,
    now: Timestamp,
) -> Result<(Rollout, Option<Act>), Refused> {
    let after = before.on(event.clone())?;
    if after == *before {
        return Ok((after, None));
    }
    put(tx, institution, &after, now).await?;
    schedules::reconsider_stopped(tx, institution).await?;
    let goes_on = matches!(before.stage, Stage::Shadow { .. } | Stage::Canary { .. });
    if matches!(event, Event::Begin(..)) && !goes_on {
        // What it did before doesn't count for what it does now.
        keep_trial(tx, institution, revision, Some(&Trial::default())).await?;
    }
    if let (Event::Deployed(_), Some(candidate)) = (&event, after.candidate()) {
        let candidate = candidate.revision.as_str();
        if let Some(trial) = trial_of(tx, institution, candidate).await? {
            keep_trial(tx, institution, candidate, Some(&trial.beside_another())).await?;
        }
    }
    let (action, mut detail) = told(&event, before, &after);
    detail["revision"] = json!(revision);
    Ok((after, Some(Act::new(action).to(institution).with(detail))))
}

async fn end(tx: Tx, act: Option<Act>, now: Timestamp) -> Result<(), StoreError> {
    match act {
        Some(act) => commit_act(tx, act, now).await,
        None => commit(tx).await,
    }
}

fn expect(rollout: Option<&Rollout>, expected: Option<&str>) -> Result<(), Refused> {
    let current = rollout.map(|rollout| rollout.current.revision.as_str());
    if expected.is_some() && expected != current { Err(Refused::Changed) } else { Ok(()) }
}

#[async_trait]
impl Revisions for SqlStore {
    async fn deploy_revision(&self, new: NewRevision<'_>, now: Timestamp) -> Result<Deployed, StoreError> {
        // Each start of each coordinator asks for what is known by then.
        let known = sqlx::query_scalar::<_, i64>(
            "SELECT COUNT(*) FROM script_revisions WHERE institution_id = $1 AND revision = $2",
        );
        let known = known.bind(new.institution.to_owned()).bind(new.revision.to_owned()).fetch_one(&self.read).await;
        if known.map_err(failed("look for a revision"))? > 0 {
            return Ok(Deployed::WasKnown);
        }
        let mut tx = self.begin().await?;
        let named = Named { revision: new.revision.to_owned(), origin: Origin::Folder };
        let is_first = put_first(&mut tx, new.institution, &Rollout::of(named.clone()), now).await?;
        let before = take(&mut tx, new.institution).await?;
        let before = before.ok_or(StoreError::Unreadable { what: "rollout" })?;
        if !keep(&mut tx, new, Origin::Folder, now).await? {
            return Ok(Deployed::WasKnown);
        }
        if is_first {
            commit(tx).await?;
            return Ok(Deployed::IsCurrent);
        }
        let stepped = step(&mut tx, new.institution, (&before, new.revision), Event::Deployed(named), now).await;
        let (after, act) = match stepped {
            Ok(stepped) => stepped,
            Err(Refused::Store(error)) => return Err(error),
            // A deployment goes with every stage.
            Err(_) => (before, None),
        };
        bound(&mut tx, new.institution, Some(&after)).await?;
        let is_current = after.current.revision == new.revision;
        end(tx, act, now).await?;
        Ok(if is_current { Deployed::IsCurrent } else { Deployed::IsKept })
    }

    async fn publish_revision(
        &self,
        new: NewRevision<'_>,
        expected: Option<&str>,
        now: Timestamp,
    ) -> Result<Published, Refused> {
        let mut tx = self.begin().await?;
        let named = Named { revision: new.revision.to_owned(), origin: Origin::Published };
        let is_first = put_first(&mut tx, new.institution, &Rollout::of(named), now).await?;
        let rollout = take(&mut tx, new.institution).await?;
        let rollout = rollout.ok_or(StoreError::Unreadable { what: "rollout" })?;
        let before = Some(&rollout).filter(|_| !is_first);
        if let Some(ticket) = new.mends {
            repairs::note_mending(&mut tx, new.institution, ticket, new.revision).await?;
        }
        if !keep(&mut tx, new, Origin::Published, now).await? {
            commit(tx).await?;
            return Ok(Published { rollout, told: Told::Before });
        }
        expect(before, expected)?;
        bound(&mut tx, new.institution, Some(&rollout)).await?;
        let mut detail =
            json!({ "revision": new.revision, "hosts": new.hosts, "bytes": new.source.len(), "note": new.note });
        if let Some(ticket) = new.mends {
            detail["mends"] = json!(ticket);
        }
        commit_act(tx, Act::new(Action::ScriptPublished).to(new.institution).with(detail), now).await?;
        Ok(Published { rollout, told: Told::Now })
    }

    async fn steer_rollout(
        &self,
        institution: &str,
        revision: &str,
        wanted: RolloutStep,
        expected: Option<&str>,
        now: Timestamp,
    ) -> Result<Rollout, Refused> {
        let mut tx = self.begin().await?;
        let before = take(&mut tx, institution).await?.ok_or(Refused::NotFound)?;
        let origin = origin_of(&mut tx, institution, revision).await?.ok_or(Refused::NotFound)?;
        let named = Named { revision: revision.to_owned(), origin };
        let event = match wanted {
            RolloutStep::Begin(how) => Event::Begin(named, how),
            RolloutStep::Promote => Event::Promote(named),
            RolloutStep::RollBack => Event::RollBack(revision.to_owned()),
            RolloutStep::Halt(why) => Event::Halt(revision.to_owned(), why),
        };
        // What was done already is done, whatever was current before it.
        if before.on(event.clone()).as_ref() != Ok(&before) {
            expect(Some(&before), expected)?;
        }
        let (after, act) = step(&mut tx, institution, (&before, revision), event, now).await?;
        end(tx, act, now).await?;
        Ok(after)
    }

    async fn note_trial(
        &self,
        institution: &str,
        revision: &str,
        seen: &Seen,
        now: Timestamp,
    ) -> Result<Option<Rollout>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(before) = take(&mut tx, institution).await? else { return Ok(None) };
        let Some(trial) = trial_of(&mut tx, institution, revision).await? else { return Ok(None) };
        let trial = trial.on(seen);
        keep_trial(&mut tx, institution, revision, Some(&trial)).await?;
        let is_tried = before.candidate().is_some_and(|candidate| candidate.revision == revision);
        let Some(event) = trial.follows(&before, seen).filter(|_| is_tried) else {
            commit(tx).await?;
            return Ok(None);
        };
        match step(&mut tx, institution, (&before, revision), event, now).await {
            Ok((after, act)) => {
                end(tx, act, now).await?;
                Ok(Some(after))
            }
            Err(Refused::Store(error)) => Err(error),
            Err(_) => commit(tx).await.map(|()| None),
        }
    }

    async fn place_of_run(&self, run_id: RunId) -> Result<Option<RunPlace>, StoreError> {
        type Row = (String, Option<String>, Option<String>, Option<String>);
        let row = sqlx::query_as::<_, Row>("SELECT institution_id, revision, part, shadow FROM runs WHERE id = $1");
        let row = row.bind(run_id.0).fetch_optional(&self.read).await.map_err(failed("look for a run's place"))?;
        let read = |(institution_id, revision, part, shadow)| {
            Ok(RunPlace { institution_id, by: run_revision((revision, part, shadow))? })
        };
        row.map(read).transpose()
    }

    async fn rollouts(&self) -> Result<Vec<KeptRollout>, StoreError> {
        let rows = sqlx::query_as::<_, (String, String, i64)>(
            "SELECT institution_id, rollout, changed_at FROM script_rollouts ORDER BY institution_id",
        );
        let rows = rows.fetch_all(&self.read).await.map_err(failed("list rollouts"))?;
        let read = |(institution_id, rollout, changed_at): (String, String, i64)| {
            Ok(KeptRollout {
                institution_id,
                rollout: from_json(&rollout, "rollout")?,
                changed_at: from_ms(changed_at)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    async fn revisions(&self, institution: &str) -> Result<Vec<Revision>, StoreError> {
        let rows = sqlx::query_as::<_, RevisionRow>(
            "SELECT revision, origin, hosts, note, published_by, published_at, trial FROM script_revisions
             WHERE institution_id = $1 ORDER BY published_at DESC, revision",
        );
        let rows = rows.bind(institution.to_owned()).fetch_all(&self.read).await;
        rows.map_err(failed("list revisions"))?.into_iter().map(RevisionRow::read).collect()
    }

    async fn revision_source(&self, institution: &str, revision: &str) -> Result<Option<String>, StoreError> {
        let source = sqlx::query_scalar::<_, String>(
            "SELECT source FROM script_revisions WHERE institution_id = $1 AND revision = $2",
        );
        let source = source.bind(institution.to_owned()).bind(revision.to_owned());
        source.fetch_optional(&self.read).await.map_err(failed("read a revision"))
    }
}
