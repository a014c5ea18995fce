//! What settings are taken, and what is said of those that aren't.

use super::Config;

fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bursar.toml");
    std::fs::write(&file, text).expect("written");
    Config::load(Some(&file)).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_can_be_used_as_they_are() {
    let config = load("").expect("the defaults");
    assert_eq!(config.lease.term.as_secs(), 15);
    assert_eq!(config.webhooks.give_up_after.as_secs(), 3 * 24 * 3600);
}

#[test]
fn unknown_and_senseless_settings_are_refused_by_name() {
    let refused = |text: &str| load(text).expect_err("refused");
    assert!(refused("[lease]\nterms = \"1s\"").contains("terms"));
    assert!(refused("[lease]\nterm = \"soon\"").contains("soon"));
    assert!(refused("[lease]\nterm = \"1ms\"").contains("lease.term"));
    assert!(refused("[webhooks]\nsignature_header = \"a b\"").contains("signature_header"));
    assert!(refused("[webhooks]\nper_endpoint = 0").contains("per_endpoint"));
    assert!(refused("[webhooks]\nat_once = 1").contains("at_once"));
    assert!(refused("[retention]\nstream = \"9999999999999999d\"").contains("isn't a span"));
    let leaky = refused("[http]\npublic_url = \"https://admin:hunter2@bursar.example\"");
    assert!(leaky.contains("public_url") && !leaky.contains("hunter2"), "{leaky}");
    assert!(refused("[store]\nurl = \"mysql://h/d\"").contains("postgres://"));
    assert!(refused("[control]\ntoken = \"short\"").contains("control.token"));
    let same = "a-token-that-is-long-enough-for-both";
    let both = format!("[control]\ntoken = \"{same}\"\n[agents]\ntoken = \"{same}\"");
    assert!(refused(&both).contains("another than agents.token"));
    assert!(refused("[pool]\nslots_per_agent = 0").contains("slots_per_agent"));
    assert!(refused("[pool]\nwindow = \"0s\"").contains("window"));
    assert!(refused("data = \"\"").contains("folder"));
    assert!(refused("[console]\nwheel_kept = \"5s\"").contains("console.wheel_kept"));
    assert!(refused("[console]\nlive_views = 0").contains("console.live_views"));
    for (catalog, setting) in [
        ("git = \"--upload-pack=x\"", "catalog.git"),
        ("git = \"ext::sh -c x\"", "catalog.git"),
        ("git = \"/r\"\ngit_reference = \"a:b\"", "catalog.git_reference"),
        ("git = \"/r\"\ngit_reference = \"--all\"", "catalog.git_reference"),
        ("git_folder = \"a/../b\"", "catalog.git_folder"),
        ("git = \"/r\"\nbundle = \"b\"\nbundle_keys = \"k\"", "catalog.git"),
        ("bundle = \"b\"", "catalog.bundle_keys"),
        ("bundle = \"http://b.example/b\"\nbundle_keys = \"k\"", "catalog.bundle"),
    ] {
        let why = refused(&format!("[catalog]\n{catalog}"));
        assert!(why.contains(setting), "{catalog}: {why}");
    }
    for leak in ["git = \"https://me:hunter2@git.example/r\"", "bundle = \"https://me:hunter2@b.example/b\""] {
        let leaky = refused(&format!("[catalog]\nbundle_keys = \"k\"\n{leak}"));
        assert!(leaky.contains("catalog") && !leaky.contains("hunter2"), "{leaky}");
    }
    assert!(refused("[setup]\nlink_term = \"4m\"").contains("5 minutes"));
    assert!(refused("[setup]\nlink_term = \"0s\"\n[development]\nloopback = true").contains("setup.link_term"));
    assert!(refused("[development.portal_urls]\nharbour = \"http://127.0.0.1:1/\"").contains("harbour"));
}

#[test]
fn people_have_half_of_the_term_though_a_code_may_come_in_by_itself() {
    let called_after = |text: &str| load(text).expect("settings").challenge.people_called_after();
    assert_eq!(called_after(""), std::time::Duration::from_secs(20));
    assert_eq!(called_after("[challenge]\nterm = \"1m\"\npeople_after = \"1h\""), std::time::Duration::from_secs(30));
}

#[test]
fn printed_settings_hold_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bursar.toml");
    let text = "[store]\nurl = \"postgres://u:canary@h/d\"\n[agents]\ntoken = \"canary-canary-canary-canary-canary\"
        [control]\ntoken = \"another-canary-another-canary-another-canary\"
        [console.oidc]\nclient_secret = \"canary\"";
    std::fs::write(&file, text).expect("written");
    let printed = super::print(Some(&file)).expect("printed");
    assert!(!printed.contains("canary"), "{printed}");
    assert!(printed.contains("[secret]"));
}
