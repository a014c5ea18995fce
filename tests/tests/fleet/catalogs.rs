//! A catalog that comes from a git repository, or as a bundle that somebody signed: served, followed, and refused where
//! nobody who may has signed it.
//!
//! Not here: a catalog in a folder (`rollouts.rs`), or what is in one.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use reqwest::Method;
use serde_json::Value;
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::world::{Fleet, Plan, scripts};

use crate::Outcome;

const ROLLOUT: &str = "/control/v1/institutions/harbour/rollout";

/// A repository with the harbour below `banks/`.
fn repository() -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let bank = folder.path().join("banks/harbour");
    std::fs::create_dir_all(&bank)?;
    for file in ["institution.yaml", "script.yaml"] {
        std::fs::copy(scripts().join("harbour").join(file), bank.join(file))?;
    }
    git(folder.path(), &["init", "--quiet", "--initial-branch", "main"])?;
    commit(folder.path())?;
    Ok(folder)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    let mut git = std::process::Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=Author", "-c", "user.email=author@bank.example"]);
    let ran = git.args(arguments).output()?;
    if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into_owned().into()) }
}

fn commit(folder: &Path) -> Outcome {
    git(folder, &["add", "--all"])?;
    git(folder, &["commit", "--quiet", "--message", "Another state"])
}

/// Adds a line to the harbour's script.
fn change(bank: &Path, line: &str) -> Outcome {
    let file = bank.join("script.yaml");
    let script = std::fs::read_to_string(&file)?;
    Ok(std::fs::write(file, format!("{script}# {line}\n"))?)
}

async fn current(operator: &Integrator) -> Result<Value, Box<dyn std::error::Error>> {
    Ok(operator.get(ROLLOUT).await?["current"].clone())
}

/// Waits until another revision than `before` is current.
async fn another(fleet: &Fleet, operator: &Integrator, before: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    let found = eventually(async || {
        let now = current(operator).await.ok()?;
        (now != *before).then_some(now)
    });
    Ok(found.await.ok_or_else(|| format!("{before} stays current: {}", fleet.talk()))?)
}

#[tokio::test]
async fn a_catalog_in_a_repository_is_followed_and_kept_for_when_it_is_away() -> Outcome {
    let repository = repository()?;
    let plan = Plan::new().agents(0).with("catalog.git", &repository.path().to_string_lossy());
    let mut fleet = plan.with("catalog.git_folder", "banks").with("catalog.reload_every", "200ms").start().await?;
    let operator = fleet.operator()?;
    let first = current(&operator).await?;
    change(&repository.path().join("banks/harbour"), "Another.")?;
    commit(repository.path())?;
    let second = another(&fleet, &operator, &first).await?;

    // One with a fault changes nothing, and is told.
    let sound = std::fs::read_to_string(repository.path().join("banks/harbour/script.yaml"))?;
    std::fs::write(repository.path().join("banks/harbour/script.yaml"), sound.replace("start: /", "begin: /"))?;
    commit(repository.path())?;
    let answer = operator.call(Method::POST, "/control/v1/catalog/reload", None).await?;
    assert_eq!((answer.status, answer.body["code"].as_str()), (409, Some("catalog_faulty")), "{}", answer.body);
    assert_eq!(current(&operator).await?, second);

    // A coordinator that starts while the repository is away has what was fetched last, which is the faulty one.
    std::fs::write(repository.path().join("banks/harbour/script.yaml"), format!("{sound}# Mended.\n"))?;
    commit(repository.path())?;
    let third = another(&fleet, &operator, &second).await?;
    let elsewhere = tempfile::tempdir()?;
    std::fs::rename(repository.path(), elsewhere.path().join("away"))?;
    fleet.coordinator.take().ok_or("a coordinator")?.kill_hard().await;
    fleet.start_coordinator().await?;
    assert_eq!(current(&operator).await?, third, "{}", fleet.talk());
    let answer = operator.call(Method::POST, "/control/v1/catalog/reload", None).await?;
    assert_eq!(answer.status, 409, "it can't be had anew: {}", answer.body);
    std::fs::create_dir(repository.path())?;
    Ok(())
}

#[tokio::test]
async fn a_bundle_is_taken_from_whoever_is_trusted_alone() -> Outcome {
    let work = tempfile::tempdir()?;
    let bank = work.path().join("banks/harbour");
    std::fs::create_dir_all(bank.join("pages"))?;
    for file in ["institution.yaml", "script.yaml"] {
        std::fs::copy(scripts().join("harbour").join(file), bank.join(file))?;
    }
    std::fs::write(bank.join("pages/accounts.html"), "<p>somebody's</p>")?;
    let (banks, bundle, key) =
        (work.path().join("banks"), work.path().join("banks.tar.gz"), work.path().join("author.key"));
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let desk = Plan::new().agents(0).start().await?;
    let made = desk.run(&["catalog", "new-key", &text(&key)], "a long password\n").await?;
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let public = made.stdout.trim().to_owned();
    assert!(
        desk.run(&["catalog", "new-key", &text(&key)], "another\n").await?.stderr.contains("exists"),
        "none is lost"
    );
    let pack = ["catalog", "pack", &text(&banks), "--into", &text(&bundle), "--key", &text(&key)];
    let refused = desk.run(&pack, "a wrong password\n").await?;
    assert_eq!((refused.code, bundle.exists()), (Some(1), false), "{}", refused.stderr);
    let packed = desk.run(&pack, "a long password\n").await?;
    assert_eq!(packed.code, Some(0), "{}", packed.stderr);
    assert!(packed.stderr.contains("1 institutions and 1 scripts"), "{}", packed.stderr);

    let with =
        |place: &str, keys: &str| Plan::new().agents(0).with("catalog.bundle", place).with("catalog.bundle_keys", keys);
    let fleet = with(&text(&bundle), &public).start().await?;
    let first = current(&fleet.operator()?).await?;
    assert!(first.is_string(), "{first}");
    let stranger = desk.run(&["catalog", "new-key", "--no-password", &text(&work.path().join("s.key"))], "").await?;
    let unstarted = with(&text(&bundle), stranger.stdout.trim()).start().await.err().ok_or("a stranger's is taken")?;
    assert!(unstarted.to_string().contains("isn't signed by a key"), "{unstarted}");

    // What was altered, and what nobody signed, changes nothing.
    let operator = fleet.operator()?;
    change(&bank, "Another.")?;
    let unsigned = work.path().join("unsigned.tar.gz");
    assert_eq!(desk.run(&["catalog", "pack", &text(&banks), "--into", &text(&unsigned)], "").await?.code, Some(0));
    std::fs::copy(&unsigned, &bundle)?;
    let answer = operator.call(Method::POST, "/control/v1/catalog/reload", None).await?;
    assert_eq!((answer.status, answer.body["code"].as_str()), (409, Some("catalog_faulty")), "{}", answer.body);
    assert_eq!(current(&operator).await?, first);
    assert_eq!(desk.run(&pack, "a long password\n").await?.code, Some(0));
    operator.post("/control/v1/catalog/reload", &Value::Null).await?;
    let second = another(&fleet, &operator, &first).await?;

    // The same from elsewhere, and from what was kept of it once it is away.
    let shelf =
        Shelf::start([("banks.tar.gz", &bundle), ("banks.tar.gz.minisig", &work.path().join("banks.tar.gz.minisig"))])
            .await?;
    let mut fleet = with(&format!("{}/banks.tar.gz", shelf.url), &public).start().await?;
    assert_eq!(current(&fleet.operator()?).await?, second);
    shelf.files.lock().map_err(|_| "poisoned")?.clear();
    fleet.coordinator.take().ok_or("a coordinator")?.kill_hard().await;
    fleet.start_coordinator().await?;
    let operator = fleet.operator()?;
    assert_eq!(current(&operator).await?, second, "{}", fleet.talk());
    let answer = operator.call(Method::POST, "/control/v1/catalog/reload", None).await?;
    assert_eq!(answer.status, 409, "it can't be had anew: {}", answer.body);
    Ok(())
}

/// Files by their paths.
type Kept = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Where files are to be had, as long as they are there.
struct Shelf {
    url: String,
    files: Kept,
}

impl Shelf {
    async fn start<const N: usize>(files: [(&str, &Path); N]) -> Result<Self, Box<dyn std::error::Error>> {
        let read = |(name, path): (&str, &Path)| Ok::<_, std::io::Error>((format!("/{name}"), std::fs::read(path)?));
        let files = Arc::new(Mutex::new(files.into_iter().map(read).collect::<Result<Vec<_>, _>>()?));
        let serve = async |State(files): State<Kept>, uri: Uri| {
            let files = files.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let found = files.iter().find(|(name, _)| name == uri.path()).map(|(_, bytes)| bytes.clone());
            found.ok_or(StatusCode::NOT_FOUND)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(serve).with_state(Arc::clone(&files));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, files })
    }
}
