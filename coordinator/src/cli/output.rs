//! Standard output: what commands say to it is data. Whoever reads it may have had enough before its end, as `head` has, and that
//! is no fault; any other is kept, and ends the command as one once it is done.
//!
//! Not here: what is said, and talk, which is standard error's.

use std::fmt::Arguments;
use std::io::{self, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ArgMatches;

/// Whether anything was said.
static SAID: AtomicBool = AtomicBool::new(false);

/// What kept something from being said.
static FAULT: Mutex<Option<io::Error>> = Mutex::new(None);

/// Says something on standard output, as `print!` does.
macro_rules! out {
    ($($words:tt)*) => { $crate::cli::output::say(format_args!($($words)*)) };
}

/// The same with the end of a line, as `println!` does.
macro_rules! outln {
    ($($words:tt)*) => { $crate::cli::output::say(format_args!("{}\n", format_args!($($words)*))) };
}

/// How its user wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    /// As people read it.
    Text,
    /// As a program does.
    Json,
}

impl Listing {
    /// As the command that was named has it.
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let is_asked = matches.try_get_one::<bool>("json").ok().flatten().is_some_and(|json| *json);
        match matches.subcommand() {
            _ if is_asked => Self::Json,
            Some((_, matches)) => Self::of(matches),
            None => Self::Text,
        }
    }
}

pub(super) fn say(words: Arguments<'_>) {
    SAID.store(true, Ordering::Relaxed);
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(words).and_then(|()| out.flush())
        && error.kind() != io::ErrorKind::BrokenPipe
        && let Ok(mut fault) = FAULT.lock()
    {
        fault.get_or_insert(error);
    }
}

/// Whether a program has been told something already: there is one value to a command.
pub(super) fn is_said() -> bool {
    SAID.load(Ordering::Relaxed)
}

/// What kept something from being said.
pub(super) fn fault() -> Option<io::Error> {
    FAULT.lock().ok()?.take()
}
