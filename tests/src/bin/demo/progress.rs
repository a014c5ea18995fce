//! What is going on, on stderr: a spinner for a person at a terminal, plain lines
//! elsewhere.
//!
//! Not here: results; those are data and go to stdout.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Shows one step at a time.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

/// A step that goes on until it is said to be done.
pub(crate) struct Step<'a> {
    progress: &'a Progress,
    what: String,
    since: Instant,
}

impl Progress {
    /// Moving on a terminal, lines elsewhere.
    pub(crate) fn new(is_terminal: bool) -> Self {
        let bar = is_terminal.then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        Self { bar }
    }

    /// Begins a step.
    pub(crate) fn step(&self, what: impl Into<String>) -> Step<'_> {
        let what = what.into();
        match &self.bar {
            Some(bar) => {
                bar.reset_elapsed();
                bar.enable_steady_tick(Duration::from_millis(100));
                bar.set_message(format!("{what} …"));
            }
            None => eprintln!("{what} …"),
        }
        Step { progress: self, what, since: Instant::now() }
    }

    /// Says something between steps.
    pub(crate) fn say(&self, what: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{what}")),
            None => eprintln!("{what}"),
        }
    }

    /// Clears what moves before an error is printed.
    pub(crate) fn fail(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Step<'_> {
    /// Ends the step with what came of it.
    pub(crate) fn done(self, outcome: &str) {
        let seconds = self.since.elapsed().as_secs_f64();
        let line = format!("✓ {}: {outcome} ({seconds:.1} s)", self.what);
        match &self.progress.bar {
            Some(bar) => {
                bar.suspend(|| eprintln!("{line}"));
                bar.disable_steady_tick();
                bar.set_message(String::new());
            }
            None => eprintln!("{line}"),
        }
    }
}
