//! How far a bench has come: a line that moves on a terminal, plain lines elsewhere.
//!
//! Not here: figures; those are data and go to stdout.

use std::io::IsTerminal as _;

/// Says on stderr what is being done.
pub(crate) struct Progress(Option<indicatif::ProgressBar>);

impl Progress {
    pub(crate) fn new() -> Self {
        let spinner = std::io::stderr().is_terminal().then(indicatif::ProgressBar::new_spinner);
        Self(spinner.inspect(|spinner| spinner.enable_steady_tick(std::time::Duration::from_millis(120))))
    }

    pub(crate) fn say(&self, what: impl Into<String>) {
        match &self.0 {
            Some(spinner) => spinner.set_message(what.into()),
            None => eprintln!("{}", what.into()),
        }
    }
}
