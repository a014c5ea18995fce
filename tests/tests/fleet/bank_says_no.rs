//! A bank says no: what happened, whose turn it is, and nothing done twice.

use fixtures::faults::Faults;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::world::Plan;

use crate::{Outcome, active, answer, failed, set_up, verdict};

#[tokio::test]
async fn a_wrong_password_is_submitted_once_and_never_again() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", fleet.portal.username(), "not-the-password").await?;

    let setup = failed(&integrator, &id).await?;
    let failure = &setup["lastFailure"];
    assert_eq!(failure["code"], "auth.credentials.invalid");
    assert_eq!((&failure["fault"], &failure["action"]), (&json!("user"), &json!("enterCredentials")));
    let words = "The user ID or password you entered is not recognised. Please try again.";
    assert_eq!(failure["institutionMessage"], words, "the bank's own words");
    assert_eq!(setup["status"], "awaitingCredentials");
    assert_eq!(
        (&setup["nextAction"], &setup["actionRequiredBy"]),
        (&json!("provideCredentials"), &json!("integrator"))
    );
    assert_eq!(fleet.portal.oracle().password_submits, 1);

    let again = integrator.call(reqwest::Method::PUT, &format!("/v1/connections/{id}/setupCompletion"), None).await?;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("budget_spent")));
    assert_eq!(fleet.portal.oracle().password_submits, 1, "the same credentials aren't tried again");

    let id = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    assert_eq!(fleet.portal.oracle().password_submits, 2);
    Ok(())
}

#[tokio::test]
async fn a_wrong_code_is_asked_for_again_in_the_same_session() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let first = integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    let answered_at = Timestamp::now();
    integrator.answer(&id, &first, wrong).await?;

    let second = integrator.open_challenge(&id, first["id"].as_str()).await?;
    let asked_at: Timestamp = second["createdAt"].as_str().ok_or("a time")?.parse()?;
    let took = asked_at.duration_since(answered_at);
    assert!(took < SignedDuration::from_secs(5), "asked again {took:#} after the answer, and not at once");
    assert_eq!(second["institutionMessage"], "That passcode is not correct. You have 2 attempts left.");
    assert_eq!((&first["attemptsLeft"], &second["attemptsLeft"]), (&json!(3), &json!(2)));
    integrator.answer(&id, &second, &code).await?;
    active(&integrator, &id).await?;

    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    let states: Vec<&Value> = challenges.iter().map(|challenge| &challenge["status"]).collect();
    assert_eq!(states, ["rejected", "accepted"]);
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.code_submits, oracle.refused_codes), (1, 2, 1));
    let late = integrator.answer(&id, &second, &code).await;
    assert!(late.is_err_and(|error| error.to_string().contains("409")), "a closed challenge takes no answer");
    Ok(())
}

#[tokio::test]
async fn wrong_codes_end_after_as_many_as_the_bank_allows() -> Outcome {
    let fleet = Plan::new().start().await?;
    fleet.portal.set_faults(Faults { refuse_all_codes: true, ..Faults::default() });
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let mut seen = None;
    for _ in 0..3 {
        seen = Some(answer(&fleet, &integrator, &id, seen.as_deref(), 1).await?);
    }
    let setup = failed(&integrator, &id).await?;
    assert_eq!(setup["lastFailure"]["code"], "mfa.code.invalid");
    assert_eq!(setup["lastFailure"]["action"], "answerChallenge");
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.password_submits, oracle.code_submits), (1, 3));
    Ok(())
}

#[tokio::test]
async fn a_code_that_nobody_gives_ends_the_run_and_sends_no_other() -> Outcome {
    let fleet = Plan::new().with("challenge.term", "1s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let setup = failed(&integrator, &id).await?;
    assert_eq!(setup["lastFailure"]["code"], "mfa.timeout");
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(challenges[0]["status"], "expired");
    assert_eq!(fleet.portal.oracle().codes_sent, 1);
    Ok(())
}

#[tokio::test]
async fn a_portal_that_is_down_is_said_to_be_and_tried_again_later() -> Outcome {
    let fleet = Plan::new().start().await?;
    fleet.portal.set_faults(Faults { unavailable: true, ..Faults::default() });
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let waits = |now: &Value| now["setup"]["lastFailure"]["code"] == "portal.unavailable";
    let connection = integrator.connection(&id, "a failure that passes", waits).await?;
    assert_eq!(connection["status"], "pendingActivation", "it isn't the customer's turn");
    assert_eq!(connection["setup"]["actionRequiredBy"], "platform");
    assert_eq!(connection["setup"]["lastFailure"]["retry"], "backoff");
    assert!(connection["setup"]["nextAttemptAt"].is_string(), "{connection}");

    fleet.portal.set_faults(Faults::default());
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    assert!(events.iter().any(|event| event["cause"] == "runPutOff"), "{events:#?}");
    assert_eq!(fleet.portal.oracle().password_submits, 1);
    Ok(())
}

#[tokio::test]
async fn a_connection_in_use_says_what_follows_from_a_failure_and_forgets_it() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    let connection = active(&integrator, &id).await?;
    assert!(connection["failure"].is_null() && connection["errorCode"].is_null(), "{connection}");

    fleet.portal.set_faults(Faults { unavailable: true, ..Faults::default() });
    integrator.call(reqwest::Method::PUT, &format!("/v1/connections/{id}/sync"), None).await?;
    let waits = |now: &Value| now["errorCode"] == "portal.unavailable";
    let connection = integrator.connection(&id, "a failure that passes", waits).await?;
    assert_eq!(connection["status"], "active", "it stays as it is");
    let failure = &connection["failure"];
    let axes = ["code", "fault", "action", "retry", "stage"].map(|axis| &failure[axis]);
    assert_eq!(axes, ["portal.unavailable", "bank", "wait", "backoff", "connect"], "{failure}");
    assert_eq!(failure["message"], connection["errorMessage"]);

    fleet.portal.set_faults(Faults::default());
    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    integrator.connection(&id, "no failure", |now| now["failure"].is_null() && now["syncStatus"] == "idle").await?;
    Ok(())
}

#[tokio::test]
async fn a_portal_that_is_not_there_at_all_is_tried_again_later() -> Outcome {
    // A port that was free a moment ago: nothing listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let nowhere = format!("http://{free}/");
    let fleet = Plan::new().with("development.portal_urls.harbour", &nowhere).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let waits = |now: &Value| now["setup"]["lastFailure"]["code"] == "net.reset";
    let connection = integrator.connection(&id, "a failure that passes", waits).await?;
    assert_eq!(connection["status"], "pendingActivation");
    Ok(())
}

#[tokio::test]
async fn a_page_that_nobody_described_is_kept_scrubbed_for_whoever_mends_the_script() -> Outcome {
    let fleet = Plan::new().start().await?;
    fleet.portal.set_faults(Faults { survey: true, ..Faults::default() });
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;

    let setup = failed(&integrator, &id).await?;
    let failure = &setup["lastFailure"];
    assert_eq!(failure["code"], "script.page.unrecognised");
    assert_eq!((&failure["fault"], &failure["action"]), (&json!("script"), &json!("fixScript")));
    let evidence = failure["evidenceId"].as_str().ok_or("no evidence was kept")?;
    let page = fleet.succeed(&["evidence", evidence]).await?;
    assert!(page.contains("Help us shape Harbour"), "the heading says which page it is: {page}");
    assert!(!page.contains("<script"), "{page}");
    for secret in [fleet.portal.username(), fleet.portal.password()] {
        assert!(!page.contains(secret), "{page}");
    }
    // Between the tags, that is: an `h1` keeps its name.
    let text: String = page.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    assert!(!text.contains(|letter| matches!(letter, '1'..='9')), "no number survives: {text}");
    Ok(())
}

#[tokio::test]
async fn a_session_that_the_bank_ends_is_opened_once_more_and_nothing_is_doubled() -> Outcome {
    let fleet = Plan::new().start().await?;
    fleet.portal.set_faults(Faults { drop_session_after_pages: Some(2), ..Faults::default() });
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let first = answer(&fleet, &integrator, &id, None, 1).await?;
    answer(&fleet, &integrator, &id, Some(&first), 2).await?;
    active(&integrator, &id).await?;
    let verdict = verdict(&fleet, &integrator).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    let oracle = fleet.portal.oracle();
    assert_eq!((oracle.sessions, oracle.concurrent_sessions_max), (2, 1));
    Ok(())
}
