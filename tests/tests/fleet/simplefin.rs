//! An application that speaks SimpleFIN reads from Bursar: it claims a setup token and
//! asks for accounts, as the protocol's quick start tells it to.
//!
//! Not here: a portal; a bare agent hands in the records.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::world::{Fleet, Plan};

use crate::Outcome;

type Failure = Box<dyn std::error::Error>;

/// An application, which knows its access URL and nothing else.
struct Application {
    client: reqwest::Client,
    access_url: String,
}

impl Application {
    /// Claims a setup token.
    async fn claim(setup_token: &str) -> Result<Self, Failure> {
        let client = tests::client::client().build()?;
        let claim_url = String::from_utf8(STANDARD.decode(setup_token.trim())?)?;
        let access_url = client.post(&claim_url).send().await?.error_for_status()?.text().await?;
        let again = client.post(&claim_url).send().await?;
        assert_eq!(again.status(), StatusCode::FORBIDDEN, "a token is claimed once");
        assert_eq!(again.text().await?, "Forbidden", "applications look for this very word");
        Ok(Self { client, access_url })
    }

    async fn ask(&self, query: &str) -> Result<(StatusCode, Value), Failure> {
        let answer = self.client.get(format!("{}/accounts{query}", self.access_url)).send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or_default()))
    }

    async fn accounts(&self, query: &str) -> Result<Value, Failure> {
        let (status, set) = self.ask(query).await?;
        assert_eq!(status, StatusCode::OK, "{set}");
        Ok(set)
    }
}

#[tokio::test]
async fn an_application_claims_a_token_and_reads() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let entity = onboard(&fleet, &integrator, "first", 30).await?;
    onboard(&fleet, &integrator, "second", 3).await?;
    let all = Application::claim(&fleet.succeed(&["simplefin", "create", "--name", "a budget"]).await?).await?;
    assert!(all.access_url.contains('@') && all.access_url.ends_with("/simplefin"));

    let set = all.accounts("").await?;
    assert_eq!((list(&set, "accounts"), list(&set, "connections"), &set["errors"]), (4, 2, &json!([])));
    let account = &set["accounts"][0];
    assert_eq!((&account["balance"], &account["currency"]), (&json!("1000.00"), &json!("EUR")));
    assert_eq!(account["balance-date"], 1_795_176_000, "noon of 2026-11-20 in UTC");
    assert_eq!(account["org"]["name"], "Harbour Business Bank");
    let posted: Vec<i64> =
        account["transactions"].as_array().into_iter().flatten().filter_map(|row| row["posted"].as_i64()).collect();
    assert_eq!(posted.len(), 30);
    assert!(posted.is_sorted());

    let from = posted[10];
    let narrow = all.accounts(&format!("?start-date={from}&end-date={}&pending=1", posted[20])).await?;
    let rows = narrow["accounts"][0]["transactions"].as_array().ok_or("rows")?;
    assert!(rows.iter().all(|row| (from..posted[20]).contains(&row["posted"].as_i64().unwrap_or_default())));
    assert_eq!(rows.len(), 10);
    let id = account["id"].as_str().ok_or("an id")?;
    let one = all.accounts(&format!("?account={id}&account=unknown&balances-only=1")).await?;
    assert_eq!((list(&one, "accounts"), list(&one["accounts"][0], "transactions")), (1, 0));

    let made = fleet.succeed(&["simplefin", "create", "--name", "one", "--entity", &entity, "--json"]).await?;
    let made: Value = serde_json::from_str(&made)?;
    let narrow = Application::claim(made["setupToken"].as_str().ok_or("a token")?).await?;
    assert_eq!(list(&narrow.accounts("").await?, "accounts"), 2, "its entity's alone");

    fleet.succeed(&["simplefin", "revoke", made["id"].as_str().ok_or("an id")?]).await?;
    assert_eq!(narrow.ask("").await?.0, StatusCode::FORBIDDEN, "at once");
    assert_eq!(all.ask("").await?.0, StatusCode::OK);
    let shown = fleet.succeed(&["simplefin", "list", "--json"]).await?;
    let secret = all.access_url.split(['/', ':', '@']).nth(4).ok_or("a secret")?;
    assert!(secret.len() > 30 && !shown.contains(secret), "{shown}");
    let test = fleet.succeed(&["simplefin", "create", "--name", "t", "--environment", "test"]).await?;
    assert_eq!(list(&Application::claim(&test).await?.accounts("").await?, "accounts"), 0, "nothing of the live one's");
    Ok(())
}

#[tokio::test]
async fn an_account_without_a_balance_is_named_and_never_zero() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let mut records = accounts(2, 2, "bare");
    if let Some(account) = records[1].as_object_mut() {
        account.remove("currentBalance");
    }
    hand_in(&fleet, &integrator, "bare", &records).await?;
    let application = Application::claim(&fleet.succeed(&["simplefin", "create", "--name", "a"]).await?).await?;
    let set = application.accounts("").await?;
    assert_eq!(list(&set, "accounts"), 1);
    assert_eq!((&set["errlist"][0]["code"], list(&set, "errors")), (&json!("act.failed"), 1));
    assert_eq!(set["errlist"][0]["msg"], set["errors"][0]);
    Ok(())
}

#[tokio::test]
async fn a_pending_transaction_has_a_moment_and_a_connection_that_needs_somebody_is_named() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let mut records = accounts(1, 1, "pending");
    records[0]["transactions"][0]["status"] = json!("pending");
    records[0]["transactions"][0]["postedDate"] = Value::Null;
    hand_in(&fleet, &integrator, "pending", &records).await?;
    let application = Application::claim(&fleet.succeed(&["simplefin", "create", "--name", "a"]).await?).await?;
    assert_eq!(list(&application.accounts("").await?["accounts"][0], "transactions"), 0, "not asked for");
    let set = application.accounts("?pending=1&start-date=1700000000").await?;
    let row = &set["accounts"][0]["transactions"][0];
    assert_eq!((&row["pending"], &row["posted"]), (&json!(true), &json!(0)));
    assert!(row["transacted_at"].as_i64().is_some_and(|moment| moment > 1_700_000_000), "{row}");

    let connection = integrator.list("/v1/connections").await?.remove(0);
    let pause = format!("/v1/connections/{}/pause", connection["id"].as_str().unwrap_or_default());
    integrator.post(&pause, &Value::Null).await?;
    let set = application.accounts("").await?;
    assert_eq!(set["errors"], json!(["Connection to Harbour Business Bank may need attention"]));
    assert_eq!((&set["errlist"][0]["code"], &set["errlist"][0]["conn_id"]), (&json!("con."), &connection["id"]));
    Ok(())
}

#[tokio::test]
async fn operators_make_list_and_revoke_tokens_over_http() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let organization = operator.list("/control/v1/organizations").await?[0]["id"].clone();
    let asked = json!({ "organizationId": organization, "environment": "live", "name": "a budget" });
    let made = operator.post("/control/v1/simplefin/tokens", &asked).await?;
    let application = Application::claim(made["setupToken"].as_str().ok_or("a token")?).await?;
    assert_eq!(application.ask("").await?.0, StatusCode::OK);
    let listed = operator.list("/control/v1/simplefin/tokens?limit=1").await?;
    assert_eq!((listed.len(), &listed[0]["id"], listed[0]["claimedAt"].is_string()), (1, &made["id"], true));
    let revoke = format!("/control/v1/simplefin/tokens/{}/revoke", made["id"].as_str().unwrap_or_default());
    assert!(operator.post(&revoke, &Value::Null).await?["revokedAt"].is_string());
    assert_eq!(application.ask("").await?.0, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn whoever_guesses_or_asks_strangely_gets_no_further() -> Outcome {
    let fleet = Plan::new().agents(0).with("http.public_url", "https://bursar.example/").start().await?;
    let token = fleet.succeed(&["simplefin", "create", "--name", "a"]).await?;
    let claim_url = String::from_utf8(STANDARD.decode(token.trim())?)?;
    let path = claim_url.strip_prefix("https://bursar.example").ok_or("the setting's address")?;
    let client = tests::client::client().build()?;
    let at = |path: &str| format!("{}{path}", fleet.address());
    for guess in ["/simplefin/claim/x", "/simplefin/claim/%00", "/simplefin/claim/%ff"] {
        let status = client.post(at(guess)).send().await?.status();
        assert!(status.is_client_error(), "{guess}: {status}");
    }
    let claimed = client.post(at(path)).header("host", "evil.example").send().await?.text().await?;
    let rest = claimed.strip_prefix("https://").ok_or("an access URL")?;
    let (user, secret) =
        rest.strip_suffix("@bursar.example/simplefin").and_then(|user| user.split_once(':')).ok_or("a user")?;
    let ask = |query: &str| client.get(at(&format!("/simplefin/accounts{query}")));
    for (user, secret) in [(user, "wrong"), ("nobody", secret), ("", ""), (secret, user)] {
        assert_eq!(ask("").basic_auth(user, Some(secret)).send().await?.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(ask("").send().await?.status(), StatusCode::FORBIDDEN);
    let integrator = fleet.integrator("default").await?;
    assert_eq!(ask("").bearer_auth(integrator.key()).send().await?.status(), StatusCode::FORBIDDEN);
    for query in ["?start-date=x", "?end-date=99999999999999999999", "?start-date="] {
        let answer = ask(query).basic_auth(user, Some(secret)).send().await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json::<Value>().await?["errlist"][0]["code"], "gen.api");
    }
    for query in ["?start-date=-5&end-date=0", "?account=%00&version=2&what=ever", "?pending=yes"] {
        assert_eq!(ask(query).basic_auth(user, Some(secret)).send().await?.status(), StatusCode::OK, "{query}");
    }
    let versions = client.get(at("/simplefin/info")).send().await?.json::<Value>().await?;
    assert_eq!(versions, json!({ "versions": ["1.0", "2.0"] }));
    let page = client.get(at("/simplefin/create")).send().await?;
    assert!(page.headers()["content-security-policy"].to_str()?.contains("default-src 'none'"));
    assert!(page.text().await?.contains("coordinator simplefin create"));
    let posted = client.post(at("/simplefin/accounts")).basic_auth(user, Some(secret)).send().await?;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED, "there is nothing to write");
    Ok(())
}

/// A connection of an entity of its own, with two accounts; the entity's id.
async fn onboard(fleet: &Fleet, integrator: &Integrator, name: &str, transactions: usize) -> Result<String, Failure> {
    hand_in(fleet, integrator, name, &accounts(2, transactions, name)).await
}

async fn hand_in(fleet: &Fleet, integrator: &Integrator, name: &str, records: &[Value]) -> Result<String, Failure> {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": name })).await?;
    let asked = json!({ "entityId": entity["entityId"], "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let path = format!("/v1/connections/{}", connection["id"].as_str().unwrap_or_default());
    integrator.put(&format!("{path}/credentials"), &json!({ "bankUsername": "a", "password": "b" })).await?;
    integrator.put(&format!("{path}/setupCompletion"), &Value::Null).await?;
    let agent = BareAgent::of(fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("the activation")?;
    agent.complete(&held, records).await?;
    Ok(entity["entityId"].as_str().unwrap_or_default().to_owned())
}

fn list(value: &Value, name: &str) -> usize {
    value[name].as_array().map_or(0, Vec::len)
}
