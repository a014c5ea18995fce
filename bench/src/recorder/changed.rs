//! Each layout fault of a portal that a script fails by: the ticket's code, what is proposed, and whether the script that comes
//! of it reads the portal's truth while the fault is on.
//!
//! Not here: taking anything by itself; a person does that in the product, and is played here.

use fixtures::faults::{Faults, Switch};
use fixtures::zoo::{Portal, Wishes};
use tests::repairs::{Repaired, repaired};
use tests::rows::Row;
use tests::zoo::banks::{Bank, Meaning};

use crate::Failure;
use crate::progress::Progress;

/// Faults of what a page is built of, with the button that a person knows who has to pass a page by it.
const LAYOUT: [(Switch, Option<&str>); 4] = [
    (Switch::RenamedId, None),
    (Switch::LayoutVariant, None),
    (Switch::HalfPage, None),
    (Switch::Survey, Some("Maybe later")),
];

/// The rows of one portal.
pub(super) async fn rows(portal: Portal, progress: &Progress) -> Result<Vec<Row>, Failure> {
    let bank = Bank::of(portal)?;
    let mut rows = Vec::new();
    for (switch, knows) in LAYOUT {
        let Meaning::Code(code) = bank.meaning(switch) else { continue };
        let running = portal.start(Wishes::default()).await?;
        if !code.starts_with("script.") || running.try_faults(faults(switch)).is_err() {
            continue;
        }
        running.set_faults(Faults::default());
        let name = format!("{portal}, {}", switch.name());
        progress.say(format!("{name} is repaired"));
        let data = tempfile::tempdir()?;
        match repaired(&running, faults(switch), knows, data.path()).await {
            Ok(came) => rows.extend(figures(&name, code, &came)),
            Err(why) => {
                progress.say(format!("{name}: {why}"));
                rows.push(Row::count(format!("{name}: {code}, and the repaired script reads what is true"), 0, ""));
            }
        }
    }
    Ok(rows)
}

fn figures(name: &str, code: &str, came: &Repaired) -> Vec<Row> {
    let came_of_it = came.nothing.clone().unwrap_or_else(|| "it reads".to_owned());
    let read = Row::count(
        format!("{name}: {code}, and the repaired script reads what is true"),
        usize::from(came.is_true()),
        "",
    );
    vec![
        Row::count(format!("{name}: proposals"), came.proposals, ""),
        Row::count(format!("{name}: rounds of repair"), came.rounds, ""),
        Row::count(format!("{name}: of these looked at by a person"), came.by_person, ""),
        Row::count(format!("{name}: texts written anew"), came.edits, ""),
        Row { peer: Some(came_of_it.chars().take(120).collect()), ..read },
    ]
}

fn faults(switch: Switch) -> Faults {
    Faults {
        renamed_id: switch == Switch::RenamedId,
        layout_variant: switch == Switch::LayoutVariant,
        half_page: switch == Switch::HalfPage,
        survey: switch == Switch::Survey,
        ..Faults::default()
    }
}
