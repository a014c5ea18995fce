//! Which remote end is spoken to, and which browser it is asked for.
//!
//! Not here: starting one ([`super::process`]); what a browser is asked to be like
//! ([`super::capabilities`]).

use std::convert::Infallible;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use url::Url;

use crate::cdp::Sandbox;

/// How sessions are opened over WebDriver.
#[derive(Clone, Debug)]
pub struct WebdriverSettings {
    /// Who drives the browsers.
    pub end: RemoteEnd,
    /// Which browser.
    pub browser: Browser,
    /// Whether Chromium's own sandbox is on.
    pub sandbox: Sandbox,
    /// Where profile folders are made.
    pub profiles: PathBuf,
    /// On which address of this machine sessions' ways out listen.
    pub way_out: IpAddr,
    /// An executable whose `main` calls `supervisor::run_if_asked`, if this process's
    /// own doesn't.
    pub supervised_by: Option<PathBuf>,
}

/// Who drives the browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteEnd {
    /// A program that is started for each session.
    Program(PathBuf),
    /// Somebody who runs already, such as a Selenium Grid.
    Url(Url),
}

/// A browser that is driven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Chromium or what is made from it; the program, where it is on this machine.
    Chromium(Option<PathBuf>),
    /// Firefox; the program, where it is on this machine.
    Firefox(Option<PathBuf>),
}

/// Settings that can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebdriverError {
    /// The driver isn't there.
    #[error("there is no driver {}", .0.display())]
    NoDriver(PathBuf),
    /// The browser isn't there.
    #[error("found no browser for {}; looked for {looked_for}", driver.display())]
    NoBrowser {
        /// For which driver.
        driver: PathBuf,
        /// By these names.
        looked_for: String,
    },
}

/// In this order they are looked for on the path; a browser without a window at all isn't
/// one that chromedriver works with.
const CHROMIUMS: [&str; 4] = ["chromium", "google-chrome", "google-chrome-stable", "chrome"];
const FIREFOXES: [&str; 2] = ["firefox-esr", "firefox"];

impl FromStr for RemoteEnd {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        Ok(url.map_or_else(|| Self::Program(text.into()), Self::Url))
    }
}

impl RemoteEnd {
    /// The same with the program found on `path`.
    ///
    /// # Errors
    /// [`WebdriverError::NoDriver`].
    pub fn found(self, path: Option<&OsStr>) -> Result<Self, WebdriverError> {
        match self {
            Self::Program(program) => find(&program, path).map(Self::Program).ok_or(WebdriverError::NoDriver(program)),
            Self::Url(_) => Ok(self),
        }
    }

    /// Whether this is spoken to in plain text over a network.
    #[must_use]
    pub fn is_overheard(&self) -> bool {
        let Self::Url(url) = self else { return false };
        let is_here = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        url.scheme() == "http" && !is_here
    }
}

impl Browser {
    /// The browser that `named` names for this end, or the first that is found on `path`.
    ///
    /// # Errors
    /// [`WebdriverError::NoBrowser`] when it has to be on this machine and isn't.
    pub fn find(named: Option<&Path>, end: &RemoteEnd, path: Option<&OsStr>) -> Result<Self, WebdriverError> {
        let says = |path: &Path, word: &str| path.file_name().is_some_and(|name| name.to_string_lossy().contains(word));
        let RemoteEnd::Program(driver) = end else {
            let is_firefox = named.is_some_and(|named| says(named, "firefox"));
            return Ok(if is_firefox { Self::Firefox(None) } else { Self::Chromium(None) });
        };
        let is_firefox = says(driver, "gecko") || named.is_some_and(|named| says(named, "firefox"));
        let known: &[&str] = if is_firefox { &FIREFOXES } else { &CHROMIUMS };
        let names = named.map_or_else(|| known.iter().map(PathBuf::from).collect(), |named| vec![named.to_owned()]);
        let found = names.iter().find_map(|name| find(name, path)).ok_or_else(|| WebdriverError::NoBrowser {
            driver: driver.clone(),
            looked_for: names.iter().map(|name| name.display().to_string()).collect::<Vec<_>>().join(", "),
        })?;
        Ok(if is_firefox { Self::Firefox(Some(found)) } else { Self::Chromium(Some(found)) })
    }
}

impl WebdriverError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoDriver(_) => {
                "name a driver's program (Debian: apt install chromium-driver; cargo install geckodriver) or a URL with --webdriver"
            }
            Self::NoBrowser { .. } => {
                "install one (Debian: apt install chromium, or firefox-esr) or name it with --webdriver-browser"
            }
        }
    }
}

fn find(program: &Path, path: Option<&OsStr>) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let mut folders = path.map(std::env::split_paths).into_iter().flatten();
    folders.find_map(|folder| Some(folder.join(program)).filter(|program| program.is_file()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Browser, RemoteEnd, WebdriverError};

    fn end(text: &str) -> RemoteEnd {
        text.parse().expect("an end")
    }

    #[test]
    fn an_address_is_no_program() {
        assert_eq!(end("chromedriver"), RemoteEnd::Program("chromedriver".into()));
        assert_eq!(end("/opt/geckodriver"), RemoteEnd::Program("/opt/geckodriver".into()));
        for (url, is_overheard) in [
            ("http://grid.example:4444/", true),
            ("https://grid.example/wd/hub", false),
            ("http://127.0.0.1:9515/", false),
            ("http://[::1]:9515/", false),
        ] {
            assert!(matches!(end(url), RemoteEnd::Url(_)), "{url}");
            assert_eq!(end(url).is_overheard(), is_overheard, "{url}");
        }
    }

    #[test]
    fn a_driver_gets_a_browser_that_it_can_drive() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["chromium-headless-shell", "chromium", "firefox", "geckodriver"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let path = Some(folder.path().as_os_str());
        let here = |name: &str| Some(folder.path().join(name));
        let find = |named: Option<&str>, text: &str| Browser::find(named.map(Path::new), &end(text), path);
        assert_eq!(find(None, "chromedriver"), Ok(Browser::Chromium(here("chromium"))));
        assert_eq!(find(None, "/opt/geckodriver"), Ok(Browser::Firefox(here("firefox"))));
        assert_eq!(find(Some("firefox"), "http://grid.example/"), Ok(Browser::Firefox(None)));
        assert_eq!(find(None, "http://grid.example/"), Ok(Browser::Chromium(None)));
        assert!(matches!(find(Some("chrome"), "chromedriver"), Err(WebdriverError::NoBrowser { .. })));
        assert_eq!(end("geckodriver").found(path), Ok(RemoteEnd::Program(folder.path().join("geckodriver"))));
        assert_eq!(end("chromedriver").found(path), Err(WebdriverError::NoDriver("chromedriver".into())));
    }
}
