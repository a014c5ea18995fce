//! The folder that is made of a recording: script, record, notes, pages, and the trail without what pages showed.
//!
//! What was typed is taken out of all of it, in whatever encoding the portal repeats it. A script that can't do without it
//! isn't written; the pages and the trail are, as where there is no script at all.
//!
//! Not here: what is found in a recording.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use domain::secret::Secret;
use jiff::civil::Date;
use script::recording::{Act, Deed, Page, Recording};
use script::{Draft, OwnWords, PageRead, Script, masked, scrub_keeping};
use url::Url;

use super::keypad::inside;
use super::ways::{Sieve, When};
use crate::addresses;
use crate::author::answers::clean_question;
use crate::author::new::{Login, New, NewError, asking, make_folder};
use crate::author::saved::{headed, headed_with_values};

/// What of the pages is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Their shape, and what the script itself says.
    Scrubbed,
    /// What they show, but for what was typed.
    Values,
}

/// What the folder is made of.
pub(super) struct Found<'f> {
    pub(super) recording: &'f Recording,
    pub(super) drafted: &'f Draft,
    /// The script; none where no page has a list of accounts.
    pub(super) source: Option<&'f str>,
}

/// Why there is no folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be made.
    #[error(transparent)]
    New(#[from] NewError),
    /// What was typed stands in the script.
    #[error("line {0} of the script would hold something that was typed, so that only pages and the trail are written")]
    Typed(usize),
}

impl FolderError {
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::New(error) => error.hint(),
            Self::Typed(_) => {
                Some("record with another user, whose name isn't a part of what the portal's pages are built of")
            }
        }
    }
}

/// What became of a folder.
pub(super) struct Written {
    /// What of it is cut, or isn't there.
    pub(super) lacks: Vec<String>,
    /// The line of the script that would hold something that was typed, for which there is no script.
    pub(super) typed: Option<usize>,
}

/// A folder that is there and can be written into, before a bank is asked for anything. Dropping it takes away what it had to
/// make and nothing came into.
pub(super) struct Claim {
    /// What wasn't there, the innermost first.
    made: Vec<PathBuf>,
}

impl Claim {
    /// Makes the folder, or takes one that is empty.
    pub(super) fn of(folder: &Path) -> Result<Self, NewError> {
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let is_missing = |path: &&Path| path.symlink_metadata().is_err();
        let claim = Self { made: whole.ancestors().take_while(is_missing).map(Path::to_owned).collect() };
        make_folder(folder)?;
        let path = folder.join("recording");
        let tried = OpenOptions::new().write(true).create_new(true).open(&path);
        let tried = tried.and_then(|_| std::fs::remove_file(&path));
        tried.map_err(|source| NewError::Unwritable { path, source })?;
        Ok(claim)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // One that something came into isn't taken away, nor what it is in.
        let _ = self.made.iter().try_for_each(std::fs::remove_dir);
    }
}

/// Makes it.
pub(super) fn write(
    folder: &Path,
    id: &str,
    found: &Found<'_>,
    secrets: &[Secret],
    kept: Kept,
) -> Result<Written, FolderError> {
    let Found { recording, drafted, source } = found;
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    let (pages, lacks) = seen(found, &secrets, kept);
    let typed = source.and_then(|source| typed(source, recording, &secrets));
    let new = New::like(
        folder.to_owned(),
        &recording.portal,
        (drafted.locale, drafted.currency.clone(), drafted.timezone),
        Login::Password,
    );
    let Some(source) = source.filter(|_| typed.is_none()) else {
        new.make(&pages)?;
        return Ok(Written { lacks, typed });
    };
    let files = new.files(id).into_iter().filter(|(name, _)| !name.starts_with("pages/"));
    let mut files: Vec<(PathBuf, String)> = files
        .map(|(name, text)| match name {
            "script.yaml" => (name.into(), source.to_owned()),
            "institution.yaml" => (name.into(), asking(&text, source)),
            "NOTES.md" => (name.into(), notes(&text, found, &secrets)),
            _ => (name.into(), text),
        })
        .collect();
    files.extend(pages);
    new.make(&files)?;
    Ok(Written { lacks, typed })
}

/// The pages of the script and the trail, as they may be kept, and what of them is cut or isn't there.
fn seen(found: &Found<'_>, secrets: &[&str], kept: Kept) -> (Vec<(PathBuf, String)>, Vec<String>) {
    let Found { recording, drafted, source } = found;
    let own = OwnWords::of(source.unwrap_or_default());
    let (mut files, mut lacks) = (Vec::new(), Vec::new());
    let mut keep = |name: String, page: &Page, html: &str| {
        let address = addresses::scrubbed_for(&page.url, secrets, own.addresses());
        let text = match kept {
            Kept::Scrubbed => {
                let scrubbed = scrub_keeping(html, secrets, &own);
                if scrubbed.is_cut {
                    lacks.push(format!("{name} is cut, as the page is too large"));
                }
                if scrubbed.emptied_frames > 0 {
                    lacks
                        .push(format!("{} frames of {name} are empty, as they are too large", scrubbed.emptied_frames));
                }
                headed(&address, &scrubbed.html)
            }
            Kept::Values => headed_with_values(&address, &script::without(html, secrets)),
        };
        files.push((PathBuf::from(name), text));
    };
    let shown = recording.pages.iter().filter_map(|page| Some((page, page.html.as_deref()?)));
    for (at, (drafted, (page, html))) in drafted.pages.iter().zip(shown).enumerate() {
        match drafted.page {
            Some(kind) => keep(format!("pages/{}.html", kind.as_str()), page, html),
            // Which of them has the list, somebody has to see.
            None if source.is_none() => keep(format!("pages/seen-{}.html", at + 1), page, html),
            None => {}
        }
    }
    // Of scrubbed pages nothing is read, so one of each is all that there is to know.
    if let (Some(source), Kept::Values) = (source, kept) {
        for (name, page, html) in further(recording, drafted, source) {
            keep(name, page, html);
        }
    }
    let sieve = Sieve { secrets, own: &own, kept };
    match bare(recording, drafted, &sieve).write() {
        Ok(trail) => files.push(("pages/recording.json".into(), trail)),
        Err(why) => lacks.push(format!("pages/recording.json isn't there: {why}")),
    }
    (files, lacks)
}

/// The further pages of lists of transactions, and the pages of other accounts, each once: `account.2.html` and so on. They are in
/// the order in which they were seen, which is that of each list.
fn further<'r>(recording: &'r Recording, drafted: &Draft, source: &str) -> Vec<(String, &'r Page, &'r str)> {
    let Ok(script) = Script::parse(source) else { return Vec::new() };
    let mut found = Vec::new();
    let mut seen: Vec<(String, PageRead)> = Vec::new();
    let is_acted_on = |at: usize| recording.acts.iter().any(|act| act.on == Some(at) && act.target.is_some());
    let shown = recording.pages.iter().enumerate().filter_map(|(at, page)| Some((at, page, page.html.as_deref()?)));
    for ((at, page, html), drafted) in shown.zip(&drafted.pages) {
        let sights = script.sights(&page.url, html).unwrap_or_default();
        let Some(sight) = sights.into_iter().find(script::Sight::holds) else { continue };
        // A day is needed to read one without a year, and whichever it is tells pages apart as well.
        let Ok(read) = script.read_page(&sight.page, html, Date::constant(2000, 1, 1)) else { continue };
        // What was seen while it was still coming has no rows either, but nobody goes on from there.
        let has_rows = |rows: &Vec<_>| !rows.is_empty() || is_acted_on(at);
        let is_listed = read.account.is_some() || read.transactions.as_ref().is_some_and(has_rows);
        let known = seen.iter().filter(|(name, _)| *name == sight.page);
        let count = known.clone().count();
        if !is_listed || known.clone().any(|(_, known)| *known == read) || read.accounts.is_some() {
            continue;
        }
        if drafted.page.is_none() {
            found.push((format!("pages/{}.{}.html", sight.page, count + 1), page, html));
        }
        seen.push((sight.page, read));
    }
    found
}

/// The first line of a script that holds something that was typed, from 1. What shows on no page the script doesn't have from
/// one: it is a word of the language's own.
fn typed(source: &str, recording: &Recording, secrets: &[&str]) -> Option<usize> {
    let holds = |text: &str, secret: &&str| masked(text, &[*secret]) != text;
    let shown =
        |secret: &&str| recording.pages.iter().filter_map(|page| page.html.as_deref()).any(|html| holds(html, secret));
    let lines = source.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    let mut held = lines.filter_map(|(at, line)| {
        let found: Vec<&str> = secrets.iter().filter(|secret| holds(line, secret)).copied().collect();
        (!found.is_empty()).then_some((at, found))
    });
    held.find(|(_, found)| found.iter().any(&shown)).map(|(at, _)| at + 1)
}

/// What was found, without what was typed.
pub(super) fn clean(drafted: &Draft, secrets: &[Secret]) -> Draft {
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    let words = |text: &String| masked(text, &secrets);
    let mut drafted = drafted.clone();
    for finding in &mut drafted.findings {
        (finding.value, finding.why) = (words(&finding.value), words(&finding.why));
    }
    drafted.questions = drafted.questions.iter().map(|question| clean_question(question, &secrets)).collect();
    for (_, text) in &mut drafted.sign_in {
        *text = words(text);
    }
    drafted.script = drafted.script.as_ref().map(|script| {
        let lines: Vec<String> = script.lines().map(|line| masked(line, &secrets)).collect();
        format!("{}\n", lines.join("\n"))
    });
    drafted
}

/// The trail, without what pages showed, what was typed, and what is a customer's or a session's in addresses.
fn bare(recording: &Recording, drafted: &Draft, sieve: &Sieve<'_>) -> Recording {
    let mut trail = recording.trail();
    let inside = inside(recording, drafted);
    let first = recording.acts.iter().position(|act| act.on.is_some_and(|on| on >= inside));
    for (act, value) in &drafted.values {
        if let Some(Deed::Fill { with, .. }) = trail.acts.get_mut(*act).map(|act| &mut act.does) {
            *with = *value;
        }
    }
    let shown = trail.pages.iter_mut().zip(&recording.pages).filter(|(_, page)| page.html.is_some());
    shown.zip(&drafted.pages).for_each(|((page, _), drafted)| page.kind = drafted.page);
    let address = |url: &mut Url| *url = addresses::scrubbed(url, sieve.secrets);
    address(&mut trail.portal);
    trail.pages.iter_mut().for_each(|page| address(&mut page.url));
    for (at, act) in trail.acts.iter_mut().enumerate() {
        if let Deed::Navigate { url } = &mut act.does {
            address(url);
        }
        let when = if first.is_some_and(|first| at >= first) { When::Inside } else { When::Before };
        act.target = act.target.as_ref().and_then(|target| sieve.target(target, when));
    }
    trail
}

/// The notes that every folder has, and what was found.
fn notes(text: &str, found: &Found<'_>, secrets: &[&str]) -> String {
    let Found { recording, drafted, .. } = found;
    let mut notes = format!("{}\n\n## As recorded\n\n", text.trim_end());
    for finding in &drafted.findings {
        let line = format!("- {}: `{}`, {}: {}", finding.what, finding.value, finding.sureness.as_str(), finding.why);
        // One line each, whatever the portal wrote.
        let line: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
        notes.push_str(&format!("{}\n", masked(&line, secrets)));
    }
    for what in &drafted.missing {
        notes.push_str(&format!("- not shown while it was recorded: {what}\n"));
    }
    let is_by_keypad = |act: &Act| act.target.is_none() && matches!(act.does, Deed::Fill { .. });
    if recording.acts.iter().any(is_by_keypad) {
        notes.push_str("- something was put in on a keypad that the page shows: no step of a script does that\n");
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::secret::Secret;
    use script::recording::{Act, Deed, Length, Page, Recording, Target, Value, Way};

    use super::{Found, Kept, typed, write};
    use crate::author::answers::open;

    fn recording(pages: &[&str]) -> Recording {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        let page = |html: &&str| Page { url: url.clone(), window: 0, html: Some((*html).to_owned()), kind: None };
        recording.pages.extend(pages.iter().map(page));
        recording
    }

    fn draft(recording: &Recording) -> script::Draft {
        let today = "2026-11-20".parse().expect("a day");
        script::draft_recording("bank", recording, &BTreeMap::new(), today).expect("a draft")
    }

    #[test]
    fn a_word_of_the_language_is_no_text_of_a_page() {
        let source =
            "# savings\nreads:\n  accounts:\n    map: { type: { Livret: savings } }\n    open: \"#acct-ada a\"\n";
        let line = |secret: &str, pages: &[&str]| typed(source, &recording(pages), &[secret]);
        assert_eq!(line("savings", &["<p>Livret", "<i id=acct-ada>"]), None);
        assert_eq!(line("savings", &["<p>Livret", "<p>Savings"]), Some(4));
        assert_eq!(line("acct-ada", &["<p>Livret", "<i id=acct-ada>"]), Some(5));
    }

    #[test]
    fn a_script_that_would_hold_what_was_typed_leaves_the_pages_and_the_trail() {
        let list = "<table id=canary><tr><th>Account<th>Type<th>Balance<tr><td><a href=/a>Op</a><td>Checking<td>$950.00<tr><td><a href=/b>Res</a><td>Savings<td>$2.00</table>";
        let recording = recording(&[list]);
        let (drafted, folder) = (draft(&recording), tempfile::tempdir().expect("a folder"));
        let source = drafted.script.clone().expect("a script");
        assert!(source.contains("#canary"), "{source}");
        let found = Found { recording: &recording, drafted: &drafted, source: Some(&source) };
        let into = folder.path().join("bank");
        let written = write(&into, "bank", &found, &[Secret::new("canary".into())], Kept::Scrubbed).expect("a folder");
        assert!(written.typed.is_some() && written.lacks.is_empty(), "{:?}", written.lacks);
        for name in ["pages/accounts.html", "pages/recording.json"] {
            let text = std::fs::read_to_string(into.join(name)).expect(name);
            assert!(!text.contains("canary") && !text.contains("950"), "{name}: {text}");
        }
        assert!(!into.join("script.yaml").exists());
    }

    #[test]
    fn what_is_cut_of_a_folder_or_isnt_in_it_is_told() {
        let list = "<table><tr><th>Account<th>Type<th>Balance<tr><td><a href=/a>Op</a><td>Checking<td>$950.00<tr><td><a href=/b>Res</a><td>Savings<td>$2.00</table>";
        let mut recording = recording(&[&format!("{list}{}", "<p>word word</p>".repeat(20_000))]);
        let (drafted, folder) = (draft(&recording), tempfile::tempdir().expect("a folder"));
        recording.acts.push(Act { on: Some(7), does: Deed::Click, target: None, then: None });
        let source = drafted.script.clone().expect("a script");
        let found = Found { recording: &recording, drafted: &drafted, source: Some(&source) };
        let written = write(&folder.path().join("bank"), "bank", &found, &[], Kept::Scrubbed).expect("a folder");
        let expected = [
            "pages/accounts.html is cut, as the page is too large",
            "pages/recording.json isn't there: act 0 names page 7, which isn't there",
        ];
        assert_eq!(written.lacks, expected);
    }

    #[test]
    fn what_was_typed_is_in_no_question_and_the_answer_finds_its_question() {
        let mut recording = recording(&["<form><input id=canary-7><button>Go</button></form>", "<p>Welcome"]);
        let target = Target { within: Vec::new(), ways: vec![Way::Css("#canary-7".into())] };
        let fill = Deed::Fill { with: Value::Other, length: Length::Short };
        recording.acts.push(Act { on: Some(0), does: fill, target: Some(target), then: None });
        let (drafted, secrets) = (draft(&recording), [Secret::new("canary-7".into())]);
        let asked = open(&drafted, &BTreeMap::new(), &secrets);
        assert_eq!(asked.len(), 1, "{asked:?}");
        let (id, question) = &asked[0];
        assert!(!format!("{question:?}").contains("canary") && question.asks.contains("typed"), "{question:?}");
        assert_eq!(question.proposal, "username");
        let given = BTreeMap::from([(id.clone(), "code".to_owned())]);
        assert!(open(&drafted, &given, &secrets).is_empty());
    }
}
