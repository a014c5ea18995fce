//! `coordinator migrate`.
//!
//! Not here: the steps; they are in `migrations/`.

use serde_json::{Value, json};

use super::{CommandError, make_folder, print_table};
use crate::config::Config;
use crate::store::{self, Step, StepState, Tables};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Show which steps the tables have and lack, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) async fn run(self, config: &Config) -> Result<(), CommandError> {
        let url = config.store_url();
        let before = if self.dry_run { None } else { Some(store::steps(&url).await?) };
        if before.is_some() {
            make_folder(config.data())?;
            store::open(&url, Tables::BroughtUpToDate).await?;
        }
        let steps = store::steps(&url).await?;
        let was_pending = |step: &Step| {
            let mut earlier = before.iter().flatten();
            earlier.any(|earlier| earlier.number == step.number && earlier.state == StepState::Pending)
        };
        let said = |step: &Step| if was_pending(step) { "appliedNow" } else { step.state.as_str() };
        if self.json {
            let shown = |step: &Step| json!({ "step": step.number, "name": step.name, "state": said(step) });
            outln!("{}", steps.iter().map(shown).collect::<Value>());
        } else {
            let row = |step: &Step| vec![format!("{:04}", step.number), step.name.clone(), said(step).to_owned()];
            print_table(&["STEP", "NAME", "STATE"], steps.iter().map(row));
        }
        Ok(())
    }
}
