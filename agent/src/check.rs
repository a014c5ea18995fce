//! `agent check`: all that is wrong with a script, without a browser.
//!
//! Not here: the rules; those are the script crate's.

use std::io::Write;
use std::path::Path;

use script::Script;

use crate::cli::{CliError, Exit, Listing};

/// How large a script may be; the reader of scripts is stricter still.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Prints what is wrong with the script at `path`.
///
/// # Errors
/// When it can't be read at all.
pub fn check(path: &Path, listing: Listing, mut out: impl Write) -> Result<Exit, CliError> {
    let unreadable = |source| CliError::Read { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > LARGEST {
        return Err(CliError::TooLarge(path.to_owned()));
    }
    let source = std::fs::read_to_string(path).map_err(unreadable)?;
    let parsed = Script::parse(&source);
    let said = match (&parsed, listing) {
        (Ok(_), Listing::Json) => "[]\n".to_owned(),
        (Ok(script), Listing::Text) => {
            let revision = Script::revision(&source);
            format!("{}: a sound script for {}, revision {revision}\n", path.display(), script.institution())
        }
        (Err(diagnostics), Listing::Json) => {
            let list = serde_json::to_string_pretty(diagnostics).map_err(std::io::Error::other);
            format!("{}\n", list.map_err(CliError::Write)?)
        }
        (Err(diagnostics), Listing::Text) => diagnostics.render(&path.display().to_string()),
    };
    out.write_all(said.as_bytes()).map_err(CliError::Write)?;
    Ok(if parsed.is_ok() { Exit::Done } else { Exit::Faults })
}
