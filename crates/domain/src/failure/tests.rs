//! The codes against the table that they were agreed in, and codes of other versions.
//!
//! Not here: what a failure does to a connection; the connection's table says that.

use proptest::prelude::*;

use super::{Consequence, Explained, Failure, FailureCode, Retry, Stage};

/// Code, fault, action, retry and consequence, as agreed. Families stand in the code alone.
const AGREED: &str = "
    auth.credentials.invalid   user     enterCredentials afterUser         reauthRequired
    auth.credentials.missing   user     enterCredentials afterUser         reauthRequired
    auth.password.expired      user     enterCredentials afterUser         reauthRequired
    auth.locked                bank     contactBank      never             reauthRequired
    auth.revoked               user     visitPortal      never             revoked
    auth.permission            user     visitPortal      afterUser         reauthRequired
    auth.session.conflict      bank     wait             backoff           unchanged
    auth.session.expired       bank     none             backoff           unchanged
    mfa.required               user     answerChallenge  afterUser         reauthRequired
    mfa.timeout                user     answerChallenge  nextSchedule      reauthRequired
    mfa.code.invalid           user     answerChallenge  afterUser         reauthRequired
    mfa.code.expired           user     answerChallenge  afterUser         reauthRequired
    mfa.declined               user     answerChallenge  afterUser         reauthRequired
    mfa.unsupported            script   operator         afterScriptChange errored
    portal.action.terms        user     visitPortal      afterUser         reauthRequired
    portal.action.profile      user     visitPortal      afterUser         reauthRequired
    portal.action.notice       user     visitPortal      afterUser         reauthRequired
    portal.unavailable         bank     wait             backoff           unchanged
    portal.maintenance         bank     wait             backoff           unchanged
    portal.ratelimited         bank     wait             backoff           unchanged
    portal.blocked             bank     operator         never             errored
    portal.captcha             bank     operator         never             errored
    script.page.unrecognised   script   fixScript        afterScriptChange errored
    script.element.missing     script   fixScript        afterScriptChange errored
    script.element.ambiguous   script   fixScript        afterScriptChange errored
    script.parse               script   fixScript        afterScriptChange degraded
    data.incomplete            unknown  operator         nextSchedule      degraded
    data.unreconciled          unknown  operator         nextSchedule      degraded
    net.dns                    network  none             backoff           unchanged
    net.tls                    network  none             backoff           unchanged
    net.timeout                network  none             backoff           unchanged
    net.reset                  network  none             backoff           unchanged
    platform.browser.crashed   platform none             atOnce            unchanged
    platform.oom               platform none             atOnce            unchanged
    platform.lease_lost        platform none             atOnce            unchanged
    platform.agent_gone        platform none             atOnce            unchanged
    platform.agents_gone       platform operator         never             errored";

fn check(text: &str, expected: Option<&str>) {
    assert_eq!(FailureCode::degraded(text).map(FailureCode::as_str), expected, "{text:?}");
}

#[test]
fn every_code_is_what_was_agreed() {
    let row = |code: &FailureCode| {
        [
            code.as_str(),
            code.fault().as_str(),
            code.action().as_str(),
            code.retry().as_str(),
            code.consequence().as_str(),
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let known: Vec<Vec<String>> = FailureCode::ALL.iter().filter(|code| !code.is_family()).map(row).collect();
    let agreed = AGREED.trim().lines().map(|line| line.split_whitespace().map(str::to_owned).collect());
    assert_eq!(known, agreed.collect::<Vec<Vec<String>>>());
}

#[test]
fn a_code_reads_back_and_says_a_sentence() {
    for &code in FailureCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(code));
        assert_eq!(FailureCode::degraded(code.as_str()), Some(code));
        assert!(code.text().ends_with('.') && !code.text().starts_with(' '), "{code}");
    }
}

#[test]
fn whatever_stands_before_a_dot_is_a_family() {
    for code in FailureCode::ALL {
        for (at, _) in code.as_str().match_indices('.') {
            let prefix = &code.as_str()[..at];
            assert!(prefix.parse().is_ok_and(FailureCode::is_family), "{prefix}, of {code}");
        }
    }
}

#[test]
fn a_code_that_is_not_known_is_read_as_its_family() {
    check("auth.credentials.invalid", Some("auth.credentials.invalid"));
    check("auth.credentials.invalid.username", Some("auth.credentials.invalid"));
    check("auth.credentials.reused", Some("auth.credentials"));
    check("auth.biometric", Some("auth"));
    check("auth", Some("auth"));
    check("platform.oom.tab", Some("platform.oom"));
    check("platform.disk_full", Some("platform"));
    check("authority.lost", Some("unknown"));
    check("quantum.entangled", Some("unknown"));
    check("unknown.thing", Some("unknown"));
}

#[test]
fn what_is_no_code_is_not_read_as_one() {
    for text in ["", ".", "auth.", ".auth", "auth..x", "Auth", "auth.Locked", "auth locked", "auth.lockéd", " auth"] {
        check(text, None);
    }
    check(&"a".repeat(100), Some("unknown"));
    check(&"a".repeat(101), None);
}

#[test]
fn what_retries_by_itself_leaves_the_connection_as_it_is() {
    for &code in FailureCode::ALL {
        if matches!(code.retry(), Retry::Backoff | Retry::AtOnce) {
            assert_eq!(code.consequence(), Consequence::Unchanged, "{code}");
            assert!(!code.freezes_credentials(), "{code}");
        }
        assert!(!code.waits_long() || code.retry() == Retry::Backoff, "{code}");
    }
}

#[test]
fn a_family_does_no_more_by_itself_than_its_members() {
    // Trying again could lock a user: a family may only if each of its members may.
    let by_itself = |code: &FailureCode| matches!(code.retry(), Retry::Backoff | Retry::AtOnce);
    for family in FailureCode::ALL.iter().filter(|code| code.is_family() && by_itself(code)) {
        for member in FailureCode::ALL.iter().filter(|code| code.as_str().starts_with(family.as_str())) {
            assert!(by_itself(member), "{family} tries again by itself, {member} doesn't");
        }
    }
}

#[test]
fn a_failure_of_another_version_is_read() {
    let read = |code: &str| {
        let text = format!(r#"{{"code":"{code}","stage":"login","message":"We said."}}"#);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        serde::Deserialize::deserialize(&mut deserializer).map(|failure: Failure| failure.code)
    };
    assert_eq!(read("auth.locked").ok(), Some(FailureCode::Locked));
    assert_eq!(read("auth.locked.forever").ok(), Some(FailureCode::Locked));
    assert_eq!(read("new.family").ok(), Some(FailureCode::Unknown));
    assert!(read("Not a code").is_err());
}

#[test]
fn what_integrators_are_told_holds_every_axis_and_none_of_the_banks_words() {
    let failure = Failure::new(FailureCode::Locked, Stage::Login).with_institution_message(Some("Call us.".into()));
    let told = serde_json::to_string(&Explained::of(&failure)).expect("JSON");
    assert_eq!(
        told,
        r#"{"code":"auth.locked","fault":"bank","action":"contactBank","retry":"never","stage":"login","message":"The delegated user is locked at the bank."}"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_known_code_with_any_suffix_stays_in_its_family(
        code in proptest::sample::select(FailureCode::ALL),
        suffix in proptest::collection::vec(prop_oneof!["[a-z0-9_]{1,8}", "invalid|session|code|browser|page"], 1..4),
    ) {
        let text = format!("{code}.{}", suffix.join("."));
        let read = FailureCode::degraded(&text).expect("a code");
        prop_assert!(read == code || read.as_str().starts_with(&format!("{code}.")), "{} as {}", text, read);
        prop_assert!(format!("{text}.").starts_with(&format!("{read}.")), "{} as {}", text, read);
        let longer = FailureCode::ALL.iter().filter(|known| format!("{text}.").starts_with(&format!("{known}.")));
        prop_assert_eq!(longer.max_by_key(|known| known.as_str().len()), Some(&read));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Some(read) = FailureCode::degraded(&text) {
            prop_assert!(read == FailureCode::Unknown || text.starts_with(read.as_str()));
        }
    }
}
