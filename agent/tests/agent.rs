//! The agent as a process, against a coordinator that a test speaks for, and a portal
//! of a few pages.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use crate::world::Portal;
use crate::world::coordinator::{Coordinator, PASSWORD, Renewals};
use crate::world::process::{Agent, browser_in, command, output, processes_in, signal_to, until};
use crate::world::stage::{ACCOUNTS, BEATING, CODE, LOGIN, SCRIPT, Stage, patient};

#[tokio::test]
async fn a_run_is_read_and_completed() {
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let mut stage = Stage::new(portal).await;
    stage.enqueue(SCRIPT);
    let complete = stage.coordinator.told("complete").await;
    let account = &complete["accounts"][0];
    assert_eq!(account["portalKey"], "a1", "{complete}");
    assert_eq!(account["availableBalance"], "1234.50", "{complete}");
    assert_eq!(stage.coordinator.names(), ["intents", "settle intents", "complete"]);
    let submitted = format!("POST next user=clerk&password={PASSWORD}");
    assert!(stage.portal.asked().contains(&submitted), "{:?}", stage.portal.asked());
    stage.agent.signal(Signal::TERM);
    assert!(stage.agent.ended().await.success());
    assert!(!stage.agent.said().contains(PASSWORD), "{}", stage.agent.said());
    assert!(stage.agent.said().contains("completed"), "{}", stage.agent.said());
}

#[tokio::test]
async fn a_person_answers_and_the_run_goes_on() {
    let portal = Portal::default().page("login", LOGIN).page("next", CODE).page("accounts", ACCOUNTS);
    let stage = Stage::new(portal).await;
    stage.enqueue(SCRIPT);
    let challenge = stage.coordinator.told("challenges").await;
    assert_eq!(challenge["question"]["prompt"], "Your code");
    stage.coordinator.answer("135790");
    stage.coordinator.told("complete").await;
    let names = stage.coordinator.names();
    let expected = ["intents", "settle intents", "challenges", "intents", "settle intents", "settle", "complete"];
    assert_eq!(names, expected);
    assert!(stage.portal.asked().contains(&"POST accounts code=135790".to_owned()));
    assert!(!stage.agent.said().contains("135790"));
}

#[tokio::test]
async fn an_unknown_page_fails_the_run_with_evidence() {
    let unknown = format!("<h1 id=strange>Strange</h1><p>{PASSWORD}</p>");
    let stage = Stage::new(Portal::default().page("login", &unknown)).await;
    stage.enqueue(&SCRIPT.replace("patience: 5s", "patience: 500ms"));
    let fail = stage.coordinator.told("fail").await;
    assert_eq!(fail["failure"]["code"], "script.page.unrecognised", "{fail}");
    assert_eq!(fail["evidence"]["url"], stage.portal_url.join("login").expect("a url").as_str());
    assert!(!fail.to_string().contains(PASSWORD), "{fail}");
}

#[tokio::test]
async fn evidence_is_the_page_that_cannot_be_read_and_not_the_one_that_shows_at_the_end() {
    let odd = ACCOUNTS.replace("$1,234.50", "a lot") + r#"<a id="out" href="/bye">Sign out</a>"#;
    let portal = Portal::default().page("login", LOGIN).page("next", &odd).page("bye", "<h1 id=bye>Goodbye</h1>");
    let stage = Stage::new(portal).await;
    let signed_out = "\n  bye:\n    when: { visible: \"#bye\" }\n    goal: signed_out\nreads:\n";
    stage.enqueue(&(SCRIPT.replace("\nreads:\n", signed_out) + "sign_out: \"#out\"\n"));
    let fail = stage.coordinator.told("fail").await;
    assert_eq!(fail["failure"]["code"], "script.parse", "{fail}");
    assert_eq!(fail["evidence"]["url"], stage.portal_url.join("submit/next").expect("a url").as_str());
    assert!(fail["evidence"]["html"].to_string().contains("accounts"), "{fail}");
    assert!(stage.portal.asked().contains(&"GET bye".to_owned()), "{:?}", stage.portal.asked());
}

#[tokio::test]
async fn what_was_read_is_handed_in_again_when_nobody_answered() {
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let stage = Stage::new(portal).await;
    stage.coordinator.stumble_over("complete");
    stage.enqueue(SCRIPT);
    let completed = until(crate::world::PATIENCE, || stage.agent.said().contains("completed")).await;
    assert!(completed, "{}", stage.agent.said());
    let told = stage.coordinator.all_told("complete");
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_coordinator_that_is_away_is_mentioned_once_and_asked_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let data = tempfile::tempdir().expect("a folder");
    let url = format!("http://127.0.0.1:{port}/").parse().expect("a url");
    let agent = Agent::start(&url, data.path(), &["--slots", "3"]);
    assert!(until(crate::world::PATIENCE, || agent.said().contains("is away")).await, "{}", agent.said());
    let coordinator = Coordinator::new();
    coordinator.serve_on(port).await;
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    coordinator.enqueue(&portal.serve().await, SCRIPT);
    coordinator.told("complete").await;
    assert_eq!(agent.said().matches("is away").count(), 1, "{}", agent.said());
    assert_eq!(agent.said().matches("is back").count(), 1, "{}", agent.said());
}

#[tokio::test]
async fn a_script_with_faults_fails_the_run() {
    let stage = Stage::new(Portal::default()).await;
    stage.enqueue("script: 1\ninstitution: quay\n");
    let fail = stage.coordinator.told("fail").await;
    assert_eq!(fail["failure"]["code"], "script.parse", "{fail}");
}

#[tokio::test]
async fn after_the_lease_is_lost_the_portal_hears_nothing_and_nobody_is_told() {
    let coordinator = Coordinator::new().term(Duration::from_secs(4));
    let stage = Stage::with(Portal::default().page("login", BEATING), coordinator, &[]).await;
    stage.enqueue(&patient());
    stage.beating().await;
    stage.coordinator.renewals(Renewals::Lost);
    stage.silence().await;
    // At once, and not when the window ends by itself.
    let stopped = until(crate::world::PATIENCE, || stage.agent.said().contains("stopped; nothing is sent"));
    assert!(stopped.await, "{}", stage.agent.said());
    assert!(stage.agent.said().contains("the lease was lost"), "{}", stage.agent.said());
    assert_eq!(stage.coordinator.names(), Vec::<String>::new());
}

#[tokio::test]
async fn a_lease_that_cannot_be_renewed_is_believed_until_the_window_ends() {
    let term = Duration::from_secs(4);
    let coordinator = Coordinator::new().term(term);
    let stage = Stage::with(Portal::default().page("login", BEATING), coordinator, &[]).await;
    stage.enqueue(&patient());
    stage.beating().await;
    stage.coordinator.told("renew").await;
    stage.coordinator.renewals(Renewals::Unanswered);
    let since = Instant::now();
    let last = stage.silence().await.duration_since(since);
    // The last renewal was at most a quarter of the term earlier. The window ends a fifth
    // before the term; what was sent just before that is heard a moment later.
    assert!(last < term, "{last:?}");
    assert!(last >= term / 4, "{last:?}");
    assert_eq!(stage.coordinator.names(), Vec::<String>::new());
}

#[tokio::test]
async fn an_agent_that_was_frozen_sends_nothing_when_it_wakes() {
    let coordinator = Coordinator::new().term(Duration::from_secs(3));
    let stage = Stage::with(Portal::default().page("login", BEATING), coordinator, &[]).await;
    stage.enqueue(&patient());
    stage.beating().await;
    stage.agent.signal(Signal::STOP);
    let frozen_at = stage.silence().await;
    until(Duration::from_secs(10), || frozen_at.elapsed() > Duration::from_secs(3)).await;
    let beats = stage.beats();
    stage.agent.signal(Signal::CONT);
    let noticed = until(crate::world::PATIENCE, || stage.agent.said().contains("stopped; nothing is sent"));
    assert!(noticed.await, "{}", stage.agent.said());
    assert_eq!(stage.beats(), beats);
    assert_eq!(stage.coordinator.names(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cancelled_run_is_stopped_and_released() {
    let coordinator = Coordinator::new().term(Duration::from_secs(4));
    let stage = Stage::with(Portal::default().page("login", BEATING), coordinator, &[]).await;
    stage.enqueue(&patient());
    stage.beating().await;
    stage.coordinator.renewals(Renewals::Cancelled);
    stage.coordinator.told("release").await;
    let beats = stage.beats();
    stage.silence().await;
    assert_eq!(stage.beats(), beats, "the session ends before the lease is released");
}

#[tokio::test]
async fn a_frozen_browser_is_found_and_the_slot_is_of_use_again() {
    let portal = Portal::default().page("login", BEATING).page("next", ACCOUNTS);
    let stage = Stage::new(portal).await;
    stage.enqueue(&patient());
    stage.beating().await;
    let browser = stage.freeze_browser();
    let fail = stage.coordinator.told("fail").await;
    assert_eq!(fail["failure"]["code"], "platform.browser.crashed", "{fail}");
    let beats = stage.beats();
    stage.enqueue(&patient());
    assert!(until(crate::world::PATIENCE, || stage.beats() > beats).await);
    let left = |pid: &u32| processes_in(stage.data.path()).contains(pid);
    assert!(!browser.iter().any(left));
}

#[tokio::test]
async fn a_lease_after_the_browser_froze_in_idleness_is_worked_under() {
    let portal = Portal::default().page("login", LOGIN).page("next", ACCOUNTS);
    let stage = Stage::new(portal).await;
    stage.enqueue(SCRIPT);
    stage.coordinator.told("complete").await;
    stage.freeze_browser();
    stage.enqueue(SCRIPT);
    let completed = || stage.coordinator.all_told("complete").len() == 2;
    assert!(until(crate::world::PATIENCE, completed).await, "{}", stage.agent.said());
}

#[tokio::test]
async fn a_browser_that_is_killed_fails_the_run_as_a_crash() {
    let stage = Stage::new(Portal::default().page("login", BEATING)).await;
    stage.enqueue(&patient());
    stage.beating().await;
    // The first of them is the parent of the others, which end with it.
    let browser = browser_in(stage.data.path());
    signal_to(*browser.first().expect("a browser"), Signal::KILL);
    let fail = stage.coordinator.told("fail").await;
    assert_eq!(fail["failure"]["code"], "platform.browser.crashed", "{fail}");
}

#[tokio::test]
async fn a_page_that_uses_up_its_memory_fails_the_run_as_that() {
    let hog = "<h1>Hog</h1><script>const taken = []; setInterval(() => {\
        if (taken.length < 40) taken.push(new Uint8Array(16 << 20).fill(1)) }, 10)</script>";
    let portal = Portal::default().page("login", hog);
    let stage = Stage::with(portal, Coordinator::new(), &["--browser-memory", "400M"]).await;
    stage.enqueue(&patient());
    let fail = stage.coordinator.told("fail").await;
    assert_eq!(fail["failure"]["code"], "platform.oom", "{fail}");
}

#[tokio::test]
async fn an_agent_says_what_it_measured_and_what_it_chose() {
    let stage = Stage::with(Portal::default(), Coordinator::new(), &["--browser-memory", "700M"]).await;
    let says = |words: &'static [&'static str]| move |said: &str| words.iter().all(|word| said.contains(word));
    let measured =
        says(&["seats=", "parked=", "sized_by=\"measure\"", "browser_memory_mib=700", "cpus=", "available_mib="]);
    let is_said = || stage.agent.said().lines().any(&measured);
    assert!(until(crate::world::PATIENCE, is_said).await, "{}", stage.agent.said());
    let fixed = Stage::with(Portal::default(), Coordinator::new(), &["--slots", "3", "--parked", "5"]).await;
    let set = says(&["seats=3", "parked=5", "sized_by=\"setting\""]);
    assert!(until(crate::world::PATIENCE, || fixed.agent.said().lines().any(&set)).await, "{}", fixed.agent.said());
}

#[tokio::test]
async fn a_second_signal_ends_the_agent_at_once() {
    let mut stage = Stage::new(Portal::default().page("login", BEATING)).await;
    stage.enqueue(&patient());
    stage.beating().await;
    stage.agent.signal(Signal::INT);
    assert!(until(crate::world::PATIENCE, || stage.agent.said().contains("drains")).await);
    stage.agent.signal(Signal::INT);
    let begun = Instant::now();
    stage.agent.ended().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let gone = until(Duration::from_secs(2), || processes_in(stage.data.path()).is_empty());
    assert!(gone.await, "a browser is left");
}

#[tokio::test]
async fn a_killed_agent_leaves_no_browser_and_the_next_one_no_profile() {
    let mut stage = Stage::new(Portal::default().page("login", BEATING)).await;
    stage.enqueue(&patient());
    stage.beating().await;
    assert!(!processes_in(stage.data.path()).is_empty());
    stage.agent.signal(Signal::KILL);
    stage.agent.ended().await;
    let gone = until(Duration::from_secs(2), || processes_in(stage.data.path()).is_empty());
    assert!(gone.await, "a browser is left: {:?}", processes_in(stage.data.path()));
    let coordinator = Coordinator::new();
    let next = Agent::start(&coordinator.serve().await, stage.data.path(), &[]);
    coordinator.told("acquire").await;
    let profiles = std::fs::read_dir(stage.data.path().join("profiles"));
    assert_eq!(profiles.map_or(0, Iterator::count), 0, "a profile folder is left");
    drop(next);
}

#[tokio::test]
async fn an_agent_whose_token_is_refused_says_so_and_ends() {
    let url = Coordinator::new().serve().await;
    let data = tempfile::tempdir().expect("a folder");
    let token = data.path().join("token");
    std::fs::write(&token, "another-token\n").expect("a file");
    let ended = tokio::task::spawn_blocking(move || {
        let mut command = command();
        command.args(["run", "--coordinator", url.as_str(), "--data"]).arg(data.path());
        output(command.arg("--token-file").arg(token))
    });
    let ended = ended.await.expect("an end");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("refuses the agent's token") && said.contains("hint: "), "{said}");
    assert!(!said.contains("another-token"), "{said}");
}

#[test]
fn what_is_missing_is_said_with_a_hint() {
    let run = ["run", "--coordinator", "http://127.0.0.1:1"];
    let no_token = output(command().args(run));
    let said = String::from_utf8_lossy(&no_token.stderr);
    assert_eq!(no_token.status.code(), Some(1), "{said}");
    assert!(said.contains("hint: set BURSAR_AGENT_TOKEN"), "{said}");
    let token = ("BURSAR_AGENT_TOKEN", "some-token");
    let no_browser = output(command().args(run).env(token.0, token.1).env("PATH", "/nowhere"));
    let said = String::from_utf8_lossy(&no_browser.stderr);
    assert!(said.contains("found no browser") && said.contains("hint: install one"), "{said}");
    let usage = output(command().args(["run", "--slots", "0"]));
    assert_eq!(usage.status.code(), Some(64));
    let usage = output(command().args(["run", "--browser-memory", "much"]));
    let said = String::from_utf8_lossy(&usage.stderr);
    assert!(usage.status.code() == Some(64) && said.contains("such as 1500M or 2G"), "{said}");
}

#[test]
fn check_tells_a_sound_script_from_one_with_faults() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sound, faulty) = (folder.path().join("sound.yaml"), folder.path().join("faulty.yaml"));
    std::fs::write(&sound, SCRIPT).expect("a file");
    std::fs::write(&faulty, SCRIPT.replace("locale:", "locals:")).expect("a file");
    let checked = output(command().arg("check").arg(&sound));
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let checked = output(command().arg("check").arg(&faulty).arg("--json"));
    assert_eq!(checked.status.code(), Some(2), "{checked:?}");
    let list: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("json");
    assert_eq!(list[0]["code"], "key.missing", "{list}");
    let checked = output(command().arg("check").arg(&faulty));
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(said.contains("locals") && said.contains("hint: "), "{said}");
}
