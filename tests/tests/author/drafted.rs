//! What is drafted of a portal's address: its sign-in, as a beginning that the other commands take.
//!
//! Not here: what is found on a page; the script crate's own tests have that.

use fixtures::zoo::{Portal, Wishes};
use serde_json::Value;
use tests::programs::built;
use tests::recorder::Failure;
use tests::world::{Ran, run};
use tokio::process::Command;

async fn agent(arguments: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.args(arguments);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    Ok(run(command, "").await?)
}

#[tokio::test]
async fn the_sign_in_at_an_address_begins_a_script_by_each_driver_that_the_portal_allows() -> Result<(), Failure> {
    for (portal, driver, fills) in [
        (Portal::Harbour, "cdp", "sign_in, fill"),
        (Portal::Meridian, "http", "user, fill"),
        (Portal::Granary, "cdp", "sign_in, fill"),
    ] {
        let running = portal.start(Wishes::default()).await?;
        let catalog = tempfile::tempdir()?;
        let folder = catalog.path().join("found").display().to_string();
        let drafted = agent(&["draft", running.url(), "--driver", driver, "--into", &folder, "--json"]).await?;
        assert_eq!(drafted.code, Some(0), "{portal}: {}{}", drafted.stdout, drafted.stderr);
        // The draft comes first, and the folder's name after it.
        let mut said = serde_json::Deserializer::from_str(&drafted.stdout).into_iter::<Value>();
        let told = said.next().ok_or("no draft")??;
        let found =
            |what: &str| told["findings"].as_array().is_some_and(|all| all.iter().any(|one| one["what"] == what));
        assert!(found(fills), "{portal}: {told}");
        for command in ["check", "test"] {
            let tried = agent(&[command, &folder]).await?;
            assert_eq!(tried.code, Some(0), "{portal}, {command}: {}{}", tried.stdout, tried.stderr);
        }
        // Nobody signed in, and nothing was submitted.
        let oracle = serde_json::to_value(running.oracle())?;
        assert_eq!(oracle["passwordSubmits"], 0, "{portal}: {oracle}");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_that_can_t_be_had_is_said_to_be_so() -> Result<(), Failure> {
    let plain = agent(&["draft", "http://bank.example/login"]).await?;
    assert_eq!(plain.code, Some(1), "{}", plain.stderr);
    assert!(plain.stderr.contains("https"), "{}", plain.stderr);
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let away = agent(&["draft", &format!("http://{free}/")]).await?;
    assert!(away.stderr.contains("refused or ended") && away.code != Some(0), "{:?} {}", away.code, away.stderr);
    Ok(())
}
