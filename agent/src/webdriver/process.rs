//! Starting a driver's program, under a supervisor: it and the browsers that it starts
//! end with the agent, however the agent ends, and what they leave in folders goes too.
//!
//! One process for each session: geckodriver has no more, and what doesn't obey can be
//! killed without harm to others. Not here: talking to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use supervisor::{Output, ScratchDir, SpawnError, Spec, Supervised};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::time::timeout;
use url::Url;

use super::settings::WebdriverSettings;

/// How long a driver has to say where it listens.
const START: Duration = Duration::from_secs(15);
/// How much of what it says before that is looked at.
const SAID_AT_MOST: u64 = 64 * 1024;

/// A driver that listens.
pub(super) struct Running {
    pub(super) url: Url,
    pub(super) process: Supervised,
    /// Where its browser puts files, within the folder below.
    pub(super) files: PathBuf,
    /// Removed once the process is gone.
    _folder: ScratchDir,
}

/// Why a driver wasn't started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No folder for it could be made.
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
    /// It ended, or said nothing, instead of listening.
    #[error("{} didn't say where it listens", .0.display())]
    Silent(PathBuf),
}

impl StartError {
    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Profile { .. } => "name a folder that can be written to with --data",
            Self::Spawn(_) => "see that the program can be executed",
            Self::Silent(_) => "run the program by hand with --port=0 and see what it says",
        }
    }
}

/// Starts `program` and returns once it listens.
pub(super) async fn start(settings: &WebdriverSettings, program: &Path) -> Result<Running, StartError> {
    let base = settings.profiles.clone();
    let folder =
        ScratchDir::create(&base, "webdriver").map_err(|source| StartError::Profile { folder: base, source })?;
    let home = folder.path();
    let files = home.join("files");
    std::fs::create_dir(&files).map_err(|source| StartError::Profile { folder: files.clone(), source })?;
    let mut spec = Spec::new(program)
        .arg("--port=0")
        .env_clear()
        .env("HOME", home)
        // Profiles are made where temporary files are.
        .env("TMPDIR", home)
        .stdout(Output::Piped)
        // What it says may come from pages, so nobody looks.
        .stderr(Output::Null)
        .remove(&folder);
    if program.file_name().is_some_and(|name| name.to_string_lossy().contains("gecko")) {
        // Its other port would be the same for all.
        spec = spec.arg("--websocket-port=0");
    }
    for name in ["PATH", "LANG", "FONTCONFIG_FILE", "FONTCONFIG_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            spec = spec.env(name, value);
        }
    }
    if let Some(executable) = &settings.supervised_by {
        spec = spec.supervised_by(executable);
    }
    let silent = || StartError::Silent(program.to_owned());
    let mut process = Supervised::spawn(spec).await?;
    let stdout = process.take_stdout().ok_or_else(silent)?;
    let port = timeout(START, listening(stdout)).await.ok().flatten().ok_or_else(silent)?;
    let url = Url::parse(&format!("http://127.0.0.1:{port}/")).map_err(|_| silent())?;
    Ok(Running { url, process, files, _folder: folder })
}

/// The port that it says it listens on.
async fn listening(stdout: ChildStdout) -> Option<u16> {
    let mut reader = BufReader::new(stdout).take(SAID_AT_MOST);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if let Some(port) = port_in(&String::from_utf8_lossy(&line)) {
            // A pipe that nobody reads would stop it.
            let mut rest = reader.into_inner();
            tokio::spawn(async move { tokio::io::copy(&mut rest, &mut tokio::io::sink()).await });
            return Some(port);
        }
    }
}

/// chromedriver says `… started successfully on port 4711.`, geckodriver `Listening on
/// 127.0.0.1:4711`.
fn port_in(line: &str) -> Option<u16> {
    let (_, after) = line.split_once("successfully on port ").or_else(|| line.split_once("Listening on 127.0.0.1:"))?;
    after.trim().trim_end_matches('.').parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::port_in;

    #[test]
    fn a_driver_says_where_it_listens() {
        for (line, expected) in [
            ("ChromeDriver was started successfully on port 37463.", Some(37463)),
            ("1795650306111\tgeckodriver\tINFO\tListening on 127.0.0.1:44675\n", Some(44675)),
            ("Starting ChromeDriver 156.0.8078.108 (730482a) on port 0", None),
            ("Only local connections are allowed.", None),
        ] {
            assert_eq!(port_in(line), expected, "{line}");
        }
    }
}
