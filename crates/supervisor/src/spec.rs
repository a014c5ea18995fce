//! What to run under supervision: a program with its arguments, environment, output, and what to clear up after it.
//!
//! Not the running of it. What is set here applies to the child; the supervisor merely passes it on.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::order::{OWN_EXECUTABLE, Watch};
use crate::{ARG, ScratchDir};

/// Where one of the child's outputs goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Output {
    /// To where the parent's goes.
    #[default]
    Inherit,
    /// To nowhere.
    Null,
    /// To the parent, which must keep reading it: a child that writes to a pipe that nobody reads stops, or dies.
    Piped,
}

/// A program to run under supervision, put together like a [`std::process::Command`].
#[derive(Debug, Clone)]
pub struct Spec {
    order: Watch,
    env: Vec<(OsString, OsString)>,
    env_clear: bool,
    current_dir: Option<PathBuf>,
    stdout: Output,
    stderr: Output,
    supervised_by: PathBuf,
}

impl Spec {
    /// A program, looked up in `PATH` if it is a mere name. Name the program itself, not a shell wrapper around it.
    pub fn new(program: impl Into<OsString>) -> Self {
        Spec {
            order: Watch { grace: Duration::ZERO, remove: Vec::new(), program: program.into(), args: Vec::new() },
            env: Vec::new(),
            env_clear: false,
            current_dir: None,
            stdout: Output::Inherit,
            stderr: Output::Inherit,
            supervised_by: OWN_EXECUTABLE.into(),
        }
    }

    /// One more argument. Any user of the machine can read arguments, so no secrets.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.order.args.push(arg.into());
        self
    }

    /// More arguments.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.order.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// One more variable in the environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Keeps the parent's environment, and the secrets in it, from the child: it gets what [`env`](Self::env) gives it.
    pub fn env_clear(mut self) -> Self {
        self.env_clear = true;
        self
    }

    /// The folder that the child starts in.
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.current_dir = Some(dir.into());
        self
    }

    /// Where its standard output goes.
    pub fn stdout(mut self, output: Output) -> Self {
        self.stdout = output;
        self
    }

    /// Where its standard error goes.
    pub fn stderr(mut self, output: Output) -> Self {
        self.stderr = output;
        self
    }

    /// Ends the child with `SIGTERM` first, and `SIGKILL` only after this long, unless it is killed by name.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.order.grace = grace;
        self
    }

    /// Removes this folder after the child's last descendant is gone. Its owner should keep it until then.
    pub fn remove(mut self, dir: &ScratchDir) -> Self {
        self.order.remove.push(dir.path().to_owned());
        self
    }

    /// Uses another executable than this process's own as the supervisor; its `main` calls
    /// [`run_if_asked`](crate::run_if_asked). For tests, whose `main` isn't theirs.
    pub fn supervised_by(mut self, executable: impl Into<PathBuf>) -> Self {
        self.supervised_by = executable.into();
        self
    }

    pub(crate) fn program(&self) -> &Path {
        Path::new(&self.order.program)
    }

    pub(crate) fn supervisor(&self) -> &Path {
        &self.supervised_by
    }

    pub(crate) fn grace_time(&self) -> Duration {
        self.order.grace
    }

    pub(crate) fn removals(&self) -> &[PathBuf] {
        &self.order.remove
    }

    /// The command that starts the supervisor, with its end of the socket as standard input.
    pub(crate) fn command(&self, socket: OwnedFd) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.supervised_by);
        if self.env_clear {
            command.env_clear();
        }
        if let Some(dir) = &self.current_dir {
            command.current_dir(dir);
        }
        command
            .arg(ARG)
            .args(self.order.to_args())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(socket))
            .stdout(self.stdout.stdio())
            .stderr(self.stderr.stdio());
        command
    }
}

impl Output {
    fn stdio(self) -> Stdio {
        match self {
            Output::Inherit => Stdio::inherit(),
            Output::Null => Stdio::null(),
            Output::Piped => Stdio::piped(),
        }
    }
}
