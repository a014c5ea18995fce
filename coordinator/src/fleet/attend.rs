//! When somebody attends, said for an organization or an entity in place of the fleet's settings.
//!
//! Not here: when a run starts then (`domain::schedule`), and for whom it was said (the store).

use domain::schedule::AttendedHours;
use jiff::tz::TimeZone;

use super::Error;

/// Hours as people write them, on a clock that this machine knows.
///
/// # Errors
/// [`Error::Invalid`] for the field that is wrong.
pub fn attended(hours: &str, zone: &str) -> Result<AttendedHours, Error> {
    if TimeZone::get(zone).is_err() {
        let zone: String = zone.chars().take(AttendedHours::LONGEST_ZONE).collect();
        let reason = format!("`{zone}` is no time zone; use a name such as Europe/Berlin");
        return Err(Error::Invalid { field: "/attendance/zone", reason });
    }
    AttendedHours::new(hours, zone)
        .map_err(|error| Error::Invalid { field: "/attendance/hours", reason: error.to_string() })
}
