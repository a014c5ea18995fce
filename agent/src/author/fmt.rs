//! `agent fmt`: lays scripts out: keys in the order of the language, levels, blank lines; comments and texts stay.
//!
//! Not here: how; that is the script crate's.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use script::format;

use super::{ReadError, WriteError, causes, plain, print, say, script_file, script_text};
use crate::cli::Exit;

/// What is laid out.
#[derive(Debug, Args)]
pub struct Fmt {
    /// The scripts, or the folders that they are in; `-` reads standard input and prints the result.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write nothing: name the files that aren't laid out, and end with 2 if there is one.
    #[arg(long)]
    check: bool,
}

/// Why nothing was laid out.
#[derive(Debug, thiserror::Error)]
pub enum FmtError {
    /// A script can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Standard input can't be read.
    #[error("could not read standard input")]
    Input(#[source] io::Error),
    /// A script can't be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Fmt {
    /// Lays the scripts out, each by itself: one that can't be doesn't keep the others from it.
    ///
    /// # Errors
    /// The last of what couldn't be read or written, those before it having been said.
    pub fn obey(&self) -> Result<Exit, FmtError> {
        let mut exit = Ok(Exit::Done);
        for end in self.files.iter().map(|file| self.lay_out(file)) {
            match (&exit, end) {
                (_, Ok(Exit::Done)) | (Err(_), Ok(_)) => {}
                (Err(before), Err(error)) => {
                    say(&format!("error: {before}\n{}", causes(before)));
                    exit = Err(error);
                }
                (Ok(_), end) => exit = end,
            }
        }
        exit
    }

    fn lay_out(&self, file: &Path) -> Result<Exit, FmtError> {
        let is_input = file == Path::new("-");
        let path = script_file(file);
        let source = if is_input { input()? } else { script_text(&path)? };
        let name = if is_input { "standard input".into() } else { plain(&path.display().to_string()) };
        let laid_out = match format(&source) {
            Ok(laid_out) => laid_out,
            Err(faults) => {
                say(&faults.render(&name));
                return Ok(Exit::Faults);
            }
        };
        match (laid_out == source, self.check, is_input) {
            (true, true, _) | (true, false, false) => {}
            (false, true, _) => {
                print(&format!("{name}\n"))?;
                return Ok(Exit::Faults);
            }
            (_, false, true) => print(&laid_out)?,
            (false, false, false) => {
                replace(&path, &laid_out)?;
                say(&format!("laid out {name}"));
            }
        }
        Ok(Exit::Done)
    }
}

fn input() -> Result<String, FmtError> {
    let mut source = String::new();
    io::stdin().lock().read_to_string(&mut source).map_err(FmtError::Input)?;
    Ok(source)
}

/// Puts a file in the place of another at once, so that nobody ever sees half of it.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), FmtError> {
    let unwritable = |source| FmtError::Unwritable { path: path.to_owned(), source };
    // What a link leads to is written, and the link stays.
    let target = path.canonicalize().map_err(unwritable)?;
    let beside = target.with_extension(format!("{}.tmp", std::process::id()));
    let permissions = std::fs::metadata(&target).map_err(unwritable)?.permissions();
    let written = std::fs::write(&beside, text)
        .and_then(|()| std::fs::set_permissions(&beside, permissions))
        .and_then(|()| std::fs::rename(&beside, &target));
    written.map_err(|source| {
        let _ = std::fs::remove_file(&beside);
        unwritable(source)
    })
}
