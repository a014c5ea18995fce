//! Finding a secret in a text however it is written: as it is, in percent, HTML or
//! JavaScript escapes, in hexadecimal or within a longer base64 text of either alphabet.
//!
//! It errs on the side of finding: case and white space don't matter.
//!
//! Not here: what becomes of the text.

use std::fmt::Write as _;

/// Texts that must not be seen.
pub(super) struct Secrets {
    plain: Vec<String>,
    needles: Vec<String>,
}

impl Secrets {
    pub(super) fn new(secrets: &[&str]) -> Self {
        let plain: Vec<String> =
            secrets.iter().map(|secret| squash(secret)).filter(|secret| !secret.is_empty()).collect();
        let mut needles = plain.clone();
        for secret in secrets.iter().filter(|secret| !secret.trim().is_empty()) {
            needles.push(hex(secret.as_bytes()));
            needles.extend(base64_cores(secret.as_bytes()));
        }
        Self { plain, needles }
    }

    /// Whether the name of an element or attribute may be a piece of one: HTML takes
    /// a secret within a tag apart.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        let mut parts = name.split('-').filter(|part| part.len() >= 4);
        self.are_in(name) || parts.any(|part| self.plain.iter().any(|secret| secret.contains(part)))
    }

    /// Whether a word is one of them or a piece of one, as a first name is of a user's
    /// name.
    pub(super) fn have(&self, word: &str) -> bool {
        let word = squash(word);
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_piece = |secret: &String| secret == word || (word.chars().count() > 2 && secret.contains(word));
        !word.is_empty() && self.plain.iter().any(is_piece)
    }

    /// Whether a word of the text is one of them or a piece of one.
    pub(super) fn have_any(&self, text: &str) -> bool {
        text.split_whitespace().any(|word| self.have(word))
    }

    /// Whether one of them is in the text.
    pub(super) fn are_in(&self, text: &str) -> bool {
        if self.needles.is_empty() || text.is_empty() {
            return false;
        }
        let plain = without_percent(text);
        let plain = without_entities(&plain);
        let plain = without_backslashes(&plain);
        [text, &without_percent(text), &plain, &without_percent(&plain)].into_iter().any(|form| {
            let form = squash(form);
            self.needles.iter().any(|needle| form.contains(needle.as_str()))
        })
    }
}

/// In lower case and without white space. A plus is a blank in some encodings.
fn squash(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '+');
    kept.flat_map(char::to_lowercase).map(|c| if c == '_' { '/' } else { c }).collect()
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// What base64 makes of the bytes wherever they begin in a longer text, without the
/// letters at either end that depend on their neighbours.
fn base64_cores(bytes: &[u8]) -> Vec<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut cores = Vec::new();
    for shift in 0..3_usize {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(bytes);
        // Whole letters: six bits each, none of which is a neighbour's.
        let first = (shift * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        let letter = |index: usize| {
            let bit = index * 6;
            let byte = |at: usize| u16::from(padded.get(at).copied().unwrap_or_default());
            let pair = (byte(bit / 8) << 8) | byte(bit / 8 + 1);
            let value = usize::from((pair >> (10 - bit % 8)) & 0x3f);
            ALPHABET.get(value).map_or('A', |letter| char::from(*letter))
        };
        let core: String = (first..last).map(letter).collect();
        // The usual letters, of which `+` is dropped, and those for addresses, which
        // have `-` in its place.
        for core in [squash(&core), squash(&core.replace('+', "-"))] {
            if core.len() >= 4 && !cores.contains(&core) {
                cores.push(core);
            }
        }
    }
    cores
}

fn without_percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let decoded = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| first == b'%');
        match decoded {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A page that quotes HTML has entities left after it was parsed.
fn without_entities(text: &str) -> String {
    replace_escapes(text, '&', |escape| {
        let (name, behind) = escape.split_once(';').filter(|(name, _)| name.len() <= 8)?;
        let c = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        };
        Some((c, behind))
    })
}

/// `\u0041`, `\x41`, and a backslash before anything else.
fn without_backslashes(text: &str) -> String {
    replace_escapes(text, '\\', |escape| {
        let digits = match escape.chars().next()? {
            'u' => escape.get(1..5)?,
            'x' => escape.get(1..3)?,
            c => return Some((c, escape.get(c.len_utf8()..)?)),
        };
        let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        Some((c, escape.get(1 + digits.len()..)?))
    })
}

/// Replaces every escape that `read` understands, given what comes after its mark.
fn replace_escapes(text: &str, mark: char, read: impl Fn(&str) -> Option<(char, &str)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        out.push_str(before);
        match read(after) {
            Some((c, behind)) => {
                out.push(c);
                rest = behind;
            }
            None => {
                out.push(mark);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
