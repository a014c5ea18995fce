//! What is recorded of a person's way through a simulated portal, held against the portal's truth; and that nothing of what
//! they typed is left anywhere.
//!
//! Not here: what is drafted of a page; the script crate's own tests have that.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::extract::RawForm;
use axum::response::Html;
use axum::routing::{get, post};
use base64::Engine as _;

use fixtures::portal::RunningPortal;
use fixtures::zoo::{Portal, Wishes};
use serde_json::{Value, json};
use tests::patience::{eventually, patience};
use tests::programs::{built, processes_naming};
use tests::recorder::{Carried, Failure, Hand, Recorded, Recorder, carried_over, known, read, record};
use tests::socket::{Heard, Socket};
use tests::world::{Ran, run};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdout, Command};

/// Runs a command of an author on the folder.
async fn ask(verb: &str, folder: &Path, more: &[&str]) -> Result<Ran, Failure> {
    let mut command = Command::new(built("agent")?);
    command.arg(verb).arg(folder).args(more);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    Ok(run(command, "").await?)
}

/// Every file below a folder, with what is in it.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((
                path.display().to_string(),
                String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned(),
            )),
        }
    }
    found
}

/// Records a portal, and says what the script that came of it reads.
async fn recorded(portal: &RunningPortal, catalog: &Path, more: &[&str]) -> Result<(Recorded, Ran), Failure> {
    let recorded = record(portal, catalog, more).await?;
    let Recorded { ran, folder, .. } = &recorded;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let checked = ask("check", folder, &[]).await?;
    assert_eq!(checked.code, Some(0), "{}\n{}", checked.stdout, checked.stderr);
    let tried = ask("test", folder, &[]).await?;
    assert_eq!(tried.code, Some(0), "{}\n{}\n{}", tried.stdout, tried.stderr, script(folder));
    let read = read(portal, folder, catalog, &[]).await?;
    Ok((recorded, read))
}

fn script(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("script.yaml")).unwrap_or_default()
}

/// Records a portal, with answers that a person knows unless it is said how.
async fn check(portal: Portal, more: &[&str]) -> Result<(), Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let catalog = tempfile::tempdir()?;
    let answers = known(&portal, catalog.path())?.display().to_string();
    let how = if more.is_empty() { vec!["--answers", &answers] } else { more.to_vec() };
    let (recorded, read) = recorded(&portal, catalog.path(), &how).await?;
    let script = script(&recorded.folder);
    assert_eq!(read.code, Some(0), "{}\n{}\n{}\n{script}", read.stdout, read.stderr, recorded.ran.stderr);
    assert!(read.stdout.contains("as the portal's truth"), "{}", read.stdout);
    // Nothing of what was typed is left, however it is written.
    assert!(recorded.typed.len() > 3, "nothing was typed");
    let said = [("stdout".to_owned(), recorded.ran.stdout), ("stderr".to_owned(), recorded.ran.stderr)];
    for (name, text) in files(&recorded.folder).into_iter().chain(said) {
        let left = recorded.typed.iter().find(|typed| typed.len() > 3 && text.contains(typed.as_str()));
        assert!(left.is_none(), "{left:?} is in {name}");
    }
    Ok(())
}

#[tokio::test]
async fn harbour_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Harbour, &["--yes"]).await
}

#[tokio::test]
async fn meridian_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Meridian, &["--yes"]).await
}

#[tokio::test]
async fn hoshizora_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Hoshizora, &["--yes"]).await
}

#[tokio::test]
async fn threshold_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Threshold, &["--yes"]).await
}

#[tokio::test]
async fn kontor_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Kontor, &[]).await
}

#[tokio::test]
async fn coppermine_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Coppermine, &[]).await
}

#[tokio::test]
async fn granary_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Granary, &[]).await
}

#[tokio::test]
async fn lantern_is_recorded_once_and_read_as_it_truly_is() -> Result<(), Failure> {
    check(Portal::Lantern, &[]).await
}

/// Records a portal, and has a script drafted of it by way of DevTools JSON.
async fn check_carried_over(portal: Portal) -> Result<(), Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let catalog = tempfile::tempdir()?;
    let Carried { ran, folder } = carried_over(&portal, catalog.path()).await?;
    let read = read(&portal, &folder, catalog.path(), &[]).await?;
    let said = format!("{}\n{}\n{}\n{}", read.stdout, read.stderr, ran.stderr, script(&folder));
    assert_eq!(read.code, Some(0), "{said}");
    assert!(read.stdout.contains("as the portal's truth"), "{said}");
    Ok(())
}

#[tokio::test]
async fn harbour_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Harbour).await
}

#[tokio::test]
async fn meridian_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Meridian).await
}

#[tokio::test]
async fn hoshizora_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Hoshizora).await
}

#[tokio::test]
async fn threshold_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Threshold).await
}

#[tokio::test]
async fn coppermine_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Coppermine).await
}

#[tokio::test]
async fn kontor_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Kontor).await
}

#[tokio::test]
async fn granary_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Granary).await
}

#[tokio::test]
async fn lantern_is_read_as_it_truly_is_by_way_of_another_recorders_form() -> Result<(), Failure> {
    check_carried_over(Portal::Lantern).await
}

/// What nobody else is called, and no other password is.
const USER: &str = "canary-Vogel";
const PASSWORD: &str = "Pass+canary/99";

/// A portal that repeats what was typed in every way that portals do, has a frame of another origin, and opens a window.
async fn talkative() -> Result<String, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let inside = format!(
        "<!doctype html><html lang=en><title>Accounts of {USER}</title><h1>Hello {USER}</h1><!-- {USER} -->\
         <a href='/x?u={}&p=Pass%2Bcanary%2F99'>Messages</a><input type=hidden name=t value='{}'><p data-who='{}'>c&#97;nary-Vogel</p>\
         <script>var user = '{USER}';</script><iframe id=ad src='http://localhost:{port}/ad'></iframe>\
         <a id=terms target=_blank rel=opener href=/terms>Terms</a>\
         <table id=accounts><tr><th>Account<th>Type<th>Balance<tr><td><a href=/a/17>Op</a><td>Checking<td>$950.00\
         <tr><td><a href=/a/18>Res</a><td>Savings<td>$2.00</table><button id=out onclick=\"location='/out'\">Sign out</button>",
        hex(USER),
        base64(PASSWORD),
        base64(USER),
    );
    let account = "<!doctype html><html lang=en><a id=back href=/accounts>Accounts</a>\
         <div id=news style='height:40px;overflow:auto'><p style='height:400px'>News</div>\
         <div id=past style='height:40px;overflow:auto'><ul role=list><li style='height:400px'>Past</ul></div>\
         <div id=view style='height:40px;overflow:auto'><table id=rows><tr><th>Date<th>Description<th>Amount<th>Balance\
         <tr><td>11/19/2026<td>Rent<td>-$250.00<td>$950.00<tr><td>11/18/2026<td>Invoice<td>$1,150.50<td>$1,200.00\
         <tr><td>11/15/2026<td>Invoice<td>$49.50<td>$49.50</table></div>";
    let form = "<!doctype html><html lang=en><form id=in method=post action=/in><label for=user>User ID</label>\
         <input id=user name=user><input id=word name=word type=password><button id=go>Sign in</button></form>";
    let page = |html: String| {
        let html = Arc::new(html);
        get(move || async move { Html((*html).clone()) })
    };
    let entered = inside.clone();
    let enter = post(move |RawForm(_)| async move { Html(entered) });
    let router = Router::new()
        .route("/", page(form.into()))
        .route("/in", enter)
        .route("/accounts", page(inside))
        .route("/a/{account}", page(account.into()))
        .route("/ad", page("<button style='width:100%;height:100vh'>Win</button>".into()))
        .route(
            "/terms",
            page("<!doctype html><title>Terms</title><button id=close onclick='window.close()'>Close</button>".into()),
        )
        .route("/out", page("<!doctype html><h1 id=bye>You have signed out</h1>".into()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://127.0.0.1:{port}/"))
}

#[tokio::test]
async fn nothing_that_was_typed_is_left_in_any_encoding() -> Result<(), Failure> {
    for kept in [&["--yes"][..], &["--yes", "--keep-values"]] {
        let catalog = tempfile::tempdir()?;
        let folder = catalog.path().join("talkative");
        let recorder = Recorder::start(&talkative().await?, &folder, &catalog.path().join("data"), kept)?;
        let mut hand = recorder.hand().await?;
        hand.fill("#user", USER).await?;
        hand.fill("#word", PASSWORD).await?;
        hand.click("#go").await?;
        // In a frame of another origin, and in a window that a page opens.
        hand.click("#ad").await?;
        hand.click("#terms").await?;
        hand.click("#close").await?;
        hand.click("#accounts a").await?;
        // A list that is scrolled down may have more below; nothing else that the wheel turns does.
        for (path, down) in [("#news", 100), ("#past", -100), ("#view", 10), ("#view", 10)] {
            hand.turn(path, down).await?;
        }
        hand.click("#back").await?;
        hand.click("#out").await?;
        hand.see("#bye").await?;
        let ran = recorder.enough().await?;
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        let tried = ask("test", &folder, &[]).await?;
        assert_eq!(tried.code, Some(0), "{}\n{}\n{}", tried.stdout, tried.stderr, script(&folder));
        assert_eq!(kept.len() > 1, tried.stdout.contains("2 accounts"), "{}", tried.stdout);

        let engine = base64::engine::general_purpose::STANDARD;
        let mut needles: Vec<String> =
            vec![PASSWORD.into(), USER.into(), "Pass%2Bcanary".into(), "&#97;nary-Vogel".into()];
        for text in [USER, PASSWORD] {
            needles.push(text.bytes().map(|byte| format!("{byte:02x}")).collect());
            needles.push(engine.encode(text).trim_end_matches('=').to_owned());
        }
        let said = [("stdout".to_owned(), ran.stdout), ("stderr".to_owned(), ran.stderr)];
        for (name, text) in files(&folder).into_iter().chain(said) {
            let left = needles.iter().find(|needle| text.to_lowercase().contains(&needle.to_lowercase()));
            assert!(left.is_none(), "{left:?} is in {name}: {text}");
        }

        let trail: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("pages/recording.json"))?)?;
        let acts = trail["acts"].as_array().ok_or("no acts")?;
        let in_foreign = |act: &&Value| act["target"]["within"][0]["frame"]["origin"].as_str().is_some();
        assert_eq!(acts.iter().filter(in_foreign).count(), 1, "what was done in a frame of another origin: {trail}");
        assert_eq!(acts.iter().filter(|act| act["does"] == "open").count(), 1, "the window that was opened: {trail}");
        assert_eq!(acts.iter().filter(|act| act["does"] == "scroll").count(), 1, "one list was scrolled: {trail}");
        let values: Vec<&Value> =
            acts.iter().map(|act| &act["does"]["fill"]["with"]).filter(|with| with.is_string()).collect();
        assert_eq!(values, [&json!("username"), &json!("password")], "{trail}");
        let windows = trail["pages"].as_array().ok_or("no pages")?.iter().filter(|page| page["window"] == 1);
        assert_eq!(windows.count(), 1, "the window's page was acted on: {trail}");
    }
    Ok(())
}

#[tokio::test]
async fn a_recorder_that_is_killed_leaves_no_browser() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let data = catalog.path().join("data");
    let recorder = Recorder::start(&talkative().await?, &catalog.path().join("killed"), &data, &["--yes"])?;
    recorder.hand().await?.see("#user").await?;
    let name = data.display().to_string();
    assert!(!processes_naming(&name).is_empty(), "no browser runs");
    recorder.kill().await?;
    let gone = eventually(async || processes_naming(&name).is_empty().then_some(())).await;
    assert!(gone.is_some(), "left: {:?}", processes_naming(&name));
    Ok(())
}

#[tokio::test]
async fn the_recorders_view_shows_the_portal_takes_input_and_is_nobodys_without_its_token() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let data = catalog.path().join("data");
    let mut recorder =
        Recorder::start(&talkative().await?, &catalog.path().join("viewed"), &data, &["--yes", "--json"])?;
    let mut hand = recorder.hand().await?;
    let address = recorder.address().await?;
    let (open, _) = address.trim_end_matches('/').rsplit_once('/').ok_or("no token")?;
    for path in ["/", "/socket", "/000000/socket"] {
        assert!(Socket::open(&format!("{open}{path}"), &[]).await.is_err(), "{path} is anybody's");
    }
    let mut socket = Socket::open(&format!("{address}socket"), &[]).await?;
    let seen = socket.next().await;
    assert!(matches!(&seen, Some(Heard::Bytes(bytes)) if bytes.len() > 1_000), "{seen:?}");
    for (path, text) in [("#user", USER), ("#word", PASSWORD), ("#go", "")] {
        let (x, y) = hand.point(path).await?;
        for does in ["press", "release"] {
            let input = json!({ "does": does, "x": x, "y": y, "button": "left", "clicks": 1 });
            socket.say(&json!({ "do": "input", "input": input })).await;
        }
        if !text.is_empty() {
            socket.say(&json!({ "do": "input", "input": { "does": "text", "text": text } })).await;
        }
    }
    hand.see("#accounts").await?;
    socket.say(&json!({ "do": "done" })).await;
    let ran = recorder.ended().await?;
    let told: Value = serde_json::from_str(&ran.stdout)?;
    let findings = told["draft"]["findings"].as_array().ok_or("no findings")?;
    let fills: Vec<&str> =
        findings.iter().filter(|one| one["what"] == "sign_in, fill").filter_map(|one| one["value"].as_str()).collect();
    assert_eq!(fills, ["#user with credentials.bankUsername", "#word with credentials.password"], "{}", ran.stderr);
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    Ok(())
}

/// What is put in on the keypad.
const PIN: &str = "739164";

/// A portal whose password is put in on keys that it shows, and repeated in a hidden field; its accounts are of a kind that
/// nobody knows.
async fn by_keypad() -> Result<String, Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let keys: String = (0..10)
        .map(|key| format!("<button type=button id=key-{key} onclick='press(\"{key}\")'>{key}</button>"))
        .collect();
    let form = format!(
        "<!doctype html><html lang=en><form id=in method=post action=/in><label for=user>User ID</label><input id=user name=user>\
         <input type=hidden id=pin name=pin><p id=dots></p><div>{keys}</div><button id=go>Sign in</button></form>\
         <script>function press(key) {{ const pin = document.querySelector('#pin'); pin.value += key; \
         document.querySelector('#dots').textContent += '*'; }}</script>"
    );
    let inside = "<!doctype html><html lang=en><h1>Accounts</h1><table id=accounts><tr><th>Account<th>Type<th>Balance\
         <tr><td><a href=/a/17>Ada Lovelace 4711</a><td>Livret bleu<td>$950.00<tr><td><a href=/a/17>Ada Lovelace 4712</a><td>Checking<td>$2.00</table><a id=out href=/out>Sign out</a>";
    let account = "<!doctype html><html lang=en><a id=back href=/accounts>Accounts</a><table id=rows><tr><th>Date<th>Description<th>Amount<th>Balance\
         <tr><td>11/19/2026<td>Rent<td>-$250.00<td>$950.00<tr><td>11/18/2026<td>Invoice<td>$1,150.50<td>$1,200.00\
         <tr><td>11/15/2026<td>Invoice<td>$49.50<td>$49.50</table>";
    let page = |html: String| {
        let html = Arc::new(html);
        get(move || async move { Html((*html).clone()) })
    };
    let router = Router::new()
        .route("/", page(form))
        .route("/in", post(move |RawForm(_)| async move { Html(inside) }))
        .route("/accounts", page(inside.into()))
        .route("/a/17", page(account.into()))
        .route("/out", page("<!doctype html><h1 id=bye>You have signed out</h1>".into()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://127.0.0.1:{port}/"))
}

/// Signs in on the keypad, looks at an account, and signs out.
async fn goes_by_keypad(hand: &mut Hand) -> Result<(), Failure> {
    hand.fill("#user", "user").await?;
    for key in PIN.chars() {
        hand.click(&format!("#key-{key}")).await?;
    }
    for path in ["#go", "#accounts a", "#back", "#out"] {
        hand.click(path).await?;
    }
    hand.see("#bye").await?;
    Ok(())
}

#[tokio::test]
async fn a_password_that_is_put_in_on_a_keypad_is_nowhere_and_neither_is_which_keys_it_took() -> Result<(), Failure> {
    for kept in [&["--yes"][..], &["--yes", "--keep-values"]] {
        let catalog = tempfile::tempdir()?;
        let folder = catalog.path().join("keypad");
        let recorder = Recorder::start(&by_keypad().await?, &folder, &catalog.path().join("data"), kept)?;
        goes_by_keypad(&mut recorder.hand().await?).await?;
        let ran = recorder.enough().await?;
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        let trail = std::fs::read_to_string(folder.join("pages/recording.json"))?;
        assert!(!trail.contains("key-"), "which keys were clicked: {trail}");
        let said = [("stdout".to_owned(), ran.stdout), ("stderr".to_owned(), ran.stderr)];
        for (name, text) in files(&folder).into_iter().chain(said) {
            // A half of it as well.
            assert!(!text.contains(&PIN[..4]), "{name}: {text}");
        }
        let recording: Value = serde_json::from_str(&trail)?;
        let acts = recording["acts"].as_array().ok_or("no acts")?;
        let fills: Vec<&Value> = acts.iter().filter(|act| act["does"]["fill"]["with"] == "password").collect();
        assert!(fills.len() == 1 && fills[0]["target"].is_null(), "{trail}");
        // A user's name that is a word of the page's own leaves the page and the script as they are.
        assert!(script(&folder).contains("\"#user\""), "{}", script(&folder));
        // What a customer has is in the trail only where the pages are kept with it.
        for words in ["Ada Lovelace", "4711"] {
            assert_eq!(trail.contains(words), kept.len() > 1, "{words}: {trail}");
        }
        let notes = std::fs::read_to_string(folder.join("NOTES.md"))?;
        assert!(notes.contains("on a keypad"), "{notes}");
    }
    Ok(())
}

/// Waits for something that a program says; all until then.
async fn heard(out: &mut ChildStdout, words: &str) -> Result<String, Failure> {
    let (mut said, mut bytes) = (String::new(), [0; 4096]);
    while !said.contains(words) || !said.ends_with('\n') {
        let count = tokio::time::timeout(patience(), out.read(&mut bytes)).await.map_err(|_| said.clone())??;
        if count == 0 {
            return Err(format!("it ended: {said}").into());
        }
        said.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    Ok(said)
}

#[tokio::test]
async fn at_a_terminal_the_first_answer_counts_and_ctrl_c_ends_it() -> Result<(), Failure> {
    for (answer, is_made) in [("savings\n", true), ("\u{3}", false)] {
        let catalog = tempfile::tempdir()?;
        let (folder, data) = (catalog.path().join("asked"), catalog.path().join("data"));
        let line = format!(
            "'{}' record {} --headless --into '{}' --data '{}'",
            built("agent")?.display(),
            by_keypad().await?,
            folder.display(),
            data.display()
        );
        // A terminal around it.
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).kill_on_drop(true);
        if rustix::process::geteuid().is_root() {
            command.env("BURSAR_BROWSER_SANDBOX", "off");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (mut keys, mut out) = (child.stdin.take().ok_or("no input")?, child.stdout.take().ok_or("no talk")?);
        let said = heard(&mut out, "go through the portal at ").await?;
        let (_, address) = said.split_once("go through the portal at ").ok_or("no address")?;
        let address = address.split_whitespace().next().ok_or("no address")?.to_owned();
        goes_by_keypad(&mut Hand::at(&data.join("profiles")).await?).await?;
        // The view says that it is enough, and nobody presses Enter.
        Socket::open(&format!("{address}socket"), &[]).await?.say(&json!({ "do": "done" })).await;
        heard(&mut out, "What kind of account is \"Livret bleu\"?").await?;
        keys.write_all(answer.as_bytes()).await?;
        let mut rest = String::new();
        tokio::time::timeout(patience(), out.read_to_string(&mut rest)).await??;
        assert_eq!(child.wait().await?.success(), is_made, "{rest}");
        assert_eq!(script(&folder).contains("Livret bleu: savings"), is_made, "{rest}\n{}", script(&folder));
        assert_eq!(folder.exists(), is_made);
    }
    Ok(())
}
