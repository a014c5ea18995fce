//! Every bank of the zoo that has a script, from its setup to its records, which are held
//! against the bank's own truth.
//!
//! Not here: the harbour, which the fleet's own tests live on.

use fixtures::faults::Faults;
use fixtures::kontor::Kontor;
use fixtures::meridian::Meridian;
use fixtures::portal::RunningPortal;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::verdict::{Unshown, Verdict};
use tests::world::{Fleet, Plan};

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Kontor shows an IBAN in place of a masked number; the API has no field for a credit line. The
/// balance after a row is a proof and no field of a transaction.
const KONTOR: Unshown<'_> =
    Unshown { accounts: &["status", "iban", "maskedNumber", "creditLimit"], transactions: &["runningBalance"] };

/// Meridian doesn't say whether an account is open.
const MERIDIAN: Unshown<'_> = Unshown { accounts: &["status"], transactions: &["runningBalance"] };

/// A fleet that finds a portal where it runs, and drives it by one of these drivers.
async fn fleet(portal: &RunningPortal, drivers: &str) -> Result<(Fleet, Integrator), Box<dyn std::error::Error>> {
    fleet_of(Plan::new(), portal, drivers).await
}

async fn fleet_of(
    plan: Plan,
    portal: &RunningPortal,
    drivers: &str,
) -> Result<(Fleet, Integrator), Box<dyn std::error::Error>> {
    let address = format!("development.portal_urls.{}", portal.name());
    let fleet = plan.with(&address, portal.url()).agents_are_told(&["--drivers", drivers]).start().await?;
    let integrator = fleet.integrator("default").await?;
    Ok((fleet, integrator))
}

/// Waits for the end of the activation; the connection as it is then.
async fn activated(integrator: &Integrator, id: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let ended = |now: &Value| now["status"] != "pendingActivation";
    Ok(integrator.connection(id, "the end of the activation", ended).await?)
}

async fn verdict(
    portal: &RunningPortal,
    integrator: &Integrator,
    unshown: Unshown<'_>,
) -> Result<Verdict, Box<dyn std::error::Error>> {
    let accounts = integrator.list("/v1/accounts").await?;
    let transactions = integrator.list("/v1/transactions?limit=500").await?;
    assert!(accounts.len() >= 3 && transactions.len() > 130, "{} and {}", accounts.len(), transactions.len());
    Ok(Verdict::besides(unshown, &json!(portal.truth()), &accounts, &transactions))
}

/// What the owner of Kontor's app does, or how it behaves from now on.
async fn app(portal: &RunningPortal, call: &str) -> Outcome {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let url = format!("{}{call}", portal.url());
    let request = match call {
        "_approval" => client.put(url).json(&json!({ "afterMs": null })),
        _ => client.post(url),
    };
    Ok(request.send().await?.error_for_status().map(|_| ())?)
}

#[tokio::test]
async fn a_bank_whose_app_approves_is_read_as_it_is() -> Outcome {
    kontor_is_read("cdp").await
}

#[tokio::test]
async fn a_bank_that_needs_no_scripts_is_read_the_same_without_a_browser() -> Outcome {
    kontor_is_read("http").await
}

async fn kontor_is_read(drivers: &str) -> Outcome {
    let portal = Kontor::start(Kontor::settings()).await?;
    app(&portal, "_approval").await?;
    let (fleet, integrator) = fleet(&portal, drivers).await?;
    let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!((&challenge["kind"], &challenge["medium"]), (&json!("appApproval"), &json!("device")));
    assert_eq!(challenge["maskedTarget"], "KontorSign auf „Büro-Telefon“");
    let answer = format!("/v1/connections/{id}/challenges/{}/answer", challenge["id"].as_str().unwrap_or_default());
    let refused = integrator.call(reqwest::Method::POST, &answer, Some(&json!({ "answer": "yes" }))).await?;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("takes_no_answer")), "{}", refused.body);
    let operator = fleet.operator()?;
    let parked = async || (operator.get("/control/v1/queue").await.ok()?["parked"] == 1).then_some(());
    assert!(eventually(parked).await.is_some(), "it takes no seat while somebody reaches for the phone");
    app(&portal, "_approve").await?;
    let connection = activated(&integrator, &id).await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    let verdict = verdict(&portal, &integrator, KONTOR).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    let settled = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(settled[0]["status"], "accepted", "{settled:?}");
    let oracle = portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (1, 1, 1));
    assert_eq!(fleet.talk().contains("started a browser"), drivers == "cdp", "{}", fleet.talk());
    Ok(())
}

#[tokio::test]
async fn an_approval_that_is_declined_is_the_persons_answer() -> Outcome {
    let portal = Kontor::start(Kontor::settings()).await?;
    app(&portal, "_approval").await?;
    let (fleet, integrator) = fleet(&portal, "cdp,http").await?;
    let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
    integrator.open_challenge(&id, None).await?;
    app(&portal, "_decline").await?;
    let connection = activated(&integrator, &id).await?;
    assert_eq!(connection["setup"]["lastFailure"]["code"], "mfa.declined", "{connection} {}", fleet.talk());
    let settled = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(settled[0]["status"], "rejected", "{settled:?}");
    Ok(())
}

#[tokio::test]
async fn an_approval_that_nobody_gives_ends_the_run_when_its_time_is_up() -> Outcome {
    for drivers in ["cdp", "http"] {
        let portal = Kontor::start(Kontor::settings()).await?;
        app(&portal, "_approval").await?;
        let (fleet, integrator) = fleet_of(Plan::new().with("challenge.term", "2s"), &portal, drivers).await?;
        let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
        let connection = activated(&integrator, &id).await?;
        let code = &connection["setup"]["lastFailure"]["code"];
        assert_eq!(code, "mfa.timeout", "{drivers}: {connection} {}", fleet.talk());
        assert_eq!(portal.oracle().password_submits, 1, "nobody is asked again by itself");
    }
    Ok(())
}

#[tokio::test]
async fn a_bank_that_asks_a_question_is_read_page_by_numbered_page() -> Outcome {
    let portal = Meridian::start(Meridian::settings()).await?;
    let (fleet, integrator) = fleet(&portal, "cdp").await?;
    let id = integrator.set_up("meridian", portal.username(), portal.password()).await?;
    let wrong = integrator.open_challenge(&id, None).await?;
    assert_eq!(wrong["kind"], "securityQuestion");
    integrator.answer(&id, &wrong, "Rex").await?;
    let asked = integrator.open_challenge(&id, wrong["id"].as_str()).await?;
    assert!(asked["institutionMessage"].as_str().is_some_and(|words| words.contains("not correct")), "{asked}");
    let question = asked["prompt"].as_str().unwrap_or_default();
    let known = portal.credential("securityAnswers").split('|').find_map(|known| known.strip_prefix(question));
    let answer = known.and_then(|known| known.strip_prefix('=')).ok_or("a question that was agreed on")?;
    integrator.answer(&id, &asked, answer).await?;
    let connection = activated(&integrator, &id).await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    let verdict = verdict(&portal, &integrator, MERIDIAN).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    let oracle = portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (1, 1, 1));
    Ok(())
}

#[tokio::test]
async fn every_fault_of_a_bank_is_called_by_its_name() -> Outcome {
    let on = true;
    let faults: [(Faults, Option<&str>); 9] = [
        (Faults { banner: on, moved_column: on, ..Faults::default() }, None),
        (Faults { layout_variant: on, ..Faults::default() }, Some("script.element.missing")),
        // What leads on from the page is lost with its other half.
        (Faults { half_page: on, ..Faults::default() }, Some("script.element.missing")),
        (Faults { renamed_id: on, ..Faults::default() }, Some("script.element.missing")),
        (Faults { unavailable: on, ..Faults::default() }, Some("portal.unavailable")),
        (Faults { maintenance: on, ..Faults::default() }, Some("portal.maintenance")),
        (Faults { refuse_all_codes: on, ..Faults::default() }, Some("mfa.declined")),
        (Faults { blocked: on, ..Faults::default() }, Some("portal.blocked")),
        // Nobody tries these credentials again.
        (Faults { locked: on, ..Faults::default() }, Some("auth.locked")),
    ];
    let portal = Kontor::start(Kontor::settings()).await?;
    let (fleet, integrator) = fleet(&portal, "cdp,http").await?;
    let operator = fleet.operator()?;
    let mut wrong = Vec::new();
    for (number, (faults, code)) in faults.into_iter().enumerate() {
        let said = format!("{faults:?}");
        portal.set_faults(faults);
        let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": format!("fault-{number}") })).await?;
        let entity = entity["entityId"].as_str().ok_or("an entity")?;
        let id = integrator.set_up_for(entity, "kontor", portal.username(), portal.password()).await?;
        let is_told = |now: &Value| now["status"] == "active" || now["setup"]["lastFailure"]["code"].is_string();
        let connection = integrator.connection(&id, "an end", is_told).await?;
        if connection["setup"]["lastFailure"]["code"].as_str() != code {
            wrong.push(format!("{said}: {}", connection["setup"]["lastFailure"]));
        }
        // A run that is tried again would meet the next fault, and be in its way.
        integrator.post(&format!("/v1/connections/{id}/revoke"), &Value::Null).await?;
        operator.post("/control/v1/institutions/kontor/breaker/reset", &Value::Null).await?;
    }
    assert!(wrong.is_empty(), "{wrong:#?} {}", fleet.talk());
    Ok(())
}
