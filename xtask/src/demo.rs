//! `cargo xtask demo`.
//!
//! Not here: the demo itself, which is a program of the crate `tests`.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitCode, Stdio};
use std::time::Duration;

use crate::cargo::{build_programs, cargo};
use crate::{Outcome, setup};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON object on stdout in place of tables.
    #[arg(long)]
    json: bool,
    /// Leave everything running, and print the key, the addresses and calls to try.
    #[arg(long)]
    keep: bool,
    /// What the simulated bank's books are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    setup::find_or_install(&setup::FOR_DEMO)?;
    eprintln!("Building (the first time takes some minutes) …");
    build_programs()?;
    let mut demo = cargo();
    demo.args(["run", "--locked", "--quiet", "--package", "tests", "--bin", "demo", "--"]);
    demo.args(["--seed", &arguments.seed.to_string()]);
    demo.args(arguments.json.then_some("--json")).args(arguments.keep.then_some("--keep"));
    let unusable = |error: std::io::Error| format!("the demo couldn't be run: {error}");
    if !arguments.keep {
        // In place of this process, so that a Ctrl-C is waited for by whoever cleans up.
        return Err(unusable(demo.exec()));
    }
    let mut demo = demo.stdout(Stdio::piped()).spawn().map_err(unusable)?;
    // With `--keep` the demo lets go of stdout when it has told its story, and lives on.
    if let Some(mut output) = demo.stdout.take() {
        let mut bytes = [0; 8192];
        loop {
            let count = output.read(&mut bytes).map_err(unusable)?;
            if count == 0 {
                break;
            }
            let mut stdout = std::io::stdout();
            let written = stdout.write_all(bytes.get(..count).unwrap_or_default());
            written.and_then(|()| stdout.flush()).map_err(unusable)?;
        }
    }
    if !ends_soon(&mut demo) {
        return Ok(ExitCode::SUCCESS);
    }
    let code = demo.wait().map_err(unusable)?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A process that ends closes its files a moment before it can be seen to have ended.
fn ends_soon(demo: &mut Child) -> bool {
    (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        !matches!(demo.try_wait(), Ok(None))
    })
}
