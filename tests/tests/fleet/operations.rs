//! What operators see of the fleet and do about it: over HTTP and by `coordinator fleet`.
//!
//! Not here: what becomes of runs (`bad_luck`), or the queue by itself.

use reqwest::Method;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::integrator::{CallError, Integrator};
use tests::patience::eventually;
use tests::world::{Fleet, Plan};

use crate::Outcome;

/// Longer than any of these tests.
const LONG: u64 = 20_000;

async fn waiting(fleet: &Fleet) -> Result<(Integrator, String), Box<dyn std::error::Error>> {
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", "clerk", "a password").await?;
    Ok((integrator, id))
}

/// A connection of another entity, which waits, too.
async fn another(fleet: &Fleet) -> Outcome {
    let integrator = fleet.integrator("default").await?;
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": "other" })).await?;
    let entity = entity["entityId"].as_str().ok_or("an entity")?;
    integrator.set_up_for(entity, "harbour", "clerk", "a password").await?;
    Ok(())
}

fn row<'a>(list: &'a [Value], id: &str) -> &'a Value {
    list.iter().find(|one| one["id"] == id || one["institutionId"] == id).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn an_operator_sees_what_waits_what_is_worked_on_and_by_whom() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let (_, connection) = waiting(&fleet).await?;
    let queue = operator.get("/control/v1/queue").await?;
    assert_eq!((&queue["ready"], &queue["runnable"], &queue["leased"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(row(queue["institutions"].as_array().ok_or("a list")?, "harbour")["ready"], 1);
    assert_eq!(queue["flows"][0]["ready"], 1);
    assert_eq!(operator.list("/control/v1/leases").await?, Vec::<Value>::new());

    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    let leases = operator.list("/control/v1/leases").await?;
    assert_eq!((&leases[0]["runId"], &leases[0]["connectionId"]), (&json!(held.run_id), &json!(connection)));
    assert_eq!(leases[0]["state"], "working");
    let agents = operator.list("/control/v1/agents").await?;
    assert_eq!((&agents[0]["id"], &agents[0]["state"]), (&leases[0]["agentId"], &json!("ready")));
    assert_eq!(agents[0]["seats"]["total"], 1);

    agent.ask(&held).await?;
    let leases = operator.list("/control/v1/leases").await?;
    assert_eq!(leases[0]["state"], "parked", "it waits for a person");
    let queue = operator.get("/control/v1/queue").await?;
    assert_eq!((&queue["ready"], &queue["leased"], &queue["parked"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!(operator.get("/control/v1/queue/audit").await?["wrong"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_drained_agent_gets_no_lease_until_it_is_undrained() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let agent = BareAgent::of(&fleet)?;
    assert!(agent.acquire(0).await?.is_none(), "there is nothing to do yet");
    let id = operator.list("/control/v1/agents").await?[0]["id"].as_str().ok_or("an agent")?.to_owned();
    let drained = operator.post(&format!("/control/v1/agents/{id}/drain"), &Value::Null).await?;
    assert_eq!(drained["state"], "drained");
    let _ = waiting(&fleet).await?;
    assert!(agent.acquire(0).await?.is_none());
    assert!(BareAgent::of(&fleet)?.acquire(LONG).await?.is_some(), "another gets it");
    operator.post(&format!("/control/v1/agents/{id}/undrain"), &Value::Null).await?;
    another(&fleet).await?;
    assert!(agent.acquire(LONG).await?.is_some());
    let nobody = uuid::Uuid::nil();
    let answer = operator.call(Method::POST, &format!("/control/v1/agents/{nobody}/drain"), None).await?;
    assert_eq!(answer.status, 404, "{}", answer.body);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_has_ended_is_counted_on_no_more() -> Outcome {
    let mut fleet = Plan::new().agents(1).start().await?;
    let operator = fleet.operator()?;
    let heard = async || operator.list("/control/v1/agents").await.ok();
    let one = eventually(async || heard().await.filter(|agents| agents.len() == 1)).await;
    assert!(one.is_some(), "{}", fleet.talk());
    let (code, talk) = fleet.agents.remove(0).end().await;
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(heard().await, Some(Vec::new()), "{talk}");
    Ok(())
}

#[tokio::test]
async fn nothing_starts_at_a_paused_institution_and_what_waits_starts_when_it_is_resumed() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let paused = operator.post("/control/v1/institutions/harbour/pause", &json!({ "reason": "they called" })).await?;
    assert_eq!((&paused["pauseReason"], paused["pausedAt"].is_string()), (&json!("they called"), true));
    let again = operator.post("/control/v1/institutions/harbour/pause", &json!({})).await?;
    assert_eq!(again, paused, "who pauses it again without a reason takes away neither the first one nor its time");
    let _ = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let queue = operator.get("/control/v1/queue").await?;
    assert_eq!((&queue["ready"], &queue["runnable"]), (&json!(1), &json!(0)));
    assert!(agent.acquire(0).await?.is_none());
    let asks = tokio::spawn(async move { agent.acquire(LONG).await });
    operator.post("/control/v1/institutions/harbour/resume", &Value::Null).await?;
    assert!(asks.await??.is_some(), "whoever waited hears of it");
    let unknown = operator.call(Method::POST, "/control/v1/institutions/nowhere/resume", None).await?;
    assert_eq!(unknown.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_bank_that_blocks_is_left_alone_until_an_operator_says_otherwise() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let _ = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    agent.fail(&held, "portal.blocked").await?;
    let states = operator.list("/control/v1/institutions").await?;
    let harbour = row(&states, "harbour");
    assert_eq!((&harbour["breaker"], harbour["openUntil"].is_string()), (&json!("open"), true), "{harbour}");
    another(&fleet).await?;
    assert!(agent.acquire(0).await?.is_none());
    operator.post("/control/v1/institutions/harbour/breaker/reset", &Value::Null).await?;
    assert!(agent.acquire(LONG).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_run_on_which_every_agent_goes_silent_is_set_aside_and_revived_once() -> Outcome {
    let fleet = Plan::new().agents(0).with("lease.term", "500ms").start().await?;
    let operator = fleet.operator()?;
    let (integrator, connection) = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let set_aside = async || {
        agent.acquire(1_000).await.ok()?;
        operator.list("/control/v1/dead-letters").await.ok()?.first().cloned()
    };
    let letter = eventually(set_aside).await.ok_or("nothing was set aside")?;
    assert_eq!((&letter["crashes"], &letter["lapses"]), (&json!(0), &json!(5)), "nobody ever renewed one");
    assert_eq!((&letter["connectionId"], &letter["failure"]), (&json!(connection), &json!("platform.agents_gone")));
    let shown = integrator.get(&format!("/v1/connections/{connection}")).await?;
    assert_eq!(shown["status"], "draft", "{shown}");

    let revive = format!("/control/v1/dead-letters/{}/revive", letter["runId"].as_str().ok_or("a run")?);
    let revived = operator.call(Method::POST, &revive, None).await?;
    assert_eq!(revived.status, 202, "{}", revived.body);
    assert_eq!(operator.call(Method::POST, &revive, None).await?.status, 404, "once");
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    assert_eq!((&json!(held.run_id), &json!(held.connection_id)), (&revived.body["runId"], &json!(connection)));
    Ok(())
}

#[tokio::test]
async fn a_run_whose_agents_spoke_and_went_silent_is_set_aside_after_three() -> Outcome {
    let fleet = Plan::new().agents(0).with("lease.term", "2s").start().await?;
    let operator = fleet.operator()?;
    let _ = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let set_aside = async || {
        if let Some(held) = agent.acquire(1_000).await.ok()? {
            agent.renew(&held).await.ok()?;
        }
        operator.list("/control/v1/dead-letters").await.ok()?.first().cloned()
    };
    let letter = eventually(set_aside).await.ok_or("nothing was set aside")?;
    assert_eq!((&letter["crashes"], &letter["failure"]), (&json!(3), &json!("platform.agents_gone")), "{letter}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_declared_under_a_lease_that_has_lapsed() -> Outcome {
    let fleet = Plan::new().agents(0).with("lease.term", "500ms").start().await?;
    let operator = fleet.operator()?;
    let _ = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    // The store knows of no other holder yet.
    let is_ready = async || (operator.get("/control/v1/queue").await.ok()?["ready"] == 1).then_some(());
    eventually(is_ready).await.ok_or("the lease doesn't lapse")?;
    let declared = agent.declare_password(&held).await;
    assert!(matches!(&declared, Err(CallError::Unexpected { status: 409, .. })), "{declared:?}");
    Ok(())
}

#[tokio::test]
async fn an_autoscaler_is_told_how_many_agents_the_runs_take_that_banks_would_let_in() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let scale = async || operator.get("/control/v1/pools/default/scale").await;
    let idle = scale().await?;
    assert_eq!((&idle["desired_agents"], &idle["agents"]["total"]), (&json!(0), &json!(0)), "{idle}");
    let _ = waiting(&fleet).await?;
    let needed = scale().await?;
    assert_eq!((&needed["ready"], &needed["runnable"], &needed["desired_agents"]), (&json!(1), &json!(1), &json!(1)));

    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    let working = scale().await?;
    assert_eq!(
        (&working["leased"], &working["runnable"], &working["agents"]["ready"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(working["deletion_cost"].as_object().map(serde_json::Map::len), Some(1));
    agent.ask(&held).await?;
    assert_eq!((&scale().await?["leased"], &scale().await?["parked"]), (&json!(0), &json!(1)));

    another(&fleet).await?;
    operator.post("/control/v1/institutions/harbour/pause", &json!({})).await?;
    let blocked = scale().await?;
    let counts = [&blocked["ready"], &blocked["runnable"], &blocked["blocked_by_institution"]];
    assert_eq!(counts, [&json!(1), &json!(0), &json!(1)], "more agents would wait with it: {blocked}");
    let metrics = async || {
        let text = reqwest::get(format!("{}/metrics", fleet.address())).await.ok()?.text().await.ok()?;
        text.contains("bursar_pool_blocked_runs 1").then_some(())
    };
    assert!(eventually(metrics).await.is_some(), "the same stands at /metrics");
    for (path, status) in
        [("pools/other/scale", 404), ("pools/default/scale?a=b", 400), ("queue?institution=harbour", 400)]
    {
        let answer = operator.call(Method::GET, &format!("/control/v1/{path}"), None).await?;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn the_command_shows_what_the_calls_answer_and_says_what_is_wrong() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (_, connection) = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    agent.acquire(LONG).await?.ok_or("a lease")?;
    let say = async |verbs: &[&str]| {
        let address = fleet.address();
        fleet.succeed(&[&["fleet"], verbs, &["--coordinator", address]].concat()).await
    };
    assert!(say(&["agents"]).await?.contains("bare"));
    let leases: Value = serde_json::from_str(&say(&["leases", "--json"]).await?)?;
    assert_eq!(leases.as_array().map(Vec::len), Some(1));
    assert!(say(&["queue"]).await?.contains("harbour"));
    assert!(say(&["institutions"]).await?.contains("closed"));
    assert!(say(&["pause", "harbour", "--reason", "they called"]).await?.contains("they called"));
    say(&["resume", "harbour"]).await?;
    say(&["audit"]).await?;
    say(&["dead-letters"]).await?;
    assert!(say(&["scale"]).await?.contains('1'));
    assert!(say(&["reset-breaker", "harbour"]).await?.contains("closed"));
    assert!(say(&["schedule", &connection]).await?.contains("underWay"));
    let flows: Value = serde_json::from_str(&say(&["flows", "--json"]).await?)?;
    assert_eq!(flows, json!([]), "its one run is leased");
    let agents: Value = serde_json::from_str(&say(&["agents", "--json"]).await?)?;
    let id = agents[0]["id"].as_str().ok_or("an agent")?;
    assert!(say(&["drain", id]).await?.contains("drained"));
    assert!(say(&["undrain", id]).await?.contains("ready"));
    let nobody = uuid::Uuid::nil().to_string();
    let ran = fleet.run(&["fleet", "revive", &nobody, "--coordinator", fleet.address()], "").await?;
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains(&nobody) && ran.stderr.contains("hint: "), "{}", ran.stderr);
    let ran = fleet.run(&["fleet", "pause", "?harbour/x", "--coordinator", fleet.address()], "").await?;
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("no institution is called `?harbour/x`"), "{}", ran.stderr);
    let ran = fleet.run(&["fleet", "due", &connection, "--coordinator", fleet.address()], "").await?;
    assert!(ran.stderr.contains("under way"), "{}", ran.stderr);
    let away = fleet.run(&["fleet", "agents", "--coordinator", "http://127.0.0.1:1"], "").await?;
    assert_eq!(away.code, Some(4), "{}", away.stderr);
    Ok(())
}

#[tokio::test]
async fn a_connection_is_synced_by_itself_when_it_is_due() -> Outcome {
    let fleet = Plan::new().agents(0).with("attendance.hours", "mon-sun 00:00-24:00").start().await?;
    let operator = fleet.operator()?;
    let (_, id) = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    agent.complete(&held, &[]).await?;
    // The least that a record may say is a quarter of an hour.
    let path = format!("/control/v1/connections/{id}/due");
    let brought = async || operator.post(&path, &Value::Null).await.ok();
    assert!(eventually(brought).await.is_some(), "nobody planned a sync");
    let next = agent.acquire(LONG).await?.ok_or("a run that nobody asked for")?;
    assert_eq!(next.connection_id, id);
    let again = operator.call(Method::POST, &path, None).await?;
    assert_eq!(again.status, 409, "while its run is under way it isn't due: {}", again.body);
    assert_eq!(again.body["code"], "not_planned");
    let nobodys = format!("/control/v1/connections/{}/due", uuid::Uuid::nil());
    assert_eq!(operator.call(Method::POST, &nobodys, None).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_bank_that_always_asks_for_a_code_is_not_synced_while_nobody_attends() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let (integrator, id) = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    agent.complete(&held, &[]).await?;
    let shown = async || operator.get(&format!("/control/v1/connections/{id}")).await.ok();
    let planned = async || shown().await.filter(|shown| shown["schedule"] == "onDemand");
    assert!(eventually(planned).await.is_some(), "{:?}", shown().await);
    let answer = operator.call(Method::POST, &format!("/control/v1/connections/{id}/due"), None).await?;
    assert_eq!(answer.status, 409, "{}", answer.body);
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    assert!(agent.acquire(LONG).await?.is_some(), "by request it always is");
    Ok(())
}

#[tokio::test]
async fn a_bank_that_always_asks_is_synced_by_itself_once_its_organization_or_entity_says_when_somebody_attends()
-> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let (integrator, id) = waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    agent.complete(&held, &[]).await?;
    let is = async |wanted: &str| {
        let shown = async || operator.get(&format!("/control/v1/connections/{id}")).await.ok();
        eventually(async || shown().await.filter(|shown| shown["schedule"] == wanted)).await.ok_or(wanted.to_owned())
    };
    is("onDemand").await?;
    fleet
        .succeed(&["organization", "attendance", "default", "--hours", "00:00-24:00", "--zone", "Europe/Berlin"])
        .await?;
    is("planned").await?;
    let listed: Value = serde_json::from_str(&fleet.succeed(&["organization", "list", "--json"]).await?)?;
    assert_eq!(listed[0]["attendance"], json!({ "hours": "00:00-24:00", "zone": "Europe/Berlin" }));
    // An entity whose people are never there: what is planned is put off when it is due.
    let entity =
        integrator.get(&format!("/v1/connections/{id}")).await?["entityId"].as_str().ok_or("an entity")?.to_owned();
    let path = format!("/v1/entities/{entity}");
    let never = json!({ "attendance": { "hours": "", "zone": "UTC" } });
    assert_eq!(integrator.patch(&path, &never).await?["attendance"], never["attendance"]);
    operator.post(&format!("/control/v1/connections/{id}/due"), &Value::Null).await?;
    is("onDemand").await?;
    assert_eq!(integrator.patch(&path, &json!({ "attendance": null })).await?["attendance"], Value::Null);
    is("planned").await?;
    for (wrong, field) in
        [(json!({ "hours": "sometimes", "zone": "UTC" }), "hours"), (json!({ "hours": "", "zone": "Moon" }), "zone")]
    {
        let refused = integrator.patch(&path, &json!({ "attendance": wrong })).await.expect_err("refused").to_string();
        assert!(refused.contains("422") && refused.contains(&format!("/attendance/{field}")), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_that_is_told_twice_counts_once() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    waiting(&fleet).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    for _ in 0..2 {
        agent.fail(&held, "auth.credentials.invalid").await?;
    }
    let metrics = reqwest::get(format!("{}/metrics", fleet.address())).await?.text().await?;
    let counted =
        metrics.lines().find(|line| line.starts_with("bursar_runs_total{outcome=\"auth.credentials.invalid\"}"));
    assert!(counted.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    Ok(())
}
