//! What a browser is asked to be like: headless, with one way out, and with no traffic,
//! prompts or memory of its own.
//!
//! Not here: which browser ([`super::settings`]).

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::settings::{Browser, WebdriverSettings};
use crate::cdp::Sandbox;
use crate::chromium;

/// The capabilities of a session whose way out is at `proxy`. A Firefox puts what is to be kept into `files`, and without
/// that keeps nothing; a Chromium is told by its own protocol when a file is wanted.
pub(super) fn capabilities(
    settings: &WebdriverSettings,
    proxy: SocketAddr,
    files: Option<&Path>,
) -> Map<String, Value> {
    let mut asked = Map::new();
    let mut ask = |name: &str, value: Value| asked.insert(name.to_owned(), value);
    ask("acceptInsecureCerts", json!(false));
    // Whoever waits for a document asks the document: a command that waits for one would
    // wait past what a page's patience allows.
    ask("pageLoadStrategy", json!("none"));
    // Longer than anything is waited for: each command has a deadline of our own.
    ask("timeouts", json!({ "script": 120_000, "pageLoad": 60_000, "implicit": 0 }));
    ask("unhandledPromptBehavior", json!("dismiss"));
    match &settings.browser {
        Browser::Chromium(program) => {
            ask("browserName", json!("chrome"));
            // Loopback isn't let past the proxy either.
            ask("proxy", socks(proxy, &["<-loopback>"]));
            let mut options = json!({
                "args": switches(settings, proxy),
                "prefs": {
                    "download_restrictions": 3,
                    "credentials_enable_service": false,
                    "profile.password_manager_enabled": false,
                },
            });
            if let Some(program) = program {
                options["binary"] = json!(program);
            }
            ask("goog:chromeOptions", options);
        }
        Browser::Firefox(program) => {
            ask("browserName", json!("firefox"));
            ask("proxy", socks(proxy, &[]));
            let mut options = json!({
                "args": ["-headless", "-width", "1280", "-height", "1024"],
                "prefs": preferences(files),
            });
            if let Some(program) = program {
                options["binary"] = json!(program);
            }
            ask("moz:firefoxOptions", options);
        }
    }
    asked
}

/// The kinds of files that Firefox would otherwise show, or ask somebody about.
const KEPT: &str = "application/xml,text/xml,text/csv,text/plain,application/octet-stream,application/x-ofx,\
    application/vnd.intu.qfx,application/zip,application/json";

fn socks(proxy: SocketAddr, past: &[&str]) -> Value {
    json!({ "proxyType": "manual", "socksProxy": proxy.to_string(), "socksVersion": 5, "noProxy": past })
}

fn switches(settings: &WebdriverSettings, proxy: SocketAddr) -> Vec<String> {
    let known = chromium::SWITCHES.iter().map(|&switch| match switch.strip_suffix("EXCLUDE 127.0.0.1") {
        // The proxy's own name is the only one that the browser looks up.
        Some(rule) => format!("{rule}EXCLUDE {}", proxy.ip()),
        None => switch.to_owned(),
    });
    let mut switches: Vec<String> = known.collect();
    switches.extend(["--headless=new".into(), "--window-size=1280,1024".into()]);
    if settings.sandbox == Sandbox::Off {
        switches.push("--no-sandbox".into());
    }
    switches
}

/// What [`chromium::SWITCHES`] are to Chromium.
fn preferences(files: Option<&Path>) -> Value {
    let mut preferences = json!({
        // Names go to the proxy as they are, and loopback goes there too.
        "network.proxy.socks_remote_dns": true,
        "network.proxy.allow_hijacking_localhost": true,
        "network.proxy.failover_direct": false,
        "network.trr.mode": 5,
        // No traffic that doesn't go through it.
        "media.peerconnection.enabled": false,
        "network.http.http3.enable": false,
        "network.dns.disablePrefetch": true,
        "network.prefetch-next": false,
        "network.predictor.enabled": false,
        "network.http.speculative-parallel-limit": 0,
        // No traffic of its own.
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
        "browser.safebrowsing.malware.enabled": false,
        "browser.safebrowsing.phishing.enabled": false,
        "browser.safebrowsing.downloads.enabled": false,
        "app.update.auto": false,
        "datareporting.policy.dataSubmissionEnabled": false,
        "toolkit.telemetry.enabled": false,
        "extensions.update.enabled": false,
        "dom.push.enabled": false,
        // Nothing to be remembered, and nobody to be asked.
        "signon.rememberSignons": false,
        "signon.autofillForms": false,
        "browser.formfill.enable": false,
        "browser.sessionstore.resume_from_crash": false,
        "browser.download.always_ask_before_handling_new_types": true,
        // What pages open is closed, or followed, by who drives: a click that is made by a script counts as nobody's.
        "dom.disable_open_during_load": false,
        // A document that is left ends, and with it the call that waits in it.
        "browser.sessionhistory.max_total_viewers": 0,
        "fission.bfcacheInParent": false,
        // Pages that aren't in front work as those that are.
        "dom.min_background_timeout_value": 4,
        "dom.timeout.enable_budget_timer_throttling": false,
    });
    if let Some(files) = files {
        preferences["browser.download.dir"] = json!(files);
        // That folder, and no question.
        preferences["browser.download.folderList"] = json!(2);
        preferences["browser.download.useDownloadDir"] = json!(true);
        preferences["browser.download.always_ask_before_handling_new_types"] = json!(false);
        preferences["browser.helperApps.neverAsk.saveToDisk"] = json!(KEPT);
        preferences["pdfjs.disabled"] = json!(true);
    }
    preferences
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::capabilities;
    use crate::cdp::Sandbox;
    use crate::webdriver::{Browser, RemoteEnd, WebdriverSettings};

    #[test]
    fn every_browser_is_held_to_its_proxy_loopback_included() {
        let proxy = "127.0.0.1:4711".parse().expect("an address");
        for (browser, options) in [
            (Browser::Chromium(Some("/bin/chromium".into())), "goog:chromeOptions"),
            (Browser::Firefox(Some("/bin/firefox".into())), "moz:firefoxOptions"),
        ] {
            let settings = WebdriverSettings {
                end: RemoteEnd::Program("driver".into()),
                browser,
                sandbox: Sandbox::On,
                profiles: "profiles".into(),
                way_out: [127, 0, 0, 1].into(),
                supervised_by: None,
            };
            let asked = capabilities(&settings, proxy, None);
            assert_eq!(asked["proxy"]["socksProxy"], "127.0.0.1:4711");
            assert_eq!(asked["acceptInsecureCerts"], false);
            assert!(asked[options]["binary"].is_string());
            assert!(!asked[options]["args"].as_array().expect("switches").contains(&json!("--no-sandbox")));
            let past_loopback = asked["proxy"]["noProxy"] == json!(["<-loopback>"])
                || asked[options]["prefs"]["network.proxy.allow_hijacking_localhost"] == true;
            assert!(past_loopback, "{asked:?}");
        }
    }
}
