//! A draft as a script: keys in the order of the language, and a comment where a person has to look.
//!
//! Not here: what was found.

use super::columns::Direction;
use super::forms::{Form, Kind};
use super::leads::{Further, Leads, goodbye};
use super::{AccountsList, LedgerList, Looked, Sureness, Writing};
use crate::format;

/// All that a script is made of.
pub(super) struct Parts<'p> {
    pub(super) institution: &'p str,
    pub(super) looked: &'p [Looked<'p>],
    pub(super) writing: &'p Writing,
    pub(super) accounts: &'p AccountsList,
    pub(super) ledger: Option<&'p LedgerList>,
    pub(super) leads: &'p Leads,
}

/// The script, laid out.
pub(super) fn script(parts: &Parts<'_>) -> String {
    let Parts { institution, writing, .. } = parts;
    let mut out = format!(
        "# A draft, made of saved pages: look through it, and try it with `agent test`.\nscript: 1\ninstitution: {institution}\n\
         locale: {}\n# By the currency and the page's language: say where the bank's days are days.\ntimezone: {}\n\
         currency: {}\npages:\n",
        writing.locale, writing.time_zone, writing.currency
    );
    pages(&mut out, parts);
    out.push_str("reads:\n");
    accounts(&mut out, parts);
    if let Some(ledger) = parts.ledger {
        details(&mut out, parts);
        transactions(&mut out, ledger, parts.leads);
    }
    if let Some((_, sign_out, _)) = &parts.leads.sign_out {
        out.push_str(&format!("sign_out: {}\n", text(sign_out)));
    }
    // What can't be laid out is shown as it is: its faults say why.
    format(&out).unwrap_or(out)
}

fn pages(out: &mut String, parts: &Parts<'_>) {
    for looked in parts.looked {
        match (looked.kind, &looked.form) {
            (Some("accounts"), _) => {
                out.push_str(&format!(
                    "  accounts:\n    when: {{ visible: {} }}\n    goal: signed_in\n",
                    text(&parts.accounts.table.0)
                ));
            }
            (Some("account"), _) => {
                let table = parts.ledger.map_or("", |ledger| ledger.table.0.as_str());
                out.push_str(&format!("  account:\n    when: {{ visible: {} }}\n", text(table)));
            }
            (Some("signed_out"), _) => {
                if let Some((heading, words)) = goodbye(&looked.document) {
                    let (heading, words) = (text(&heading), text(words));
                    out.push_str(&format!(
                        "  signed_out:\n    when: {{ text: {{ {heading}: {words} }} }}\n    goal: signed_out\n"
                    ));
                }
            }
            (Some("refused"), Some(Form { alert: Some(alert), .. })) => {
                let alert = text(alert);
                out.push_str(&format!(
                    "  refused:\n    when: {{ visible: {alert} }}\n    failure: {{ code: auth.credentials.invalid, message: {alert} }}\n"
                ));
            }
            (Some(name), Some(form)) => of_form(out, name, form, parts.looked),
            _ => {}
        }
    }
}

/// A page of a sign-in.
fn of_form(out: &mut String, name: &str, form: &Form, looked: &[Looked<'_>]) {
    let field = form.fills.last().map_or("", |(into, _)| into.as_str());
    let password = looked.iter().filter_map(|looked| looked.form.as_ref()).find(|form| form.kind == Kind::Password);
    let password = password.and_then(|form| form.fills.last()).map(|(into, _)| into.as_str());
    let absent = password
        .filter(|_| form.kind == Kind::User)
        .map(|into| format!(", absent: {}", text(into)))
        .unwrap_or_default();
    out.push_str(&format!("  {name}:\n    when: {{ visible: {}{absent} }}\n", text(field)));
    if form.kind == Kind::Code {
        out.push_str(&format!("    # The bank's own words above the field are what a person is shown.\n    challenge: {{ kind: oneTimeCode, prompt: {} }}\n", text(&form.sign.0)));
    }
    out.push_str("    do:\n");
    for (into, with) in &form.fills {
        out.push_str(&format!("      - {{ fill: {}, with: {with} }}\n", text(into)));
    }
    let effect = match form.kind {
        Kind::User => "",
        Kind::Password => ", effect: password",
        Kind::Code => ", effect: code",
    };
    let (click, comment) =
        form.click.as_ref().map_or(("button", "      # Say what submits it.\n"), |(click, _)| (click.as_str(), ""));
    out.push_str(&format!("{comment}      - {{ click: {}{effect} }}\n", text(click)));
}

fn columns(out: &mut String, columns: &[(&'static str, String)]) {
    out.push_str("    columns:\n");
    for (field, header) in columns {
        out.push_str(&format!("      {field}: {}\n", text(header)));
    }
}

fn accounts(out: &mut String, parts: &Parts<'_>) {
    let AccountsList { table, read, .. } = parts.accounts;
    out.push_str(&format!("  accounts:\n    on: accounts\n    table: {}\n", text(&table.0)));
    columns(out, &read.columns);
    if let Some(date) = &read.date {
        out.push_str(&format!("    date: {}\n", text(date)));
    }
    if !read.types.is_empty() || !read.statuses.is_empty() {
        out.push_str("    map:\n");
    }
    if !read.types.is_empty() {
        out.push_str("      type:\n");
        for (word, ours) in &read.types {
            let comment = if ours.is_some() { "" } else { " # Nobody knows this word: say what it is." };
            out.push_str(&format!("        {}: {}{comment}\n", text(word), ours.unwrap_or("other")));
        }
    }
    if !read.statuses.is_empty() {
        out.push_str("      status:\n");
        for word in &read.statuses {
            let ours = if word.to_lowercase() == "closed" { "closed" } else { "open" };
            out.push_str(&format!("        {}: {ours}\n", text(word)));
        }
    }
    if read.key.sureness == Sureness::Guess {
        out.push_str("    # Nothing but its text tells a row from the others: see that it stays the same, and is nobody else's.\n");
    }
    out.push_str(&format!("    key: {}\n", read.key.said));
    // Nothing is opened where nothing is read there.
    if let Some(open) = read.open.as_ref().filter(|_| parts.ledger.is_some()) {
        out.push_str(&format!("    open: {}\n", text(open)));
        match &parts.leads.back {
            Some((_, back, _)) => out.push_str(&format!("    back: {}\n", text(back))),
            None => out.push_str("    # Say what leads back to the list.\n    back: a\n"),
        }
    }
}

fn details(out: &mut String, parts: &Parts<'_>) {
    if parts.leads.details.is_empty() {
        return;
    }
    out.push_str("  account:\n    on: account\n    fields:\n");
    for (field, label) in parts.leads.details.iter().filter(|(field, _)| *field != "balanceAsOf") {
        out.push_str(&format!("      {field}: {}\n", text(label)));
    }
}

fn transactions(out: &mut String, ledger: &LedgerList, leads: &Leads) {
    let LedgerList { table, skip, read, .. } = ledger;
    out.push_str(&format!("  transactions:\n    on: account\n    table: {}\n", text(&table.0)));
    if let Some(skip) = skip {
        out.push_str(&format!("    skip: {}\n", text(skip)));
    }
    if read.direction == Direction::SignedOneWay {
        out.push_str("    # Only one sign was seen: see that what went out is negative, or say `owed` in `reads`.\n");
    }
    columns(out, &read.columns);
    if read.direction == Direction::TwoColumnsSigned {
        out.push_str("    signed: debit\n");
    }
    if read.is_date_ambiguous {
        out.push_str("    # Another order of day and month would read them as well.\n");
    }
    out.push_str(&format!("    date: {}\n", text(&read.date)));
    if let Some(pending) = &read.pending {
        out.push_str(&format!("    pending: {{ postedDate: {} }}\n", text(pending)));
    }
    if let Some((_, of, after)) = &leads.announced {
        out.push_str(&format!("    announced: {{ of: {}, after: {} }}\n", text(of), text(after)));
    }
    match &leads.next {
        Some((_, next, _, Further::Page)) => out.push_str(&format!("    next: {}\n", text(next))),
        Some((_, next, _, Further::Below)) => out.push_str(&format!("    next: {{ more: {} }}\n", text(next))),
        None => {}
    }
}

/// A text as YAML takes it, in a list too: in quotes where it could be something else.
#[must_use]
pub fn text(text: &str) -> String {
    let is_plain = text.starts_with(|sign: char| sign.is_alphabetic() || sign == '/')
        && text.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_' | '.' | '/'))
        && !text.ends_with(' ')
        && !["true", "false", "yes", "no", "on", "off", "null"].contains(&text.to_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let escaped = text.chars().map(|sign| match sign {
        '\\' | '"' => format!("\\{sign}"),
        // What gives a terminal orders, and what turns a line around.
        sign if sign.is_control()
            || matches!(sign, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
        {
            format!("\\u{:04x}", u32::from(sign))
        }
        sign => sign.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn what_yaml_would_take_for_something_else_is_in_quotes() {
        for (said, expected) in [
            ("Account number", "Account number"),
            ("/accounts/", "/accounts/"),
            ("#list", "\"#list\""),
            ("a: b", "\"a: b\""),
            ("No", "\"No\""),
            ("12", "\"12\""),
            ("of ", "\"of \""),
            ("a\u{1b}[2J\u{202e}", r#""a\u001b[2J\u202e""#),
            ("[name=\"x\"]", r#""[name=\"x\"]""#),
        ] {
            assert_eq!(text(said), expected);
        }
    }
}
