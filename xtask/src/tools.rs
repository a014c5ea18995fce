//! What the tests need of PyPI, in a virtual environment of this repository's own: the
//! folder `.cache/tools`, filled from `tests/tools/requirements.txt`, where every package
//! stands with its version and its hashes; and of npm, in `.cache/console`, filled from
//! `tests/tools/console/package-lock.json`.
//!
//! Not here: the system's packages (`setup.rs`); which tool is used for what (the tests say).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes sure that the folder holds what the list says; that takes no time when it does.
///
/// # Errors
/// What failed, and what helps.
pub(crate) fn find_or_install() -> Result<(), String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let list = top.join("tests/tools/requirements.txt");
    let folder = top.join(".cache/tools");
    // The list that the folder was filled from; written last, so that a folder that was
    // left half filled isn't taken for a whole one.
    let filled_from = folder.join("requirements.txt");
    let read = |path: &PathBuf| std::fs::read(path).ok();
    let wanted = read(&list).ok_or_else(|| format!("{} can't be read", list.display()))?;
    if read(&filled_from).is_some_and(|there| there == wanted) && folder.join("bin/python").is_file() {
        return Ok(());
    }
    eprintln!("Installing the tests' tools from PyPI into .cache/tools …");
    let by_hand = "look at what was said above, then run `cargo xtask setup` again";
    let mut make = Command::new("python3");
    run(make.args(["-m", "venv", "--clear"]).arg(&folder))
        .map_err(|why| format!("python3 couldn't make a virtual environment: {why}\nhint: {by_hand}"))?;
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    // Nothing is built, nothing is resolved anew, and nothing but these very files is taken.
    install.args(["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement"]).arg(&list);
    run(&mut install).map_err(|why| {
        let network = "PyPI has to be reachable, or a mirror of it that pip knows (PIP_INDEX_URL)";
        format!("pip couldn't install tests/tools/requirements.txt: {why}\nhint: {network}; {by_hand}")
    })?;
    let noted = std::fs::write(&filled_from, wanted);
    noted.map_err(|error| format!("{} can't be written: {error}", filled_from.display()))
}

/// Makes sure that the folder of the console's tools holds what the list says.
///
/// # Errors
/// What failed, and what helps.
pub(crate) fn find_or_install_of_npm() -> Result<(), String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (list, folder) = (top.join("tests/tools/console"), top.join(".cache/console"));
    let filled_with = folder.join("filled-with");
    let read = |path: &PathBuf| std::fs::read(path).ok();
    let lock = list.join("package-lock.json");
    let wanted = read(&lock).ok_or_else(|| format!("{} can't be read", lock.display()))?;
    if read(&filled_with).is_some_and(|there| there == wanted) {
        return Ok(());
    }
    eprintln!("Installing the console's tools from npm into .cache/console …");
    let unwritten = |error: std::io::Error| format!("{} can't be written: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(unwritten)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(list.join(file), folder.join(file)).map_err(unwritten)?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional"]).current_dir(&folder);
    run(&mut install).map_err(|why| {
        let network = "npm's registry has to be reachable, or a mirror of it that npm knows";
        format!("npm couldn't install tests/tools/console/package-lock.json: {why}\nhint: {network}")
    })?;
    std::fs::write(&filled_with, wanted).map_err(unwritten)
}

fn run(command: &mut Command) -> Result<(), String> {
    // Its talk is talk: stdout is for data.
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
