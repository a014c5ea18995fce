//! A client of the browser's that isn't the agent's: `headless_chrome`, which starts the browser in its own way and waits for each
//! answer. What it can't do either is not the agent's fault.
//!
//! Not here: anything that drives a portal.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use headless_chrome::protocol::cdp::Page::CaptureScreenshotFormatOption;
use headless_chrome::{Browser, LaunchOptions};

use crate::cdp::Sandbox;
use crate::chromium::SWITCHES;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// Shows a page, takes a picture of it, and clicks on it; what went wrong, in words.
pub(super) fn look(program: &Path, sandbox: Sandbox, page: &str) -> Result<Vec<u8>, String> {
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
