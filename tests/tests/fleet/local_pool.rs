//! Agents that the coordinator keeps on its own machine: as many as there should be, and
//! none that outlives it.
//!
//! Not here: how many there should be (`domain::scale`); it is given work, and looked at.

use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::{eventually, patience, within};
use tests::programs::{browsers_below, descendants, is_alive, kill_process_hard};
use tests::world::{Fleet, Plan, run};
use tokio::process::Command;

use crate::Outcome;

/// Where the number rises with every run, and falls soon after nothing is left.
fn plan() -> Plan {
    Plan::new().with("pool.slots_per_agent", "1").with("pool.dwell_goal", "1s").with("pool.window", "1s")
}

/// The processes of agents below the coordinator.
fn agents(fleet: &Fleet) -> Vec<u32> {
    let below = fleet.coordinator.as_ref().and_then(tests::programs::Program::pid).map(descendants).unwrap_or_default();
    let name = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    below.into_iter().filter(|pid| name(*pid).trim() == "agent" && !is_supervisor(*pid)).collect()
}

fn is_supervisor(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default().split(|byte| *byte == 0).nth(1)
        == Some(b"__supervise")
}

/// Waits until so many agents run, which may take as long as a flow is counted.
async fn until(fleet: &Fleet, count: usize) -> Result<Vec<u32>, String> {
    let found = within(patience() * 3, async || Some(agents(fleet)).filter(|agents| agents.len() == count)).await;
    found.ok_or_else(|| format!("{} agents run, not {count}:\n{}", agents(fleet).len(), fleet.talk()))
}

async fn another(integrator: &Integrator, name: &str) -> Outcome {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": name })).await?;
    let entity = entity["entityId"].as_str().ok_or("an entity")?;
    integrator.set_up_for(entity, "harbour", name, "a wrong password").await?;
    Ok(())
}

#[tokio::test]
async fn a_pool_grows_under_work_and_shrinks_to_none_without_ending_a_session_that_is_open() -> Outcome {
    let fleet = plan().local("auto").start().await?;
    let integrator = fleet.integrator("default").await?;
    assert_eq!(agents(&fleet), [0; 0], "nothing is to be done yet");
    let id = integrator.set_up("harbour", "bursar.ops", "Anchor-7-Lantern").await?;
    let first = until(&fleet, 1).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    another(&integrator, "second").await?;
    another(&integrator, "third").await?;
    let both = until(&fleet, 2).await?;
    assert!(both.contains(&first[0]), "the one that somebody waits at goes on");

    assert_eq!(until(&fleet, 1).await?, first, "the idle one goes");
    assert!(!browsers_below(first[0]).is_empty());
    integrator.answer(&id, &challenge, &fleet.code(1).await.ok_or("no code")?).await?;
    integrator.connection(&id, "active", |connection| connection["status"] == "active").await?;
    assert_eq!(fleet.portal.phone().messages.len(), 1, "the same session went on");
    until(&fleet, 0).await?;
    Ok(())
}

#[tokio::test]
async fn a_coordinator_that_is_killed_leaves_neither_agents_nor_browsers() -> Outcome {
    let mut fleet = plan().local("2").start().await?;
    let integrator = fleet.integrator("default").await?;
    until(&fleet, 2).await?;
    let id = integrator.set_up("harbour", "bursar.ops", "Anchor-7-Lantern").await?;
    integrator.open_challenge(&id, None).await?;
    let coordinator = fleet.coordinator.take().ok_or("a coordinator")?;
    let below = coordinator.pid().map(descendants).unwrap_or_default();
    assert!(below.iter().any(|pid| !browsers_below(*pid).is_empty()), "a session is open");
    coordinator.kill_hard().await;
    let left = eventually(async || (!below.iter().any(|pid| is_alive(*pid))).then_some(())).await;
    assert!(left.is_some(), "{:?} live on", below.iter().filter(|pid| is_alive(**pid)).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn an_agent_that_is_killed_is_followed_by_another() -> Outcome {
    let fleet = plan().local("1").start().await?;
    let operator = fleet.operator()?;
    let first = until(&fleet, 1).await?;
    let known = eventually(async || operator.list("/control/v1/agents").await.ok()?.pop()).await.ok_or("no agent")?;
    kill_process_hard(first[0]);
    let next = eventually(async || Some(agents(&fleet)).filter(|agents| agents.len() == 1 && *agents != first)).await;
    assert!(next.is_some(), "{}", fleet.talk());
    let is_new = |agent: &Value| agent["id"] != known["id"] && agent["name"] != known["name"];
    let found = eventually(async || operator.list("/control/v1/agents").await.ok()?.into_iter().find(is_new)).await;
    assert!(found.is_some(), "{}", fleet.talk());
    Ok(())
}

#[tokio::test]
async fn a_coordinator_that_is_asked_to_end_ends_its_agents_first() -> Outcome {
    let mut fleet = plan().local("2").start().await?;
    let operator = fleet.operator()?;
    let are_heard = async || (operator.list("/control/v1/agents").await.ok()?.len() == 2).then_some(());
    eventually(are_heard).await.ok_or("two agents")?;
    let coordinator = fleet.coordinator.take().ok_or("a coordinator")?;
    let below = coordinator.pid().map(descendants).unwrap_or_default();
    let (code, talk) = coordinator.end().await;
    assert_eq!(code, Some(0), "{talk}");
    let left: Vec<&u32> = below.iter().filter(|pid| is_alive(**pid)).collect();
    assert_eq!(left, [&0; 0], "{talk}");
    assert!(!talk.contains("had to be killed"), "{talk}");
    Ok(())
}

#[tokio::test]
async fn who_asks_twice_waits_for_no_session_and_nothing_stays_behind() -> Outcome {
    let mut fleet = plan().local("1").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = integrator.set_up("harbour", "bursar.ops", "Anchor-7-Lantern").await?;
    integrator.open_challenge(&id, None).await?;
    let coordinator = fleet.coordinator.take().ok_or("a coordinator")?;
    let pid = coordinator.pid().ok_or("a process")?;
    let below = descendants(pid);
    let asked = std::time::Instant::now();
    coordinator.end_at_once().await;
    assert!(asked.elapsed().as_secs() < 15, "it waited for {:?}; a drain takes twenty seconds", asked.elapsed());
    let left = eventually(async || (!below.iter().any(|pid| is_alive(*pid))).then_some(())).await;
    assert!(left.is_some(), "{:?} live on", below.iter().filter(|pid| is_alive(**pid)).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test]
async fn agents_of_the_pool_are_given_no_secret_but_their_token() -> Outcome {
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=";
    let fleet = plan().local("1").with("vault.master_key", secret).start().await?;
    let agent = until(&fleet, 1).await?[0];
    let environment = std::fs::read_to_string(format!("/proc/{agent}/environ"))?;
    let arguments = std::fs::read_to_string(format!("/proc/{agent}/cmdline"))?;
    let token = std::fs::read_to_string(fleet.folder().join("data/agent.token"))?;
    assert!(environment.contains("BURSAR_AGENT_TOKEN=") && !environment.contains("BURSAR__"));
    assert!(!environment.contains(secret) && !arguments.contains(token.trim()));
    Ok(())
}

#[tokio::test]
async fn a_pool_without_an_agent_to_start_says_where_it_looked() -> Outcome {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("agent");
    for kind in ["nothing", "a file that can't be run"] {
        let mut serve = Command::new(tests::programs::built("coordinator")?);
        serve.args(["serve", "--agents", "auto", "--agent-program"]).arg(&program).env("BURSAR__DATA", folder.path());
        let ran = run(serve, "").await?;
        assert_eq!(ran.code, Some(2), "{kind}: {}", ran.stderr);
        let error = format!("error: no agent that can be run is at {}", program.display());
        assert!(ran.stderr.contains(&error) && ran.stderr.contains("hint: install `agent`"), "{kind}: {}", ran.stderr);
        std::fs::write(&program, "")?;
    }
    Ok(())
}
