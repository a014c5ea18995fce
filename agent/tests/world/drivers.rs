//! The drivers that sessions are tried with, each with a browser of this machine.
//!
//! Not here: what all of them should do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent::cdp::Sandbox;
use agent::driver::Session;
use agent::egress::Egress;
use agent::gate::Gate;
use agent::hosts::Hosts;
use agent::webdriver::{Browser, RemoteEnd, Webdriver, WebdriverSettings};
use protocol::lease::AllowLoopback;
use url::Url;

/// Where `cargo xtask setup` puts what it builds.
pub(crate) fn geckodriver() -> String {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/cargo/bin/geckodriver");
    if built.is_file() { built.display().to_string() } else { "geckodriver".into() }
}

/// A driver's program, or a URL, by which sessions are opened; profiles are in `folder`.
pub(crate) fn webdriver(end: &str, folder: &Path) -> Webdriver {
    let path = std::env::var_os("PATH");
    let end: RemoteEnd = end.parse().expect("an end");
    let end = end.found(path.as_deref());
    let end = end.unwrap_or_else(|error| panic!("{error}\nhint: `cargo xtask setup` installs what is missing"));
    let browser = Browser::find(None, &end, path.as_deref());
    let browser = browser.unwrap_or_else(|error| panic!("{error}\nhint: `cargo xtask setup` installs what is missing"));
    let root = rustix::process::geteuid().is_root();
    let _ = rustls::crypto::ring::default_provider().install_default();
    Webdriver::new(WebdriverSettings {
        end,
        browser,
        sandbox: if root { Sandbox::Off } else { Sandbox::On },
        profiles: folder.to_owned(),
        way_out: [127, 0, 0, 1].into(),
        supervised_by: Some(PathBuf::from(env!("CARGO_BIN_EXE_agent"))),
    })
}

/// A session with `portal` under `gate`.
pub(crate) async fn session(webdriver: &Webdriver, portal: &Url, gate: Gate) -> agent::webdriver::Session {
    let hosts = Hosts::new(portal, &[], AllowLoopback::Yes);
    let egress = Arc::new(Egress::open(hosts, gate.clone()).await.expect("a port"));
    webdriver.session(gate, egress, portal.clone()).await.expect("a session")
}

/// Every process that names `folder`, whoever's.
pub(crate) fn left_in(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().expect("a plain name");
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    let found = entries.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_in = String::from_utf8_lossy(&line).contains(folder);
        entry.file_name().to_str()?.parse().ok().filter(|_| is_in)
    });
    found.collect()
}

/// What ends a session, whichever driver's.
pub(crate) async fn end(session: &dyn Session) {
    session.ending().end().await;
}
