//! The options that say what portals are driven with: browsers, and who drives them. Agents of a fleet and authors have
//! the same.
//!
//! Not here: which driver a portal is driven with.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use domain::driver::{DriverKind, Drivers};

use crate::cdp::{BrowserLimits, BrowserSettings, Browsers, FindError, Sandbox, Window};
use crate::openers::Openers;
use crate::webdriver::{self, RemoteEnd, Webdriver, WebdriverError, WebdriverSettings};

/// What portals are driven with.
#[derive(Debug, Args)]
pub struct BrowserArguments {
    /// A folder for browsers' profiles, which don't outlive them.
    #[arg(long, env = "BURSAR_AGENT_DATA")]
    data: Option<PathBuf>,
    /// The browser: a program's path or name.
    #[arg(long, env = "BURSAR_BROWSER")]
    browser: Option<PathBuf>,
    /// Chromium's own sandbox. Off only where something else is the sandbox.
    #[arg(long, value_enum, env = "BURSAR_BROWSER_SANDBOX")]
    browser_sandbox: Option<Switch>,
    /// Who drives browsers over WebDriver: a program that is started for each session, such
    /// as `chromedriver` or `geckodriver`, or the URL of a remote end, such as a Grid's.
    #[arg(long, env = "BURSAR_WEBDRIVER")]
    webdriver: Option<RemoteEnd>,
    /// The browser that is driven over WebDriver: a program's path or name; of a remote end
    /// `chrome` or `firefox`. Found by the driver's name unless given.
    #[arg(long, env = "BURSAR_WEBDRIVER_BROWSER")]
    webdriver_browser: Option<PathBuf>,
    /// The address of this machine by which the browsers of a remote end reach it: they have
    /// no other way to a portal than through the agent.
    #[arg(long, env = "BURSAR_WEBDRIVER_WAY_OUT", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    webdriver_way_out: IpAddr,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Why there is nothing to drive portals with.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// Chromium refuses its sandbox to root.
    #[error("the browser's sandbox can't be on for the user root")]
    SandboxedRoot,
    /// There is no browser.
    #[error(transparent)]
    NoBrowser(#[from] FindError),
    /// Nobody drives browsers over WebDriver.
    #[error("the driver webdriver needs to know who drives the browsers")]
    NoWebdriver,
    /// What it takes for WebDriver isn't there.
    #[error(transparent)]
    Webdriver(#[from] WebdriverError),
}

impl BrowserError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SandboxedRoot => {
                "run the agent as another user, or set BURSAR_BROWSER_SANDBOX=off where the container is the sandbox"
            }
            Self::NoBrowser(error) => error.hint(),
            Self::NoWebdriver => "name a program such as chromedriver, or a URL, with --webdriver",
            Self::Webdriver(error) => error.hint(),
        }
    }
}

impl BrowserArguments {
    /// What sessions are opened with, by these `drivers`; a shared browser may hold so many bytes of memory.
    pub(crate) fn openers(&self, drivers: Drivers, memory: u64, window: Window) -> Result<Openers, BrowserError> {
        let has = |kind| drivers.iter().any(|driver| driver == kind);
        // Without a browser there is nothing that could be in a sandbox.
        let sandbox = if drivers.iter().all(|kind| kind == DriverKind::Http) { Sandbox::On } else { self.sandbox()? };
        let path = std::env::var_os("PATH");
        let find = match window {
            Window::None => BrowserSettings::find,
            Window::Shown => BrowserSettings::find_with_window,
        };
        let found = find(self.browser.as_deref(), path.as_deref());
        // What isn't there isn't missed by whoever doesn't use it.
        let program = if has(DriverKind::Cdp) { found? } else { found.unwrap_or_default() };
        let profiles = self.profiles();
        let webdriver = match has(DriverKind::Webdriver) {
            true => Some(Webdriver::new(self.webdriver_settings(sandbox, profiles.clone())?)),
            false => None,
        };
        let limits = BrowserLimits::new(memory);
        let settings = BrowserSettings { program, sandbox, window, profiles, limits, supervised_by: None };
        // Fails only if another was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Openers::new(drivers, Browsers::new(settings), webdriver))
    }

    /// The browser's program, and whether it has its sandbox.
    pub(crate) fn found(&self) -> Result<(PathBuf, Sandbox), BrowserError> {
        let program = BrowserSettings::find(self.browser.as_deref(), std::env::var_os("PATH").as_deref())?;
        Ok((program, self.sandbox()?))
    }

    /// Where folders of browsers are made.
    pub(crate) fn profiles(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(default_data).join("profiles")
    }

    /// The browsers that a person uses: one with a window where there is one, even if it isn't shown, as it draws by itself.
    pub(crate) fn browsers(&self, memory: u64, window: Window) -> Result<Browsers, BrowserError> {
        let (sandbox, path) = (self.sandbox()?, std::env::var_os("PATH"));
        let with_window = BrowserSettings::find_with_window(self.browser.as_deref(), path.as_deref());
        let program = match window {
            Window::Shown => with_window?,
            Window::None => with_window.or_else(|_| BrowserSettings::find(self.browser.as_deref(), path.as_deref()))?,
        };
        let profiles = self.profiles();
        let limits = BrowserLimits::new(memory);
        Ok(Browsers::new(BrowserSettings { program, sandbox, window, profiles, limits, supervised_by: None }))
    }

    fn webdriver_settings(&self, sandbox: Sandbox, profiles: PathBuf) -> Result<WebdriverSettings, BrowserError> {
        let path = std::env::var_os("PATH");
        let end = self.webdriver.clone().ok_or(BrowserError::NoWebdriver)?.found(path.as_deref())?;
        if end.is_overheard() {
            tracing::warn!("the remote end is spoken to in plain text; passwords go that way");
        }
        let browser = webdriver::Browser::find(self.webdriver_browser.as_deref(), &end, path.as_deref())?;
        let way_out = self.webdriver_way_out;
        Ok(WebdriverSettings { end, browser, sandbox, profiles, way_out, supervised_by: None })
    }

    fn sandbox(&self) -> Result<Sandbox, BrowserError> {
        let is_root = rustix::process::geteuid().is_root();
        match (self.browser_sandbox, is_root) {
            (Some(Switch::Off), _) => {
                tracing::warn!("the browser's sandbox is off, by a setting");
                Ok(Sandbox::Off)
            }
            (_, true) => Err(BrowserError::SandboxedRoot),
            (Some(Switch::On) | None, false) => Ok(Sandbox::On),
        }
    }
}

/// A folder of this user's own: one that anybody may write to could be prepared.
fn default_data() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let folder = cache.filter(|path| path.is_absolute()).or_else(home);
    folder.unwrap_or_else(std::env::temp_dir).join("bursar-agent")
}
