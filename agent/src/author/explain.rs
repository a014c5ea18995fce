//! `agent explain`: what a fault means, an example of it, and how to mend it.
//! docs/reference/diagnostics.md is what `--markdown` prints.
//!
//! Not here: the explanations; those are the script crate's.

use clap::Args;
use script::{DiagnosticCode, explain, explanations};

use super::{WriteError, print};
use crate::cli::Exit;

/// What is explained.
#[derive(Debug, Args)]
pub struct Explain {
    /// The codes, as `agent check` shows them in brackets; all of them in a line each, where none is named.
    codes: Vec<DiagnosticCode>,
    /// Print the page of the documents.
    #[arg(long, conflicts_with = "codes")]
    markdown: bool,
}

impl Explain {
    /// Prints the explanations.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn obey(&self) -> Result<Exit, WriteError> {
        if self.markdown {
            print(&explanations())?;
        } else if self.codes.is_empty() {
            let lines = DiagnosticCode::ALL.iter().map(|code| format!("{:<20}{}\n", code.as_str(), code.meaning()));
            print(&lines.collect::<String>())?;
        } else {
            let told = self.codes.iter().map(|code| format!("# {}\n\n{}", code.as_str(), explain(*code)));
            print(&told.collect::<Vec<_>>().join("\n"))?;
        }
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_in_the_repository_is_what_the_code_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/diagnostics.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        let is_same = kept == script::explanations();
        assert!(is_same, "docs/reference/diagnostics.md is out of date\nhint: `cargo xtask generate` writes it");
    }
}
