//! Who descends from a process, and who belongs to a group, as `/proc` shows it now.
//!
//! It reads `stat` of every process: the shorter `task/*/children` is missing from some kernels, and then strays would
//! be overlooked. Not a snapshot: processes come and go meanwhile, so whoever must catch all of them asks again.

use std::collections::HashMap;
use std::fs;

use rustix::process::Pid;

/// All descendants of a process, parents before their children.
pub(crate) fn descendants(ancestor: Pid) -> Vec<Pid> {
    let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for (pid, kin) in processes() {
        if let Some(parent) = kin.parent {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![ancestor];
    while let Some(parent) = next.pop() {
        // Taking them out also makes an inconsistent picture with a loop in it harmless.
        for child in children.remove(&parent).unwrap_or_default() {
            found.push(child);
            next.push(child);
        }
    }
    found
}

/// A process group and whatever else descends from its first process.
pub(crate) fn members(first: Pid) -> Vec<Pid> {
    let descendants = descendants(first);
    let group = processes().filter(|(pid, kin)| kin.group == Some(first) && !descendants.contains(pid));
    let group: Vec<Pid> = group.map(|(pid, _)| pid).collect();
    [group, descendants].concat()
}

/// Whether a process group has members that aren't dead; who is dead may wait long for being reaped.
pub(crate) fn lives(group: Pid) -> bool {
    processes().any(|(_, kin)| kin.group == Some(group) && !kin.dead)
}

/// What a process has to do with others.
#[derive(Debug, PartialEq, Eq)]
struct Kin {
    dead: bool,
    parent: Option<Pid>,
    group: Option<Pid>,
}

impl Kin {
    /// Reads `stat`: `pid (name) state parent group …`, where the name may hold anything.
    fn parse(stat: &str) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut fields = after_name.split_ascii_whitespace();
        let dead = matches!(fields.next()?, "Z" | "X");
        let parent = Pid::from_raw(fields.next()?.parse().ok()?);
        let group = Pid::from_raw(fields.next()?.parse().ok()?);
        Some(Kin { dead, parent, group })
    }
}

/// Every visible process.
fn processes() -> impl Iterator<Item = (Pid, Kin)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let stat = fs::read(entry.path().join("stat")).ok()?;
        Some((pid, Kin::parse(&String::from_utf8_lossy(&stat))?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stat: &str, expected: Option<Kin>) {
        assert_eq!(Kin::parse(stat), expected);
    }

    #[test]
    fn a_name_with_parentheses_and_blanks_is_no_trap() {
        let (parent, group) = (Pid::from_raw(34), Pid::from_raw(12));
        check("12 (a) R 7 (b) Z 34 12 12 0 -1", Some(Kin { dead: true, parent, group }));
        check("12 (a b) S 34 12 12 0 -1", Some(Kin { dead: false, parent, group }));
        check("1 (init) S 0 0 0 0 -1", Some(Kin { dead: false, parent: None, group: None }));
        check("nonsense", None);
        check("1 (cut short) S 0", None);
    }

    #[test]
    fn the_group_of_this_process_lives() {
        assert!(lives(rustix::process::getpgrp()));
    }

    #[test]
    fn this_process_descends_from_its_parent() {
        let parent = rustix::process::getppid().expect("a test has a parent");
        assert!(descendants(parent).contains(&rustix::process::getpid()));
    }
}
