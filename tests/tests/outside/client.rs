//! A client that is made from the OpenAPI document by a generator that nobody here wrote,
//! as the guide tells integrators to make one.
//!
//! Not here: the generated code; it is made anew each time.

use serde_json::{Value, json};
use tests::tools::{tool, top};
use tests::world::{Plan, run};

use crate::{Outcome, succeeded};

#[tokio::test]
async fn a_client_that_is_made_from_the_document_talks_to_the_coordinator() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let asked = json!({ "entityId": integrator.default_entity().await?, "institutionId": "harbour" });
    let connection = integrator.post("/v1/connections", &asked).await?;
    let id = connection["id"].as_str().ok_or("no id")?;

    let folder = fleet.folder().join("client");
    let mut generate = tool("openapi-python-client")?;
    generate.args(["generate", "--fail-on-warning", "--url", &format!("{}/openapi.json", fleet.address())]);
    generate.arg("--output-path").arg(&folder);
    succeeded(&run(generate, "").await?);

    let mut call = tool("python")?;
    call.arg(top().join("tests/tools/use_client.py")).env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
    call.env("BURSAR_URL", fleet.address()).env("BURSAR_KEY", integrator.key()).env("BURSAR_CONNECTION", id);
    let ran = run(call, "").await?;
    succeeded(&ran);
    let said: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!(said["made"], "customer-42");
    assert_eq!(said["refused"], "duplicate");
    assert_eq!(said["entities"], json!(["default", "customer-42"]));
    assert_eq!(said["missing"], "not_found");
    // The client knows every field that the service sends, and its type.
    for (field, value) in connection.as_object().into_iter().flatten().filter(|(_, value)| value.is_string()) {
        if !field.ends_with("At") {
            assert_eq!(said["connection"][field], *value, "{field}");
        }
    }
    assert_eq!(said["connection"]["setup"], connection["setup"]);
    Ok(())
}
