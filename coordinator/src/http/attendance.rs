//! When somebody attends, as requests and answers have it, of organizations and entities alike.
//!
//! Not here: which hours can be kept (`fleet`).

use domain::schedule::AttendedHours;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::fleet;

/// When somebody is there to answer what banks ask. Connections whose bank asks each time are synced by themselves only then,
/// all of an entity together, once an hour at most.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "hours": "mon-fri 09:00-17:00; sat 10:00-12:00", "zone": "Europe/Berlin" }))]
pub(super) struct Attendance {
    /// Windows with `;` between two, 20 at most. Without any nobody ever attends.
    #[schema(max_length = 500)]
    hours: String,
    /// The time zone of their clock, by its name in the IANA database.
    #[schema(max_length = 64)]
    zone: String,
}

impl Attendance {
    /// What of it is kept.
    pub(super) fn checked(self) -> Result<AttendedHours, Problem> {
        Ok(fleet::attended(&self.hours, &self.zone)?)
    }
}

impl From<AttendedHours> for Attendance {
    fn from(attended: AttendedHours) -> Self {
        Self { hours: attended.hours().to_owned(), zone: attended.zone().to_owned() }
    }
}
