//! What a family of processes uses: memory of each that lives, and processor time of all that ever did.
//!
//! Memory is the proportional set size, which counts a page that many share once among them. A process that hides its
//! maps, as a sandboxed one does from anyone but root, is counted by what it holds that comes from no file; the program
//! itself, which all of them share, is left out then.
//!
//! Not what it is allowed to use, and not what to do when that is exceeded.

use std::fs;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, getpid};

use crate::family;

/// One process and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// The process.
    pub pid: u32,
    /// How many bytes of memory it holds.
    pub bytes: u64,
}

/// How long processors have worked for this process and all its descendants. Those that ended count as soon as their
/// parent has reaped them, so what is read later is hardly ever less.
///
/// Reads a file of every process: not for a thread that may not block.
pub fn cpu_time() -> Duration {
    let own = getpid();
    let family = family::descendants(own).into_iter().chain([own]);
    let ticks = family.filter_map(|pid| read(pid, "stat")).filter_map(|stat| ticks(&stat)).sum::<u64>();
    Duration::from_millis(ticks.saturating_mul(1000) / clock_ticks_per_second().max(1))
}

/// What each of the family of `child` holds.
pub(crate) fn weigh(child: Pid) -> Vec<Weight> {
    let weight = |pid: Pid| {
        let exact = read(pid, "smaps_rollup").and_then(|text| kilobytes(&text, &["Pss:"]));
        let rough = || read(pid, "status").and_then(|text| kilobytes(&text, &["RssAnon:", "RssShmem:"]));
        let bytes = exact.or_else(rough)? * 1024;
        Some(Weight { pid: pid.as_raw_pid().unsigned_abs(), bytes })
    };
    family::members(child).into_iter().filter_map(weight).collect()
}

fn read(pid: Pid, file: &str) -> Option<String> {
    let bytes = fs::read(format!("/proc/{}/{file}", pid.as_raw_pid())).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Its own ticks and those of its reaped children, in user and system: the fields 14 to 17 of `stat`.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<u64> =
        after_name.split_ascii_whitespace().skip(11).take(4).map(|field| field.parse().unwrap_or(0)).collect();
    (fields.len() == 4).then(|| fields.iter().sum())
}

/// The sum of the lines that begin with these words; none if one is missing.
fn kilobytes(text: &str, names: &[&str]) -> Option<u64> {
    let value = |name: &&str| {
        let line = text.lines().find_map(|line| line.strip_prefix(*name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    names.iter().map(value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_a_processs_own_and_that_of_children_that_it_reaped() {
        let stat = "12 (a) b) S 34 12 12 0 -1 4194560 1 2 3 4 100 20 3000 -1 20 0 5 0 99 0 0";
        assert_eq!(ticks(stat), Some(100 + 20 + 3000));
        assert_eq!(ticks("12 (a) S 34"), None);
    }

    #[test]
    fn memory_is_read_from_the_lines_that_tell_it() {
        let status = "Name:\ta\nVmRSS:\t   900 kB\nRssAnon:\t     100 kB\nRssFile:\t 790 kB\nRssShmem:\t      10 kB\n";
        assert_eq!(kilobytes(status, &["RssAnon:", "RssShmem:"]), Some(110));
        assert_eq!(kilobytes("5581-7ff [rollup]\nRss: 90 kB\nPss:     64 kB\nPss_Dirty: 1 kB\n", &["Pss:"]), Some(64));
        assert_eq!(kilobytes("Name: a\n", &["Pss:"]), None);
    }

    #[test]
    fn this_process_has_worked_and_holds_memory() {
        let before = cpu_time();
        // A tick is ten milliseconds on most machines, so it may not have worked for one yet.
        let mut sum = 0_u64;
        while cpu_time() == before {
            sum = (0..100_000).fold(sum, |sum, number| sum.wrapping_add(number));
        }
        assert!(cpu_time() > before, "{sum}");
        let own = weigh(getpid()).into_iter().find(|weight| weight.pid == std::process::id());
        // It is a member of its own group only if it leads one.
        assert!(own.is_none_or(|own| own.bytes > 0));
    }
}
