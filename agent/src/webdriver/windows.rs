//! The windows of a session over WebDriver, which says of them no more than that they are there: so
//! they are counted before each look, the newest is spoken to, and where that is gone the one before
//! it is.
//!
//! The documents of all of them have names that no other has, so what is known of one stays good.
//! Not here: which page shows in one, or whether windows are followed at all (the script says so).

use std::time::Duration;

use script::command::{Observation, POPUPS_AT_MOST, Popups, Problem};

use super::line::{LineError, Window};
use super::session::Session;
use crate::driver::DriverError;
use crate::gate::Permit;

/// How long a command about windows may take.
const AT_ONCE: Duration = Duration::from_secs(5);

impl Session {
    /// Speaks to the newest window from now on; whether that is another than before.
    pub(super) async fn face(&mut self, popups: Popups) -> Result<bool, LineError> {
        let there = self.line.windows(self.permit()?, AT_ONCE).await?;
        let before = self.spoken_to.clone();
        self.windows.retain(|window| there.contains(window));
        for window in there {
            if self.windows.contains(&window) {
                continue;
            }
            if popups == Popups::Follow && self.windows.len() <= POPUPS_AT_MOST {
                self.windows.push(window);
                continue;
            }
            tracing::info!("closed a window that a page had opened");
            // It may close itself meanwhile. Where it can't be turned to, another would be closed in its place.
            if tolerated(self.turn_to(window).await)?.is_some() {
                tolerated(self.line.close_window(self.permit()?, AT_ONCE).await)?;
            }
        }
        while let Some(newest) = self.windows.last().filter(|newest| **newest != self.spoken_to).cloned() {
            match self.turn_to(newest).await {
                Err(LineError::NoWindow) => drop(self.windows.pop()),
                turned => turned?,
            }
        }
        let is_another = self.spoken_to != before;
        if is_another {
            self.document = None;
        }
        Ok(is_another)
    }

    async fn turn_to(&mut self, window: Window) -> Result<(), LineError> {
        self.line.turn_to(self.permit()?, &window, AT_ONCE).await?;
        self.spoken_to = window;
        Ok(())
    }

    /// That the gate is shut is told by the verdict.
    fn permit(&self) -> Result<Permit, LineError> {
        self.gate.permit().map_err(|_| LineError::Gone)
    }

    /// Closes the popup that shows; why it can't be, if it can't.
    pub(super) async fn close_popup(&mut self) -> Result<Option<Observation>, DriverError> {
        if self.windows.len() < 2 {
            let (target, html) = ("popup".to_owned(), String::new());
            return Ok(Some(Observation::Stuck { target, problem: Problem::Missing, html }));
        }
        let permit = self.gate.permit()?;
        if let Err(error) = self.line.close_window(permit, AT_ONCE).await {
            self.verdict(error)?;
        }
        if let Err(error) = self.face(Popups::Follow).await {
            self.verdict(error)?;
        }
        Ok(None)
    }
}

/// What a window answered, if it was there to answer; only the end of the session is an error.
fn tolerated(answered: Result<(), LineError>) -> Result<Option<()>, LineError> {
    match answered {
        Ok(()) => Ok(Some(())),
        Err(LineError::NoWindow | LineError::Replaced | LineError::Prompt) => Ok(None),
        Err(error @ (LineError::TimedOut | LineError::Gone | LineError::Refused)) => Err(error),
    }
}
