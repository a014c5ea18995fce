//! What `deploy/` says, held against the schemas of those that read it, against our own
//! programs, and against itself.
//!
//! Not here: a cluster; whether the labels of policies fit one is seen there.

#![expect(clippy::panic, reason = "a test ends with the name of what is missing")]

mod compose;
mod manifests;
mod schemas;

use serde_json::Value;
use tests::tools::top;

/// What tests return: whatever went wrong ends them with its whole story.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A file of `deploy/`.
fn read(name: &str) -> String {
    let path = top().join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of a YAML file in `deploy/`.
fn documents(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

/// The names of the manifests, from `deploy/`.
fn manifests() -> Vec<String> {
    let folder = std::fs::read_dir(top().join("deploy/kubernetes")).expect("deploy/kubernetes").filter_map(Result::ok);
    let names = folder.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml") && name != "kustomization.yaml").collect();
    names.sort();
    names.into_iter().map(|name| format!("kubernetes/{name}")).collect()
}

/// The one object of that kind and name.
fn object(kind: &str, name: &str) -> Value {
    let objects = manifests().iter().flat_map(|file| documents(file)).collect::<Vec<_>>();
    let found = objects.into_iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("deploy/kubernetes has no {kind} {name}"))
}

/// The argument `--name=value` of a command.
fn argument(command: &Value, name: &str) -> String {
    let arguments = command.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut values = arguments.filter_map(|argument| argument.strip_prefix(&format!("--{name}=")));
    values.next().unwrap_or_else(|| panic!("--{name} isn't given")).to_owned()
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// The table of TOML at `name`, by its lines.
fn setting(toml: &str, table: &str, key: &str) -> String {
    let inside = toml.lines().skip_while(|line| line.trim() != format!("[{table}]")).skip(1);
    let mut inside = inside.take_while(|line| !line.trim_start().starts_with('['));
    let line = inside.find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='));
    line.unwrap_or_else(|| panic!("{table}.{key} isn't set")).trim().trim_matches('"').to_owned()
}
