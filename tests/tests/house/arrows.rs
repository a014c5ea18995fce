//! Which crate may know which, and the one place of each foreign crate.
//!
//! Not here: the modules inside of the coordinator (`modules.rs`).

use serde_json::Value;

use crate::files::{THESE, files, root, words};
use crate::no;

/// Which crate of this repository a crate may depend on, tests apart.
const ARROWS: [(&str, &[&str]); 12] = [
    ("agent", &["domain", "protocol", "script", "supervisor"]),
    ("bench", &["domain", "fixtures", "script", "statement", "tests", "worlds"]),
    ("coordinator", &["domain", "protocol", "script", "statement", "supervisor"]),
    ("domain", &[]),
    ("fixtures", &[]),
    ("protocol", &["domain"]),
    ("script", &["domain", "statement"]),
    ("statement", &["domain"]),
    ("supervisor", &[]),
    ("tests", &["fixtures"]),
    ("worlds", &["domain"]),
    ("xtask", &[]),
];

#[test]
fn crates_depend_on_each_other_as_the_table_says() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let asked = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = std::process::Command::new(cargo).args(asked).current_dir(root()).output().expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata's JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            faults
                .push(format!("the crate {name} isn't in ARROWS: say what it may know, there and in ARCHITECTURE.md"));
            continue;
        };
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let own = dependencies.iter().filter(|dependency| dependency["path"].is_string());
        for dependency in own.clone().filter(|dependency| dependency["kind"] != "dev") {
            let to = dependency["name"].as_str().unwrap_or_default();
            if !allowed.contains(&to) {
                faults.push(format!("{name} depends on {to}, which ARROWS doesn't allow"));
            }
        }
        let programs = own.filter(|dependency| ["agent", "coordinator"].iter().any(|name| dependency["name"] == *name));
        faults.extend(
            programs.map(|program| format!("{name} depends on {}, a program: not even a test may", program["name"])),
        );
        for to in *allowed {
            if !dependencies.iter().any(|dependency| dependency["name"] == *to) {
                faults.push(format!("{name} no longer depends on {to}: take the arrow out of ARROWS"));
            }
        }
    }
    let gone = ARROWS.iter().filter(|(name, _)| !packages.iter().any(|package| package["name"] == *name));
    faults.extend(gone.map(|(name, _)| format!("ARROWS has the crate {name}, which is gone")));
    no(&faults);
}

/// Where a foreign crate may be named. Each path is a file, or a folder with all in it.
const PLACES: [(&str, &[&str]); 38] = [
    ("redis", &["coordinator/src/queue/"]),
    ("tonic", &["coordinator/src/keda/"]),
    ("prost", &["coordinator/src/keda/"]),
    ("governor", &["coordinator/src/buckets.rs", "agent/src/pace.rs"]),
    ("utoipa", &["coordinator/src/http/"]),
    ("utoipa_axum", &["coordinator/src/http/"]),
    ("sqlx", &["coordinator/src/store/"]),
    ("maud", &["coordinator/src/console/", "coordinator/src/setup/"]),
    ("argon2", &["coordinator/src/fleet/hashing.rs"]),
    ("chromiumoxide", &["agent/src/cdp/wire.rs"]),
    ("headless_chrome", &["agent/src/doctor/other.rs"]),
    ("fantoccini", &["agent/src/webdriver/line.rs"]),
    ("hyper_rustls", &["agent/src/webdriver/line.rs"]),
    ("hyper_util", &["agent/src/webdriver/line.rs"]),
    (
        "axum",
        &[
            "coordinator/src/console/",
            "coordinator/src/http/",
            "coordinator/src/setup/",
            "coordinator/src/cli/serve.rs",
            "agent/src/author/record/view.rs",
            "agent/tests/",
            "bench/",
            "fixtures/",
            "tests/",
        ],
    ),
    (
        "reqwest",
        &[
            "agent/src/author/repair/desk.rs",
            "agent/src/author/test/truth.rs",
            "agent/src/coordinator/",
            "agent/src/http/",
            "coordinator/src/catalog/source.rs",
            "coordinator/src/cli/desk.rs",
            "coordinator/src/console/viewer/elsewhere.rs",
            "coordinator/src/fleet/vouching/asking.rs",
            "coordinator/src/webhooks/",
            "bench/",
            "fixtures/tests/",
            "tests/",
        ],
    ),
    ("minisign", &["coordinator/src/catalog/bundle.rs", "coordinator/src/cli/catalog.rs"]),
    ("tar", &["coordinator/src/catalog/files.rs"]),
    ("png", &["agent/src/pictures.rs"]),
    ("rqrr", &["agent/src/pictures.rs"]),
    ("qrcode", &["agent/tests/pictures.rs", "fixtures/src/threshold/qr.rs"]),
    ("hpke", &["crates/protocol/src/sealed.rs"]),
    (
        "tokio_tungstenite",
        &["agent/src/coordinator/line.rs", "coordinator/src/console/viewer/elsewhere/relay.rs", "tests/src/socket.rs"],
    ),
    ("chacha20poly1305", &["coordinator/src/vault.rs"]),
    ("scraper", &["crates/script/"]),
    ("html5ever", &["crates/script/"]),
    ("html5gum", &["crates/script/src/markup.rs"]),
    ("ego_tree", &["crates/script/src/"]),
    ("quick_xml", &["crates/statement/src/camt/mod.rs"]),
    ("csv_core", &["crates/statement/src/csv/rows.rs"]),
    ("rawzip", &["crates/statement/src/zipped.rs", "crates/statement/tests/"]),
    (
        "flate2",
        &[
            "coordinator/src/catalog/bundle.rs",
            "coordinator/src/store/sql/observations.rs",
            "crates/statement/src/zipped.rs",
            "crates/statement/tests/",
        ],
    ),
    ("encoding_rs", &["agent/src/http/", "crates/statement/src/decode.rs", "fixtures/"]),
    (
        "serde_saphyr",
        &[
            "agent/src/author/",
            "coordinator/src/catalog.rs",
            "crates/script/",
            "tests/src/zoo/banks.rs",
            "tests/tests/deploy/main.rs",
        ],
    ),
    ("openidconnect", &["coordinator/src/fleet/vouching.rs", "coordinator/src/fleet/vouching/"]),
    ("totp_rs", &["coordinator/src/fleet/authenticator.rs"]),
    ("pathfinding", &["crates/domain/src/ledger/posting.rs"]),
    (
        "StatusCode",
        &[
            "coordinator/src/console/",
            "coordinator/src/http/",
            "coordinator/src/setup/",
            "agent/src/coordinator/",
            "agent/tests/",
            "bench/",
            "fixtures/",
            "tests/",
        ],
    ),
];

#[test]
fn a_foreign_crate_is_used_in_its_one_place() {
    let mut faults = Vec::new();
    for file in files(&["rs"]).into_iter().filter(|file| !file.is_in(THESE)) {
        for (name, places) in PLACES {
            if places.iter().any(|place| file.is_in(place)) {
                continue;
            }
            let named = |line: &&(usize, &str)| {
                let is_path = |at: usize| line.1[at + name.len()..].starts_with("::") && !line.1[..at].ends_with("::");
                let used = words(line.1).any(|(at, word)| word == name && is_path(at));
                used || line.1.trim_start().starts_with(&format!("use {name}"))
            };
            if let Some((number, _)) = file.code().iter().find(named) {
                faults.push(format!("{}:{number} uses {name}, whose place is {}", file.name, places.join(", ")));
            }
        }
    }
    no(&faults);
}
