//! Each layout fault of the simulated portals that a script fails by: the ticket, what is proposed, and whether the script that
//! comes of it reads the portal's truth with the fault on.
//!
//! Not here: tickets of the fleet.

use fixtures::faults::Faults;
use fixtures::zoo::{Portal, Wishes};
use tests::recorder::Failure;
use tests::repairs::{Repaired, repaired};

/// Has a portal change, and its script be repaired.
async fn came(portal: Portal, faults: Faults, knows: Option<&str>) -> Result<Repaired, Failure> {
    let portal = portal.start(Wishes::default()).await?;
    let data = tempfile::tempdir()?;
    let came = repaired(&portal, faults, knows, data.path()).await?;
    let script = std::fs::read_to_string(came.folder.join("script.yaml"))?;
    println!("{came:?}\n{script}");
    Ok(came)
}

/// The script reads the truth again.
async fn check(portal: Portal, faults: Faults, code: &str, knows: Option<&str>) -> Result<(), Failure> {
    let came = came(portal, faults, knows).await?;
    assert_eq!(came.code.as_deref(), Some(code), "{came:?}");
    assert!(came.is_true() && came.rounds > 0, "{came:?}");
    Ok(())
}

fn renamed() -> Faults {
    Faults { renamed_id: true, ..Faults::default() }
}

fn other_layout() -> Faults {
    Faults { layout_variant: true, ..Faults::default() }
}

#[tokio::test]
async fn renamed_fields_of_kontor_are_known_by_their_labels() -> Result<(), Failure> {
    check(Portal::Kontor, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_coppermine_are_known_by_their_labels() -> Result<(), Failure> {
    check(Portal::Coppermine, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_threshold_are_known_by_their_labels() -> Result<(), Failure> {
    check(Portal::Threshold, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_hoshizora_are_known_by_their_places() -> Result<(), Failure> {
    check(Portal::Hoshizora, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn renamed_fields_of_granary_are_found_in_their_frame() -> Result<(), Failure> {
    check(Portal::Granary, renamed(), "script.element.missing", None).await
}

#[tokio::test]
async fn all_names_of_meridian_are_known_by_their_ends() -> Result<(), Failure> {
    check(Portal::Meridian, renamed(), "script.page.unrecognised", None).await
}

#[tokio::test]
async fn a_survey_of_harbours_is_passed_by_the_button_that_a_person_names() -> Result<(), Failure> {
    let survey = Faults { survey: true, ..Faults::default() };
    check(Portal::Harbour, survey, "script.page.unrecognised", Some("Maybe later")).await
}

#[tokio::test]
async fn half_a_page_of_hoshizoras_is_told_and_not_mended() -> Result<(), Failure> {
    let came = came(Portal::Hoshizora, Faults { half_page: true, ..Faults::default() }, None).await?;
    assert_eq!((came.code.as_deref(), came.rounds), (Some("script.element.missing"), 0), "{came:?}");
    assert!(came.nothing.is_some_and(|why| why.contains("seems to have broken off")));
    Ok(())
}

#[tokio::test]
async fn columns_of_meridian_that_became_one_are_told_and_not_guessed() -> Result<(), Failure> {
    let came = came(Portal::Meridian, other_layout(), None).await?;
    assert_eq!((came.code.as_deref(), came.rounds), (Some("script.element.missing"), 0), "{came:?}");
    assert!(came.nothing.is_some_and(|why| why.contains("no column holds what the column `Date` held")));
    Ok(())
}
