//! Where secrets may not be: in the store, in Redis, in any log, in any file.

use serde_json::Value;
use tests::redis::Redis;
use tests::world::Plan;

use crate::{Outcome, active, answer, set_up};

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
    let talk = fleet.talk();
    let accounts = integrator.list("/v1/accounts").await?;
    let numbers: Vec<&str> = accounts.iter().filter_map(|account| account["accountNumber"].as_str()).collect();
    for secret in secrets.iter().chain(&numbers) {
        assert!(!talk.contains(secret), "a log holds {secret}");
        assert!(!middle.contains(secret), "Redis held {secret}");
        assert!(!redis.contents().await.contains(secret), "Redis holds {secret}");
    }
    // Six digits can be part of a time, so a code is looked for as a word of its own.
    let is_word = |text: &str| text.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == code);
    assert!(!is_word(&talk), "a log holds the code");
    assert!(!is_word(&middle), "Redis held the code");

    let mut files = vec![fleet.folder().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path)?.filter_map(Result::ok).map(|entry| entry.path()));
            continue;
        }
        // Sockets and files that went away in between can't be read.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds {secret}", path.display());
        }
    }
    let connection = integrator.get(&format!("/v1/connections/{id}")).await?;
    assert!(!connection.to_string().contains(fleet.portal.password()));
    assert_eq!(connection["status"], Value::from("active"));
    Ok(())
}
