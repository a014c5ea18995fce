//! Field 86 of MT940, the details of a row, in the three ways that banks write it.
//!
//! | way | looks like | is told by |
//! |---|---|---|
//! | German | `166?00GUTSCHRIFT?20EREF+7?21SVWZ+Rechnung?32Name` | three digits and a separator that subfields begin with |
//! | code words | `/TRTP/SEPA/IBAN/NL91…/NAME/Name/REMI/Factuur/EREF/7` | a code word of the list between strokes at its beginning |
//! | free | anything else | |
//!
//! Not here: field 61.

use domain::transaction::{ObservedTransaction, Rail};

use super::message::Field;
use crate::rail;
use crate::text::{collapsed, filled, masked};

/// Code words that banks put between strokes, as `/REMI/`.
const CODE_WORDS: &[&str] = &[
    "TRTP", "IBAN", "BIC", "NAME", "REMI", "EREF", "PREF", "MARF", "CSID", "CNTP", "ORDP", "BENM", "ADDR", "ULTD",
    "ULTC", "ULTB", "PURP", "RTRN", "SVCL", "ISDT", "INIT", "KREF", "CREF", "IREF", "OCMT", "CHGS", "EXCH", "PY", "ID",
];
/// Words that lead a piece of a German purpose, as `EREF+`.
const LEADS: &[&str] = &[
    "EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "SVWZ+", "ABWA+", "ABWE+", "IBAN+", "BIC+", "PURP+",
];
/// A German purpose line of this length goes on in the next one without a blank.
const PURPOSE_LINE: usize = 27;

/// Adds what a field 86 says to the row before it.
pub(super) fn tell(field: &Field<'_>, transaction: &mut ObservedTransaction) {
    let whole = if field.more.is_empty() { field.value.to_owned() } else { [field.value, "\n", field.more].concat() };
    if let Some(german) = German::read(&whole) {
        german.tell(transaction);
    } else if let Some(coded) = Coded::read(&whole) {
        coded.tell(transaction);
    } else {
        add(&mut transaction.description, &whole);
    }
    match &mut transaction.raw_description {
        Some(raw) => {
            raw.push('\n');
            raw.push_str(&whole);
        }
        none => *none = Some(whole),
    }
}

/// The pieces of the German way.
#[derive(Default)]
struct German {
    code: String,
    booking_text: String,
    purpose: String,
    name: String,
    account: String,
}

impl German {
    fn read(whole: &str) -> Option<Self> {
        let (code, rest) = whole.trim_start().split_at_checked(3)?;
        let separator = rest.chars().next().filter(|char| !char.is_alphanumeric() && !char.is_whitespace())?;
        let begins = |text: &str| text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_digit());
        if !code.bytes().all(|byte| byte.is_ascii_digit()) || !rest.get(separator.len_utf8()..).is_some_and(begins) {
            return None;
        }
        // Lines break anywhere, also within a word.
        let joined: String = rest.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
        let mut german = Self { code: code.to_owned(), ..Self::default() };
        let mut last = "";
        let mut is_whole_line = false;
        for piece in joined.split(separator).skip(1) {
            let (tag, text) = if begins(piece) { piece.split_at_checked(2)? } else { ("", piece) };
            if !tag.is_empty() {
                last = tag;
            }
            let part = match last {
                "00" => &mut german.booking_text,
                "20" | "21" | "22" | "23" | "24" | "25" | "26" | "27" | "28" | "29" | "60" | "61" | "62" | "63" => {
                    &mut german.purpose
                }
                "32" | "33" => &mut german.name,
                "31" | "38" => &mut german.account,
                _ => continue,
            };
            if tag.is_empty() {
                part.push(separator);
            } else if matches!(last.as_bytes().first(), Some(b'2' | b'6')) {
                if !is_whole_line && !part.is_empty() {
                    part.push(' ');
                }
                is_whole_line = text.chars().count() >= PURPOSE_LINE;
            } else if last == "38" {
                // The IBAN stands for the number before it.
                part.clear();
            }
            part.push_str(text);
        }
        Some(german)
    }

    fn tell(self, transaction: &mut ObservedTransaction) {
        let pieces = led(&self.purpose);
        let piece = |lead: &str| pieces.iter().find(|(found, _)| *found == lead).map(|(_, text)| collapsed(text));
        let purpose = piece("SVWZ+").or_else(|| piece("")).filter(|text| !text.is_empty());
        let before = transaction.description.len();
        add(&mut transaction.description, &self.name);
        add(&mut transaction.description, purpose.as_deref().unwrap_or_default());
        if transaction.description.len() == before {
            add(&mut transaction.description, &self.booking_text);
        }
        let account = if self.account.is_empty() { piece("IBAN+").unwrap_or_default() } else { self.account };
        let reference = piece("EREF+").or_else(|| piece("KREF+"));
        tell_party(transaction, &self.name, &account, reference.as_deref().unwrap_or_default());
        let told = rail::of_swift("", Some(&self.code));
        if told != Rail::Unknown {
            transaction.rail = told;
        }
    }
}

/// The pieces of the way with code words.
struct Coded<'a> {
    pieces: Vec<(&'a str, String)>,
}

impl<'a> Coded<'a> {
    fn read(whole: &'a str) -> Option<Self> {
        let is_word = |word: &&str| CODE_WORDS.contains(word);
        whole.strip_prefix('/')?.split('/').next().filter(is_word)?;
        let mut pieces: Vec<(&str, String)> = Vec::new();
        for part in whole.split('/').skip(1) {
            let word = part.trim();
            let is_first = !pieces.iter().any(|(found, _)| *found == word);
            match pieces.last_mut() {
                Some((_, text)) if !is_word(&word) => {
                    // The first part is the word's own, another had a stroke before it.
                    if !text.is_empty() {
                        text.push('/');
                    }
                    text.extend(part.chars().filter(|char| !matches!(char, '\r' | '\n')));
                }
                _ if is_first => pieces.push((word, String::new())),
                _ => {}
            }
        }
        Some(Self { pieces })
    }

    fn tell(&self, transaction: &mut ObservedTransaction) {
        let piece = |word: &str| self.pieces.iter().find(|(found, _)| *found == word).map(|(_, text)| text.as_str());
        // `/CNTP/account/bic/name/city/`.
        let mut counterparty = piece("CNTP").unwrap_or_default().split('/');
        let (account, _, name) = (counterparty.next(), counterparty.next(), counterparty.next());
        let name = piece("NAME").or(name).unwrap_or_default();
        let account = piece("IBAN").or(account).unwrap_or_default();
        let remittance = piece("REMI").unwrap_or_default();
        let remittance = remittance.trim_start_matches("USTD/").trim_start_matches('/').trim_end_matches('/');
        let before = transaction.description.len();
        add(&mut transaction.description, name);
        add(&mut transaction.description, remittance);
        if transaction.description.len() == before {
            for (_, text) in &self.pieces {
                add(&mut transaction.description, text.trim_matches('/'));
            }
        }
        tell_party(transaction, name, account, piece("EREF").unwrap_or_default().trim_matches('/'));
    }
}

/// Splits at the leading words; what stands before the first is led by none.
fn led(purpose: &str) -> Vec<(&'static str, &str)> {
    let mut pieces = Vec::new();
    let (mut lead, mut start) = ("", 0);
    for (at, _) in purpose.match_indices('+') {
        let begins = |lead: &&&str| {
            let before = (at + 1).checked_sub(lead.len());
            before.is_some_and(|before| before >= start && purpose.get(before..=at) == Some(**lead))
        };
        if let Some(next) = LEADS.iter().find(begins) {
            pieces.push((lead, purpose.get(start..at + 1 - next.len()).unwrap_or_default()));
            (lead, start) = (next, at + 1);
        }
    }
    pieces.push((lead, purpose.get(start..).unwrap_or_default()));
    pieces
}

fn tell_party(transaction: &mut ObservedTransaction, name: &str, account: &str, reference: &str) {
    transaction.counterparty_name = transaction.counterparty_name.take().or_else(|| filled(&collapsed(name)));
    let account = filled(account).map(|account| masked(&account));
    transaction.counterparty_account_masked = transaction.counterparty_account_masked.take().or(account);
    let reference = filled(reference).filter(|reference| reference != "NOTPROVIDED" && reference != "NONREF");
    transaction.customer_reference = transaction.customer_reference.take().or(reference);
}

fn add(description: &mut String, text: &str) {
    let text = collapsed(text);
    if !description.is_empty() && !text.is_empty() {
        description.push(' ');
    }
    description.push_str(&text);
}
