//! Whether the Compose file fits our programs, and what its script for secrets makes.
//!
//! Not here: its form (`schemas`); the agent's arguments (`manifests`).

use serde_json::{Value, json};
use tests::programs::built;
use tests::tools::top;
use tests::world::run;
use tokio::process::Command;

use crate::{Outcome, argument, documents, number, setting};

fn compose() -> Value {
    documents("compose/compose.yaml").remove(0)
}

#[tokio::test]
async fn the_script_makes_every_secret_once_and_the_coordinator_takes_them() -> Outcome {
    let folder = tempfile::tempdir()?;
    let secrets = folder.path().join("secrets");
    let make = || {
        let mut make = Command::new("sh");
        make.arg(top().join("deploy/compose/make-secrets.sh")).arg(&secrets);
        make
    };
    let ran = run(make(), "").await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let settings = std::fs::read_to_string(secrets.join("settings.toml"))?;
    let again = run(make(), "").await?;
    assert_eq!(again.code, Some(1), "it is there already");
    assert!(again.stderr.contains("hint:"));
    assert_eq!(std::fs::read_to_string(secrets.join("settings.toml"))?, settings, "and stays");

    let compose = compose();
    for (name, secret) in compose["secrets"].as_object().into_iter().flatten() {
        let file = secret["file"].as_str().and_then(|file| file.strip_prefix("secrets/")).ok_or("a file")?;
        let text = std::fs::read_to_string(secrets.join(file)).map_err(|error| format!("{name}: {error}"))?;
        assert!(text.len() >= 32, "{name}");
    }
    let mut print = Command::new(built("coordinator")?);
    print.env("BURSAR_CONFIG", secrets.join("settings.toml")).args(["serve", "--print-config"]);
    let ran = run(print, "").await?;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(setting(&ran.stdout, "vault", "master_key"), "[secret]");
    let read = |name: &str| std::fs::read_to_string(secrets.join(name)).unwrap_or_default();
    assert_eq!(setting(&settings, "agents", "token"), read("agent.token"));
    assert!(setting(&settings, "store", "url").contains(&format!(":{}@postgres/", read("postgres.password"))));
    let redis = read("redis.conf");
    let password = redis.lines().find_map(|line| line.strip_prefix("requirepass ")).ok_or("a password")?;
    assert!(setting(&settings, "redis", "url").contains(&format!(":{password}@redis:6379")));
    let agent = &compose["services"]["agent"]["command"];
    assert_eq!(argument(agent, "slots"), setting(&settings, "pool", "slots_per_agent"));
    assert_eq!(argument(agent, "parked"), setting(&settings, "pool", "parked_per_agent"));

    // A server takes the file that was made for it.
    let mut redis = Command::new("redis-server");
    redis.arg(secrets.join("redis.conf")).args(["--port", "0", "--unixsocket"]).arg(folder.path().join("socket"));
    let mut redis = tests::programs::Program::start("redis-server", redis)?;
    loop {
        let line = redis.line().await?;
        if line.to_lowercase().contains("ready to accept connections") {
            return Ok(());
        }
    }
}

#[test]
fn only_the_api_has_a_port_and_agents_are_kept_from_the_stores() {
    let compose = compose();
    let services = compose["services"].as_object().expect("services");
    for (name, service) in services {
        let expected = if name == "coordinator" { json!(["127.0.0.1:8080:8080"]) } else { Value::Null };
        assert_eq!(service["ports"], expected, "{name}");
        assert!(service["mem_limit"].is_string(), "{name}");
        let opened =
            service["security_opt"].as_array().into_iter().flatten().any(|option| *option == "no-new-privileges:true");
        assert!(opened, "{name}");
        assert!(service["healthcheck"].is_object() || ["coordinator", "agent"].contains(&name.as_str()), "{name}");
    }
    assert_eq!(compose["networks"]["stores"]["internal"], true);
    assert_eq!(services["agent"]["networks"], json!(["agents"]));
    for store in ["redis", "postgres"] {
        assert_eq!(services[store]["networks"], json!(["stores"]), "{store}");
    }
    let seccomp = services["agent"]["security_opt"][1].as_str().and_then(|option| option.strip_prefix("seccomp="));
    assert!(top().join("deploy/compose").join(seccomp.expect("a profile")).is_file());
    let drain = number(&argument(&services["agent"]["command"], "drain-seconds"));
    let grace = services["agent"]["stop_grace_period"].as_str().and_then(|span| span.strip_suffix('s'));
    assert!(number(grace.expect("seconds")) >= drain + 10);
}
