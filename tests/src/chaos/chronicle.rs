//! What coordinators and agents wrote down of leases, declarations and completions, read from
//! their talk.
//!
//! Not here: what follows from it.

use std::collections::BTreeMap;

use super::world::World;

/// A fence: generation and counter.
pub type Fence = (u64, u64);

/// One line that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds of the Unix epoch, by the clock of who wrote it.
    pub at_ms: u64,
    /// The run.
    pub run: String,
    /// The fence.
    pub fence: Fence,
    /// What it is.
    pub what: What,
}

/// What is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The run was leased.
    Leased {
        /// Whose run it is.
        connection: String,
    },
    /// A password is about to be submitted.
    Password,
    /// A code is about to be submitted.
    Code,
    /// An agent was told that its records were accepted.
    Accepted,
}

/// All of it, by time.
#[derive(Debug, Default)]
pub struct Chronicle {
    /// The entries.
    pub entries: Vec<Entry>,
    /// How many runs succeeded, by what coordinators say.
    pub succeeded: usize,
    /// How often a run failed, by the failure's code.
    pub failures: BTreeMap<String, usize>,
}

impl Chronicle {
    /// What this world's programs wrote down so far.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut chronicle = Self::default();
        for (_, talk) in world.talks() {
            talk.lines().for_each(|line| chronicle.add(line));
        }
        chronicle.entries.sort_by_key(|entry| entry.at_ms);
        chronicle
    }

    /// The connection of each run that was leased.
    #[must_use]
    pub fn connections(&self) -> BTreeMap<&str, &str> {
        let leased = self.entries.iter().filter_map(|entry| match &entry.what {
            What::Leased { connection } => Some((entry.run.as_str(), connection.as_str())),
            _ => None,
        });
        leased.collect()
    }

    fn add(&mut self, line: &str) {
        if line.contains("a run succeeded") {
            self.succeeded += 1;
        }
        if line.contains("a run failed") {
            *self.failures.entry(field(line, "code").unwrap_or_default().to_owned()).or_default() += 1;
        }
        self.entries.extend(entry(line));
    }
}

fn entry(line: &str) -> Option<Entry> {
    let what = if line.contains("leased a run") {
        What::Leased { connection: field(line, "connection_id")?.to_owned() }
    } else if line.contains("an effect is about to happen") {
        match field(line, "effect")? {
            "password" => What::Password,
            "code" => What::Code,
            _ => return None,
        }
    } else if line.contains("completed accounts=") {
        What::Accepted
    } else {
        return None;
    };
    let at: jiff::Timestamp = line.split_whitespace().next()?.parse().ok()?;
    let (generation, counter) = field(line, "fence")?.split_once('.')?;
    let fence = (generation.parse().ok()?, counter.parse().ok()?);
    Some(Entry { at_ms: at.as_millisecond().try_into().ok()?, run: field(line, "run_id")?.to_owned(), fence, what })
}

/// The value of a field as logs show it.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let begins = format!("{name}=");
    let at = line.match_indices(&begins).map(|(at, _)| at).find(|&at| {
        // Not the end of a longer name.
        line.get(..at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '{']))
    })?;
    let rest = line.get(at + begins.len()..)?;
    rest.split([' ', '}']).next().map(|value| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::{Chronicle, What, entry};

    #[test]
    fn lines_of_coordinators_and_agents_are_read() {
        let leased = "2026-11-20T10:00:00.250000Z  INFO coordinator::fleet::acquire: leased a run run_id=r1 connection_id=c1 fence=2.7 agent=\"agent-1.1\" kind=sync attempt=1";
        let read = entry(leased).expect("an entry");
        assert_eq!((read.at_ms % 1_000, read.run.as_str(), read.fence), (250, "r1", (2, 7)));
        assert_eq!(read.what, What::Leased { connection: "c1".into() });
        let declared = "2026-11-20T10:00:01Z  INFO request{route=\"/agent/v1/leases/{run_id}/intents\" run_id=\"r1\"}: coordinator::fleet::intent: an effect is about to happen run_id=r1 fence=2.7 effect=password";
        assert_eq!(entry(declared).map(|entry| entry.run), Some("r1".to_owned()));
        assert_eq!(entry(declared).map(|entry| entry.what), Some(What::Password));
        let accepted = "2026-11-20T10:00:02Z  INFO run{run_id=r1 connection_id=c1 fence=2.7 institution=harbour}: agent::slot: completed accounts=3 failed=0";
        assert_eq!(entry(accepted).map(|entry| (entry.what, entry.fence)), Some((What::Accepted, (2, 7))));
        assert_eq!(entry("2026-11-20T10:00:02Z  INFO something else fence=2.7"), None);
    }

    #[test]
    fn runs_that_end_are_counted() {
        let mut chronicle = Chronicle::default();
        chronicle.add("2026-11-20T10:00:02Z  INFO coordinator::fleet::complete: a run succeeded run_id=r1 accounts=3");
        chronicle.add("2026-11-20T10:00:02Z  WARN coordinator::fleet::fail: a run failed run_id=r1 code=net.reset stage=login again=true");
        assert_eq!((chronicle.succeeded, chronicle.failures.get("net.reset")), (1, Some(&1)));
    }
}
