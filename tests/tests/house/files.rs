//! The repository's files, and the little reading that the rules need.
//!
//! Not here: a rule.

use std::path::{Path, PathBuf};

/// These rules, which name what they forbid.
pub(crate) const THESE: &str = "tests/tests/house/";

/// A text file.
pub(crate) struct File {
    /// From the top of the repository, with slashes.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl File {
    /// Whether it is that file.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Whether it is that file, or in that folder where the name ends with a slash.
    pub(crate) fn is_in(&self, place: &str) -> bool {
        if place.ends_with('/') { self.name.starts_with(place) } else { self.is(place) }
    }

    /// Numbered lines that aren't comments.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//")).collect()
    }
}

/// The top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the top folder")
}

/// The repository's files with one of these extensions or names; none means all.
pub(crate) fn files(extensions: &[&str]) -> Vec<File> {
    let (root, mut files, mut folders) = (root(), Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).expect("a folder").filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_ours = !name.starts_with('.') && name != "target";
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.is_file()
                && (extensions.is_empty() || extensions.contains(&name.rsplit('.').next().unwrap_or(name)))
            {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
                files.push(File { name, text });
            }
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

/// Every identifier, with where it begins.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text[at..].find(is_part)?;
        let (start, word) = (at, word_at(&text[at..]));
        at += word.len();
        Some((start, word))
    })
}

/// The identifier at the front of a text.
pub(crate) fn word_at(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    &text[..end]
}
