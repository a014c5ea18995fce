//! The hidden command line: what a parent asks of its supervisor, and the supervisor of the process that becomes the child.
//!
//! Not the doing of it, which is in `watch` and `enter`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Pid;

use crate::{enter, watch};

/// What a supervisor exits with when it could not do its own part.
pub(crate) const EXIT_SUPERVISOR: i32 = 125;
/// What it exits with when the program could not be started; both are as in a shell.
pub(crate) const EXIT_NO_PROGRAM: i32 = 127;

/// Where this very executable is found, even after its file was replaced.
pub(crate) const OWN_EXECUTABLE: &str = "/proc/self/exe";

const WATCH: &str = "watch";
const ENTER: &str = "enter";

/// Start a program, stay beside it, and clear up after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watch {
    /// How long the group has between `SIGTERM` and `SIGKILL`; zero leaves out the `SIGTERM`.
    pub(crate) grace: Duration,
    pub(crate) remove: Vec<PathBuf>,
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
}

/// Become the program, tied to the supervisor's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Enter {
    pub(crate) supervisor: Pid,
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
}

impl Watch {
    /// The arguments that follow [`ARG`](crate::ARG).
    pub(crate) fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> =
            vec![WATCH.into(), self.grace.as_millis().to_string().into(), self.remove.len().to_string().into()];
        args.extend(self.remove.iter().map(OsString::from));
        args.push(self.program.clone());
        args.extend(self.args.iter().cloned());
        args
    }

    fn from_args(mut args: impl Iterator<Item = OsString>) -> Option<Self> {
        let grace = Duration::from_millis(number(&args.next()?)?);
        let count = number(&args.next()?)?;
        let remove = (0..count).map(|_| args.next().map(PathBuf::from)).collect::<Option<_>>()?;
        Some(Watch { grace, remove, program: args.next()?, args: args.collect() })
    }
}

impl Enter {
    /// The arguments that follow [`ARG`](crate::ARG).
    pub(crate) fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> =
            vec![ENTER.into(), self.supervisor.as_raw_pid().to_string().into(), self.program.clone()];
        args.extend(self.args.iter().cloned());
        args
    }

    fn from_args(mut args: impl Iterator<Item = OsString>) -> Option<Self> {
        let supervisor = Pid::from_raw(number(&args.next()?)?)?;
        Some(Enter { supervisor, program: args.next()?, args: args.collect() })
    }
}

/// Does what the arguments after [`ARG`](crate::ARG) say; the result is the exit code.
pub(crate) fn obey(mut args: impl Iterator<Item = OsString>) -> i32 {
    let Some(verb) = args.next() else {
        return EXIT_SUPERVISOR;
    };
    if verb == WATCH {
        Watch::from_args(args).map_or(EXIT_SUPERVISOR, |order| watch::run(&order))
    } else if verb == ENTER {
        Enter::from_args(args).map_or(EXIT_SUPERVISOR, |order| enter::run(&order))
    } else {
        EXIT_SUPERVISOR
    }
}

fn number<T: std::str::FromStr>(arg: &OsStr) -> Option<T> {
    arg.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_to_watch_survives_its_own_command_line() {
        let order = Watch {
            grace: Duration::from_millis(1500),
            remove: vec!["/tmp/a b".into(), "/tmp/--remove".into()],
            program: "watch".into(),
            args: vec!["--".into(), "".into(), "-x=1".into()],
        };
        assert_eq!(Watch::from_args(order.to_args().into_iter().skip(1)), Some(order));
    }

    #[test]
    fn an_order_to_enter_survives_its_own_command_line() {
        let order =
            Enter { supervisor: rustix::process::getpid(), program: "enter".into(), args: vec!["1".into(), "".into()] };
        assert_eq!(Enter::from_args(order.to_args().into_iter().skip(1)), Some(order));
    }

    #[test]
    fn an_order_that_makes_no_sense_is_refused() {
        for args in
            [vec![], vec!["dance"], vec!["watch"], vec!["watch", "0", "2", "/tmp/a"], vec!["enter", "0", "true"]]
        {
            assert_eq!(obey(args.into_iter().map(OsString::from)), EXIT_SUPERVISOR);
        }
    }
}
