//! `agent doctor`: a machine that can drive portals, and one that can't, which is told apart from an agent that can't.
//!
//! Not here: portals.

#[expect(dead_code, clippy::panic, reason = "each test uses a part of it, and a test may panic")]
mod world;

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use world::process::{command, output, texts};

fn doctor(browser: Option<&str>) -> (Option<i32>, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command();
    command.args(["doctor", "--json", "--data"]).arg(folder.path());
    command.env("BURSAR_BROWSER_SANDBOX", "off").envs(browser.map(|browser| ("BURSAR_BROWSER", browser)));
    let (code, said, talk) = texts(&output(&mut command));
    let findings = serde_json::from_str(&said);
    assert!(findings.is_ok(), "{said}{talk}");
    (code, findings.unwrap_or_default())
}

fn outcomes(findings: &[Value]) -> Vec<(&str, &str)> {
    findings.iter().filter_map(|finding| Some((finding["what"].as_str()?, finding["outcome"].as_str()?))).collect()
}

#[test]
fn a_machine_that_can_drive_portals_is_well_by_two_clients() {
    let (code, findings) = doctor(None);
    let found = outcomes(&findings);
    assert!(
        found.contains(&("another client", "well")) && found.contains(&("the agent's own client", "well")),
        "{findings:?}"
    );
    assert_eq!(code, Some(0), "{findings:?}");
}

#[test]
fn a_browser_that_nobody_drives_is_ill_and_the_agent_isnt_blamed() {
    let (code, findings) = doctor(Some("/bin/false"));
    let found = outcomes(&findings);
    assert!(
        found.contains(&("another client", "ill")) && found.contains(&("the agent's own client", "ill")),
        "{findings:?}"
    );
    assert!(!found.iter().any(|(what, _)| *what == "agent"), "{findings:?}");
    assert_eq!(code, Some(2));
    assert!(findings.iter().filter(|finding| finding["outcome"] == "ill").all(|finding| finding["hint"].is_string()));
    let (code, findings) = doctor(Some("/nowhere/chromium"));
    assert_eq!((code, outcomes(&findings).last()), (Some(2), Some(&("browser", "ill"))));
}

#[test]
fn a_browser_that_only_the_agent_cant_drive_is_the_agents_fault() {
    // One that the agent's own supervisor can't start, as it wants a variable that it isn't given.
    let folder = tempfile::tempdir().expect("a folder");
    let picky = folder.path().join("chromium-headless-shell");
    let text = "#!/bin/sh\n[ -n \"$BURSAR_BROWSER\" ] || exit 1\nexec chromium-headless-shell \"$@\"\n";
    std::fs::write(&picky, text).expect("a program");
    std::fs::set_permissions(&picky, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let (code, findings) = doctor(picky.to_str());
    let found = outcomes(&findings);
    assert_eq!(found.last(), Some(&("agent", "ill")), "{findings:?}");
    assert_eq!(code, Some(2));
}
