//! `agent schema`: the language and the record as JSON Schema, for editors. docs/reference/script.schema.json and
//! docs/reference/institution.schema.json are what it prints, docs/reference/script.md and docs/reference/institution.md what
//! `--markdown` does.
//!
//! Not here: what the language is; that is the script crate's.

use clap::Args;
use script::{record_reference, record_schema, reference, schema};

use super::{WriteError, print, print_json};
use crate::cli::Exit;

/// What is printed.
#[derive(Debug, Args)]
pub struct Schema {
    /// Print that of the record, `institution.yaml`, and not that of scripts.
    #[arg(long)]
    record: bool,
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
        match (self.record, self.markdown) {
            (false, false) => print_json(&schema()),
            (false, true) => print(&reference()),
            (true, false) => print_json(&record_schema()),
            (true, true) => print(&record_reference()),
        }?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_in_the_repository_is_what_the_code_says() {
        let text = |schema| format!("{}\n", serde_json::to_string_pretty(&schema).expect("JSON"));
        for (name, said) in [
            ("script.schema.json", text(script::schema())),
            ("script.md", script::reference()),
            ("institution.schema.json", text(script::record_schema())),
            ("institution.md", script::record_reference()),
        ] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(name);
            let kept = std::fs::read_to_string(path).unwrap_or_default();
            assert!(kept == said, "docs/reference/{name} is out of date\nhint: `cargo xtask generate` writes it");
        }
    }
}
