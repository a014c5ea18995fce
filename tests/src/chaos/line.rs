//! The line between an agent and its browser: a program that an agent starts in a browser's place.
//! It starts the real one and leads the DevTools socket through a [`Proxy`], which stalls and is
//! cut by signals, while the browser itself goes on and hears nothing of it.
//!
//! ```text
//! agent ── DevTools ──▶ line (proxy) ── DevTools ──▶ browser
//!               SIGTSTP: nothing passes · SIGCONT: everything does · SIGHUP: it is cut
//! ```
//!
//! It is told by signals since the agent gives its browsers nothing but a profile folder: they need
//! no place that both know, and there is nothing of them left. The browser is in the line's process
//! group, so that whoever ends the group ends both, and each of them ends with the other.
//!
//! Not here: when it is stalled or cut (`fault`), and how bytes are held back (`proxy`).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::proxy::{End, Proxy};
use crate::programs::built;

/// The program's name. Agents leave out what only browsers with windows need of a program that is
/// called so; the line adds it where its browser needs it.
pub const PROGRAM: &str = "chromium-headless-shell-on-a-line";

/// In this order browsers are looked for on the path, as agents do.
const KNOWN: [&str; 5] = ["chromium-headless-shell", "chrome-headless-shell", "chromium", "google-chrome", "chrome"];

/// What the browser is called beside the name that the line was started by.
const BROWSER: &str = "browser";

/// What a browser says of its DevTools socket.
const LISTENING: &str = "DevTools listening on ws://";

/// What a line is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Let nothing pass, and let neither side know.
    Stall,
    /// Let everything pass, also what waited.
    Pass,
    /// End every connection that there is.
    Cut,
}

impl Order {
    /// The signal that says it.
    #[must_use]
    pub fn signal(self) -> Signal {
        match self {
            Self::Stall => Signal::TSTP,
            Self::Pass => Signal::CONT,
            Self::Cut => Signal::HUP,
        }
    }

    fn kind(self) -> SignalKind {
        SignalKind::from_raw(self.signal().as_raw())
    }
}

/// Makes a folder from which agents start lines to the browser that they would start themselves;
/// the program to give them.
///
/// # Errors
/// Where there is no browser, or no such program.
pub fn lay(folder: &Path) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder)?;
    let line = folder.join(PROGRAM);
    std::os::unix::fs::symlink(built(PROGRAM)?, &line)?;
    // Its environment won't tell the line which one; what lies beside it does.
    std::os::unix::fs::symlink(find()?, folder.join(BROWSER))?;
    Ok(line)
}

/// Starts the browser beside `started_by` with these arguments and leads its DevTools socket
/// through a proxy until it ends; how it ended.
///
/// # Errors
/// What the system says when the browser can't be started or there is no port.
pub async fn run(started_by: &Path, arguments: impl Iterator<Item = String>) -> std::io::Result<ExitStatus> {
    // Before there is a browser: whoever sees one may tell its line something.
    let mut stalls = signal(Order::Stall.kind())?;
    let mut passes = signal(Order::Pass.kind())?;
    let mut cuts = signal(Order::Cut.kind())?;
    let program = std::fs::read_link(started_by.with_file_name(BROWSER))?;
    let mut command = Command::new(&program);
    command.args((!is_shell(&program)).then_some("--headless=new")).args(arguments);
    let mut browser = command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let stderr = browser.stderr.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    // One that ends without having listened has nothing that could be led anywhere.
    let Some(proxy) = listening(stderr).await? else { return browser.wait().await };
    loop {
        tokio::select! {
            Some(()) = stalls.recv() => proxy.stall(),
            Some(()) = passes.recv() => proxy.pass(),
            Some(()) = cuts.recv() => proxy.cut(),
            ended = browser.wait() => return ended,
        }
    }
}

/// Passes on what the browser says until it listens, with the proxy's port in place of its own; the
/// proxy, if it does listen.
async fn listening(stderr: ChildStderr) -> std::io::Result<Option<Proxy>> {
    let (mut said, mut out) = (BufReader::new(stderr), std::io::stderr());
    let mut line = Vec::new();
    loop {
        line.clear();
        if said.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line);
        let Some((address, path)) = address_in(&text) else {
            out.write_all(&line)?;
            continue;
        };
        let proxy = Proxy::to(vec![End::Tcp(address)]).await?;
        writeln!(out, "{LISTENING}{}/{path}", proxy.address())?;
        // Agents read no further; a pipe that nobody reads would stop the browser.
        tokio::spawn(async move { tokio::io::copy(&mut said, &mut tokio::io::sink()).await });
        return Ok(Some(proxy));
    }
}

/// Where a browser listens and under what path, if a line of it says so.
fn address_in(said: &str) -> Option<(std::net::SocketAddr, &str)> {
    let (address, path) = said.trim().strip_prefix(LISTENING)?.split_once('/')?;
    Some((address.parse().ok()?, path))
}

/// Whether the browser is the small one that has no window at all.
fn is_shell(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    name.contains("headless-shell") || name.contains("headless_shell")
}

/// The browser that agents would start here.
fn find() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let on_path = |name: &Path| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    let found = match std::env::var_os("BURSAR_BROWSER").map(PathBuf::from) {
        Some(named) if named.components().count() > 1 => {
            std::path::absolute(named).ok().filter(|named| named.is_file())
        }
        Some(named) => on_path(&named),
        None => KNOWN.iter().find_map(|name| on_path(Path::new(name))),
    };
    let hint = "`cargo xtask setup` installs one (Debian: apt install chromium-headless-shell)";
    found.ok_or_else(|| format!("there is no browser, or not the one that BURSAR_BROWSER names\nhint: {hint}").into())
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_line_in_which_a_browser_says_where_it_listens_is_found() {
        let said = "DevTools listening on ws://127.0.0.1:34567/devtools/browser/4f0c-11\n";
        let address = ([127, 0, 0, 1], 34567).into();
        assert_eq!(address_in(said), Some((address, "devtools/browser/4f0c-11")));
        for other in ["", "\n", "No usable sandbox!\n", "DevTools listening on ws://nowhere/devtools\n"] {
            assert_eq!(address_in(other), None, "{other:?}");
        }
    }
}
