//! Each layout fault of the simulated portals that a script fails by: the ticket, what is proposed, and whether the script that
//! comes of it reads the portal's truth with the fault on.
//!
//! Not here: tickets of the fleet.

use std::sync::{Arc, Mutex};

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use fixtures::faults::Faults;
use fixtures::zoo::{Portal, Wishes};
use serde_json::{Value, json};
use tests::programs::built;
use tests::recorder::Failure;
use tests::repairs::{Repaired, repaired, repaired_as};
use tests::world::run;
use tokio::process::Command;

/// Has a portal change, and its script be repaired.
async fn came(portal: Portal, faults: Faults, knows: Option<&str>) -> Result<Repaired, Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let data = tempfile::tempdir()?;
    let came = repaired(&portal, faults, knows, data.path()).await?;
    let script = std::fs::read_to_string(came.folder.join("script.yaml"))?;
    println!("{came:?}\n{script}");
    Ok(came)
}

/// The script reads the truth again.
async fn check(portal: Portal, faults: Faults, code: &str, knows: Option<&str>) -> Result<(), Failure> {
    let came = came(portal, faults, knows).await?;
    assert_eq!(came.code.as_deref(), Some(code), "{came:?}");
    assert!(came.is_true() && came.rounds > 0, "{came:?}");
    Ok(())
}

fn renamed() -> Faults {
    Faults { renamed_id: true, ..Faults::default() }
}

fn other_layout() -> Faults {
    Faults { layout_variant: true, ..Faults::default() }
}

#[tokio::test]
async fn renamed_fields_of_kontor_are_known_by_their_labels() -> Result<(), Failure> {
    check(Portal::Kontor, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_coppermine_are_known_by_their_labels() -> Result<(), Failure> {
    check(Portal::Coppermine, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_threshold_are_known_by_their_labels() -> Result<(), Failure> {
    check(Portal::Threshold, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_hoshizora_are_known_by_their_places() -> Result<(), Failure> {
    check(Portal::Hoshizora, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_granary_are_found_in_their_frame() -> Result<(), Failure> {
    check(Portal::Granary, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn all_names_of_meridian_are_known_by_their_ends() -> Result<(), Failure> {
    check(Portal::Meridian, renamed(), "script.page.unrecognised", None).await
}

#[tokio::test]
async fn a_survey_of_harbours_is_passed_by_the_button_that_a_person_names() -> Result<(), Failure> {
    let survey = Faults { survey: true, ..Faults::default() };
    check(Portal::Harbour, survey, "script.page.unrecognised", Some("Maybe later")).await
}

#[tokio::test]
async fn half_a_page_of_hoshizoras_is_told_and_not_mended() -> Result<(), Failure> {
    let came = came(Portal::Hoshizora, Faults { half_page: true, ..Faults::default() }, None).await?;
    assert_eq!((came.code.as_deref(), came.rounds), (Some("script.element.missing"), 0), "{came:?}");
    assert!(came.nothing.is_some_and(|why| why.contains("seems to have broken off")));
    Ok(())
}

#[tokio::test]
async fn a_table_of_kontors_that_became_a_list_of_cards_is_one_more_layout() -> Result<(), Failure> {
    let portal = Portal::Kontor.start(Wishes::default()).await?;
    let data = tempfile::tempdir()?;
    let came = repaired(&portal, other_layout(), None, data.path()).await?;
    assert_eq!((came.code.as_deref(), came.rounds, came.by_person), (Some("script.element.missing"), 1, 0), "{came:?}");
    assert!(came.is_true(), "{came:?}");
    // Who still has the table is read as before.
    let script = std::fs::read_to_string(came.folder.join("script.yaml"))?;
    assert!(script.contains("table: \"#umsatzliste\"") && script.contains("records: li.umsatz"), "{script}");
    Ok(())
}

/// Has a script that knows of one layout alone be repaired, whose portal shows amounts in a column for each side.
async fn in_two_columns(portal: Portal) -> Result<Repaired, Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let data = tempfile::tempdir()?;
    let of_one_layout = |script: String| {
        let (head, rest) = script.split_once("    layouts:\n").expect("layouts");
        let after = rest.lines().skip_while(|line| line.starts_with("      ")).map(|line| format!("{line}\n"));
        format!("{head}{}", after.collect::<String>())
    };
    repaired_as(&portal, other_layout(), None, data.path(), of_one_layout).await
}

#[tokio::test]
async fn amounts_of_hoshizoras_in_two_columns_are_told_apart_by_the_signs_that_they_had() -> Result<(), Failure> {
    let came = in_two_columns(Portal::Hoshizora).await?;
    assert_eq!((came.code.as_deref(), came.rounds, came.by_person), (Some("script.element.missing"), 1, 0), "{came:?}");
    assert!(came.is_true(), "{came:?}");
    Ok(())
}

#[tokio::test]
async fn amounts_of_thresholds_in_two_columns_are_told_where_the_rows_are_of_another_account() -> Result<(), Failure> {
    let came = in_two_columns(Portal::Threshold).await?;
    assert_eq!((came.code.as_deref(), came.rounds), (Some("script.element.missing"), 0), "{came:?}");
    assert!(came.nothing.is_some_and(|why| why.contains("nothing in them by itself is what `amount` was")));
    Ok(())
}

#[tokio::test]
async fn columns_of_meridian_that_became_one_are_told_and_not_guessed() -> Result<(), Failure> {
    let came = came(Portal::Meridian, other_layout(), None).await?;
    assert_eq!((came.code.as_deref(), came.rounds), (Some("script.element.missing"), 0), "{came:?}");
    assert!(came.nothing.is_some_and(|why| why.contains("nothing in them by itself is what `description` was")));
    Ok(())
}

const SCRIPT: &str = "script: 1
institution: quay
locale: en-US
timezone: America/New_York
currency: USD
pages:
  sign_in:
    when: { visible: '#in' }
    do:
      - { fill: '#user', with: credentials.bankUsername }
      - { fill: '#word', with: credentials.password }
      - { click: '#go', effect: password }
  accounts:
    when: { visible: '#list' }
    goal: signed_in
reads:
  accounts:
    on: accounts
    table: '#list'
    columns: { name: Account, currentBalance: Balance }
    key: { attribute: data-key }
";

const SIGN_IN: &str = "<form id=in action=/in><label for=user>User ID</label><input id=user><label for=word>Password</label>\
    <input id=word type=password><button id=go>Sign in</button></form>";

const LIST: &str =
    "<table id=list><tr><th>Account<th>Balance<tr data-key=k><td>xx<td>$0.00</table><button id=out>Sign out</button>";

/// A ticket as a coordinator tells it.
fn ticket(page: &str, now: &str) -> Value {
    json!({
        "id": "0199d2c4-0000-7000-8000-000000000001", "institutionId": "quay", "revision": "before", "source": SCRIPT,
        "code": "script.element.missing", "message": "it isn't there", "page": page, "state": "open", "runs": 2,
        "known": [{ "page": "sign_in", "html": SIGN_IN }, { "page": "accounts", "html": LIST }],
        "now": { "url": "", "html": now },
    })
}

/// A coordinator that has this ticket, and what it was sent: paths and bodies.
async fn coordinator(ticket: Value) -> Result<(String, Arc<Mutex<Vec<(String, Value)>>>), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let sent = Arc::new(Mutex::new(Vec::new()));
    let is_known = |headers: &HeaderMap| headers.get("authorization").is_some_and(|token| token == "Bearer control-1");
    let show = get(async move |headers: HeaderMap| match is_known(&headers) {
        true => Ok(Json(ticket)),
        false => Err((StatusCode::UNAUTHORIZED, Json(json!({ "detail": "no such token" })))),
    });
    let noted = Arc::clone(&sent);
    let take = post(async move |Path(rest): Path<String>, Json(body): Json<Value>| {
        noted.lock().expect("a lock").push((rest, body));
        Json(json!({ "stage": "shadow" }))
    });
    let router =
        Router::new().route("/control/v1/repair-tickets/{id}", show).route("/control/v1/institutions/{*rest}", take);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, sent))
}

async fn asked(url: &str, token: &str, more: &[&str]) -> Result<tests::world::Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.args(["repair", "0199d2c4-0000-7000-8000-000000000001", "--coordinator", url, "--json"]).args(more);
    command.env("BURSAR_CONTROL_TOKEN", token);
    Ok(run(command, "").await?)
}

#[tokio::test]
async fn a_ticket_of_a_coordinators_is_mended_published_and_tried_as_far_as_runs_still_sign_in() -> Result<(), Failure>
{
    let renamed = SIGN_IN.replace("=user", "=login-name").replace("=word", "=login-word");
    let headed = LIST.replace("<th>Balance", "<th>Current");
    for (page, now, tried) in [("sign_in", renamed, "canary"), ("accounts", headed, "shadow")] {
        let (url, sent) = coordinator(ticket(page, &now)).await?;
        let ran = asked(&url, "control-1", &["--yes", "--publish"]).await?;
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        let told: Value = serde_json::from_str(&ran.stdout)?;
        let revision = told["taken"]["revision"].clone();
        assert_eq!((&told["taken"]["tried"], &told["institution"]), (&json!(tried), &json!("quay")), "{told}");
        let sent = sent.lock().expect("a lock").clone();
        let [(published, body), (begun, trial)] = sent.as_slice() else { return Err(format!("{sent:?}").into()) };
        assert_eq!(published, "quay/revisions");
        assert_eq!(
            (&body["mends"], &body["expectedCurrent"]),
            (&json!("0199d2c4-0000-7000-8000-000000000001"), &json!("before"))
        );
        assert!(body["source"].as_str().is_some_and(|source| source != SCRIPT), "{body}");
        assert_eq!((begun.as_str(), &trial["revision"]), (format!("quay/rollout/{tried}").as_str(), &revision));
        assert_eq!(trial["share"].is_null(), tried == "shadow", "{trial}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_published_that_nobody_took_and_a_refusal_is_told() -> Result<(), Failure> {
    // Which of two forms it is nobody can say.
    let unknown = "<h1>News</h1><form id=news><button>Read</button><button>Later</button></form>";
    let (url, sent) = coordinator({
        let mut ticket = ticket("", unknown);
        (ticket["page"], ticket["code"]) = (Value::Null, json!("script.page.unrecognised"));
        ticket
    })
    .await?;
    let ran = asked(&url, "control-1", &["--yes", "--publish"]).await?;
    let told: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!((ran.code, &told["taken"]), (Some(2), &Value::Null), "{}", ran.stderr);
    assert!(told["proposals"].as_array().is_some_and(|all| all.len() == 2), "{told}");
    assert_eq!(sent.lock().expect("a lock").len(), 0);
    let ran = asked(&url, "another", &[]).await?;
    assert!(ran.code == Some(1) && ran.stderr.contains("no such token"), "{:?}{}", ran.code, ran.stderr);
    Ok(())
}
