//! Starting a Chromium: which one, with which switches, in which profile folder.
//!
//! The process lives under a supervisor, so that it and all that it starts end with
//! the agent, however the agent ends. Its environment is empty but for what it needs:
//! the agent's has the token in it.
//!
//! Not here: talking to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use supervisor::{Output, ScratchDir, SpawnError, Spec, Supervised};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::ChildStderr;
use tokio::time::timeout;

use super::frames::{self, Frames, Turn};
use super::limits::BrowserLimits;
use crate::chromium;

/// How long a browser has to say where it listens.
const START: Duration = Duration::from_secs(15);
/// How much of what it says before that is looked at.
const SAID_AT_MOST: u64 = 64 * 1024;
const LISTENING: &str = "DevTools listening on ";

/// In this order they are looked for on the path: the first costs the least.
const KNOWN: [&str; 5] = ["chromium-headless-shell", "chrome-headless-shell", "chromium", "google-chrome", "chrome"];

/// Which browser, and how it is started.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// The program.
    pub program: PathBuf,
    /// Whether Chromium's own sandbox is on.
    pub sandbox: Sandbox,
    /// Whether somebody looks on.
    pub window: Window,
    /// Where profile folders are made and swept.
    pub profiles: PathBuf,
    /// When one is worn.
    pub limits: BrowserLimits,
    /// An executable whose `main` calls `supervisor::run_if_asked`, if this process's
    /// own doesn't.
    pub supervised_by: Option<PathBuf>,
}

/// Chromium's own sandbox around the processes that read pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// It is on.
    On,
    /// It is off, by a setting.
    Off,
}

/// Whether the browser shows what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// It has no window.
    #[default]
    None,
    /// It has one, on the desk of whoever started it.
    Shown,
}

/// There is no browser to be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// None of those that are looked for is on the path.
    #[error("found no browser on the PATH; looked for {}", KNOWN.join(", "))]
    None,
    /// The one that was named isn't there.
    #[error("there is no browser at {}", .0.display())]
    NotThere(PathBuf),
}

/// Why a browser wasn't started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// No profile folder could be made.
    #[error("could not make a profile folder in {}", folder.display())]
    Profile {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The process couldn't be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// It has no way to make its sandbox.
    #[error("{} has no usable sandbox on this machine", .0.display())]
    NoSandbox(PathBuf),
    /// It ended instead of listening.
    #[error("{} ended before it listened", .0.display())]
    Ended(PathBuf),
    /// It runs, and doesn't listen in time.
    #[error("{} didn't say where it listens", .0.display())]
    Silent(PathBuf),
    /// It listens and doesn't answer.
    #[error("{} doesn't answer", .0.display())]
    NoAnswer(PathBuf),
}

/// A browser process that listens.
pub(super) struct Launched {
    pub(super) process: Supervised,
    pub(super) url: String,
    pub(super) profile: ScratchDir,
}

impl BrowserSettings {
    /// The browser that `named` names, or the first that is found on `path`.
    ///
    /// # Errors
    /// [`FindError`] when there is none.
    pub fn find(named: Option<&Path>, path: Option<&std::ffi::OsStr>) -> Result<PathBuf, FindError> {
        let folders: Vec<PathBuf> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        let on_path = |name: &Path| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
        match named {
            Some(named) if named.components().count() > 1 => {
                named.is_file().then(|| named.to_owned()).ok_or(FindError::NotThere(named.to_owned()))
            }
            Some(named) => on_path(named).ok_or(FindError::NotThere(named.to_owned())),
            None => KNOWN.iter().find_map(|name| on_path(Path::new(name))).ok_or(FindError::None),
        }
    }

    /// The same of those that have a window.
    ///
    /// # Errors
    /// [`FindError`] when there is none.
    pub fn find_with_window(named: Option<&Path>, path: Option<&std::ffi::OsStr>) -> Result<PathBuf, FindError> {
        let known = KNOWN.iter().filter(|name| !name.contains("headless"));
        let found = || known.map(|name| Self::find(Some(Path::new(name)), path)).find_map(Result::ok);
        if named.is_some() { Self::find(named, path) } else { found().ok_or(FindError::None) }
    }

    /// Whether the program is the small one that has no window at all.
    fn is_shell(&self) -> bool {
        let name = self.program.file_name().unwrap_or_default().to_string_lossy();
        name.contains("headless-shell") || name.contains("headless_shell")
    }

    /// Who says when the pages of a browser draw.
    pub(super) fn frames(&self) -> Frames {
        if self.is_shell() { Frames::OnDemand(Turn::default()) } else { Frames::OfBrowser }
    }

    fn switches(&self, profile: &Path) -> Vec<String> {
        let mut switches: Vec<String> = chromium::SWITCHES.iter().map(|&switch| switch.to_owned()).collect();
        switches.push("--remote-debugging-port=0".into());
        switches.push(format!("--user-data-dir={}", profile.display()));
        if !self.is_shell() && self.window == Window::None {
            switches.push("--headless=new".into());
        }
        if self.frames().are_on_demand() {
            switches.extend(frames::SWITCHES.map(str::to_owned));
        }
        if self.sandbox == Sandbox::Off {
            switches.push("--no-sandbox".into());
        }
        // A window of the browser's own would stand on the desk beside the one that is opened.
        switches.push(if self.window == Window::Shown { "--no-startup-window" } else { "about:blank" }.into());
        switches
    }
}

impl FindError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None => "install one (Debian: apt install chromium-headless-shell) or name it with --browser",
            Self::NotThere(_) => "name the program itself with --browser or BURSAR_BROWSER",
        }
    }
}

impl LaunchError {
    /// Whether another may start where this one didn't.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Ended(_) | Self::Silent(_) | Self::NoAnswer(_))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Profile { .. } => "name a folder that can be written to with --data",
            Self::Spawn(_) => "see that the program can be executed",
            Self::NoSandbox(_) => {
                "allow user namespaces to the agent's user, or set BURSAR_BROWSER_SANDBOX=off where the container is the sandbox"
            }
            Self::Ended(_) | Self::Silent(_) | Self::NoAnswer(_) => {
                "run the program by hand with --remote-debugging-port=0 and see what it says"
            }
        }
    }
}

/// Starts a browser and returns once it listens.
pub(super) async fn launch(settings: &BrowserSettings) -> Result<Launched, LaunchError> {
    let folder = settings.profiles.clone();
    let profile = ScratchDir::create(&folder, "chromium").map_err(|source| LaunchError::Profile { folder, source })?;
    let home = profile.path();
    let mut spec = Spec::new(&settings.program)
        .args(settings.switches(home))
        .env_clear()
        .env("HOME", home)
        // What it leaves in temporary folders goes with the profile.
        .env("TMPDIR", home)
        .stdout(Output::Null)
        .stderr(Output::Piped)
        .remove(&profile);
    // The desk, where there is to be a window on it.
    let desk: &[&str] = match settings.window {
        Window::None => &[],
        Window::Shown => &["DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"],
    };
    for name in chromium::ENVIRONMENT.iter().chain(desk) {
        if let Some(value) = std::env::var_os(name) {
            spec = spec.env(name, value);
        }
    }
    if let Some(executable) = &settings.supervised_by {
        spec = spec.supervised_by(executable);
    }
    let mut process = Supervised::spawn(spec).await?;
    let program = || settings.program.clone();
    let stderr = process.take_stderr().ok_or_else(|| LaunchError::Silent(program()))?;
    match timeout(START, listening(stderr)).await {
        Ok(Ok(url)) => Ok(Launched { process, url, profile }),
        Ok(Err(said)) if said.contains("No usable sandbox") || said.contains("without --no-sandbox") => {
            Err(LaunchError::NoSandbox(program()))
        }
        Ok(Err(_)) => Err(LaunchError::Ended(program())),
        Err(_) => Err(LaunchError::Silent(program())),
    }
}

/// Where it listens; or, if it ended before, what it said.
async fn listening(stderr: ChildStderr) -> Result<String, String> {
    let mut reader = BufReader::new(stderr).take(SAID_AT_MOST);
    let mut said = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return Err(said),
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(url) = text.trim().strip_prefix(LISTENING) {
            // A pipe that nobody reads would stop it. What it says may come from pages,
            // so nobody looks.
            let mut rest = reader.into_inner();
            tokio::spawn(async move { tokio::io::copy(&mut rest, &mut tokio::io::sink()).await });
            return Ok(url.to_owned());
        }
        said.push_str(&text);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BrowserLimits, BrowserSettings, FindError, Sandbox, Window};

    #[test]
    fn the_browser_that_is_named_is_taken_and_no_other() {
        let path = std::env::temp_dir();
        let found = BrowserSettings::find(Some(Path::new("/nowhere/chromium")), Some(path.as_os_str()));
        assert_eq!(found, Err(FindError::NotThere("/nowhere/chromium".into())));
    }

    #[test]
    fn a_browser_on_a_desk_opens_no_window_of_its_own() {
        for (window, expected) in [(Window::Shown, "--no-startup-window"), (Window::None, "about:blank")] {
            let settings = BrowserSettings {
                program: "chromium".into(),
                sandbox: Sandbox::On,
                window,
                profiles: "profiles".into(),
                limits: BrowserLimits::new(1 << 30),
                supervised_by: None,
            };
            let switches = settings.switches(Path::new("profile"));
            assert_eq!(switches.last().map(String::as_str), Some(expected), "{switches:?}");
            assert_eq!(switches.iter().any(|switch| switch == "--headless=new"), window == Window::None);
        }
    }

    #[test]
    fn the_cheapest_browser_on_the_path_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(BrowserSettings::find(None, Some(folder.path().as_os_str())), Err(FindError::None));
        for name in ["google-chrome", "chromium", "chromium-headless-shell"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
            let found = BrowserSettings::find(None, Some(folder.path().as_os_str()));
            assert_eq!(found, Ok(folder.path().join(name)));
        }
    }
}
