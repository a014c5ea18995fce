//! The commands of script authors against the zoo: a script that reads a portal's truth is told so, and one that doesn't
//! is told where.
//!
//! Not here: saved pages, and what is said of a run; the agent's own tests have those.

mod drafted;
mod endings;
mod led;
mod recorder;
mod repairs;
mod simulated;
mod typed;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use fixtures::faults::Faults;
use fixtures::granary::Granary;
use fixtures::harbour::{Harbour, HarbourSettings};
use fixtures::kontor::Kontor;
use fixtures::lantern::Lantern;
use fixtures::portal::RunningPortal;
use serde_json::{Value, json};
use tests::programs::built;
use tests::world::{Ran, run, scripts};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Tries the script of a portal on it.
async fn tried(portal: &RunningPortal, more: &[&str]) -> Result<Ran, Box<dyn std::error::Error>> {
    driven("test", portal, more).await
}

/// Has a command drive a portal by its script.
async fn driven(verb: &str, portal: &RunningPortal, more: &[&str]) -> Result<Ran, Box<dyn std::error::Error>> {
    let data = tempfile::tempdir()?;
    let ran = run(driving(verb, portal, &scripts().join(portal.name()), data.path(), more)?, "").await?;
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(portal.password()), "the password is said");
    Ok(ran)
}

/// A command that drives a portal by the script of a folder; what it writes is in `data`.
fn driving(
    verb: &str,
    portal: &RunningPortal,
    folder: &Path,
    data: &Path,
    more: &[&str],
) -> Result<Command, Box<dyn std::error::Error>> {
    let credentials = data.join("credentials.json");
    let mut line = json!({ "portal": portal.name(), "username": portal.username(), "password": portal.password() });
    if let Some(customer) = portal.credentials().iter().find(|known| known.name == "customerNumber") {
        line["bankCustomerId"] = customer.value.as_str().into();
    }
    std::fs::write(&credentials, line.to_string())?;
    std::fs::set_permissions(&credentials, std::fs::Permissions::from_mode(0o600))?;
    let mut command = Command::new(built("agent")?);
    command.arg(verb).arg(folder).args(["--portal", portal.url()]).args(more);
    command.arg("--credentials").arg(&credentials).arg("--data").arg(data);
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    Ok(command)
}

#[tokio::test]
async fn a_script_that_reads_a_portals_truth_is_told_so() -> Outcome {
    for (portal, driver) in
        [(Harbour::start(HarbourSettings::default()).await?, "cdp"), (Kontor::start(Kontor::settings()).await?, "http")]
    {
        let ran = tried(&portal, &["--driver", driver]).await?;
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("as the portal's truth: 3 accounts"), "{}", ran.stdout);
        let oracle = portal.oracle();
        assert_eq!((oracle.password_submits, oracle.sign_outs, oracle.concurrent_sessions_max), (1, 1, 1));
    }
    Ok(())
}

#[tokio::test]
async fn a_portal_that_changed_is_told_with_what_went_wrong() -> Outcome {
    let portal = Kontor::start(Kontor::settings()).await?;
    portal.set_faults(Faults { layout_variant: true, ..Faults::default() });
    let ran = tried(&portal, &["--driver", "http", "--json"]).await?;
    assert_eq!(ran.code, Some(2), "{}\n{}", ran.stdout, ran.stderr);
    let verdict: Value = serde_json::from_str(&ran.stdout)?;
    assert_eq!(verdict["isTrue"], false, "{verdict}");
    assert!(verdict["differences"][0].as_str().is_some_and(|said| said.contains("script.")), "{verdict}");
    Ok(())
}

#[tokio::test]
async fn an_author_sees_which_files_came_and_what_was_made_of_them() -> Outcome {
    let portal = Kontor::start(Kontor::settings()).await?;
    let ran = driven("run", &portal, &["--driver", "http", "--since", "2026-11-01"]).await?;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("rows of camt.053") && ran.stderr.contains("of account 3"), "{}", ran.stderr);
    portal.set_faults(Faults { no_files: true, ..Faults::default() });
    let ran = driven("run", &portal, &["--driver", "http", "--since", "2026-11-01"]).await?;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("a page came in place of a file"), "{}", ran.stderr);
    Ok(())
}

/// Runs a portal by the script of a folder, its pages kept, with a person who knows the letters of a memorable word; what was
/// said on standard error.
async fn kept(portal: &RunningPortal, folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let data = tempfile::tempdir()?;
    let mut command = driving("run", portal, folder, data.path(), &["--driver", "cdp", "--save-pages"])?;
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let (mut stdin, stderr) = (stdin.ok_or("no input")?, stderr.ok_or("no standard error")?);
    let (mut lines, mut said) = (BufReader::new(stderr).lines(), String::new());
    while let Some(line) = lines.next_line().await? {
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("the bank asks") {
            let word = portal.credential("memorableWord");
            let places =
                line.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse::<usize>().ok());
            let letters: String = places.take(3).filter_map(|place| word.chars().nth(place.checked_sub(1)?)).collect();
            // One letter too few, which the terminal doesn't hand on.
            let few: String = letters.chars().skip(1).collect();
            stdin.write_all(format!("{few}\n{letters}\n").as_bytes()).await?;
        }
    }
    assert_eq!(child.wait().await?.code(), Some(0), "{said}");
    Ok(said)
}

/// The page that each saved page is named after, and the one that it is by the signs of its folder's script.
async fn recognised(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    let mut command = Command::new(built("agent")?);
    command.arg("test").arg(folder).arg("--json");
    let ran = run(command, "").await?;
    let tried: Value = serde_json::from_str(&ran.stdout)?;
    let page = |page: &Value| {
        let text = |key: &str| page[key].as_str().unwrap_or_default().to_owned();
        (text("page"), text("recognised"))
    };
    Ok(tried["pages"].as_array().into_iter().flatten().map(page).collect())
}

/// The truth's amounts, days and numbers of accounts, as portals may write them.
fn numbers(truth: &Value) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    let mut left = vec![truth];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(entries) => left.extend(entries.values()),
            Value::String(text) => {
                let digits = text.chars().filter(char::is_ascii_digit).count();
                let is_number = digits > 2 && text.chars().any(|letter| letter.is_ascii_digit() && letter != '0');
                if is_number && !text.chars().any(|letter| letter.is_alphabetic() || letter.is_whitespace()) {
                    numbers.extend([text.clone(), text.replace('.', ","), text.trim_start_matches('-').to_owned()]);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    numbers
}

/// What stands in the cells of a page.
fn cells(page: &str) -> impl Iterator<Item = char> {
    let cells = page.split("<td").skip(1).filter_map(|cell| cell.split_once('>'));
    let texts = cells.filter_map(|(_, rest)| rest.split("</td>").next());
    // What is between the tags, and not in them.
    texts.flat_map(|text| {
        text.split('<').enumerate().flat_map(|(at, part)| {
            let shown = if at == 0 { part } else { part.split_once('>').map_or("", |(_, shown)| shown) };
            shown.chars()
        })
    })
}

#[tokio::test]
async fn pages_that_a_run_kept_are_recognised_as_what_they_are_and_hold_no_cell_of_the_bank() -> Outcome {
    for (portal, wanted) in [
        (Lantern::start(Lantern::settings()).await?, ["sign_in", "letters", "accounts", "ledger"]),
        (Granary::start(Granary::settings()).await?, ["sign_in", "accounts", "account", "history"]),
    ] {
        let catalog = tempfile::tempdir()?;
        let folder = catalog.path().join(portal.name());
        std::fs::create_dir(&folder)?;
        for name in ["script.yaml", "institution.yaml"] {
            std::fs::copy(scripts().join(portal.name()).join(name), folder.join(name))?;
        }
        let said = kept(&portal, &folder).await?;
        assert_eq!(said.contains("nothing was sent; once more"), portal.name() == "lantern", "{said}");
        assert!(said.contains("look through them before anybody else sees them"), "{said}");
        let found = recognised(&folder).await?;
        for page in wanted {
            assert!(found.iter().any(|(known, _)| known == page), "`{page}` wasn't kept: {found:?}");
        }
        let others: Vec<_> = found.iter().filter(|(page, recognised)| page != recognised).collect();
        assert!(others.is_empty(), "of {}: {others:?}", portal.name());

        let truth = serde_json::to_value(portal.truth())?;
        let rows = truth["transactions"].as_array().ok_or("the truth has no rows")?;
        let descriptions: Vec<&str> = rows.iter().filter_map(|row| row["description"].as_str()).collect();
        assert!(descriptions.len() > 100, "only {} descriptions", descriptions.len());
        let numbers = numbers(&truth);
        assert!(numbers.len() > 100, "only {} amounts, days and account numbers", numbers.len());
        let pages = folder.join("pages");
        for page in std::fs::read_dir(&pages)? {
            let text = std::fs::read_to_string(page?.path())?;
            let left = descriptions.iter().find(|said| said.len() > 8 && text.contains(**said));
            assert!(left.is_none() && !text.contains(portal.password()), "{left:?} is in a page that was kept");
            // Where it was saved from has a port, which is nobody's.
            let (_, shown) = text.split_once(" -->").ok_or("it doesn't say where it is from")?;
            let left = numbers.iter().find(|number| shown.contains(number.as_str()));
            assert!(left.is_none(), "{left:?} is in a page that was kept");
            // However a day or an amount is written, it has a digit that is none of these.
            let told: String = cells(shown).filter(|letter| letter.is_ascii_digit() && *letter != '0').collect();
            assert_eq!(told, "", "digits are in the cells of a page that was kept");
        }

        let list = pages.join("accounts.html");
        std::fs::write(&list, "mine")?;
        let said = kept(&portal, &folder).await?;
        assert!(said.contains("is there already"), "{said}");
        assert_eq!(std::fs::read_to_string(list)?, "mine");
    }
    Ok(())
}
