//! The windows of a session over WebDriver, which says of them no more than that they are there: so
//! they are counted before each look, the newest is spoken to, and where that is gone the one before
//! it is.
//!
//! The documents of all of them have names that no other has, so what is known of one stays good.
//! Not here: which page shows in one, or whether windows are followed at all (the script says so).

use std::time::Duration;

use script::command::{Observation, POPUPS_AT_MOST, Popups, Problem};

use super::line::LineError;
use super::session::Session;
use crate::driver::DriverError;

/// How long a command about windows may take.
const AT_ONCE: Duration = Duration::from_secs(5);

impl Session {
    /// Speaks to the newest window from now on; whether that is another than before.
    pub(super) async fn face(&mut self, popups: Popups) -> Result<bool, LineError> {
        let permit = || self.gate.permit().map_err(|_| LineError::Gone);
        let there = self.line.windows(permit()?, AT_ONCE).await?;
        let before = self.windows.last().cloned();
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
            let permit = || self.gate.permit().map_err(|_| LineError::Gone);
            self.line.turn_to(permit()?, &window, AT_ONCE).await?;
            self.line.close_window(permit()?, AT_ONCE).await?;
            if let Some(newest) = self.windows.last() {
                self.line.turn_to(permit()?, newest, AT_ONCE).await?;
            }
        }
        let Some(newest) = self.windows.last().filter(|newest| before.as_ref() != Some(*newest)) else {
            return Ok(false);
        };
        let permit = self.gate.permit().map_err(|_| LineError::Gone)?;
        self.line.turn_to(permit, newest, AT_ONCE).await?;
        self.document = None;
        Ok(true)
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
