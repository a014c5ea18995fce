//! What kind of text was typed, by whatever tells: who recorded it, the text itself where it is known, and what its field
//! is called. Others' recordings hold such texts in clear and don't say what they are.
//!
//! Not here: fields on a page (`draft`), of which more is known.

use domain::secret::Secret;

use super::{Notes, Typed};
use crate::document::folded_case;
use crate::draft::words::{CODE, CUSTOMER, is_within};
use crate::recording::{Act, Deed, Length, Recording, Target, Value, Way};

/// What a field for a password is called.
const PASSWORD: &str =
    "password|passwort|passwd|pwd|kennwort|pin|passphrase|mot de passe|contraseña|senha|wachtwoord|パスワード";

/// What a field for the name of a user is called.
const USER: &str = "user|username|user name|userid|user id|login|login id|email|e mail|benutzer|benutzername|anmeldename|identifiant|\
    utilisateur|usuario|utente|usuário|gebruiker|利用者";

/// Why a text of the sign-in that nobody knows isn't carried over.
pub(super) const UNKNOWN: &str = "nobody knows what was typed into this field of the sign-in";

/// So many pages after a password are still the sign-in: a code, an answer.
const AFTER_PASSWORD: usize = 2;

/// A text that was typed in a step, of which it isn't known yet what it was.
pub(super) struct Unknown {
    pub(super) step: usize,
    /// Its place among the acts.
    pub(super) act: usize,
}

/// What a text was, if anything tells.
pub(super) fn value(step: usize, text: &str, target: &Target, typed: &Typed) -> Option<Value> {
    if let Some(said) = typed.said.get(&step) {
        return Some(*said);
    }
    if let Some(value) = placeholder(text) {
        return Some(value);
    }
    let is = |known: &&(Value, Secret)| !text.is_empty() && known.1.expose() == text;
    if let Some((value, _)) = typed.known.iter().find(is) {
        return Some(*value);
    }
    let names: Vec<String> = target.ways.iter().map(name).collect();
    let says = |words: &str| names.iter().any(|name| is_within(words, name));
    match () {
        () if says(PASSWORD) => Some(Value::Password),
        () if says(CODE) => Some(Value::Code),
        () if says(CUSTOMER) => Some(Value::Customer),
        () if says(USER) => Some(Value::Username),
        () if is_day(text) => Some(Value::Day),
        () => None,
    }
}

/// How long a text was.
pub(super) fn length(text: &str) -> Length {
    if placeholder(text).is_some() {
        return Length::Unknown;
    }
    match text.chars().count() {
        0 => Length::Empty,
        1..=3 => Length::Few,
        4..=8 => Length::Short,
        _ => Length::Long,
    }
}

/// What stands in a file in place of a text: `{{password}}`.
pub(super) const PLACEHOLDERS: [(&str, Value); 7] = [
    ("{{customer}}", Value::Customer),
    ("{{username}}", Value::Username),
    ("{{password}}", Value::Password),
    ("{{code}}", Value::Code),
    ("{{answer}}", Value::Answer),
    ("{{day}}", Value::Day),
    ("{{other}}", Value::Other),
];

/// Whether a text stands in place of another, or is a variable of the file's or a key.
pub(super) fn is_placeholder(text: &str) -> bool {
    placeholder(text).is_some() || (text.starts_with("${") && text.ends_with('}'))
}

fn placeholder(text: &str) -> Option<Value> {
    PLACEHOLDERS.iter().find(|(known, _)| *known == text).map(|(_, value)| *value)
}

/// Refuses what was typed into a sign-in and nobody knows; what was typed later is something else.
pub(super) fn settle(recording: &mut Recording, unknown: &[Unknown], notes: &mut Notes) {
    let passwords = recording.acts.iter().rposition(is_password);
    let after = passwords.and_then(|last| {
        let mut came = recording.acts.iter().enumerate().skip(last).filter(|(_, act)| act.then.is_some());
        came.nth(AFTER_PASSWORD).map(|(at, _)| at)
    });
    for Unknown { step, act } in unknown {
        if after.is_none_or(|after| *act <= after) {
            notes.refuse(Some(*step), UNKNOWN);
        } else if let Some(Act { does: Deed::Fill { with, .. }, .. }) = recording.acts.get_mut(*act) {
            *with = Value::Other;
            notes.leave(Some(*step), "text", "what was typed after the sign-in isn't carried over");
        }
    }
}

const fn is_password(act: &Act) -> bool {
    matches!(act.does, Deed::Fill { with: Value::Password, .. })
}

/// The words in which a way says what a thing is called.
fn name(way: &Way) -> String {
    let text: &str = match way {
        Way::TestId { value, .. } => value,
        Way::Role { name, .. } => name,
        Way::Label(text) | Way::Name(text) | Way::Placeholder(text) | Way::Id(text) | Way::Text(text) => text,
        // Of a selector only what it says of the thing itself.
        Way::Css(text) => text.rsplit([' ', '>', '+', '~']).next().unwrap_or(text),
        Way::Xpath(text) => text.rsplit('/').next().unwrap_or(text),
    };
    // `userName` and `user-name` are the same words.
    let mut words = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.push(if letter.is_alphanumeric() { letter } else { ' ' });
        before = letter;
    }
    folded_case(words.split_whitespace().collect::<Vec<_>>().join(" ").as_str())
}

/// Whether it reads as a day: three groups of digits, one of them a year.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let are_digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    parts.len() == 3 && are_digits && parts.iter().filter(|part| part.len() == 4).count() == 1
}
