//! A client of the browser's that isn't the agent's: `headless_chrome`, which starts the browser in its own way and waits for each
//! answer. What it can't do either is not the agent's fault.
//!
//! It works in a process of its own, under the supervisor: it leaves a browser behind that never speaks, and that ends with it.
//!
//! Not here: anything that drives a portal.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use headless_chrome::protocol::cdp::Page::CaptureScreenshotFormatOption;
use headless_chrome::{Browser, LaunchOptions};
use serde::{Deserialize, Serialize};
use supervisor::{Output, ScratchDir, Spec, Supervised};
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::cdp::Sandbox;
use crate::chromium::{ENVIRONMENT, SWITCHES};
use crate::pictures::is_blank;

/// How much of what the process says is read.
const SAID_AT_MOST: u64 = 64 * 1024;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// What it saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Seen {
    /// A page with something on it, which took a click.
    Drawn,
    /// The same without a letter on it.
    Blank,
    /// Why nothing was seen.
    Nothing(String),
}

/// Has a process of its own look, which is gone afterwards with whatever it started.
pub(super) async fn seen(program: &Path, sandbox: Sandbox, page: &str, folder: &Path, longest: Duration) -> Seen {
    match asked(program, sandbox, page, folder, longest).await {
        Ok(seen) => seen,
        Err(why) => Seen::Nothing(why),
    }
}

async fn asked(program: &Path, sandbox: Sandbox, page: &str, folder: &Path, longest: Duration) -> Result<Seen, String> {
    let said = |error: std::io::Error| error.to_string();
    let home = ScratchDir::create(folder, "doctor").map_err(said)?;
    let sandbox = if sandbox == Sandbox::On { "on" } else { "off" };
    let mut spec = Spec::new(std::env::current_exe().map_err(said)?)
        .args(["doctor", "--other-client", page, "--browser-sandbox", sandbox, "--browser"])
        .arg(program)
        .env_clear()
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .stdout(Output::Piped)
        .stderr(Output::Null)
        .remove(&home);
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            spec = spec.env(name, value);
        }
    }
    let mut process = Supervised::spawn(spec).await.map_err(|error| error.to_string())?;
    let mut told = String::new();
    let read = async {
        match process.take_stdout() {
            Some(stdout) => stdout.take(SAID_AT_MOST).read_to_string(&mut told).await.map(|_| ()),
            None => Ok(()),
        }
    };
    let came = timeout(longest, read).await;
    process.kill().await;
    match came {
        Ok(Ok(())) => serde_json::from_str(&told).map_err(|_| "its process ended and said nothing".to_owned()),
        Ok(Err(error)) => Err(said(error)),
        Err(_) => Err("the browser never answered it".to_owned()),
    }
}

/// Looks, in this process.
pub(super) fn look(program: &Path, sandbox: Sandbox, page: &str) -> Seen {
    match picture(program, sandbox, page) {
        Ok(png) if is_blank(&png) => Seen::Blank,
        Ok(_) => Seen::Drawn,
        Err(why) => Seen::Nothing(why),
    }
}

/// Shows a page, takes a picture of it, and clicks on it; what went wrong, in words.
fn picture(program: &Path, sandbox: Sandbox, page: &str) -> Result<Vec<u8>, String> {
    // With a port that is named it tries once, and doesn't start one browser after the other.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let options = LaunchOptions {
        port: Some(port.map_err(|error| error.to_string())?.port()),
        path: Some(program.to_owned()),
        sandbox: sandbox == Sandbox::On,
        args: SWITCHES.iter().map(OsStr::new).collect(),
        idle_browser_timeout: ANSWER,
        ignore_certificate_errors: false,
        ..LaunchOptions::default()
    };
    let browser = Browser::new(options).map_err(|error| error.to_string())?;
    let tab = browser.new_tab().map_err(|error| error.to_string())?;
    tab.set_default_timeout(ANSWER);
    tab.navigate_to(page).and_then(|tab| tab.wait_until_navigated()).map_err(|error| error.to_string())?;
    let text = tab.wait_for_element("#said").map_err(|error| error.to_string())?;
    let before = tab.capture_screenshot(CaptureScreenshotFormatOption::Png, None, None, true);
    text.click().map_err(|error| error.to_string())?;
    // What is shown has no size where there are no letters, so it is asked for and not looked at.
    let said = tab.evaluate("said.textContent", false).map_err(|error| error.to_string())?;
    if said.value.as_ref().and_then(|value| value.as_str()) != Some("Clicked") {
        return Err("a click did nothing".to_owned());
    }
    before.map_err(|error| error.to_string())
}
