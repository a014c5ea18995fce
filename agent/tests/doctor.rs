//! `agent doctor`: a machine that can drive portals, and one that can't, which is told apart from an agent that can't.
//!
//! Not here: portals.

use std::os::unix::fs::PermissionsExt as _;

use crate::world::process::{command, output, texts};
use serde_json::Value;

fn doctor(browser: Option<&str>) -> (Option<i32>, Vec<Value>) {
    doctor_with(browser, &[])
}

fn doctor_with(browser: Option<&str>, more: &[(&str, &std::path::Path)]) -> (Option<i32>, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command();
    command.args(["doctor", "--json", "--data"]).arg(folder.path());
    command.env("BURSAR_BROWSER_SANDBOX", "off").envs(browser.map(|browser| ("BURSAR_BROWSER", browser)));
    command.envs(more.iter().copied());
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

/// A program that knows its version, as a browser does, and does `then`.
fn browser(folder: &std::path::Path, then: &str) -> String {
    program(folder, &format!("[ \"$1\" = --version ] && exec echo Browser 1.0\n{then}"))
}

fn program(folder: &std::path::Path, text: &str) -> String {
    let program = folder.join("chromium-headless-shell");
    let text = format!("#!/bin/sh\n{text}\n");
    std::fs::write(&program, text).expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    program.to_str().expect("a path").to_owned()
}

#[test]
fn a_browser_that_nobody_drives_is_ill_and_the_agent_isnt_blamed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, findings) = doctor(Some(&browser(folder.path(), "exit 1")));
    let found = outcomes(&findings);
    assert!(
        found.contains(&("another client", "ill")) && found.contains(&("the agent's own client", "ill")),
        "{findings:?}"
    );
    assert!(!found.iter().any(|(what, _)| *what == "agent"), "{findings:?}");
    assert_eq!(code, Some(2));
    assert!(findings.iter().filter(|finding| finding["outcome"] == "ill").all(|finding| finding["hint"].is_string()));
    for none in ["/nowhere/chromium", "/bin/false"] {
        let (code, findings) = doctor(Some(none));
        assert_eq!((code, outcomes(&findings).last()), (Some(2), Some(&("browser", "ill"))), "{none}");
    }
}

#[test]
fn a_browser_that_only_the_agent_cant_drive_is_the_agents_fault() {
    // One that wants a switch that other clients give.
    let folder = tempfile::tempdir().expect("a folder");
    let only = "case \"$*\" in *--enable-automation*) exec chromium-headless-shell \"$@\";; esac\nexit 1";
    let picky = browser(folder.path(), only);
    let (code, findings) = doctor(Some(&picky));
    let found = outcomes(&findings);
    assert_eq!(found.last(), Some(&("agent", "ill")), "{findings:?}");
    assert_eq!(code, Some(2));
}

#[test]
fn a_machine_without_letters_is_told_to_have_them_installed() {
    let folder = tempfile::tempdir().expect("a folder");
    let fonts = folder.path().join("fonts.conf");
    let text = format!("<fontconfig><dir>{0}</dir><cachedir>{0}</cachedir></fontconfig>", folder.path().display());
    std::fs::write(&fonts, text).expect("a file");
    let (code, findings) = doctor_with(None, &[("FONTCONFIG_FILE", &fonts)]);
    assert!(outcomes(&findings).contains(&("another client", "poor")), "{findings:?}");
    assert!(format!("{findings:?}").contains("install a font"), "{findings:?}");
    assert_eq!(code, Some(0));
}

#[test]
fn a_browser_that_never_speaks_is_given_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let pids = folder.path().join("pids");
    let silent = browser(folder.path(), &format!("echo $$ >> {}\nexec sleep 600", pids.display()));
    let (code, findings) = doctor(Some(&silent));
    assert!(outcomes(&findings).contains(&("another client", "ill")), "{findings:?}");
    assert_eq!(code, Some(2));
    // Neither client leaves one behind.
    let pids = std::fs::read_to_string(&pids).expect("browsers that were started");
    let left: Vec<&str> = pids.lines().filter(|pid| std::path::Path::new("/proc").join(pid).exists()).collect();
    assert!(pids.lines().count() >= 2 && left.is_empty(), "{left:?} of {pids}");
}

#[test]
fn no_browser_that_it_starts_is_given_the_agents_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let known = "[ \"$1\" = --version ] && exec echo Browser 1.0";
    let nosy = program(folder.path(), &format!("env >> {}\n{known}\nexit 1", told.display()));
    let token = std::path::Path::new("canary-token-51");
    let (code, _) = doctor_with(Some(&nosy), &[("BURSAR_AGENT_TOKEN", token)]);
    assert_eq!(code, Some(2));
    let told = std::fs::read_to_string(&told).expect("what browsers were given");
    assert!(told.contains("PATH=") && !told.contains("canary-token-51"), "{told}");
}
