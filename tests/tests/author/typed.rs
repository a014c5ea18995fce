//! That nothing of what a person types while a recorder watches is left in what it writes, at a portal that repeats all of it.
//!
//! Not here: what is made of what they did.

use std::sync::Arc;

use axum::Router;
use axum::extract::RawForm;
use axum::response::Html;
use axum::routing::{get, post};
use base64::Engine as _;
use serde_json::{Value, json};
use tests::recorder::{Failure, Hand, Recorder};

use crate::recorder::{ask, files, script};

/// What nobody else is called, and no other password is.
pub(super) const USER: &str = "canary-Vogel";
pub(super) const PASSWORD: &str = "Pass+canary/99";
/// What was typed in its place first, and where there is no field.
const EARLIER: &str = "Early-canary-77";
const EDITED: &str = "Mother canary";
const KEYED: &str = "9073518";

/// A portal that repeats what was typed in every way that portals do, has a frame of another origin, and opens a window.
pub(super) async fn talkative() -> Result<String, Failure> {
    talkative_with("").await
}

/// The same with more beside the form.
async fn talkative_with(beside: &str) -> Result<String, Failure> {
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
    let form = format!(
        "<!doctype html><html lang=en><form id=in method=post action=/in><label for=user>User ID</label>\
         <input id=user name=user><input id=word name=word type=password><button id=go>Sign in</button></form>\
         <p>Solid as granite<p id=log></p><div id=edit contenteditable>&nbsp;</div><input type=hidden id=said>\
         <x-pin id=pin tabindex=0 style='display:inline-block;width:80px;height:24px'></x-pin><script>\
         word.onkeydown = (event) => {{ if (event.key === 'Backspace') log.textContent += ' ' + word.value }};\
         edit.oninput = () => {{ said.value = edit.textContent }};\
         pin.onkeydown = (event) => {{ if (event.key.length === 1) pin.textContent += event.key }};</script>{beside}"
    );
    let page = |html: String| {
        let html = Arc::new(html);
        get(move || async move { Html((*html).clone()) })
    };
    let entered = inside.clone();
    let enter = post(move |RawForm(_)| async move { Html(entered) });
    let router = Router::new()
        .route("/", page(form))
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
        hand.fill("#word", EARLIER).await?;
        hand.press_key("Backspace").await?;
        hand.fill("#word", PASSWORD).await?;
        hand.fill("#edit", EDITED).await?;
        hand.fill("#pin", KEYED).await?;
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
        let mut needles: Vec<String> = vec![
            EARLIER.into(),
            EDITED.into(),
            KEYED.into(),
            PASSWORD.into(),
            USER.into(),
            "Pass%2Bcanary".into(),
            "&#97;nary-Vogel".into(),
        ];
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

/// Signs in with what was typed, looks at an account, and signs out.
async fn goes_through(hand: &mut Hand) -> Result<(), Failure> {
    hand.click("#go").await?;
    hand.click("#accounts a").await?;
    hand.click("#back").await?;
    hand.click("#out").await?;
    hand.see("#bye").await?;
    Ok(())
}

/// Keys that the page makes something else of, in a field and over things that are none; and a sign in each of six fields.
const BESIDE: &str = "<input id=dots><span id=keys><x-k id=k1 tabindex=0 style='display:inline-block;width:20px;height:20px'></x-k>\
     <x-k tabindex=0>.</x-k><x-k tabindex=0>.</x-k><x-k tabindex=0>.</x-k><x-k tabindex=0>.</x-k><x-k tabindex=0>.</x-k></span>\
     <input class=box id=b1 maxlength=1><input class=box id=b2 maxlength=1><input class=box id=b3 maxlength=1>\
     <input class=box id=b4 maxlength=1><p id=heard></p><p id=put></p><p id=code></p><script>\
     let kept = ''; dots.oninput = (event) => { kept += event.data ?? ''; dots.value = '\u{2022}'.repeat(kept.length); heard.textContent = kept };\
     let keyed = ''; keys.onkeydown = (event) => { if (event.key.length !== 1) return; keyed += event.key; put.textContent = keyed;\
       event.target.nextElementSibling?.focus() };\
     for (const box of document.querySelectorAll('.box')) box.addEventListener('input', () => {\
       code.textContent = [...document.querySelectorAll('.box')].map((one) => one.value).join('') });</script>";

#[tokio::test]
async fn what_a_page_makes_of_keys_and_of_single_signs_is_taken_out_as_a_whole() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let folder = catalog.path().join("pieces");
    let more = ["--yes", "--keep-values"];
    let recorder = Recorder::start(&talkative_with(BESIDE).await?, &folder, &catalog.path().join("data"), &more)?;
    let mut hand = recorder.hand().await?;
    hand.fill("#dots", "marzipanne").await?;
    hand.fill("#k1", "493817").await?;
    for (field, sign) in [("#b1", "5"), ("#b2", "8"), ("#b3", "2"), ("#b4", "6")] {
        hand.fill(field, sign).await?;
    }
    hand.see("#code{5826}").await?;
    hand.see("#put{493817}").await?;
    hand.fill("#user", USER).await?;
    hand.fill("#word", PASSWORD).await?;
    goes_through(&mut hand).await?;
    let ran = recorder.enough().await?;
    let kept = files(&folder);
    assert!(kept.iter().any(|(name, _)| name.ends_with("sign_in.html")), "{}{}", ran.stdout, ran.stderr);
    for (name, text) in &kept {
        let left = ["marzipanne", "493817", "5826"].iter().find(|typed| text.contains(*typed));
        assert!(left.is_none(), "{left:?} is in {name}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_password_is_taken_out_though_the_portal_says_the_word_itself() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let folder = catalog.path().join("quarry");
    let more = ["--yes", "--keep-values"];
    let recorder = Recorder::start(&talkative().await?, &folder, &catalog.path().join("data"), &more)?;
    let mut hand = recorder.hand().await?;
    hand.fill("#user", "granite").await?;
    hand.fill("#word", "Solid").await?;
    goes_through(&mut hand).await?;
    let ran = recorder.enough().await?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let kept = files(&folder);
    for (name, text) in &kept {
        assert!(!text.to_lowercase().contains("solid as"), "{name}: {text}");
    }
    // A user's name that is a word of the portal's is none of anybody's.
    assert!(kept.iter().any(|(_, text)| text.contains("granite")), "the pages are gone");
    Ok(())
}

/// What is put in on the keypad.
const PIN: &str = "739164";

/// A portal whose password is put in on keys that it shows, and repeated in a hidden field; its accounts are of a kind that
/// nobody knows.
pub(super) async fn by_keypad() -> Result<String, Failure> {
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
pub(super) async fn goes_by_keypad(hand: &mut Hand) -> Result<(), Failure> {
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
