//! What a connection gets of its own, so that a bank's codes reach it alone: an e-mail alias that is made for it, and a
//! number out of the pool. Both go back when the connection ends, and aren't given again for a while.
//!
//! The provisioner is a background role that gives numbers to those for whom there was none.
//!
//! Not here: what comes in there (`inbound`).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Error, Fleet};
use crate::clock;
use crate::store::Supply;
use crate::vault::random;

/// How many connections get a number in one round.
const AT_ONCE: u32 = 100;

/// How many syllables an alias has: 6.3 bits each, so that nobody guesses one.
const SYLLABLES: usize = 10;

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 5] = b"aeiou";

/// Gives numbers to connections that wait for one.
pub struct Provisioner {
    fleet: Arc<Fleet>,
    /// How many waited when that was last said.
    told: u64,
}

impl Provisioner {
    /// A provisioner that has said nothing.
    #[must_use]
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self { fleet, told: 0 }
    }

    /// One round.
    ///
    /// # Errors
    /// [`Error`]; the next round begins where this one ended.
    pub async fn run_once(&mut self) -> Result<(), Error> {
        let (fleet, now) = (&self.fleet, clock::now());
        let numbers = fleet.config.pools.numbers.len();
        let counts = fleet.store.pool_counts().await?;
        if numbers > 0 && counts.awaited > 0 {
            let given = fleet.store.allocate_awaited(&fleet.supply(now, None), AT_ONCE, now).await?;
            if given > 0 {
                tracing::info!(given, "connections that waited for a number have one");
            } else if counts.awaited != self.told {
                tracing::warn!(
                    awaited = counts.awaited,
                    numbers,
                    hint = "add numbers to pools.numbers, or revoke connections that aren't needed any more",
                    "connections wait for a number, and none is free"
                );
            }
        }
        self.told = counts.awaited;
        let gauge = |state: &'static str, count: u64| {
            metrics::gauge!("bursar_pool_numbers", "state" => state)
                .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        };
        gauge("configured", u64::try_from(numbers).unwrap_or(u64::MAX));
        gauge("allocated", counts.allocated);
        gauge("released", counts.released);
        gauge("awaited", counts.awaited);
        Ok(())
    }
}

impl Fleet {
    /// What there is for a connection now, with an alias that was made for it.
    pub(super) fn supply(&self, now: Timestamp, alias: Option<String>) -> Supply {
        let quarantine = SignedDuration::try_from(self.config.pools.quarantine).unwrap_or(SignedDuration::MAX);
        let given_back_before = now.checked_sub(quarantine).unwrap_or(Timestamp::MIN);
        Supply { alias, numbers: self.config.pools.numbers.clone(), given_back_before }
    }

    /// An e-mail alias that nobody has; none where there is no domain for them.
    pub(super) fn alias(&self) -> Result<Option<String>, Error> {
        let Some(domain) = &self.config.pools.email.domain else { return Ok(None) };
        let letters = syllables(random::<{ SYLLABLES * 2 }>()?.as_slice());
        Ok(Some(format!("{letters}@{domain}")))
    }
}

/// Syllables that one can say on the phone, in groups of two.
fn syllables(bytes: &[u8]) -> String {
    let mut letters = String::new();
    for (index, pair) in bytes.chunks_exact(2).enumerate() {
        if index > 0 && index % 2 == 0 {
            letters.push('-');
        }
        // 16 and 5: of the second, 255 in place of 256 values are even, and the last counts as the first.
        for (set, byte) in [(&CONSONANTS[..], pair[0]), (&VOWELS[..], pair[1] % 255)] {
            letters.push(char::from(set[usize::from(byte) % set.len()]));
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::syllables;

    #[test]
    fn an_alias_is_made_of_syllables() {
        assert_eq!(syllables(&[0, 0, 15, 4, 16, 5, 255, 254]), "bazu-bazu");
        assert_eq!(syllables(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 0]), "defi-gohu-ja");
    }
}
