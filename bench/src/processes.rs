//! What the system says of processes: the CPU time and the memory of a tree, zombies, and which
//! of them draw pages.
//!
//! Not here: starting or ending any, but for signals that a fault is made of.

use ::tests::programs::descendants;
use rustix::process::{Pid, Signal, kill_process};

/// The CPU time of a process and of all below it, in seconds, with those that have ended and
/// were waited for.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    let ticks: f64 = tree(pid).map(|pid| stat(pid).map_or(0.0, |fields| fields[11..15].iter().sum())).sum();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// The memory of a process and of all below it, in MiB; what several share is counted once.
pub(crate) fn memory_mib(pid: u32) -> f64 {
    let of = |pid: u32| -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse().ok()
    };
    tree(pid).filter_map(of).sum::<f64>() / 1024.0
}

/// How many of these have ended and were never waited for.
pub(crate) fn zombies(pids: impl IntoIterator<Item = u32>) -> usize {
    let state = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
    };
    pids.into_iter().filter(|&pid| state(pid)).count()
}

/// The process below `pid` that draws the page that has worked most.
pub(crate) fn busiest_renderer(pid: u32) -> Option<u32> {
    let draws = |pid: &u32| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--type=renderer"))
    };
    let worked = |pid: &u32| stat(*pid).map_or(0.0, |fields| fields[11] + fields[12]);
    descendants(pid).into_iter().filter(draws).max_by(|one, other| worked(one).total_cmp(&worked(other)))
}

/// Sends a signal; the process may have ended in between.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

fn tree(pid: u32) -> impl Iterator<Item = u32> {
    std::iter::once(pid).chain(descendants(pid))
}

/// The numbers of `/proc/<pid>/stat` behind the name, the state left out as zero; `utime` is the
/// eleventh.
fn stat(pid: u32) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<f64> = rest.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    (fields.len() > 15).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, memory_mib, zombies};

    #[test]
    fn this_process_works_and_holds_memory_and_is_no_zombie() {
        let pid = std::process::id();
        let before = cpu_seconds(pid);
        // A tenth of a second of work, which takes at least that long.
        let mut sum = 0_u64;
        while cpu_seconds(pid) < before + 0.1 {
            sum = (0..100_000).fold(sum, |sum, number| sum.rotate_left(1) ^ number);
        }
        assert!(memory_mib(pid) > 1.0, "{sum}");
        assert_eq!(zombies([pid]), 0);
    }
}
