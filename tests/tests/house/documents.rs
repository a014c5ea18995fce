//! Whatever a document mentions exists: links, paths, names of files and tests,
//! settings and their environment variables.
//!
//! What stands in fenced blocks is for reading and trying, and only the variables in
//! it are looked at.

use std::collections::BTreeSet;
use std::path::Path;

use crate::files::{files, root, word_at, words};
use crate::no;

#[test]
fn every_link_in_a_document_leads_somewhere() {
    let mut faults = Vec::new();
    for file in files(&["md"]) {
        for (number, line) in prose(&file.text) {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (path, heading) = target.split_once('#').unwrap_or((target, ""));
                let found = match path {
                    "" => root().join(&file.name),
                    path => root().join(&file.name).with_file_name("").join(path),
                };
                let place = format!("{}:{number} links to {target}", file.name);
                if !found.exists() {
                    faults.push(format!("{place}, which isn't there"));
                } else if !heading.is_empty() && !headings(&found).contains(heading) {
                    faults.push(format!("{place}, and no heading there is called that"));
                }
            }
        }
    }
    no(&faults);
}

#[test]
fn every_decision_is_listed_under_its_title() {
    let listed = std::fs::read_to_string(root().join("docs/README.md")).expect("the list");
    let decisions = files(&["md"]).into_iter().filter(|file| file.name.starts_with("docs/decisions/"));
    let unlisted = decisions.filter_map(|file| {
        let (number, title) = file.text.lines().next()?.trim_start_matches("# ").split_once(": ")?;
        // It may say more there.
        let row = format!("| [{number}]({}) | {title}", file.name.strip_prefix("docs/")?);
        (!listed.contains(&row)).then(|| format!("docs/README.md has no `{row}`"))
    });
    no(&unlisted.collect::<Vec<_>>());
}

#[test]
fn every_file_test_and_setting_that_a_document_mentions_exists() {
    let sources = files(&["rs", "toml", "lua", "sql", "yaml", "js"]);
    let known: BTreeSet<&str> = sources.iter().flat_map(|file| words(&file.text).map(|(_, word)| word)).collect();
    let names: BTreeSet<String> = files(&[]).into_iter().map(|file| base(&file.name).to_owned()).collect();
    let top: BTreeSet<String> = std::fs::read_dir(root())
        .expect("the top folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let settings = settings();
    let mut faults = Vec::new();
    for file in files(&["md"]) {
        let folder = root().join(&file.name).with_file_name("");
        for (number, line) in prose(&file.text) {
            for said in line.split('`').skip(1).step_by(2) {
                let fault = match said {
                    said if is_path(said, &top) => {
                        let whole = said.split(['<', '*', '…', '{']).next().unwrap_or_default();
                        let there = root().join(whole).exists() || folder.join(whole).exists();
                        (!there).then_some("which isn't there: write paths from the top of the repository")
                    }
                    said if is_file_name(said) => (!names.contains(said)).then_some("and no file is called that"),
                    said if is_setting(said, &settings) => {
                        // Types of events look alike; those are words of the code.
                        let word = format!("\"{said}\"");
                        let is_known = settings.contains(said) || sources.iter().any(|file| file.text.contains(&word));
                        (!is_known).then_some("which config.default.toml doesn't know")
                    }
                    said if is_sentence(said) => {
                        (!known.contains(said)).then_some("and no test, function or name in the code is called that")
                    }
                    _ => None,
                };
                faults.extend(fault.map(|fault| format!("{}:{number} mentions `{said}`, {fault}", file.name)));
            }
        }
    }
    no(&faults);
}

#[test]
fn every_environment_variable_of_a_setting_that_is_mentioned_exists() {
    let settings = settings();
    let mut faults = Vec::new();
    for file in files(&["md", "yaml", "Dockerfile"]) {
        for (at, prefix) in file.text.match_indices("BURSAR__") {
            let name = word_at(&file.text[at + prefix.len()..]);
            let setting = name.to_lowercase().replace("__", ".");
            let is_known = settings.contains(&setting) || setting.starts_with("development.portal_urls.");
            if !is_known {
                faults.push(format!("{} sets {prefix}{name}, which config.default.toml doesn't know", file.name));
            }
        }
    }
    no(&faults);
}

/// Whether it reads as a path in this repository.
fn is_path(said: &str, top: &BTreeSet<String>) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-<>*…{},".contains(letter);
    let first = said.split('/').next().unwrap_or_default();
    let in_source = said.ends_with(".rs") || said.ends_with(".lua");
    said.contains('/') && said.chars().all(plain) && !first.is_empty() && (top.contains(first) || in_source)
}

/// Whether it reads as the name of a file whose like is kept here.
fn is_file_name(said: &str) -> bool {
    let (stem, extension) = said.rsplit_once('.').unwrap_or((said, ""));
    let plain = stem.chars().all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
    plain && !stem.is_empty() && ["rs", "md", "lua", "sql", "toml", "yaml", "js"].contains(&extension)
}

/// Whether it reads as a setting: a known table and a key.
fn is_setting(said: &str, settings: &BTreeSet<String>) -> bool {
    let Some((table, key)) = said.split_once('.') else { return false };
    let plain = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    plain && settings.iter().any(|setting| setting.split('.').next() == Some(table) && setting.contains('.'))
}

/// Whether it reads as the name of a test: three words or more.
fn is_sentence(said: &str) -> bool {
    said.split('_').count() > 2
        && said.split('_').all(|word| {
            !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        })
}

/// Every setting of the coordinator, as `table.key`.
fn settings() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("coordinator/config.default.toml")).expect("the settings");
    let (mut table, mut settings) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{name}.");
            settings.insert(name.to_owned());
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            settings.insert(format!("{table}{key}"));
        }
    }
    settings
}

/// Numbered lines outside of fenced blocks.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines
        .filter(|(_, line)| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .collect()
}

/// The anchors of a document's headings, as GitHub makes them.
fn headings(path: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let titles = prose(&text)
        .into_iter()
        .filter_map(|(_, line)| line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim().to_lowercase()));
    let kept = |title: String| -> String {
        let kept = title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    titles.map(kept).collect()
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
