//! `agent schema`: the language as JSON Schema, for editors. docs/reference/script.schema.json is what it prints, and
//! docs/reference/script.md what `--markdown` does.
//!
//! Not here: what the language is; that is the script crate's.

use clap::Args;
use script::{reference, schema};

use super::{WriteError, print, print_json};
use crate::cli::Exit;

/// What is printed.
#[derive(Debug, Args)]
pub struct Schema {
    /// Print the page of the documents: every key with a sentence about it.
    #[arg(long)]
    markdown: bool,
}

impl Schema {
    /// Prints the schema.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn obey(&self) -> Result<Exit, WriteError> {
        if self.markdown { print(&reference()) } else { print_json(&schema()) }?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_in_the_repository_is_what_the_code_says() {
        let schema = format!("{}\n", serde_json::to_string_pretty(&script::schema()).expect("JSON"));
        for (name, said) in [("script.schema.json", schema), ("script.md", script::reference())] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(name);
            let kept = std::fs::read_to_string(path).unwrap_or_default();
            assert!(kept == said, "docs/reference/{name} is out of date\nhint: `cargo xtask generate` writes it");
        }
    }
}
