//! `cargo xtask mutants`: takes each guard of the list out of a copy of the code, and looks
//! whether the test that is named for it fails then.
//!
//! A mutant counts as found when its named test passes without it and fails with it. One that
//! doesn't build, whose text isn't in its file exactly once, or whose test hangs without leave
//! is a fault of the list.
//!
//! Not here: which guards there are (`list`); the copy (`tree`); running a test (`trial`).

mod list;
mod rows;
mod tree;
mod trial;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use self::list::suites::Suite;
use self::list::{BOUNDS, MUTANTS, Mutant};
use self::rows::{Outcome as Fate, Row};
use self::tree::Tree;
use self::trial::{BOUND, TEST, Trial, Verdict};
use crate::{Outcome, setup};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only guards whose name, file or test has one of these in it.
    #[arg(long, num_args = 1..)]
    only: Vec<String>,
    /// Show the list and hold it against the code; build nothing.
    #[arg(long)]
    list: bool,
    /// Print the rows as one JSON list.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mutants: Vec<&Mutant> = MUTANTS.iter().filter(|mutant| is_wanted(mutant, &arguments.only)).collect();
    if mutants.is_empty() {
        return Err("no guard is called that\nhint: `cargo xtask mutants --list` shows all".into());
    }
    let rows = if arguments.list { listed(&mutants)? } else { tried(&mutants)? };
    if arguments.json {
        rows::print_json(&rows);
    } else {
        rows::print_table(&rows);
    }
    let bad = rows.iter().filter(|row| !row.holds()).count();
    if bad > 0 {
        eprintln!("{bad} of {} don't hold.", rows.len());
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_wanted(mutant: &Mutant, only: &[String]) -> bool {
    let has = |part: &String| [mutant.guard, mutant.file, mutant.test].iter().any(|text| text.contains(part.as_str()));
    only.is_empty() || only.iter().any(has)
}

/// Holds the list against the files as they are.
fn listed(mutants: &[&Mutant]) -> Result<Vec<Row>, String> {
    let row = |mutant: &&Mutant| {
        let count = tree::count(mutant)?;
        let fate = if count == 1 { Fate::Listed } else { Fate::NotOnce(count) };
        Ok(Row::new(mutant, fate, 0.0))
    };
    mutants.iter().map(row).collect()
}

/// Tries them, suite by suite, so that each is built as seldom as can be.
fn tried(mutants: &[&Mutant]) -> Result<Vec<Row>, String> {
    setup::find_or_install(&setup::EVERYTHING)?;
    let tree = Tree::copy()?;
    let mut suites: Vec<Suite> = Vec::new();
    for mutant in mutants {
        if !suites.contains(&mutant.suite) {
            suites.push(mutant.suite);
        }
    }
    let (mut rows, all) = (Vec::new(), mutants.len());
    for suite in suites {
        let trial = Trial::new(&tree, suite);
        eprintln!("{}: building it as it is …", suite.name);
        if trial.build()?.is_err() {
            return Err(format!("{} doesn't build as it is; {} says why", suite.name, tree.log().display()));
        }
        let mut unmutated = BTreeMap::new();
        for mutant in mutants.iter().filter(|mutant| mutant.suite == suite) {
            let begun = Instant::now();
            if !unmutated.contains_key(mutant.test) {
                unmutated.insert(mutant.test, trial.run(mutant.test, time_of(mutant))?);
            }
            let passes = unmutated.get(mutant.test) == Some(&Verdict::Passed);
            let fate = if passes { fate_of(mutant, &tree, &trial)? } else { Fate::FailsAsItIs };
            let row = Row::new(mutant, fate, begun.elapsed().as_secs_f64());
            eprintln!("[{}/{all}] {}: {} ({:.0} s)", rows.len() + 1, mutant.guard, row.outcome(), row.seconds());
            if let Some(reason) = trial.reason() {
                eprintln!("    {reason}");
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

fn time_of(mutant: &Mutant) -> Duration {
    if BOUNDS.contains(&mutant.guard) { BOUND } else { TEST }
}

/// What becomes of one mutant whose test passes without it.
fn fate_of(mutant: &Mutant, tree: &Tree, trial: &Trial<'_>) -> Result<Fate, String> {
    let count = tree::count(mutant)?;
    if count != 1 {
        return Ok(Fate::NotOnce(count));
    }
    // The file is itself again when this goes out of scope.
    let _applied = tree.apply(mutant)?;
    if trial.build()?.is_err() {
        return Ok(Fate::DoesNotBuild);
    }
    Ok(match trial.run(mutant.test, time_of(mutant))? {
        Verdict::Failed => Fate::Found,
        Verdict::TimedOut if BOUNDS.contains(&mutant.guard) => Fate::FoundByTime,
        Verdict::TimedOut => Fate::Hung,
        Verdict::Passed => Fate::Survived,
        Verdict::None => Fate::NoVerdict,
    })
}
