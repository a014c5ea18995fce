//! What the demo and the tests need beside a Rust toolchain with its linker: found, or installed where
//! that can be done, or else named with the command that installs it.
//!
//! Not here: building anything (`geckodriver.rs`); what comes from PyPI (`tools.rs`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program from outside of this repository.
pub(crate) struct Need {
    what: &'static str,
    /// What shows that it is there.
    sign: Sign,
    /// The Debian package that brings it.
    package: &'static str,
}

enum Sign {
    /// Any one of these programs.
    Programs(&'static [&'static str]),
    /// What Python has to import without complaint.
    Python(&'static str),
}

const BROWSER: Need = Need {
    what: "a Chromium",
    sign: Sign::Programs(&["chromium-headless-shell", "chromium", "google-chrome"]),
    package: "chromium-headless-shell",
};
// Drivers work with browsers that could have a window alone.
const CHROMIUM: Need = Need {
    what: "a Chromium with a window",
    sign: Sign::Programs(&["chromium", "google-chrome"]),
    package: "chromium",
};
const CHROMEDRIVER: Need =
    Need { what: "Chromium's driver", sign: Sign::Programs(&["chromedriver"]), package: "chromium-driver" };
const FIREFOX: Need =
    Need { what: "a Firefox", sign: Sign::Programs(&["firefox-esr", "firefox"]), package: "firefox-esr" };
const REDIS: Need = Need { what: "redis-server", sign: Sign::Programs(&["redis-server"]), package: "redis-server" };
const POSTGRES: Need = Need { what: "PostgreSQL's server", sign: Sign::Programs(&["initdb"]), package: "postgresql" };
const PYTHON: Need = Need {
    what: "Python with its virtual environments",
    // Debian takes the second one out of Python, and then the first one makes nothing.
    sign: Sign::Python("import venv, ensurepip"),
    package: "python3-venv",
};
// The chaos suite gives agents other clocks.
const FAKETIME: Need = Need { what: "libfaketime", sign: Sign::Programs(&["faketime"]), package: "faketime" };
// Catalogs come from repositories, too.
const GIT: Need = Need { what: "git", sign: Sign::Programs(&["git"]), package: "git" };
// README.md's calls are run as they are written.
const CURL: Need = Need { what: "curl", sign: Sign::Programs(&["curl"]), package: "curl" };

const NODE: Need = Need { what: "Node", sign: Sign::Programs(&["node"]), package: "nodejs" };
const NPM: Need = Need { what: "npm", sign: Sign::Programs(&["npm"]), package: "npm" };

/// What the demo needs.
pub(crate) const FOR_DEMO: [Need; 2] = [BROWSER, REDIS];

/// What all tests need of the system.
pub(crate) const EVERYTHING: [Need; 12] =
    [BROWSER, CHROMIUM, CHROMEDRIVER, FIREFOX, REDIS, POSTGRES, PYTHON, CURL, FAKETIME, GIT, NODE, NPM];

/// What the benches beside peers from npm need beside all that.
pub(crate) const FOR_PEERS: [Need; 2] = [NODE, NPM];

/// Makes sure that all of it is there.
///
/// # Errors
/// The command that a person has to run, where this can't.
pub(crate) fn find_or_install(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.what).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    if find("apt-get").is_none() {
        let elsewhere = "install them with this system's package manager; on Debian 12 that is";
        return Err(format!("missing: {names}\nhint: {elsewhere}\n  {by_hand}"));
    }
    let Some(rights) = rights() else {
        return Err(format!("missing: {names}, and no right to install them\nhint: run as root:\n  {by_hand}"));
    };
    eprintln!("Installing {names}: {by_hand}");
    apt(rights, &["update"], &by_hand)?;
    let install = [&["install", "-y", "--no-install-recommends"], packages.as_slice()].concat();
    apt(rights, &install, &by_hand)?;
    match missing.iter().find(|need| !need.is_there()) {
        None => Ok(()),
        Some(need) => Err(format!("{} was installed and still can't be found\nhint: {by_hand}", need.package)),
    }
}

impl Need {
    fn is_there(&self) -> bool {
        match self.sign {
            Sign::Programs(programs) => programs.iter().any(|program| find(program).is_some()),
            Sign::Python(statement) => succeeds("python3", &["-c", statement]),
        }
    }
}

/// The program on the path, or where Debian keeps PostgreSQL's.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let folders = std::env::split_paths(&path).chain(versions.map(|version| version.path().join("bin")));
    folders.map(|folder| folder.join(program)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// What has to stand in front of a command that installs; none if nothing helps.
fn rights() -> Option<&'static [&'static str]> {
    let user = Command::new("id").arg("-u").output().map(|output| output.stdout).unwrap_or_default();
    if user.trim_ascii() == b"0" {
        return Some(&[]);
    }
    // Without asking for a password: this may run where nobody can type one.
    succeeds("sudo", &["-n", "true"]).then_some(&["sudo", "-n"])
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn apt(rights: &[&str], arguments: &[&str], by_hand: &str) -> Result<(), String> {
    // Through env, because sudo drops what it isn't told.
    let words = [rights, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"], arguments].concat();
    let (program, rest) = words.split_first().unwrap_or((&"apt-get", &[]));
    // Its talk is talk: stdout is for data.
    let status = Command::new(program).args(rest).stdin(Stdio::null()).stdout(std::io::stderr()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("apt-get {} failed\nhint: run it by hand to see why:\n  {by_hand}", arguments.join(" "))),
    }
}
