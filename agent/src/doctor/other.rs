//! A client of the browser's that isn't the agent's: `headless_chrome`, which starts the browser in its own way and waits for each
//! answer. What it can't do either is not the agent's fault.
//!
//! Not here: anything that drives a portal.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use headless_chrome::protocol::cdp::Page::CaptureScreenshotFormatOption;
use headless_chrome::{Browser, LaunchOptions};

use crate::cdp::Sandbox;
use crate::chromium::SWITCHES;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// Shows a page, clicks on it, and takes a picture of it; what went wrong, in words.
pub(super) fn look(program: &Path, sandbox: Sandbox, page: &str) -> Result<Vec<u8>, String> {
    let options = LaunchOptions {
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
    tab.wait_for_element("#go").and_then(|button| button.click().map(|_| ())).map_err(|error| error.to_string())?;
    let text = tab
        .wait_for_element("#said")
        .and_then(|heading| heading.get_inner_text())
        .map_err(|error| error.to_string())?;
    if text != "Clicked" {
        return Err("a click on a button did nothing".to_owned());
    }
    tab.capture_screenshot(CaptureScreenshotFormatOption::Png, None, None, true).map_err(|error| error.to_string())
}
