//! What is recorded of a person's way through a simulated portal, held against the portal's truth.
//!
//! Not here: what is drafted of a page, which the script crate's own tests have; that nothing of what they typed is left (`typed`).

use std::path::Path;

use fixtures::faults::Faults;
use fixtures::portal::RunningPortal;
use fixtures::zoo::{Portal, Wishes};
use serde_json::{Value, json};
use tests::patience::eventually;
use tests::programs::{built, processes_naming};
use tests::recorder::{Carried, Failure, Hand, Recorded, Recorder, carried_over, known, read, record};
use tests::socket::{Heard, Socket};
use tests::terminal::{CTRL_C, Terminal};
use tests::world::{Ran, run};
use tokio::process::Command;

use crate::typed::{PASSWORD, USER, by_keypad, goes_by_keypad, talkative};

/// Runs a command of an author on the folder.
pub(super) async fn ask(verb: &str, folder: &Path, more: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.arg(verb).arg(folder).args(more);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    Ok(run(command, "").await?)
}

/// Every file below a folder, with what is in it.
pub(super) fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((
                path.display().to_string(),
                String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned(),
            )),
        }
    }
    found
}

/// Records a portal, and says what the script that came of it reads.
async fn recorded(portal: &RunningPortal, catalog: &Path, more: &[&str]) -> Result<(Recorded, Ran), Failure> {
    let recorded = record(portal, catalog, more).await?;
    let Recorded { ran, folder, .. } = &recorded;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let checked = ask("check", folder, &[]).await?;
    assert_eq!(checked.code, Some(0), "{}\n{}", checked.stdout, checked.stderr);
    let tried = ask("test", folder, &[]).await?;
    assert_eq!(tried.code, Some(0), "{}\n{}\n{}", tried.stdout, tried.stderr, script(folder));
    let read = read(portal, folder, catalog, &[]).await?;
    Ok((recorded, read))
}

pub(super) fn script(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("script.yaml")).unwrap_or_default()
}

/// Records a portal, with answers that a person knows unless it is said how.
async fn check(portal: Portal, more: &[&str]) -> Result<(), Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let catalog = tempfile::tempdir()?;
    let answers = known(&portal, catalog.path())?.display().to_string();
    let how = if more.is_empty() { vec!["--answers", &answers] } else { more.to_vec() };
    let (recorded, read) = recorded(&portal, catalog.path(), &how).await?;
    let script = script(&recorded.folder);
    assert_eq!(read.code, Some(0), "{}\n{}\n{}\n{script}", read.stdout, read.stderr, recorded.ran.stderr);
    assert!(read.stdout.contains("as the portal's truth"), "{}", read.stdout);
    // Nothing of what was typed is left, however it is written.
    assert!(recorded.typed.len() > 3, "nothing was typed");
    let said = [("stdout".to_owned(), recorded.ran.stdout), ("stderr".to_owned(), recorded.ran.stderr)];
    for (name, text) in files(&recorded.folder).into_iter().chain(said) {
        let left = recorded.typed.iter().find(|typed| typed.len() > 3 && text.contains(typed.as_str()));
        assert!(left.is_none(), "{left:?} is in {name}");
    }
    Ok(())
}

#[tokio::test]
async fn harbour_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Harbour, &["--yes"]).await
}

#[tokio::test]
async fn a_page_that_came_in_between_is_passed_as_the_person_did_and_need_not_come_again() -> Result<(), Failure> {
    let portal = Portal::Harbour.start(Wishes::default()).await?;
    portal.set_faults(Faults { survey: true, ..Faults::default() });
    let catalog = tempfile::tempdir()?;
    let (recorded, ran) = recorded(&portal, catalog.path(), &["--yes", "--json"]).await?;
    let script = script(&recorded.folder);
    assert!(script.contains("  passed:\n"), "{script}");
    let told: Value = serde_json::from_str(&recorded.ran.stdout)?;
    assert!(told["draft"]["questions"][0]["asks"].as_str().is_some_and(|asks| asks.contains("Maybe later")), "{told}");
    assert!(ran.stdout.contains("as the portal's truth"), "{}\n{}\n{script}", ran.stdout, ran.stderr);
    portal.set_faults(Faults::default());
    let ran = read(&portal, &recorded.folder, catalog.path(), &[]).await?;
    assert!(ran.stdout.contains("as the portal's truth"), "{}\n{}\n{script}", ran.stdout, ran.stderr);
    Ok(())
}

#[tokio::test]
async fn meridian_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Meridian, &["--yes"]).await
}

#[tokio::test]
async fn hoshizora_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Hoshizora, &["--yes"]).await
}

#[tokio::test]
async fn threshold_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Threshold, &["--yes"]).await
}

#[tokio::test]
async fn kontor_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Kontor, &[]).await
}

#[tokio::test]
async fn coppermine_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Coppermine, &[]).await
}

#[tokio::test]
async fn granary_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Granary, &[]).await
}

#[tokio::test]
async fn lantern_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Lantern, &[]).await
}

/// Records a portal, and has a script drafted of it by way of DevTools JSON.
async fn check_carried_over(portal: Portal) -> Result<(), Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let catalog = tempfile::tempdir()?;
    let Carried { ran, folder } = carried_over(&portal, catalog.path()).await?;
    let read = read(&portal, &folder, catalog.path(), &[]).await?;
    let said = format!("{}\n{}\n{}\n{}", read.stdout, read.stderr, ran.stderr, script(&folder));
    assert_eq!(read.code, Some(0), "{said}");
    assert!(read.stdout.contains("as the portal's truth"), "{said}");
    Ok(())
}

#[tokio::test]
async fn harbour_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Harbour).await
}

#[tokio::test]
async fn meridian_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Meridian).await
}

#[tokio::test]
async fn hoshizora_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Hoshizora).await
}

#[tokio::test]
async fn threshold_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Threshold).await
}

#[tokio::test]
async fn coppermine_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Coppermine).await
}

#[tokio::test]
async fn kontor_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Kontor).await
}

#[tokio::test]
async fn granary_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Granary).await
}

#[tokio::test]
async fn lantern_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Lantern).await
}

#[tokio::test]
async fn a_recorder_that_is_killed_leaves_no_browser() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let data = catalog.path().join("data");
    let recorder = Recorder::start(&talkative().await?, &catalog.path().join("killed"), &data, &["--yes"])?;
    recorder.hand().await?.see("#user").await?;
    let name = data.display().to_string();
    assert!(!processes_naming(&name).is_empty(), "no browser runs");
    recorder.kill().await?;
    let gone = eventually(async || processes_naming(&name).is_empty().then_some(())).await;
    assert!(gone.is_some(), "left: {:?}", processes_naming(&name));
    Ok(())
}

#[tokio::test]
async fn the_recorders_view_shows_the_portal_takes_input_and_is_nobodys_without_its_token() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let data = catalog.path().join("data");
    let mut recorder =
        Recorder::start(&talkative().await?, &catalog.path().join("viewed"), &data, &["--yes", "--json"])?;
    let mut hand = recorder.hand().await?;
    let address = recorder.address().await?;
    let (open, _) = address.trim_end_matches('/').rsplit_once('/').ok_or("no token")?;
    for path in ["/", "/socket", "/000000/socket"] {
        assert!(Socket::open(&format!("{open}{path}"), &[]).await.is_err(), "{path} is anybody's");
    }
    let mut socket = Socket::open(&format!("{address}socket"), &[]).await?;
    let seen = socket.next().await;
    assert!(matches!(&seen, Some(Heard::Bytes(bytes)) if bytes.len() > 1_000), "{seen:?}");
    for (path, text) in [("#user", USER), ("#word", PASSWORD), ("#go", "")] {
        let (x, y) = hand.point(path).await?;
        for does in ["press", "release"] {
            let input = json!({ "does": does, "x": x, "y": y, "button": "left", "clicks": 1 });
            socket.say(&json!({ "do": "input", "input": input })).await;
        }
        if !text.is_empty() {
            socket.say(&json!({ "do": "input", "input": { "does": "text", "text": text } })).await;
        }
    }
    hand.see("#accounts").await?;
    socket.say(&json!({ "do": "done" })).await;
    let ran = recorder.ended().await?;
    let told: Value = serde_json::from_str(&ran.stdout)?;
    let findings = told["draft"]["findings"].as_array().ok_or("no findings")?;
    let fills: Vec<&str> =
        findings.iter().filter(|one| one["what"] == "sign_in, fill").filter_map(|one| one["value"].as_str()).collect();
    assert_eq!(fills, ["#user with credentials.bankUsername", "#word with credentials.password"], "{}", ran.stderr);
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    Ok(())
}

#[tokio::test]
async fn at_a_terminal_the_first_answer_counts_and_ctrl_c_takes_what_is_proposed() -> Result<(), Failure> {
    for (answer, expected) in [("savings\n", "savings"), (CTRL_C, "other")] {
        let catalog = tempfile::tempdir()?;
        let (folder, data) = (catalog.path().join("asked"), catalog.path().join("data"));
        let mut command = Command::new(built("agent")?);
        command.args(["record", &by_keypad().await?, "--headless", "--into"]).arg(&folder).arg("--data").arg(&data);
        if rustix::process::geteuid().is_root() {
            command.env("BURSAR_BROWSER_SANDBOX", "off");
        }
        let mut terminal = Terminal::start(&command)?;
        let address = terminal.shows("go through the portal at ").await?;
        goes_by_keypad(&mut Hand::at(&data.join("profiles")).await?).await?;
        // The view says that it is enough, and nobody presses Enter.
        Socket::open(&format!("{address}socket"), &[]).await?.say(&json!({ "do": "done" })).await;
        terminal.shows("What kind of account is \"Livret bleu\"?").await?;
        terminal.press(answer)?;
        let (status, shown) = terminal.ended().await?;
        assert!(status.success(), "{status}: {shown}");
        let expected = format!("Livret bleu: {expected}");
        assert!(script(&folder).contains(&expected), "{expected} isn't in {shown}\n{}", script(&folder));
    }
    Ok(())
}
