//! A person has the bank send a new code: as often as a run may, no faster than it may, and never by itself.
//!
//! Not here: how a script says where to click; its own crate has that.

use reqwest::Method;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::integrator::{Answer, Integrator};
use tests::patience::eventually;
use tests::world::{Fleet, Plan};

use crate::{Outcome, active, set_up};

type Failure = Box<dyn std::error::Error>;

async fn resend(integrator: &Integrator, connection: &str, challenge: &Value) -> Result<Answer, Failure> {
    let challenge = challenge["id"].as_str().unwrap_or_default();
    let path = format!("/v1/connections/{connection}/challenges/{challenge}/resend");
    Ok(integrator.call(Method::POST, &path, None).await?)
}

/// Asks for a new code as soon as one may be asked for.
async fn resent(integrator: &Integrator, connection: &str, challenge: &Value) -> Outcome {
    let taken = eventually(async || {
        let answer = resend(integrator, connection, challenge).await.ok()?;
        (answer.status != 429).then_some(answer)
    });
    let taken = taken.await.ok_or("it is never time for a new code")?;
    assert_eq!(taken.status, 202, "{}", taken.body);
    Ok(())
}

async fn shown(integrator: &Integrator, connection: &str, challenge: &Value) -> Option<Value> {
    let challenges = integrator.list(&format!("/v1/connections/{connection}/challenges")).await.ok()?;
    challenges.into_iter().find(|one| one["id"] == challenge["id"])
}

/// A fleet that may ask for codes soon after one another.
fn plan() -> Plan {
    Plan::new().with("lease.term", "20s").with("challenge.resend_every", "1s")
}

#[tokio::test]
async fn no_code_is_asked_for_right_after_the_last() -> Outcome {
    let fleet = plan().with("challenge.resend_every", "30s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!(challenge["resendsLeft"], 2);
    let soon = resend(&integrator, &id, &challenge).await?;
    assert_eq!((soon.status, &soon.body["code"]), (429, &json!("resend_too_soon")));
    let wait: u64 = soon.header("retry-after").parse()?;
    assert!((1..=31).contains(&wait), "{wait}");
    assert_eq!(fleet.portal.oracle().codes_sent, 1, "the bank wasn't asked");
    Ok(())
}

#[tokio::test]
async fn a_run_goes_on_with_the_code_that_was_sent_last() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    resent(&integrator, &id, &challenge).await?;
    let code = fleet.code(2).await.ok_or("no second text message came")?;
    let told = eventually(async || {
        let now = shown(&integrator, &id, &challenge).await?;
        now["institutionMessage"].as_str().is_some_and(|said| said.contains("a new passcode")).then_some(now)
    });
    let told = told.await.ok_or("what the bank says of it doesn't show")?;
    assert_eq!((&told["status"], &told["resendsLeft"], &told["attemptsLeft"]), (&json!("open"), &json!(1), &json!(3)));
    integrator.answer(&id, &challenge, &code).await?;
    active(&integrator, &id).await?;
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.codes_sent, oracle.code_submits, oracle.sessions), (2, 1, 1), "one session, one code given");
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(challenges.len(), 1, "it was one question");
    let closed = resend(&integrator, &id, &challenge).await?;
    assert_eq!((closed.status, &closed.body["code"]), (409, &json!("challenge_closed")));
    let trail = fleet.succeed(&["audit", "list", "--action", "challenge.resendRequested"]).await?;
    assert_eq!(trail.matches("challenge.resendRequested").count(), 1, "{trail}");
    Ok(())
}

#[tokio::test]
async fn no_more_codes_are_sent_than_a_run_may_ask_for_also_once_its_agent_has_died() -> Outcome {
    let mut fleet: Fleet = plan().with("lease.term", "3s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let first = integrator.open_challenge(&id, None).await?;
    for count in 2..=3 {
        resent(&integrator, &id, &first).await?;
        fleet.code(count).await.ok_or("no text message came")?;
    }
    let spent = resend(&integrator, &id, &first).await?;
    assert_eq!((spent.status, &spent.body["code"]), (409, &json!("resends_spent")));

    fleet.agents.remove(0).kill_hard().await;
    fleet.start_agent()?;
    let second = integrator.open_challenge(&id, first["id"].as_str()).await?;
    assert_eq!(second["resendsLeft"], 0, "what the run had asked for counts");
    let spent = resend(&integrator, &id, &second).await?;
    assert_eq!((spent.status, &spent.body["code"]), (409, &json!("resends_spent")));
    // Two sign-ins, each of which has the bank send one, and the two that were asked for.
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.codes_sent), (2, 4));
    let code = fleet.code(4).await.ok_or("no text message came")?;
    integrator.answer(&id, &second, &code).await?;
    active(&integrator, &id).await?;
    assert_eq!(fleet.portal.oracle().codes_sent, 4);
    Ok(())
}

#[tokio::test]
async fn an_operator_may_say_that_no_codes_are_asked_for() -> Outcome {
    let fleet = plan().with("challenge.resends", "0").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!((&challenge["resendsLeft"], &challenge["resendAfter"]), (&json!(0), &Value::Null));
    let refused = fleet.run(&["challenge", "resend", challenge["id"].as_str().unwrap_or_default()], "").await?;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("as many new codes"), "{}", refused.stderr);
    Ok(())
}

#[tokio::test]
async fn an_agent_that_dies_between_its_intent_and_the_click_has_no_code_sent_and_nobody_clicks_for_it() -> Outcome {
    let mut fleet = plan().agents(0).with("lease.term", "2s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let bare = BareAgent::of(&fleet)?;
    let held = bare.acquire(20_000).await?.ok_or("the activation")?;
    let first = bare.ask_with_resends(&held, 2).await?;
    let first = json!({ "id": first });
    resent(&integrator, &id, &first).await?;
    assert_eq!(bare.wait_for_answer(&held, first["id"].as_str().unwrap_or_default()).await?, "resend");
    bare.declare(&held, "sendCode").await?;
    // It goes silent before it clicks.
    fleet.start_agent()?;
    let second = integrator.open_challenge(&id, first["id"].as_str()).await?;
    assert_eq!(second["resendsLeft"], 1, "what was asked for counts, whatever came of it");
    let code = fleet.code(1).await.ok_or("no text message came")?;
    integrator.answer(&id, &second, &code).await?;
    active(&integrator, &id).await?;
    assert_eq!(fleet.portal.oracle().codes_sent, 1, "the sign-in's own");
    Ok(())
}
