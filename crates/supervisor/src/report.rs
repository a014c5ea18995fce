//! What a supervisor says to its parent: one line each for the start and for the end.
//!
//! Not what the child says; its output never comes this way.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// One line on the socket from a supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// The program runs; its process id is that of its group too.
    Started(u32),
    /// The program could not be started, with the system's error number.
    Failed(i32),
    /// The child ended with this status, all its descendants are gone, and the folders too.
    Ended(ExitStatus),
}

impl Report {
    /// A failure to start, with whatever number the error has.
    pub(crate) fn failed(error: &io::Error) -> Self {
        Report::Failed(error.raw_os_error().unwrap_or(0))
    }

    /// Reads a line; anything that a supervisor doesn't say is `None`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        match line.split_once(' ')? {
            ("started", pid) => pid.parse().ok().map(Report::Started),
            ("failed", errno) => errno.parse().ok().map(Report::Failed),
            ("ended", raw) => raw.parse().ok().map(|raw| Report::Ended(ExitStatus::from_raw(raw))),
            _ => None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Started(pid) => write!(f, "started {pid}"),
            Report::Failed(errno) => write!(f, "failed {errno}"),
            Report::Ended(status) => write!(f, "ended {}", status.into_raw()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_reads_back() {
        for report in [Report::Started(42), Report::Failed(2), Report::Ended(ExitStatus::from_raw(9))] {
            assert_eq!(Report::parse(&report.to_string()), Some(report));
        }
    }

    #[test]
    fn other_output_is_no_report() {
        for line in ["", "started", "started x", "running 3 tests", "ended "] {
            assert_eq!(Report::parse(line), None);
        }
    }
}
