//! What the agent says on standard error.
//!
//! Only Bursar's own crates are heard, whatever `BURSAR_LOG` asks for: what a library
//! writes about a connection may hold what went over it. Not here: metrics.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// The variable with the filter.
pub const VARIABLE: &str = "BURSAR_LOG";

const OWN: [&str; 5] = ["agent", "domain", "protocol", "script", "supervisor"];

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line, for programs.
    Json,
}

/// A filter that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{VARIABLE} isn't a filter")]
pub struct LogError(#[from] tracing_subscriber::filter::ParseError);

/// Starts to write what is logged to standard error; of a panic, where it was and not
/// what it said, which may be a page's words.
///
/// # Errors
/// When the filter can't be read.
pub fn start(format: LogFormat, filter: Option<&str>) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(filter.unwrap_or("info"))?;
    let own = FilterFn::new(|metadata| {
        let krate = metadata.target().split("::").next().unwrap_or_default();
        OWN.contains(&krate)
    });
    let registry = tracing_subscriber::registry().with(filter).with(own);
    let colour = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    // Fails only if somebody started it before.
    let _ = match format {
        LogFormat::Text => registry.with(lines.with_target(false).boxed()).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true).boxed()).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "a fault of the agent's own");
    }));
    Ok(())
}
