//! `cargo xtask bench scaling`: days in the life of a fleet, played to Bursar's rule of how
//! many agents there should be and to that of a queue's length, in simulated time.
//!
//! What is held to the dwell goal is how long a run waited for an agent: from when its bank had
//! room for it to when it started. What it waited for its bank before that is no matter of
//! scaling. But runs that start late keep their bank's seats from others for longer, so how
//! much later a run started than on a fleet without end is told, too, and the whole dwell.
//!
//! Not here: real agents, and how fast anything is.

mod dice;
mod fleet;
mod plot;
mod rule;
mod scenario;

use std::path::PathBuf;

use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::{Look, Row, print_json, print_table};
use fleet::{Outcome, Sample};
use plot::Picture;
use rule::{POOL, QueueLength, Runnable, WINDOW};
use scenario::{HOUR, MINUTE, Moment, Plan, SCENARIOS, Scenario};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of a table.
    #[arg(long)]
    json: bool,
    /// Print a table for a document.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// What chance is made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw agents, ready and runnable runs over time, of a burst and of a strict bank, into this SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

const PEER: &str = "queue length";

/// A scenario as both rules played it.
struct Played {
    scenario: &'static Scenario,
    /// When each run was due, and could have started at best.
    plan: Plan,
    best_starts: Vec<Moment>,
    ours: Outcome,
    peer: Outcome,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let progress = Progress::new();
    let play = |scenario: &'static Scenario| {
        progress.say(format!("{}: {}", scenario.name, scenario.story));
        Played::of(scenario, arguments.seed)
    };
    let played: Vec<Played> = SCENARIOS.iter().map(play).collect();
    if let Some(file) = &arguments.plot {
        let svg = plot::svg(&pictures(&played));
        std::fs::write(file, svg).map_err(|error| format!("{} can't be written: {error}", file.display()))?;
    }
    let rows: Vec<Row> = played.iter().flat_map(Played::rows).collect();
    if arguments.json {
        print_json(&rows)?;
    } else {
        print_table(&rows, if arguments.markdown { Look::Markdown } else { Look::Plain });
    }
    Ok(())
}

/// The minutes around the burst, and the whole day of the strict bank.
fn pictures(played: &[Played]) -> Vec<Picture<'_>> {
    let picture = |(number, shown)| {
        let Played { scenario, ours, peer, .. } = played.get(number)?;
        Some(Picture { scenario, ours, peer, shown })
    };
    [(0, 50 * MINUTE..=85 * MINUTE), (2, 0..=6 * HOUR)].into_iter().filter_map(picture).collect()
}

impl Played {
    fn of(scenario: &'static Scenario, seed: u64) -> Self {
        let plan = scenario.plan(seed);
        let (lasts, life) = (scenario.lasts, scenario.agent_life);
        let ours = fleet::play(&plan, lasts, life, &mut Runnable::default(), seed);
        let peer = fleet::play(&plan, lasts, life, &mut QueueLength::default(), seed);
        Self { scenario, best_starts: plan.best_starts(), plan, ours, peer }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |what: &str, unit, of: &dyn Fn(&Outcome) -> f64| {
            let name = format!("{}: {what}", self.scenario.name);
            Row::new(name, of(&self.ours), unit).beside(PEER, of(&self.peer))
        };
        let hours = |time: Moment| time as f64 / HOUR as f64;
        let due: Vec<Moment> = self.plan.runs.iter().map(|run| run.ready).collect();
        vec![
            row("waited for an agent, p95", "s", &|it| p95(it.waits.iter().copied()))
                .at_most(POOL.dwell_goal.as_secs_f64()),
            row("later than on a fleet without end, p95", "s", &|it| p95(since(it, &self.best_starts))),
            row("dwell, p95", "s", &|it| p95(since(it, &due))),
            row("runs lost or done twice", "runs", &|it| lost(it) as f64).at_most(0.0),
            row("turns in two windows, at most", "turns", &|it| turns(&it.samples) as f64).at_most(1.0),
            row("agent-hours", "h", &|it| hours(it.agent_time)),
            row("idle agent-hours behind a rate limit", "h", &|it| hours(it.idle_time)),
        ]
    }
}

/// How long after these moments the runs started.
fn since(outcome: &Outcome, moments: &[Moment]) -> impl Iterator<Item = Option<Moment>> {
    let later = |(start, since): (&Option<Moment>, &Moment)| start.map(|start| start.saturating_sub(*since));
    outcome.starts.iter().zip(moments).map(later)
}

/// What 95 % of the waits kept to, in seconds; a run that never started waits for ever.
fn p95(waits: impl Iterator<Item = Option<Moment>>) -> f64 {
    let mut waits: Vec<Moment> = waits.map(|wait| wait.unwrap_or(Moment::MAX)).collect();
    waits.sort_unstable();
    let rank = (waits.len() * 95).div_ceil(100).max(1);
    waits.get(rank - 1).map_or(f64::NAN, |wait| *wait as f64 / 1_000.0)
}

/// How many runs weren't completed exactly once.
fn lost(outcome: &Outcome) -> usize {
    outcome.completions.iter().filter(|completions| **completions != 1).count()
}

/// How often the number of agents that is asked for turned from growing to shrinking or back,
/// in the two windows in which it did so most often.
fn turns(samples: &[Sample]) -> usize {
    let (mut turns, mut direction) = (Vec::new(), None);
    for pair in samples.windows(2) {
        let side = pair[1].target.cmp(&pair[0].target);
        if side.is_ne() {
            if direction.is_some_and(|before| before != side) {
                turns.push(pair[1].at);
            }
            direction = Some(side);
        }
    }
    let two_windows = u64::try_from((WINDOW * 2).as_millis()).unwrap_or_default();
    let in_two_windows =
        |first: &Moment| turns.iter().filter(|turn| (*first..*first + two_windows).contains(turn)).count();
    turns.iter().map(in_two_windows).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
