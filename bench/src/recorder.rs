//! `cargo xtask bench recorder`: each simulated portal is recorded once by a person who is played by real input, and the
//! script that comes of it reads the portal: how much of it as it truly is, what was asked, and what is left to be edited.
//!
//! The bar is that nothing is left to do. What another way to a recording comes to, or a portal that is laid out otherwise,
//! are rows of the same figures under another name (`figures`).
//!
//! So are, with figures of their own, a portal that changes after its script was written (`changed`).
//!
//! Not here: whether what was typed is left anywhere; the tests have that.

mod changed;

use std::collections::BTreeSet;
use std::path::Path;

use fixtures::portal::RunningPortal;
use fixtures::zoo::{Portal, Wishes};
use serde_json::Value;
use tests::recorder::{Carried, carried_over, known, read, record};
use tests::world::scripts;

use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::{Look, Row, print_json, print_table};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON list instead of a table.
    #[arg(long)]
    json: bool,
    /// Record this portal alone.
    #[arg(long)]
    only: Option<String>,
}

/// What a recording came to.
#[derive(Default)]
struct Came {
    /// How many accounts and transactions the portal has, and how many were read as they are.
    all: usize,
    right: usize,
    asked: usize,
    /// Lines of a script which reads the truth that the recorded one hasn't.
    edits: usize,
    seconds: f64,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let progress = Progress::new();
    let mut rows = Vec::new();
    let is_wanted = |portal: &Portal| arguments.only.as_ref().is_none_or(|only| only == portal.name());
    for portal in Portal::ALL.into_iter().filter(is_wanted) {
        progress.say(format!("{portal} is recorded"));
        let running = portal.start(Wishes::default()).await?;
        // A person who comes no further has recorded nothing, which is a figure too.
        let came = match recorded(&running).await {
            Ok(came) => came,
            Err(why) => {
                progress.say(format!("{portal}: {why}"));
                Came { all: records(&running)?, edits: edits(Path::new(""), &running)?, ..Came::default() }
            }
        };
        rows.extend(figures(&format!("{portal}, recorded"), &came));
        progress.say(format!("{portal} is recorded, and goes through DevTools JSON"));
        let running = portal.start(Wishes::default()).await?;
        let came = match by_devtools(&running).await {
            Ok(came) => came,
            Err(why) => {
                progress.say(format!("{portal}: {why}"));
                Came { all: records(&running)?, edits: edits(Path::new(""), &running)?, ..Came::default() }
            }
        };
        rows.extend(figures(&format!("{portal}, through DevTools JSON"), &came).into_iter().filter(of_the_script));
        rows.extend(changed::rows(portal, &progress).await?);
    }
    if arguments.json {
        print_json(&rows)?;
    } else {
        print_table(&rows, Look::Plain);
    }
    Ok(())
}

/// Records a portal with what a person answers, and has the script read it.
async fn recorded(portal: &RunningPortal) -> Result<Came, Failure> {
    let catalog = tempfile::tempdir()?;
    let mut came = Came { all: records(portal)?, ..Came::default() };
    let answers = known(portal, catalog.path())?.display().to_string();
    let recorded = record(portal, catalog.path(), &["--answers", &answers, "--json"]).await?;
    came.seconds = recorded.took.as_secs_f64();
    let told: Value = serde_json::from_str(&recorded.ran.stdout).unwrap_or_default();
    came.asked = told["questionsAsked"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    if recorded.folder.join("script.yaml").is_file() {
        let ran = read(portal, &recorded.folder, catalog.path(), &["--json"]).await?;
        let verdict: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
        came.right = came.all.saturating_sub(wrong(&verdict, portal)?);
    }
    if came.right < came.all {
        came.edits = edits(&recorded.folder, portal)?;
    }
    Ok(came)
}

/// Records a portal, and has what goes through DevTools JSON and back drafted and read.
async fn by_devtools(portal: &RunningPortal) -> Result<Came, Failure> {
    let catalog = tempfile::tempdir()?;
    let mut came = Came { all: records(portal)?, ..Came::default() };
    let Carried { folder, .. } = carried_over(portal, catalog.path()).await?;
    let ran = read(portal, &folder, catalog.path(), &["--json"]).await?;
    let verdict: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    came.right = came.all.saturating_sub(wrong(&verdict, portal)?);
    if came.right < came.all {
        came.edits = edits(&folder, portal)?;
    }
    Ok(came)
}

/// The figures of one recording.
fn figures(name: &str, came: &Came) -> [Row; 5] {
    let share = |part: usize| {
        let of = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        100.0 * of(part) / of(came.all.max(1))
    };
    [
        Row::count(format!("{name}: records of the portal"), came.all, ""),
        Row::new(format!("{name}: read as they are"), share(came.right), "%").at_least(100.0),
        Row::count(format!("{name}: questions asked"), came.asked, ""),
        Row::count(format!("{name}: lines to edit"), came.edits, "").at_most(0.0),
        Row::new(format!("{name}: a person's time"), came.seconds, "s"),
    ]
}

/// Whether a row says what a script is worth; a person's part was told before.
fn of_the_script(row: &Row) -> bool {
    !row.name.ends_with("questions asked") && !row.name.ends_with("a person's time")
}

/// How many accounts and transactions a portal has.
fn records(portal: &RunningPortal) -> Result<usize, Failure> {
    let truth = serde_json::to_value(portal.truth())?;
    let count = |name: &str| truth[name].as_array().map_or(0, Vec::len);
    Ok(count("accounts") + count("transactions"))
}

/// How many of them weren't read as they are, by what the author's command said of each.
fn wrong(verdict: &Value, portal: &RunningPortal) -> Result<usize, Failure> {
    let truth = serde_json::to_value(portal.truth())?;
    let all = records(portal)?;
    let rows = |key: &str| {
        let rows = truth["transactions"].as_array().into_iter().flatten();
        rows.filter(|row| row["accountKey"] == key).count()
    };
    let Some(differences) = verdict["differences"].as_array() else { return Ok(all) };
    let (mut lost, mut apart) = (0, BTreeSet::new());
    for said in differences.iter().filter_map(Value::as_str) {
        let key = said.split('`').nth(1).unwrap_or_default();
        if said.starts_with("the run") {
            return Ok(all);
        } else if said.ends_with("wasn't read") {
            lost += 1 + rows(key);
        } else if said.contains("transactions, and") {
            lost += rows(key);
        } else {
            // Each record once, whatever differs in it.
            apart.insert(said.split(", ").take(2).collect::<Vec<_>>().join(", "));
        }
    }
    Ok((lost + apart.len()).min(all))
}

/// How many lines the portal's script in the catalog has, which reads its truth, that the recorded one hasn't.
fn edits(folder: &Path, portal: &RunningPortal) -> Result<usize, Failure> {
    let recorded = std::fs::read_to_string(folder.join("script.yaml")).unwrap_or_default();
    let known: BTreeSet<&str> = recorded.lines().map(str::trim).collect();
    let script = std::fs::read_to_string(scripts().join(portal.name()).join("script.yaml"))?;
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.filter(|line| !known.contains(line)).count())
}
