//! What this process may use of its machine, and what it uses: CPUs from the affinity and
//! the control groups' quota, memory from the control groups and the kernel's own count.
//!
//! Everything is read from files, so it blocks for a moment. Not here: what follows from
//! it ([`crate::sizing`]).

use std::path::{Path, PathBuf};

use crate::sizing::Machine;

/// The machine as it is now.
#[must_use]
pub fn machine() -> Machine {
    // It honours the affinity and the quota of both versions of control groups.
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX));
    let Memory { total, available } = memory(Path::new("/"));
    Machine { cpus, memory: total, available }
}

/// What all CPUs of the machine have done since it was started, in ticks of its clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticks {
    /// Nothing.
    pub idle: u64,
    /// Nothing, or work for anybody.
    pub all: u64,
}

/// What the machine's CPUs have done until now.
#[must_use]
pub fn ticks() -> Ticks {
    parse_ticks(&read(Path::new("/proc/stat"))).unwrap_or_default()
}

/// Reads the first line of `stat`: `cpu user nice system idle iowait irq softirq steal …`;
/// what follows is counted in the first two already.
fn parse_ticks(stat: &str) -> Option<Ticks> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = fields.split_ascii_whitespace().take(8).filter_map(|field| field.parse().ok()).collect();
    let idle = fields.get(3)? + fields.get(4).unwrap_or(&0);
    Some(Ticks { idle, all: fields.iter().sum() })
}

/// How much memory there is, and how much of it is free or can be freed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    total: u64,
    available: u64,
}

/// What version 2 and version 1 of control groups call the same things.
struct Names {
    limit: &'static str,
    usage: &'static str,
    /// In `memory.stat`: of the usage what can be freed at once.
    reclaimable: &'static str,
}

const VERSION_2: Names = Names { limit: "memory.max", usage: "memory.current", reclaimable: "inactive_file" };
const VERSION_1: Names =
    Names { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", reclaimable: "total_inactive_file" };

/// The memory of the system below `root`, as far as this process may use it.
fn memory(root: &Path) -> Memory {
    let info = read(&root.join("proc/meminfo"));
    let of = |name: &str| value(&info, name).map_or(0, |kilobytes| kilobytes * 1024);
    let mut memory = Memory { total: of("MemTotal:"), available: of("MemAvailable:") };
    for (folder, names) in groups(root) {
        let Some(limit) = number(&folder.join(names.limit)) else { continue };
        let usage = number(&folder.join(names.usage)).unwrap_or(0);
        let reclaimable = value(&read(&folder.join("memory.stat")), names.reclaimable).unwrap_or(0);
        let room = limit.saturating_sub(usage.saturating_sub(reclaimable));
        memory.total = memory.total.min(limit);
        memory.available = memory.available.min(room);
    }
    memory
}

/// The folders of the control groups that bound this process's memory: its own and all
/// above it. In a container the own one may not be there, and one above is what counts.
fn groups(root: &Path) -> Vec<(PathBuf, &'static Names)> {
    let mut found = Vec::new();
    for line in read(&root.join("proc/self/cgroup")).lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let (base, names) = if controllers.is_empty() {
            (root.join("sys/fs/cgroup"), &VERSION_2)
        } else if controllers.split(',').any(|controller| controller == "memory") {
            (root.join("sys/fs/cgroup/memory"), &VERSION_1)
        } else {
            continue;
        };
        for group in Path::new(group.trim_start_matches('/')).ancestors() {
            found.push((base.join(group), names));
        }
    }
    found
}

/// A file's only number; none if it says `max` or isn't there.
fn number(path: &Path) -> Option<u64> {
    read(path).trim().parse().ok()
}

/// The number after `name` at the beginning of a line.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    })
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Memory, Ticks, machine, memory, parse_ticks};

    const INFO: &str = "MemTotal:       8000 kB\nMemFree:  1 kB\nMemAvailable:    6000 kB\n";

    /// A system with these files beside `INFO`: total and available, in kilobytes.
    fn check(files: &[(&str, &str)], expected: (u64, u64)) {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files.iter().chain(&[("proc/meminfo", INFO)]) {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(path, text).expect("a file");
        }
        let (total, available) = expected;
        let expected = Memory { total: total * 1024, available: available * 1024 };
        assert_eq!(memory(root.path()), expected, "{files:?}");
    }

    #[test]
    fn without_control_groups_the_kernel_says_it() {
        check(&[], (8000, 6000));
        check(&[("proc/self/cgroup", "0::/\n")], (8000, 6000));
    }

    #[test]
    fn the_narrowest_control_group_counts() {
        let own = ("proc/self/cgroup", "0::/pods/agent\n");
        let limit = ("sys/fs/cgroup/pods/agent/memory.max", "4096000\n");
        let usage = ("sys/fs/cgroup/pods/agent/memory.current", "1024000\n");
        let stat = ("sys/fs/cgroup/pods/agent/memory.stat", "anon 5\ninactive_file 512000\n");
        check(&[own, ("sys/fs/cgroup/pods/agent/memory.max", "max\n")], (8000, 6000));
        check(&[own, limit], (4000, 4000));
        check(&[own, limit, usage], (4000, 3000));
        check(&[own, limit, usage, stat], (4000, 3500));
        check(&[own, limit, ("sys/fs/cgroup/pods/memory.max", "2048000\n")], (2000, 2000));
    }

    #[test]
    fn in_a_container_the_group_may_be_mounted_as_the_root() {
        let own = ("proc/self/cgroup", "0::/system.slice/docker-1f.scope\n");
        check(&[own, ("sys/fs/cgroup/memory.max", "4096000\n")], (4000, 4000));
    }

    #[test]
    fn the_older_control_groups_are_understood() {
        let own = ("proc/self/cgroup", "9:name=systemd:/\n4:memory:/agents/a:b\n0::/\n");
        let limit = ("sys/fs/cgroup/memory/agents/a:b/memory.limit_in_bytes", "4096000\n");
        let usage = ("sys/fs/cgroup/memory/agents/a:b/memory.usage_in_bytes", "1024000\n");
        let stat = ("sys/fs/cgroup/memory/agents/a:b/memory.stat", "total_inactive_file 512000\n");
        check(&[own, limit, usage, stat], (4000, 3500));
        check(&[own, ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")], (8000, 6000));
    }

    #[test]
    fn a_cpu_that_waits_for_a_disk_is_idle_and_one_that_was_stolen_is_not() {
        let stat = "cpu  10 1 5 100 20 2 3 4 10 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(parse_ticks(stat), Some(Ticks { idle: 120, all: 145 }));
        assert_eq!(parse_ticks("cpu0 1 1 1 1\n"), None);
    }

    #[test]
    fn this_machine_has_a_cpu_and_memory() {
        let machine = machine();
        assert!(machine.cpus > 0 && machine.memory >= machine.available && machine.available > 0, "{machine:?}");
    }
}
