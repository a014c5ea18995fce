//! One agent as a process, between a coordinator that the test speaks for and a portal
//! of a few pages; and the script that it reads the portal by.
//!
//! Not here: what should come of it.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;
use url::Url;

use super::coordinator::Coordinator;
use super::process::{Agent, browser_in, signal_to, until};
use super::{PATIENCE, Portal};

/// A bank with one table and no transactions.
pub(crate) const SCRIPT: &str = r##"
script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
start: /login
patience: 5s
pages:
  login:
    when: { visible: "#password" }
    do:
      - { fill: "#user", with: credentials.bankUsername }
      - { fill: "#password", with: credentials.password }
      - { click: "#go", effect: password }
  code:
    when: { visible: "#code" }
    challenge: { kind: oneTimeCode, medium: sms, prompt: "#prompt" }
    do:
      - { fill: "#code", with: answer }
      - { click: "#go", effect: code }
  accounts:
    when: { visible: "#accounts" }
    goal: signed_in
reads:
  accounts:
    on: accounts
    table: "#accounts"
    columns: { name: Name, availableBalance: Balance }
    key: { attribute: id }
"##;

pub(crate) const LOGIN: &str = r#"<form action="/submit/next" method="post">
    <input id="user" name="user"><input id="password" name="password" type="password">
    <button id="go">Sign in</button></form>"#;
pub(crate) const CODE: &str = r#"<form action="/submit/accounts" method="post"><p id="prompt">Your code</p>
    <input id="code" name="code"><button id="go">Go on</button></form>"#;
pub(crate) const ACCOUNTS: &str = r#"<table id="accounts"><thead><tr><th>Name</th><th>Balance</th></tr></thead>
    <tbody><tr id="a1"><td>Operating</td><td>$1,234.50</td></tr></tbody></table>"#;
/// A page that no script knows, and that asks its portal for something all the time.
pub(crate) const BEATING: &str = "<h1>Wait</h1><script>setInterval(() => fetch('/beat'), 20)</script>";

/// An agent between a coordinator and a portal.
pub(crate) struct Stage {
    pub(crate) data: tempfile::TempDir,
    pub(crate) coordinator: Coordinator,
    pub(crate) portal: Portal,
    pub(crate) portal_url: Url,
    pub(crate) agent: Agent,
}

impl Stage {
    pub(crate) async fn new(portal: Portal) -> Self {
        Self::with(portal, Coordinator::new(), &[]).await
    }

    pub(crate) async fn with(portal: Portal, coordinator: Coordinator, more: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let portal_url = portal.serve().await;
        let agent = Agent::start(&coordinator.serve().await, data.path(), more);
        Self { data, coordinator, portal, portal_url, agent }
    }

    pub(crate) fn enqueue(&self, script: &str) {
        self.coordinator.enqueue(&self.portal_url, script);
    }

    pub(crate) fn beats(&self) -> usize {
        self.portal.asked().iter().filter(|asked| *asked == "GET beat").count()
    }

    /// Waits until a session is open at the portal.
    pub(crate) async fn beating(&self) {
        let beats = until(PATIENCE, || self.beats() > 2).await;
        assert!(beats, "no session at the portal:\n{}", self.agent.said());
    }

    /// Stops every process of the browser that runs.
    pub(crate) fn freeze_browser(&self) -> Vec<u32> {
        let browser = browser_in(self.data.path());
        browser.iter().for_each(|&pid| signal_to(pid, Signal::STOP));
        browser
    }

    /// How many profile folders there are, with what belongs to them.
    pub(crate) fn profiles(&self) -> usize {
        std::fs::read_dir(self.data.path().join("profiles")).map_or(0, Iterator::count)
    }

    /// Waits until the portal has heard nothing for a while; when it heard the last.
    pub(crate) async fn silence(&self) -> Instant {
        let (mut known, mut last) = (self.beats(), Instant::now());
        let silent = until(PATIENCE, || {
            let now = self.beats();
            if now != known {
                (known, last) = (now, Instant::now());
            }
            last.elapsed() > Duration::from_millis(500)
        });
        assert!(silent.await, "the portal still hears from the session");
        last
    }
}

/// The script that waits for a page which never shows.
pub(crate) fn patient() -> String {
    SCRIPT.replace("patience: 5s", "patience: 5m")
}
