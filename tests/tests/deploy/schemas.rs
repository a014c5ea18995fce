//! Whether those that read these files would take them: Kubernetes' own schemas, KEDA's
//! definitions, a parser of the Compose specification. Each is first seen to refuse what is
//! wrong.
//!
//! Not here: whether what they say makes sense (`manifests`, `compose`).

use serde_json::{Value, json};
use tests::tools::{tool, top};
use tests::world::{Ran, run};

use crate::{Outcome, documents, manifests, object, read};

/// The oldest and the newest Kubernetes that the manifests are for: the oldest knows `sleep`
/// before a pod's end.
const VERSIONS: [&str; 2] = ["1.30.0", "1.37.0"];

async fn check_objects(objects: &[&Value], version: &str) -> Result<Ran, Box<dyn std::error::Error>> {
    let mut check = tool("kubernetes-validate")?;
    check.args(["--strict", "--kubernetes-version", version, "-"]);
    let documents: Vec<String> = objects.iter().map(ToString::to_string).collect();
    Ok(run(check, &documents.join("\n---\n")).await?)
}

async fn check_by(script: &str, input: &str) -> Result<Ran, Box<dyn std::error::Error>> {
    let mut check = tool("python")?;
    check.arg(top().join("tests/tools").join(script));
    Ok(run(check, input).await?)
}

#[tokio::test]
async fn every_object_is_as_kubernetes_own_schemas_say() -> Outcome {
    let objects: Vec<Value> = manifests().iter().flat_map(|file| documents(file)).collect();
    let of_kubernetes = objects.iter().filter(|object| object["apiVersion"] != "keda.sh/v1alpha1");
    let list: Vec<&Value> = of_kubernetes.collect();
    assert!(list.len() > 10, "{} objects", list.len());
    for version in VERSIONS {
        let ran = check_objects(&list, version).await?;
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        // It only warns of a kind that it doesn't know.
        let passed = ran.stdout.matches(" passed ").count() + ran.stderr.matches(" passed ").count();
        assert_eq!(passed, list.len(), "{}{}", ran.stdout, ran.stderr);
    }
    let mut wrong = object("Deployment", "agent");
    wrong["spec"]["template"]["spec"]["terminationGracePeriod"] = json!(30);
    assert_ne!(check_objects(&[&wrong], VERSIONS[1]).await?.code, Some(0), "a misspelt field is found");
    Ok(())
}

#[tokio::test]
async fn the_scaled_object_is_as_keda_defines_it() -> Outcome {
    let right = object("ScaledObject", "agent");
    let ran = check_by("check_keda.py", &right.to_string()).await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for (field, value) in [("minReplicas", json!(0)), ("maxReplicaCount", json!("many")), ("triggers", json!([{}]))] {
        let mut wrong = right.clone();
        wrong["spec"][field] = value;
        assert_eq!(check_by("check_keda.py", &wrong.to_string()).await?.code, Some(1), "{field}");
    }
    Ok(())
}

#[tokio::test]
async fn the_compose_file_is_as_its_specification_says() -> Outcome {
    let right = read("compose/compose.yaml");
    let ran = check_by("check_compose.py", &right).await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for (part, wrong) in [("read_only:", "readonly:"), ("service_healthy", "service_ready"), ("75s", "75 of them")] {
        let wrong = right.replacen(part, wrong, 1);
        assert_ne!(wrong, right, "{part}");
        assert_eq!(check_by("check_compose.py", &wrong).await?.code, Some(1), "{part}");
    }
    Ok(())
}
