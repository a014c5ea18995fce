//! Recordings of other programs: what is carried over, what is told, what is refused; and back again.
//!
//! The files have the form that the programs write: every field that they put there.

use domain::secret::Secret;
use script::recording::foreign::{Imported, Typed, export_devtools, import_devtools, import_side};
use script::recording::{Act, Deed, Edge, Key, Length, Page, Recording, Target, Value, Way};
use serde_json::{Value as Json, json};

/// What was typed, and may stand nowhere.
const SECRET: &str = "Quill-Canary-77";

fn step(kind: &str, selectors: &[&str], more: &Json) -> Json {
    let selectors: Vec<Json> = selectors.iter().map(|selector| json!([selector])).collect();
    let mut step = json!({ "type": kind, "target": "main", "selectors": selectors });
    step.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    step
}

fn click(selectors: &[&str]) -> Json {
    step("click", selectors, &json!({ "offsetX": 33.5, "offsetY": 12 }))
}

fn navigation(url: &str) -> Json {
    json!([{ "type": "navigation", "url": url, "title": "Harbour" }])
}

/// A sign-in as the panel writes it: window, address, two fields, a code, an account in a frame, its statement's window.
fn panel() -> Vec<Json> {
    let mut submit =
        click(&["aria/Sign in[role=\"button\"]", "#go", "xpath///*[@id=\"go\"]", "pierce/#go", "text/Sign in"]);
    submit["assertedEvents"] = navigation("https://bank.example/code");
    let mut go_on = click(&["aria/Continue", "button"]);
    go_on["assertedEvents"] = navigation("https://bank.example/accounts");
    let mut open = click(&["aria/Operating", "[data-testid='open-1']"]);
    open["frame"] = json!([0, 1]);
    open["assertedEvents"] = json!([{ "type": "navigation" }]);
    let mut statement = click(&["text/Statement"]);
    statement["target"] = json!("https://bank.example/statement");
    vec![
        json!({ "type": "setViewport", "width": 1280, "height": 720, "deviceScaleFactor": 1, "isMobile": false,
            "hasTouch": false, "isLandscape": false }),
        json!({ "type": "navigate", "url": "https://bank.example/", "assertedEvents": navigation("https://bank.example/") }),
        click(&["aria/User ID"]),
        step("change", &["aria/User ID", "#user", "[name=\"user\"]"], &json!({ "value": "maren.k" })),
        json!({ "type": "keyDown", "target": "main", "key": "Tab" }),
        json!({ "type": "keyUp", "target": "main", "key": "Tab" }),
        step("change", &["aria/Password", "#secret"], &json!({ "value": SECRET })),
        submit,
        step("change", &["aria/One-time passcode"], &json!({ "value": "482911" })),
        go_on,
        open,
        statement,
        json!({ "type": "close", "target": "https://bank.example/statement" }),
    ]
}

fn file(steps: &[Json]) -> String {
    json!({ "title": "Harbour, a sign-in", "steps": steps }).to_string()
}

fn imported(steps: &[Json]) -> Imported {
    import_devtools(&file(steps), &Typed::default()).expect("a recording")
}

fn refused(steps: &[Json]) -> Vec<(Option<usize>, String)> {
    let refusals = import_devtools(&file(steps), &Typed::default()).expect_err("a refusal").0;
    refusals.into_iter().map(|refusal| (refusal.step, refusal.reason)).collect()
}

#[test]
fn a_recording_of_the_panel_is_carried_over_step_by_step() {
    let Imported { title, recording, .. } = imported(&panel());
    assert_eq!(title, "Harbour, a sign-in");
    let urls: Vec<(&str, u32)> = recording.pages.iter().map(|page| (page.url.path(), page.window)).collect();
    let wanted = [("/", 0), ("/code", 0), ("/accounts", 0), ("/accounts", 0), ("/statement", 1)];
    assert_eq!(urls, wanted);
    let acts: Vec<(Option<usize>, &Deed, Option<usize>)> =
        recording.acts.iter().map(|act| (act.on, &act.does, act.then)).collect();
    let fill = |with, length| Deed::Fill { with, length };
    let username = fill(Value::Username, Length::Short);
    let password = fill(Value::Password, Length::Long);
    let code = fill(Value::Code, Length::Short);
    let start = Deed::Navigate { url: "https://bank.example/".parse().expect("an address") };
    let wanted = [
        (None, &start, Some(0)),
        (Some(0), &Deed::Click, None),
        (Some(0), &username, None),
        (Some(0), &password, None),
        (Some(0), &Deed::Click, Some(1)),
        (Some(1), &code, None),
        (Some(1), &Deed::Click, Some(2)),
        (Some(2), &Deed::Click, Some(3)),
        (Some(3), &Deed::Open, Some(4)),
        (Some(4), &Deed::Click, None),
        (Some(4), &Deed::Close, None),
    ];
    assert_eq!(acts, wanted);
    let target = recording.acts[7].target.as_ref().expect("a target");
    let frame = |place| Edge::Frame { css: None, place: Some(place), origin: None };
    assert_eq!(target.within, [frame(0), frame(1)]);
    let test_id = Way::TestId { attribute: "data-testid".into(), value: "open-1".into() };
    assert_eq!(target.ways, [Way::Label("Operating".into()), test_id]);
}

#[test]
fn an_address_that_leads_on_by_itself_shows_the_page_that_it_led_to() {
    let led = json!([{ "type": "navigation", "url": "https://bank.example/sign-on", "title": "" }]);
    let go = json!({ "type": "navigate", "url": "https://bank.example/", "assertedEvents": led });
    let recording = imported(&[go]).recording;
    let pages: Vec<&str> = recording.pages.iter().map(|page| page.url.path()).collect();
    assert_eq!(pages, ["/sign-on"]);
    let start = Deed::Navigate { url: "https://bank.example/".parse().expect("an address") };
    assert_eq!(recording.acts[0].does, start);
}

#[test]
fn whatever_is_not_carried_over_is_told_and_no_typed_text_is() {
    let Imported { recording, left, .. } = imported(&panel());
    let told: Vec<(&str, Vec<usize>)> =
        left.iter().map(|left| (left.what.as_str(), left.steps.iter().copied().collect())).collect();
    let clicks = vec![3, 8, 10, 11, 12];
    let wanted = [
        ("setViewport", vec![1]),
        ("navigate.assertedEvents.title", vec![2]),
        ("click.offsetX", clicks.clone()),
        ("click.offsetY", clicks),
        ("keyDown", vec![5]),
        ("keyUp", vec![6]),
        ("click.assertedEvents.title", vec![8, 10]),
    ];
    assert_eq!(told, wanted);
    let written = recording.write().expect("JSON");
    for secret in [SECRET, "maren.k", "482911"] {
        assert!(!written.contains(secret) && !format!("{left:?}").contains(secret), "{secret}");
    }
    let mut odd = panel();
    odd[2]["pressure"] = json!(1);
    odd[2]["new\nline"] = json!(SECRET);
    let what: Vec<String> = imported(&odd).left.into_iter().map(|left| left.what).collect();
    assert!(what.contains(&"click.pressure".into()) && what.contains(&"click.…".into()), "{what:?}");
}

#[test]
fn what_was_typed_is_in_no_address_and_in_no_way_to_a_thing() {
    let mut steps = panel();
    steps[7]["assertedEvents"] =
        navigation(&format!("https://bank.example/of/maren.k/code?user=maren.k&pw={SECRET}#{SECRET}"));
    steps[9]["selectors"] = json!([["aria/Welcome maren.k"], ["text/maren.k"], ["button"]]);
    let Imported { recording, left, .. } = imported(&steps);
    let written = recording.write().expect("JSON");
    assert!(!written.contains(SECRET) && !written.contains("maren.k"), "{written}");
    assert!(written.contains("https://bank.example/of/hidden/code\""), "{written}");
    let told: Vec<&str> = left.iter().map(|left| left.what.as_str()).collect();
    assert!(told.contains(&"parts of addresses") && told.contains(&"ways to things"), "{told:?}");
    steps[9]["selectors"] = json!([["text/maren.k"]]);
    let refusals = refused(&steps);
    assert!(refusals.len() == 1 && !refusals[0].1.contains("maren"), "{refusals:?}");
}

#[test]
fn a_file_that_says_far_too_much_is_refused_soon() {
    let many = |count: usize| (0..count).map(|at| json!([format!("#a{at}")])).collect::<Vec<_>>();
    let mut steps = panel();
    steps[2]["selectors"] = json!(many(60_000));
    assert_eq!(refused(&steps).first().map(|(step, _)| *step), Some(Some(3)));
    let mut steps = panel();
    steps[7]["assertedEvents"] = json!(vec![json!({ "type": "navigation" }); 60_000]);
    assert!(!refused(&steps).is_empty());
    let mut commands = extension();
    commands.splice(8..8, (0..200).map(|_| command("selectFrame", "index=1", &[], "")));
    let refusals = import_side(&side(&commands), None, &Typed::default()).expect_err("a refusal");
    assert!(refusals.0.len() <= 200, "it reads on for ever");
    let mut unknown = vec![json!({ "type": "navigate", "url": "https://bank.example/" })];
    unknown.extend((0..4_000).map(|_| json!({ "type": "teleport" })));
    assert_eq!(refused(&unknown).len(), 100);
}

#[test]
fn what_would_change_its_meaning_has_it_refused_with_every_place() {
    let mut steps = panel();
    steps.push(json!({ "type": "customStep", "name": "pay", "parameters": {} }));
    steps.push(json!({ "type": "waitForExpression", "expression": "document.forms[0].submit()" }));
    steps.push(step("click", &["#x"], &json!({ "button": "secondary" })));
    steps.push(json!({ "type": "teleport" }));
    steps.push(json!({ "type": "change", "target": "main", "selectors": [], "value": SECRET }));
    steps.push(json!("click"));
    let refusals = refused(&steps);
    let places: Vec<Option<usize>> = refusals.iter().map(|(step, _)| *step).collect();
    assert_eq!(places, [Some(14), Some(15), Some(16), Some(17), Some(18), Some(19)], "{refusals:?}");
    assert!(!format!("{refusals:?}").contains(SECRET));
    for (text, wanted) in [
        ("{", "no JSON"),
        ("[]", "no recording"),
        ("{\"title\":\"x\"}", "no list `steps`"),
        ("{\"steps\":[]}", "goes to no address"),
        ("{\"steps\":[{\"type\":\"navigate\",\"url\":\"javascript:alert(1)\"}]}", "no address"),
    ] {
        let refusals = import_devtools(text, &Typed::default()).expect_err("a refusal").to_string();
        assert!(refusals.contains(wanted), "{text}: {refusals}");
    }
}

#[test]
fn what_was_typed_into_a_sign_in_and_nobody_knows_has_it_refused_until_somebody_says_it() {
    let mut steps = panel();
    steps[6] = step("change", &["#f7"], &json!({ "value": SECRET }));
    steps[8] = step("change", &["#f9"], &json!({ "value": "482911" }));
    let refusals = refused(&steps);
    assert_eq!(refusals.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [Some(7), Some(9)]);
    assert!(refusals[0].1.contains("nobody knows"), "{refusals:?}");
    let known = vec![(Value::Password, Secret::new(SECRET.into()))];
    let typed = Typed { known, said: [(9, Value::Code)].into() };
    let recording = import_devtools(&file(&steps), &typed).expect("a recording").recording;
    let values: Vec<Value> = recording
        .acts
        .iter()
        .filter_map(|act| match act.does {
            Deed::Fill { with, .. } => Some(with),
            _ => None,
        })
        .collect();
    assert_eq!(values, [Value::Username, Value::Password, Value::Code]);
    // What is typed long after the sign-in is a search, say.
    let mut later = panel();
    for (place, path) in ["a", "b"].iter().enumerate() {
        let mut click = click(&["#next"]);
        click["assertedEvents"] = navigation(&format!("https://bank.example/{path}"));
        later.insert(11 + place, click);
    }
    later.insert(13, step("change", &["#f7"], &json!({ "value": "rent" })));
    let Imported { recording, left, .. } = imported(&later);
    assert!(recording.acts.iter().any(|act| matches!(act.does, Deed::Fill { with: Value::Other, .. })));
    assert!(left.iter().any(|left| left.what == "text" && left.steps.contains(&14)), "{left:?}");
}

#[test]
fn a_recording_that_went_out_comes_back_as_it_was() {
    let recording = imported(&panel()).recording;
    let exported = export_devtools("Harbour", &recording).expect("a file");
    assert_eq!(exported.left.iter().map(|left| left.what.as_str()).collect::<Vec<_>>(), ["length"]);
    let again = import_devtools(&exported.json, &Typed::default()).expect("a recording");
    let bare = |recording: &Recording| {
        let mut recording = recording.clone();
        for act in &mut recording.acts {
            if let Deed::Fill { length, .. } = &mut act.does {
                *length = Length::Unknown;
            }
        }
        recording
    };
    assert_eq!(bare(&again.recording), bare(&recording));
    let twice = export_devtools("Harbour", &again.recording).expect("a file");
    assert_eq!(twice.json, exported.json);
}

#[test]
fn a_list_that_is_scrolled_down_is_one_act_and_leads_to_other_rows_at_the_same_address() {
    let list = ["#list", "[data-testid='rows']"];
    let scroll = |more: Json| step("scroll", &list, &more);
    let mut steps = panel();
    steps.truncate(10);
    let begun = imported(&steps).recording;
    let nothing = [
        json!({ "type": "scroll", "target": "main", "y": 900 }),
        scroll(json!({ "x": 10 })),
        scroll(json!({ "y": 0 })),
        scroll(json!({ "y": -1.5 })),
    ];
    steps.extend(nothing);
    assert_eq!(imported(&steps).recording, begun);
    let told = imported(&steps).left.into_iter().filter(|left| left.what == "scroll").map(|left| left.steps);
    assert_eq!(told.collect::<Vec<_>>(), [[11].into(), [12, 13, 14].into()]);
    // However often, and however far.
    steps.extend([scroll(json!({ "x": 0, "y": 410.5 })), scroll(json!({ "y": 900 })), click(&["#back"])]);
    let Imported { recording, left, .. } = imported(&steps);
    let added: Vec<_> = recording.acts[begun.acts.len()..].iter().map(|act| (act.on, &act.does, act.then)).collect();
    let last = begun.pages.len() - 1;
    assert_eq!(added, [(Some(last), &Deed::Scroll, Some(last + 1)), (Some(last + 1), &Deed::Click, None)]);
    assert_eq!((recording.pages.len(), &recording.pages[last + 1].url), (last + 2, &recording.pages[last].url));
    let ways = &recording.acts[begun.acts.len()].target.as_ref().expect("a target").ways;
    let test_id = Way::TestId { attribute: "data-testid".into(), value: "rows".into() };
    assert_eq!(*ways, [Way::Id("list".into()), test_id]);
    assert!(left.iter().any(|left| left.what == "scroll, how far" && left.steps == [15, 16].into()), "{left:?}");
    // What is done to another thing, or once more after something else, is another act.
    let mut other = steps.clone();
    other.extend([scroll(json!({ "y": 9 })), step("scroll", &["#other"], &json!({ "y": 9 }))]);
    let kinds = imported(&other).recording.acts;
    assert_eq!(kinds.iter().filter(|act| act.does == Deed::Scroll).count(), 3);
    // Where it says itself that another page came, that is the one.
    let mut led = steps.clone();
    led[14]["assertedEvents"] = navigation("https://bank.example/more");
    let paths: Vec<String> =
        imported(&led[..15]).recording.pages.iter().map(|page| page.url.path().to_owned()).collect();
    assert_eq!(paths, ["/", "/code", "/accounts", "/more"]);
    let mut odd = steps;
    odd.push(scroll(json!({ "y": "far" })));
    assert_eq!(refused(&odd), [(Some(18), "`scroll.y` is no number".to_owned())]);
}

#[test]
fn a_list_that_was_scrolled_goes_out_as_a_scroll_to_its_end_and_comes_back_as_it_was() {
    let mut steps = panel();
    steps.truncate(10);
    steps.push(step("scroll", &["#list"], &json!({ "y": 410 })));
    steps.push(click(&["#back"]));
    let recording = imported(&steps).recording;
    let exported = export_devtools("x", &recording).expect("a file");
    let told: Vec<&str> = exported.left.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(told, ["length", "scroll, how often"]);
    let file: Json = serde_json::from_str(&exported.json).expect("JSON");
    let scrolls: Vec<&Json> =
        file["steps"].as_array().expect("steps").iter().filter(|step| step["type"] == "scroll").collect();
    // Its player would wait for a page that nobody goes to.
    let wanted = json!({ "type": "scroll", "target": "main", "selectors": [["#list"]], "y": 1_000_000 });
    assert_eq!(scrolls, [&wanted]);
    let again = import_devtools(&exported.json, &Typed::default()).expect("a recording").recording;
    assert_eq!(again.pages, recording.pages);
    let done = |recording: &Recording| -> Vec<(Option<usize>, Option<Target>, Option<usize>)> {
        recording.acts.iter().map(|act| (act.on, act.target.clone(), act.then)).collect()
    };
    assert_eq!(done(&again), done(&recording));
}

#[test]
fn what_the_panel_does_not_know_is_told_or_refused_on_the_way_out() {
    let url: url::Url = "https://bank.example/".parse().expect("an address");
    let mut recording = Recording::new(url.clone());
    recording.pages.push(Page { url: url.clone(), window: 0, html: Some("<p>".into()), kind: None });
    let target = |place| {
        let frame = Edge::Frame { css: Some("#f".into()), place, origin: None };
        Some(Target { within: vec![frame], ways: vec![Way::Css("button".into())] })
    };
    let act = |does, target| Act { on: Some(0), does, target, then: None };
    recording.acts = vec![
        Act { on: None, does: Deed::Navigate { url }, target: None, then: Some(0) },
        act(Deed::Choose, target(Some(2))),
        act(Deed::Scroll, target(Some(2))),
        act(Deed::Press { key: Key::Enter }, None),
        act(Deed::Download, None),
    ];
    let exported = export_devtools("x", &recording).expect("a file");
    let what: Vec<&str> = exported.left.iter().map(|left| left.what.as_str()).collect();
    assert_eq!(what, ["choose", "frame.css", "scroll, how often", "download", "html"]);
    let file: Json = serde_json::from_str(&exported.json).expect("JSON");
    let kinds: Vec<&str> =
        file["steps"].as_array().expect("steps").iter().filter_map(|step| step["type"].as_str()).collect();
    assert_eq!(kinds, ["navigate", "change", "scroll", "keyDown", "keyUp"]);
    recording.acts.push(act(Deed::Click, target(None)));
    let refusals = export_devtools("x", &recording).expect_err("a refusal").0;
    assert_eq!(refusals.iter().map(|refusal| refusal.step).collect::<Vec<_>>(), [Some(6)]);
}

fn command(name: &str, target: &str, targets: &[[&str; 2]], value: &str) -> Json {
    json!({ "id": "8c2f6a3e-0001", "comment": "", "command": name, "target": target, "targets": targets, "value": value })
}

fn side(commands: &[Json]) -> String {
    json!({
        "id": "8c2f6a3e", "version": "2.0", "name": "Quay", "url": "https://bank.example",
        "tests": [{ "id": "t1", "name": "sign in", "commands": commands }],
        "suites": [{ "id": "s1", "name": "Default Suite", "persistSession": false, "parallel": false, "timeout": 300,
            "tests": ["t1"] }],
        "urls": ["https://bank.example/"], "plugins": []
    })
    .to_string()
}

/// A sign-in as the extension writes it, with an account in a frame and a statement in a window.
fn extension() -> Vec<Json> {
    let mut statement = command("click", "linkText=Statement", &[["linkText=Statement", "linkText"]], "");
    statement["opensWindow"] = json!(true);
    statement["windowHandleName"] = json!("win4711");
    statement["windowTimeout"] = json!(2000);
    vec![
        command("open", "/login", &[], ""),
        command("setWindowSize", "1280x800", &[], ""),
        command(
            "type",
            "id=user",
            &[
                ["id=user", "id"],
                ["name=user", "name"],
                ["css=#user", "css:finder"],
                ["xpath=//input[@id='user']", "xpath:attributes"],
            ],
            "maren.k",
        ),
        command("type", "id=pass", &[["id=pass", "id"], ["name=password", "name"]], SECRET),
        command("sendKeys", "id=pass", &[["id=pass", "id"], ["name=password", "name"]], "${KEY_ENTER}"),
        command("runScript", "window.scrollTo(0,120)", &[], ""),
        command("storeWindowHandle", "root", &[], ""),
        command("selectFrame", "index=1", &[["index=1"; 2]], ""),
        command("click", "css=.account", &[["css=.account", "css:finder"]], ""),
        statement,
        command("selectWindow", "handle=${win4711}", &[], ""),
        command("select", "id=month", &[["id=month", "id"]], "label=June"),
        command("close", "", &[], ""),
        command("selectWindow", "handle=${root}", &[], ""),
        command("//click", "id=ad", &[], ""),
        command("click", "linkText=Sign out", &[["linkText=Sign out", "linkText"]], ""),
    ]
}

#[test]
fn a_project_of_selenium_ide_is_carried_over_and_what_isnt_is_told() {
    let Imported { title, recording, left } =
        import_side(&side(&extension()), None, &Typed::default()).expect("a recording");
    assert_eq!(title, "sign in");
    let acts: Vec<&Deed> = recording.acts.iter().map(|act| &act.does).collect();
    let start = Deed::Navigate { url: "https://bank.example/login".parse().expect("an address") };
    let username = Deed::Fill { with: Value::Username, length: Length::Short };
    let password = Deed::Fill { with: Value::Password, length: Length::Long };
    let enter = Deed::Press { key: Key::Enter };
    let (click, open) = (Deed::Click, Deed::Open);
    let wanted = [&start, &username, &password, &enter, &click, &click, &open, &Deed::Choose, &Deed::Close, &click];
    assert_eq!(acts, wanted);
    let ways = &recording.acts[1].target.as_ref().expect("a target").ways;
    let xpath = Way::Xpath("//input[@id='user']".into());
    assert_eq!(*ways, [Way::Id("user".into()), Way::Name("user".into()), Way::Css("#user".into()), xpath]);
    let within = &recording.acts[4].target.as_ref().expect("a target").within;
    assert_eq!(*within, [Edge::Frame { css: None, place: Some(1), origin: None }]);
    assert_eq!(recording.pages[recording.acts[7].on.expect("a page")].window, 1);
    assert_eq!(recording.pages[recording.acts[9].on.expect("a page")].window, 0);
    assert_eq!(recording.acts[9].target.as_ref().expect("a target").within, []);
    let told: Vec<&str> = left.iter().map(|left| left.what.as_str()).collect();
    let wanted = [
        "suites",
        "setWindowSize",
        "runScript",
        "address of a window that opened",
        "select.value",
        "command that is off",
    ];
    assert_eq!(told, wanted);
    assert!(!recording.write().expect("JSON").contains(SECRET));
}

#[test]
fn code_conditions_and_unknown_secrets_of_selenium_ide_have_it_refused() {
    let mut commands = extension();
    commands.push(command("executeScript", "return 1", &[], "x"));
    commands.push(command("if", "${x} > 1", &[], ""));
    commands.push(command("storeText", "css=h1", &[], "x"));
    commands.push(command("answerPrompt", SECRET, &[], ""));
    commands.push(command("flyAway", "id=x", &[], ""));
    for code in ["document.forms[0].submit()", "window.scrollTo(0,120);send()", "scrollTo(0,send())", ""] {
        commands.push(command("runScript", code, &[], ""));
    }
    let refusals = import_side(&side(&commands), None, &Typed::default()).expect_err("a refusal");
    assert_eq!(refusals.0.iter().map(|one| one.step).collect::<Vec<_>>(), (17..26).map(Some).collect::<Vec<_>>());
    assert!(!refusals.to_string().contains(SECRET));
    let unknown = [
        command("open", "/", &[], ""),
        command("type", "id=f1", &[], SECRET),
        command("type", "id=f2", &[], "${password}"),
    ];
    let refusals = import_side(&side(&unknown), None, &Typed::default()).expect_err("a refusal");
    assert_eq!(refusals.0.iter().map(|one| one.step).collect::<Vec<_>>(), [Some(2)], "a variable says what it holds");
    let two =
        side(&extension()).replace("\"tests\":[{", "\"tests\":[{\"id\":\"t0\",\"name\":\"other\",\"commands\":[]},{");
    assert!(import_side(&two, None, &Typed::default()).expect_err("a refusal").to_string().contains("--test"));
    assert_eq!(import_side(&two, Some("sign in"), &Typed::default()).expect("a recording").title, "sign in");
}
