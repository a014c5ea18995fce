//! Webhooks as integrators check them: the guide's lines in every language, and a library
//! for Standard Webhooks that nobody here wrote, on deliveries that a coordinator sent.
//!
//! Not here: when a delivery is sent.

use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::programs::built;
use tests::receiver::{Received, Receiver};
use tests::tools::{node, tool, top};
use tests::world::{Fleet, Plan, run};
use tokio::process::Command;

use crate::{Outcome, succeeded};

/// A delivery that a coordinator sent, with the secret that it was signed with.
struct Delivered {
    secret: String,
    received: Received,
    _fleet: Fleet,
}

impl Delivered {
    async fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let fleet = Plan::new().agents(0).start().await?;
        let integrator = fleet.integrator("default").await?;
        let receiver = Receiver::start().await?;
        let asked = json!({ "url": receiver.url(), "events": ["connection.status_changed"] });
        let made = integrator.post("/v1/webhooks", &asked).await?;
        let secret = made["webhook"]["secret"].as_str().ok_or("no secret")?.to_owned();
        receiver.trust(&secret);
        cause_an_event(&integrator).await?;
        let received = eventually(async || receiver.received().pop()).await.ok_or("no delivery came")?;
        Ok(Self { secret, received, _fleet: fleet })
    }

    fn header(&self, name: &str) -> &str {
        self.received.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn cause_an_event(integrator: &Integrator) -> Outcome {
    integrator.set_up("harbour", "somebody", "a password").await?;
    Ok(())
}

#[tokio::test]
async fn the_guides_lines_know_a_true_delivery_from_a_false_one_in_every_language() -> Outcome {
    let delivered = Delivered::new().await?;
    let (secret, body) = (delivered.secret.as_str(), delivered.received.body.as_str());
    let header = delivered.header("waycore-signature");
    let (time, right) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).ok_or("another header")?;
    let now: i64 = time.parse()?;
    let wrong = "0".repeat(64);
    let tampered = body.replacen("connection", "Connection", 1);
    assert_ne!(tampered, body);

    let no_fit = "invalid: no signature fits";
    let too_far = "invalid: the time is too far from now";
    let no_time = "invalid: the header has no time";
    let cases: [(&str, &str, &str, i64, &str); 20] = [
        (secret, header, body, now, "valid"),
        (secret, header, body, now + 300, "valid"),
        (secret, header, body, now - 300, "valid"),
        (secret, header, body, now + 301, too_far),
        (secret, header, body, now - 301, too_far),
        (secret, header, &tampered, now, no_fit),
        (secret, header, "", now, no_fit),
        ("whsec_another", header, body, now, no_fit),
        ("", header, body, now, "invalid: there is no secret to check with"),
        // While a secret is being replaced, in either order, and with parts of the future.
        (secret, &format!("t={time},v1={wrong},v1={right}"), body, now, "valid"),
        (secret, &format!("v9=ö, v1={right}, v1={wrong}, t={time}"), body, now, "valid"),
        (secret, &format!("t={time},v1={wrong},v1={wrong}"), body, now, no_fit),
        // Another time than the one that was signed.
        (secret, &format!("t={},v1={right}", now + 1), body, now, no_fit),
        (secret, &format!("t={time},t={},v1={right}", now + 1), body, now, no_time),
        (secret, &format!("v1={right}"), body, now, no_time),
        (secret, &format!("t=-{time},v1={right}"), body, now, no_time),
        (secret, &format!("t={time},v1={}", &right[..62]), body, now, no_fit),
        (secret, &format!("t={time},v1=ö{right},v1=,v1"), body, now, no_fit),
        (secret, "t=,v1=", body, now, no_time),
        (secret, "garbage", body, now, no_time),
    ];
    let guide = top().join("docs/guide/verify-webhooks");
    for (secret, header, body, now, expected) in cases {
        let case = json!({ "secret": secret, "header": header, "body": body, "now": now }).to_string();
        let (mut python, mut typescript) = (tool("python")?, node()?);
        python.arg(guide.join("verify.py"));
        typescript.arg(guide.join("verify.ts"));
        let rust = Command::new(built("verify-webhook")?);
        for (language, command) in [("Python", python), ("TypeScript", typescript), ("Rust", rust)] {
            let ran = run(command, &case).await?;
            assert_eq!(ran.stdout.trim(), expected, "{language} on {case}\n{}", ran.stderr);
            assert_eq!(ran.code, Some(i32::from(expected != "valid")), "{language} on {case}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_library_for_standard_webhooks_accepts_a_true_delivery_and_no_other() -> Outcome {
    let delivered = Delivered::new().await?;
    let (secret, body) = (delivered.secret.as_str(), delivered.received.body.as_str());
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: Value = names.iter().map(|name| ((*name).to_owned(), json!(delivered.header(name)))).collect();
    assert_eq!(headers["webhook-id"], delivered.received.event["id"]);
    let letter = if secret[10..].starts_with('A') { "B" } else { "A" };
    let another = format!("{}{letter}{}", &secret[..10], &secret[11..]);
    for (secret, body, expected) in [
        (secret, body, "valid"),
        (secret, &body.replacen("connection", "Connection", 1), "invalid: No matching signature found"),
        (&another, body, "invalid: No matching signature found"),
    ] {
        let mut check = tool("python")?;
        check.arg(top().join("tests/tools/standard_webhooks.py"));
        let ran = run(check, &json!({ "secret": secret, "headers": headers, "body": body }).to_string()).await?;
        succeeded(&ran);
        assert_eq!(ran.stdout.trim(), expected, "{}", ran.stderr);
    }
    Ok(())
}
