//! What agents of the chaos suite start in place of a browser, so that the DevTools socket can be
//! stalled and cut while the browser lives on.
//!
//! Not here: how; `tests::chaos::line` says it. Nobody starts this by hand.

use std::path::PathBuf;
use std::process::ExitCode;

use tests::chaos::line;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let started_by = PathBuf::from(arguments.next().unwrap_or_default());
    match line::run(&started_by, arguments).await {
        Ok(ended) => ended.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("error: no browser could be started on a line: {error}");
            ExitCode::FAILURE
        }
    }
}
