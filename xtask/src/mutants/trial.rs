//! One suite in the copy: building it, and running one of its tests within a time. What a
//! test leaves running is ended, as a mutant may be one that leaves something.
//!
//! The whole workspace is named in every call, so that features are the same in each and
//! nothing is built twice. Not here: what the answers mean.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::list::suites::Suite;
use super::tree::Tree;
use crate::cargo::cargo;

/// Set for all that a test starts, so that it is known again; its value is this process.
const MARK: &str = "BURSAR_MUTANT";
/// How long a build may take; it has to fetch nothing.
const BUILD: Duration = Duration::from_secs(1_800);
/// How long one test may take.
pub(crate) const TEST: Duration = Duration::from_secs(180);
/// How long one may take that has leave to find a mutant by having no end. The same test has to
/// pass within it first.
pub(crate) const BOUND: Duration = Duration::from_secs(60);
/// How long tests wait for a condition that a mutant may keep from coming.
const PATIENCE: &str = "30";
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// One suite in the copy.
pub(crate) struct Trial<'a> {
    tree: &'a Tree,
    suite: Suite,
}

/// What a test said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    TimedOut,
    /// Nothing of that name ran to an end.
    None,
}

/// It is no program; the log says why.
pub(crate) struct NotBuilt;

impl<'a> Trial<'a> {
    pub(crate) fn new(tree: &'a Tree, suite: Suite) -> Self {
        Self { tree, suite }
    }

    /// Builds the suite with the programs that it starts.
    ///
    /// # Errors
    /// That cargo couldn't be asked.
    pub(crate) fn build(&self) -> Result<Result<(), NotBuilt>, String> {
        if !self.suite.programs.is_empty() {
            let mut programs = self.cargo("build");
            for program in self.suite.programs {
                programs.args(["--bin", program]);
            }
            if !self.run_for(programs, BUILD)?.is_some_and(|status| status.success()) {
                return Ok(Err(NotBuilt));
            }
        }
        let mut tests = self.cargo("test");
        tests.args(self.suite.target).arg("--no-run");
        let is_built = self.run_for(tests, BUILD)?.is_some_and(|status| status.success());
        Ok(if is_built { Ok(()) } else { Err(NotBuilt) })
    }

    /// Runs one test, for `time` at most.
    ///
    /// # Errors
    /// That cargo couldn't be asked, or its words be read.
    pub(crate) fn run(&self, test: &str, time: Duration) -> Result<Verdict, String> {
        let mut run = self.cargo("test");
        run.args(self.suite.target).args(["--", "--exact", test]);
        if std::env::var_os("BURSAR_TEST_PATIENCE").is_none() {
            run.env("BURSAR_TEST_PATIENCE", PATIENCE);
        }
        run.env(MARK, std::process::id().to_string());
        let ended = self.run_for(run, time)?;
        end_what_is_left(&self.tree.target());
        if ended.is_none() {
            return Ok(Verdict::TimedOut);
        }
        let said = fs::read(self.tree.log()).map_err(|error| format!("the log can't be read: {error}"))?;
        Ok(verdict(&String::from_utf8_lossy(&said), test))
    }

    /// Where the last test failed and how, so that a person sees whether it was the guard.
    pub(crate) fn reason(&self) -> Option<String> {
        let said = fs::read(self.tree.log()).ok()?;
        reason(&String::from_utf8_lossy(&said))
    }

    fn cargo(&self, verb: &str) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(self.tree.source()).args([verb, "--locked", "--workspace"]);
        // Nobody looks at a backtrace, and linking is quicker without what it takes.
        cargo.env("CARGO_TARGET_DIR", self.tree.target()).env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
    }

    /// How a call ended; none if its time was up before.
    fn run_for(&self, mut command: Command, time: Duration) -> Result<Option<ExitStatus>, String> {
        let log = File::create(self.tree.log()).and_then(|log| Ok((log.try_clone()?, log)));
        let (out, err) = log.map_err(|error| format!("{} can't be written: {error}", self.tree.log().display()))?;
        // A file and no pipe: what outlives the test would keep a pipe open.
        command.stdin(std::process::Stdio::null()).stdout(out).stderr(err);
        let mut child = command.spawn().map_err(|error| format!("cargo couldn't be started: {error}"))?;
        let until = Instant::now() + time;
        let status = loop {
            let ended = child.try_wait().map_err(|error| format!("cargo can't be waited for: {error}"))?;
            if ended.is_some() || Instant::now() >= until {
                break ended;
            }
            thread::sleep(BETWEEN_LOOKS);
        };
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        Ok(status)
    }
}

/// What the tests' own words say of one of them.
fn verdict(said: &str, test: &str) -> Verdict {
    let prefix = format!("test {test} ...");
    let line = said.lines().find_map(|line| line.strip_prefix(prefix.as_str()));
    match line.map(str::trim) {
        Some("ok") => Verdict::Passed,
        Some(line) if line.ends_with("FAILED") => Verdict::Failed,
        _ => Verdict::None,
    }
}

/// The first panic's place and the first line of what it said.
fn reason(said: &str) -> Option<String> {
    let (_, rest) = said.split_once(" panicked at ")?;
    let mut lines = rest.lines();
    let place = lines.next()?.trim_end_matches(':');
    let words: String = lines.next().unwrap_or_default().chars().take(120).collect();
    Some(format!("{place}: {words}"))
}

/// Ends every process that a trial started: its program is one that was built for trials, or
/// it was given the mark.
fn end_what_is_left(target: &Path) {
    let mark = format!("{MARK}={}", std::process::id());
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.filter_map(Result::ok) {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let is_built_here = fs::read_link(process.path().join("exe")).is_ok_and(|program| program.starts_with(target));
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let is_marked = environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
        if is_built_here || is_marked {
            kill(&id.to_string());
        }
    }
}

fn kill(whom: &str) {
    // It may be gone by itself.
    let _ = Command::new("kill").args(["-KILL", whom]).stderr(std::process::Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::{Verdict, reason, verdict};

    #[test]
    fn a_verdict_is_the_word_behind_the_very_test() {
        let check = |said: &str, expected| assert_eq!(verdict(said, "a::b"), expected, "{said}");
        check("running 1 test\ntest a::b ... ok\n", Verdict::Passed);
        check("running 1 test\ntest a::b ... FAILED\n", Verdict::Failed);
        check("running 0 tests\n", Verdict::None);
        check("test a::bc ... ok\n", Verdict::None);
        check("test a::b ... ", Verdict::None);
    }

    #[test]
    fn a_reason_is_the_place_of_a_panic_and_its_first_line() {
        let said = "---- a stdout ----\n\nthread 'a' (7) panicked at src/a.rs:1:2:\nno lease\nnote: more\n";
        assert_eq!(reason(said).as_deref(), Some("src/a.rs:1:2: no lease"));
        assert_eq!(reason("test a ... ok\n"), None);
    }
}
