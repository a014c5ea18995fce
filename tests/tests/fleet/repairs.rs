//! A portal changes: how far its pages drift, the ticket that a script's failure opens, and how another revision mends it.
//!
//! Not here: what a page is built of and what is proposed (the script crate's own tests), or who sees tickets (the console's).

use fixtures::faults::Faults;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::programs::built;
use tests::world::{Fleet, Plan, Ran, run, scripts};
use tokio::process::Command;

use crate::{Outcome, active, answer, set_up};

const TICKETS: &str = "/control/v1/repair-tickets";
const PAGES: &str = "/control/v1/institutions/harbour/pages";
const REVISIONS: &str = "/control/v1/institutions/harbour/revisions";
const ROLLOUT: &str = "/control/v1/institutions/harbour/rollout";

/// A fleet in which somebody always attends, so that what is to be tried again is tried at once.
fn attended() -> Plan {
    Plan::new().with("attendance.hours", "mon-sun 00:00-24:00")
}

/// The harbour's script, but that one thing is another.
fn with(text: &str, other: &str) -> Result<String, Box<dyn std::error::Error>> {
    let script = std::fs::read_to_string(scripts().join("harbour/script.yaml"))?;
    if script.contains(text) { Ok(script.replacen(text, other, 1)) } else { Err("the script has changed".into()) }
}

async fn publish(operator: &Integrator, body: &Value) -> Result<String, Box<dyn std::error::Error>> {
    let published = operator.post(REVISIONS, body).await?;
    Ok(published["revision"].as_str().ok_or("a revision")?.to_owned())
}

/// The only ticket, once it is as `wanted` says.
async fn ticket(
    (fleet, operator): (&Fleet, &Integrator),
    wanted: impl Fn(&Value) -> bool,
) -> Result<Value, Box<dyn std::error::Error>> {
    let mut last = Value::Null;
    let found = eventually(async || {
        let tickets = operator.list(TICKETS).await.ok()?;
        last = json!(tickets);
        let [one] = tickets.as_slice() else { return None };
        wanted(one).then(|| one.clone())
    });
    let found = found.await;
    found.ok_or_else(|| format!("the tickets are {last}\n{}", fleet.talk()).into())
}

/// Has an author repair a ticket that the coordinator has.
async fn repair(fleet: &Fleet, id: &str, more: &[&str]) -> Result<Ran, Box<dyn std::error::Error>> {
    let mut command = Command::new(built("agent")?);
    command.args(["repair", id, "--coordinator", fleet.address(), "--token-file"]);
    command.arg(fleet.folder().join("data/control.token")).args(more);
    Ok(run(command, "").await?)
}

/// Waits until a connection is planned by itself that its script had stopped, and makes it due.
async fn is_tried_by_itself(operator: &Integrator, id: &str) -> Outcome {
    let path = format!("/control/v1/connections/{id}");
    let planned = eventually(async || {
        let schedule = operator.get(&path).await.ok()?;
        schedule["nextSyncAt"].is_string().then_some(())
    });
    planned.await.ok_or("it isn't planned")?;
    operator.post(&format!("{path}/due"), &Value::Null).await?;
    Ok(())
}

/// Asks for a sync and waits for its end.
async fn fails(integrator: &Integrator, id: &str) -> Result<Value, Box<dyn std::error::Error>> {
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    let ended = |now: &Value| now["syncStatus"] == "idle" && now["status"] == "errored";
    Ok(integrator.connection(id, "the end of the sync", ended).await?)
}

#[tokio::test]
async fn a_renamed_field_opens_one_ticket_that_ends_when_another_revision_reads_whole() -> Outcome {
    let fleet = attended().start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let id = set_up(&fleet, &integrator).await?;
    let seen = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let names = |pages: &[Value]| pages.iter().filter_map(|page| page["page"].as_str().map(str::to_owned)).collect();
    let pages = eventually(async || operator.list(PAGES).await.ok().filter(|pages| !pages.is_empty())).await;
    let pages: Vec<String> = names(&pages.ok_or_else(|| fleet.talk())?);
    assert_eq!(pages, ["account", "accounts", "passcode", "sign_in", "signed_out"]);
    assert!(operator.list(TICKETS).await?.is_empty());

    fleet.portal.set_faults(Faults { renamed_id: true, ..Faults::default() });
    fails(&integrator, &id).await?;
    let opened = ticket((&fleet, &operator), |ticket| ticket["runs"] == 1).await?;
    assert_eq!(
        (&opened["code"], &opened["page"], &opened["target"], &opened["state"], &opened["connections"]),
        (&json!("script.element.missing"), &json!("sign_in"), &json!("#username"), &json!("open"), &json!(1))
    );
    assert_eq!(opened["nearest"]["page"], "sign_in", "{opened}");
    let far = opened["nearest"]["distance"].as_u64().ok_or("a distance")?;
    assert!(far > 0 && far < 300, "one field of several: {far}");
    let path = format!("{TICKETS}/{}", opened["id"].as_str().unwrap_or_default());
    let story = operator.get(&path).await?;
    let html = |page: &Value| page.as_str().unwrap_or_default().to_owned();
    assert!(html(&story["before"]).contains("id=\"username\""), "{story}");
    assert!(html(&story["now"]["html"]).contains("id=\"user-id\""), "{story}");
    // The field's name is what its id was, and stays.
    assert_eq!(story["changes"], json!({ "gone": [], "new": ["`user-id`"] }));
    assert!(html(&story["source"]).contains("institution: harbour"));
    assert_eq!(story["noneProposed"], Value::Null);
    let proposed = &story["proposals"][0]["changes"][0];
    assert_eq!(proposed["before"], "\"#username\"", "{}", story["proposals"]);
    assert!(html(&proposed["after"]).contains("User ID"), "the label that is still there: {proposed}");
    let told = fleet.succeed(&["script", "ticket", opened["id"].as_str().unwrap_or_default()]).await?;
    assert!(told.contains("nothing fits `#username`") && told.contains("user-id"), "{told}");

    // The same of another organization's connection is no other ticket, and the page is told to drift though no run was whole.
    let others = fleet.integrator("other").await?;
    set_up(&fleet, &others).await?;
    let again = ticket((&fleet, &operator), |ticket| ticket["runs"] == 2).await?;
    assert_eq!((&again["id"], &again["connections"]), (&opened["id"], &json!(2)));
    let days = |page: &Value| page["page"] == "sign_in" && page["days"][0]["changed"] == 2;
    let drifts = eventually(async || operator.list(PAGES).await.ok()?.into_iter().find(days)).await;
    let drifts = drifts.ok_or("nothing drifts")?;
    assert_eq!((&drifts["days"][0]["runs"], &drifts["days"][0]["most"]), (&json!(3), &json!(far)), "{drifts}");

    // An author takes what is proposed. The connection waits for another revision, and is tried by it without anybody's asking.
    let ticket_id = opened["id"].as_str().unwrap_or_default();
    let repaired = repair(&fleet, ticket_id, &["--accept", "1", "--publish", "--json"]).await?;
    assert_eq!(repaired.code, Some(0), "{}{}", repaired.stdout, repaired.stderr);
    let told: Value = serde_json::from_str(&repaired.stdout)?;
    assert_eq!(told["taken"]["tried"], "canary", "nobody signs in, so that a shadow couldn't read: {told}");
    let mended = told["taken"]["revision"].as_str().ok_or("a revision")?.to_owned();
    let rollout = operator.get(ROLLOUT).await?;
    assert_eq!((&rollout["candidate"], &rollout["share"]), (&json!(mended), &json!(10)), "{rollout}");
    assert_eq!(operator.get(&path).await?["mendingRevision"], json!(mended));
    operator.post(&format!("{ROLLOUT}/canary"), &json!({ "revision": mended, "share": 100 })).await?;
    is_tried_by_itself(&operator, &id).await?;
    answer(&fleet, &integrator, &id, Some(&seen), 2).await?;
    let active = |now: &Value| now["status"] == "active";
    integrator.connection(&id, "that it goes on", active).await?;
    let ended = ticket((&fleet, &operator), |ticket| ticket["state"] == "mended").await?;
    assert_eq!((&ended["mendedBy"], &ended["mendingRevision"]), (&json!(mended), &json!(mended)));
    assert!(ended["endedAt"].is_string());
    let late = json!({ "source": with("start: /", "start: / # Late.")?, "mends": opened["id"] });
    let late = operator.call(reqwest::Method::POST, REVISIONS, Some(&late)).await?;
    assert_eq!(late.status, 404, "it is open no more: {}", late.body);
    Ok(())
}

#[tokio::test]
async fn a_page_that_nobody_knew_is_taught_and_the_way_goes_on() -> Outcome {
    let fleet = attended().start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let id = set_up(&fleet, &integrator).await?;
    let seen = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    fleet.portal.set_faults(Faults { survey: true, ..Faults::default() });
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    let seen = answer(&fleet, &integrator, &id, Some(&seen), 2).await?;
    let opened = ticket((&fleet, &operator), |ticket| ticket["runs"] == 1).await?;
    assert_eq!((&opened["code"], &opened["page"]), (&json!("script.page.unrecognised"), &Value::Null), "{opened}");
    let path = format!("{TICKETS}/{}", opened["id"].as_str().unwrap_or_default());
    let lessons = format!("{path}/lessons");
    let wrong = json!({ "it": "passage", "press": "No such button" });
    let refused = operator.call(reqwest::Method::POST, &lessons, Some(&wrong)).await?;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/lesson")), "{}", refused.body);
    let taught = operator.post(&lessons, &json!({ "it": "passage", "press": "Maybe later" })).await?;
    assert!(taught["change"]["after"].to_string().contains("click"), "{taught}");
    let revision = taught["revision"].as_str().ok_or("a revision")?;
    operator.post(&format!("{ROLLOUT}/canary"), &json!({ "revision": revision, "share": 100 })).await?;
    is_tried_by_itself(&operator, &id).await?;
    answer(&fleet, &integrator, &id, Some(&seen), 3).await?;
    let ended = ticket((&fleet, &operator), |ticket| ticket["state"] == "mended").await?;
    assert_eq!((&ended["mendedBy"], &ended["mendingRevision"]), (&json!(revision), &json!(revision)));
    Ok(())
}

#[tokio::test]
async fn a_shadow_reads_where_the_current_revision_fails_and_its_promotion_is_tried_by_itself() -> Outcome {
    let fleet = attended().start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let id = set_up(&fleet, &integrator).await?;
    let seen = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let right = operator.get(ROLLOUT).await?["current"].as_str().ok_or("a revision")?.to_owned();
    let broken = publish(&operator, &json!({ "source": with("open: \"th a\"", "open: \"th b\"")? })).await?;
    operator.post(&format!("{ROLLOUT}/promote"), &json!({ "revision": broken })).await?;
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    let seen = answer(&fleet, &integrator, &id, Some(&seen), 2).await?;
    let errored = |now: &Value| now["status"] == "errored" && now["syncStatus"] == "idle";
    integrator.connection(&id, "the end of the sync", errored).await?;
    let opened = ticket((&fleet, &operator), |ticket| ticket["runs"] == 1).await?;
    assert_eq!((&opened["page"], &opened["target"]), (&json!("accounts"), &json!("th b")), "{opened}");

    // It came as far as to where a shadow reads, so it is tried once with one beside.
    operator.post(&format!("{ROLLOUT}/shadow"), &json!({ "revision": right })).await?;
    is_tried_by_itself(&operator, &id).await?;
    let seen = answer(&fleet, &integrator, &id, Some(&seen), 3).await?;
    let alone = eventually(async || {
        let revisions = operator.list(REVISIONS).await.ok()?;
        let trial = revisions.into_iter().find(|one| one["revision"] == *right)?["trial"].clone();
        (trial["shadows"].as_u64() > Some(0)).then_some(trial)
    });
    let alone = alone.await.ok_or_else(|| fleet.talk())?;
    assert_eq!((&alone["shadows"], &alone["shadowsAlone"], &alone["shadowsFailed"]), (&json!(1), &json!(1), &json!(0)));
    let transactions = integrator.list("/v1/transactions?limit=500").await?.len();
    let accounts = integrator.list("/v1/accounts").await?.len();
    let expected = format!(
        "read {accounts} accounts, {transactions} transactions where the current one ended with script.element.missing"
    );
    assert_eq!(alone["alone"], expected);
    integrator.connection(&id, "the end of the sync", errored).await?;
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (3, 3, 3), "one sign-in a run, and out");
    ticket((&fleet, &operator), |ticket| ticket["runs"] == 2 && ticket["state"] == "open").await?;

    operator.post(&format!("{ROLLOUT}/promote"), &json!({ "revision": right })).await?;
    is_tried_by_itself(&operator, &id).await?;
    answer(&fleet, &integrator, &id, Some(&seen), 4).await?;
    integrator.connection(&id, "that it goes on", |now| now["status"] == "active").await?;
    let ended = ticket((&fleet, &operator), |ticket| ticket["state"] == "mended").await?;
    assert_eq!(ended["mendedBy"], json!(right));
    Ok(())
}

#[tokio::test]
async fn a_ticket_is_closed_with_a_reason_by_whoever_steers_and_looked_at_by_all_operators() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    set_up(&fleet, &integrator).await?;
    let agent = tests::bare_agent::BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("a lease")?;
    agent.fail_on_page(&held, "script.page.unrecognised", "<h1>Welcome</h1>").await?;
    let opened = ticket((&fleet, &operator), |ticket| ticket["state"] == "open").await?;
    let id = opened["id"].as_str().ok_or("an id")?;
    assert_eq!((&opened["page"], &opened["target"], &opened["nearest"]), (&Value::Null, &Value::Null, &Value::Null));

    let token = fleet.succeed(&["control-token", "create", "--name", "looks", "--role", "viewer"]).await?;
    let viewer = Integrator::new(fleet.address(), token.trim());
    assert_eq!(viewer.get(&format!("{TICKETS}/{id}")).await?["now"]["html"], "<h1>Welcome</h1>");
    let close = format!("{TICKETS}/{id}/close");
    let refused = viewer.call(reqwest::Method::POST, &close, Some(&json!({ "reason": "no" }))).await?;
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("role_missing")));
    let blank = operator.call(reqwest::Method::POST, &close, Some(&json!({ "reason": " " }))).await?;
    assert_eq!(blank.status, 422, "{}", blank.body);
    fleet.succeed(&["script", "close-ticket", id, "--reason", "the bank took it back"]).await?;
    let closed = ticket((&fleet, &operator), |ticket| ticket["state"] == "closed").await?;
    assert_eq!(closed["closedBecause"], "the bank took it back");
    let trail = operator.list("/control/v1/audit?action=repairTicket.closed").await?;
    assert_eq!((trail.len(), &trail[0]["subject"]), (1, &json!(id)));
    let open: Value = serde_json::from_str(&fleet.succeed(&["script", "tickets", "--state", "open", "--json"]).await?)?;
    assert_eq!(open, json!([]));
    Ok(())
}
