//! The ticket with which a page's socket is passed on: for one run, over one line, and good for half a minute. What it
//! holds is the session.
//!
//! Not here: who carries it where.

use domain::id::RunId;
use domain::secret::Secret;
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::vault::{Vault, mac};

/// What the keys are for: one seals tickets, the other shows that one was opened.
const SEALS: &str = "live views at another coordinator: tickets";
const SHOWS: &str = "live views at another coordinator: that a ticket was opened";
/// How long a ticket is good, and how far two clocks may be apart.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(30);

/// What one ticket is for.
#[derive(Clone, Copy)]
pub(super) struct Passage {
    pub(super) run: RunId,
    /// The line of the run's agent, at the coordinator that the ticket is for.
    pub(super) line: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    session: String,
    at: Timestamp,
}

impl Passage {
    /// Makes a ticket of a session.
    pub(super) fn seal(self, vault: &Vault, session: &str, now: Timestamp) -> Option<Vec<u8>> {
        let ticket = Ticket { session: session.to_owned(), at: now };
        let ticket = Secret::new(serde_json::to_string(&ticket).ok()?);
        vault.shared_key(SEALS).seal(&self.context(), &ticket).ok()
    }

    /// The session in a ticket; none if it is for something else, of another fleet, or too old.
    pub(super) fn open(self, vault: &Vault, sealed: &[u8], now: Timestamp) -> Option<String> {
        let ticket = vault.shared_key(SEALS).open(&self.context(), sealed).ok()?;
        let ticket: Ticket = serde_json::from_str(ticket.expose()).ok()?;
        (now.duration_since(ticket.at).abs() <= GOOD_FOR).then_some(ticket.session)
    }

    fn context(self) -> String {
        format!("a live view of {} over {}", self.run, self.line)
    }
}

/// What only a coordinator of the fleet can say of a ticket that it was shown.
pub(super) fn proof(vault: &Vault, sealed: &[u8]) -> Hmac<Sha256> {
    let mut mac = mac(&vault.derived_key(SHOWS));
    mac.update(sealed);
    mac
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn vault(key: u8) -> Vault {
        Vault::open(&Secret::new(STANDARD.encode([key; 32])), "".as_ref()).expect("a vault")
    }

    fn passage(run: u128, line: u128) -> Passage {
        Passage { run: RunId(Uuid::from_u128(run)), line: Uuid::from_u128(line) }
    }

    #[test]
    fn a_ticket_opens_for_its_run_over_its_line_at_a_coordinator_of_the_fleet() {
        let now = Timestamp::UNIX_EPOCH;
        let sealed = passage(1, 2).seal(&vault(7), "session", now).expect("a ticket");
        let open = |key, run, line| passage(run, line).open(&vault(key), &sealed, now);
        assert_eq!(open(7, 1, 2).as_deref(), Some("session"));
        assert_eq!(open(7, 3, 2), None, "another run's");
        assert_eq!(open(7, 1, 3), None, "another line's");
        assert_eq!(open(8, 1, 2), None, "another fleet's");
    }

    #[test]
    fn a_ticket_is_good_for_half_a_minute_whichever_clock_is_ahead() {
        let (now, vault) = (Timestamp::UNIX_EPOCH, vault(7));
        let sealed = passage(1, 2).seal(&vault, "session", now).expect("a ticket");
        let is_good = |seconds| passage(1, 2).open(&vault, &sealed, now + SignedDuration::from_secs(seconds)).is_some();
        assert!([-30, 0, 30].into_iter().all(is_good));
        assert!(![-31, 31, 3600].into_iter().any(is_good));
    }

    #[test]
    fn that_a_ticket_was_opened_is_shown_by_another_key_than_seals_it() {
        let (vault, sealed) = (vault(7), b"a ticket");
        assert_ne!(vault.derived_key(SEALS), vault.derived_key(SHOWS));
        let shown = proof(&vault, sealed).finalize().into_bytes();
        assert!(proof(&vault, sealed).verify_slice(&shown).is_ok());
        assert!(proof(&vault, b"another").verify_slice(&shown).is_err());
    }
}
