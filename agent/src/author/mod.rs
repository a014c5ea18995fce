//! The commands of script authors, who have a terminal, an editor and no coordinator: from a new folder to a script that
//! was tried.
//!
//! ```text
//! record, draft, new ─▶ check ─▶ test (saved pages) ─▶ test --portal (a simulated portal) ─▶ run (the real one)
//!   └ import, export       └ fmt, explain, schema       ▲                                  │
//!                                                       └ scrub ─▶ simulate      repair ◀──┘ once the portal has changed
//! ```
//!
//! Not here: the language, which is the script crate's; and working under leases.

pub mod answers;
pub mod check;
pub mod draft;
pub mod explain;
pub mod export;
pub mod fmt;
mod folder;
pub mod import;
pub mod new;
mod pages;
mod proof;
pub mod record;
pub mod recorded;
pub mod repair;
pub mod run;
mod saved;
pub mod schema;
pub mod scrub;
pub mod simulate;
mod terminal;
pub mod test;
pub mod visit;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How large a script may be to be read at all; the reader of scripts is stricter still.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What an institution's folder has beside its pages.
const SCRIPT: &str = "script.yaml";
const RECORD: &str = "institution.yaml";

/// How what a command says is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// To people.
    Text,
    /// To programs.
    Json,
}

/// Why a script's text isn't there.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A script that is no script.
    #[error("{} is far too large for a script", .0.display())]
    TooLarge(PathBuf),
}

/// The file that is meant by a path: the script in it, where it is a folder.
fn script_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(SCRIPT) } else { path.to_owned() }
}

/// The text of a script.
fn script_text(path: &Path) -> Result<String, ReadError> {
    let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
    if plain_file(path).map_err(unreadable)? > LARGEST {
        return Err(ReadError::TooLarge(path.to_owned()));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

/// How large a file is, in bytes. What isn't one, as a pipe or a device, may have no end.
fn plain_file(path: &Path) -> io::Result<u64> {
    let found = std::fs::metadata(path)?;
    match found.is_file() || found.is_dir() {
        true => Ok(found.len()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file")),
    }
}

/// Standard output is closed.
#[derive(Debug, thiserror::Error)]
#[error("could not write to standard output")]
pub struct WriteError(#[from] io::Error);

/// Prints data. Whoever reads it may have had enough before its end, as `head` has.
pub(crate) fn print(text: &str) -> Result<(), WriteError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Prints a value for programs.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), WriteError> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    print(&format!("{text}\n"))
}

/// Says something to whoever sits at the terminal; where nobody listens, nothing is lost.
pub(crate) fn say(text: &str) {
    let lines: Vec<String> = text.lines().map(plain).collect();
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

/// An error's causes, a line each.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.map(|cause| format!("  because: {cause}\n")).collect()
}

/// A portal's text, or a file's name, as a terminal may show it: without what moves the cursor, colours or turns what
/// follows around.
pub(crate) fn plain(text: &str) -> String {
    let is_order =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = text.chars().filter(|letter| !is_order(*letter));
    shown.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_portals_text_gives_a_terminal_no_orders() {
        assert_eq!(plain("Sign in\u{1b}[2J\u{7}\r\n now\u{202e}!"), "Sign in [2J    now!");
        assert_eq!(plain("Überweisung 残高"), "Überweisung 残高");
    }
}
