//! How a recording ends, and what is left of one of which no script comes: what was done at a bank can't be done again for it.
//!
//! Not here: what is recorded (`recorder`).

use std::path::Path;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use serde_json::Value;
use tests::recorder::{Failure, Hand, Recorder};

const PASSWORD: &str = "Pass+canary/99";

/// A portal that signs anybody in, with a list of accounts or with something that is none.
async fn portal(inside: &'static str) -> Result<String, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}/", listener.local_addr()?);
    let form = "<!doctype html><html lang=en><form method=post action=/in><label for=user>User ID</label>\
         <input id=user name=user><input id=word name=word type=password><button id=go>Sign in</button></form>";
    let router = Router::new()
        .route("/", get(move || async move { Html(form) }))
        .route("/in", post(move || async move { Html(inside) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

const ACCOUNTS: &str = "<!doctype html><html lang=en><h1 id=in>Accounts</h1><table id=accounts><tr><th>Account<th>Type<th>Balance\
     <tr><td><a href=/a/17>Op</a><td>Checking<td>$950.00<tr><td><a href=/a/18>Res</a><td>Savings<td>$2.00</table>";
const NONE: &str = "<!doctype html><html lang=en><h1 id=in>Welcome, Pass+canary/99</h1><p>Your balance is $731.77</p>";

async fn signs_in(hand: &mut Hand) -> Result<(), Failure> {
    hand.fill("#user", "user").await?;
    hand.fill("#word", PASSWORD).await?;
    hand.click("#go").await?;
    hand.see("#in").await?;
    Ok(())
}

#[tokio::test]
async fn an_input_that_has_ended_ends_no_recording_and_sigterm_keeps_it() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let folder = catalog.path().join("bank");
    let mut recorder = Recorder::start(&portal(ACCOUNTS).await?, &folder, &catalog.path().join("data"), &["--yes"])?;
    recorder.close_input();
    signs_in(&mut recorder.hand().await?).await?;
    let ran = recorder.terminated().await?;
    let script = std::fs::read_to_string(folder.join("script.yaml"));
    assert!(script.is_ok_and(|script| script.contains("#accounts")), "{:?}: {}", ran.code, ran.stderr);
    Ok(())
}

#[tokio::test]
async fn a_session_without_a_list_of_accounts_leaves_its_pages_and_its_trail() -> Result<(), Failure> {
    for more in [&["--yes"][..], &["--yes", "--json"], &["--yes", "--keep-values"]] {
        let catalog = tempfile::tempdir()?;
        let folder = catalog.path().join("bank");
        let recorder = Recorder::start(&portal(NONE).await?, &folder, &catalog.path().join("data"), more)?;
        signs_in(&mut recorder.hand().await?).await?;
        let ran = recorder.enough().await?;
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("only pages and the trail are written"), "{}", ran.stderr);
        let has_values = more.contains(&"--keep-values");
        assert_eq!(ran.stderr.contains("keep them to yourself"), has_values, "{}", ran.stderr);
        if more.contains(&"--json") {
            let told: Value = serde_json::from_str(&ran.stdout)?;
            let is_told = told["error"].is_string() && told["hint"].is_string() && told["draft"].is_object();
            assert!(is_told, "{told}");
        }
        let pages = folder.join("pages");
        let mut names: Vec<String> = std::fs::read_dir(&pages)?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.sort();
        assert_eq!(names, ["recording.json", "seen-2.html", "sign_in.html"]);
        for name in names {
            let text = std::fs::read_to_string(pages.join(&name))?;
            assert!(!text.contains("canary"), "{name}: {text}");
            assert_eq!(text.contains("731"), has_values && name == "seen-2.html", "{name}: {text}");
        }
        assert!(!folder.join("script.yaml").exists());
    }
    Ok(())
}

#[tokio::test]
async fn where_nothing_was_done_no_folder_is_left() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let folder = catalog.path().join("scripts/bank");
    let recorder = Recorder::start(&portal(NONE).await?, &folder, &catalog.path().join("data"), &["--yes"])?;
    recorder.hand().await?.see("#user").await?;
    // It is there before anything is done.
    assert!(folder.is_dir());
    let ran = recorder.enough().await?;
    assert!(ran.code == Some(1) && ran.stderr.contains("nothing was done"), "{:?}: {}", ran.code, ran.stderr);
    assert!(!catalog.path().join("scripts").exists(), "{}", ran.stderr);
    Ok(())
}

#[tokio::test]
async fn a_folder_that_cant_be_made_is_told_before_a_portal_is_gone_to() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    std::fs::write(catalog.path().join("taken"), "")?;
    let folder = catalog.path().join("taken/bank");
    let recorder = Recorder::start("http://127.0.0.1:9/", &folder, Path::new("/nonexistent"), &["--yes"])?;
    let ran = recorder.ended().await?;
    assert!(ran.code == Some(1) && ran.stderr.contains("could not write"), "{:?}: {}", ran.code, ran.stderr);
    Ok(())
}

#[tokio::test]
async fn an_address_with_a_password_in_it_is_refused_and_not_repeated() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let folder = catalog.path().join("bank");
    for address in ["https://ada:canary@bank.example/", "http://canary@bank.example/"] {
        let recorder = Recorder::start(address, &folder, Path::new("/nonexistent"), &["--yes", "--json"])?;
        let ran = recorder.ended().await?;
        assert!(ran.code == Some(1) && ran.stderr.contains("hint: take all before"), "{:?}: {}", ran.code, ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("canary"), "{}{}", ran.stdout, ran.stderr);
        assert!(!folder.exists());
    }
    Ok(())
}
