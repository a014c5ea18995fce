//! Chaos: a fleet of real programs over which everything goes wrong that can, by a plan that a
//! seed determines; and an audit that asks the bank, the queue and the process table whether
//! what is promised held all the same.
//!
//! | here | is |
//! |---|---|
//! | `world` | two coordinators, agents, a bank with several users, and the ways between them |
//! | `vocabulary`, `proxy`, `line`, `keeper` | what can be done to them, and that they come back |
//! | `fault` | what is done when, by a seed |
//! | `people` | who asks for runs all the time |
//! | `auditor` | what is looked at every second |
//! | `chronicle`, `judgement`, `aftermath` | what is looked at when it is quiet again |
//! | `findings`, `timeline` | what came of it |
//!
//! Not here: single faults with a test of their own; those are tests (`tests/tests/chaos/`).

pub mod aftermath;
pub mod auditor;
pub mod chronicle;
pub mod disturbances;
pub mod fault;
pub mod findings;
pub mod judgement;
pub mod keeper;
pub mod line;
pub mod people;
pub mod proxy;
pub mod timeline;
pub mod vocabulary;
pub mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::auditor::{Audit, Auditor};
use self::chronicle::{Chronicle, What};
use self::fault::{Act, Moment, plan};
use self::findings::{Findings, Invariant};
use self::people::Crowd;
use self::world::{Settings, World};
use crate::patience::lasting;
use crate::rows::{Look, Row, table_of};

/// Whatever kept chaos from being played to its end.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the names of rows begin with that count faults.
const FAULT: &str = "fault: ";

/// What came of it.
pub struct Outcome {
    /// The figures, those with a bar among them.
    pub rows: Vec<Row>,
    /// What didn't hold.
    pub findings: Findings,
    /// Runs that were set aside, as an operator saw them.
    pub set_aside: Vec<serde_json::Value>,
    /// What happened.
    pub story: String,
    /// What each program said, by its name.
    pub talks: Vec<(String, String)>,
}

impl Outcome {
    /// Whether every bar was kept to.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds != Some(false))
    }

    /// Whether every kind of fault hit something.
    #[must_use]
    pub fn has_hit_everything(&self) -> bool {
        self.rows.iter().filter(|row| row.name.starts_with(FAULT)).count() == fault::KINDS
    }

    /// All that a person needs who reads a failing seed.
    #[must_use]
    pub fn words(&self, settings: Settings, span: Duration) -> String {
        let again = format!("cargo xtask chaos --minutes {} --seed {}", span.as_secs_f64() / 60.0, settings.seed);
        let (table, found) = (table_of(&self.rows, Look::Plain), self.findings.text());
        let kept = self.keep_talks(settings.seed);
        format!("{}\n{table}\n{found}{kept}\nseed {}: repeat it with `{again}`", self.story, settings.seed)
    }

    /// Keeps what every program said in a folder, for whoever looks into it, and says where.
    #[must_use]
    pub fn keep_talks(&self, seed: u64) -> String {
        let folder = std::env::temp_dir().join(format!("bursar-chaos-{seed}-{}", std::process::id()));
        match self.write_talks(&folder) {
            Ok(()) => format!("what everybody said is in {}", folder.display()),
            Err(error) => format!("what everybody said couldn't be kept: {error}"),
        }
    }

    fn write_talks(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("story.txt"), &self.story)?;
        self.talks.iter().try_for_each(|(name, talk)| std::fs::write(folder.join(format!("{name}.log")), talk))
    }
}

/// How long after the plan's span what has nothing to hit is tried again: runs are asked for all the time.
const LATE: Duration = Duration::from_secs(30);

/// Plays a seed's plan for so long, waits until it is quiet again, and judges.
///
/// # Errors
/// [`Failure`] where the world couldn't be started or doesn't answer at the end.
pub async fn play(settings: Settings, span: Duration) -> Result<Outcome, Failure> {
    let world = Arc::new(World::start(settings).await?);
    let crowd = Crowd::of(&world);
    let auditor = Auditor::of(&world);
    let begun = world.timeline.elapsed();
    let mut plan = plan(settings.seed, span);
    while let Some(Moment { at, act }) = plan.take() {
        lasting((begun + at).saturating_sub(world.timeline.elapsed())).await;
        let fault = match act {
            Act::Begin(fault) => fault,
            Act::End(fault) => {
                world.restore(fault).await;
                continue;
            }
        };
        let is_hit = world.disturb(fault).await;
        let now = world.timeline.elapsed().saturating_sub(begun).max(at);
        match (is_hit, now > span + LATE) {
            (true, _) => {}
            (false, false) => plan.put_off(now, fault),
            (false, true) => plan.give_up(fault),
        }
    }
    settle(world, crowd, auditor).await
}

/// Lets a world come to rest and judges all of it.
///
/// # Errors
/// [`Failure`] where it doesn't answer.
pub async fn settle(world: Arc<World>, crowd: Crowd, auditor: Auditor) -> Result<Outcome, Failure> {
    let mut findings = Findings::default();
    aftermath::come_to_rest(&world, &crowd, &mut findings).await;
    crowd.go().await;
    let audit = auditor.done().await;
    let records = aftermath::compare_records(&world, &mut findings).await?;
    aftermath::count_zombies(&world, &mut findings).await;
    aftermath::look_for_secrets(&world, &mut findings).await;
    let mut world = Arc::into_inner(world).ok_or("somebody still lives in the world")?;
    aftermath::leave(&mut world, &mut findings).await;
    let chronicle = Chronicle::of(&world);
    findings.extend(judgement::judge(&world, &chronicle));
    let rows = rows_of(&world, &chronicle, &audit, &findings, records);
    findings.extend(audit.findings);
    Ok(Outcome {
        rows,
        findings,
        set_aside: audit.set_aside,
        story: world.timeline.text(),
        talks: world.talks().collect(),
    })
}

fn rows_of(world: &World, chronicle: &Chronicle, audit: &Audit, findings: &Findings, records: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let hits = world.hits.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.extend(hits.iter().map(|(name, count)| Row::count(format!("{FAULT}{name}"), *count, "times")));
    let leases = chronicle.entries.iter().filter(|entry| matches!(entry.what, What::Leased { .. })).count();
    let oracle = world.portal.oracle();
    rows.push(Row::count("leases", leases, ""));
    rows.push(Row::count("runs that succeeded", chronicle.succeeded, "").at_least(1.0));
    rows.extend(chronicle.failures.iter().map(|(code, count)| Row::count(format!("failed: {code}"), *count, "times")));
    rows.push(Row::count("runs revived by an operator", audit.revived, ""));
    rows.push(Row::count("sessions at the bank", oracle.sessions, "").at_least(1.0));
    rows.push(Row::count("passwords submitted", oracle.password_submits, ""));
    rows.push(Row::count("codes submitted", oracle.code_submits, ""));
    rows.push(Row::count("records compared", records, "").at_least(1.0));
    rows.push(Row::count("audits made", audit.audits, "").at_least(1.0));
    rows.push(Row::count("audits that nobody answered", audit.unanswered, ""));
    #[expect(clippy::cast_precision_loss, reason = "it is a span of seconds")]
    let held = audit.held_after_death_ms as f64 / 1_000.0;
    rows.push(Row::new("a dead agent's lease was seen for", held, "s").at_most(world.term.as_secs_f64() + 2.0));
    rows.extend(Invariant::ALL.iter().map(|&invariant| {
        let count = findings.of(invariant).len() + audit.findings.of(invariant).len();
        Row::count(invariant.name(), count, "").at_most(0.0)
    }));
    rows
}
