//! `agent check`: all that is wrong with a script and the record beside it, without a browser.
//!
//! Not here: the rules; those are the script crate's.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;
use domain::institution::Institution;
use script::{Around, Diagnostic, DiagnosticCode, Diagnostics, Script, check_record};
use serde::Serialize;

use super::{Listing, RECORD, ReadError, SCRIPT, WriteError, plain, print, print_json, say, script_text};
use crate::cli::Exit;

/// What is checked.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder, with its script and its record; or one of the two files.
    file: PathBuf,
    /// One JSON list, for programs.
    #[arg(long)]
    json: bool,
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The script can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A file, and what is wrong with it.
struct Checked<T> {
    path: PathBuf,
    source: String,
    read: Result<T, Diagnostics>,
}

/// A fault for programs.
#[derive(Serialize)]
struct Fault<'a> {
    /// The name of the file that it is in.
    file: Cow<'a, str>,
    #[serde(flatten)]
    fault: &'a Diagnostic,
}

impl<'a> Fault<'a> {
    fn of(path: &'a Path, fault: &'a Diagnostic) -> Self {
        Self { file: path.file_name().unwrap_or_default().to_string_lossy(), fault }
    }
}

impl Check {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Prints what is wrong with the script and the record.
    ///
    /// # Errors
    /// When they can't be read at all.
    pub fn obey(&self) -> Result<Exit, CheckError> {
        let is_folder = self.file.is_dir();
        let is_record = self.file.file_name() == Some(OsStr::new(RECORD));
        let beside = self.file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = if is_folder { self.file.as_path() } else { beside };
        let (script, record) = (folder.join(SCRIPT), folder.join(RECORD));
        let has_record = is_record || (is_folder && record.is_file());
        // An institution may have a record long before it has a script.
        let script = match (is_folder || is_record, has_record) {
            (true, is_optional) => Some(script).filter(|script| !is_optional || script.is_file()),
            (false, _) => Some(self.file.clone()),
        };
        let script = script.map(checked_script).transpose()?;
        if is_folder && !has_record {
            say(&format!("{} has no {RECORD}, without which no coordinator takes it", folder.display()));
        }
        if is_folder && script.is_none() {
            say(&format!("{} has no {SCRIPT} yet, so connections to it wait for one", folder.display()));
        }
        let record = has_record.then(|| checked_record(record, folder, script.as_ref())).transpose()?;
        // A record that is asked for by itself is held against its script, which isn't told of.
        let script = script.filter(|_| !is_record);
        let lists = [faults(script.as_ref()), faults(record.as_ref())];
        let lists: Vec<(&Path, &Diagnostics)> = lists.into_iter().flatten().collect();
        if self.listing() == Listing::Json {
            let all = lists.iter().flat_map(|&(path, list)| list.iter().map(move |fault| Fault::of(path, fault)));
            print_json(&all.collect::<Vec<_>>())?;
        } else {
            print(&told(script.as_ref(), record.as_ref(), &lists))?;
        }
        Ok(if lists.is_empty() { Exit::Done } else { Exit::Faults })
    }
}

fn checked_script(path: PathBuf) -> Result<Checked<Script>, ReadError> {
    let source = script_text(&path)?;
    let read = Script::parse(&source);
    Ok(Checked { path, source, read })
}

fn checked_record(
    path: PathBuf,
    folder: &Path,
    script: Option<&Checked<Script>>,
) -> Result<Checked<Institution>, ReadError> {
    let source = script_text(&path)?;
    // `.` has no name of its own.
    let folder = std::path::absolute(folder).ok();
    let folder = folder.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
    let script = script.and_then(|script| script.read.as_ref().ok());
    let read = check_record(&source, Around { folder, script });
    Ok(Checked { path, source, read })
}

fn faults<T>(checked: Option<&Checked<T>>) -> Option<(&Path, &Diagnostics)> {
    let Checked { path, read, .. } = checked?;
    Some((path.as_path(), read.as_ref().err()?))
}

/// What is wrong with each, and what is sound.
fn told(
    script: Option<&Checked<Script>>,
    record: Option<&Checked<Institution>>,
    lists: &[(&Path, &Diagnostics)],
) -> String {
    let mut said = String::new();
    if let Some(Checked { path, source, read: Ok(script) }) = script {
        let (path, institution) = (path.display(), script.institution());
        said.push_str(&format!("{path}: a sound script for {institution}, revision {}\n", Script::revision(source)));
    }
    if let Some(Checked { path, read: Ok(record), .. }) = record {
        said.push_str(&format!("{}: a sound record of {}\n", path.display(), record.name));
    }
    for (path, list) in lists {
        said.push_str(&list.render(&path.display().to_string()));
    }
    let mut codes: Vec<&str> = lists.iter().flat_map(|(_, list)| list.codes()).map(DiagnosticCode::as_str).collect();
    codes.sort_unstable();
    codes.dedup();
    if !codes.is_empty() {
        said.push_str(&format!("see: agent explain {}\n", codes.join(" ")));
    }
    // A script may be somebody else's, and its words come through.
    said.lines().map(|line| format!("{}\n", plain(line))).collect()
}
