//! Test support, not for use: the processes that this package's tests start, freeze and kill.
//!
//! It is a host, so it can supervise. Everything it starts carries the folder it is given on its command line, by which
//! the tests find it. Not a library for other tests: they bring a host of their own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use supervisor::{ScratchDir, Spec, Supervised};

fn main() -> ExitCode {
    supervisor::run_if_asked();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["parent", base] => parent(base),
        ["family", base] => family(base),
        ["stray", base] => stray(base),
        ["sit", base] => sit(base),
        ["exit", code] => code.parse::<u8>().map_or(ExitCode::FAILURE, ExitCode::from),
        _ => ExitCode::FAILURE,
    }
}

/// Runs a family under supervision in a scratch folder, until it is killed.
fn parent(base: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (Ok(runtime), Ok(own)) = (runtime, std::env::current_exe()) else {
        return ExitCode::FAILURE;
    };
    runtime.block_on(async {
        let Ok(scratch) = ScratchDir::create(Path::new(base), "profile") else {
            return ExitCode::FAILURE;
        };
        let spec = Spec::new(own).args(["family", base]).current_dir(scratch.path()).remove(&scratch);
        match Supervised::spawn(spec).await {
            Ok(supervised) => {
                supervised.wait().await;
                ExitCode::SUCCESS
            }
            Err(_) => ExitCode::FAILURE,
        }
    })
}

/// Leaves a file, a child in its group and a stray outside of it, then says so and sits.
fn family(base: &str) -> ExitCode {
    let started = std::fs::write("left-behind", base).is_ok()
        && start(&["sit", base])
        // Waited for, so that its own child has lost its parent for sure.
        && again(&["stray", base]).stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !started {
        return ExitCode::FAILURE;
    }
    say("ready");
    sit(base)
}

/// The classic way to get away: a session of one's own, and a parent that ends.
fn stray(base: &str) -> ExitCode {
    let away = rustix::process::setsid().is_ok() && start(&["sit", base]);
    if away { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Stays; the folder is only for the command line.
fn sit(_base: &str) -> ExitCode {
    loop {
        std::thread::park();
    }
}

fn say(word: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{word}").and_then(|()| out.flush());
}

fn start(args: &[&str]) -> bool {
    again(args).stdout(Stdio::null()).spawn().is_ok()
}

fn again(args: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(args).stdin(Stdio::null());
    command
}
