//! Codes that come in at a connection's own number or address: the bank sends them, a provider brings them, and nobody
//! has to type one.
//!
//! Not here: each provider's signature; the coordinator's own tests have the examples of their documents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;
use tests::bare_agent::BareAgent;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::world::{Fleet, Plan};

use crate::{Outcome, active};

type Failure = Box<dyn std::error::Error>;

const TOKEN: &str = "an auth token of Twilio's";
const KEY: &str = "a signing key of Mailgun's";

/// A fleet whose connections have numbers and aliases of their own.
async fn start(folder: &tempfile::TempDir, numbers: &str) -> Result<Fleet, Failure> {
    Ok(plan(folder, numbers)?.start().await?)
}

fn plan(folder: &tempfile::TempDir, numbers: &str) -> Result<Plan, Failure> {
    let (token, key) = (folder.path().join("twilio"), folder.path().join("mailgun"));
    std::fs::write(&token, TOKEN)?;
    std::fs::write(&key, KEY)?;
    let plan = Plan::new()
        .with("lease.term", "20s")
        .with("pools.numbers", numbers)
        .with("pools.email.domain", "codes.example")
        .with("pools.quarantine", "1s")
        .with("delegated_user.email", "")
        .with("delegated_user.phone_number", "")
        .with("inbound.twilio.secret_file", &token.display().to_string())
        .with("inbound.mailgun.secret_file", &key.display().to_string());
    Ok(plan)
}

/// A text message as Twilio brings it, whoever it says that it is from.
async fn text(fleet: &Fleet, id: &str, to: &str, from: &str, body: &str, token: &str) -> Result<StatusCode, Failure> {
    let url = format!("{}/inbound/v1/twilio", fleet.address());
    let mut fields = [("AccountSid", "AC1"), ("Body", body), ("From", from), ("MessageSid", id), ("To", to)];
    fields.sort_unstable();
    let signed: String = url.clone() + &fields.iter().map(|(name, value)| format!("{name}{value}")).collect::<String>();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes())?;
    mac.update(signed.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    post(&url, &fields, &[("x-twilio-signature", &signature)]).await
}

async fn post(url: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Result<StatusCode, Failure> {
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let client = tests::client::client().build()?;
    let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(fields);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Ok(request.send().await?.status())
}

/// An e-mail as Mailgun brings it.
async fn mail(fleet: &Fleet, token: &str, to: &str, from: &str, html: &str) -> Result<StatusCode, Failure> {
    let timestamp = jiff::Timestamp::now().as_second().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes())?;
    mac.update(format!("{timestamp}{token}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [
        ("recipient", to),
        ("sender", from),
        ("subject", "Your passcode"),
        ("body-html", html),
        ("timestamp", &timestamp),
        ("token", token),
        ("signature", &signature),
    ];
    post(&format!("{}/inbound/v1/mailgun", fleet.address()), &fields, &[]).await
}

/// A connection with its instructions.
async fn draft(integrator: &Integrator, entity: &str) -> Result<(String, Value), Failure> {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": entity })).await?;
    let asked = json!({ "entityId": entity["entityId"], "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let id = connection["id"].as_str().unwrap_or_default().to_owned();
    Ok((id, connection["setup"]["instructions"].clone()))
}

async fn activate(fleet: &Fleet, integrator: &Integrator, id: &str) -> Outcome {
    let given = json!({ "bankUsername": fleet.portal.username(), "password": fleet.portal.password() });
    integrator.put(&format!("/v1/connections/{id}/credentials"), &given).await?;
    integrator.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
    Ok(())
}

/// The bank's own text message, word for word, once there are `count`.
async fn message(fleet: &Fleet, count: usize) -> Result<String, Failure> {
    let came = eventually(async || fleet.portal.phone().messages.get(count - 1).map(|message| message.text.clone()));
    Ok(came.await.ok_or("the bank sent no text message")?)
}

#[tokio::test]
async fn a_connection_is_activated_by_the_banks_text_message_and_nobody_else() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = start(&folder, "+14155550142 +14155550143").await?;
    let integrator = fleet.integrator("default").await?;
    let (other, others) = draft(&integrator, "other").await?;
    let (id, own) = draft(&integrator, "own").await?;
    let (number, alias) = (own["phoneNumber"].as_str().unwrap_or_default(), own["email"].as_str().unwrap_or_default());
    assert_eq!(own["phoneNumberProvisioningStatus"], "provisioned");
    assert!(alias.ends_with("@codes.example") && others["email"] != own["email"], "{own} {others}");
    assert_ne!(own["phoneNumber"], others["phoneNumber"]);
    activate(&fleet, &integrator, &id).await?;
    let said = message(&fleet, 1).await?;
    // Another's number, another sender, nobody's token, another's words: each is good for nothing here.
    let to_other = others["phoneNumber"].as_str().unwrap_or_default();
    assert_eq!(text(&fleet, "SM1", to_other, "HARBOUR", &said, TOKEN).await?, StatusCode::OK);
    assert_eq!(text(&fleet, "SM2", number, "+4915100000", &said, TOKEN).await?, StatusCode::OK);
    assert_eq!(text(&fleet, "SM3", number, "HARBOUR", &said, "another token").await?, StatusCode::FORBIDDEN);
    assert_eq!(text(&fleet, "SM4", number, "HARBOUR", "123456 or 654321", TOKEN).await?, StatusCode::OK);
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!(challenge["mayAnswer"], json!(["sms", "person"]));
    assert_eq!(fleet.portal.oracle().code_submits, 0);

    assert_eq!(text(&fleet, "SM5", number, "HARBOUR", &said, TOKEN).await?, StatusCode::OK);
    active(&integrator, &id).await?;
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!((&challenges[0]["status"], &challenges[0]["source"]), (&json!("accepted"), &json!("sms")));
    assert_eq!(fleet.portal.oracle().code_submits, 1);
    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    assert_eq!(events.iter().filter(|event| event["cause"] == "messageIgnored").count(), 2, "{events:?}");
    let code = said.split_whitespace().find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    let code = code.ok_or("a code")?;
    let written = format!("{}{}", fleet.talk(), serde_json::to_string(&events)?);
    assert!(!written.contains(code), "what came in was written down");
    assert_eq!(integrator.get(&format!("/v1/connections/{other}")).await?["status"], "draft");
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_brought_again_counts_for_nothing_and_a_refused_code_is_left_to_a_person() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = start(&folder, "+14155550142").await?;
    let integrator = fleet.integrator("default").await?;
    let (id, own) = draft(&integrator, "own").await?;
    let number = own["phoneNumber"].as_str().unwrap_or_default();
    activate(&fleet, &integrator, &id).await?;
    let first = integrator.open_challenge(&id, None).await?;
    let said = message(&fleet, 1).await?;
    let code = fleet.code(1).await.ok_or("a code")?;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    assert_eq!(text(&fleet, "SM1", number, "HARBOUR", &said.replace(&code, wrong), TOKEN).await?, StatusCode::OK);
    let second = integrator.open_challenge(&id, first["id"].as_str()).await?;
    assert_eq!(second["mayAnswer"], json!(["person"]), "a person is asked");
    for _ in 0..2 {
        assert_eq!(text(&fleet, "SM1", number, "HARBOUR", &said, TOKEN).await?, StatusCode::OK);
    }
    assert_eq!(text(&fleet, "SM2", number, "HARBOUR", &said, TOKEN).await?, StatusCode::OK);
    integrator.answer(&id, &second, &code).await?;
    active(&integrator, &id).await?;
    assert_eq!((fleet.portal.oracle().code_submits, fleet.portal.oracle().refused_codes), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_mail_answers_nothing_that_asks_for_a_text_message() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = start(&folder, "").await?;
    let integrator = fleet.integrator("default").await?;
    let (id, own) = draft(&integrator, "own").await?;
    let alias = own["email"].as_str().unwrap_or_default().to_uppercase();
    assert_eq!(own["phoneNumberProvisioningStatus"], "pending");
    activate(&fleet, &integrator, &id).await?;
    integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("a code")?;
    let html =
        format!("<style>p {{ top: 0 }}</style><p><b>{code}</b> is your one-time passcode.</p><p>Call 5550100.</p>");
    // The bank asks for the code of a text message: a mail is another way, and answers nothing.
    assert_eq!(mail(&fleet, "t1", &alias, "codes@harbour.example", &html).await?, StatusCode::OK);
    assert_eq!(mail(&fleet, "t2", &alias, "codes@evil.example", &html).await?, StatusCode::OK);
    assert_eq!(fleet.portal.oracle().code_submits, 0);
    let nowhere = tests::client::client().build()?;
    let nowhere = nowhere.post(format!("{}/inbound/v1/postmark", fleet.address())).body("{}").send().await?;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND, "who isn't named in the settings isn't listened to");
    Ok(())
}

#[tokio::test]
async fn a_mail_that_came_before_its_challenge_answers_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = plan(&folder, "")?.agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let (id, own) = draft(&integrator, "own").await?;
    let alias = own["email"].as_str().unwrap_or_default().to_owned();
    activate(&fleet, &integrator, &id).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("the activation")?;
    let html = "<style>p { top: 0 }</style><p><b>48</b>2911 is your one-time passcode.</p><p>Call 5550100.</p>";
    let (from, evil) = ("Harbour <codes@harbour.example>", "\"codes@harbour.example\" <x@evil.example>");
    assert_eq!(mail(&fleet, "t1", &alias, evil, &html.replace("48", "99")).await?, StatusCode::OK);
    assert_eq!(mail(&fleet, "t2", &alias, from, html).await?, StatusCode::OK);
    let challenge = agent.ask_by(&held, "email").await?;
    assert_eq!(agent.wait_for_answer(&held, &challenge).await?, "answered");
    let challenges = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!((&challenges[0]["source"], &challenges[0]["mayAnswer"]), (&json!("email"), &json!(["email", "person"])));
    Ok(())
}

#[tokio::test]
async fn a_code_that_comes_late_is_not_given_in_place_of_the_one_that_was_sent_after_it() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = plan(&folder, "+14155550142")?.with("challenge.resend_every", "1s").agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let (id, own) = draft(&integrator, "own").await?;
    let number = own["phoneNumber"].as_str().unwrap_or_default();
    activate(&fleet, &integrator, &id).await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("the activation")?;
    let challenge = agent.ask_with_resends(&held, 2).await?;
    let path = format!("/v1/connections/{id}/challenges/{challenge}");
    let resent = eventually(async || {
        let answer = integrator.call(Method::POST, &format!("{path}/resend"), None).await.ok()?;
        (answer.status == 202).then_some(())
    });
    resent.await.ok_or("the bank isn't asked for a new code")?;
    assert_eq!(agent.wait_for_answer(&held, &challenge).await?, "resend");
    let said = |code: &str| format!("{code} is your one-time passcode.");
    assert_eq!(text(&fleet, "SM1", number, "HARBOUR", &said("111111"), TOKEN).await?, StatusCode::OK);
    assert_eq!(agent.wait_after_resends(&held, &challenge, 1).await?, "open", "another is on its way");
    assert_eq!(text(&fleet, "SM2", number, "HARBOUR", &said("222222"), TOKEN).await?, StatusCode::OK);
    assert_eq!(agent.wait_after_resends(&held, &challenge, 1).await?, "answered");
    assert_eq!(integrator.get(&path).await?["source"], "sms");
    Ok(())
}

#[tokio::test]
async fn a_code_that_was_asked_for_anew_is_used_though_the_bank_refused_the_one_before() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = plan(&folder, "+14155550142")?.with("challenge.resend_every", "1s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let (id, own) = draft(&integrator, "own").await?;
    let number = own["phoneNumber"].as_str().unwrap_or_default();
    activate(&fleet, &integrator, &id).await?;
    let first = integrator.open_challenge(&id, None).await?;
    let (said, code) = (message(&fleet, 1).await?, fleet.code(1).await.ok_or("a code")?);
    let wrong = if code == "000000" { "111111" } else { "000000" };
    assert_eq!(text(&fleet, "SM1", number, "HARBOUR", &said.replace(&code, wrong), TOKEN).await?, StatusCode::OK);
    let second = integrator.open_challenge(&id, first["id"].as_str()).await?;
    assert_eq!(second["mayAnswer"], json!(["person"]));
    let path = format!("/v1/connections/{id}/challenges/{}/resend", second["id"].as_str().unwrap_or_default());
    let resent = eventually(async || {
        let answer = integrator.call(Method::POST, &path, None).await.ok()?;
        (answer.status == 202).then_some(())
    });
    resent.await.ok_or("the bank isn't asked for a new code")?;
    let second = integrator.open_challenge(&id, first["id"].as_str()).await?;
    assert_eq!(second["mayAnswer"], json!(["sms", "person"]), "the new one comes in by itself");
    let said = message(&fleet, 2).await?;
    assert_eq!(text(&fleet, "SM2", number, "HARBOUR", &said, TOKEN).await?, StatusCode::OK);
    active(&integrator, &id).await?;
    assert_eq!((fleet.portal.oracle().code_submits, fleet.portal.oracle().refused_codes), (2, 1));
    Ok(())
}

#[tokio::test]
async fn people_are_called_once_no_code_came_in_by_itself() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = plan(&folder, "+14155550142")?.with("challenge.people_after", "4s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let (id, _) = draft(&integrator, "own").await?;
    activate(&fleet, &integrator, &id).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let before = integrator.get(&format!("/v1/connections/{id}")).await?;
    let called =
        integrator.connection(&id, "waiting for people", |now| now["setup"]["nextAction"] == "answerChallenge").await?;
    let open = integrator.open_challenge(&id, None).await?;
    assert_eq!(open["id"], challenge["id"], "it is the same question");
    assert_eq!(called["setup"]["actionRequiredBy"], "integrator");
    assert_ne!(before["setup"]["nextAction"], "answerChallenge", "a code may come in, and nobody is needed: {before}");
    integrator.answer(&id, &open, &fleet.code(1).await.ok_or("a code")?).await?;
    active(&integrator, &id).await?;
    Ok(())
}

#[tokio::test]
async fn where_nothing_makes_addresses_a_connection_says_that_none_comes() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = plan(&folder, "")?.with("pools.email.domain", "").agents(0).start().await?;
    let (_, own) = draft(&fleet.integrator("default").await?, "own").await?;
    let (address, number) = (&own["emailProvisioningStatus"], &own["phoneNumberProvisioningStatus"]);
    assert_eq!((address, number), (&json!("failed"), &json!("pending")), "a number may come yet: {own}");
    assert_eq!(own["email"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn who_finds_no_number_gets_one_when_another_ends() -> Outcome {
    let folder = tempfile::tempdir()?;
    let fleet = start(&folder, "+14155550142").await?;
    let integrator = fleet.integrator("default").await?;
    let (first, own) = draft(&integrator, "first").await?;
    assert_eq!(own["phoneNumber"], "+14155550142");
    let (second, none) = draft(&integrator, "second").await?;
    assert_eq!((&none["phoneNumber"], &none["phoneNumberProvisioningStatus"]), (&Value::Null, &json!("pending")));
    integrator.post(&format!("/v1/connections/{first}/revoke"), &Value::Null).await?;
    let given = |now: &Value| now["setup"]["instructions"]["phoneNumber"] == "+14155550142";
    integrator.connection(&second, "a number", given).await?;
    // Whose user is at the bank already has another number there, and waits for none of ours.
    let (third, none) = draft(&integrator, "third").await?;
    assert_eq!(none["phoneNumberProvisioningStatus"], "pending");
    let given = json!({ "bankUsername": "ops.acme", "password": "Anchor-7-Lantern" });
    integrator.put(&format!("/v1/connections/{third}/credentials"), &given).await?;
    let now = integrator.get(&format!("/v1/connections/{third}")).await?;
    assert_eq!(now["setup"]["instructions"]["phoneNumberProvisioningStatus"], "failed");
    Ok(())
}

#[tokio::test]
async fn behind_a_proxy_whoever_asks_too_often_keeps_no_other_out() -> Outcome {
    let folder = tempfile::tempdir()?;
    let plan = plan(&folder, "+15550100")?.agents(0).with("console.client_address_header", "x-forwarded-for");
    let fleet = plan.start().await?;
    fleet.integrator("default").await?;
    let url = format!("{}/inbound/v1/twilio", fleet.address());
    // Over connections that are kept, or it is the asking that takes too long.
    let client = tests::client::client().build()?;
    let asks = async |from: &str| {
        let request = client.post(&url).header("content-type", "application/x-www-form-urlencoded").body("Body=x");
        request.header("x-forwarded-for", from).send().await.map(|answer| answer.status())
    };
    let mut told = Vec::new();
    for _ in 0..40 {
        let calls = (0..200).map(|_| asks("203.0.113.1"));
        told.extend(futures::future::try_join_all(calls).await?);
        if told.contains(&StatusCode::TOO_MANY_REQUESTS) {
            break;
        }
    }
    assert!(told.contains(&StatusCode::TOO_MANY_REQUESTS), "{} requests were looked at", told.len());
    assert_ne!(asks("203.0.113.2").await?, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}
