//! The pictures in the docs: each is taken of a fleet at work, and the one that is kept has to show what the page shows
//! now.
//!
//! `cargo xtask pictures` takes them anew. What a page is made of (headings, columns, labels, buttons, without what is
//! counted or dated) stands beside them in `docs/pictures/shown.json`, so that a change of it is seen in a review.
//!
//! Not here: whether pages are right; every other file here is about that.

mod authors;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fixtures::faults::Faults;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::person::{Browser, Person, Sight};
use tests::tools::top;
use tests::world::Fleet;

use crate::live::{impatient, offering, takes, watches};
use crate::setup_page::{gives, link};
use crate::{Outcome, PASSWORD, add_user, draft};

/// Where pictures are to be kept; without it they are taken and forgotten.
const KEPT_IN: &str = "BURSAR_PICTURES";

/// No picture is larger, in bytes: the repository keeps each of them for ever.
const LARGEST: u64 = 300_000;

/// Pictures as they are taken, and what each shows.
struct Album {
    folder: PathBuf,
    shown: BTreeMap<String, Vec<String>>,
}

impl Album {
    /// Takes a picture of what somebody sees.
    async fn take(&mut self, person: &Person<'_>, name: &str) -> Outcome {
        let file = self.folder.join(format!("{name}.png"));
        // The live view is scrolled to where its person steers.
        person.does("picture", json!({ "file": file, "whole": name == "live-view" })).await?;
        let seen = person.does("outline", json!({})).await?;
        let seen: Vec<String> = serde_json::from_value(seen["outline"].clone())?;
        let mut outline: Vec<String> = Vec::new();
        for part in seen.iter().map(|part| uncounted(part)) {
            if !outline.contains(&part) {
                outline.push(part);
            }
        }
        self.shown.insert(name.to_owned(), outline);
        Ok(())
    }
}

/// A part of a page without its numbers, and what has one in it: what is counted, dated, or made by chance.
fn uncounted(part: &str) -> String {
    let (tag, text) = part.split_once(' ').unwrap_or((part, ""));
    let counted = |word: &&str| word.contains(|letter: char| letter.is_ascii_digit());
    let words: Vec<&str> = text.split(' ').map(|word| if counted(&word) { "#" } else { word }).collect();
    format!("{tag} {}", words.join(" "))
}

#[tokio::test]
async fn every_picture_in_the_docs_shows_what_its_page_shows_now() -> Outcome {
    let docs = top().join("docs/pictures");
    let passing = tempfile::tempdir()?;
    let kept = std::env::var_os(KEPT_IN).map(PathBuf::from);
    let folder = kept.clone().unwrap_or_else(|| passing.path().to_owned());
    let mut album = Album { folder, shown: BTreeMap::new() };
    walk(&mut album).await?;
    let list = album.folder.join("shown.json");
    std::fs::write(&list, serde_json::to_string_pretty(&album.shown)? + "\n")?;
    let hint = "\nhint: `cargo xtask pictures` takes them anew; look at them before you commit";
    let said: BTreeMap<String, Vec<String>> = serde_json::from_slice(&std::fs::read(docs.join("shown.json"))?)?;
    for (name, shown) in &album.shown {
        assert_eq!(said.get(name), Some(shown), "{name} shows another page than the picture in the docs does{hint}");
    }
    let taken: BTreeSet<String> = album.shown.keys().map(|name| format!("{name}.png")).collect();
    let mut there = BTreeSet::new();
    for entry in std::fs::read_dir(&docs)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "shown.json" {
            let size = entry.metadata()?.len();
            assert!(size <= LARGEST, "{name} has {size} bytes, and {LARGEST} are enough");
            there.insert(name);
        }
    }
    assert_eq!(there, taken, "docs/pictures/ holds what nobody takes, or lacks what is taken{hint}");
    assert_eq!(shown_in_documents()?, taken, "the documents show other pictures than are taken");
    Ok(())
}

/// The pictures that documents show.
fn shown_in_documents() -> std::io::Result<BTreeSet<String>> {
    let (mut names, mut folders) = (BTreeSet::new(), vec![top().join("docs")]);
    let mut look = |file: &Path| -> std::io::Result<()> {
        let text = std::fs::read_to_string(file)?;
        let shown = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        names.extend(shown.filter_map(|target| Some(target.split_once("pictures/")?.1.to_owned())));
        Ok(())
    };
    look(&top().join("README.md"))?;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("md") => look(&path)?,
                _ => {}
            }
        }
    }
    Ok(names)
}

/// One day of a fleet: a customer sets a connection up alone, a bank refuses another's password, and a third one's
/// sign-in meets a page that nobody knows.
async fn walk(album: &mut Album) -> Outcome {
    let catalog = impatient()?;
    let fleet = offering(&catalog).start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "administrator", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let connected = a_customer_connects(album, &fleet, &integrator, &browser).await?;
    let wrong = json!({ "bankUsername": "somebody.else", "password": "wrong wrong" });
    let failed = integrator.set_up_with(&entity(&integrator, "northwind").await?, "harbour", &wrong).await?;
    integrator.connection(&failed, "a failure", |now| !now["setup"]["lastFailure"].is_null()).await?;
    fleet.portal.set_faults(Faults { survey: true, ..Faults::default() });
    let right = json!({ "bankUsername": fleet.portal.username(), "password": fleet.portal.password() });
    let asked = integrator.set_up_with(&entity(&integrator, "cedar").await?, "harbour", &right).await?;
    let challenge = integrator.open_challenge(&asked, None).await?;

    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/challenges").await?;
    ada.sees("li.card", "code").await?;
    album.take(&ada, "challenges").await?;
    let code = fleet.code(2).await.ok_or("no text message came")?;
    integrator.answer(&asked, &challenge, &code).await?;
    integrator.open_challenge(&asked, challenge["id"].as_str()).await?;
    let leases = fleet.operator()?.list("/control/v1/leases").await?;
    let run = leases.first().and_then(|lease| lease["runId"].as_str()).ok_or("no lease")?;
    watches(&ada, &format!("/console/runs/{run}")).await?;
    takes(&ada).await?;
    album.take(&ada, "live-view").await?;

    let bob = browser.person("bob", Sight { dark: true, phone: true, ..Sight::default() }).await?;
    bob.signs_in("ada", PASSWORD).await?;
    album.take(&bob, "overview-on-a-phone").await?;
    ada.opens("/console").await?;
    ada.sees("h1", "Overview").await?;
    album.take(&ada, "overview").await?;
    ada.opens(&format!("/console/connections/{connected}")).await?;
    ada.sees("h1", "Harbour").await?;
    album.take(&ada, "connection").await?;
    ada.opens(&format!("/console/connections/{failed}")).await?;
    ada.clicks("#runs ~ .wide tbody a").await?;
    ada.sees("#steps ~ .wide", "sign_in").await?;
    album.take(&ada, "run").await?;
    ada.opens("/console/audit").await?;
    ada.sees("h1", "Audit").await?;
    album.take(&ada, "audit-trail").await?;
    authors::day(album, &fleet, &ada).await
}

/// A customer sets a connection up by a link; the connection's id.
async fn a_customer_connects(
    album: &mut Album,
    fleet: &Fleet,
    integrator: &Integrator,
    browser: &Browser,
) -> Result<String, Box<dyn std::error::Error>> {
    let connection = draft(integrator).await?;
    let path = link(integrator, &connection).await?;
    let customer = browser.person("customer", Sight::default()).await?;
    customer.opens(&path).await?;
    customer.sees("h1", "Connect Harbour Business Bank").await?;
    album.take(&customer, "set-up-page").await?;
    gives(&customer, fleet.portal.username(), fleet.portal.password()).await?;
    customer.sees("h1", "asks something").await?;
    customer.does("shown", json!({ "on": "#answer" })).await?;
    album.take(&customer, "set-up-page-with-a-question").await?;
    customer.fills("#answer", &fleet.code(1).await.ok_or("no text message came")?).await?;
    customer.clicks("form.answer button").await?;
    customer.sees("h1", "is connected").await?;
    integrator.connection(&connection, "active", |now| now["status"] == "active").await?;
    Ok(connection)
}

/// A new entity with a name of the integrator's.
async fn entity(integrator: &Integrator, name: &str) -> Result<String, Box<dyn std::error::Error>> {
    let made: Value = integrator.post("/v1/entities", &json!({ "externalEntityId": name })).await?;
    Ok(made["entityId"].as_str().unwrap_or_default().to_owned())
}
