//! Codes that an authenticator shows are answered without a person, each once, and nobody has to attend.
//!
//! Not here: which codes those are; the coordinator's own tests have the standard's table.

use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::patience::eventually;
use tests::world::Plan;

use crate::Outcome;

/// The secret of RFC 6238's table, as a bank shows it, and in its picture's address.
const SECRET: &str = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";
const ADDRESS: &str = "otpauth://totp/Harbour:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Harbour";

#[tokio::test]
async fn a_code_is_answered_by_itself_and_another_connection_of_the_user_waits_for_the_next() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let agent = BareAgent::of(&fleet)?;
    let mut answered = Vec::new();
    for secret in [SECRET, ADDRESS] {
        let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": secret.len().to_string() })).await?;
        let asked = json!({ "entityId": entity["entityId"], "institutionId": "harbour" });
        let connection = integrator.post("/v1/connections", &asked).await?;
        let path = format!("/v1/connections/{}", connection["id"].as_str().unwrap_or_default());
        let given = json!({ "bankUsername": secret, "password": "b", "totpSecret": secret });
        let shown = integrator.put(&format!("{path}/credentials"), &given).await?;
        assert_eq!(shown["authenticator"], "ready");
        assert!(!shown.to_string().to_uppercase().contains("GEZD"), "it is never shown again");
        integrator.put(&format!("{path}/setupCompletion"), &Value::Null).await?;

        let held = agent.acquire(20_000).await?.ok_or("the activation")?;
        let id = agent.ask_for_shown_code(&held).await?;
        while agent.wait_for_answer(&held, &id).await? == "open" {
            agent.renew(&held).await?;
        }
        let challenges = integrator.list(&format!("{path}/challenges")).await?;
        assert_eq!((&challenges[0]["status"], &challenges[0]["source"]), (&json!("answered"), &json!("totp")));
        assert_eq!(challenges[0]["mayAnswer"], json!(["totp", "person"]));
        let at: u64 = challenges[0]["updatedAt"].as_str().and_then(seconds).ok_or("a time")?;
        answered.push(at / 30);
        agent.complete(&held, &[]).await?;
    }
    assert!(answered[0] < answered[1], "the same code for two connections: {answered:?}");

    // Nobody attends, and still it is due by itself.
    let (operator, id) = (fleet.operator()?, integrator.list("/v1/connections").await?[0]["id"].clone());
    let path = format!("/control/v1/connections/{}", id.as_str().unwrap_or_default());
    let shown = async || operator.get(&path).await.ok();
    let planned = async || shown().await.filter(|shown| shown["schedule"] == "planned");
    assert!(eventually(planned).await.is_some(), "{:?}", shown().await);

    let wrong = json!({ "totpSecret": "otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ&counter=1" });
    let id = integrator.list("/v1/connections").await?[0]["id"].as_str().unwrap_or_default().to_owned();
    let refused = integrator.put(&format!("/v1/connections/{id}/credentials"), &wrong).await;
    let refused = refused.err().ok_or("what makes no codes by the clock was taken")?.to_string();
    assert!(refused.contains("422") && !refused.contains("GEZD"), "{refused}");
    assert!(!fleet.talk().to_uppercase().contains("GEZD"), "a secret was logged");
    Ok(())
}

fn seconds(timestamp: &str) -> Option<u64> {
    u64::try_from(timestamp.parse::<jiff::Timestamp>().ok()?.as_second()).ok()
}
