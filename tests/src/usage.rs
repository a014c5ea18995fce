//! The CPU time of processes, as the system counts it.
//!
//! Not here: their memory, which costs time to look at; benches do that.

use crate::programs::descendants;

/// The CPU time of a process and of all below it, in seconds, with those that have ended and
/// were waited for.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let tree = std::iter::once(pid).chain(descendants(pid));
    seconds(tree.filter_map(ticks).map(|ticks| ticks.iter().sum::<f64>()).sum())
}

/// The CPU time of a process alone, in seconds.
#[must_use]
pub fn own_cpu_seconds(pid: u32) -> f64 {
    seconds(ticks(pid).map_or(0.0, |[user, system, ..]| user + system))
}

#[expect(clippy::cast_precision_loss, reason = "there are a hundred in a second, or not many more")]
fn seconds(ticks: f64) -> f64 {
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// In user and system; and of the children that were waited for, in user and system.
fn ticks(pid: u32) -> Option<[f64; 4]> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11).map(|field| field.parse().unwrap_or(0.0));
    Some([fields.next()?, fields.next()?, fields.next()?, fields.next()?])
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, own_cpu_seconds};

    #[test]
    fn this_process_works() {
        let pid = std::process::id();
        let before = cpu_seconds(pid);
        // A tenth of a second of work, which takes at least that long.
        let mut sum = 0_u64;
        while cpu_seconds(pid) < before + 0.1 {
            sum = (0..100_000).fold(sum, |sum, number| sum.rotate_left(1) ^ number);
        }
        assert!(own_cpu_seconds(pid) > 0.0, "{sum}");
    }
}
