//! `agent check`: all that is wrong with a script, without a browser.
//!
//! Not here: the rules; those are the script crate's.

use std::path::PathBuf;

use clap::Args;
use script::{DiagnosticCode, Script};

use super::{ReadError, WriteError, print, print_json, script_file, script_text};
use crate::cli::Exit;

/// What is checked.
#[derive(Debug, Args)]
pub struct Check {
    /// The script, or the folder that it is in.
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

impl Check {
    /// Prints what is wrong with the script.
    ///
    /// # Errors
    /// When it can't be read at all.
    pub fn obey(&self) -> Result<Exit, CheckError> {
        let path = script_file(&self.file);
        let source = script_text(&path)?;
        let parsed = Script::parse(&source);
        match (&parsed, self.json) {
            (Ok(_), true) => print("[]\n")?,
            (Err(diagnostics), true) => print_json(diagnostics)?,
            (Ok(script), false) => {
                let revision = Script::revision(&source);
                print(&format!(
                    "{}: a sound script for {}, revision {revision}\n",
                    path.display(),
                    script.institution()
                ))?;
            }
            (Err(diagnostics), false) => {
                let codes: Vec<&str> = diagnostics.codes().into_iter().map(DiagnosticCode::as_str).collect();
                let said = diagnostics.render(&path.display().to_string());
                print(&format!("{said}see: agent explain {}\n", codes.join(" ")))?;
            }
        }
        Ok(if parsed.is_ok() { Exit::Done } else { Exit::Faults })
    }
}
