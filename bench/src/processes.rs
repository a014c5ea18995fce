//! What the system says of processes: the memory of a tree, zombies, and which of them draw
//! pages.
//!
//! Not here: their CPU time (`tests::usage`); starting or ending any, but for signals that a fault is made of.

use ::tests::programs::descendants;
use ::tests::usage::own_cpu_seconds;
use rustix::process::{Pid, Signal, kill_process};

/// The memory of a process and of all below it, in MiB; what several share is counted once.
pub(crate) fn memory_mib(pid: u32) -> f64 {
    tree(pid).filter_map(kibibytes).sum::<f64>() / 1024.0
}

/// The memory of a process without those below it, in MB.
pub(crate) fn memory_alone_mb(pid: u32) -> f64 {
    kibibytes(pid).unwrap_or_default() * 1024.0 / 1e6
}

/// What a client and the browsers that it drives hold, in MB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) client: f64,
    pub(crate) browser: f64,
}

/// What everything below `keeper` holds: browsers, and the rest.
pub(crate) fn held(keeper: u32) -> Held {
    let mut held = Held { client: 0.0, browser: 0.0 };
    for pid in descendants(keeper) {
        let megabytes = kibibytes(pid).unwrap_or_default() * 1024.0 / 1e6;
        if is_browser(pid) {
            held.browser += megabytes;
        } else {
            held.client += megabytes;
        }
    }
    held
}

/// By its name, which a browser's processes share; its driver has a name of its own.
fn is_browser(pid: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name.trim();
    name != "chromedriver" && ["chrom", "headless_shell"].iter().any(|part| name.contains(part))
}

fn kibibytes(pid: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.split_whitespace().next()?.parse().ok()
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
    let worked = |pid: &u32| own_cpu_seconds(*pid);
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

#[cfg(test)]
mod tests {
    use super::{memory_mib, zombies};

    #[test]
    fn this_process_holds_memory_and_is_no_zombie() {
        let pid = std::process::id();
        assert!(memory_mib(pid) > 1.0);
        assert_eq!(zombies([pid]), 0);
    }
}
