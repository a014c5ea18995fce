//! The folder that is made of a recording: script, record, notes, pages, and the trail without what pages showed.
//!
//! What was typed is taken out of all of it, in whatever encoding the portal repeats it. A script that can't do without it
//! isn't written.
//!
//! Not here: what is found in a recording.

use std::path::{Path, PathBuf};

use domain::secret::Secret;
use script::recording::{Deed, PageKind, Recording, Target, Way};
use script::{Draft, OwnWords, Script, masked, scrub_keeping};
use url::Url;

use crate::addresses;
use crate::author::new::{Login, New, NewError};
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
    pub(super) source: &'f str,
}

/// Why there is no folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It can't be made.
    #[error(transparent)]
    New(#[from] NewError),
    /// What was typed stands in the script.
    #[error("line {0} of the script would hold something that was typed")]
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

/// Whether a folder may be made there, before a bank is asked for anything.
pub(super) fn is_free(folder: &Path) -> Result<(), NewError> {
    let is_taken = std::fs::read_dir(folder).map_or_else(|_| folder.is_file(), |mut entries| entries.next().is_some());
    if is_taken { Err(NewError::Taken(folder.to_owned())) } else { Ok(()) }
}

/// Makes it.
pub(super) fn write(
    folder: &Path,
    id: &str,
    found: &Found<'_>,
    secrets: &[Secret],
    kept: Kept,
) -> Result<(), FolderError> {
    let Found { recording, drafted, source } = found;
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    // What the portal itself says wherever it is asked is no secret: only whole lines are looked at.
    if let Some((at, _)) = source.lines().enumerate().find(|(_, line)| masked(line, &secrets) != *line) {
        return Err(FolderError::Typed(at + 1));
    }
    let has_code = drafted.pages.iter().any(|page| page.page == Some(PageKind::Code));
    let login = if has_code { Login::PasswordAndCode } else { Login::Password };
    let new = New::like(
        folder.to_owned(),
        portal(&recording.portal),
        (drafted.locale, drafted.currency.clone(), drafted.timezone),
        login,
    );
    let files = new.files(id).into_iter().filter(|(name, _)| !name.starts_with("pages/"));
    let mut files: Vec<(PathBuf, String)> = files
        .map(|(name, text)| match name {
            "script.yaml" => (name.into(), (*source).to_owned()),
            "institution.yaml" => (name.into(), asking(&text, source)),
            "NOTES.md" => (name.into(), notes(&text, drafted, &secrets)),
            _ => (name.into(), text),
        })
        .collect();
    let own = OwnWords::of(source);
    let of_script = drafted.pages.iter().zip(recording.pages.iter().filter(|page| page.html.is_some()));
    for (drafted, page) in of_script {
        let (Some(kind), Some(html)) = (drafted.page, &page.html) else { continue };
        let address = addresses::scrubbed_for(&page.url, &secrets, own.addresses());
        let text = match kept {
            Kept::Scrubbed => headed(&address, &scrub_keeping(html, &secrets, &own).html),
            Kept::Values => headed_with_values(&address, &script::without(html, &secrets)),
        };
        files.push((format!("pages/{}.html", kind.as_str()).into(), text));
    }
    if let Ok(trail) = bare(recording, drafted, &secrets).write() {
        files.push(("pages/recording.json".into(), trail));
    }
    Ok(new.make(&files)?)
}

/// The record, which asks for the credentials that the script fills in.
fn asking(record: &str, source: &str) -> String {
    let Ok(script) = Script::parse(source) else { return record.to_owned() };
    let names: Vec<String> = script.credentials().iter().map(ToString::to_string).collect();
    let line = |line: &str| match line.starts_with("credentials:") {
        true => format!("credentials: [{}]\n", names.join(", ")),
        false => format!("{line}\n"),
    };
    record.lines().map(line).collect()
}

/// What was found, without what was typed.
pub(super) fn clean(drafted: &Draft, secrets: &[Secret]) -> Draft {
    let secrets: Vec<&str> = secrets.iter().map(Secret::expose).collect();
    let words = |text: &String| masked(text, &secrets);
    let mut drafted = drafted.clone();
    for finding in &mut drafted.findings {
        (finding.value, finding.why) = (words(&finding.value), words(&finding.why));
    }
    for question in &mut drafted.questions {
        (question.id, question.asks) = (words(&question.id), words(&question.asks));
        question.proposal = words(&question.proposal);
    }
    drafted.script = drafted.script.as_ref().map(|script| {
        let lines: Vec<String> = script.lines().map(|line| masked(line, &secrets)).collect();
        format!("{}\n", lines.join("\n"))
    });
    drafted
}

/// The trail, without what pages showed, what was typed, and what is a customer's or a session's in addresses.
fn bare(recording: &Recording, drafted: &Draft, secrets: &[&str]) -> Recording {
    let mut trail = recording.trail();
    for (act, value) in &drafted.values {
        if let Some(Deed::Fill { with, .. }) = trail.acts.get_mut(*act).map(|act| &mut act.does) {
            *with = *value;
        }
    }
    let shown = trail.pages.iter_mut().zip(&recording.pages).filter(|(_, page)| page.html.is_some());
    shown.zip(&drafted.pages).for_each(|((page, _), drafted)| page.kind = drafted.page);
    let address = |url: &mut Url| *url = addresses::scrubbed(url, secrets);
    address(&mut trail.portal);
    trail.pages.iter_mut().for_each(|page| address(&mut page.url));
    for act in &mut trail.acts {
        if let Deed::Navigate { url } = &mut act.does {
            address(url);
        }
        if let Some(target) = &mut act.target {
            *target = without(target, secrets);
        }
    }
    trail
}

/// A target without the ways that repeat what was typed.
fn without(target: &Target, secrets: &[&str]) -> Target {
    let is_bare = |way: &Way| {
        let text = format!("{way:?}");
        masked(&text, secrets) == text
    };
    let mut target = target.clone();
    let place = target.ways.iter().rfind(|way| matches!(way, Way::Xpath(_))).cloned();
    target.ways.retain(is_bare);
    if target.ways.is_empty() {
        target.ways.extend(place);
    }
    target
}

/// The notes that every folder has, and what was found.
fn notes(text: &str, drafted: &Draft, secrets: &[&str]) -> String {
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
    notes
}

/// The portal's address for the record, which is never one on this machine.
fn portal(url: &Url) -> Url {
    let mut portal = url.clone();
    portal.set_query(None);
    portal.set_fragment(None);
    if portal.scheme() == "https" {
        return portal;
    }
    let example = Url::parse("https://portal.example/");
    example.unwrap_or(portal)
}
