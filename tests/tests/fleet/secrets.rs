//! Where secrets may not be: in the store, in Redis, in any log, in any file, in any answer but
//! those that are about them. In no spelling that anything on the way may have given them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use fixtures::faults::Faults;
use serde_json::{Value, json};
use tests::redis::Redis;
use tests::world::Plan;
use url::form_urlencoded;

use crate::{Outcome, active, answer, failed, set_up};

#[tokio::test]
async fn no_secret_is_found_anywhere_after_a_run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    let fleet = Plan::new().with("redis.url", &redis.url()).with("log.filter", "trace").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    let middle = redis.contents().await;
    assert!(middle.contains(&id), "the run stands in the queue");
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;

    let secrets = [fleet.portal.password(), fleet.portal.username(), integrator.key()];
    let accounts = integrator.list("/v1/accounts").await?;
    let numbers = accounts.iter().filter_map(|account| account["accountNumber"].as_str());
    // They are what the store is for.
    let beside_the_store: Vec<&str> = secrets.into_iter().chain(numbers).collect();
    let sinks = [("a log", fleet.talk()), ("Redis then", middle), ("Redis", redis.contents().await)];
    for (name, text) in &sinks {
        holds_none(name, text.as_bytes(), &beside_the_store);
        // Six digits can be part of a time, so a code is looked for as a word of its own.
        let is_code = |word: &str| word == code;
        assert!(!text.split(|letter: char| !letter.is_alphanumeric()).any(is_code), "{name} holds the code");
    }
    no_file_holds(fleet.folder(), &secrets)?;
    let connection = integrator.get(&format!("/v1/connections/{id}")).await?;
    assert!(!connection.to_string().contains(fleet.portal.password()));
    assert_eq!(connection["status"], Value::from("active"));
    Ok(())
}

#[tokio::test]
async fn no_secret_is_found_anywhere_after_runs_that_failed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    let fleet = Plan::new().with("redis.url", &redis.url()).with("log.filter", "trace").start().await?;
    let integrator = fleet.integrator("default").await?;
    let (username, password, key) = (fleet.portal.username(), fleet.portal.password(), integrator.key());
    // One that is written otherwise in a form, in a document and in JSON.
    let wrong = "Zi\"nc & <Möwe> 100% 'ja'";
    let refused = integrator.set_up("harbour", username, wrong).await?;
    assert_eq!(failed(&integrator, &refused).await?["lastFailure"]["code"], "auth.credentials.invalid");
    integrator.call(reqwest::Method::DELETE, &format!("/v1/connections/{refused}"), None).await?;

    fleet.portal.set_faults(Faults { survey: true, ..Faults::default() });
    let lost = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &lost, None, 1).await?;
    let setup = failed(&integrator, &lost).await?;
    assert_eq!(setup["lastFailure"]["fault"], "script", "{setup}");

    let secrets = [username, password, wrong, key];
    holds_none("a log", fleet.talk().as_bytes(), &secrets);
    holds_none("Redis", redis.contents().await.as_bytes(), &secrets);
    no_file_holds(fleet.folder(), &secrets)?;
    let operator = fleet.operator()?;
    for path in ["queue", "agents", "leases", "institutions", "dead-letters", "ways"] {
        let shown = operator.get(&format!("/control/v1/{path}")).await?;
        holds_none(path, shown.to_string().as_bytes(), &secrets);
    }
    let metrics = reqwest::get(format!("{}/metrics", fleet.address())).await?.text().await?;
    holds_none("/metrics", metrics.as_bytes(), &secrets);
    for path in [format!("/v1/connections/{lost}"), format!("/v1/connections/{lost}/events")] {
        holds_none(&path, integrator.get(&path).await?.to_string().as_bytes(), &secrets);
    }
    assert!(fleet.talk().contains("script.page.unrecognised"), "what went wrong was said");
    Ok(())
}

/// Fails where a sink holds a secret in any spelling.
fn holds_none(sink: &str, bytes: &[u8], secrets: &[&str]) {
    for secret in secrets {
        for spelling in spellings(secret) {
            let found = bytes.windows(spelling.len()).any(|window| window == spelling.as_bytes());
            assert!(!found, "{sink} holds {secret}, as {spelling}");
        }
    }
}

/// Likewise for all files below a folder.
fn no_file_holds(folder: &Path, secrets: &[&str]) -> Outcome {
    let (mut paths, mut read) = (vec![folder.to_owned()], 0);
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(&path)?.filter_map(Result::ok).map(|entry| entry.path()));
            continue;
        }
        // Sockets and files that went away in between can't be read.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        holds_none(&path.display().to_string(), &bytes, secrets);
        read += 1;
    }
    assert!(read > 0, "the store is a file");
    Ok(())
}

/// A text as it is, in a form, in an address, in a document, in JSON and as Base64.
fn spellings(text: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let quoted = json!(text).to_string();
    let document = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut spellings = vec![
        text.to_owned(),
        form.replace('+', "%20"),
        form,
        document.replace('"', "&quot;"),
        document,
        quoted.trim_matches('"').to_owned(),
        STANDARD.encode(text),
        STANDARD_NO_PAD.encode(text),
    ];
    spellings.sort();
    spellings.dedup();
    spellings
}
