//! The story: an integrator onboards a bank, answers what it asks, reads everything,
//! syncs again, and hears of it all through webhooks. Public HTTP alone.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::{eventually, patience};
use tests::receiver::Received;
use tests::verdict::Verdict;

use crate::Outcome;
use crate::parts::Parts;
use crate::progress::Progress;

/// What came of it.
pub(crate) struct Story {
    pub(crate) connection: Value,
    pub(crate) accounts: Vec<Value>,
    pub(crate) transactions: Vec<Value>,
    pub(crate) verdict: Verdict,
    pub(crate) webhooks: Vec<Received>,
    pub(crate) activate: Duration,
    pub(crate) sync: Duration,
    pub(crate) trigger_to_webhook: Duration,
    pub(crate) oracle: Value,
}

impl Story {
    /// Whether everything is as the portal's truth says.
    pub(crate) fn is_clean(&self) -> bool {
        self.verdict.is_clean()
    }
}

/// What the integrator wants to hear of.
const EVENTS: [&str; 4] =
    ["connection.status_changed", "transactions.sync_available", "account.created", "challenge.opened"];

pub(crate) async fn tell(parts: &Parts, progress: &Progress) -> Outcome<Story> {
    let integrator = &parts.integrator;

    let step = progress.step("POST /v1/webhooks");
    let made = integrator.post("/v1/webhooks", &json!({ "url": parts.receiver.url(), "events": EVENTS })).await?;
    parts.receiver.trust(made["webhook"]["secret"].as_str().unwrap_or_default());
    step.done(parts.receiver.url());

    let step = progress.step("GET /v1/entities");
    let entity = integrator.default_entity().await?;
    step.done(&format!("the default entity is {entity}"));

    let step = progress.step("GET /v1/institutions?query=harbour");
    let institutions = integrator.list("/v1/institutions?query=harbour").await?;
    let institution = institutions.first().ok_or("the catalog doesn't know harbour")?;
    step.done(text(institution, "name"));

    let step = progress.step("POST /v1/connections");
    let asked = json!({ "entityId": entity, "institutionId": institution["institutionId"] });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let id = text(&connection, "id").to_owned();
    step.done(&id);
    progress.say(&set_up_details(&connection["setup"]));

    let step = progress.step("PUT …/credentials");
    let credentials = json!({ "bankUsername": parts.bank["username"], "password": parts.bank["password"] });
    let connection = integrator.put(&format!("/v1/connections/{id}/credentials"), &credentials).await?;
    step.done(&turn(&connection["setup"]));

    let step = progress.step("PUT …/setupCompletion");
    let started = Instant::now();
    let connection = integrator.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
    step.done(&turn(&connection["setup"]));

    let step = progress.step("Polling until the bank asks for its code");
    let connection = integrator
        .connection(&id, "a challenge", |connection| {
            connection["setup"]["nextAction"] == "answerChallenge" || connection["status"] != "pendingActivation"
        })
        .await?;
    if connection["status"] != "pendingActivation" {
        return Err(format!("the activation came to nothing: {connection}").into());
    }
    step.done(&turn(&connection["setup"]));
    let first = answer(parts, progress, &id, None).await?;

    let step = progress.step("Polling until the connection is active");
    let connection =
        integrator.connection(&id, "an end of the activation", |now| now["status"] != "pendingActivation").await?;
    if connection["status"] != "active" {
        return Err(format!("the activation came to nothing: {connection}").into());
    }
    let activate = started.elapsed();
    step.done(text(&connection, "status"));

    let step = progress.step("Waiting for the webhooks of the activation");
    let told = eventually(async || parts.receiver.first("transactions.sync_available", started)).await;
    told.ok_or("no webhook told of the activation's records")?;
    step.done("received");

    let step = progress.step("PUT …/sync");
    let triggered = Instant::now();
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    step.done("queued");
    answer(parts, progress, &id, Some(&first)).await?;
    let step = progress.step("Waiting for transactions.sync_available");
    let fresh = eventually(async || parts.receiver.first("transactions.sync_available", triggered)).await;
    let fresh = fresh.ok_or_else(|| format!("no webhook within {} s", patience().as_secs()))?;
    let trigger_to_webhook = fresh.at.duration_since(triggered);
    step.done("received");
    let connection = integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;
    let sync = triggered.elapsed();

    let step = progress.step("GET /v1/accounts and /v1/transactions, page by page");
    let accounts = integrator.list(&format!("/v1/accounts?connectionId={id}")).await?;
    let transactions = integrator.list(&format!("/v1/transactions?connectionId={id}&limit=100")).await?;
    step.done(&format!("{} accounts, {} transactions", accounts.len(), transactions.len()));

    let truth = parts.backstage("truth").await?;
    let verdict = Verdict::of(&truth, &accounts, &transactions);
    let webhooks = all_webhooks(parts).await;
    let oracle = parts.backstage("oracle").await?;
    Ok(Story { connection, accounts, transactions, verdict, webhooks, activate, sync, trigger_to_webhook, oracle })
}

/// Answers what the bank asks as an operator would: reads the code on the phone.
async fn answer(parts: &Parts, progress: &Progress, id: &str, seen: Option<&str>) -> Outcome<String> {
    let integrator: &Integrator = &parts.integrator;
    let step = progress.step("GET …/challenges");
    let challenge = integrator.open_challenge(id, seen).await?;
    step.done(text(&challenge, "prompt"));
    let step = progress.step("Reading the phone, POST …/answer");
    let phone = parts.backstage("phone").await?;
    let message = phone["messages"].as_array().and_then(|messages| messages.last());
    let code = message.map(|message| text(message, "code")).ok_or("no text message came")?;
    integrator.answer(id, &challenge, code).await?;
    step.done("answered");
    Ok(text(&challenge, "id").to_owned())
}

/// Waits until as many webhooks came as there are events, to tell none of them short.
async fn all_webhooks(parts: &Parts) -> Vec<Received> {
    // Two status changes, two syncs, two challenges, and one for each account.
    let expected = 6 + 3;
    let all = eventually(async || Some(parts.receiver.received()).filter(|all| all.len() >= expected)).await;
    all.unwrap_or_else(|| parts.receiver.received())
}

fn set_up_details(setup: &Value) -> String {
    let instructions = &setup["instructions"];
    let fields = ["firstName", "lastName", "email", "username", "phoneNumber"];
    let fields = fields.map(|field| format!("    {field}: {}", text(instructions, field)));
    let steps = instructions["guide"]["steps"].as_array().into_iter().flatten();
    let steps = steps.enumerate().map(|(number, step)| format!("    {}. {}", number + 1, step.as_str().unwrap_or("")));
    let steps: Vec<String> = steps.collect();
    format!(
        "  The delegated user:\n{}\n  {}:\n{}\n  {}",
        fields.join("\n"),
        text(&instructions["guide"], "title"),
        steps.join("\n"),
        turn(setup)
    )
}

fn turn(setup: &Value) -> String {
    format!("next: {} by {}", text(setup, "nextAction"), text(setup, "actionRequiredBy"))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The calls to try, as a person would type them.
pub(crate) fn calls(base: &str, key: &str, id: &str) -> [String; 3] {
    let curl =
        |method: &Method, path: &str| format!("curl -s -X {method} -H 'Authorization: Bearer {key}' '{base}{path}'");
    [
        curl(&Method::GET, &format!("/v1/connections/{id}")),
        curl(&Method::GET, &format!("/v1/transactions?connectionId={id}&limit=5")),
        curl(&Method::PUT, &format!("/v1/connections/{id}/sync")),
    ]
}
