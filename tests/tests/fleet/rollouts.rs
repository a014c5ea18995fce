//! A script is rolled out: published, read beside, given to some, taken back; and what waits for one goes on.
//!
//! Not here: who leads, and what a canary must not change (the store's own tests), or which step goes with which stage.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::receiver::Receiver;
use tests::world::{Fleet, Plan, scripts};

use crate::{Outcome, active, answer, set_up, verdict};

const REVISIONS: &str = "/control/v1/institutions/harbour/revisions";
const ROLLOUT: &str = "/control/v1/institutions/harbour/rollout";

/// A script has so many bytes at most.
const LARGEST: usize = 256 << 10;

/// The harbour's own script.
fn script() -> Result<String, std::io::Error> {
    std::fs::read_to_string(scripts().join("harbour/script.yaml"))
}

/// The same, but that one thing is another.
fn with(text: &str, other: &str) -> Result<String, Box<dyn std::error::Error>> {
    let script = script()?;
    if script.contains(text) { Ok(script.replacen(text, other, 1)) } else { Err("the script has changed".into()) }
}

async fn publish(operator: &Integrator, source: &str) -> Result<String, Box<dyn std::error::Error>> {
    let published = operator.post(REVISIONS, &json!({ "source": source, "note": "a trial" })).await?;
    Ok(published["revision"].as_str().ok_or("a revision")?.to_owned())
}

/// How a revision fares, once that is as `wanted` says.
async fn trial(
    (fleet, operator): (&Fleet, &Integrator),
    revision: &str,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Value, Box<dyn std::error::Error>> {
    let mut last = Value::Null;
    let found = eventually(async || {
        let revisions = operator.list(REVISIONS).await.ok()?;
        last = revisions.into_iter().find(|one| one["revision"] == revision)?["trial"].clone();
        wanted(&last).then(|| last.clone())
    });
    let found = found.await;
    found.ok_or_else(|| format!("the trial is {last}\n{}", fleet.talk()).into())
}

/// Asks for a sync and answers the bank's `count`th code.
async fn sync(fleet: &Fleet, integrator: &Integrator, id: &str, (seen, count): (&str, usize)) -> Outcome {
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    answer(fleet, integrator, id, Some(seen), count).await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_column_is_caught_in_a_shadow_that_signs_in_nowhere_and_keeps_nothing() -> Outcome {
    let fleet = Plan::new().start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let id = set_up(&fleet, &integrator).await?;
    let seen = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let before = integrator.list("/v1/transactions?limit=500").await?;

    let source = with("description: Description", "description: Type")?;
    let looked = operator.post(&format!("{REVISIONS}/check"), &json!({ "source": source })).await?;
    let fields = looked["reread"]["fields"].to_string();
    assert!(looked["reread"]["changed"].as_u64() > Some(100) && fields.contains("description"), "{looked}");
    assert_eq!(operator.list(REVISIONS).await?.len(), 1, "that kept nothing");
    let wrong = publish(&operator, &source).await?;
    let rollout = operator.post(&format!("{ROLLOUT}/shadow"), &json!({ "revision": wrong })).await?;
    assert_eq!(
        (&rollout["stage"], &rollout["candidate"], &rollout["share"]),
        (&json!("shadow"), &json!(wrong), &json!(100))
    );
    let reads = |trial: &Value| trial["shadows"].as_u64() > Some(0);
    sync(&fleet, &integrator, &id, (&seen, 2)).await?;
    let trial = trial((&fleet, &operator), &wrong, reads).await?;
    assert_eq!((&trial["shadows"], &trial["shadowsFailed"], &trial["shadowsSame"]), (&json!(1), &json!(0), &json!(0)));
    let difference = trial["difference"].as_str().unwrap_or_default();
    assert!(difference.contains("rows changed (in description, rawDescription)"), "{difference}");

    integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;
    assert_eq!(integrator.list("/v1/transactions?limit=500").await?, before, "the ledger is as it was");
    assert!(verdict(&fleet, &integrator).await?.is_clean());
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.code_submits), (2, 2, 2), "one sign-in a run");
    assert_eq!(oracle.sign_outs, 2, "the run signs out after the shadow, too");
    let rollout = operator.get(ROLLOUT).await?;
    assert_eq!(rollout["stage"], "shadow", "a shadow harms nobody, and goes on");

    // One that takes the list of accounts for a page on which a password is submitted, by the link that signs out.
    let pushy = script()?;
    let from = pushy.find("  sign_in:").ok_or("a page")?;
    let to = pushy.find("  refused:").ok_or("the next page")?;
    let page = "  sign_in:\n    when: { visible: [\"#accounts-table\", \"#sign-out\"] }\n    do:\n      - { click: \"#sign-out\", effect: password }\n\n";
    let pushy = publish(&operator, &[&pushy[..from], page, &pushy[to..]].concat()).await?;
    operator.post(&format!("{ROLLOUT}/rollback"), &json!({ "revision": wrong })).await?;
    operator.post(&format!("{ROLLOUT}/shadow"), &json!({ "revision": pushy })).await?;
    let seen = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    let seen = seen.iter().filter_map(|one| one["id"].as_str()).max().unwrap_or_default().to_owned();
    sync(&fleet, &integrator, &id, (&seen, 3)).await?;
    let trial = self::trial((&fleet, &operator), &pushy, reads).await?;
    assert_eq!((&trial["shadowsFailed"], &trial["lastFailure"]), (&json!(1), &json!("script")), "{trial}");
    let now = integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;
    assert_eq!((&now["status"], &now["failure"]), (&json!("active"), &Value::Null), "its failure is its own: {now}");
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (3, 3, 3), "it did nothing at the bank");
    Ok(())
}

#[tokio::test]
async fn a_canary_that_fails_is_halted_and_the_customer_sees_nothing_of_it() -> Outcome {
    let fleet = Plan::new().start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let id = set_up(&fleet, &integrator).await?;
    let seen = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let current = operator.get(ROLLOUT).await?["current"].clone();

    let broken = publish(&operator, &with("open: \"th a\"", "open: \"th b\"")?).await?;
    operator.post(&format!("{ROLLOUT}/canary"), &json!({ "revision": broken, "share": 100 })).await?;
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    let seen = answer(&fleet, &integrator, &id, Some(&seen), 2).await?;
    let halted = |trial: &Value| trial["failed"] == 1;
    trial((&fleet, &operator), &broken, halted).await?;
    // The current revision tries the same run again.
    answer(&fleet, &integrator, &id, Some(&seen), 3).await?;
    let now = integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;
    assert_eq!((&now["status"], &now["failure"]), (&json!("active"), &Value::Null), "{now}");
    let rollout = operator.get(ROLLOUT).await?;
    assert_eq!((&rollout["stage"], &rollout["current"]), (&json!("halted"), &current));
    let because = rollout["haltedBecause"].as_str().unwrap_or_default();
    assert!(because.contains("script.element"), "{because}");
    let trail = operator.list("/control/v1/audit?action=script.halted").await?;
    assert_eq!((trail.len(), &trail[0]["actor"]["kind"]), (1, &json!("system")));

    let fixed = publish(&operator, &format!("{}# Again.\n", script()?)).await?;
    let canary = json!({ "revision": fixed, "share": 100, "promoteAfter": 1 });
    operator.post(&format!("{ROLLOUT}/canary"), &canary).await?;
    let seen = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    let seen = seen.iter().filter_map(|one| one["id"].as_str()).max().unwrap_or_default().to_owned();
    sync(&fleet, &integrator, &id, (&seen, 4)).await?;
    trial((&fleet, &operator), &fixed, |trial| trial["clean"] == 1).await?;
    let promoted = operator.get(ROLLOUT).await?;
    assert_eq!(
        (&promoted["stage"], &promoted["current"], &promoted["previous"]),
        (&json!("settled"), &json!(fixed), &current)
    );
    let back = fleet.succeed(&["script", "rollback", "harbour", &fixed, "--json"]).await?;
    assert_eq!(serde_json::from_str::<Value>(&back)?["current"], current);
    Ok(())
}

#[tokio::test]
async fn a_canary_in_which_an_agent_goes_silent_is_halted_before_another_agent_has_the_run() -> Outcome {
    let fleet = Plan::new().agents(0).with("lease.term", "2s").start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let deadly = publish(&operator, &format!("{}# Deadly.\n", script()?)).await?;
    let canary = ["script", "canary", "harbour", &deadly, "--share", "100", "--promote-after", "3"];
    fleet.succeed(&canary).await?;
    let greater = fleet.succeed(&["script", "canary", "harbour", &deadly, "--share", "100", "--json"]).await?;
    assert_eq!(serde_json::from_str::<Value>(&greater)?["promoteAfter"], 3, "a share alone asks for nothing else");
    set_up(&fleet, &integrator).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("a lease")?;
    agent.renew(&held).await?;
    let trial = trial((&fleet, &operator), &deadly, |trial| trial["runs"] == 1).await?;
    let counted = (&trial["failed"], &trial["failedOtherwise"], &trial["lastFailure"]);
    assert_eq!(counted, (&json!(0), &json!(1), &json!("platform.agents_gone")));
    let rollout = operator.get(ROLLOUT).await?;
    assert_eq!((&rollout["stage"], &rollout["promoteAfter"]), (&json!("halted"), &Value::Null));
    assert!(rollout["haltedBecause"].as_str().unwrap_or_default().contains("silent"), "{rollout}");
    let again = eventually(async || agent.acquire(1_000).await.ok()?).await.ok_or("the run again")?;
    assert_eq!(again.run_id, held.run_id);
    Ok(())
}

#[tokio::test]
async fn what_can_t_be_published_says_why_and_changes_nothing() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let before = operator.list(REVISIONS).await?;
    let refused = async |source: String| {
        let answer = operator.call(Method::POST, REVISIONS, Some(&json!({ "source": source }))).await?;
        Ok::<_, Box<dyn std::error::Error>>((
            answer.status,
            answer.body["code"].as_str().unwrap_or_default().to_owned(),
            answer.body,
        ))
    };
    let (status, code, body) = refused(with("start: /", "begin: /")?).await?;
    assert_eq!((status, code.as_str()), (422, "script_faulty"), "{body}");
    assert!(body["errors"][0]["message"].as_str().unwrap_or_default().starts_with("line "), "{body}");
    let (status, code, body) = refused(with("institution: harbour", "institution: kontor")?).await?;
    assert_eq!((status, code.as_str()), (422, "validation_failed"), "{body}");
    let wider = with("start: /", "hosts: [statements.example]\nstart: /")?;
    let (status, code, body) = refused(wider.clone()).await?;
    assert_eq!((status, code.as_str()), (409, "hosts_not_agreed"), "{body}");
    assert!(body["detail"].as_str().unwrap_or_default().contains("statements.example"), "{body}");
    // JSON may write each byte as six.
    let padded = |bytes: usize| script().map(|script| format!("{script}# {}\n", "\"".repeat(bytes - script.len() - 3)));
    let (status, code, body) = refused(padded(LARGEST + 1)?).await?;
    assert_eq!((status, code.as_str()), (422, "validation_failed"), "{body}");
    assert_eq!(operator.list(REVISIONS).await?, before);
    let checked = operator.post(&format!("{REVISIONS}/check"), &json!({ "source": padded(LARGEST)? })).await?;
    assert!(checked["revision"].is_string(), "as large as a script may be: {checked}");

    let file = fleet.folder().join("wider.yaml");
    std::fs::write(&file, &wider)?;
    let file = file.to_string_lossy();
    let tried = fleet.run(&["script", "publish", "harbour", &file], "").await?;
    assert_eq!(tried.code, Some(1), "{}", tried.stderr);
    assert!(tried.stderr.contains("hint: ") && tried.stderr.contains("--agree-host"), "{}", tried.stderr);
    fleet.succeed(&["script", "publish", "harbour", &file, "--dry-run"]).await?;
    assert_eq!(operator.list(REVISIONS).await?, before);
    let agreed = ["script", "publish", "harbour", &file, "--agree-host", "statements.example", "--json"];
    let published: Value = serde_json::from_str(&fleet.succeed(&agreed).await?)?;
    assert_eq!(published["hostsAdded"], json!(["statements.example"]));
    let trail = operator.list("/control/v1/audit?action=script.published").await?;
    let detail = trail[0]["detail"].to_string();
    assert!(trail.len() == 1 && detail.contains("statements.example"), "{detail}");
    let revision = published["revision"].as_str().ok_or("a revision")?;
    let shadow = json!({ "revision": revision });
    let answer = operator.call(Method::POST, &format!("{ROLLOUT}/shadow"), Some(&shadow)).await?;
    assert_eq!(answer.status, 422, "a shadow reaches what the current revision reaches: {}", answer.body);
    let again = operator
        .call(Method::POST, REVISIONS, Some(&json!({ "source": wider, "agreedHosts": ["statements.example"] })))
        .await?;
    assert_eq!(again.status, 200, "twice is once: {}", again.body);
    Ok(())
}

#[tokio::test]
async fn a_bad_folder_is_refused_whole_and_whoever_may_not_publish_is_told_so() -> Outcome {
    let folder = tempfile::tempdir()?;
    copy(&scripts().join("harbour"), &folder.path().join("harbour"))?;
    let fleet = Plan::new().agents(0).with("catalog.folder", &folder.path().to_string_lossy()).start().await?;
    let operator = fleet.operator()?;
    let current = operator.get(ROLLOUT).await?["current"].clone();
    let file = folder.path().join("harbour/script.yaml");
    std::fs::write(&file, with("start: /", "begin: /")?)?;
    let answer = operator.call(Method::POST, "/control/v1/catalog/reload", None).await?;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("catalog_faulty")), "{}", answer.body);
    assert_eq!(operator.get(ROLLOUT).await?["current"], current);
    std::fs::write(&file, format!("{}# {}\n", script()?, "x".repeat(LARGEST)))?;
    let answer = operator.call(Method::POST, "/control/v1/catalog/reload", None).await?;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("catalog_faulty")), "too large: {}", answer.body);
    std::fs::write(&file, format!("{}# Another.\n", script()?))?;
    let said: Value = serde_json::from_str(&fleet.succeed(&["script", "reload", "--json"]).await?)?;
    assert_eq!(said[0]["outcome"], "isCurrent", "{said}");
    let rollout = operator.get(ROLLOUT).await?;
    assert_eq!((&rollout["current"], &rollout["previous"]), (&said[0]["revision"], &current));

    std::fs::write(&file, format!("{}# A third.\n", script()?))?;
    fleet.coordinator.as_ref().ok_or("a coordinator")?.hang_up();
    let followed = eventually(async || {
        let now = operator.get(ROLLOUT).await.ok()?;
        (now["previous"] == rollout["current"]).then_some(())
    });
    assert!(followed.await.is_some(), "{}", fleet.talk());

    let made = fleet.succeed(&["control-token", "create", "--name", "steering", "--role", "operator"]).await?;
    let steering = Integrator::new(fleet.address(), made.trim());
    assert_eq!(steering.get(ROLLOUT).await?["stage"], "settled");
    for (path, body) in [
        (REVISIONS.to_owned(), json!({ "source": script()? })),
        (format!("{ROLLOUT}/promote"), json!({ "revision": current })),
        ("/control/v1/catalog/reload".to_owned(), json!({})),
    ] {
        let answer = steering.call(Method::POST, &path, Some(&body)).await?;
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!("role_missing")), "{path}: {}", answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_of_a_portal_that_nobody_knew_goes_on_once_there_is_a_script() -> Outcome {
    let folder = tempfile::tempdir()?;
    copy(&scripts().join("harbour"), &folder.path().join("harbour"))?;
    let fleet = Plan::new()
        .with("catalog.folder", &folder.path().to_string_lossy())
        .with("development.portal_urls.harbour", "https://elsewhere.example/")
        .start()
        .await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    let (receiver, url) = (Receiver::start().await?, fleet.portal.url());
    let webhook = json!({ "url": receiver.url(), "events": ["connection.status_changed"] });
    let webhook = integrator.post("/v1/webhooks", &webhook).await?;
    receiver.trust(webhook["webhook"]["secret"].as_str().unwrap_or_default());
    let asked = json!({ "entityId": integrator.default_entity().await?, "portalUrl": url });
    let connection = integrator.post("/v1/connections", &asked).await?;
    assert_eq!(connection["setup"]["nextAction"], "writeScript", "{connection}");
    let id = connection["id"].as_str().ok_or("an id")?.to_owned();
    let wanted = operator.list("/control/v1/scripts/wanted").await?;
    assert_eq!((wanted.len(), &wanted[0]["connections"]), (1, &json!(1)));

    // The record comes with a deployment of the folder, and the script is published.
    let pier = folder.path().join("pier");
    std::fs::create_dir(&pier)?;
    let record = std::fs::read_to_string(scripts().join("harbour/institution.yaml"))?;
    let record = record.replace("id: harbour", "id: pier").replace("https://portal.harbour.example/", url);
    std::fs::write(pier.join("institution.yaml"), record)?;
    fleet.succeed(&["script", "reload"]).await?;
    assert_eq!(operator.list("/control/v1/scripts/wanted").await?.len(), 1, "a record is no script");
    let again = integrator.call(Method::POST, "/v1/connections", Some(&asked)).await?;
    assert_eq!((again.status, &again.body["id"]), (200, &json!(id)), "it is the one that waits: {}", again.body);
    let source = with("institution: harbour", "institution: pier")?;
    let published = operator.post("/control/v1/institutions/pier/revisions", &json!({ "source": source })).await?;
    assert_eq!(published["rollout"]["current"], published["revision"], "there was none before");

    let asks = |now: &Value| now["setup"]["nextAction"] == "createDelegatedUser";
    let connection = integrator.connection(&id, "its institution", asks).await?;
    assert_eq!(connection["institutionId"], "pier");
    assert!(operator.list("/control/v1/scripts/wanted").await?.is_empty());
    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    assert_eq!(events.last().map(|event| event["cause"].clone()), Some(json!("institutionFound")));
    let told = eventually(async || receiver.received().into_iter().next()).await.ok_or("a webhook")?;
    assert_eq!((&told.event["data"]["connectionId"], told.is_verified), (&json!(id), true), "{}", told.body);

    let credentials = json!({ "bankUsername": fleet.portal.username(), "password": fleet.portal.password() });
    integrator.put(&format!("/v1/connections/{id}/credentials"), &credentials).await?;
    integrator.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    assert!(verdict(&fleet, &integrator).await?.is_clean());
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for item in std::fs::read_dir(from)? {
        let item = item?;
        if item.file_type()?.is_file() {
            std::fs::copy(item.path(), to.join(item.file_name()))?;
        }
    }
    Ok(())
}
