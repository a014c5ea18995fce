//! Whether the manifests fit our programs and each other: settings, arguments, ports, secrets,
//! bounds, memory, patience, and what a pod may.
//!
//! Not here: their form (`schemas`).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::programs::built;
use tests::tools::top;
use tests::world::run;
use tokio::process::Command;

use crate::{Outcome, argument, documents, manifests, number, object, read, setting};

/// How long an agent's browsers and leases may take after its drain.
const AFTER_DRAIN: u64 = 10;

fn pod(deployment: &str) -> Value {
    object("Deployment", deployment)["spec"]["template"]["spec"].clone()
}

fn container(deployment: &str) -> Value {
    let containers = pod(deployment)["containers"].clone();
    assert_eq!(containers.as_array().map(Vec::len), Some(1), "one container a pod");
    containers[0].clone()
}

fn settings() -> String {
    object("ConfigMap", "settings")["data"]["bursar.toml"].as_str().unwrap_or_default().to_owned()
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A word for each secret, of the form that it has.
fn secret(key: &str) -> &'static str {
    match key {
        "store-url" => "postgres://bursar:word@postgres.stores/bursar",
        "redis-url" => "redis://:word@redis.stores:6379",
        "agent-token" => "an-agents-token-of-32-letters-at-least",
        "control-token" => "operators-token-of-32-letters-at-least",
        _ => "bWFzdGVyLWtleS1tYXN0ZXIta2V5LW1hc3Rlci1rZXk=",
    }
}

#[tokio::test]
async fn the_coordinator_takes_the_settings_that_it_is_given() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bursar.toml");
    std::fs::write(&file, settings())?;
    let coordinator = container("coordinator");
    let mut print = Command::new(built("coordinator")?);
    // What a pod is told of itself, and what stands for it in the values of later variables.
    let mut told = Vec::new();
    for variable in each(&coordinator["env"]) {
        let name = variable["name"].as_str().ok_or("a name")?;
        let from = &variable["valueFrom"];
        match (from["secretKeyRef"]["key"].as_str(), from["fieldRef"]["fieldPath"].as_str()) {
            (Some(key), _) => print.env(name, secret(key)),
            (None, Some("status.podIP")) => {
                told.push((format!("$({name})"), "10.1.2.3"));
                print.env(name, "10.1.2.3")
            }
            (None, Some(other)) => return Err(format!("nobody knows what `{other}` is").into()),
            (None, None) => {
                let value = variable["value"].as_str().ok_or("a value")?.to_owned();
                print.env(name, told.iter().fold(value, |value, (reference, own)| value.replace(reference, own)))
            }
        };
    }
    print.env("BURSAR_CONFIG", &file).args(["serve", "--print-config"]);
    let ran = run(print, "").await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for (table, key) in
        [("store", "url"), ("redis", "url"), ("agents", "token"), ("control", "token"), ("vault", "master_key")]
    {
        assert_eq!(
            setting(&ran.stdout, table, key),
            "[secret]",
            "{table}.{key} has to be the same in every coordinator"
        );
    }
    assert_eq!(coordinator["args"], json!(["serve"]));
    Ok(())
}

#[tokio::test]
async fn the_agent_knows_the_arguments_and_variables_that_it_is_given() -> Outcome {
    let mut ask = Command::new(built("agent")?);
    ask.args(["run", "--help"]);
    let help = run(ask, "").await?.stdout;
    let compose = documents("compose/compose.yaml")[0]["services"]["agent"]["command"].clone();
    for arguments in [container("agent")["args"].clone(), compose] {
        assert_eq!(arguments[0], "run");
        for given in each(&arguments).skip(1).filter_map(Value::as_str) {
            let name = given.split('=').next().unwrap_or_default();
            let is_known =
                help.split(|letter: char| letter.is_whitespace() || ",[]".contains(letter)).any(|word| word == name);
            assert!(is_known, "`agent run` has no {name}:\n{help}");
        }
        // The values, too: everything but the browser is in order, so that is where it stops.
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("token"), "token")?;
        let mut start = Command::new(built("agent")?);
        start.args(each(&arguments).filter_map(Value::as_str).filter(|given| !given.starts_with("--token-file")));
        start.arg("--token-file").arg(folder.path().join("token")).args(["--browser-sandbox", "off"]);
        start.arg("--browser").arg(folder.path().join("none"));
        let ran = run(start, "").await?;
        assert!(ran.stderr.contains("there is no browser at"), "{}", ran.stderr);
    }
    let variables: Vec<String> =
        each(&container("agent")["env"]).map(|variable| variable["name"].to_string()).collect();
    assert_eq!(variables, [r#""HOME""#, r#""BURSAR_LOG""#]);
    Ok(())
}

#[test]
fn ports_are_those_that_are_listened_on() {
    let dockerfile = std::fs::read_to_string(top().join("Dockerfile")).expect("Dockerfile");
    let listens = dockerfile.split("BURSAR__HTTP__LISTEN=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let port = |address: &str| number(address.rsplit(':').next().unwrap_or_default());
    let (http, keda) = (port(listens.expect("an address")), port(&setting(&settings(), "keda", "listen")));
    let coordinator = container("coordinator");
    let containers: Vec<(&Value, &Value)> =
        each(&coordinator["ports"]).map(|port| (&port["name"], &port["containerPort"])).collect();
    assert_eq!(containers, [(&json!("http"), &json!(http)), (&json!("keda"), &json!(keda))]);
    let service = object("Service", "coordinator");
    let served: Vec<(&Value, &Value)> =
        each(&service["spec"]["ports"]).map(|port| (&port["targetPort"], &port["port"])).collect();
    assert_eq!(served, containers);
    assert_eq!(service["spec"]["selector"], object("Deployment", "coordinator")["spec"]["selector"]["matchLabels"]);
    assert_eq!(argument(&container("agent")["args"], "coordinator"), format!("http://coordinator:{http}"));
    let trigger = &object("ScaledObject", "agent")["spec"]["triggers"][0];
    assert_eq!(
        trigger["metadata"],
        json!({ "scalerAddress": format!("coordinator.bursar.svc.cluster.local:{keda}"), "pool": "default" })
    );
    let policy = object("NetworkPolicy", "coordinator");
    let allowed: BTreeSet<u64> =
        each(&policy["spec"]["ingress"]).filter_map(|rule| rule["ports"][0]["port"].as_u64()).collect();
    assert_eq!(allowed, BTreeSet::from([http, keda]));
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        assert_eq!(coordinator[probe]["httpGet"]["port"], "http", "{probe}");
    }
    assert_eq!(object("NetworkPolicy", "agent")["spec"]["egress"][0]["ports"][0]["port"], http);
}

#[test]
fn the_platform_waits_for_longer_than_an_agent_drains() {
    let drain = number(&argument(&container("agent")["args"], "drain-seconds"));
    let before = container("agent")["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or_default();
    let grace = pod("agent")["terminationGracePeriodSeconds"].as_u64().unwrap_or_default();
    assert!(grace >= drain + before + AFTER_DRAIN, "{grace} seconds for a drain of {drain}");
    let defaults = std::fs::read_to_string(top().join("coordinator/config.default.toml")).expect("settings");
    assert_eq!(
        setting(&defaults, "challenge", "term"),
        format!("{}m", drain / 60),
        "as long as a person has to answer"
    );
    let (before, grace) = (&container("coordinator")["lifecycle"]["preStop"]["sleep"]["seconds"], pod("coordinator"));
    let grace = grace["terminationGracePeriodSeconds"].as_u64();
    assert!(grace >= before.as_u64().map(|before| before + AFTER_DRAIN), "{grace:?}");
}

#[test]
fn bounds_are_the_same_for_the_coordinator_keda_and_the_agents() {
    let (settings, arguments) = (settings(), container("agent")["args"].clone());
    let scaled = object("ScaledObject", "agent")["spec"].clone();
    assert_eq!(scaled["minReplicaCount"], number(&setting(&settings, "pool", "min")));
    assert_eq!(scaled["maxReplicaCount"], number(&setting(&settings, "pool", "max")));
    assert_eq!(argument(&arguments, "slots"), setting(&settings, "pool", "slots_per_agent"));
    assert_eq!(argument(&arguments, "parked"), setting(&settings, "pool", "parked_per_agent"));
    assert_eq!(scaled["scaleTargetRef"]["name"], object("Deployment", "agent")["metadata"]["name"]);
    assert!(object("Deployment", "agent")["spec"].get("replicas").is_none(), "KEDA says how many");
    assert!(scaled["triggers"][0].get("metricType").is_none(), "the usual one is the one that arrives at the number");
}

#[test]
fn an_agents_memory_is_what_the_guide_says_that_it_takes() {
    let mebibytes = |text: &str| match text.trim_end_matches('i') {
        text if text.ends_with('G') => number(text.trim_end_matches('G')) * 1024,
        text => number(text.trim_end_matches('M')),
    };
    let browser = mebibytes(&argument(&container("agent")["args"], "browser-memory"));
    let resources = container("agent")["resources"].clone();
    let limit = mebibytes(resources["limits"]["memory"].as_str().unwrap_or_default());
    assert!(limit >= 3 * browser + 256, "{limit} MiB for three browsers of {browser} MiB and the reserve");
    let requested = mebibytes(resources["requests"]["memory"].as_str().unwrap_or_default());
    let sessions = number(&argument(&container("agent")["args"], "slots"))
        + number(&argument(&container("agent")["args"], "parked"));
    assert!(requested >= 220 + 25 * (sessions - 1), "{requested} MiB requested for {sessions} sessions");
}

#[test]
fn no_pod_may_more_than_it_needs() {
    for name in ["coordinator", "agent"] {
        let (pod, container) = (pod(name), container(name));
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        assert_eq!(object("ServiceAccount", name)["automountServiceAccountToken"], false, "{name}");
        assert_eq!(pod["serviceAccountName"], name);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        let expected = json!({
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
        });
        assert_eq!(container["securityContext"], expected, "{name}");
        assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
        let budget = object("PodDisruptionBudget", name);
        assert_eq!(budget["spec"]["selector"], object("Deployment", name)["spec"]["selector"], "{name}");
        assert_eq!(object("NetworkPolicy", name)["spec"]["policyTypes"], json!(["Ingress", "Egress"]), "{name}");
    }
    assert!(object("NetworkPolicy", "agent")["spec"].get("ingress").is_none(), "nobody speaks to an agent");
    let nothing = object("NetworkPolicy", "nothing")["spec"].clone();
    assert_eq!(nothing, json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] }));
    for name in ["coordinator", "agent"] {
        let policy = object("NetworkPolicy", name);
        let blocks: Vec<&Value> =
            each(&policy["spec"]["egress"]).flat_map(|rule| each(&rule["to"])).map(|to| &to["ipBlock"]).collect();
        let of = |cidr: &str| {
            blocks
                .iter()
                .find(|block| block["cidr"] == cidr)
                .map(|block| block["except"].to_string())
                .unwrap_or_default()
        };
        for private in
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8"]
        {
            assert!(of("0.0.0.0/0").contains(private), "{name} reaches {private}");
        }
        assert!(of("::/0").contains("fc00::/7") && of("::/0").contains("fe80::/10"), "{name}");
    }
}

#[test]
fn secrets_are_named_and_the_readme_makes_each() {
    let readme = read("README.md");
    let mut keys = BTreeSet::new();
    for file in manifests() {
        for object in documents(&file) {
            assert_ne!(object["kind"], "Secret", "{file} holds a secret");
        }
    }
    for variable in each(&container("coordinator")["env"]) {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        if reference.is_object() {
            assert_eq!(reference["name"], "bursar");
            keys.insert(reference["key"].as_str().unwrap_or_default().to_owned());
        }
    }
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in &keys {
        let is_made =
            readme.split_whitespace().any(|word| word.trim_end_matches(';').trim_start_matches("secrets/") == key);
        assert!(is_made && readme.contains("--from-file=secrets"), "deploy/README.md doesn't make {key}");
    }
    let volume = pod("agent")["volumes"][0].clone();
    assert_eq!(
        volume["secret"]["items"],
        json!([{ "key": "agent-token", "path": "agent-token" }]),
        "an agent gets its own alone"
    );
    let mount = container("agent")["volumeMounts"][0].clone();
    assert_eq!(
        argument(&container("agent")["args"], "token-file"),
        format!("{}/agent-token", mount["mountPath"].as_str().unwrap_or_default())
    );
}

#[test]
fn the_kustomization_names_every_manifest_and_image() {
    let kustomization = documents("kubernetes/kustomization.yaml").remove(0);
    let mut listed: Vec<String> = each(&kustomization["resources"])
        .map(|name| format!("kubernetes/{}", name.as_str().unwrap_or_default()))
        .collect();
    listed.sort();
    assert_eq!(listed, manifests());
    let images: BTreeSet<&str> = each(&kustomization["images"]).filter_map(|image| image["name"].as_str()).collect();
    let used: Vec<String> =
        ["coordinator", "agent"].map(|name| container(name)["image"].as_str().unwrap_or_default().to_owned()).to_vec();
    assert!(used.iter().all(|image| images.contains(image.as_str())), "{used:?}");
    let dockerfile = std::fs::read_to_string(top().join("Dockerfile")).expect("Dockerfile");
    for image in images {
        let target = image.trim_start_matches("bursar-");
        assert!(dockerfile.contains(&format!("AS {target}\n")), "the Dockerfile has no target {target}");
    }
    let user = pod("agent")["securityContext"]["runAsUser"].to_string();
    assert!(dockerfile.contains(&format!("USER {user}:{user}")), "the images' user is {user}");
    assert!(dockerfile.contains("chromium-headless-shell"), "agents need a browser");
}

#[test]
fn the_sandbox_of_a_browser_is_let_through_and_nothing_that_leads_out() {
    let profile: Value = serde_json::from_str(&read("chromium-seccomp.json")).expect("JSON");
    let refused: BTreeSet<&str> =
        each(&profile["syscalls"]).flat_map(|rule| each(&rule["names"])).filter_map(Value::as_str).collect();
    for needed in ["clone", "clone3", "unshare", "chroot", "setns"] {
        assert!(!refused.contains(needed), "{needed}");
    }
    for dangerous in ["mount", "bpf", "ptrace", "init_module", "kexec_load", "keyctl", "perf_event_open", "userfaultfd"]
    {
        assert!(refused.contains(dangerous), "{dangerous}");
    }
    let profile = pod("agent")["securityContext"]["seccompProfile"].clone();
    let file = profile["localhostProfile"].as_str().unwrap_or_default().to_owned();
    assert!(
        read("README.md").contains(&format!("/var/lib/kubelet/seccomp/{file}")),
        "the README puts it where it is looked for"
    );
    assert_eq!(pod("coordinator")["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
}
