//! The DevTools Recorder's own library takes what `agent export` writes, and writes it so that `agent import` reads what
//! there was.
//!
//! Not here: each step and field; the script crate's tests have those.

use serde_json::{Value, json};
use tests::person::node;
use tests::programs::built;
use tests::world::run;
use tokio::process::Command;

use crate::{Outcome, succeeded};

/// What was typed, and may stand nowhere.
const SECRET: &str = "Quill-Canary-77";

/// A recording as the panel exports it, with something of each kind.
fn panel() -> Value {
    let to = |url: &str| json!([{ "type": "navigation", "url": url, "title": "Quay" }]);
    json!({
        "title": "Quay",
        "steps": [
            { "type": "setViewport", "width": 1039, "height": 814, "deviceScaleFactor": 1, "isMobile": false,
              "hasTouch": false, "isLandscape": false },
            { "type": "navigate", "url": "https://quay.example/", "assertedEvents": to("https://quay.example/") },
            { "type": "change", "value": "maren.k", "target": "main",
              "selectors": [["aria/User ID"], ["#user"], ["xpath///*[@id=\"user\"]"], ["pierce/#user"]] },
            { "type": "change", "value": SECRET, "target": "main", "selectors": [["aria/Password"], ["x-form", "#secret"]] },
            { "type": "keyDown", "target": "main", "key": "Enter" },
            { "type": "keyUp", "target": "main", "key": "Enter", "assertedEvents": to("https://quay.example/accounts") },
            { "type": "click", "target": "main", "frame": [1], "offsetX": 10, "offsetY": 4.5,
              "selectors": [["aria/Operating[role=\"link\"]"], ["text/Operating"]] },
            { "type": "scroll", "target": "main", "frame": [1], "selectors": [["x-ledger", "#rows"]], "x": 0, "y": 410.5 },
            { "type": "click", "target": "https://quay.example/statement", "offsetX": 1, "offsetY": 1, "selectors": [["button"]] },
            { "type": "close", "target": "https://quay.example/statement" }
        ]
    })
}

#[tokio::test]
async fn the_recorders_own_library_takes_a_recording_that_was_exported() -> Outcome {
    let folder = tempfile::tempdir()?;
    let agent = |arguments: &[&str]| -> Result<Command, Box<dyn std::error::Error>> {
        let mut command = Command::new(built("agent")?);
        command.args(arguments).current_dir(folder.path());
        Ok(command)
    };
    std::fs::write(folder.path().join("panel.json"), panel().to_string())?;
    let ran = run(agent(&["import", "panel.json", "--into", "quay.json"])?, "").await?;
    succeeded(&ran);
    assert!(ran.stderr.contains("click.offsetX") && !ran.stderr.contains(SECRET), "{}", ran.stderr);
    let ran = run(agent(&["export", "quay.json", "--title", "Quay"])?, "").await?;
    succeeded(&ran);
    let theirs = run(node("replay")?, &ran.stdout).await?;
    succeeded(&theirs);
    std::fs::write(folder.path().join("theirs.json"), &theirs.stdout)?;
    let ran = run(agent(&["import", "theirs.json", "--into", "again.json"])?, "").await?;
    succeeded(&ran);
    let read = |name: &str| -> Result<Value, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(folder.path().join(name))?;
        assert!(!text.contains(SECRET) && !text.contains("maren.k"));
        let mut recording: Value = serde_json::from_str(&text)?;
        for act in recording["acts"].as_array_mut().into_iter().flatten() {
            // A placeholder is as long as nobody knows.
            if let Some(fill) = act["does"].get_mut("fill") {
                fill["length"] = Value::Null;
            }
        }
        Ok(recording)
    };
    assert_eq!(read("again.json")?, read("quay.json")?);
    assert_eq!(read("quay.json")?["acts"].as_array().map(Vec::len), Some(9));
    Ok(())
}

#[tokio::test]
async fn the_recorders_own_library_refuses_what_isnt_one() -> Outcome {
    let refused = run(node("replay")?, r#"{"title":"x","steps":[{"type":"change","target":"main"}]}"#).await?;
    assert_ne!(refused.code, Some(0), "it would take anything");
    Ok(())
}
