//! What an agent says in its log of the files that a portal was asked for, beside the pages.
//!
//! Not here: what a run comes to; a file that can't be read is no failure of it.

use script::command::Told;

/// Says what became of a file.
pub(crate) fn say(told: &Told) {
    match told {
        Told::File { account, format, bytes, rows } => tracing::info!(account, format, bytes, rows, "read a file"),
        Told::NoFile { account, why } => tracing::warn!(
            account,
            why,
            hint = "`agent run` shows the page; see `file` of `transactions` in the script",
            "reads the table in place of a file"
        ),
        Told::Differs { account, file, table } => tracing::warn!(
            account,
            file,
            table,
            hint = "the numbers are of rows that only the one has; see whether both are of the same days",
            "a file and the table beside it don't hold the same"
        ),
    }
}
