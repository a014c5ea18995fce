//! Every page in a real browser: no complaint of its own, nothing that keeps people out, by day and by night, at a desk and
//! on a phone.
//!
//! Not here: what pages are for.

use std::path::PathBuf;

use serde_json::json;
use tests::person::{Browser, Sight};
use tests::world::{Plan, scripts};

use crate::{Outcome, PASSWORD, add_user, plan, set_up};

#[tokio::test]
async fn no_page_complains_or_keeps_anybody_out() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    fleet.integrator("other").await?;
    let webhook = json!({ "url": "https://hooks.example/", "events": ["test", "connection.status_changed"] });
    let webhook =
        integrator.post("/v1/webhooks", &webhook).await?["webhook"]["id"].as_str().unwrap_or_default().to_owned();
    integrator.post(&format!("/v1/webhooks/{webhook}/test"), &json!({})).await?;
    let failing = integrator.post("/v1/entities", &json!({ "externalEntityId": "second" })).await?;
    let failing = failing["entityId"].as_str().unwrap_or_default().to_owned();
    let wrong = json!({ "bankUsername": "somebody.else", "password": "wrong wrong" });
    let failed = integrator.set_up_with(&failing, "harbour", &wrong).await?;
    integrator.connection(&failed, "a failure", |now| !now["setup"]["lastFailure"].is_null()).await?;
    let id = set_up(&fleet, &integrator).await?;
    integrator.open_challenge(&id, None).await?;
    let tenant = fleet.operator()?.list("/control/v1/organizations").await?;
    let tenant = tenant.iter().find(|one| one["slug"] == "default").ok_or("the organization")?["id"].clone();
    add_user(&fleet, "ada", "administrator", None).await?;
    let mut pages: Vec<String> = [
        "/console",
        "/console?range=7d",
        "/console/challenges",
        "/console/attendance",
        "/console/connections",
        "/console/connections?status=paused",
        "/console/institutions",
        "/console/institutions/harbour",
        "/console/repair-tickets",
        "/console/agents",
        "/console/dead-letters",
        "/console/webhooks",
        "/console/keys",
        "/console/users",
        "/console/audit",
        "/console/account",
        "/console/nowhere",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    pages.push(format!("/console/connections/{id}"));
    pages.push(format!("/console/connections/{id}/revoke"));
    pages.push(format!("/console/connections/{failed}"));
    pages.push(format!("/console/webhooks/{}/{webhook}", tenant.as_str().unwrap_or_default()));
    let browser = Browser::start(fleet.address()).await?;
    let mut faults = Vec::new();
    for sight in [
        Sight::default(),
        Sight { dark: true, ..Sight::default() },
        Sight { phone: true, ..Sight::default() },
        Sight { dark: true, phone: true, ..Sight::default() },
    ] {
        let name = format!("{}{}", if sight.dark { "dark" } else { "light" }, if sight.phone { "-phone" } else { "" });
        let ada = browser.person(&name, sight).await?;
        ada.opens("/console/login").await?;
        faults.extend(ada.barriers().await?.into_iter().map(|what| format!("{name} /console/login: {what}")));
        ada.signs_in("ada", PASSWORD).await?;
        // The run of what failed is reached as a person reaches it.
        ada.opens(&format!("/console/connections/{failed}")).await?;
        ada.clicks("#runs ~ .wide tbody a").await?;
        ada.sees("h1", "Activation").await?;
        ada.sees("#steps ~ .wide", "sign_in").await?;
        let run = ada.does("where", json!({})).await?["url"].as_str().unwrap_or_default().to_owned();
        for page in pages.iter().chain(std::iter::once(&run)) {
            let status = ada.opens(page).await?;
            assert_eq!(status, if page.ends_with("nowhere") { 404 } else { 200 }, "{page}");
            ada.sees("h1", "").await?;
            let found = ada.barriers().await?.into_iter().chain(ada.complaints().await?);
            faults.extend(found.map(|what| format!("{name} {page}: {what}")));
            let beyond = ada.does("wide", json!({})).await?["beyond"].as_i64().unwrap_or_default();
            if beyond > 0 {
                faults.push(format!("{name} {page}: {beyond} pixels wider than the screen"));
            }
            if let Some(folder) = std::env::var_os("BURSAR_TEST_PICTURES").map(PathBuf::from) {
                let file = page.trim_start_matches(fleet.address()).replace(['/', '?', '='], "_");
                let file = folder.join(format!("{name}{file}.png"));
                ada.does("picture", json!({ "file": file })).await?;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_browser_keeps_the_session_on_this_machine_without_tls() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    let cookies = ada.does("cookies", json!({})).await?;
    let cookie = &cookies["cookies"][0];
    assert_eq!(cookie["name"], "__Host-bursar");
    assert_eq!(
        (&cookie["secure"], &cookie["httpOnly"], &cookie["sameSite"]),
        (&json!(true), &json!(true), &json!("Strict"))
    );
    // Signed out in another tab, this one asks to sign in again as soon as it hears of it.
    ada.opens("/console/challenges").await?;
    fleet.succeed(&["user", "disable", "ada"]).await?;
    ada.sees("h1", "Sign in").await?;
    Ok(())
}

#[tokio::test]
async fn what_an_administrator_does_by_forms_is_done() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    add_user(&fleet, "ada", "administrator", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/keys").await?;
    ada.fills("form.stack [name=name]", "erp").await?;
    ada.clicks("form.stack button.primary").await?;
    let key = ada.sees("#secret", "way_live_").await?;
    let integrator = tests::integrator::Integrator::new(fleet.address(), &key);
    integrator.default_entity().await?;
    ada.opens("/console/keys").await?;
    ada.clicks("text=Revoke").await?;
    ada.sees(".said", "stopped working at once").await?;
    assert!(integrator.default_entity().await.is_err(), "the key is ended");
    ada.opens("/console/users").await?;
    ada.fills("form.stack [name=login]", "bob").await?;
    ada.fills("form.stack [name=password]", PASSWORD).await?;
    ada.does("choose", json!({ "on": "form.stack [name=role]", "value": "operator" })).await?;
    ada.clicks("form.stack button.primary").await?;
    ada.sees(".said", "can sign in").await?;
    let bob = browser.person("bob", Sight::default()).await?;
    bob.signs_in("bob", PASSWORD).await?;
    bob.opens("/console/institutions/harbour").await?;
    bob.fills("[name=reason]", "they <b>asked</b>").await?;
    bob.clicks("text=Pause").await?;
    bob.sees(".facts", "they <b>asked</b>").await?;
    ada.opens("/console/audit").await?;
    ada.sees("tbody tr", "institution.paused").await?;
    Ok(())
}

#[tokio::test]
async fn an_administrator_halts_drops_promotes_and_rolls_back_by_buttons() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let operator = fleet.operator()?;
    let script = std::fs::read_to_string(scripts().join("harbour/script.yaml"))?;
    let source = format!("{script}# Another.\n");
    let (revisions, rollout) =
        ("/control/v1/institutions/harbour/revisions", "/control/v1/institutions/harbour/rollout");
    let published = operator.post(revisions, &json!({ "source": source, "note": "a <b>new</b> table" })).await?;
    let candidate = published["revision"].as_str().ok_or("a revision")?;
    let first = operator.get(rollout).await?["current"].as_str().ok_or("a revision")?.to_owned();
    let begin = async || {
        let canary = json!({ "revision": candidate, "share": 20, "promoteAfter": 5 });
        operator.post(&format!("{rollout}/canary"), &canary).await
    };
    begin().await?;
    add_user(&fleet, "ada", "administrator", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/institutions/harbour").await?;
    ada.sees("#rollout .lead", "20 % of the connections").await?;
    ada.sees("#rollout .lead", "promoted after 5 clean runs").await?;
    ada.sees("#rollout tbody", "a <b>new</b> table").await?;
    let press = async |verb: &str, said: &str, stands: &str| -> Outcome {
        ada.clicks(&format!("#rollout form[action$='/{verb}'] button")).await?;
        ada.sees(".said", said).await?;
        ada.sees("#rollout .lead", stands).await?;
        let faults: Vec<String> = ada.barriers().await?.into_iter().chain(ada.complaints().await?).collect();
        assert!(faults.is_empty(), "{verb}: {}", faults.join("\n"));
        Ok(())
    };
    press("halt", "No connection works by the candidate", "Halted").await?;
    assert_eq!(operator.get(rollout).await?["haltedBecause"], "an operator halted it");
    press("rollback", "taken back", &format!("Every connection works by {first}")).await?;
    begin().await?;
    ada.opens("/console/institutions/harbour").await?;
    press("promote", "is current", &format!("Every connection works by {candidate}")).await?;
    let now = operator.get(rollout).await?;
    assert_eq!((&now["current"], &now["previous"]), (&json!(candidate), &json!(first)));
    press("rollback", "taken back", &format!("Every connection works by {first}")).await?;
    assert_eq!(operator.get(rollout).await?["current"], json!(first));
    let trail = operator.list("/control/v1/audit?action=script.promoted").await?;
    assert_eq!((trail.len(), &trail[0]["actor"]["name"]), (1, &json!("ada")));
    Ok(())
}
