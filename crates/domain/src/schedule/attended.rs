//! The hours in which somebody answers what banks ask, as people write them down for themselves, for an organization or
//! for one of its entities.
//!
//! Not here: whose hours count where several wrote some down, or which moments those are.

use serde::{Deserialize, Serialize};

use super::week::{Window, WindowError};

/// Windows on somebody's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct AttendedHours {
    hours: String,
    zone: String,
    #[serde(skip)]
    windows: Vec<Window>,
}

/// Hours that can't be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttendedHoursError {
    /// One of them can't be read.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// More than anybody keeps.
    #[error("attended hours have {} windows at most", AttendedHours::MOST_WINDOWS)]
    TooMany,
    /// Longer than any that can be read.
    #[error(
        "attended hours have {} characters at most, and a time zone has {}",
        AttendedHours::LONGEST,
        AttendedHours::LONGEST_ZONE
    )]
    TooLong,
}

impl AttendedHours {
    /// The most windows.
    pub const MOST_WINDOWS: usize = 20;
    /// The longest text of them, in characters.
    pub const LONGEST: usize = 500;
    /// The longest name of a time zone, in characters.
    pub const LONGEST_ZONE: usize = 64;

    /// Windows as settings write them, `mon-fri 09:00-17:00; sat 10:00-12:00`, on the clock of a time zone. Without
    /// any nobody ever attends.
    ///
    /// # Errors
    /// An [`AttendedHoursError`] says what is wrong with them.
    pub fn new(hours: &str, zone: &str) -> Result<Self, AttendedHoursError> {
        if hours.chars().count() > Self::LONGEST || zone.chars().count() > Self::LONGEST_ZONE {
            return Err(AttendedHoursError::TooLong);
        }
        let windows = read(hours)?;
        if windows.len() > Self::MOST_WINDOWS {
            return Err(AttendedHoursError::TooMany);
        }
        Ok(Self { hours: hours.trim().to_owned(), zone: zone.to_owned(), windows })
    }

    /// As they were written.
    #[must_use]
    pub fn hours(&self) -> &str {
        &self.hours
    }

    /// The name of the time zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}

/// Windows with `;` between two.
///
/// # Errors
/// Which can't be read.
pub fn read(text: &str) -> Result<Vec<Window>, WindowError> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
}

/// As it is kept and sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    hours: String,
    zone: String,
}

impl TryFrom<Written> for AttendedHours {
    type Error = AttendedHoursError;

    fn try_from(Written { hours, zone }: Written) -> Result<Self, Self::Error> {
        Self::new(&hours, &zone)
    }
}

#[cfg(test)]
mod tests {
    use super::AttendedHours;

    #[test]
    fn hours_are_read_as_written_and_bounded() {
        let hours = AttendedHours::new(" mon-fri 09:00-17:00; sat 10:00-12:00 ", "Europe/Berlin").expect("hours");
        assert_eq!((hours.hours(), hours.zone()), ("mon-fri 09:00-17:00; sat 10:00-12:00", "Europe/Berlin"));
        assert_eq!(hours.windows().len(), 2);
        assert!(AttendedHours::new("", "UTC").is_ok_and(|none| none.windows().is_empty()));
        let refused = |hours: &str, zone: &str| AttendedHours::new(hours, zone).expect_err("refused").to_string();
        assert!(refused("mon", "UTC").contains("no window"));
        assert!(refused(&"sat 10:00-12:00;".repeat(21), "UTC").contains("20 windows"));
        assert!(refused(&" ".repeat(501), "UTC").contains("500 characters"));
        assert!(refused("", &"Z".repeat(65)).contains("64"));
    }
}
