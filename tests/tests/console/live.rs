//! People look at a run as it goes on, take its wheel, and hand it back: at real browsers, one for the bank's page and one
//! for the console.
//!
//! Not here: what a run does on its own; the fleet's tests have that.

use std::path::Path;

use fixtures::faults::Faults;
use fixtures::oracle::Act;
use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::person::{Browser, Person, Sight};
use tests::world::{Fleet, Plan, scripts};

use crate::visitor::{SAME_SITE, Visitor};
use crate::{Outcome, PASSWORD, add_user, plan, set_up};

/// What is typed at the wheel, and must be found nowhere.
const CANARY: &str = "Casco-Canary-9317";

/// Where the survey has its field, in parts of the page's sides.
const FIELD: (f64, f64) = (0.5, 0.63);

/// The catalog with a script of the harbour that finds out sooner that it doesn't know a page.
pub(crate) fn impatient() -> std::io::Result<tempfile::TempDir> {
    changed(("patience: 20s", "patience: 6s"))
}

/// The catalog with a script of the harbour that says that a person has to pass its survey.
fn declaring() -> std::io::Result<tempfile::TempDir> {
    let survey = "pages:\n  survey:\n    when: { text: { \"#page-title\": \"Help us shape\" } }\n    \
                  challenge: { kind: takeover, prompt: \"#page-title\" }\n\n";
    changed(("pages:\n", survey))
}

/// The catalog with a script of the harbour in which something stands in place of something else.
fn changed((before, after): (&str, &str)) -> std::io::Result<tempfile::TempDir> {
    let catalog = tempfile::tempdir()?;
    let (from, to) = (scripts().join("harbour"), catalog.path().join("harbour"));
    std::fs::create_dir(&to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let text = std::fs::read_to_string(entry.path())?;
        std::fs::write(to.join(entry.file_name()), text.replacen(before, after, 1))?;
    }
    Ok(catalog)
}

/// A fleet that offers pages which no script knows to any operator.
pub(crate) fn offering(catalog: &tempfile::TempDir) -> Plan {
    let folder = catalog.path().to_string_lossy();
    plan().with("catalog.folder", &folder).with("challenge.unknown_pages", "always").with("console.wheel_kept", "6s")
}

/// A run that waits on a page that its script doesn't know; its connection, and the path of its page.
async fn at_the_survey(fleet: &Fleet, integrator: &Integrator) -> Result<(String, String), Box<dyn std::error::Error>> {
    let (id, challenge) = held_up(fleet, integrator).await?;
    assert!(challenge["prompt"].as_str().unwrap_or_default().contains("“Your feedback"), "{challenge}");
    Ok((id, path(fleet).await?))
}

/// A run that waits for somebody to pass the survey; its connection, and what is asked.
async fn held_up(fleet: &Fleet, integrator: &Integrator) -> Result<(String, Value), Box<dyn std::error::Error>> {
    fleet.portal.set_faults(Faults { survey: true, ..Faults::default() });
    let id = set_up(fleet, integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    integrator.answer(&id, &challenge, &code).await?;
    let seen = challenge["id"].as_str();
    let challenge = integrator.open_challenge(&id, seen).await?;
    assert_eq!((&challenge["kind"], &challenge["mayAnswer"]), (&json!("takeover"), &json!([])));
    Ok((id, challenge))
}

/// The page of the run that is leased.
async fn path(fleet: &Fleet) -> Result<String, Box<dyn std::error::Error>> {
    let leases = fleet.operator()?.list("/control/v1/leases").await?;
    let run = leases.first().and_then(|lease| lease["runId"].as_str()).ok_or("no lease")?;
    Ok(format!("/console/runs/{run}"))
}

/// Opens a live view and waits for its first picture.
pub(crate) async fn watches(person: &Person<'_>, path: &str) -> Outcome {
    person.opens(&format!("{path}/live")).await?;
    person.does("shown", json!({ "on": "#screen[data-pictures]" })).await?;
    Ok(())
}

/// Signs somebody in, who then looks.
async fn viewer<'b>(browser: &'b Browser, login: &str, path: &str) -> Result<Person<'b>, Box<dyn std::error::Error>> {
    let person = browser.person(login, Sight::default()).await?;
    person.signs_in(login, PASSWORD).await?;
    watches(&person, path).await?;
    Ok(person)
}

pub(crate) async fn takes(person: &Person<'_>) -> Outcome {
    person.clicks("#take").await?;
    person.sees("#stands", "You hold the wheel").await?;
    Ok(())
}

/// Passes the survey by pointer and keyboard.
async fn passes(person: &Person<'_>) -> Outcome {
    let before = sum(person).await?;
    person.does("point", json!({ "on": "#screen", "x": FIELD.0, "y": FIELD.1 })).await?;
    person.does("type", json!({ "text": CANARY })).await?;
    let moved = eventually(async || (sum(person).await.ok()? != before).then_some(()));
    assert!(moved.await.is_some(), "the picture doesn't show what was typed");
    person.does("press", json!({ "keys": ["Tab", "Enter"] })).await?;
    Ok(())
}

/// What the picture comes to.
async fn sum(person: &Person<'_>) -> Result<Value, Box<dyn std::error::Error>> {
    Ok(person.does("drawn", json!({ "on": "#screen" })).await?["sum"].clone())
}

/// How often something happened at the bank.
fn happened(fleet: &Fleet, what: Act) -> usize {
    fleet.portal.oracle().log.iter().filter(|entry| entry.act == what).count()
}

#[tokio::test]
async fn a_person_passes_a_page_that_nobody_knows_and_the_run_goes_on_from_there() -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let (id, path) = at_the_survey(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/challenges").await?;
    ada.sees("li.card", "Take the wheel in the live view").await?;
    ada.clicks("li.card a.button").await?;
    ada.does("shown", json!({ "on": "#screen[data-pictures]" })).await?;
    ada.sees("#stands", "waits for a person").await?;
    ada.sees("#asks", "Your feedback").await?;
    let before = fleet.portal.oracle().log.len();
    takes(&ada).await?;
    passes(&ada).await?;
    let passed = eventually(async || (happened(&fleet, Act::InterstitialPassed) == 1).then_some(()));
    assert!(passed.await.is_some(), "the survey wasn't sent");
    // The bank's own page goes on to the accounts; the run does nothing of its own until it has the wheel.
    let log = fleet.portal.oracle().log;
    assert!(log[before..].iter().all(|entry| entry.act != Act::TransactionsRead), "{log:?}");
    ada.clicks("#hand-back").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    let last = challenges.last().ok_or("no challenge")?;
    let told = (&last["status"], &last["source"], &last["closedFor"]);
    assert_eq!(told, (&json!("accepted"), &json!("person"), &json!("handedBack")), "{last}");
    ada.sees("#stands", "The run has ended").await?;
    assert_eq!(ada.complaints().await?, Vec::<String>::new());
    let trail = fleet.succeed(&["audit", "list"]).await?;
    assert!(["run.watched", "run.taken", "run.handedBack"].iter().all(|act| trail.contains(act)), "{trail}");
    // What was typed is nowhere: not in what the programs said, nor in any file of theirs, the store's and Redis' among them.
    ada.opens(&path).await?;
    assert!(!fleet.talk().contains(CANARY) && !trail.contains(CANARY));
    assert!(!trail.contains("x\":") && !fleet.talk().contains("dispatchKeyEvent"));
    let found = holding(fleet.folder(), CANARY)?;
    assert!(found.is_empty(), "what was typed is in {found:?}");
    Ok(())
}

/// The files below a folder that hold a text.
fn holding(folder: &Path, text: &str) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let kind = std::fs::symlink_metadata(&path)?;
        if kind.is_dir() {
            found.extend(holding(&path, text)?);
        } else if kind.is_file()
            && std::fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            found.push(path);
        }
    }
    Ok(found)
}

#[tokio::test]
async fn a_page_that_its_script_leaves_to_a_person_is_passed_by_one() -> Outcome {
    let catalog = declaring()?;
    let folder = catalog.path().to_string_lossy();
    let fleet = plan().with("catalog.folder", &folder).with("challenge.unknown_pages", "never").start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let (id, challenge) = held_up(&fleet, &integrator).await?;
    assert_eq!(challenge["prompt"], "Help us shape Harbour", "the bank's own words");
    let setup = integrator.get(&format!("/v1/connections/{id}")).await?["setup"].clone();
    let turn = (&setup["nextAction"], &setup["actionRequiredBy"]);
    assert_eq!(turn, (&json!("askOperator"), &json!("platform")), "an integrator has no wheel");
    let browser = Browser::start(fleet.address()).await?;
    let ada = viewer(&browser, "ada", &path(&fleet).await?).await?;
    takes(&ada).await?;
    passes(&ada).await?;
    let passed = eventually(async || (happened(&fleet, Act::InterstitialPassed) == 1).then_some(()));
    assert!(passed.await.is_some(), "the survey wasn't sent");
    ada.clicks("#hand-back").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    Ok(())
}

#[tokio::test]
async fn nothing_else_answers_while_a_person_holds_the_wheel() -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    for login in ["ada", "bob"] {
        add_user(&fleet, login, "operator", None).await?;
    }
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    let path = path(&fleet).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = viewer(&browser, "ada", &path).await?;
    // An inbox that is open follows the wheel: its box goes and comes by itself.
    let bob = browser.person("bob", Sight::default()).await?;
    bob.signs_in("bob", PASSWORD).await?;
    bob.opens("/console/challenges").await?;
    bob.sees("li.card form.answer label", "Answer").await?;
    takes(&ada).await?;
    bob.sees("li.card", "ada holds the wheel").await?;
    assert_eq!(bob.does("count", json!({ "on": "li.card form.answer" })).await?["count"], 0);
    let answer = format!("/v1/connections/{id}/challenges/{}/answer", challenge["id"].as_str().unwrap_or_default());
    let refused = integrator.call(Method::POST, &answer, Some(&json!({ "answer": code }))).await?;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("wheel_held")));
    assert_eq!(fleet.portal.oracle().code_submits, 0, "the run submitted the code");
    // The field of the code has the focus by itself.
    ada.fills("#typed", &code).await?;
    ada.clicks("#typing button[type=submit]").await?;
    ada.clicks("[data-key=Enter]").await?;
    let submitted = eventually(async || (fleet.portal.oracle().code_submits == 1).then_some(()));
    assert!(submitted.await.is_some(), "the code wasn't submitted");
    ada.clicks("#hand-back").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    assert_eq!(fleet.portal.oracle().code_submits, 1, "it was submitted again");
    Ok(())
}

#[tokio::test]
async fn of_several_operators_one_holds_the_wheel_and_the_others_are_told_who() -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    for (login, role) in [("ada", "operator"), ("bob", "operator"), ("vic", "viewer"), ("root", "administrator")] {
        add_user(&fleet, login, role, None).await?;
    }
    let (_, path) = at_the_survey(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = viewer(&browser, "ada", &path).await?;
    let bob = viewer(&browser, "bob", &path).await?;
    let vic = viewer(&browser, "vic", &path).await?;
    takes(&ada).await?;
    bob.sees("#stands", "ada holds the wheel").await?;
    vic.sees("#stands", "ada holds the wheel").await?;
    bob.does("hidden", json!({ "on": "#take" })).await?;
    assert_eq!(vic.does("count", json!({ "on": "#take" })).await?["count"], 0, "a viewer has no wheel");
    let root = viewer(&browser, "root", &path).await?;
    root.sees("#take-over", "Take over from ada").await?;
    root.clicks("#take-over").await?;
    root.sees("#stands", "You hold the wheel").await?;
    // Her page is a stale one now, whatever it believes.
    let before = sum(&root).await?;
    ada.does("point", json!({ "on": "#screen", "x": FIELD.0, "y": FIELD.1 })).await?;
    ada.does("type", json!({ "text": "stale" })).await?;
    ada.sees("#stands", "root holds the wheel").await?;
    assert_eq!(sum(&root).await?, before, "a stale page steers");
    root.does("point", json!({ "on": "#screen", "x": FIELD.0, "y": FIELD.1 })).await?;
    let moved = eventually(async || (sum(&root).await.ok()? != before).then_some(()));
    assert!(moved.await.is_some(), "the holder doesn't steer");
    let trail = fleet.succeed(&["audit", "list", "--action", "run.taken"]).await?;
    assert!(trail.contains("ada") && trail.contains("root"), "{trail}");
    Ok(())
}

#[tokio::test]
async fn a_reload_keeps_the_wheel_and_whoever_vanishes_loses_it_in_time() -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    add_user(&fleet, "bob", "operator", None).await?;
    let (id, path) = at_the_survey(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = viewer(&browser, "ada", &path).await?;
    takes(&ada).await?;
    watches(&ada, &path).await?;
    ada.sees("#take", "Take the wheel here").await?;
    takes(&ada).await?;
    passes(&ada).await?;
    let bob = viewer(&browser, "bob", &path).await?;
    bob.sees("#stands", "ada holds the wheel").await?;
    ada.does("leave", json!({})).await?;
    bob.sees("#stands", "wasn't heard of").await?;
    // The run isn't lost: it looks, and goes on from what shows.
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    assert_eq!(happened(&fleet, Act::InterstitialPassed), 1);
    let trail = fleet.succeed(&["audit", "list", "--action", "run.handedBack"]).await?;
    assert!(trail.contains("system"), "{trail}");
    Ok(())
}

#[tokio::test]
async fn whoever_holds_the_wheel_of_an_agent_that_dies_is_told_at_once() -> Outcome {
    let catalog = impatient()?;
    let mut fleet = offering(&catalog).with("lease.term", "2s").start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let (_, path) = at_the_survey(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = viewer(&browser, "ada", &path).await?;
    takes(&ada).await?;
    if let Some(agent) = fleet.agents.pop() {
        agent.kill_hard().await;
    }
    ada.sees("#stands", "no line to the agent").await?;
    ada.does("hidden", json!({ "on": "#hand-back" })).await?;
    // The run isn't lost: another agent begins anew, and the view goes on with it.
    fleet.start_agent()?;
    ada.sees("#stands", "waits for a person").await?;
    ada.does("shown", json!({ "on": "#take" })).await?;
    let trail = fleet.succeed(&["audit", "list", "--action", "run.handedBack"]).await?;
    assert!(trail.contains("agentGone"), "the trail says nothing of the wheel's end: {trail}");
    Ok(())
}

#[tokio::test]
async fn what_does_not_reach_the_page_is_told() -> Outcome {
    let catalog = impatient()?;
    let mut fleet = offering(&catalog).with("console.live_views", "1").start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let (_, path) = at_the_survey(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = viewer(&browser, "ada", &path).await?;
    let second = browser.person("ada again", Sight::default()).await?;
    second.signs_in("ada", PASSWORD).await?;
    second.opens(&format!("{path}/live")).await?;
    second.sees("#stands", "too many live views").await?;
    takes(&ada).await?;
    ada.does("hidden", json!({ "on": "#lost" })).await?;
    ada.does("point", json!({ "on": "#screen", "x": FIELD.0, "y": FIELD.1 })).await?;
    ada.does("paste", json!({ "text": "x".repeat(4_001) })).await?;
    ada.sees("#lost", "nothing of it was put in").await?;
    ada.does("paste", json!({ "text": "y".repeat(40) })).await?;
    ada.does("hidden", json!({ "on": "#lost" })).await?;
    ada.does("cancel", json!({ "on": "#screen", "x": 0.1, "y": 0.9 })).await?;
    ada.sees("#lost", "what it had pressed was let go").await?;
    if let Some(agent) = fleet.agents.pop() {
        agent.kill_hard().await;
    }
    ada.sees("#stands", "no line to the agent").await?;
    ada.does("type", json!({ "text": "z" })).await?;
    ada.sees("#stands", "didn't reach the page").await?;
    if let Some(coordinator) = fleet.coordinator.take() {
        coordinator.kill_hard().await;
    }
    ada.sees("#lost", "may not have reached the page").await?;
    Ok(())
}

#[tokio::test]
async fn a_socket_opens_for_pages_of_this_site_and_for_runs_that_are_ones_own() -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "own", "operator", Some("default")).await?;
    fleet.integrator("other").await?;
    add_user(&fleet, "other", "operator", Some("other")).await?;
    set_up(&fleet, &integrator).await?;
    integrator
        .connection(integrator.list("/v1/connections").await?[0]["id"].as_str().unwrap_or_default(), "there", |_| true)
        .await?;
    let path = eventually(async || path(&fleet).await.ok()).await.ok_or("no lease")?;
    let (own, other) =
        (Visitor::signed_in(fleet.address(), "own").await, Visitor::signed_in(fleet.address(), "other").await);
    let origin = fleet.address().to_owned();
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let socket = format!("{path}/live/socket");
    let ask = async |visitor: &Visitor, more: &[(&str, &str)]| {
        let headers: Vec<_> = upgrade.iter().chain(more).copied().collect();
        visitor.ask(Method::GET, &socket, None, &headers).await.status
    };
    let from_here = ("origin", origin.as_str());
    assert_eq!(ask(&other, &[SAME_SITE, from_here]).await, 404, "another organization's");
    assert_eq!(other.get(&format!("{path}/live")).await.status, 404);
    assert_eq!(ask(&own, &[SAME_SITE]).await, 403, "no origin");
    assert_eq!(ask(&own, &[("origin", "null"), SAME_SITE]).await, 403);
    assert_eq!(ask(&own, &[("origin", "https://evil.example")]).await, 403);
    assert_eq!(ask(&own, &[from_here, ("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(ask(&Visitor::new(fleet.address()), &[SAME_SITE, from_here]).await, 401);
    assert_eq!(ask(&own, &[SAME_SITE, from_here]).await, 101);
    Ok(())
}

#[tokio::test]
async fn the_wheel_is_taken_and_left_by_the_keyboard_alone_and_keeps_nobody_out() -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let (_, path) = at_the_survey(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    for sight in [Sight::default(), Sight { dark: true, phone: true, ..Sight::default() }] {
        let ada = browser.person("ada", sight).await?;
        ada.signs_in("ada", PASSWORD).await?;
        watches(&ada, &path).await?;
        assert_eq!(ada.barriers().await?, Vec::<String>::new());
        let focused = async |wanted: &str| {
            for _ in 0..60 {
                if ada.does("focus", json!({})).await?["id"] == wanted {
                    return Ok(true);
                }
                ada.does("press", json!({ "keys": ["Tab"] })).await?;
            }
            Ok::<_, Box<dyn std::error::Error>>(false)
        };
        ada.does("shown", json!({ "on": "#take" })).await?;
        assert!(focused("take").await?, "the wheel can't be reached by the keyboard");
        ada.does("press", json!({ "keys": ["Enter"] })).await?;
        ada.sees("#stands", "You hold the wheel").await?;
        assert_eq!(ada.does("focus", json!({})).await?["id"], "screen", "the picture has the focus");
        // Tab belongs to the bank's page; Escape twice leads out.
        ada.does("press", json!({ "keys": ["Tab"] })).await?;
        assert_eq!(ada.does("focus", json!({})).await?["id"], "screen");
        assert_eq!(ada.barriers().await?, Vec::<String>::new());
        assert_eq!(ada.does("wide", json!({})).await?["beyond"], 0, "the page is wider than the screen");
        ada.does("press", json!({ "keys": ["Escape", "Escape"] })).await?;
        assert_eq!(ada.does("focus", json!({})).await?["id"], "hand-back");
        ada.does("press", json!({ "keys": ["Enter"] })).await?;
        // The page shows still, so it is offered again.
        ada.sees("#stands", "The run is under way").await?;
        ada.sees("#stands", "Nobody holds the wheel").await?;
        assert_eq!(ada.complaints().await?, Vec::<String>::new());
        ada.does("leave", json!({})).await?;
    }
    let browser_without = browser.person("bob", Sight { without_scripts: true, ..Sight::default() }).await?;
    browser_without.signs_in("ada", PASSWORD).await?;
    browser_without.opens(&format!("{path}/live")).await?;
    browser_without.sees("p.alert", "needs JavaScript").await?;
    Ok(())
}
